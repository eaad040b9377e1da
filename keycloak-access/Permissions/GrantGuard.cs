using KeycloakAccess.Hosting;
using Microsoft.AspNetCore.Http.HttpResults;

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
    /// <param name="group">A group that somebody would come into, or out of.</param>
    /// <returns>403 problem details that name what the caller lacks, or <see langword="null"/>.</returns>
    public ProblemHttpResult? Refuse(GroupRule group) => Refuse(PermissionsOf(group));

    /// <param name="permissions">What the group grants and denies, before and after the change.</param>
    /// <returns>403 problem details that name what the caller lacks, or <see langword="null"/>.</returns>
    public ProblemHttpResult? Refuse(IEnumerable<string> permissions)
    {
        var lacking = Lacking(permissions);
        if (lacking.Count == 0)
        {
            return null;
        }

        refused(lacking);
        return Problem.Create(
            StatusCodes.Status403Forbidden,
            ProblemCode.GrantRefused,
            Detail(lacking),
            ("missingPermissions", lacking));
    }

    /// <returns>What the caller lacks of what the group grants and denies. Nothing is refused by asking.</returns>
    public IReadOnlyList<string> Lacking(GroupRule group) => Lacking(PermissionsOf(group));

    /// <returns>What is said to somebody who lacks these.</returns>
    public static string Detail(IReadOnlyList<string> lacking) => $"Nobody hands out or takes away what they do not hold. You lack {string.Join(", ", lacking)}.";

    /// <returns>Those permissions that the caller would have to hold, and does not. Nothing is refused by asking.</returns>
    public IReadOnlyList<string> Lacking(IEnumerable<string> permissions) =>
        [.. permissions
            .Where(text => !Permission.TryParse(text, out var permission) || !MayHandOut(permission))
            .Distinct(StringComparer.Ordinal)
            .Order(StringComparer.Ordinal)];

    private static IEnumerable<string> PermissionsOf(GroupRule group) => group.Permissions.Concat(group.Denied).Select(permission => permission.ToString());

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
