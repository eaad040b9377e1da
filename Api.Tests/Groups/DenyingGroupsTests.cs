using System.Net;
using Api.Tests.Infrastructure;
using Dapper;
using KeycloakAccess.Data;
using Microsoft.Extensions.DependencyInjection;

namespace Api.Tests.Groups;

/// <summary>A group denies: whoever is in it may not, whatever their other groups grant, from the next request on.</summary>
public sealed class DenyingGroupsTests(ApiOnEmbeddedRealm api) : ApiTests(api), IClassFixture<ApiOnEmbeddedRealm>
{
    [Fact]
    public async Task A_denial_wins_over_the_role_that_grants_until_a_hand_takes_it_away()
    {
        var ada = await Api.PersonAsync("ada");
        var reader = await Api.ServiceAsync("acme-reader");
        var account = await AccountIdAsync(reader);
        await using var group = await GroupUnderTest.CreateAsync(ada, granted: [], denied: ["book:view"]);
        Assert.Equal(HttpStatusCode.OK, (await reader.GetAsync("/api/books", Cancel)).StatusCode);

        await group.WithAsync(account);
        var problem = await AssertProblemAsync(await reader.GetAsync("/api/books", Cancel), 403, "permission_denied");
        Assert.Equal("book:view", problem.GetProperty("deniedPermission").GetString());
        Assert.Contains("denies book:view", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        var me = await JsonAsync(await reader.GetAsync("/api/me", Cancel));
        Assert.DoesNotContain("book:view", me.GetProperty("permissions").GetRawText(), StringComparison.Ordinal);
        Assert.Equal(
            ["book-readers", group.Name], me.GetProperty("groups").EnumerateArray().Select(one => one.GetProperty("name").GetString()));

        await group.WithoutAsync(account);
        Assert.Equal(HttpStatusCode.OK, (await reader.GetAsync("/api/books", Cancel)).StatusCode);
    }

    [Theory]
    [InlineData("book:delete", "book:delete", "book:view,book:add,book:change")]
    [InlineData("book:*", "book:view,book:add,book:change,book:delete", "")]
    [InlineData("*:*", "book:view,book:add,book:change,book:delete", "")]
    [InlineData("account:view", "", "book:view,book:add,book:change,book:delete")]
    public async Task A_denial_may_be_a_wildcard_and_a_role_may_lead_to_it(string denied, string lost, string left)
    {
        var ada = await Api.PersonAsync("ada");
        var writer = await Api.ServiceAsync("acme-writer");
        await using var group = await GroupUnderTest.CreateAsync(ada, granted: [], denied: [denied]);
        await using var cleared = new Cleared(Api, group.Id);
        await group.WithRoleAsync("client-role", "*-editor", "acme-api");

        var me = await JsonAsync(await writer.GetAsync("/api/me", Cancel));
        Assert.Equal(left, string.Join(',', me.GetProperty("permissions").EnumerateArray()
            .Select(permission => permission.GetString()!)
            .Where(permission => permission.StartsWith("book:", StringComparison.Ordinal) && permission != "book:publish")));
        foreach (var permission in lost.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            var call = permission switch
            {
                "book:view" => new HttpRequestMessage(HttpMethod.Get, "/api/books"),
                "book:add" => new HttpRequestMessage(HttpMethod.Post, "/api/books"),
                "book:change" => new HttpRequestMessage(HttpMethod.Put, $"/api/books/{Guid.Empty}"),
                _ => new HttpRequestMessage(HttpMethod.Delete, $"/api/books/{Guid.Empty}"),
            };
            var problem = await AssertProblemAsync(await writer.SendAsync(call, Cancel), 403, "permission_denied");
            Assert.Equal(permission, problem.GetProperty("deniedPermission").GetString());
        }
    }

    [Fact]
    public async Task Who_is_denied_something_neither_hands_it_out_nor_lifts_the_denial()
    {
        var ada = await Api.PersonAsync("ada");
        var own = await AccountIdAsync(ada);
        await using var other = await GroupUnderTest.CreateAsync(ada, granted: ["book:delete"]);
        await using var group = await GroupUnderTest.CreateAsync(ada, granted: [], denied: ["book:delete"]);
        await using var cleared = new Cleared(Api, group.Id);
        await group.WithAsync(own);

        var nobody = await AccountIdAsync(await Api.ServiceAsync("acme-nobody"));
        foreach (var call in new[]
        {
            await ada.PutAsync($"/api/groups/{other.Id}/members/{nobody}", content: null, Cancel),
            await ada.DeleteAsync($"/api/groups/{group.Id}/members/{own}", Cancel),
            await ada.PostAsync("/api/groups", JsonBody("""{"name":"mine","permissions":["book:*"]}"""), Cancel),
        })
        {
            await AssertProblemAsync(call, 403, "grant_refused");
        }
    }

    [Fact]
    public async Task Nobody_denies_what_they_do_not_hold_and_nothing_is_granted_and_denied()
    {
        // Linus may manage groups and holds no book:delete.
        var linus = await Api.PersonAsync("linus");
        var refused = await AssertProblemAsync(
            await linus.PostAsync("/api/groups", JsonBody("""{"name":"mine","permissions":[],"denied":["book:delete"]}"""), Cancel),
            403,
            "grant_refused");
        Assert.Equal("""["book:delete"]""", refused.GetProperty("missingPermissions").GetRawText());

        var ada = await Api.PersonAsync("ada");
        var both = await AssertProblemAsync(
            await ada.PostAsync(
                "/api/groups", JsonBody("""{"name":"mine","permissions":["book:view"],"denied":["book:view","book:veiw"]}"""), Cancel),
            400);
        var mistakes = both.GetProperty("errors").GetProperty("denied").EnumerateArray().Select(mistake => mistake.GetString()).ToArray();
        Assert.Equal(2, mistakes.Length);
        Assert.Contains("Did you mean book:view?", mistakes[0], StringComparison.Ordinal);
        Assert.Contains("book:view is granted and denied", mistakes[1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("*:view")]
    [InlineData("book:v*")]
    public async Task A_denial_that_cannot_be_read_denies_everything_and_a_grant_that_cannot_be_read_nothing(string text)
    {
        var ada = await Api.PersonAsync("ada");
        var writer = await Api.ServiceAsync("acme-writer");
        await using var group = await GroupUnderTest.CreateAsync(ada, granted: []);
        await using var cleared = new Cleared(Api, group.Id);
        await group.WithAsync(await AccountIdAsync(writer));

        // Past the service, into the database: the rules that are in memory notice.
        await WriteAsync(group.Id, text, denied: false);
        Assert.Equal(HttpStatusCode.OK, (await writer.GetAsync("/api/books", Cancel)).StatusCode);
        await AssertProblemAsync(await writer.GetAsync("/api/accounts", Cancel), 403, "permission_missing");

        await cleared.DisposeAsync();
        await WriteAsync(group.Id, text, denied: true);
        await AssertProblemAsync(await writer.GetAsync("/api/books", Cancel), 403, "permission_denied");
        await AssertProblemAsync(await writer.GetAsync("/api/accounts", Cancel), 403, "permission_denied");
        Assert.Equal("[]", (await JsonAsync(await writer.GetAsync("/api/me", Cancel))).GetProperty("permissions").GetRawText());

        await cleared.DisposeAsync();
        Assert.Equal(HttpStatusCode.OK, (await writer.GetAsync("/api/books", Cancel)).StatusCode);
    }

    private async Task WriteAsync(Guid group, string permission, bool denied)
    {
        await using var connection = await Api.Services.GetRequiredService<Database>().OpenToWriteAsync(Cancel);
        await connection.ExecuteAsync(
            "INSERT INTO group_permissions (group_id, permission, denied) VALUES (@group, @permission, @denied)",
            new { group, permission, denied });
    }

    /// <summary>
    /// Empties a group in the database: who is denied something, or may not name it, cannot delete the group that says so.
    /// </summary>
    private sealed class Cleared(ApiUnderTest api, Guid group) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await using var connection = await api.Services.GetRequiredService<Database>().OpenToWriteAsync(CancellationToken.None);
            await connection.ExecuteAsync("DELETE FROM group_permissions WHERE group_id = @group", new { group });
        }
    }
}
