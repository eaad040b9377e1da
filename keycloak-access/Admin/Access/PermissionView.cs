using KeycloakAccess.Admin.Design;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.Access;

/// <summary>A permission that an account has, or is denied, with the grant paths behind it.</summary>
public sealed record PermissionView(
    string Permission, bool IsAllowed, IReadOnlyList<IReadOnlyList<GrantPathStep>> Grants, IReadOnlyList<IReadOnlyList<GrantPathStep>> Denials)
{
    /// <returns>Every permission that some group grants or denies the subject.</returns>
    internal static IReadOnlyList<PermissionView> List(Subject subject, AccessRules rules, PermissionCatalogue catalogue) =>
        [.. catalogue.Permissions
            .Select(permission => DecisionExplanation.Create(subject, new AccessRequirement(permission), rules, catalogue))
            .Where(explanation => explanation.Grants.Count + explanation.Denials.Count > 0)
            .Select(explanation => new PermissionView(
                explanation.Decision.Permission.ToString(),
                explanation.Decision.IsAllowed,
                [.. explanation.Grants.Select(GrantPathFormatter.Steps)],
                [.. explanation.Denials.Select(GrantPathFormatter.Steps)]))];
}
