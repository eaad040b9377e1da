using System.Text.RegularExpressions;
using KeycloakAccess.Permissions;

namespace Api.Tests.Permissions;

/// <summary>
/// What must hold of every question: the memberships are those that a slow and plain reading of the rules finds, the
/// decision follows from them, and the explanation tells the truth about both.
/// </summary>
internal static class Agreement
{
    public static void Check(Situation situation)
    {
        var (rules, catalogue, subject) = (situation.Rules, situation.Catalogue, situation.Subject);
        CheckMemberships(situation, subject.Access);
        var explanation = situation.Explain();
        CheckGrantPaths(situation, rules, explanation);
        CheckReason(situation, catalogue, subject, explanation);
        CheckGrantingGroups(situation, rules, explanation);
    }

    /// <summary>The pattern as a regular expression, which is another machine than the one under test.</summary>
    public static bool Matches(string pattern, string name) => Regex.IsMatch(
        name,
        $@"\A{string.Join(".*", pattern.Split('*').Select(Regex.Escape))}\z",
        RegexOptions.Singleline | RegexOptions.CultureInvariant,
        TimeSpan.FromSeconds(10));

    private static void CheckMemberships(Situation situation, EffectiveAccess access)
    {
        var groups = situation.Groups.ToDictionary(group => group.Id);
        var expected =
            situation.Groups.Where(group => group.IsDefault).Select(group => $"{group.Name}<default-group")
            .Concat(situation.Direct.Where(groups.ContainsKey).Select(id => $"{groups[id].Name}<direct"))
            .Concat(
                from role in situation.Roles
                from mapping in situation.Mappings
                where groups.ContainsKey(mapping.GroupId)
                where mapping.Pattern.Kind == role.Kind && mapping.Pattern.Client == role.Client && Matches(mapping.Pattern.Name, role.Name)
                select Notation.Write(new Membership(groups[mapping.GroupId], Origin.Keycloak(role, mapping))));

        Assert.Equal(expected.Order(StringComparer.Ordinal), access.Memberships.Select(Notation.Write).Order(StringComparer.Ordinal));
    }

    // Every grant path begins with what the account has, is joined without a gap, and ends with what the group says.
    private static void CheckGrantPaths(Situation situation, AccessRules rules, DecisionExplanation explanation)
    {
        foreach (var (grantPath, isGrant) in explanation.Grants.Select(grantPath => (grantPath, true))
            .Concat(explanation.Denials.Select(grantPath => (grantPath, false))))
        {
            Assert.Contains(grantPath.Permission, isGrant ? grantPath.Group.Permissions : grantPath.Group.Denied);
            Assert.True(grantPath.Permission.Covers(situation.Requirement.Permission!.Value), grantPath.ToString());
            Assert.Same(
                grantPath.Group, rules.FindGroup(grantPath.Group.Id) is { } known && known == grantPath.Group ? grantPath.Group : null);
            switch (grantPath.Origin)
            {
                case { Role: { } role, Mapping: { } mapping }:
                    Assert.Contains(role, situation.Roles);
                    Assert.Contains(mapping, situation.Mappings);
                    Assert.True(mapping.Pattern.Matches(role), grantPath.ToString());
                    Assert.Equal(grantPath.Group.Id, mapping.GroupId);
                    Assert.Equal(RoleKinds.Write(role.Kind), grantPath.Origin.Kind);
                    break;
                case { Kind: "direct-member" }:
                    Assert.Contains(grantPath.Group.Id, situation.Direct);
                    break;
                default:
                    Assert.Equal("default-group", grantPath.Origin.Kind);
                    Assert.True(grantPath.Group.IsDefault, grantPath.ToString());
                    break;
            }
        }

        Assert.Equal(explanation.Grants.OrderBy(grantPath => grantPath.ToString(), StringComparer.Ordinal), explanation.Grants);
        Assert.Equal(explanation.Denials.OrderBy(grantPath => grantPath.ToString(), StringComparer.Ordinal), explanation.Denials);
    }

    // The decision, once more, out of nothing but the lists of the explanation.
    private static void CheckReason(Situation situation, PermissionCatalogue catalogue, Subject subject, DecisionExplanation explanation)
    {
        var requirement = situation.Requirement;
        var narrowed = explanation.HeldScopes is not null
            && explanation.Scopes.Count > 0
            && (explanation.HeldScopes.Count > 0
                || requirement.RequiresScopes
                || (requirement.Permission is { } model && catalogue.RequiresScopes(model.Model)));
        var covered = !narrowed || explanation.Scopes.Any(set => set.All(explanation.HeldScopes!.Contains));
        var expected = (subject, requirement) switch
        {
            ({ IsEnabled: false }, _) => DecisionReason.AccountDisabled,
            (_, { Only: { } only }) when only != subject.Kind => DecisionReason.AccountKindRefused,
            (_, { Permission: { } permission }) when !catalogue.Permissions.Contains(permission) => DecisionReason.PermissionMissing,
            _ when explanation.Denials.Count > 0 => DecisionReason.PermissionDenied,
            (_, { Permission: not null }) when explanation.Grants.Count == 0 => DecisionReason.PermissionMissing,
            _ => covered ? DecisionReason.Allowed : DecisionReason.InsufficientScope,
        };

        Assert.Equal(expected, explanation.Decision.Reason);
        Assert.Equal(situation.Decide(), explanation.Decision);
        Assert.Equal(expected == DecisionReason.Allowed, explanation.Decision.IsAllowed);
        Assert.Equal(
            expected == DecisionReason.InsufficientScope ? string.Join(' ', explanation.Scopes[0]) : "",
            explanation.Decision.Scope);
        Assert.Equal(situation.Scopes?.Where(catalogue.Scopes.Contains).Order(StringComparer.Ordinal), explanation.HeldScopes);
        if (requirement.Permission is { } asked)
        {
            Assert.Equal(subject.Access.Grants(asked), explanation.Grants.Count > 0);
            Assert.Equal(subject.Access.Denies(asked), explanation.Denials.Count > 0);
        }
    }

    // Whoever lacks a grant is told every group that has it, and every mapping that leads there.
    private static void CheckGrantingGroups(Situation situation, AccessRules rules, DecisionExplanation explanation)
    {
        if (explanation.Grants.Count > 0 || situation.Requirement.Permission is not { } permission)
        {
            Assert.Empty(explanation.GrantingGroups);
            return;
        }

        Assert.Equal(
            situation.Groups.Where(group => group.Permissions.Any(granted => granted.Covers(permission)))
                .Select(group => group.Name)
                .Order(StringComparer.Ordinal),
            explanation.GrantingGroups.Select(way => way.Group.Name));
        foreach (var way in explanation.GrantingGroups)
        {
            Assert.Equal(
                rules.Mappings.Where(mapping => mapping.GroupId == way.Group.Id)
                    .Select(mapping => mapping.Pattern.ToString())
                    .Order(StringComparer.Ordinal),
                way.Mappings.Select(mapping => mapping.Pattern.ToString()));
        }
    }
}
