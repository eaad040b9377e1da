using System.Diagnostics;
using KeycloakAccess.Authentication;
using KeycloakAccess.Permissions;

namespace Api.Tests.Permissions;

/// <summary>Rules with many patterns: what a role means is found out once, not for everybody who has it.</summary>
public sealed class ManyPatternsTests
{
    private static readonly GroupRule Group = new(Guid.NewGuid(), "a", [], [], IsDefault: false);

    [Fact]
    public void A_role_is_compared_with_every_pattern_once_however_many_have_it()
    {
        // The dearest patterns there are. To compare one role with all of them takes a tenth of a second.
        var rules = Rules(Enumerable.Range(0, 1000).Select(i => $"{string.Concat(Enumerable.Repeat("a*", 245))}{i}"));
        var role = Role(new string('a', 255));
        var watch = Stopwatch.StartNew();

        for (var account = 0; account < 1000; account++)
        {
            Assert.Empty(rules.Resolve([role], []).Memberships);
        }

        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(50));
    }

    [Fact]
    public void What_a_role_means_is_the_same_the_second_time_and_after_more_roles_than_are_remembered()
    {
        var rules = Rules(["book-*", "*-9", "book-9"]);

        for (var time = 0; time < 2; time++)
        {
            for (var i = 0; i < 15_000; i++)
            {
                Assert.Equal(i == 9 ? 3 : 1, rules.MappingsOf(Role($"book-{i}")).Count);
            }
        }
    }

    private static AccessRules Rules(IEnumerable<string> names) =>
        new(1, [Group], names.Select(name => new MappingRule(Guid.NewGuid(), new RolePattern(RoleKind.RealmRole, "", name), Group.Id)));

    private static KeycloakRole Role(string name) => new(RoleKind.RealmRole, "", name);
}
