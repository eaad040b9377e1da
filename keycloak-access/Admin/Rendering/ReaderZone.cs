namespace KeycloakAccess.Admin.Rendering;

/// <summary>
/// The time zone of whoever reads a page. A browser sends none by itself, so the script of the pages puts its name (IANA)
/// into a cookie. Without script, times are in UTC and say so.
/// </summary>
internal static class ReaderZone
{
    public const string Cookie = "zone";

    public static TimeZoneInfo Read(HttpRequest request) => Named(request.Cookies[Cookie]);

    /// <summary>The zone of that name; UTC if there is none. Names come from cookies and forms, so they may be anything.</summary>
    public static TimeZoneInfo Named(string? name) =>
        name is { Length: > 0 and <= 64 } && IsName(name) && TimeZoneInfo.TryFindSystemTimeZoneById(name, out var zone)
            ? zone
            : TimeZoneInfo.Utc;

    // The system looks a name up as a file below a folder, and remembers every spelling for good. What leads out of the folder is
    // no name, and two slashes in a row are another spelling of one.
    private static bool IsName(string name) =>
        char.IsAsciiLetter(name[0])
        && !name.Contains("//", StringComparison.Ordinal)
        && name.All(character => char.IsAsciiLetterOrDigit(character) || character is '/' or '_' or '-' or '+');
}
