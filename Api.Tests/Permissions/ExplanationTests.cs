using KeycloakAccess.Permissions;

namespace Api.Tests.Permissions;

/// <summary>Why a decision is as it is: every chain, in words that name the role, the mapping and the group.</summary>
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
        Groups = [Notation.Group("readers +book:view +book:*"), Notation.Group("interns -book:*"), Notation.Group("all +*:* everybody"), Notation.Group("keepers +loan:*"), Notation.Group("archive +loan:view")],
        ByHand = [Notation.Id("readers"), Notation.Id("interns")],
    };

    [Fact]
    public void Every_chain_is_told_not_only_the_first()
    {
        var explanation = Situation.Explain();

        Assert.Equal(
            [
                "Keycloak group /operations/leads → readers → book:*",
                "Keycloak group /operations/leads → readers → book:view",
                "by hand → readers → book:*",
                "by hand → readers → book:view",
                "for everybody → all → *:*",
                "realm role staff → readers → book:*",
                "realm role staff → readers → book:view",
                "role book-reader of client acme-api (as book-*) → readers → book:*",
                "role book-reader of client acme-api (as book-*) → readers → book:view",
            ],
            explanation.Grants.Select(chain => chain.ToString()));
        Assert.Equal(["by hand → interns → book:*"], explanation.Denials.Select(chain => chain.ToString()));
        Assert.Equal(DecisionReason.PermissionDenied, explanation.Decision.Reason);
        Assert.Empty(explanation.Ways);
    }

    [Fact]
    public void What_is_missing_comes_with_the_groups_that_would_grant_it_and_the_roles_that_lead_there()
    {
        var without = Situation with { Groups = [.. Situation.Groups.Where(group => group.Name != "all")], Demand = new Demand(new Permission("loan", "view")) };

        var explanation = without.Explain();

        Assert.Equal(DecisionReason.PermissionMissing, explanation.Decision.Reason);
        Assert.Empty(explanation.Grants);
        Assert.Equal(
            ["archive: ", "keepers: realm role clerk, role keeper-* of client acme-api"],
            explanation.Ways.Select(way => $"{way.Group.Name}: {string.Join(", ", way.Mappings.Select(mapping => mapping.Pattern.ToString()))}"));
    }

    [Fact]
    public void Scopes_are_told_beside_those_that_the_token_holds()
    {
        var asked = Situation with { Scopes = new HashSet<string> { "openid", "books:write", "accounts:read" }, Demand = new Demand(new Permission("author", "view"), [["authors:read", "books:read"], ["library:read"]]) };

        var explanation = asked.Explain();

        Assert.Equal([["authors:read", "books:read"], ["library:read"]], explanation.Scopes);
        Assert.Equal(["accounts:read", "books:write"], explanation.HeldScopes);
        Assert.Equal("authors:read books:read", explanation.Decision.Scope);
        Assert.Null((asked with { Scopes = null }).Explain().HeldScopes);
        Assert.Equal([["authors:read"]], (asked with { Demand = new Demand(new Permission("author", "view")) }).Explain().Scopes);
    }

    [Fact]
    public void What_any_account_may_has_no_chains_and_may_have_scopes()
    {
        var explanation = (Situation with { Demand = new Demand(null, [["library:read"]]), Scopes = new HashSet<string> { "books:read", "openid" } }).Explain();

        Assert.Equal(DecisionReason.InsufficientScope, explanation.Decision.Reason);
        Assert.Equal([["library:read"]], explanation.Scopes);
        Assert.Equal(["books:read"], explanation.HeldScopes);
        Assert.Empty(explanation.Grants);
        Assert.Empty(explanation.Denials);
        Assert.Empty(explanation.Ways);
    }

    [Fact]
    public void What_does_not_exist_has_no_scopes_and_whoever_holds_everything_is_told_how_it_would_be_granted()
    {
        var explanation = (Situation with { Demand = new Demand(new Permission("car", "view"), [["library:read"]]) }).Explain();

        Assert.Equal(DecisionReason.PermissionMissing, explanation.Decision.Reason);
        Assert.Empty(explanation.Scopes);
        Assert.Equal(["for everybody → all → *:*"], explanation.Grants.Select(chain => chain.ToString()));
    }

    [Fact]
    public void A_switched_off_account_is_told_its_chains_too()
    {
        var explanation = (Situation with { IsActive = false }).Explain();

        Assert.Equal(DecisionReason.AccountInactive, explanation.Decision.Reason);
        Assert.Equal(9, explanation.Grants.Count);
    }

    [Fact]
    public void Origins_are_told_by_the_role_and_by_the_pattern_that_it_fits() => Assert.Equal(
        [
            "Keycloak group /operations/leads", "by hand", "by hand", "for everybody", "realm role staff", "role book-reader of client acme-api (as book-*)",
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
