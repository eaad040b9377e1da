using System.Globalization;
using KeycloakAccess.Hosting;
using Microsoft.Extensions.Options;

namespace KeycloakAccess.Authentication;

// auth-server-url and AuthServerUrl are one key: the JSON of Keycloak's console can be pasted, and an environment variable, whose name
// cannot hold dashes, overrides it.
internal sealed class KeycloakOptionsReader(IConfiguration configuration) : IConfigureOptions<KeycloakOptions>
{
    public void Configure(KeycloakOptions options)
    {
        var section = new Section(KeycloakOptions.Section, Merge(configuration));
        options.AuthServerUrl = section.Text("auth-server-url");
        options.BackchannelUrl = section.Text("backchannel-url");
        options.Realm = section.Text("realm");
        options.Resource = section.Text("resource");
        options.Audience = section.Text("audience");
        options.VerifyTokenAudience = section.Flag("verify-token-audience", options.VerifyTokenAudience);
        options.SslRequired = section.Choice("ssl-required", options.SslRequired);
        options.TokenClockSkew = section.Duration("token-clock-skew", options.TokenClockSkew);
        options.ProxyUrl = section.Text("proxy-url");
        options.TokenAlgorithms = section.Names("token-algorithms", options.TokenAlgorithms);

        options.EnableCors = section.Flag("enable-cors", options.EnableCors);
        options.CorsMaxAge = section.MaxAge("cors-max-age");
        options.CorsAllowedMethods = section.Names("cors-allowed-methods", []);
        options.CorsAllowedHeaders = section.Names("cors-allowed-headers", []);
        options.CorsExposedHeaders = section.Names("cors-exposed-headers", []);

        var signIn = section.Child("sign-in");
        options.SignIn.Resource = signIn.Text("resource");
        options.SignIn.SessionLifetime = signIn.Duration("session-lifetime", options.SignIn.SessionLifetime);
        options.SignIn.SessionIdle = signIn.Duration("session-idle", options.SignIn.SessionIdle);
        options.SignIn.SessionGrace = signIn.Duration("session-grace", options.SignIn.SessionGrace);
        options.SignIn.Secret = signIn.Secret();
        signIn.RefuseUnknown();
        section.RefuseUnknown([.. AdapterKeys.WithoutMeaning.Keys], AdapterKeys.Refused);
        options.WithoutMeaning = [.. AdapterKeys.WithoutMeaning.Where(key => section.Has(key.Key))];
    }

    private static Dictionary<string, (string Written, string Value)> Merge(IConfiguration configuration)
    {
        var merged = new Dictionary<string, (string Written, string Value)>(StringComparer.Ordinal);
        foreach (var (_, source) in ConfigurationSources.Of(configuration))
        {
            var own = new Dictionary<string, (string Written, string Value)>(StringComparer.Ordinal);
            foreach (var (written, value) in source.GetSection(KeycloakOptions.Section).AsEnumerable(makePathsRelative: true))
            {
                if (value is null)
                {
                    continue;
                }

                if (own.TryGetValue(Normalize(written), out var other) && other.Value != value)
                {
                    throw new KeycloakConfigurationException(
                        $"{KeycloakOptions.Section} has both {other.Written} and {written}, which are the same key. Keep one spelling.");
                }

                own[Normalize(written)] = (written, value);
            }

            foreach (var (key, entry) in own)
            {
                merged[key] = entry;
            }
        }

        return merged;
    }

    private static string Normalize(string key) => key.Replace("-", "", StringComparison.Ordinal).ToLowerInvariant();

    /// <summary>One section, which remembers the keys that have been read: every other one is unknown.</summary>
    private sealed class Section(string path, IReadOnlyDictionary<string, (string Written, string Value)> merged, string prefix = "")
    {
        private readonly HashSet<string> _known = new(StringComparer.Ordinal);
        private readonly List<string> _names = [];

        public Section Child(string key)
        {
            MarkKnown(key);
            return merged.TryGetValue(prefix + Normalize(key), out var entry) && entry.Value.Length > 0
                ? throw Invalid(key, entry.Value, "a section, with keys of its own")
                : new($"{path}:{key}", merged, $"{prefix}{Normalize(key)}:");
        }

        public bool Has(string key) => merged.ContainsKey(prefix + Normalize(key)) || Below(key).Any();

        public string Text(string key)
        {
            MarkKnown(key);
            return Below(key).FirstOrDefault() is { Written: { } written }
                ? throw new KeycloakConfigurationException(
                    $"{path}:{key} is a list or a section, which has {KeycloakOptions.Section}:{written}. It must be one value.")
                : merged.TryGetValue(prefix + Normalize(key), out var entry) ? entry.Value.Trim()
                : "";
        }

        public bool Flag(string key, bool otherwise) => Text(key) switch
        {
            "" => otherwise,
            var text => bool.TryParse(text, out var flag) ? flag : throw Invalid(key, text, "true or false"),
        };

