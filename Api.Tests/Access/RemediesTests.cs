using Api.Tests.Permissions;
using CsCheck;
using KeycloakAccess.Authentication;
using KeycloakAccess.Explanation;
using KeycloakAccess.Permissions;

namespace Api.Tests.Access;

/// <summary>What would it take? Nothing is offered that would not work, and what is smallest comes first.</summary>
public sealed class RemediesTests
{
    private static readonly PermissionCatalogue Catalogue = Situation.CatalogueOf();

    [Fact]
    public void Whatever_is_offered_allows_it_and_says_all_that_it_brings_and_takes() =>
        Gen.Select(Situations.All, Situations.Known).Sample((situation, permission) =>
        {
            var (rules, account) = (situation.Rules, AccountOf(situation));
            var before = account.Under(rules) with { IsEnabled = true };
            var found = Remedies.Find(account, permission, rules, Catalogue);

            Assert.Equal(Decide(account.Under(rules), permission), found.IsAllowed);
            var sizes = new List<int>();
            foreach (var remedy in found.Remedies)
            {
                var after = Apply(situation, remedy);
                Assert.True(Decide(after, permission));
                var gained = Catalogue.Permissions.Where(one => !Decide(before, one) && Decide(after, one)).ToHashSet();
                Assert.Equal(gained.Where(one => one != permission).ToHashSet(), remedy.AlsoGains.ToHashSet());
                Assert.Equal(Catalogue.Permissions.Where(one => Decide(before, one) && !Decide(after, one)).ToHashSet(), [.. remedy.Loses]);
                sizes.Add(remedy.AlsoGains.Count + remedy.Loses.Count);
            }

            Assert.Equal(sizes.Order(), sizes);
        });

    [Fact]
    public void Whoever_is_refused_is_offered_something_or_told_what_stands_in_the_way() =>
        Gen.Select(Situations.All, Situations.Known).Sample((situation, permission) =>
        {
            var found = Remedies.Find(AccountOf(situation), permission, situation.Rules, Catalogue);

            Assert.Equal(1, (found.IsAllowed ? 1 : 0) + (found.Remedies.Count > 0 ? 1 : 0) + (found.Obstacles.Count > 0 ? 1 : 0));
        });

    [Fact]
    public void The_group_that_brings_least_comes_first_and_a_new_one_brings_nothing()
    {
        GroupRule[] groups =
            [Notation.Group("all +*:*"), Notation.Group("some +book:view +book:add"), Notation.Group("one +book:view")];
        var rules = new AccessRules(1, groups, []);

        var found = Remedies.Find(AccountOf(new Situation()), new Permission("book", "view"), rules, Catalogue);

        Assert.Equal(["one", "book-view-only", "some", "all"], found.Remedies.Select(remedy => remedy.Join!.Name));
        Assert.Equal([false, true, false, false], found.Remedies.Select(remedy => remedy.MakesGroup));
    }

    [Fact]
    public void A_denial_by_hand_is_left_and_one_by_a_role_is_named_as_what_stands_in_the_way()
    {
        var denying = Notation.Group("denying -book:view");
        GroupRule[] groups = [denying, Notation.Group("readers +book:view")];
        var both = new Situation { Groups = groups, Direct = [Notation.Id("denying"), Notation.Id("readers")] };

        var left = Assert.Single(Remedies.Find(AccountOf(both), new Permission("book", "view"), both.Rules, Catalogue).Remedies);
        Assert.Null(left.Join);
        Assert.Equal(["denying"], left.Leave.Select(group => group.Name));

        var byRole = new Situation
        {
            Groups = groups,
            Direct = [Notation.Id("readers")],
            Roles = [Notation.Role("a")],
            Mappings = [new MappingRule(Guid.NewGuid(), new RolePattern(RoleKind.RealmRole, "", "a"), Notation.Id("denying"))],
        };
        var refused = Remedies.Find(AccountOf(byRole), new Permission("book", "view"), byRole.Rules, Catalogue);
        Assert.Empty(refused.Remedies);
        Assert.Contains("realm role a", Assert.Single(refused.Obstacles), StringComparison.Ordinal);
    }

    private static bool Decide(Subject subject, Permission permission) =>
        Decision.Evaluate(subject, new AccessRequirement(permission), Catalogue).IsAllowed;

    private static Subject Apply(Situation situation, Remedy remedy)
    {
        var groups = remedy is { MakesGroup: true, Join: { } added } ? [.. situation.Groups, added] : situation.Groups;
        var direct = situation.Direct.Except(remedy.Leave.Select(group => group.Id)).ToList();
        if (remedy.Join is { } join)
        {
            direct.Add(join.Id);
        }

        return (situation with { Groups = groups, Direct = direct, IsEnabled = true, Scopes = null }).Subject;
    }

    private static KnownSubject AccountOf(Situation situation) => new()
    {
        AccountId = Guid.Empty,
        Subject = "somebody",
        Username = "somebody",
        Kind = situation.Kind,
        Enabled = situation.IsEnabled,
        RolesKnown = true,
        Roles = situation.Roles,
        Groups = [.. situation.Direct.Select(id => new DirectGroup(id))],
    };
}
