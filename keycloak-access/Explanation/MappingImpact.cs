using KeycloakAccess.Authentication;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Explanation;

internal sealed record MappingEffect(
    Guid AccountId, string Username, GroupRule? Joins, GroupRule? Leaves, IReadOnlyList<Permission> Gains, IReadOnlyList<Permission> Loses);

// Roles are the observed ones that the mapping fits. Effects are the first few of those accounts that Changed counts; Unchanged counts
// the accounts with one of the roles that stay where they are.
internal sealed record MappingReport(
    IReadOnlyList<KeycloakRole> Roles, IReadOnlyList<MappingEffect> Effects, long Changed, long Unchanged)
{
    public bool IsAll => Effects.Count == Changed;
}

// Unlike AccessImpact it reads by an index the accounts with a role that the mapping fits, and stops after the first few, since it runs
// while somebody types: the others are counted.
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
                        return await CountAsync();
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

        return Report(effects.Count, read.Count);

        async Task<MappingReport> CountAsync()
        {
            var parts = new[] { (removed, added), (added, removed) }
                .Where(pair => pair.Item1 is not null && rules.FindGroup(pair.Item1.GroupId) is { IsDefault: false })
                .Select(pair => Part(pair.Item1!, pair.Item2));
            return Report(
                await subjects.CountByRolesAloneAsync([.. parts], cancellationToken),
                await subjects.CountHoldersAsync(concerned, cancellationToken));
        }

        // By the mapping alone, as the rules are besides: without the one that is removed, with the one that is added.
        RolesIntoGroup Part(MappingRule mapping, MappingRule? other) => new(
            mapping.GroupId,
            [.. observed.Where(role => Fits(mapping, role.Role)).Select(role => role.Id)],
            [.. observed
                .Where(role => rules.MappingsOf(role.Role)
                    .Any(known => known.GroupId == mapping.GroupId && known.Id != removed?.Id)
                    || (other?.GroupId == mapping.GroupId && Fits(other, role.Role)))
                .Select(role => role.Id)]);

        MappingReport Report(long changed, long holders) => new(
            [.. observed
                .Select(role => role.Role)
                .Where(role => Fits(added ?? removed, role))
                .OrderBy(role => new RolePattern(role.Kind, role.Client, role.Name), RolePattern.InOrder)],
            effects,
            changed,
            holders - changed);
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
