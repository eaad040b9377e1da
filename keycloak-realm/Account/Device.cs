using System.Text.RegularExpressions;

namespace KeycloakRealm.Account;

/// <summary>What a <c>User-Agent</c> tells of the browser and the machine, for the common ones, in Keycloak's words.</summary>
internal sealed partial record Device(string Browser, string System, string SystemVersion, string Name, bool IsMobile)
{
    private const string Unknown = "Unknown";
    private const string Other = "Other";

    public static Device Of(string? userAgent)
    {
        var text = userAgent ?? "";
        var (system, version, name) = MachineOf(text);
        return new Device(BrowserOf(text), system, version, name, system is "iOS" or "Android");
    }

    private static string BrowserOf(string text)
    {
        var isPhone = text.Contains("Mobile", StringComparison.Ordinal);
        if (Browsers().Match(text) is { Success: true } found)
        {
            var name = found.Groups["name"].Value switch
            {
                "Edg" or "EdgA" or "EdgiOS" => "Edge",
                "Chrome" when isPhone => "Chrome Mobile",
                "Firefox" when isPhone => "Firefox Mobile",
                "CriOS" => "Chrome Mobile iOS",
                "FxiOS" => "Firefox iOS",
                "OPR" => "Opera",
                var usual => usual,
            };
            return $"{name}/{VersionOf(found)}";
        }

        return Safari().Match(text) is { Success: true } safari
            ? $"{(isPhone ? "Mobile Safari" : "Safari")}/{VersionOf(safari)}"
            : $"{Other}/{Unknown}";
    }

    private static (string System, string Version, string Name) MachineOf(string text)
    {
        if (Apple().Match(text) is { Success: true } apple)
        {
            return ("iOS", VersionOf(apple), apple.Groups["name"].Value);
        }

        if (Android().Match(text) is { Success: true } android)
        {
            return ("Android", VersionOf(android), android.Groups["name"].Value is { Length: > 0 } name ? name : Other);
        }

        if (Mac().Match(text) is { Success: true } mac)
        {
            return ("Mac OS X", VersionOf(mac), "Mac");
        }

        if (Windows().Match(text) is { Success: true } windows)
        {
            return ("Windows", windows.Groups["version"].Value.Split('.')[0], Other);
        }

        return text.Contains("Ubuntu", StringComparison.Ordinal) ? ("Ubuntu", Unknown, Other)
            : text.Contains("Linux", StringComparison.Ordinal) ? ("Linux", Unknown, Other)
            : (Other, Unknown, Other);
    }

    /// <summary>The first three numbers.</summary>
    private static string VersionOf(Match match) =>
        string.Join('.', match.Groups["version"].Value.Split(['.', '_'], StringSplitOptions.RemoveEmptyEntries).Take(3));

    // The order decides: each of them names others that it is compatible with.
    [GeneratedRegex(
        @"(?<name>EdgiOS|EdgA|Edg|OPR|HeadlessChrome|CriOS|FxiOS|curl|axios)/(?<version>[\d.]+)"
            + @"|(?<name>Firefox|Chrome)/(?<version>[\d.]+)(?!.*(?:Edg|EdgA|OPR)/)",
        RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Browsers();

    [GeneratedRegex(@"Version/(?<version>[\d.]+).*Safari/", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Safari();

    [GeneratedRegex(
        @"\((?<name>iPhone|iPad|iPod)[^)]* OS (?<version>[\d_]+)", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Apple();

    [GeneratedRegex(@"Android (?<version>[\d.]+)(?:; (?<name>[^;)]+))?", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Android();

    [GeneratedRegex(@"Mac OS X (?<version>[\d_.]+)", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Mac();

    [GeneratedRegex(@"Windows NT (?<version>[\d.]+)", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Windows();
}
