using KeycloakAccess.Hosting;

namespace KeycloakAccess.Permissions;

/// <summary>
/// Nobody hands out what they do not hold: else who may change groups could make themselves anything. An endpoint that
/// changes what a group grants, or who is in it, asks this first. A handler takes it as a parameter.
/// </summary>
/// <param name="caller">Who would hand out, or take away.</param>
/// <param name="catalogue">Every permission that exists.</param>
/// <param name="refused">Takes note of a refusal, with the permissions that were lacking.</param>
internal sealed class GrantGuard(Caller caller, PermissionCatalogue catalogue, Action<IReadOnlyList<string>> refused)
{
    public Caller Caller => caller;

    /// <param name="group">A group that somebody would come into, or out of.</param>
    /// <returns>What the caller lacks, or <see langword="null"/>.</returns>
    public ChangeFailure.Refused? Refuse(GroupRule group) => Refuse(group.Written);

    /// <param name="permissions">What the group grants and denies, before and after the change.</param>
    /// <returns>What the caller lacks, or <see langword="null"/>.</returns>
    public ChangeFailure.Refused? Refuse(IEnumerable<string> permissions)
    {
        var lacking = Lacking(permissions);
        if (lacking.Count == 0)
        {
            return null;
        }

        refused(lacking);
        return new ChangeFailure.Refused(lacking);
    }

    /// <returns>The same caller's, under other rules.</returns>
    public GrantGuard Under(AccessRules rules) => new(caller.Under(rules), catalogue, refused);

    /// <returns>What the caller lacks of what the group grants and denies. Nothing is refused by asking.</returns>
    public IReadOnlyList<string> Lacking(GroupRule group) => Lacking(group.Written);

    /// <returns>What is said to somebody who lacks these.</returns>
    public static string Detail(IReadOnlyList<string> lacking) => $"Nobody hands out or takes away what they do not hold. You lack {string.Join(", ", lacking)}.";

    /// <returns>Those permissions that the caller would have to hold, and does not. Nothing is refused by asking.</returns>
    public IReadOnlyList<string> Lacking(IEnumerable<string> permissions) =>
        [.. permissions
            .Where(text => !Permission.TryParse(text, out var permission) || !MayHandOut(permission))
            .Distinct(StringComparer.Ordinal)
            .Order(StringComparer.Ordinal)];

    // The groups must grant it as widely as it is written, and the token must have been issued for all that it covers:
    // else a narrow token could make wide ones.
    private bool MayHandOut(Permission granted) =>
        caller.Access.Grants(granted)
        && catalogue.Permissions.Where(granted.Covers).All(permission => caller.Decide(permission).IsAllowed);

    public static GrantGuard For(HttpContext context, Caller caller) => new(
        caller,
        context.RequestServices.GetRequiredService<PermissionCatalogue>(),
        lacking => DeniedRequests.Add(context, caller, ProblemCode.GrantRefused, missingPermissions: lacking));

    /// <summary>Binds a handler's parameter.</summary>
    public static async ValueTask<GrantGuard?> BindAsync(HttpContext context) => await Caller.BindAsync(context) is { } caller ? For(context, caller) : null;
}
