using Microsoft.Extensions.Configuration.CommandLine;
using Microsoft.Extensions.Configuration.EnvironmentVariables;
using Microsoft.Extensions.Options;

namespace KeycloakAccess.Hosting;

/// <summary>
/// Finds names that nobody reads. Files and the command line are written for this program: everything in them must be known. The
/// environment is the machine's: of what does not stand in a section of ours, only what looks like a slip of one counts.
/// </summary>
internal sealed class SettingsCheck
{
    private const string ConnectionStrings = "ConnectionStrings";

    /// <summary>
    /// What the framework reads, and the embedded realm of Debug builds, which a service that is delivered does not have.
    /// </summary>
    private static readonly string[] Foreign =
    [
        "$schema", "Logging", "Kestrel", "Urls", "Environment", "ApplicationName", "ContentRoot", "WebRoot", "StaticWebAssets",
        "Authentication", "Metrics", "DetailedErrors", "CaptureStartupErrors", "SuppressStatusMessages", "PreferHostingUrls",
        "ShutdownTimeoutSeconds", "PreventHostingStartup", "HostingStartupAssemblies", "HostingStartupExcludeAssemblies", "StartupAssembly",
        "HTTP_PORTS", "HTTPS_PORTS", "HTTPS_PORT", "ForwardedHeaders_Enabled", "hostBuilder", "EmbeddedRealm",
    ];

    /// <summary>Variables of the framework and of OpenTelemetry, which may stand in files too.</summary>
    private static readonly string[] ForeignPrefixes = ["ASPNETCORE_", "DOTNET_", "OTEL_"];

    private readonly Dictionary<string, string[][]> _sections;
    private readonly HashSet<string> _mistakes = new(StringComparer.Ordinal);

    private SettingsCheck(IEnumerable<SettingsSection> declared) => _sections = declared
        .GroupBy(section => section.Name, StringComparer.OrdinalIgnoreCase)
        .ToDictionary(
            sections => sections.Key,
            sections => sections.Any(section => section.Keys.Count == 0)
                ? []
                : sections.SelectMany(section => section.Keys).Select(Segments).ToArray(),
            StringComparer.OrdinalIgnoreCase);

    /// <param name="configuration">Every source of it is looked through.</param>
    /// <param name="declared">What is known.</param>
    /// <param name="concerns">Says of a name at the top whether it is looked at.</param>
    /// <exception cref="OptionsValidationException">Names that are not known, and values that cannot be read.</exception>
    public static void Run(IConfiguration configuration, IEnumerable<SettingsSection> declared, Func<string, bool> concerns)
    {
        var sections = declared.ToArray();
        var check = new SettingsCheck(sections);
        foreach (var (provider, alone) in ConfigurationSources.Of(configuration))
        {
            foreach (var (path, value) in alone.AsEnumerable())
            {
                if (value is not null && concerns(path.Split(':')[0]))
                {
                    check.Look(path, value, provider);
                }
            }
        }

        string[] mistakes =
        [
            .. check._mistakes,
            .. sections.SelectMany(section => section.Mistakes(configuration.GetSection(section.Name))),
        ];
        if (mistakes.Length > 0)
        {
            throw new OptionsValidationException("Settings", typeof(IConfiguration), mistakes);
        }
    }

    private void Look(string path, string value, IConfigurationProvider provider)
    {
        var parts = path.Split(':');
        var isOurs = IsOurs(provider);
        if (!_sections.TryGetValue(parts[0], out var keys))
        {
            LookAtUnknown(parts, isOurs, provider);
        }
        else if (keys.Length > 0)
        {
            LookAtKey(parts, value, keys, provider);
        }
    }

    private void LookAtUnknown(string[] parts, bool isOurs, IConfigurationProvider provider)
    {
        var name = parts[0];
        if (Foreign.Contains(name, StringComparer.OrdinalIgnoreCase)
            || ForeignPrefixes.Any(prefix => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)))
        {
            return;
        }

