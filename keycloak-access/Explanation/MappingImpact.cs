using KeycloakAccess.Authentication;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Explanation;

/// <summary>What a change of one mapping means for one account.</summary>
/// <param name="AccountId">The account.</param>
/// <param name="Username">The name to sign in with, or the client id of a service.</param>
/// <param name="Joins">The group that it comes into.</param>
/// <param name="Leaves">The group that it is in no longer.</param>
/// <param name="Gains">What it may do then, and not now.</param>
/// <param name="Loses">What it may do now, and not then.</param>
internal sealed record MappingEffect(
    Guid AccountId, string Username, GroupRule? Joins, GroupRule? Leaves, IReadOnlyList<Permission> Gains, IReadOnlyList<Permission> Loses);

/// <summary>What a change of one mapping means, as far as it was looked into.</summary>
/// <param name="Roles">The roles that tokens have shown and the mapping fits.</param>
/// <param name="Effects">The first accounts that come into a group, or out of one.</param>
/// <param name="Unchanged">How many of the accounts that were looked at have such a role and stay where they are, for another reason.</param>
/// <param name="IsAll">Whether every account with such a role was looked at.</param>
internal sealed record MappingReport(IReadOnlyList<KeycloakRole> Roles, IReadOnlyList<MappingEffect> Effects, int Unchanged, bool IsAll);

/// <summary>
/// The dry run of one mapping. The one of a whole document goes through every account; this one asks for the accounts that
/// have a role which the mapping fits, by an index, and stops after the first few: it runs while somebody types.
/// </summary>
internal sealed class MappingImpact(SubjectStore subjects, ObservedRoles observedRoles, PermissionCatalogue catalogue)
{
    /// <summary>How many accounts are named.</summary>
    public const int MostNamed = 20;

    private const int RolesAtOnce = 10;
    private const int PageSize = MostNamed + 5;
    private const int MostLookedAt = 500;

    /// <param name="rules">The rules as they are.</param>
    /// <param name="removed">A mapping that goes.</param>
    /// <param name="added">A mapping that comes, perhaps in its place.</param>
    /// <param name="cancellationToken">The request's.</param>
    public async Task<MappingReport> OfAsync(AccessRules rules, MappingRule? removed, MappingRule? added, CancellationToken cancellationToken)
    {
        var seen = await observedRoles.ListAsync(cancellationToken);
        var concerned = seen.Where(role => Fits(removed, role.Role) || Fits(added, role.Role)).Select(role => role.Id).ToArray();
        // No other permission can come or go.
        GroupRule?[] groups = [removed is null ? null : rules.FindGroup(removed.GroupId), added is null ? null : rules.FindGroup(added.GroupId)];
        Permission[] permissions = [.. catalogue.Permissions.Where(permission => groups.Any(group => group is not null && group.Permissions.Concat(group.Denied).Any(written => written.Covers(permission))))];
        var effects = new List<MappingEffect>();
        var lookedAt = new HashSet<Guid>();
        // A pattern may fit thousands of roles. Their holders in one order would cost them all; a few roles after the other
        // cost no more than what is looked at.
        foreach (var some in concerned.Chunk(RolesAtOnce))
        {
            Guid? next = null;
            do
            {
                (var page, next) = await subjects.ListHoldersAsync(some, [], PageSize, next, cancellationToken);
                foreach (var account in page.Where(account => !lookedAt.Contains(account.AccountId)))
                {
                    if (effects.Count == MostNamed || lookedAt.Count == MostLookedAt)
                    {
                        return Report(isAll: false);
                    }

                    lookedAt.Add(account.AccountId);
                    if (On(account, rules, removed, added, permissions) is { } effect)
                    {
                        effects.Add(effect);
                    }
                }
            }
            while (next is not null);
        }

        return Report(isAll: true);

        MappingReport Report(bool isAll) => new(
            [.. seen.Select(role => role.Role).Where(role => Fits(added ?? removed, role)).OrderBy(role => new RolePattern(role.Kind, role.Client, role.Name), RolePattern.InOrder)],
            effects,
            lookedAt.Count - effects.Count,
            isAll);
    }

    private static bool Fits(MappingRule? mapping, KeycloakRole role) => mapping?.Pattern.Matches(role) is true;

    // The rules as they would be differ from those that are by one mapping: making all of them anew would take longer the
    // more there are.
    private MappingEffect? On(KnownSubject account, AccessRules rules, MappingRule? removed, MappingRule? added, Permission[] permissions)
    {
        var now = account.Under(rules);
        IEnumerable<Membership> kept = now.Access.Memberships.Where(membership => removed is null || membership.Origin.Mapping?.Id != removed.Id);
        var gained = added is not null && rules.FindGroup(added.GroupId) is { } group
            ? account.Roles.Where(role => Fits(added, role)).Select(role => new Membership(group, Origin.Keycloak(role, added)))
            : [];
        var then = now with { Access = new EffectiveAccess([.. kept, .. gained]) };
        var (joins, leaves) = (Beyond(then, now), Beyond(now, then));
        if (joins is null && leaves is null)
        {
            return null;
        }

        var (gains, loses) = AccessImpact.Between(now, then, permissions, catalogue);
        return new MappingEffect(account.AccountId, account.Username, joins, leaves, gains, loses);
    }

    // A group that the one is in and the other is not.
    private static GroupRule? Beyond(Subject one, Subject other)
    {
        var known = other.Access.Memberships.Select(membership => membership.Group.Id).ToHashSet();
        return one.Access.Memberships.Select(membership => membership.Group).FirstOrDefault(group => !known.Contains(group.Id));
    }
}
