using KeycloakAccess.Permissions;

namespace Api.Tests.Permissions;

/// <summary>Why a decision is as it is: every grant path, in words that name the role, the mapping and the group.</summary>
public sealed class ExplanationTests
{
    private static readonly Situation Situation = new()
    {
        Roles = [Notation.Role("staff"), Notation.Role("acme-api/book-reader"), Notation.Role("/operations/leads")],
        Mappings =
        [
            Notation.Mapping("staff>readers"), Notation.Mapping("acme-api/book-*>readers"), Notation.Mapping("/operations/leads>readers"),
            Notation.Mapping("clerk>keepers"), Notation.Mapping("acme-api/keeper-*>keepers"),
        ],
        Groups =
        [
            Notation.Group("readers +book:view +book:*"), Notation.Group("interns -book:*"), Notation.Group("all +*:* default-group"),
            Notation.Group("keepers +loan:*"), Notation.Group("archive +loan:view"),
        ],
        Direct = [Notation.Id("readers"), Notation.Id("interns")],
    };

    [Fact]
    public void Every_grant_path_is_told_not_only_the_first()
    {
        var explanation = Situation.Explain();

        Assert.Equal(
            [
                "Keycloak group /operations/leads → readers → book:*",
                "Keycloak group /operations/leads → readers → book:view",
                "default group → all → *:*",
                "direct member → readers → book:*",
                "direct member → readers → book:view",
                "realm role staff → readers → book:*",
                "realm role staff → readers → book:view",
                "role book-reader of client acme-api (as book-*) → readers → book:*",
                "role book-reader of client acme-api (as book-*) → readers → book:view",
            ],
            explanation.Grants.Select(grantPath => grantPath.ToString()));
        Assert.Equal(["direct member → interns → book:*"], explanation.Denials.Select(grantPath => grantPath.ToString()));
        Assert.Equal(DecisionReason.PermissionDenied, explanation.Decision.Reason);
        Assert.Empty(explanation.GrantingGroups);
    }

    [Fact]
    public void What_is_missing_comes_with_the_groups_that_would_grant_it_and_the_roles_that_lead_there()
    {
        var without = Situation with
        {
            Groups = [.. Situation.Groups.Where(group => group.Name != "all")],
            Requirement = new AccessRequirement(new Permission("loan", "view")),
        };

        var explanation = without.Explain();

        Assert.Equal(DecisionReason.PermissionMissing, explanation.Decision.Reason);
        Assert.Empty(explanation.Grants);
        Assert.Equal(
            ["archive: ", "keepers: realm role clerk, role keeper-* of client acme-api"],
            explanation.GrantingGroups.Select(way =>
                $"{way.Group.Name}: {string.Join(", ", way.Mappings.Select(mapping => mapping.Pattern.ToString()))}"));
    }

    [Fact]
    public void Scopes_are_told_beside_those_that_the_token_holds()
    {
        var asked = Situation with
        {
            Scopes = new HashSet<string> { "openid", "books:write", "accounts:read" },
            Requirement = new AccessRequirement(new Permission("author", "view"), [["authors:read", "books:read"], ["library:read"]]),
        };

        var explanation = asked.Explain();

        Assert.Equal([["authors:read", "books:read"], ["library:read"]], explanation.Scopes);
        Assert.Equal(["accounts:read", "books:write"], explanation.HeldScopes);
        Assert.Equal("authors:read books:read", explanation.Decision.Scope);
        Assert.Null((asked with { Scopes = null }).Explain().HeldScopes);
        Assert.Equal(
            [["authors:read"]], (asked with { Requirement = new AccessRequirement(new Permission("author", "view")) }).Explain().Scopes);
    }

    [Fact]
    public void What_any_account_may_has_no_grant_paths_and_may_have_scopes()
    {
        var explanation = (Situation with
        {
            Requirement = new AccessRequirement(null, [["library:read"]]),
            Scopes = new HashSet<string> { "books:read", "openid" },
        }).Explain();

        Assert.Equal(DecisionReason.InsufficientScope, explanation.Decision.Reason);
        Assert.Equal([["library:read"]], explanation.Scopes);
        Assert.Equal(["books:read"], explanation.HeldScopes);
        Assert.Empty(explanation.Grants);
        Assert.Empty(explanation.Denials);
        Assert.Empty(explanation.GrantingGroups);
    }

    [Fact]
    public void What_does_not_exist_has_no_scopes_and_whoever_holds_everything_is_told_how_it_would_be_granted()
    {
        var explanation = (Situation with
        {
            Requirement = new AccessRequirement(new Permission("car", "view"), [["library:read"]]),
        }).Explain();

        Assert.Equal(DecisionReason.PermissionMissing, explanation.Decision.Reason);
        Assert.Empty(explanation.Scopes);
        Assert.Equal(["default group → all → *:*"], explanation.Grants.Select(grantPath => grantPath.ToString()));
    }

    [Fact]
    public void A_disabled_account_is_told_its_grant_paths_too()
    {
        var explanation = (Situation with { IsEnabled = false }).Explain();

        Assert.Equal(DecisionReason.AccountDisabled, explanation.Decision.Reason);
        Assert.Equal(9, explanation.Grants.Count);
    }

    [Fact]
    public void Origins_are_told_by_the_role_and_by_the_pattern_that_it_fits() => Assert.Equal(
        [
            "Keycloak group /operations/leads", "default group", "direct member", "direct member", "realm role staff",
            "role book-reader of client acme-api (as book-*)",
        ],
        Situation.Access.Memberships.Select(membership => membership.Origin.ToString()).Order(StringComparer.Ordinal));

    [Fact]
    public void Groups_are_found_by_their_ids()
    {
        var rules = new AccessRules(7, Situation.Groups, [.. Situation.Mappings, Notation.Mapping("staff>gone")]);

        Assert.Equal(7, rules.Version);
        Assert.Equal("readers", rules.FindGroup(Notation.Id("readers"))?.Name);
        Assert.Null(rules.FindGroup(Notation.Id("gone")));
        Assert.Equal(5, rules.Groups.Count);
        // A mapping to a group that is gone leads nowhere, and nobody is told of it.
        Assert.Equal(5, rules.Mappings.Count);
        Assert.Empty(EffectiveAccess.Nothing.Memberships);
        Assert.False(EffectiveAccess.Nothing.Grants(new("book", "view")));
    }
}