        // One value is a setting only where a name at the top is one: ADMIN=root and ACCOUNT=… are variables of somebody else.
        var alike = _sections.Where(section => IsOneValue(section.Value) == (parts.Length == 1)).Select(section => section.Key);
        var nearest = isOurs
            ? NearestName.Find(name, _sections.Keys.Concat(Foreign))
            : NearestName.FindSlip(name, alike);
        if (nearest is not null || isOurs)
        {
            _mistakes.Add($"{name} ({PlaceOf(provider)}) is not a known setting"
                + (nearest is null
                    ? $". Remove it, or declare it where the application is built: builder.Services.AddSettings(\"{name}\")."
                    : $": did you mean {nearest}?"));
        }
    }

    private void LookAtKey(string[] parts, string value, string[][] keys, IConfigurationProvider provider)
    {
        var isFromEnvironment = provider is EnvironmentVariablesConfigurationProvider;
        var fitting = keys;
        for (var depth = 0; depth < parts.Length - 1; depth++)
        {
            var part = parts[depth + 1];
            var next = Array.FindAll(fitting, key => key.Length > depth && Fits(key[depth], part));
            if (next.Length == 0)
            {
                LookAtUnknownKey(parts, depth, fitting, provider);
                return;
            }

            fitting = next;
        }

        var isEnd = fitting.Any(key => key.Length == parts.Length - 1);
        // An empty list or section is one that is not there.
        if (!isEnd && value.Length > 0 && !(isFromEnvironment && parts.Length == 1 && !IsList(fitting, 0)))
        {
            var path = string.Join(':', parts);
            _mistakes.Add(SettingsReader.Mistake(path, value, IsList(fitting, parts.Length - 1)
                ? $"a list: {path}:0, {path}:1 and so on"
                : $"a section, with {Names(fitting, parts.Length - 1)}"));
        }
    }

    private void LookAtUnknownKey(string[] parts, int depth, string[][] fitting, IConfigurationProvider provider)
    {
        var section = string.Join(':', parts.Take(depth + 1));
        var path = string.Join(':', parts.Take(depth + 2));
        var names = fitting.Where(key => key.Length > depth).Select(key => key[depth]).Distinct(StringComparer.Ordinal).ToArray();
        if (names.Length == 0)
        {
            _mistakes.Add($"{section} ({PlaceOf(provider)}) must be one value, not a list or a section: {path} is not read.");
            return;
        }

        if (IsList(fitting, depth))
        {
            _mistakes.Add($"{section} ({PlaceOf(provider)}) must be a list: {section}:0, {section}:1 and so on, not {path}.");
            return;
        }

        // A platform puts the connection strings of other programs there too.
        var isOurs = IsOurs(provider)
            || !parts[0].Equals(ConnectionStrings, StringComparison.OrdinalIgnoreCase);
        var nearest = isOurs ? NearestName.Find(parts[depth + 1], names) : NearestName.FindSlip(parts[depth + 1], names);
        if (nearest is not null || isOurs)
        {
            _mistakes.Add($"{path} ({PlaceOf(provider)}) is not a known setting" + (nearest is null ? "." : $": did you mean {nearest}?")
                + $" Known in {section}: {string.Join(", ", names)}.");
        }
    }

    private static bool IsOurs(IConfigurationProvider provider) =>
        provider is FileConfigurationProvider or StreamConfigurationProvider or CommandLineConfigurationProvider;

    private static bool Fits(string key, string part) => key == SettingsSection.List
        ? part.Length > 0 && part.All(char.IsAsciiDigit)
        : key.Equals(part, StringComparison.OrdinalIgnoreCase);

    private static bool IsList(string[][] keys, int depth) => keys.Any(key => key.Length > depth && key[depth] == SettingsSection.List);

    private static bool IsOneValue(string[][] keys) => keys is [[]];

    private static string Names(string[][] keys, int depth) =>
        string.Join(", ", keys.Where(key => key.Length > depth).Select(key => key[depth]).Distinct(StringComparer.Ordinal));

    private static string[] Segments(string key) => key.Length == 0 ? [] : key.Split(':');

    private static string PlaceOf(IConfigurationProvider provider) => provider switch
    {
        FileConfigurationProvider { Source.Path: { } path } => Path.GetFileName(path),
        CommandLineConfigurationProvider => "on the command line",
        EnvironmentVariablesConfigurationProvider => "in the environment",
        _ => "in the configuration",
    };
}
