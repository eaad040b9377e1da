using KeycloakAccess.Authentication;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.Access;

/// <summary>Compares mappings with observed roles, once for each version of the rules and each new role.</summary>
internal sealed class RoleMatches(ObservedRoles observedRoles)
{
    // Roles that every Keycloak grants to every account.
    private static readonly string[] Usual = ["offline_access", "uma_authorization"];

    private volatile RoleMatch? _newest;

    public async ValueTask<RoleMatch> CompareAsync(AccessRules rules, CancellationToken cancellationToken)
    {
        var seen = await observedRoles.ListAsync(cancellationToken);
        return _newest is { } known && ReferenceEquals(known.Rules, rules) && ReferenceEquals(known.Seen, seen)
            ? known
            : _newest = Compare(rules, seen);
    }

    private static RoleMatch Compare(AccessRules rules, IReadOnlyList<ObservedRole> seen)
    {
        var matched = new HashSet<Guid>();
        var unmapped = new List<RolePattern>();
        foreach (var (_, role) in seen)
        {
            var mappings = rules.MappingsOf(role);
            matched.UnionWith(mappings.Select(mapping => mapping.Id));
            if (mappings.Count == 0 && !IsUsual(role))
            {
                unmapped.Add(new RolePattern(role.Kind, role.Client, role.Name));
            }
        }

        return new RoleMatch(
            rules,
            seen,
            matched,
            [.. rules.MappingsInOrder.Where(mapping => !matched.Contains(mapping.Id))],
            [.. unmapped.Order(RolePattern.InOrder)]);
    }

    private static bool IsUsual(KeycloakRole role) =>
        role.Client == "account"
        || Usual.Contains(role.Name, StringComparer.Ordinal)
        || role.Name.StartsWith("default-roles-", StringComparison.Ordinal);
}

internal sealed record RoleMatch(
    AccessRules Rules, IReadOnlyList<ObservedRole> Seen, IReadOnlySet<Guid> Matched, MappingRule[] Idle, RolePattern[] Unmapped);
