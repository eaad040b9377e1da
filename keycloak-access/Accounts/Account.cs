namespace KeycloakAccess.Accounts;

/// <summary>A person or a service account of the realm, as this service knows it.</summary>
internal sealed record Account
{
    public required Guid Id { get; init; }

    public required string Issuer { get; init; }

    public required string Subject { get; init; }

    public required string Kind { get; init; }

    public required string Username { get; init; }

    public string? Email { get; init; }

    public string? Name { get; init; }

    public required bool Enabled { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset LastSeenAt { get; init; }
}

/// <summary>An account as a caller gets it.</summary>
/// <param name="Id">The local id.</param>
/// <param name="Kind"><c>person</c> or <c>service</c>.</param>
/// <param name="Username">The name to sign in with, or the client id of a service. Follows Keycloak.</param>
/// <param name="Email">Follows Keycloak.</param>
/// <param name="Name">Follows Keycloak.</param>
/// <param name="Enabled">Whether the account may do anything here.</param>
/// <param name="Issuer">The realm that vouches for it.</param>
/// <param name="Subject">Its id in that realm.</param>
/// <param name="CreatedAt">When it was first seen.</param>
/// <param name="LastSeenAt">When it was last seen, to the minute.</param>
public sealed record AccountResponse(
    Guid Id,
    string Kind,
    string Username,
    string? Email,
    string? Name,
    bool Enabled,
    string Issuer,
    string Subject,
    DateTimeOffset CreatedAt,
    DateTimeOffset LastSeenAt);

/// <summary>What can be changed about an account: everything else is Keycloak's.</summary>
public sealed record AccountChange
{
    /// <summary><see langword="false"/> refuses the account from its next request on.</summary>
    public required bool Enabled { get; init; }
}
