using KeycloakAccess.Authentication;
using KeycloakAccess.Data;

namespace KeycloakAccess.Permissions;

/// <summary>
/// Whoever makes the current request: identity from Keycloak, account from here, and what follows from both. A handler
/// takes it as a parameter; it is read once for each request.
/// </summary>
public sealed class Caller
{
    private readonly CallerRecord _record;
    private readonly PermissionCatalogue _catalogue;

    internal Caller(KeycloakIdentity identity, CallerRecord record, AccessRules rules, PermissionCatalogue catalogue, string requestId)
    {
        _record = record;
        _catalogue = catalogue;
        Identity = identity;
        Rules = rules;
        // A session has no scopes: a sign-in asks Keycloak only who somebody is.
        Subject = new Subject(
            record.AccountId,
            identity.Kind,
            record.Enabled,
            rules.Resolve(identity.Roles, record.Groups),
            identity.IsSession ? null : identity.Scopes);
        Actor = new Actor(
            record.AccountId, identity.Username ?? identity.Subject, identity.IsSession ? Actor.Session : Actor.Bearer, requestId);
    }

    internal KeycloakIdentity Identity { get; }

    internal Subject Subject { get; }

    internal AccessRules Rules { get; }

    internal Actor Actor { get; }

    public Guid AccountId => Subject.AccountId;

    internal EffectiveAccess Access => Subject.Access;

    internal Caller Under(AccessRules rules) => new(Identity, _record, rules, _catalogue, Actor.RequestId!);

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

internal sealed class CurrentCaller(CallerStore store, AccessRulesCache rules, PermissionCatalogue catalogue)
{
    private Caller? _caller;

    public async ValueTask<Caller?> GetAsync(HttpContext context)
    {
        if (_caller is not null)
        {
            return _caller;
        }

        if (context.User.Identity is not { IsAuthenticated: true } || KeycloakIdentity.Read(context.User, out _) is not { } identity)
        {
            return null;
        }

        var record = await store.ProvisionAsync(identity, context.TraceIdentifier, context.RequestAborted);
        var current = await rules.GetAsync(record.RulesVersion, context.RequestAborted);
        return _caller = new Caller(identity, record, current, catalogue, context.TraceIdentifier);
    }
}
