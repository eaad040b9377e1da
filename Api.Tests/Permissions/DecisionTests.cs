using Api.Keycloak;
using Api.Permissions;
using Microsoft.Extensions.Options;

namespace Api.Tests.Permissions;

/// <summary>The truth table of the decision: account, groups and scopes.</summary>
public sealed class DecisionTests
{
    private static readonly PermissionCatalogue Catalogue = new(
    [
        new("book", "books", "Books", Permission.Actions),
        new("account", "accounts", "Accounts", [Permission.View, Permission.Change]),
    ],
    [],
    Options.Create(new PermissionOptions()));

    [Theory]
    // granted | scopes | active | asked | answer
    [InlineData("book:view", "", true, "book:view", "Allowed")]
    [InlineData("book:view", "", true, "book:add", "PermissionMissing")]
    [InlineData("book:view", "", true, "account:view", "PermissionMissing")]
    [InlineData("", "", true, "book:view", "PermissionMissing")]
    [InlineData("*:*", "", true, "book:delete", "Allowed")]
    [InlineData("*:*", "", true, "account:change", "Allowed")]
    [InlineData("book:*", "", true, "book:delete", "Allowed")]
    [InlineData("book:*", "", true, "account:view", "PermissionMissing")]
    [InlineData("*:view", "", true, "account:view", "PermissionMissing")]
    [InlineData("*:*", "", false, "book:view", "AccountInactive")]
    [InlineData("", "", false, "book:view", "AccountInactive")]
    // Scopes that are not ours mean nothing; ours narrow, and never widen.
    [InlineData("book:*", "openid profile email", true, "book:add", "Allowed")]
    [InlineData("book:*", "books:read", true, "book:view", "Allowed")]
    [InlineData("book:*", "books:read", true, "book:add", "InsufficientScope")]
    [InlineData("book:*", "books:read", true, "book:delete", "InsufficientScope")]
    [InlineData("book:*", "books:write", true, "book:change", "Allowed")]
    [InlineData("book:*", "books:write", true, "book:view", "InsufficientScope")]
    [InlineData("book:*", "books:read books:write", true, "book:view", "Allowed")]
    [InlineData("book:*", "books:read books:write", true, "book:add", "Allowed")]
    [InlineData("*:*", "books:read", true, "account:view", "InsufficientScope")]
    [InlineData("*:*", "accounts:read books:read", true, "account:view", "Allowed")]
    [InlineData("book:view", "books:write", true, "book:add", "PermissionMissing")]
    [InlineData("*:*", "books:read", false, "book:view", "AccountInactive")]
    // Case counts, and a scope that merely begins alike is another one.
    [InlineData("Book:View", "", true, "book:view", "PermissionMissing")]
    [InlineData("book:*", "Books:Read", true, "book:add", "Allowed")]
    [InlineData("book:*", "books:readonly", true, "book:add", "Allowed")]
    // What does not exist is denied, whatever is granted.
    [InlineData("*:*", "", true, "book:publish", "PermissionMissing")]
    [InlineData("*:*", "", true, "account:delete", "PermissionMissing")]
    [InlineData("*:*", "", true, "car:view", "PermissionMissing")]
    [InlineData("*:*", "", true, "*:*", "PermissionMissing")]
    public void The_truth_table_holds(string granted, string scopes, bool active, string asked, string expected)
    {
        Assert.True(Permission.TryParse(asked, out var permission));

        var decision = Decision.On(
            new Subject(Guid.NewGuid(), AccountKind.Service, active, Access(granted), scopes.Split(' ', StringSplitOptions.RemoveEmptyEntries).ToHashSet(StringComparer.Ordinal)),
            new Demand(permission),
            Catalogue);

        Assert.Equal(expected, decision.Reason.ToString());
        Assert.Equal(expected == "Allowed", decision.IsAllowed);
    }

