using KeycloakAccess.Authentication;

namespace KeycloakAccess.Admin.Sessions;

/// <summary>A sign-in in a browser.</summary>
public sealed record SessionView
{
    public required Guid Id { get; init; }
    public required string Username { get; init; }
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>Until when, if nothing ends it before.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }
    public required string Address { get; init; }
    public required string UserAgent { get; init; }

    /// <summary>Whether it is the one that looks at the page.</summary>
    public required bool IsThis { get; init; }

    public string Browser => BrowserOf(UserAgent);

    internal static SessionView Create(Session session, KeycloakIdentity viewer) => new()
    {
        Id = session.Id,
        Username = session.Username,
        StartedAt = session.StartedAt,
        ExpiresAt = session.ExpiresAt,
        Address = session.Address ?? "unknown",
        UserAgent = session.UserAgent ?? "",
        IsThis = session.SessionId.Length > 0 && session.SessionId == viewer.SessionId && session.Issuer == viewer.Issuer,
    };

    // Enough to tell one's own browsers apart. Edge and Opera call themselves Chrome too, and everybody Safari.
    private static string BrowserOf(string agent)
    {
        (string Mark, string Name)[] browsers = [("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari")];
        (string Mark, string Name)[] systems = [("Android", "Android"), ("iPhone", "iOS"), ("iPad", "iPadOS"), ("Windows", "Windows"), ("Mac OS", "macOS"), ("Linux", "Linux")];
        var browser = browsers.FirstOrDefault(one => agent.Contains(one.Mark, StringComparison.Ordinal)).Name ?? "a browser";
        return systems.FirstOrDefault(one => agent.Contains(one.Mark, StringComparison.Ordinal)).Name is { } system ? $"{browser} on {system}" : browser;
    }
}
