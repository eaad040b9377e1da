using KeycloakAccess.Authentication;
using KeycloakAccess.Data;
using KeycloakAccess.Hosting;
using KeycloakAccess.Permissions;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;

namespace KeycloakAccess.Revocations;

/// <summary>
/// Refuses access tokens before they expire, from the next request on: one of them, those of a client, or all. Sessions of the staff pages
/// that are as old end with them.
/// </summary>
internal sealed class RevocationCommands(
    ChangeRunner changes, RealmLogoutStore logouts, IOptions<KeycloakOptions> options, TimeProvider clock)
{
    // Of iat, which has whole seconds by the realm's clock.
    private static readonly TimeSpan Ahead = TimeSpan.FromMinutes(1);

    /// <summary>
    /// What is revoked already is revoked anew, and never less. Until now is by the realm's clock, which writes when a token was issued.
    /// </summary>
    public async Task<ChangeOutcome<Revocation>> AddAsync(
        RevocationRequest request, bool untilNow, Actor actor, CancellationToken cancellationToken)
    {
        if (Validation.Mistakes(request) is { Count: > 0 } mistakes)
        {
            return new ChangeFailure.Invalid(mistakes);
        }

        untilNow |= request is { Kind: Revocation.Everything, IssuedUntil: null };
        if (Read(request, untilNow, out var invalid) is not { } wanted)
        {
            return invalid!;
        }

        return await changes.RunAsync<Revocation>(actor, async change =>
        {
            if (untilNow)
            {
                var ahead = await EndedSessionStore.AheadAsync(change.Write, wanted.Issuer, change.CancellationToken);
                wanted = wanted with { IssuedUntil = wanted.RevokedAt + ahead };
            }

            var before = await RevocationStore.FindAsync(change, wanted);
            var revocation = before is null ? wanted : wanted with
            {
                Id = before.Id,
                IssuedUntil = Later(before.IssuedUntil, wanted.IssuedUntil),
                KeepUntil = Later(before.KeepUntil, wanted.KeepUntil),
            };
            await RevocationStore.SaveAsync(change, before, revocation);
            await EndSessionsAsync(change, revocation);
            return ChangeOutcome.Done(revocation);
        }, cancellationToken);
    }

    public Task<ChangeOutcome<Revocation>> DeleteAsync(Guid id, Actor actor, CancellationToken cancellationToken) =>
        changes.RunAsync<Revocation>(actor, async change =>
        {
            if (await RevocationStore.FindAsync(change, id) is not { } revocation)
            {
                return new ChangeFailure.NotFound();
            }

            await RevocationStore.DeleteAsync(change, revocation);
            return ChangeOutcome.Done(revocation);
        }, cancellationToken);

    private Revocation? Read(RevocationRequest request, bool untilNow, out ChangeFailure.Invalid? invalid)
    {
        var now = clock.GetUtcNow();
        var (value, keepUntil) = (request.Value.Trim(), (DateTimeOffset?)null);
        var isToken = request.Kind == Revocation.Token;
        invalid = request switch
        {
            _ when isToken => ReadToken(ref value, out keepUntil),
            { Kind: Revocation.Client } when value.Length is 0 or > RolePattern.LongestClient || !ShortText.IsKey(value) =>
                new("value", $"Name the client by its client id, of at most {RolePattern.LongestClient} characters."),
            { Kind: Revocation.Client, IssuedUntil: null } when !untilNow && value == options.Value.SignIn.Resource => new(
                "issuedUntil",
                "Staff sign in with this client, and nobody could take the revocation back: say until when tokens were issued that are "
                    + "refused, or disable the client in Keycloak."),
            { Kind: Revocation.Everything } when value.Length > 0 => new("value", "Leave it out: everything is of every client."),
            _ => null,
        };
        invalid ??= isToken && request.IssuedUntil is not null
                ? new("issuedUntil", "Leave it out: a token was issued once.")
            : request.IssuedUntil > now + Ahead
                ? new("issuedUntil", "It must not lie in the future: revoke then what is issued until then.")
            : null;
        return invalid is not null ? null : new Revocation
        {
            Id = Guid.CreateVersion7(now),
            Issuer = options.Value.Issuer,
            Kind = request.Kind,
            Value = value,
            IssuedUntil = request.IssuedUntil?.ToUniversalTime(),
            RevokedAt = now,
            KeepUntil = keepUntil,
        };
    }

    // Its signature is not asked for: whoever may revoke tokens may revoke one that is none.
    private ChangeFailure.Invalid? ReadToken(ref string value, out DateTimeOffset? keepUntil)
    {
        keepUntil = null;
        if (value.Contains('.', StringComparison.Ordinal) && CompactToken.Parse(value, out _) is not null)
        {
            var token = new JsonWebToken(value);
            if (token.Issuer != options.Value.Issuer)
            {
                return new("value", "This token is of another issuer, and refused anyhow.");
            }

            value = token.Id ?? "";
            keepUntil = token.ValidTo == DateTime.MinValue
                ? null
                : new DateTimeOffset(token.ValidTo, TimeSpan.Zero) + options.Value.TokenClockSkew;
            if (value.Length == 0)
            {
                return new("value", "The token has no id (jti). Revoke the tokens of its client, or end its session.");
            }
        }

        return value.Length is > 0 and <= ShortText.LongestKey && ShortText.IsKey(value)
            ? null
            : new("value", "Send the token's id (its claim jti), or the token itself.");
    }

    // Null is for ever, and for good.
    private static DateTimeOffset? Later(DateTimeOffset? one, DateTimeOffset? other) =>
        one is null || other is null ? null : one > other ? one : other;

    private async Task EndSessionsAsync(ChangeTransaction change, Revocation revocation)
    {
        if (revocation.IssuedUntil is { } until
            && (revocation.Kind == Revocation.Everything
                || (revocation.Kind == Revocation.Client && revocation.Value == options.Value.SignIn.Resource)))
        {
            var ended = await SessionStore.RemoveAsync(
                change.Write,
                "issuer = @Issuer AND issued_at <= @until",
                new { revocation.Issuer, until, now = revocation.RevokedAt },
                change.CancellationToken);
            // Who is still signed in to Keycloak would be signed in here again without being asked.
            await logouts.EnqueueAsync(change.Write, ended, change.CancellationToken);
        }
    }
}
