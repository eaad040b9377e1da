using System.Security.Claims;
using BitFaster.Caching;
using BitFaster.Caching.Lfu;
using KeycloakAccess.Data;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace KeycloakAccess.Authentication;

/// <summary>The sessions in browsers that requests came with lately, while their rows are there, unchanged and not expired.</summary>
internal sealed class KnownSessions(SessionStore sessions, ChangeFeed feed, IOptions<KeycloakOptions> options, TimeProvider clock)
{
    // A session holds the ID token, some kilobytes.
    private const int MostKnown = 2000;

    private readonly ICache<TokenHash, KnownSession> _known =
        new ConcurrentLfuBuilder<TokenHash, KnownSession>().WithCapacity(MostKnown).Build();

    /// <summary>None where the key is of no session, or of one that has ended.</summary>
    public async ValueTask<AuthenticationTicket?> FindAsync(string key, CancellationToken cancellationToken)
    {
        var hash = TokenHash.Of(key);
        // What changes while the session is read counts as changed since.
        var state = await feed.CurrentAsync(cancellationToken);
        if (_known.TryGet(hash, out var known))
        {
            if (clock.GetUtcNow() < known.Until && known.IsGood(feed, state))
            {
                return known.NewTicket(state);
            }

            _known.TryRemove(hash);
        }

        if (await sessions.FindByKeyAsync(key, cancellationToken) is not { } found
            || KeycloakIdentity.Read(found.Ticket.Principal, out _) is not { } identity
            // A session outlives a change of the settings to another realm.
            || !string.Equals(identity.Issuer, options.Value.Issuer, StringComparison.Ordinal))
        {
            return null;
        }

        known = new KnownSession(identity, found.Id, state, found.ExpiresAt, found.Ticket);
        _known.AddOrUpdate(hash, known);
        return known.NewTicket(state);
    }

    private sealed class KnownSession(
        KeycloakIdentity identity, Guid id, ChangeState state, DateTimeOffset until, AuthenticationTicket ticket)
        : KnownCaller(identity, state)
    {
        private readonly Claim[] _claims = [.. ticket.Principal.Claims, new Claim(SessionHandler.RowId, id.ToString())];

        public DateTimeOffset Until => until;

        protected override IEnumerable<string> EndedBy => [ChangeFeed.Browser(id)];

        // What one request does with its user and its properties is nothing to the next.
        public AuthenticationTicket NewTicket(ChangeState now) => new(
            new ClaimsPrincipal(new CallerIdentity(this, now, _claims)), ticket.Properties.Clone(), ticket.AuthenticationScheme);
    }
}
