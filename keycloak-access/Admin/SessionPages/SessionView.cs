using KeycloakAccess.Authentication;

namespace KeycloakAccess.Admin.SessionPages;

/// <summary>A sign-in in the browser.</summary>
/// <param name="Id">Its id here.</param>
/// <param name="Username">Whose.</param>
/// <param name="StartedAt">Since when.</param>
/// <param name="ExpiresAt">Until when, if nothing ends it before.</param>
/// <param name="Address">From where.</param>
/// <param name="Browser">Which browser, in a few words.</param>
/// <param name="UserAgent">What the browser calls itself.</param>
/// <param name="IsThis">Whether it is the one that looks at the page.</param>
public sealed record SessionView(
    Guid Id, string Username, DateTimeOffset StartedAt, DateTimeOffset ExpiresAt, string Address, string Browser, string UserAgent, bool IsThis)
{
    internal static SessionView Of(Session session, KeycloakIdentity viewer) => new(
        session.Id,
        session.Username,
        session.StartedAt,
        session.ExpiresAt,
        session.Address ?? "unknown",
        BrowserOf(session.UserAgent ?? ""),
        session.UserAgent ?? "",
        session.SessionId.Length > 0 && session.SessionId == viewer.SessionId && session.Issuer == viewer.Issuer);

    // Enough to tell one's own browsers apart. Edge and Opera call themselves Chrome too, and everybody Safari.
    private static string BrowserOf(string agent)
    {
        (string Mark, string Name)[] browsers = [("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari")];
        (string Mark, string Name)[] systems = [("Android", "Android"), ("iPhone", "iOS"), ("iPad", "iPadOS"), ("Windows", "Windows"), ("Mac OS", "macOS"), ("Linux", "Linux")];
        var browser = browsers.FirstOrDefault(one => agent.Contains(one.Mark, StringComparison.Ordinal)).Name ?? "a browser";
        return systems.FirstOrDefault(one => agent.Contains(one.Mark, StringComparison.Ordinal)).Name is { } system ? $"{browser} on {system}" : browser;
    }
}
