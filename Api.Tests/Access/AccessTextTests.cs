using KeycloakAccess.RulesDocument;

namespace Api.Tests.Access;

/// <summary>Differences in words: direct members stand in no document, so that a reader must be told of them.</summary>
public sealed class AccessTextTests
{
    [Theory]
    // What it grants and denies before | after | said of its one member, and of three
    [InlineData("book:view", "", "book:view book:add", "", " (1 member directly gains by it)", " (3 direct members gain by it)")]
    [InlineData("", "", "*:*", "", " (1 member directly gains by it)", " (3 direct members gain by it)")]
    [InlineData("book:view", "", "book:*", "", " (1 member directly gains by it)", " (3 direct members gain by it)")]
    [InlineData("book:*", "book:delete", "book:*", "", " (1 member directly gains by it)", " (3 direct members gain by it)")]
    [InlineData("book:*", "book:*", "book:*", "book:delete", " (1 member directly gains by it)", " (3 direct members gain by it)")]
    [InlineData("book:view", "", "account:view", "", " (1 member directly gains by it)", " (3 direct members gain by it)")]
    // A denial that nobody can read denies everything.
    [InlineData("book:*", "book:veiw:x", "book:*", "", " (1 member directly gains by it)", " (3 direct members gain by it)")]
    // Nobody gains.
    [InlineData("book:view book:add", "", "book:view", "", "", "")]
    [InlineData("book:*", "", "book:view", "", "", "")]
    [InlineData("*:*", "", "book:*", "", "", "")]
    [InlineData("book:*", "", "book:*", "book:delete", "", "")]
    [InlineData("book:*", "book:delete", "book:*", "book:*", "", "")]
    public void A_changed_group_says_how_many_direct_members_gain(
        string granted, string denied, string grantedThen, string deniedThen, string one, string three)
    {
        Assert.Equal("~ group a" + one, Head(Group(granted, denied), Group(grantedThen, deniedThen), members: 1));
        Assert.Equal("~ group a" + three, Head(Group(granted, denied), Group(grantedThen, deniedThen), members: 3));
        Assert.Equal("~ group a", Head(Group(granted, denied), Group(grantedThen, deniedThen), members: 0));
    }

    [Fact]
    public void A_removed_group_says_how_many_direct_members_lose_it_and_a_new_one_has_none()
    {
        Assert.Equal("- group a (1 member directly loses it)", Head(Group("book:view", ""), after: null, members: 1));
        Assert.Equal("- group a (3 direct members lose it)", Head(Group("book:view", ""), after: null, members: 3));
        Assert.Equal("- group a", Head(Group("book:view", ""), after: null, members: 0));
        Assert.Equal("+ group a", Head(before: null, Group("book:view", ""), members: 0));
    }

    [Fact]
    public void A_mapping_or_a_description_means_nothing_for_those_who_are_members_already()
    {
        var after = new GroupEntry("a", "Else", ["book:view"], [], isDefault: true, [new MappingEntry("realm-role", "", "staff")]);

        Assert.Equal("~ group a", Head(Group("book:view", ""), after, members: 3));
    }

    private static string Head(GroupEntry? before, GroupEntry? after, long members) =>
        AccessText.Lines(AccessDiff.Compare(Document(before), Document(after), _ => members)).First();

    private static AccessDocument Document(GroupEntry? group) => new(group is null ? [] : [group]);

    private static GroupEntry Group(string granted, string denied) =>
        new(
            "a",
            "",
            granted.Split(' ', StringSplitOptions.RemoveEmptyEntries),
            denied.Split(' ', StringSplitOptions.RemoveEmptyEntries),
            isDefault: false,
            []);
}
