namespace KeycloakAccess.Permissions;

internal sealed record GrantPath(Origin Origin, GroupRule Group, Permission Permission)
{
    public override string ToString() => $"{Origin} → {Group.Name} → {Permission}";
}

internal sealed record GrantingGroup(GroupRule Group, IReadOnlyList<MappingRule> Mappings);

/// <summary>Every grant path, not only the first one found. HeldScopes is null where no token is at hand.</summary>
internal sealed record DecisionExplanation(
    Decision Decision,
    IReadOnlyList<GrantPath> Grants,
    IReadOnlyList<GrantPath> Denials,
    IReadOnlyList<IReadOnlyList<string>> Scopes,
    IReadOnlyList<string>? HeldScopes,
    IReadOnlyList<GrantingGroup> GrantingGroups)
{
    public static DecisionExplanation Create(
        Subject subject, AccessRequirement requirement, AccessRules rules, PermissionCatalogue catalogue)
    {
        var decision = Decision.Evaluate(subject, requirement, catalogue);
        if (requirement.Permission is not { } permission)
        {
            return new DecisionExplanation(decision, [], [], Decision.Alternatives(requirement, catalogue), Held(subject, catalogue), []);
        }

        var grants = GrantPaths(subject, permission, group => group.Permissions);
        return new DecisionExplanation(
            decision,
            grants,
            GrantPaths(subject, permission, group => group.Denied),
            catalogue.Contains(permission) ? Decision.Alternatives(requirement, catalogue) : [],
            Held(subject, catalogue),
            grants.Length > 0 ? [] : rules.GroupsGranting(permission));
    }

    private static GrantPath[] GrantPaths(Subject subject, Permission permission, Func<GroupRule, IReadOnlyList<Permission>> written) =>
        [.. subject.Access.Memberships
            .SelectMany(membership => written(membership.Group)
                .Where(one => one.Covers(permission))
                .Select(one => new GrantPath(membership.Origin, membership.Group, one)))
            .OrderBy(grantPath => grantPath.ToString(), StringComparer.Ordinal)];

    private static string[]? Held(Subject subject, PermissionCatalogue catalogue) =>
        subject.Scopes is null ? null : [.. subject.Scopes.Where(catalogue.IsScope).Order(StringComparer.Ordinal)];
}
