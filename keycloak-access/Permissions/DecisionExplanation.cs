namespace KeycloakAccess.Permissions;

/// <summary>One way from Keycloak, or from somebody's hand, through a group to a permission.</summary>
/// <param name="Origin">What puts the account into the group.</param>
/// <param name="Group">The group.</param>
/// <param name="Permission">What the group grants or denies, as it is written there.</param>
internal sealed record GrantPath(Origin Origin, GroupRule Group, Permission Permission)
{
    public override string ToString() => $"{Origin} → {Group.Name} → {Permission}";
}

/// <summary>A group that would grant what is missing, and which roles lead there.</summary>
/// <param name="Group">The group.</param>
/// <param name="Mappings">The mappings that lead into it.</param>
internal sealed record GrantingGroup(GroupRule Group, IReadOnlyList<MappingRule> Mappings);

/// <summary>A decision with everything that led to it. It holds every grant path, not only the first one found.</summary>
/// <param name="Decision">The decision, made by the evaluator that every call asks.</param>
/// <param name="Grants">The grant paths that grant the permission.</param>
/// <param name="Denials">The grant paths that deny it. One is enough.</param>
/// <param name="Scopes">The sets of scopes of which a token that is narrowed must hold one; none where no scope matters.</param>
/// <param name="HeldScopes">The scopes of this API that the token holds; <see langword="null"/> where no token is at hand.</param>
/// <param name="GrantingGroups">The groups that would grant the permission, where none does.</param>
internal sealed record DecisionExplanation(
    Decision Decision,
    IReadOnlyList<GrantPath> Grants,
    IReadOnlyList<GrantPath> Denials,
    IReadOnlyList<IReadOnlyList<string>> Scopes,
    IReadOnlyList<string>? HeldScopes,
    IReadOnlyList<GrantingGroup> GrantingGroups)
{
    /// <summary>Explains what <see cref="Decision.Evaluate"/> decides. A pure function, in a stable order.</summary>
    /// <param name="subject">Who asks.</param>
    /// <param name="requirement">For what.</param>
    /// <param name="rules">The rules that the subject's access was resolved by.</param>
    /// <param name="catalogue">Every permission and scope that exists.</param>
    public static DecisionExplanation Create(Subject subject, AccessRequirement requirement, AccessRules rules, PermissionCatalogue catalogue)
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
