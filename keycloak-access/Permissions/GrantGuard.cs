using KeycloakAccess.Authentication.StepUp;
using KeycloakAccess.Hosting;

namespace KeycloakAccess.Permissions;

/// <summary>Nobody grants what they do not hold: who may change groups could otherwise give themselves everything.</summary>
internal sealed class GrantGuard(Caller caller, PermissionCatalogue catalogue, Action<IReadOnlyList<string>> refused)
{
    private const string HoldsMore = "The account holds more than you do, and nobody changes somebody who does.";

    public Caller Caller => caller;

    /// <summary>Why whoever hands out everything must sign in anew; none where they need not.</summary>
    public Func<ChangeFailure.StepUp?> FindStepUp { get; init; } = () => null;

    public ChangeFailure? Refuse(GroupRule group) => Refuse(group.Written);

    /// <summary>What the group grants and denies, before and after the change.</summary>
    public ChangeFailure? Refuse(IEnumerable<string> permissions)
    {
        var written = permissions.ToList();
        var lacking = Lacking(written);
        if (lacking.Count == 0)
        {
            return written.Contains(Permission.Everything.ToString(), StringComparer.Ordinal) ? FindStepUp() : null;
        }

        refused(lacking);
        return new ChangeFailure.Refused(lacking);
    }

    /// <summary>
    /// Whoever holds more than the caller, by the roles that Keycloak said last. What that is reads only who may look at access.
    /// </summary>
    public ChangeFailure.Refused? Refuse(KnownSubject subject)
    {
        var lacking = Lacking(subject);
        if (lacking.Count == 0)
        {
            return null;
        }

        refused(lacking);
        return caller.May(AccessPermissions.View)
            ? new ChangeFailure.Refused(lacking) { Detail = $"{HoldsMore} You lack {string.Join(", ", lacking)}." }
            : new ChangeFailure.Refused([])
            {
                Detail = $"{HoldsMore} What that is is for those who may look at access: you lack access:view.",
            };
    }

    /// <summary>Records no refusal. Of themselves nobody lacks anything.</summary>
    public IReadOnlyList<string> Lacking(KnownSubject subject)
    {
        var access = subject.Under(caller.Rules).Access;
        return subject.AccountId == caller.AccountId
            ? []
            : [.. access.Memberships
                .SelectMany(membership => membership.Group.Permissions)
                .Distinct()
                .Where(granted => !access.Denies(granted) && !Holds(granted, access))
                .Select(granted => granted.ToString())
                .Order(StringComparer.Ordinal)];
    }

    public GrantGuard Under(AccessRules rules) => new(caller.Under(rules), catalogue, refused) { FindStepUp = FindStepUp };

    public IReadOnlyList<string> Lacking(GroupRule group) => Lacking(group.Written);

    public static string Detail(IReadOnlyList<string> lacking) =>
        $"Nobody grants or takes away what they do not hold. You lack {string.Join(", ", lacking)}.";

    /// <summary>Records no refusal.</summary>
    public IReadOnlyList<string> Lacking(IEnumerable<string> permissions) =>
        [.. permissions
            .Where(text => !Permission.TryParse(text, out var permission) || !MayGrant(permission))
            .Distinct(StringComparer.Ordinal)
            .Order(StringComparer.Ordinal)];

    // As widely as it is written, but for what is denied to the other too.
    private bool Holds(Permission granted, EffectiveAccess other) =>
        caller.Access.Grants(granted)
        && catalogue.Permissions
            .Where(permission => granted.Covers(permission) && !other.Denies(permission))
            .All(permission => caller.Decide(permission).IsAllowed);

    // The groups must grant it as widely as it is written, and the token must have been issued for all that it covers:
    // else a narrow token could make wide ones.
    private bool MayGrant(Permission granted) =>
        caller.Access.Grants(granted)
        && catalogue.Permissions.Where(granted.Covers).All(permission => caller.Decide(permission).IsAllowed);

    public static GrantGuard Create(HttpContext context, Caller caller) => new(
        caller,
        context.RequestServices.GetRequiredService<PermissionCatalogue>(),
        lacking => DeniedRequests.Add(context, caller, ProblemCode.GrantRefused, missingPermissions: lacking))
    {
        FindStepUp = () =>
        {
            var rule = context.RequestServices.GetRequiredService<StepUpCheck>().FindConfigured(context, caller.Identity);
            if (rule is null)
            {
                return null;
            }

            DeniedRequests.AddStepUp(context, caller);
            return new ChangeFailure.StepUp(rule, StepUpCheck.Explain(caller.Identity, rule));
        },
    };

    public static async ValueTask<GrantGuard?> BindAsync(HttpContext context) =>
        await Caller.BindAsync(context) is { } caller ? Create(context, caller) : null;
}
