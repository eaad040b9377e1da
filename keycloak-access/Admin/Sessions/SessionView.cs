using KeycloakAccess.Authentication;

namespace KeycloakAccess.Admin.Sessions;

public sealed record SessionView
{
    public required Guid Id { get; init; }
    public required string Username { get; init; }

    /// <summary>None where it has been deleted, or was not looked for.</summary>
    public Guid? AccountId { get; init; }
    public required DateTimeOffset StartedAt { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }
    public required string Address { get; init; }
    public required string UserAgent { get; init; }
    public required bool IsThis { get; init; }

    public string Browser => BrowserOf(UserAgent);

    internal static SessionView Create(Session session, Guid? current) => new()
    {
        Id = session.Id,
        Username = session.Username,
        StartedAt = session.StartedAt,
        ExpiresAt = session.ExpiresAt,
        Address = session.Address ?? "unknown",
        UserAgent = session.UserAgent ?? "",
        IsThis = session.Id == current,
    };

    private static string BrowserOf(string agent)
    {
        // In this order: Edge and Opera call themselves Chrome too, and everybody Safari.
        var browser = Find(
            ("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari")) ?? "a browser";
        var system = Find(
            ("Android", "Android"), ("iPhone", "iOS"), ("iPad", "iPadOS"), ("Windows", "Windows"), ("Mac OS", "macOS"), ("Linux", "Linux"));
        return system is null ? browser : $"{browser} on {system}";

        string? Find(params (string Mark, string Name)[] known) =>
            known.FirstOrDefault(one => agent.Contains(one.Mark, StringComparison.Ordinal)).Name;
    }
}
