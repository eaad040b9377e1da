using KeycloakAccess.Admin.Design;

namespace KeycloakAccess.Admin.RealmPages;

public sealed record RealmView
{
    public required string Issuer { get; init; }

    /// <summary>What tokens for this service must name as their audience.</summary>
    public required string Audience { get; init; }

    public required string SignInClient { get; init; }

    /// <summary><see langword="null"/> if it has never answered.</summary>
    public required DateTimeOffset? ReachableSince { get; init; }

    public required DateTimeOffset? LastRead { get; init; }

    public required string? LastFailure { get; init; }

    /// <summary>The newest first.</summary>
    public required IReadOnlyList<RealmKeyView> Keys { get; init; }

    /// <summary>Keys that the realm offers and that verify nothing here, each with the reason.</summary>
    public required IReadOnlyList<string> UnusedKeys { get; init; }

    /// <summary>One page of the clients that call, who called last first.</summary>
    public required IReadOnlyList<RealmClientView> Clients { get; init; }
    /// <summary>What is said of several of them, once.</summary>
    public required IReadOnlyList<RealmNote> Notes { get; init; }
    public required Paging Paging { get; init; }
}

/// <summary>Its age is the least that it can have; it is current where tokens that it signed are accepted now.</summary>
public sealed record RealmKeyView(
    string KeyId, string Algorithm, DateTimeOffset FirstSeenAt, DateTimeOffset LastSeenAt, string Age, bool IsCurrent);

public sealed record RealmNote(string Text, IReadOnlyList<string> Clients);

/// <summary>A client by its newest token.</summary>
public sealed record RealmClientView
{
    public required string ClientId { get; init; }
    public required bool IsAccepted { get; init; }
    public required IReadOnlyList<string> Audiences { get; init; }
    public required IReadOnlyList<string> Scopes { get; init; }

    /// <summary>How many roles and groups the token carried.</summary>
    public required int Roles { get; init; }
    public required string Lifetime { get; init; }

    public required string Algorithm { get; init; }
    public required DateTimeOffset SeenAt { get; init; }

    public required IReadOnlyList<string> Warnings { get; init; }
}
