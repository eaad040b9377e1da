using KeycloakAccess.Authentication;
using KeycloakAccess.Data;
using KeycloakAccess.Hosting;

namespace KeycloakAccess.Permissions;

/// <summary>
/// Whoever makes the current request: identity from Keycloak, account from here, and what follows from both. A handler
/// takes it as a parameter; it is read once for each request.
/// </summary>
public sealed class Caller
{
    private readonly KnownAccess _access;
    private readonly PermissionCatalogue _catalogue;

    private readonly HttpContext _context;
    private Actor? _actor;

    internal Caller(KnownAccess access, PermissionCatalogue catalogue, HttpContext context)
    {
        _access = access;
        _catalogue = catalogue;
        _context = context;
    }

    internal KnownAccess Known => _access;

    internal KeycloakIdentity Identity => _access.Identity;

    internal Subject Subject => _access.Subject;

    internal AccessRules Rules => _access.Rules;

    internal Actor Actor => _actor ??= new Actor(
        AccountId, Identity.Username ?? Identity.Subject, Identity.IsSession ? Actor.Session : Actor.Bearer, _context.TraceIdentifier);

    /// <summary>The account's id as a text.</summary>
    internal string AccountName => _access.AccountName;

    public Guid AccountId => Subject.AccountId;

    internal EffectiveAccess Access => Subject.Access;

    internal Caller Under(AccessRules rules) => new(_access.Under(rules), _catalogue, _context);

    internal Decision Decide(AccessRequirement requirement) => Decision.Evaluate(Subject, requirement, _catalogue);

    internal Decision Decide(Permission permission) => Decide(new AccessRequirement(permission));

    public bool May(string model, string action) => May(new Permission(model, action));

    public bool May(Permission permission) => Decide(permission).IsAllowed;

    /// <summary>Everything that the caller may do, after denials and scopes.</summary>
    public IEnumerable<Permission> Permissions => _catalogue.Permissions.Where(permission => Decide(permission).IsAllowed);

    /// <summary>Binds a handler's parameter. Only endpoints behind an authentication scheme may have one.</summary>
    public static async ValueTask<Caller?> BindAsync(HttpContext context) =>
        await context.RequestServices.GetRequiredService<CurrentCaller>().GetAsync(context);
}

/// <summary>What is known of a caller's account, under one version of the rules.</summary>
internal sealed class KnownAccess
{
    private readonly CallerRecord _record;
    private volatile ChangeState _state;

    public KnownAccess(KeycloakIdentity identity, CallerRecord record, AccessRules rules, ChangeState state)
    {
        _record = record;
        _state = state;
        Notes = new Reminder(record.Note.At);
        Identity = identity;
        Rules = rules;
        AccountName = record.AccountId.ToString();
        ChangeKey = ChangeFeed.Account(record.AccountId);
        EndsAt = record.Groups.Min(group => group.Until);
        // A session has no scopes: a sign-in asks Keycloak only who somebody is.
        Subject = new Subject(
            record.AccountId,
            identity.Kind,
            record.Enabled,
            rules.Resolve(identity.Roles, record.Groups),
            identity.IsSession ? null : identity.Scopes);
    }

    public KeycloakIdentity Identity { get; }

    public AccessRules Rules { get; }

    public Subject Subject { get; }

    public string AccountName { get; }

    private string ChangeKey { get; }

    private Reminder Notes { get; }

    /// <summary>When the first of the direct memberships ends.</summary>
    private DateTimeOffset? EndsAt { get; }

    /// <summary>What is to be noted of them now, once in a while.</summary>
    public LastSeen? FindNote(DateTimeOffset now) =>
        Notes.IsDue(now, CallerStore.SeenEvery) ? _record.Note with { At = now } : null;

    public KnownAccess Under(AccessRules rules) => new(Identity, _record, rules, _state);

    /// <summary>Whether the account is still as it was read, with every membership that it had then.</summary>
    public bool IsGood(ChangeFeed feed, ChangeState now, TimeProvider clock)
    {
        if (EndsAt is { } end && clock.GetUtcNow() >= end)
        {
            return false;
        }

        var readAt = _state;
        if (ReferenceEquals(readAt, now))
        {
            return true;
        }

        if (feed.HasChanged(ChangeKey, readAt, now))
        {
            return false;
        }

        _state = now;
        return true;
    }
}

/// <summary>What memory knows of accounts, and what is noted of those who make requests.</summary>
internal sealed class KnownAccounts(
    AccessRulesCache rules, ChangeFeed feed, LastSeenLog lastSeen, RequestCounters counters, RateLimits limits, TimeProvider clock)
{
    /// <summary>Where the account and the rules are as the state says, and nobody needs to be asked.</summary>
    public KnownAccess? Find(KnownCaller caller, ChangeState now) =>
        caller.Access is KnownAccess known && rules.IsCurrent(known.Rules, now) && known.IsGood(feed, now, clock) ? Note(known) : null;

    public KnownAccess Note(KnownAccess known)
    {
        if (known.FindNote(clock.GetUtcNow()) is { } note)
        {
            lastSeen.Add(known.Subject.AccountId, note);
        }

        return known;
    }

    /// <summary>The answer where the account, or the client of its token, has made too many requests in this minute.</summary>
    public IResult? Limit(KnownAccess caller) => limits.CheckCaller(
        caller.Subject.AccountId, caller.Identity.Issuer, caller.Identity.IsSession ? null : caller.Identity.ClientId);

    /// <summary>Counts a request, once however many permissions it is asked for. Unauthenticated requests are not counted.</summary>
    public void Count(KnownAccess caller, bool isAllowed)
    {
        counters.CountInHour(isAllowed ? RequestCounters.Allowed : RequestCounters.Refused);
        if (caller.Subject.Kind == AccountKind.Service)
        {
            counters.CountInDay(RequestCounters.Services, caller.AccountName);
        }
    }
}

internal sealed class CurrentCaller(
    KnownAccounts accounts,
    CallerStore store,
    AccessRulesCache rules,
    ChangeFeed feed,
    PermissionCatalogue catalogue,
    TimeProvider clock)
{
    private Caller? _caller;

    public ValueTask<Caller?> GetAsync(HttpContext context) =>
        Find(context) is { } caller ? new(caller)
        : CallerIdentity.Of(context) is { } user ? ReadAsync(context, user)
        : default;

    /// <summary>Where the account is known, and nobody needs to be asked.</summary>
    public Caller? Find(HttpContext context) => _caller
        ?? (CallerIdentity.Of(context) is { } user && accounts.Find(user.Known, user.State) is { } known ? Keep(context, known) : null);

    private async ValueTask<Caller?> ReadAsync(HttpContext context, CallerIdentity user)
    {
        var (caller, state) = (user.Known, user.State);
        if (caller.Access is not KnownAccess known || !known.IsGood(feed, state, clock))
        {
            var record = await store.ProvisionAsync(caller.Identity, context.TraceIdentifier, context.RequestAborted);
            var current = await rules.GetAsync(state with { Rules = record.RulesVersion }, context.RequestAborted);
            known = new KnownAccess(caller.Identity, record, current, state);
            // What could not be written is tried again at the next request.
            caller.Access = record.IsWritten ? known : null;
            return Keep(context, accounts.Note(known));
        }

        known = known.Under(await rules.GetAsync(state, context.RequestAborted));
        caller.Access = known;
        return Keep(context, accounts.Note(known));
    }

    private Caller Keep(HttpContext context, KnownAccess known) => _caller = new Caller(known, catalogue, context);
}
