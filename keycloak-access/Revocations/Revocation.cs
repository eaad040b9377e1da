using System.ComponentModel.DataAnnotations;

namespace KeycloakAccess.Revocations;

internal sealed record Revocation
{
    public const string Token = "token";
    public const string Client = "client";
    public const string Everything = "everything";

    public required Guid Id { get; init; }

    public required string Issuer { get; init; }

    public required string Kind { get; init; }

    /// <summary>The <c>jti</c> of the token, or the client id; empty for everything.</summary>
    public required string Value { get; init; }

    /// <summary>Later tokens are good; <see langword="null"/> where none is until the revocation is taken back.</summary>
    public DateTimeOffset? IssuedUntil { get; init; }

    public required DateTimeOffset RevokedAt { get; init; }

    /// <summary>When what it refuses has expired anyhow, where that is known.</summary>
    public DateTimeOffset? KeepUntil { get; init; }
}

/// <summary>What is to be refused although it has not expired.</summary>
public sealed record RevocationRequest
{
    internal const int LongestToken = 16 * 1024;

    /// <summary><c>token</c>, <c>client</c> or <c>everything</c>.</summary>
    [Required]
    [AllowedValues("token", "client", "everything", ErrorMessage = "kind must be token, client or everything.")]
    public required string Kind { get; init; }

    /// <summary>
    /// Of a token the <c>jti</c> or the token itself, of which nothing but its id is kept; of a client its client id, as tokens name it in
    /// <c>azp</c>; left out for everything.
    /// </summary>
    [StringLength(LongestToken)]
    public string Value { get; init; } = "";

    /// <summary>
    /// Of a client or everything: what was issued until this instant is refused, and what comes later is not. Left out for a client: its
    /// tokens are refused until the revocation is taken back. Left out for everything: now.
    /// </summary>
    public DateTimeOffset? IssuedUntil { get; init; }
}

/// <summary>What is refused although it has not expired.</summary>
/// <param name="Id">The id, by which it is taken back.</param>
/// <param name="Kind"><c>token</c>, <c>client</c> or <c>everything</c>.</param>
/// <param name="Value">The token's <c>jti</c>, or the client id; <see langword="null"/> for everything.</param>
/// <param name="IssuedUntil">What was issued later is good; <see langword="null"/> where nothing is.</param>
/// <param name="RevokedAt">When it was revoked.</param>
/// <param name="KeepUntil">When the token would have expired anyhow, and the revocation goes; <see langword="null"/>: it stays.</param>
public sealed record RevocationResponse(
    Guid Id,
    [property: AllowedValues("token", "client", "everything")] string Kind,
    string? Value,
    DateTimeOffset? IssuedUntil,
    DateTimeOffset RevokedAt,
    DateTimeOffset? KeepUntil);
