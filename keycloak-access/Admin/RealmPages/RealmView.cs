using KeycloakAccess.Admin.Design;

namespace KeycloakAccess.Admin.RealmPages;

/// <summary>The link to Keycloak as it is now.</summary>
public sealed record RealmView
{
    public required string Issuer { get; init; }

    /// <summary>What tokens for this service must name.</summary>
    public required string Audience { get; init; }

    /// <summary>The client through which staff sign in.</summary>
    public required string SignInClient { get; init; }

    /// <summary>Since when it has answered without a failure; <see langword="null"/> if it never has.</summary>
    public required DateTimeOffset? ReachableSince { get; init; }

    /// <summary>When its metadata was read last.</summary>
    public required DateTimeOffset? LastRead { get; init; }

    /// <summary>Why the last attempt failed, if it did.</summary>
    public required string? LastFailure { get; init; }

    /// <summary>The newest first.</summary>
    public required IReadOnlyList<RealmKeyView> Keys { get; init; }

    /// <summary>One page of the clients that call, who called last first.</summary>
    public required IReadOnlyList<RealmClientView> Clients { get; init; }
    public required Paging Paging { get; init; }
}

/// <summary>A key of the realm, with how old it is at least; it is current where tokens that it signed are accepted now.</summary>
public sealed record RealmKeyView(string KeyId, string Algorithm, DateTimeOffset FirstSeenAt, DateTimeOffset LastSeenAt, string Age, bool IsCurrent);

/// <summary>A client that calls, by its newest token.</summary>
public sealed record RealmClientView
{
    public required string ClientId { get; init; }
    public required bool IsAccepted { get; init; }
    public required IReadOnlyList<string> Audiences { get; init; }
    public required IReadOnlyList<string> Scopes { get; init; }

    /// <summary>How many roles and groups it carried.</summary>
    public required int Roles { get; init; }
    public required string Lifetime { get; init; }

    /// <summary>Of its signature.</summary>
    public required string Algorithm { get; init; }
    public required DateTimeOffset SeenAt { get; init; }

    /// <summary>What is odd about it, and what to change in Keycloak.</summary>
    public required IReadOnlyList<string> Oddities { get; init; }
}
