using KeycloakAccess.Permissions;

namespace KeycloakAccess.Explanation;

/// <summary>
/// A change of memberships by hand after which an account would be allowed what it is refused. Without a group, a new one is made that
/// grants just that; the groups that are left are those that deny it.
/// </summary>
internal sealed record Remedy(
    GroupRule? Join, IReadOnlyList<GroupRule> Leave, IReadOnlyList<Permission> AlsoGains, IReadOnlyList<Permission> Loses)
{
    public bool MakesGroup { get; init; }
}

/// <summary>What no membership by hand changes stands in <c>Obstacles</c>, in words, and then nothing is offered.</summary>
internal sealed record RemedyList(bool IsAllowed, IReadOnlyList<Remedy> Remedies, IReadOnlyList<string> Obstacles);

/// <summary>What it would take, tried out: nothing is offered that would not work.</summary>
internal static class Remedies
{
    private const int Most = 10;

    /// <summary>The smallest first: by how much else comes along and goes, then by name.</summary>
    public static RemedyList Find(KnownSubject account, Permission permission, AccessRules rules, PermissionCatalogue catalogue)
    {
        var requirement = new AccessRequirement(permission);
        var before = account.Under(rules);
        if (Decision.Evaluate(before, requirement, catalogue).IsAllowed)
        {
            return new RemedyList(IsAllowed: true, [], []);
        }

        // A disabled account is refused whatever its groups say: what it would be allowed then is another question.
        var enabled = before with { IsEnabled = true };
        var obstacles = new List<string>();
        if (!before.IsEnabled)
        {
            obstacles.Add("The account is disabled: activate it first.");
        }

        var denying = enabled.Access.Memberships
            .Where(membership => membership.Group.Denied.Any(denied => denied.Covers(permission)))
            .ToArray();
        obstacles.AddRange(denying
            .Where(membership => !membership.Origin.IsDirect)
            .Select(membership => $"The group {membership.Group.Name} denies {permission}, and the account is in it by "
                + $"{membership.Origin}: that is changed in Keycloak, at the mapping, or in the group.")
            .Distinct(StringComparer.Ordinal));
        if (obstacles.Count > 0)
        {
            return new RemedyList(IsAllowed: false, [], obstacles);
        }

        GroupRule[] leave = [.. denying.Select(membership => membership.Group).DistinctBy(group => group.Id)];
        var remedies = Candidates(rules, permission)
            .Select(join => Try(enabled, join, leave, permission, (rules, catalogue)))
            .OfType<Remedy>()
            .OrderBy(remedy => remedy.AlsoGains.Count + remedy.Loses.Count)
            .ThenBy(remedy => remedy.MakesGroup)
            .ThenBy(remedy => remedy.Join?.Name, StringComparer.Ordinal)
            .Take(Most)
            .ToArray();
        // Where leaving is enough, nothing has to be joined.
        return new RemedyList(
            IsAllowed: false, Array.Find(remedies, remedy => remedy.Join is null) is { } leaving ? [leaving] : remedies, []);
    }

    /// <summary>The name of a group that grants this alone: <c>book-delete-only</c>.</summary>
    public static string NameOfNewGroup(Permission permission) => $"{permission.Model}-{permission.Action}-only";

    // None, where a denial alone stands in the way; each group that grants it; and one that does not exist yet.
    private static IEnumerable<GroupRule?> Candidates(AccessRules rules, Permission permission)
    {
        yield return null;
        foreach (var granting in rules.GroupsGranting(permission))
        {
            yield return granting.Group;
        }

        if (rules.FindGroup(NameOfNewGroup(permission)) is null)
        {
            yield return new GroupRule(Guid.Empty, NameOfNewGroup(permission), [permission], [], IsDefault: false);
        }
    }

    private static Remedy? Try(
        Subject before,
        GroupRule? join,
        GroupRule[] leave,
        Permission permission,
        (AccessRules Rules, PermissionCatalogue Catalogue) known)
    {
        var (rules, catalogue) = known;
        var left = leave.Select(group => group.Id).ToHashSet();
        var memberships = before.Access.Memberships
            .Where(membership => !(membership.Origin.IsDirect && left.Contains(membership.Group.Id)))
            .Concat(join is null ? [] : [new Membership(join, Origin.Direct)])
            .ToArray();
        var after = before with { Access = new EffectiveAccess(memberships) };
        if (!Decision.Evaluate(after, new AccessRequirement(permission), catalogue).IsAllowed)
        {
            return null;
        }

        var (gains, loses) = AccessImpact.Compare(before, after, catalogue.Permissions, catalogue);
        return new Remedy(join, leave, [.. gains.Where(gained => gained != permission)], loses)
        {
            MakesGroup = join is not null && rules.FindGroup(join.Id) is null,
        };
    }
}
