using System.ComponentModel.DataAnnotations;
using KeycloakAccess.Authentication;

namespace KeycloakAccess.Accounts;

internal record Account
{
    public required Guid Id { get; init; }

    public required string Issuer { get; init; }

    public required string Subject { get; init; }

    public required string Kind { get; init; }

    public required string Username { get; init; }

    public string? Email { get; init; }

    public string? Name { get; init; }

    public required bool Enabled { get; init; }

    public string? DisabledBecause { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset LastSeenAt { get; init; }
}

/// <summary>What went with an account that was deleted.</summary>
internal sealed record AccountDeleted(Account Account, SessionsEnded Sessions, int Memberships);

/// <summary>An account as a caller gets it.</summary>
public sealed record AccountResponse
{
    /// <summary>The local id.</summary>
    public required Guid Id { get; init; }

    /// <summary><c>person</c> or <c>service</c>.</summary>
    [AllowedValues("person", "service")]
    public required string Kind { get; init; }

    /// <summary>The name to sign in with, or the client id of a service. Follows Keycloak.</summary>
    public required string Username { get; init; }

    /// <summary>Follows Keycloak.</summary>
    public required string? Email { get; init; }

    /// <summary>Follows Keycloak.</summary>
    public required string? Name { get; init; }

    /// <summary>Whether the account may do anything here.</summary>
    public required bool Enabled { get; init; }

    /// <summary>Why it is disabled, where nobody here has disabled it.</summary>
    public required string? DisabledBecause { get; init; }

    /// <summary>The realm that vouches for it.</summary>
    public required string Issuer { get; init; }

    /// <summary>Its id in that realm.</summary>
    public required string Subject { get; init; }

    /// <summary>When it was first seen.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it was last seen, to the minute.</summary>
    public required DateTimeOffset LastSeenAt { get; init; }
}

/// <summary>What can be changed about an account: everything else is Keycloak's.</summary>
public sealed record AccountChange
{
    /// <summary><see langword="false"/> refuses the account from its next request on.</summary>
    public required bool Enabled { get; init; }
}