        public TEnum Choice<TEnum>(string key, TEnum otherwise)
            where TEnum : struct, Enum => Text(key) switch
            {
                "" => otherwise,
                var text => Enum.GetNames<TEnum>().Contains(text, StringComparer.OrdinalIgnoreCase)
                    ? Enum.Parse<TEnum>(text, ignoreCase: true)
                    : throw Invalid(key, text, string.Join(", ", Enum.GetNames<TEnum>()).ToLowerInvariant()),
            };

        public TimeSpan Duration(string key, TimeSpan otherwise)
        {
            var text = Text(key);
            if (text.Length == 0)
            {
                return otherwise;
            }

            return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) ? TimeSpan.FromSeconds(seconds)
                : TimeSpan.TryParseExact(text, "c", CultureInfo.InvariantCulture, out var duration) ? duration
                : throw Invalid(key, text, "a number of seconds, or hh:mm:ss");
        }

        /// <summary>Keycloak's adapters write -1 where there is none.</summary>
        public TimeSpan? MaxAge(string key) => Text(key) is "" or "-1" ? null : Duration(key, TimeSpan.Zero);

        /// <summary>Names with commas between them, as Keycloak's adapters have it, or a list.</summary>
        public IReadOnlyList<string> Names(string key, IReadOnlyList<string> otherwise)
        {
            MarkKnown(key);
            var items = new SortedList<int, string>();
            foreach (var (written, value) in Below(key))
            {
                var last = written[(written.LastIndexOf(':') + 1)..];
                items[int.TryParse(last, NumberStyles.None, CultureInfo.InvariantCulture, out var index)
                    && written.Split(':').Length == prefix.Split(':').Length + 1
                    ? index
                    : throw new KeycloakConfigurationException(
                        $"{path}:{key} must be a list, {path}:{key}:0 and so on, or names with commas between them; "
                        + $"{KeycloakOptions.Section}:{written} is neither.")] = value;
            }

            if (items.Count == 0 && merged.TryGetValue(prefix + Normalize(key), out var entry))
            {
                items[0] = entry.Value;
            }

            string[] names =
            [
                .. items.Values
                    .SelectMany(text => text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
                    .Distinct(StringComparer.OrdinalIgnoreCase),
            ];
            return names.Length > 0 ? names : otherwise;
        }

        public string Secret()
        {
            var credentials = Child("credentials");
            var secret = credentials.Text("secret");
            var file = credentials.Text("secret-file");
            credentials.RefuseUnknown();
            if (file.Length == 0)
            {
                return secret;
            }

            if (secret.Length > 0)
            {
                throw new KeycloakConfigurationException(
                    $"{path}:credentials has both secret and secret-file. Remove one of them.");
            }

            try
            {
                return File.ReadAllText(file).Trim();
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                throw new KeycloakConfigurationException(
                    $"{path}:credentials:secret-file cannot be read: {exception.Message} Check the path and who may read it.", exception);
            }
        }

        public void RefuseUnknown() => RefuseUnknown([], []);

        public void RefuseUnknown(IReadOnlyCollection<string> ignored, IReadOnlyCollection<string> refused)
        {
            var accepted = ignored.Concat(refused).Select(Normalize).ToHashSet(StringComparer.Ordinal);
            foreach (var (key, entry) in merged.Where(entry => entry.Key.StartsWith(prefix, StringComparison.Ordinal)))
            {
                var depth = prefix.Count(':'.Equals);
                var name = key.Split(':')[depth];
                var written = string.Join(':', entry.Written.Split(':').Take(depth + 1));
                if (refused.Any(each => Normalize(each) == name)
                    && !string.Equals(entry.Value, "false", StringComparison.OrdinalIgnoreCase))
                {
                    throw new KeycloakConfigurationException(
                        $"{KeycloakOptions.Section}:{written} would disable a protection and is not supported. Remove it; " +
                        "for a certificate of your own authority, add the authority to the machine's trusted ones.");
                }

                if (!_known.Contains(name) && !accepted.Contains(name))
                {
                    var nearest = NearestName.Find(written.Split(':')[^1], _names);
                    throw new KeycloakConfigurationException(
                        $"{KeycloakOptions.Section}:{written} is not a known key" + (nearest is null ? "." : $": did you mean {nearest}?") +
                        $" Known here: {string.Join(", ", _names)}.");
                }
            }
        }

        private IEnumerable<(string Written, string Value)> Below(string key)
        {
            var below = $"{prefix}{Normalize(key)}:";
            return merged.Where(entry => entry.Key.StartsWith(below, StringComparison.Ordinal)).Select(entry => entry.Value);
        }

        private void MarkKnown(string key)
        {
            if (_known.Add(Normalize(key)))
            {
                _names.Add(key);
            }
        }

        private KeycloakConfigurationException Invalid(string key, string text, string expected) =>
            new(SettingsReader.Mistake($"{path}:{key}", text, expected));
    }
}

/// <summary>Section <c>Keycloak</c> cannot be used. The message names the key, what is wrong and the remedy.</summary>
public sealed class KeycloakConfigurationException : Exception
{
    public KeycloakConfigurationException()
    {
    }

    public KeycloakConfigurationException(string message)
        : base(message)
    {
    }

    public KeycloakConfigurationException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
