using KeycloakAccess.Admin.Design;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.Access;

public sealed record PermissionView(
    string Permission,
    bool IsAllowed,
    IReadOnlyList<IReadOnlyList<GrantPathStep>> Grants,
    IReadOnlyList<IReadOnlyList<GrantPathStep>> Denials)
{
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
