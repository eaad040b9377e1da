using KeycloakAccess.Authentication;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.Access;

/// <summary>
/// Compares the mappings with the roles that tokens have shown: which mappings fit none, and which roles lead nowhere. Found
/// out once for each version of the rules, and again when a new role is shown.
/// </summary>
internal sealed class RoleMatches(ObservedRoles observedRoles)
{
    // What every Keycloak gives everybody says nothing about this service.
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

        return new RoleMatch(rules, seen, matched, [.. rules.MappingsInOrder.Where(mapping => !matched.Contains(mapping.Id))], [.. unmapped.Order(RolePattern.InOrder)]);
    }

    private static bool IsUsual(KeycloakRole role) =>
        role.Client == "account" || Usual.Contains(role.Name, StringComparer.Ordinal) || role.Name.StartsWith("default-roles-", StringComparison.Ordinal);
}

/// <summary>The mappings that fit some of the observed roles, those that fit none, and the roles that no mapping fits, without those that every Keycloak gives.</summary>
internal sealed record RoleMatch(
    AccessRules Rules, IReadOnlyList<ObservedRole> Seen, IReadOnlySet<Guid> Matched, MappingRule[] Idle, RolePattern[] Unmapped);
