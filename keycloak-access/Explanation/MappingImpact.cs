using KeycloakAccess.Authentication;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Explanation;

internal sealed record MappingEffect(
    Guid AccountId, string Username, GroupRule? Joins, GroupRule? Leaves, IReadOnlyList<Permission> Gains, IReadOnlyList<Permission> Loses);

// Roles are the observed ones that the mapping fits, Unchanged counts the accounts with one of them that stay where they are; IsAll if no
// such account was left out.
internal sealed record MappingReport(
    IReadOnlyList<KeycloakRole> Roles, IReadOnlyList<MappingEffect> Effects, int Unchanged, bool IsAll);

// Unlike AccessImpact it reads by an index the accounts with a role that the mapping fits, and stops after the first few, since it runs
// while somebody types.
internal sealed class MappingImpact(SubjectStore subjects, ObservedRoles observedRoles, PermissionCatalogue catalogue)
{
    public const int MostNamed = 20;

    private const int RolesAtOnce = 10;
    private const int PageSize = MostNamed + 5;
    private const int MostRead = 500;

    public async Task<MappingReport> ComputeAsync(
        AccessRules rules, MappingRule? removed, MappingRule? added, CancellationToken cancellationToken)
    {
        var observed = await observedRoles.ListAsync(cancellationToken);
        var concerned = observed.Where(role => Fits(removed, role.Role) || Fits(added, role.Role)).Select(role => role.Id).ToArray();
        // Only what the two groups grant or deny can be gained or lost.
        var written = new[] { removed, added }
            .OfType<MappingRule>()
            .Select(mapping => rules.FindGroup(mapping.GroupId))
            .OfType<GroupRule>()
            .SelectMany(group => group.Permissions.Concat(group.Denied))
            .ToArray();
        Permission[] permissions =
            [.. catalogue.Permissions.Where(permission => Array.Exists(written, each => each.Covers(permission)))];
        var effects = new List<MappingEffect>();
        var read = new HashSet<Guid>();
        // A pattern may fit thousands of roles: the holders of all of them in one order would have to be read to the last.
        foreach (var some in concerned.Chunk(RolesAtOnce))
        {
            Guid? next = null;
            do
            {
                (var page, next) = await subjects.ListHoldersAsync(some, [], PageSize, next, cancellationToken);
                foreach (var account in page.Where(account => !read.Contains(account.AccountId)))
                {
                    if (effects.Count == MostNamed || read.Count == MostRead)
                    {
                        return Report(isAll: false);
                    }

                    read.Add(account.AccountId);
                    if (EffectOn(account, rules, removed, added, permissions) is { } effect)
                    {
                        effects.Add(effect);
                    }
                }
            }
            while (next is not null);
        }

        return Report(isAll: true);

        MappingReport Report(bool isAll) => new(
            [.. observed
                .Select(role => role.Role)
                .Where(role => Fits(added ?? removed, role))
                .OrderBy(role => new RolePattern(role.Kind, role.Client, role.Name), RolePattern.InOrder)],
            effects,
            read.Count - effects.Count,
            isAll);
    }

    private static bool Fits(MappingRule? mapping, KeycloakRole role) => mapping?.Pattern.Matches(role) is true;

    // Changes the memberships of the account, since building all the rules once more takes the longer the more there are.
    private MappingEffect? EffectOn(
        KnownSubject account, AccessRules rules, MappingRule? removed, MappingRule? added, Permission[] permissions)
    {
        var before = account.Under(rules);
        var kept = before.Access.Memberships
            .Where(membership => removed is null || membership.Origin.Mapping?.Id != removed.Id);
        var gained = added is not null && rules.FindGroup(added.GroupId) is { } group
            ? account.Roles.Where(role => Fits(added, role)).Select(role => new Membership(group, Origin.Keycloak(role, added)))
            : [];
        var after = before with { Access = new EffectiveAccess([.. kept, .. gained]) };
        var (joins, leaves) = (FirstGroupOnlyIn(after, before), FirstGroupOnlyIn(before, after));
        if (joins is null && leaves is null)
        {
            return null;
        }

        var (gains, loses) = AccessImpact.Compare(before, after, permissions, catalogue);
        return new MappingEffect(account.AccountId, account.Username, joins, leaves, gains, loses);
    }

    private static GroupRule? FirstGroupOnlyIn(Subject one, Subject other)
    {
        var known = other.Access.Memberships.Select(membership => membership.Group.Id).ToHashSet();
        return one.Access.Memberships.Select(membership => membership.Group).FirstOrDefault(group => !known.Contains(group.Id));
    }
}
