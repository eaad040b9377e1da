using System.Security.Claims;
using BitFaster.Caching;
using BitFaster.Caching.Lfu;
using KeycloakAccess.Data;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace KeycloakAccess.Authentication;

/// <summary>
/// The sessions in browsers that requests came with lately, while their rows are there, unchanged and not expired. What a request finds is
/// what Keycloak said within the life of an access token: newer tokens are asked for beside the request while the last ones are good, and
/// waited for where they are not.
/// </summary>
internal sealed class KnownSessions(
    SessionStore sessions,
    SessionRefresher refresher,
    SessionUses uses,
    SessionLimits limits,
    ChangeFeed feed,
    RealmNotBefore notBefore,
    IOptions<KeycloakOptions> options,
    TimeProvider clock)
{
    /// <summary>How long a request waits for newer tokens that may go on without them, and one that may not.</summary>
    public static readonly TimeSpan ShortPatience = TimeSpan.FromSeconds(2);

    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    // A session holds the ID token, some kilobytes.
    private const int MostKnown = 2000;

    private readonly ICache<TokenHash, KnownSession> _known =
        new ConcurrentLfuBuilder<TokenHash, KnownSession>().WithCapacity(MostKnown).Build();

    /// <summary>None where the key is of no session, or of one that has ended.</summary>
    /// <param name="key">What the cookie holds.</param>
    /// <param name="isUse">Whether the session is used by it, and has to be good at Keycloak too.</param>
    /// <param name="cancellationToken">The request's.</param>
    /// <exception cref="RealmUnreachableException">Nobody knows whether it is, and nobody has for too long.</exception>
    public async ValueTask<AuthenticationTicket?> FindAsync(string key, bool isUse, CancellationToken cancellationToken)
    {
        var hash = TokenHash.Of(key);
        var found = await FindAsync(hash, key, cancellationToken);
        if (found is not var (known, state) || !isUse)
        {
            return found?.Known.NewTicket(found.Value.State);
        }

        var now = clock.GetUtcNow();
        // Of one that was opened without Keycloak, Keycloak knows nothing.
        // Keycloak says whether such a session is over: until it has, nobody knows.
        var isRevoked = notBefore.Refuses(known.Identity.IssuedAt);
        if (!known.IsBreakGlass && (isRevoked || now >= known.Session.Tokens.RefreshAt))
        {
            var refreshing = refresher.RefreshAsync(known.Session);
            var graceUntil = isRevoked ? DateTimeOffset.MinValue : known.Session.Tokens.Until + limits.Grace;
            if ((isRevoked || now >= known.Session.Tokens.Until) && await IsRefreshedAsync(refreshing, now < graceUntil, cancellationToken))
            {
                // Another instance may have done it, which this one has not heard of.
                _known.TryRemove(hash);
                if (await FindAsync(hash, key, cancellationToken) is not var (refreshed, later))
                {
                    return null;
                }

                (known, state) = (refreshed, later);
            }
        }

        if (known.TryUse(now, limits.UseEvery))
        {
            uses.Add(known.Session.Id, now);
        }

        return known.NewTicket(state);
    }

    // False where it goes on as it is.
    private async Task<bool> IsRefreshedAsync(Task<RefreshOutcome> refreshing, bool isInGrace, CancellationToken cancellationToken)
    {
        RefreshOutcome outcome;
        try
        {
            outcome = await refreshing.WaitAsync(isInGrace ? ShortPatience : Patience, clock, cancellationToken);
        }
        catch (TimeoutException)
        {
            outcome = new RefreshOutcome(RefreshResult.Unknown, new RealmUnreachableException("It does not answer in time."));
        }

        return outcome.Result != RefreshResult.Unknown
            || (isInGrace ? false : throw new RealmUnreachableException(outcome.Failure!.Message) { Fault = outcome.Failure.Fault });
    }

    private async ValueTask<(KnownSession Known, ChangeState State)?> FindAsync(
        TokenHash hash, string key, CancellationToken cancellationToken)
    {
        // What changes while the session is read counts as changed since.
        var state = await feed.CurrentAsync(cancellationToken);
        if (_known.TryGet(hash, out var known))
        {
            if (clock.GetUtcNow() < limits.EndOf(known.Session.ExpiresAt, known.UsedAt) && known.IsGood(feed, state))
            {
                return (known, state);
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

        // A use that was written between the two is in neither: then it is in the row by now.
        var usedAt = Later(uses.Find(found.Id), found.UsedAt);
        if (clock.GetUtcNow() >= limits.EndOf(found.ExpiresAt, usedAt))
        {
            found = await sessions.FindByKeyAsync(key, cancellationToken);
            if (found is null || clock.GetUtcNow() >= limits.EndOf(found.ExpiresAt, usedAt = Later(usedAt, found.UsedAt)))
            {
                return null;
            }
        }

        known = new KnownSession(identity, found, usedAt, state) { Limits = limits };
        _known.AddOrUpdate(hash, known);
        return (known, state);
    }

    private static DateTimeOffset Later(DateTimeOffset? one, DateTimeOffset other) => one > other ? one.Value : other;

    private sealed class KnownSession(KeycloakIdentity identity, KeptSession session, DateTimeOffset usedAt, ChangeState state)
        : KnownCaller(identity, state)
    {
        private readonly Claim[] _claims = [.. session.Ticket.Principal.Claims, new Claim(SessionHandler.RowId, session.Id.ToString())];
        private readonly Reminder _uses = new(usedAt);

        public required SessionLimits Limits { get; init; }

        public KeptSession Session => session;

        public bool IsBreakGlass { get; } = SessionHandler.IsBreakGlass(session.Ticket.Principal);

        // Keycloak's own may end before.
        public override SessionEnd End
        {
            get
            {
                var end = Limits.EndOf(session.ExpiresAt, UsedAt);
                end = session.Tokens.RefreshableUntil is { } refreshable && refreshable < end ? refreshable : end;
                return new SessionEnd(end, CanExtend: end < session.ExpiresAt);
            }
        }

        public DateTimeOffset UsedAt => _uses.Last;

        /// <summary>Whether this use is to be noted, by one of many requests.</summary>
        public bool TryUse(DateTimeOffset now, TimeSpan every) => _uses.IsDue(now, every);

        protected override IEnumerable<string> EndedBy => [ChangeFeed.Browser(session.Id)];

        // What one request does with its user and its properties is nothing to the next.
        public AuthenticationTicket NewTicket(ChangeState now) => new(
            new ClaimsPrincipal(new CallerIdentity(this, now, _claims)),
            session.Ticket.Properties.Clone(),
            session.Ticket.AuthenticationScheme);
    }
}
