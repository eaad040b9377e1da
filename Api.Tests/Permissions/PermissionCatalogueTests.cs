using CsCheck;
using KeycloakAccess.Permissions;
using Microsoft.Extensions.Options;

namespace Api.Tests.Permissions;

/// <summary>What exists, and what is said of what does not: the nearest known name.</summary>
public sealed class PermissionCatalogueTests
{
    private readonly PermissionCatalogue _catalogue = Situation.CatalogueOf();

    [Fact]
    public void Every_action_of_every_model_is_a_permission_by_model_and_then_as_declared() => Assert.Equal(
        [
            "account:view", "account:change", "author:view", "author:add", "author:change", "author:delete",
            "book:view", "book:add", "book:change", "book:delete", "loan:view", "loan:extend",
        ],
        _catalogue.Permissions.Select(permission => permission.ToString()));

    [Fact]
    public void Every_model_has_a_scope_for_looking_and_one_for_all_else_and_others_may_be_declared()
    {
        Assert.Equal(
            [
                "accounts:read", "accounts:write", "authors:read", "authors:write", "books:read", "books:write", "library:all",
                "library:read",
                "loans:read", "loans:write",
            ],
            _catalogue.Scopes.Order(StringComparer.Ordinal));
        Assert.Equal(["library:read", "library:all"], _catalogue.ExtraScopes.Select(scope => scope.Name));
        Assert.Equal(["books:read"], Assert.Single(_catalogue.ScopesFor(new("book", "view"))));
        Assert.Equal(["books:write"], Assert.Single(_catalogue.ScopesFor(new("book", "delete"))));
        Assert.Equal(["loans:write"], Assert.Single(_catalogue.ScopesFor(new("loan", "extend"))));
        Assert.True(_catalogue.IsScope("library:all"));
        Assert.False(_catalogue.IsScope("Books:read"));
        Assert.False(_catalogue.IsScope("openid"));
    }

    [Fact]
    public void Models_are_found_by_their_names_to_the_letter()
    {
        Assert.Equal("Books", _catalogue.FindModel("book")?.Title);
        Assert.Null(_catalogue.FindModel("Book"));
        Assert.Null(_catalogue.FindModel("books"));
        Assert.Equal(4, _catalogue.Models.Count);
    }

    [Fact]
    public void What_may_be_written_is_known_wildcards_and_all_and_nothing_else()
    {
        // A wildcard is no permission: it is granted, and never asked for.
        Assert.False(_catalogue.Contains(new("book", Permission.Any)));
        Assert.False(_catalogue.Contains(new(Permission.Any, Permission.Any)));
        Assert.False(_catalogue.Contains(default));
        Gen.Select(
            Gen.OneOf("book", "author", "loan", "car", "*", "b*", ""),
            Gen.OneOf("view", "add", "extend", "*", "v*", ""),
            Gen.OneOf(true, false)).Sample(
            (model, action, wildcards) =>
            {
                var exists = _catalogue.Permissions.Any(known => known.Model == model && known.Action == action);
                var isWildcard = action == "*" && (model == "*" || _catalogue.FindModel(model) is not null);

                Assert.Equal(exists || (isWildcard && wildcards), _catalogue.Mistake($"{model}:{action}", wildcards) is null);
            },
            iter: 2000);
    }

    [Theory]
    [InlineData("book:view", true, null)]
    [InlineData("book:*", true, null)]
    [InlineData("*:*", true, null)]
    [InlineData("book:*", false, "The permission book:* does not exist. Actions of book are view, add, change, delete.")]
    [InlineData("*:*", false, "The permission *:* does not exist. Models are account, author, book, loan.")]
    [InlineData("book:veiw", true, "The permission book:veiw does not exist. Did you mean book:view?")]
    [InlineData("books:view", true, "The permission books:view does not exist. Did you mean book:view?")]
    [InlineData("BOOK:VIEW", true, "The permission BOOK:VIEW does not exist. Did you mean book:view?")]
    [InlineData("loan:extends", true, "The permission loan:extends does not exist. Did you mean loan:extend?")]
    [InlineData("account:delete", true, "The permission account:delete does not exist. Actions of account are view, change.")]
    [InlineData("car:*", true, "The permission car:* does not exist. Models are account, author, book, loan.")]
    [InlineData(
        "*:view", true, "\"*:view\" is not of the form model:action, as in book:view. Wildcards are book:* and *:*, and no others.")]
    [InlineData(
        "book:v*", true, "\"book:v*\" is not of the form model:action, as in book:view. Wildcards are book:* and *:*, and no others.")]
    [InlineData("book", true, "\"book\" is not of the form model:action, as in book:view. Wildcards are book:* and *:*, and no others.")]
    [InlineData(
        "book:view:all",
        true,
        "\"book:view:all\" is not of the form model:action, as in book:view. Wildcards are book:* and *:*, and no others.")]
    [InlineData("", true, "\"\" is not of the form model:action, as in book:view. Wildcards are book:* and *:*, and no others.")]
    public void A_permission_that_does_not_exist_is_a_mistake_with_the_nearest_name(string text, bool wildcards, string? expected) =>
        Assert.Equal(expected, _catalogue.Mistake(text, wildcards));