    [Fact]
    public void Fewer_roles_never_grant_more_and_their_order_does_not_matter()
    {
        var groups = Catalogue.Permissions.Select((permission, i) => new GroupRule(Guid.NewGuid(), $"g{i}", [permission], [], ForEverybody: false)).ToArray();
        var roles = groups.Select((_, i) => new KeycloakRole(RoleKind.RealmRole, "", $"r{i}")).ToArray();
        var rules = new AccessRules(1, groups, roles.Zip(groups, (role, group) => new MappingRule(Guid.NewGuid(), new RolePattern(role.Kind, role.Client, role.Name), group.Id)));
        var random = new Random(17);
        for (var round = 0; round < 500; round++)
        {
            var held = roles.Where(_ => random.Next(2) == 0).ToArray();
            var fewer = held.Where(_ => random.Next(2) == 0).ToArray();
            var shuffled = held.OrderBy(_ => random.Next()).ToArray();
            var all = Held(rules.Resolve(held, []));

            Assert.Subset(all, Held(rules.Resolve(fewer, [])));
            Assert.Equal(all, Held(rules.Resolve(shuffled, [])));
        }
    }

    [Fact]
    public void Realm_roles_client_roles_and_groups_of_one_name_are_three_things()
    {
        var group = new GroupRule(Guid.NewGuid(), "g", [new("book", "view")], [], ForEverybody: false);
        var rules = new AccessRules(1, [group], [new(Guid.NewGuid(), new(RoleKind.ClientRole, "acme-api", "staff"), group.Id)]);

        Assert.Empty(rules.Resolve([new(RoleKind.RealmRole, "", "staff")], []).Memberships);
        Assert.Empty(rules.Resolve([new(RoleKind.KeycloakGroup, "", "staff")], []).Memberships);
        Assert.Empty(rules.Resolve([new(RoleKind.ClientRole, "other-api", "staff")], []).Memberships);
        Assert.Empty(rules.Resolve([new(RoleKind.ClientRole, "acme-api", "Staff")], []).Memberships);
        Assert.Single(rules.Resolve([new(RoleKind.ClientRole, "acme-api", "staff")], []).Memberships);
    }

    [Fact]
    public void A_membership_by_hand_needs_no_role_and_a_deleted_group_counts_for_nothing()
    {
        var group = new GroupRule(Guid.NewGuid(), "g", [new("book", "view")], [], ForEverybody: false);
        var rules = new AccessRules(1, [group], []);

        Assert.True(rules.Resolve([], [group.Id]).Grants(new("book", "view")));
        Assert.Empty(rules.Resolve([], [Guid.NewGuid()]).Memberships);
    }

    [Theory]
    [InlineData("book:view", null)]
    [InlineData("book:*", null)]
    [InlineData("*:*", null)]
    [InlineData("book:veiw", "Did you mean book:view?")]
    [InlineData("books:view", "Did you mean book:view?")]
    [InlineData("*:view", "Wildcards are book:* and *:*")]
    [InlineData("car:*", "Models are account, book")]
    [InlineData("book", "not of the form")]
    [InlineData("book:view:all", "not of the form")]
    [InlineData("", "not of the form")]
    public void A_permission_that_does_not_exist_is_a_mistake_with_the_nearest_name(string text, string? expected)
    {
        var mistake = Catalogue.Mistake(text, wildcards: true);

        if (expected is null)
        {
            Assert.Null(mistake);
        }
        else
        {
            Assert.Contains(expected, mistake, StringComparison.Ordinal);
        }
    }

    private static EffectiveAccess Access(string granted)
    {
        var permissions = granted.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(text => Permission.TryParse(text, out var permission) ? permission : default).ToArray();
        return new([new(new GroupRule(Guid.NewGuid(), "group", permissions, [], ForEverybody: false), Origin.ByHand)]);
    }

    private static HashSet<Permission> Held(EffectiveAccess access) => [.. Catalogue.Permissions.Where(access.Grants)];
}
