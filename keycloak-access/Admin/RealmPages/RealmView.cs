namespace KeycloakAccess.Admin.RealmPages;

/// <summary>The link to Keycloak as it is now.</summary>
/// <param name="Issuer">The realm.</param>
/// <param name="Audience">What tokens for this service must name.</param>
/// <param name="SignInClient">The client through which staff sign in.</param>
/// <param name="ReachableSince">Since when it has answered without a failure; <see langword="null"/> if it never has.</param>
/// <param name="LastRead">When its metadata was read last.</param>
/// <param name="LastFailure">Why the last attempt failed, if it did.</param>
/// <param name="Keys">Its keys, the newest first.</param>
/// <param name="Clients">One page of the clients that call, who called last first.</param>
/// <param name="First">The first page of them, where this is another.</param>
/// <param name="Next">The next page, where there is one.</param>
public sealed record RealmView(
    string Issuer,
    string Audience,
    string SignInClient,
    DateTimeOffset? ReachableSince,
    DateTimeOffset? LastRead,
    string? LastFailure,
    IReadOnlyList<RealmKeyView> Keys,
    IReadOnlyList<RealmClientView> Clients,
    string? First,
    string? Next);

/// <summary>A key of the realm.</summary>
/// <param name="KeyId">Its id (<c>kid</c>).</param>
/// <param name="Algorithm">What it signs with.</param>
/// <param name="FirstSeenAt">When this service saw it first.</param>
/// <param name="LastSeenAt">When it was still there.</param>
/// <param name="Age">How old it is at least, in words.</param>
/// <param name="IsCurrent">Whether tokens that it signed are accepted now.</param>
public sealed record RealmKeyView(string KeyId, string Algorithm, DateTimeOffset FirstSeenAt, DateTimeOffset LastSeenAt, string Age, bool IsCurrent);

/// <summary>A client that calls, by its newest token.</summary>
/// <param name="ClientId">The client.</param>
/// <param name="IsAccepted">Whether the token was taken.</param>
/// <param name="Audiences">What the token is for.</param>
/// <param name="Scopes">Its scopes.</param>
/// <param name="Roles">How many roles and groups it carried.</param>
/// <param name="Lifetime">How long it lives, in words.</param>
/// <param name="Algorithm">Of its signature.</param>
/// <param name="SeenAt">When it came.</param>
/// <param name="Oddities">What is odd about it, and what to change in Keycloak.</param>
public sealed record RealmClientView(
    string ClientId,
    bool IsAccepted,
    IReadOnlyList<string> Audiences,
    IReadOnlyList<string> Scopes,
    int Roles,
    string Lifetime,
    string Algorithm,
    DateTimeOffset SeenAt,
    IReadOnlyList<string> Oddities);
