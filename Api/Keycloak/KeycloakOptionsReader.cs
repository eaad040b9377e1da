using System.Globalization;
using Microsoft.Extensions.Options;

namespace Api.Keycloak;

/// <summary>
/// Reads section <c>Keycloak</c>. A key is the same with and without dashes and in any case, so <c>auth-server-url</c>
/// and <c>AuthServerUrl</c> are one key, and the JSON that Keycloak's console offers can be pasted as it is.
/// </summary>
internal sealed class KeycloakOptionsReader(IConfiguration configuration) : IConfigureOptions<KeycloakOptions>
{
    /// <summary>
    /// Keys of Keycloak's adapters and of Keycloak.AuthServices that mean nothing here: the service does what they ask
    /// for in any case, or leaves it to the database. They are accepted, so that a section can be taken over unchanged.
    /// </summary>
    private static readonly string[] Ignored =
    [
        "confidential-port", "bearer-only", "public-client", "use-resource-role-mappings", "enable-cors", "enable-pkce",
        "realm-public-key", "principal-attribute", "role-claim-type", "name-claim-type", "enable-roles-mapping",
        "roles-resource", "roles-source", "disable-roles-access-token-mapping", "autodetect-bearer-only",
        "connection-pool-size", "token-minimum-time-to-live", "min-time-between-jwks-requests", "public-key-cache-ttl",
    ];

    /// <summary>Keys that would switch a protection off. Refused, since ignoring them would surprise, and obeying them would harm.</summary>
    private static readonly string[] Refused = ["disable-trust-manager", "allow-any-hostname", "expose-token"];

    public void Configure(KeycloakOptions options)
    {
        var section = new Section(configuration.GetSection(KeycloakOptions.Section));
        options.AuthServerUrl = section.Text("auth-server-url");
        options.BackchannelUrl = section.Text("backchannel-url");
        options.Realm = section.Text("realm");
        options.Resource = section.Text("resource");
        options.Audience = section.Text("audience");
        options.VerifyTokenAudience = section.Truth("verify-token-audience", options.VerifyTokenAudience);
        options.SslRequired = section.Choice("ssl-required", options.SslRequired);
        options.TokenClockSkew = section.Duration("token-clock-skew", options.TokenClockSkew);
        options.TokenAlgorithms = section.List("token-algorithms", options.TokenAlgorithms);
        options.Secret = section.Secret();

        var signIn = section.Child("sign-in");
        options.SignIn.Resource = signIn.Text("resource");
        options.SignIn.SessionLifetime = signIn.Duration("session-lifetime", options.SignIn.SessionLifetime);
        options.SignIn.Secret = signIn.Secret();
        signIn.RefuseUnknown([], []);
        section.RefuseUnknown(Ignored, Refused);
    }

    private static string Normal(string key) => key.Replace("-", "", StringComparison.Ordinal).ToLowerInvariant();

    /// <summary>One section, its keys compared without dashes and case, that remembers which keys have been asked for.</summary>
    private sealed class Section(IConfigurationSection section)
    {
        private readonly HashSet<string> _known = new(StringComparer.Ordinal);
        private readonly List<string> _names = [];

        public Section Child(string key) => new(Find(key) ?? section.GetSection(key));

        public string Text(string key) => Find(key)?.Value?.Trim() ?? "";

        public bool Truth(string key, bool otherwise) => Text(key) switch
        {
            "" => otherwise,
            var text => bool.TryParse(text, out var truth) ? truth : throw Bad(key, text, "true or false"),
        };

        public TEnum Choice<TEnum>(string key, TEnum otherwise)
            where TEnum : struct, Enum => Text(key) switch
            {
                "" => otherwise,
                var text => Enum.GetNames<TEnum>().Contains(text, StringComparer.OrdinalIgnoreCase)
                    ? Enum.Parse<TEnum>(text, ignoreCase: true)
                    : throw Bad(key, text, string.Join(", ", Enum.GetNames<TEnum>()).ToLowerInvariant()),
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
                : throw Bad(key, text, "a number of seconds, or hh:mm:ss");
        }

        public IReadOnlyList<string> List(string key, IReadOnlyList<string> otherwise)
        {
            var list = Find(key)?.GetChildren().Select(child => child.Value ?? "").ToArray();
            return list is { Length: > 0 } ? list : otherwise;
        }

        public string Secret()
        {
            var credentials = Child("credentials");
            var secret = credentials.Text("secret");
            var file = credentials.Text("secret-file");
            credentials.RefuseUnknown([], []);
            if (file.Length == 0)
            {
                return secret;
            }

            if (secret.Length > 0)
            {
                throw new KeycloakConfigurationException(
                    $"{section.Path}:credentials has both secret and secret-file. Remove one of them.");
            }

            try
            {
                return File.ReadAllText(file).Trim();
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                throw new KeycloakConfigurationException(
                    $"{section.Path}:credentials:secret-file cannot be read: {exception.Message} Check the path and who may read it.",
                    exception);
            }
        }

        public void RefuseUnknown(string[] ignored, string[] refused)
        {
            foreach (var child in section.GetChildren())
            {
                var key = Normal(child.Key);
                if (refused.Any(name => Normal(name) == key) && !string.Equals(child.Value, "false", StringComparison.OrdinalIgnoreCase))
                {
                    throw new KeycloakConfigurationException(
                        $"{child.Path} would switch a protection off and is not supported. Remove it; " +
                        "for a certificate of your own authority, add the authority to the machine's trusted ones.");
                }

                if (!_known.Contains(key) && !ignored.Concat(refused).Any(name => Normal(name) == key))
                {
                    var nearest = NearestName.Of(child.Key, _names);
                    throw new KeycloakConfigurationException(
                        $"{child.Path} is not a known key" + (nearest is null ? "." : $": did you mean {nearest}?") +
                        $" Known here: {string.Join(", ", _names)}.");
                }
            }
        }

        private IConfigurationSection? Find(string key)
        {
            if (_known.Add(Normal(key)))
            {
                _names.Add(key);
            }

            // A key given in both spellings, by two files for instance, must not be decided by their order.
            var found = section.GetChildren().Where(child => Normal(child.Key) == Normal(key)).ToArray();
            return found.Length <= 1 || found.All(child => child.Value == found[0].Value && child.Value is not null)
                ? found.FirstOrDefault()
                : throw new KeycloakConfigurationException(
                    $"{section.Path} has both {found[0].Key} and {found[1].Key}, which are the same key. Keep one spelling.");
        }

        private KeycloakConfigurationException Bad(string key, string text, string expected) =>
            new($"{section.Path}:{key} is \"{text}\". It must be {expected}.");
    }
}

/// <summary>Section <c>Keycloak</c> cannot be used. The message names the key, what is wrong and the remedy.</summary>
internal sealed class KeycloakConfigurationException : Exception
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
