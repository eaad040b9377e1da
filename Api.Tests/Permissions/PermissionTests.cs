using CsCheck;
using KeycloakAccess.Permissions;

namespace Api.Tests.Permissions;

/// <summary>Permissions as they are written, and which covers which.</summary>
public sealed class PermissionTests
{
    [Theory]
    [InlineData("book:view", "book", "view")]
    [InlineData("role-mapping:add", "role-mapping", "add")]
    [InlineData("book:*", "book", "*")]
    [InlineData("*:*", "*", "*")]
    // Whether it exists is not asked here.
    [InlineData("car:drive", "car", "drive")]
    [InlineData("Book:View", "Book", "View")]
    public void A_permission_is_read_as_model_and_action_and_written_back(string text, string model, string action)
    {
        Assert.True(Permission.TryParse(text, out var permission));
        Assert.Equal(new Permission(model, action), permission);
        Assert.Equal(text, permission.ToString());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData(":")]
    [InlineData("book")]
    [InlineData("book:")]
    [InlineData(":view")]
    [InlineData("book:view:all")]
    [InlineData("book:view:")]
    [InlineData("::")]
    [InlineData("*")]
    [InlineData("*:")]
    [InlineData(":*")]
    [InlineData("*:view")]
    [InlineData("**:*")]
    [InlineData("*:**")]
    [InlineData("book:**")]
    [InlineData("book:v*")]
    [InlineData("bo*:view")]
    [InlineData("bo*:*")]
    public void What_is_not_of_that_form_is_none_at_all(string? text)
    {
        Assert.False(Permission.TryParse(text, out var permission));
        Assert.Equal(default, permission);
    }

    [Fact]
    public void A_permission_covers_itself_its_action_where_it_has_a_wildcard_and_everything_where_it_has_two() =>
        Gen.Select(Situations.Written, Situations.Known).Sample(
            (held, asked) => Assert.Equal(
                held.Model == "*" || (held.Model == asked.Model && (held.Action == "*" || held.Action == asked.Action)),
                held.Covers(asked)),
            iter: 2000);

    [Fact]
    public void To_hold_a_wildcard_takes_a_wildcard_as_wide()
    {
        Permission everything = new("*", "*"), books = new("book", "*"), view = new("book", "view"), authors = new("author", "*");

        Assert.True(everything.Covers(everything));
        Assert.True(everything.Covers(books));
        Assert.True(books.Covers(books));
        Assert.True(books.Covers(view));
        Assert.False(books.Covers(everything));
        Assert.False(books.Covers(authors));
        Assert.False(view.Covers(books));
        Assert.False(view.Covers(everything));
        // Case counts, in both halves.
        Assert.False(view.Covers(new("Book", "view")));
        Assert.False(view.Covers(new("book", "View")));
    }
}