    [Fact]
    public void A_text_of_a_thousand_letters_is_not_compared_with_names_and_not_repeated_in_full()
    {
        Assert.Equal(
            $"\"{new string('x', 100)}…\" is not of the form model:action, as in book:view. Wildcards are book:* and *:*, and no others.",
            _catalogue.Mistake(new string('x', 1000), wildcards: true));
        // A hundred letters are the most that are looked at, and one more is too long, well formed or not.
        Assert.Contains("does not exist", _catalogue.Mistake("book:" + new string('v', 95), wildcards: true), StringComparison.Ordinal);
        Assert.Contains("not of the form", _catalogue.Mistake("book:" + new string('v', 96), wildcards: true), StringComparison.Ordinal);
        Assert.Contains($"\"{new string('x', 100)}\"", _catalogue.Mistake(new string('x', 100), wildcards: true), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("books:read", null)]
    [InlineData("library:all", null)]
    [InlineData("book:read", "The scope book:read does not exist. Did you mean books:read?")]
    [InlineData("libary:read", "The scope libary:read does not exist. Did you mean library:read?")]
    [InlineData(
        "openid",
        "The scope openid does not exist. Known: accounts:read, accounts:write, authors:read, authors:write, books:read, "
            + "books:write, library:all, library:read, loans:read, loans:write.")]
    public void A_scope_that_does_not_exist_is_a_mistake_with_the_nearest_name(string scope, string? expected) =>
        Assert.Equal(expected, _catalogue.ScopeMistake(scope));

    [Fact]
    public void Scopes_are_required_for_every_model_for_some_or_for_none()
    {
        Assert.DoesNotContain(Situation.Models, model => _catalogue.RequiresScopes(model.Name));
        Assert.All(Situation.Models, model => Assert.True(Situation.CatalogueOf(requireScopes: true).RequiresScopes(model.Name)));

        var some = Situation.CatalogueOf(false, "book", "loan");
        Assert.Equal(["book", "loan"], Situation.Models.Select(model => model.Name).Where(some.RequiresScopes));
        Assert.False(some.RequiresScopes("car"));
    }

    [Theory]
    [InlineData("boook", "Permissions:RequireScopesFor names the model boook, which does not exist. Did you mean book?")]
    [InlineData("books", "Permissions:RequireScopesFor names the model books, which does not exist. Did you mean book?")]
    [InlineData("Book", "Permissions:RequireScopesFor names the model Book, which does not exist. Did you mean book?")]
    [InlineData(
        "warehouse", "Permissions:RequireScopesFor names the model warehouse, which does not exist. Known: account, author, book, loan.")]
    public void A_setting_that_names_an_unknown_model_is_a_mistake_with_the_nearest_name(string model, string expected)
    {
        var exception = Assert.Throws<PermissionNameException>(() => Situation.CatalogueOf(false, "author", model));

        Assert.Equal([expected], exception.Mistakes);
        Assert.Equal(expected, exception.Message);
    }

    [Fact]
    public void Where_every_model_requires_a_scope_the_list_of_some_is_not_looked_at() =>
        Assert.True(Situation.CatalogueOf(true, "no such model").RequiresScopes("book"));

    [Fact]
    public void Mistakes_are_told_together() =>
        Assert.Equal("one two", new PermissionNameException(["one", "two"]).Message);

    [Fact]
    public void A_model_of_no_action_has_no_permission_and_so_no_scope()
    {
        var catalogue = new PermissionCatalogue([new("car", "cars", "Cars", [])], [], Options.Create(new PermissionOptions()));

        Assert.Empty(catalogue.Permissions);
        Assert.False(catalogue.IsScope("cars:read"));
    }
}
