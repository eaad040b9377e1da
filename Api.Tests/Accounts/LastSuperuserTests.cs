using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Api.Tests.Infrastructure;
using Dapper;
using KeycloakAccess.Data;
using KeycloakAccess.Permissions;
using KeycloakAccess.RulesDocument;
using Microsoft.Extensions.DependencyInjection;

namespace Api.Tests.Accounts;

/// <summary>Whatever would leave nobody who holds everything is refused, and done where it is said that it is meant so.</summary>
public abstract class LastSuperuserTests(ApiUnderTest api) : ApiTests(api)
{
    private const string Allowed = "allowNoSuperuser=true";
    private const string Superusers = "f2deb40b-4fc1-565e-8c01-002db166d8de";
    private const string Staff = "f4de8f6e-c83b-535c-bffe-39f72cd440cb";
    private const string SuperuserMapping = "764cf386-869a-59dc-a184-cceefadd2e2b";

    private static readonly Actor Somebody = new(AccountId: null, "tester", Actor.CommandLine, RequestId: null);

    /// <summary>Changes of the rules: method, path and body. {ada}, {denying} and {empty} are ids.</summary>
    public static TheoryData<string, string, string> Ways => new()
    {
        { "DELETE", $"/api/role-mappings/{SuperuserMapping}", "" },
        { "PUT", $"/api/role-mappings/{SuperuserMapping}", $$"""{"kind":"realm-role","name":"boss","groupId":"{{Superusers}}"}""" },
        { "PUT", $"/api/role-mappings/{SuperuserMapping}", $$"""{"kind":"realm-role","name":"super*x","groupId":"{{Superusers}}"}""" },
        { "PUT", $"/api/role-mappings/{SuperuserMapping}", $$"""{"kind":"keycloak-group","name":"/su","groupId":"{{Superusers}}"}""" },
        {
            "PUT",
            $"/api/role-mappings/{SuperuserMapping}",
            $$"""{"kind":"client-role","client":"acme-api","name":"superuser","groupId":"{{Superusers}}"}"""
        },
        { "PUT", $"/api/role-mappings/{SuperuserMapping}", $$"""{"kind":"realm-role","name":"superuser","groupId":"{{Staff}}"}""" },
        { "PUT", $"/api/groups/{Superusers}", """{"name":"superusers","permissions":[]}""" },
        { "PUT", $"/api/groups/{Superusers}", """{"name":"superusers","permissions":["book:*","account:*","group:*"]}""" },
        { "PUT", $"/api/groups/{Superusers}", """{"name":"superusers","permissions":["*:*"],"denied":["book:delete"]}""" },
        { "DELETE", $"/api/groups/{Superusers}", "" },
        { "POST", "/api/groups", """{"name":"nobody-deletes","permissions":[],"denied":["group:delete"],"isDefault":true}""" },
        { "PUT", "/api/groups/{denying}", """{"name":"denying","permissions":[],"denied":["book:view"],"isDefault":true}""" },
        { "PUT", "/api/groups/{mapped}", """{"name":"mapped","permissions":[],"denied":["account:change"]}""" },
        { "POST", "/api/role-mappings", """{"kind":"realm-role","name":"super*","groupId":"{denying}"}""" },
        { "PUT", "/api/groups/{denying}/members/{ada}", "" },
    };

    [Theory]
    [MemberData(nameof(Ways))]
    public Task Nobody_takes_everything_from_the_last_who_holds_it(string method, string path, string body) => WithRulesAsync(async ada =>
    {
        var id = await AccountIdAsync(ada);
        var denying = await AddGroupAsync(ada, "denying", "book:view");
        var mapped = await AddGroupAsync(ada, "mapped", denied: null);
        using var mapping = await ada.PostAsJsonAsync(
            "/api/role-mappings", new { kind = "realm-role", name = "superuser", groupId = mapped }, Cancel);
        Assert.Equal(HttpStatusCode.Created, mapping.StatusCode);
        string Fill(string text) => text
            .Replace("{ada}", $"{id}", StringComparison.Ordinal)
            .Replace("{denying}", $"{denying}", StringComparison.Ordinal)
            .Replace("{mapped}", $"{mapped}", StringComparison.Ordinal);
        var before = await Store.ReadAsync(Cancel);

        var problem = await AssertProblemAsync(await SendAsync(ada, method, Fill(path), Fill(body)), 409, "last_superuser");

        Assert.Contains("allowNoSuperuser=true", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Equal(before.Version, (await Store.ReadAsync(Cancel)).Version);
        Assert.Contains("*:*", await GrantsOfAsync(ada));
        await AssertProblemAsync(await SendAsync(ada, method, $"{Fill(path)}?allowNoSuperuser=no", Fill(body)), 400, "invalid_request");
        await AssertProblemAsync(await SendAsync(ada, method, $"{Fill(path)}?allowNoSuperuser=false", Fill(body)), 409, "last_superuser");
        using var done = await SendAsync(ada, method, $"{Fill(path)}?{Allowed}&reason=meant", Fill(body));
        Assert.True(done.IsSuccessStatusCode, await done.Content.ReadAsStringAsync(Cancel));
    });

    [Theory]
    [InlineData("""{"groups":{}}""")]
    [InlineData("""{"groups":{"superusers":{"permissions":["*:*"]}}}""")]
    [InlineData("""{"groups":{"superusers":{"permissions":["*:*"],"roleMappings":[{"kind":"realm-role","name":"Superuser"}]}}}""")]
    [InlineData("""
        {"groups":{"superusers":{"permissions":["*:*"],"roleMappings":[{"kind":"realm-role","name":"superuser"}]},
        "a":{"denied":["audit:view"],"isDefault":true}}}
        """)]
    public Task A_document_is_no_way_round(string text) => WithRulesAsync(async ada =>
    {
        await AccountIdAsync(ada);
        var before = await Store.ReadAsync(Cancel);

        Assert.IsType<ChangeFailure.LastSuperuser>((await ApplyAsync(text, allowsNoSuperuser: false)).Failure);

        Assert.Equal(before.Version, (await Store.ReadAsync(Cancel)).Version);
        Assert.Null((await ApplyAsync(text, allowsNoSuperuser: true)).Failure);
    });

    [Fact]
    public Task Where_nobody_holds_everything_nobody_loses_it() => WithRulesAsync(async ada =>
    {
        await AccountIdAsync(ada);
        Assert.Null((await ApplyAsync("""{"groups":{"a":{"permissions":["book:view"]}}}""", allowsNoSuperuser: true)).Failure);

        Assert.Null((await ApplyAsync("""{"groups":{"b":{}}}""", allowsNoSuperuser: false)).Failure);
    });

    [Fact]
    public Task What_leaves_somebody_else_who_holds_everything_needs_no_switch() => WithRulesAsync(async ada =>
    {
        var writer = await AccountIdAsync(await Api.ServiceAsync("acme-writer"));
        var added = await ada.PutAsync($"/api/groups/{Superusers}/members/{writer}", content: null, Cancel);
        Assert.Equal(HttpStatusCode.NoContent, added.StatusCode);

        using var renamed = await SendAsync(ada, "PUT", $"/api/groups/{Superusers}", """{"name":"everything","permissions":["*:*"]}""");
        Assert.Equal(HttpStatusCode.OK, renamed.StatusCode);
        using var deleted = await ada.DeleteAsync($"/api/role-mappings/{SuperuserMapping}", Cancel);
        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);

        // A group with everything that has neither members nor a mapping holds nobody.
        using var made = await (await Api.ServiceAsync("acme-writer"))
            .PostAsJsonAsync("/api/groups", new { name = "others", permissions = new[] { "*:*" } }, Cancel);
        Assert.Equal(HttpStatusCode.Created, made.StatusCode);
        await AssertProblemAsync(
            await (await Api.ServiceAsync("acme-writer")).DeleteAsync($"/api/groups/{Superusers}/members/{writer}", Cancel),
            409,
            "last_superuser");
    });

    [Fact]
    public Task Whoever_is_disabled_or_of_another_realm_does_not_count() => WithRulesAsync(async ada =>
    {
        await AccountIdAsync(ada);
        var writer = await AccountIdAsync(await Api.ServiceAsync("acme-writer"));
        await ExecuteAsync(
            """
            INSERT INTO accounts (id, issuer, subject, kind, username, created_at, last_seen_at)
            VALUES (@id, 'https://elsewhere.test/realms/acme', 'x', 'person', 'x', @now, @now);
            INSERT INTO group_members (group_id, account_id) VALUES (@group, @id), (@group, @writer);
            UPDATE accounts SET enabled = @no WHERE id = @writer
            """,
            new { id = Guid.NewGuid(), writer, group = Guid.Parse(Superusers), now = DateTimeOffset.UtcNow, no = false });

        await AssertProblemAsync(await ada.DeleteAsync($"/api/role-mappings/{SuperuserMapping}", Cancel), 409, "last_superuser");

        await ExecuteAsync("UPDATE accounts SET enabled = @yes WHERE id = @writer", new { writer, yes = true });
        Assert.Equal(HttpStatusCode.NoContent, (await ada.DeleteAsync($"/api/role-mappings/{SuperuserMapping}", Cancel)).StatusCode);
    });

    [Fact]
    public Task Of_two_who_switch_each_other_off_at_once_one_stays() => WithRulesAsync(async ada =>
    {
        for (var round = 0; round < 5; round++)
        {
            var (one, other) = (await AccountIdAsync(ada), await AccountIdAsync(await Api.ServiceAsync("acme-writer")));
            await ExecuteAsync(
                """
                DELETE FROM group_members WHERE group_id = @group;
                INSERT INTO group_members (group_id, account_id) VALUES (@group, @other)
                """,
                new { group = Guid.Parse(Superusers), other });
            var writer = await Api.ServiceAsync("acme-writer");

            var answers = await Task.WhenAll(
                ada.PatchAsync($"/api/accounts/{other}", JsonBody("""{"enabled":false}"""), Cancel),
                writer.PatchAsync($"/api/accounts/{one}", JsonBody("""{"enabled":false}"""), Cancel));

            Assert.Single(answers, answer => answer.StatusCode == HttpStatusCode.OK);
            await ExecuteAsync("UPDATE accounts SET enabled = @yes", new { yes = true });
        }
    });

    [Fact]
    public Task The_pages_ask_whether_it_is_meant() => WithRulesAsync(async ada =>
    {
        var grace = await AccountIdAsync(await Api.PersonAsync("grace"));
        using var added = await ada.PutAsync($"/api/groups/{Superusers}/members/{grace}", content: null, Cancel);
        using var deleted = await ada.DeleteAsync($"/api/role-mappings/{SuperuserMapping}", Cancel);
        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        var pages = await Api.SignInAsync("grace");
        var url = $"{Api.Realm.ApiUrl}/admin/accounts/{grace}/groups/{Superusers}/leave";
        var form = await pages.GetAsync(url);
        Assert.Null(form.Page.QuerySelector("input[name=allowNoSuperuser]"));

        var asked = await pages.SubmitAsync(form, "form.card");

        Assert.Equal(HttpStatusCode.Conflict, asked.Status);
        Assert.Contains("Nobody who is enabled and known here would be left", asked.Text, StringComparison.Ordinal);
        Assert.NotNull(asked.Page.QuerySelector("input[name=allowNoSuperuser]:not([checked])"));
        Assert.Equal(HttpStatusCode.Conflict, (await pages.SubmitAsync(asked, "form.card")).Status);

        // Several at once are refused, and told why.
        var list = await pages.GetAsync($"{Api.Realm.ApiUrl}/admin/accounts?search=grace");
        var look = await pages.SubmitAsync(
            list, "form[action='/admin/accounts/bulk']", ("ids", $"{grace}"), ("action", "leave"), ("group", "superusers"));
        var result = await pages.SubmitAsync(look, "form.form.wide");
        Assert.Contains("1 account could not be changed", result.Text, StringComparison.Ordinal);
        Assert.Contains("Nobody who is enabled and known here would be left", result.Text, StringComparison.Ordinal);

        await pages.SubmitAsync(asked, "form.card", ("allowNoSuperuser", "on"));
        Assert.DoesNotContain("*:*", await GrantsOfAsync(await Api.PersonAsync("grace")));
    });

    private AccessStore Store => Api.Services.GetRequiredService<AccessStore>();

    private async Task<ChangeOutcome<AccessDiff>> ApplyAsync(string text, bool allowsNoSuperuser)
    {
        var catalogue = Api.Services.GetRequiredService<PermissionCatalogue>();
        var document = AccessDocumentReader.Read(Encoding.UTF8.GetBytes(text), catalogue, out var mistakes);
        Assert.Empty(mistakes);
        return await Store.ApplyAsync(document!, Somebody, allowsNoSuperuser, seen: null, Cancel);
    }

    // With the rules and members of a new database, before and afterwards: ids too, since other tests name them.
    private async Task WithRulesAsync(Func<HttpClient, Task> test)
    {
        await ResetAsync();
        await test(await Api.PersonAsync("ada"));
    }

    private Task ResetAsync() => ExecuteAsync(
        """
        DELETE FROM groups;
        INSERT INTO groups (id, name) VALUES (@superusers, 'superusers'), (@staff, 'staff');
        INSERT INTO group_permissions (group_id, permission) VALUES (@superusers, '*:*'), (@staff, 'admin:view');
        INSERT INTO role_mappings (id, kind, name, group_id) VALUES (@mapping, 'realm-role', 'superuser', @superusers);
        UPDATE accounts SET enabled = @yes
        """,
        new { superusers = Guid.Parse(Superusers), staff = Guid.Parse(Staff), mapping = Guid.Parse(SuperuserMapping), yes = true });

    private async Task ExecuteAsync(string sql, object values)
    {
        await using var connection = await Api.Services.GetRequiredService<Database>().OpenToWriteAsync(Cancel);
        await connection.ExecuteAsync(sql, values);
    }

    private static async Task<Guid> AddGroupAsync(HttpClient ada, string name, string? denied)
    {
        using var response = await ada.PostAsJsonAsync(
            "/api/groups",
            new { name, permissions = Array.Empty<string>(), denied = denied is null ? Array.Empty<string>() : [denied] },
            Cancel);
        return (await JsonAsync(response)).GetProperty("id").GetGuid();
    }

    // What the caller's groups grant, whatever denies it.
    private static async Task<string> GrantsOfAsync(HttpClient client)
    {
        var me = await client.GetFromJsonAsync<JsonElement>("/api/me", Cancel);
        return me.GetProperty("groups").EnumerateArray().Any(group => group.GetProperty("name").GetString() is "superusers" or "everything")
            ? "*:*"
            : "";
    }

    private static Task<HttpResponseMessage> SendAsync(HttpClient client, string method, string path, string body)
    {
        var request = new HttpRequestMessage(new HttpMethod(method), path) { Content = body.Length == 0 ? null : JsonBody(body) };
        if (method is "PUT" or "DELETE" && !path.Contains("/members/", StringComparison.Ordinal))
        {
            request.Headers.IfMatch.ParseAdd("*");
        }

        return client.SendAsync(request, Cancel);
    }
}

public sealed class LastSuperuserOnSqliteTests(ApiOnEmbeddedRealm api) : LastSuperuserTests(api), IClassFixture<ApiOnEmbeddedRealm>;

public sealed class LastSuperuserOnPostgreSqlTests(ApiOnPostgreSql api) : LastSuperuserTests(api), IClassFixture<ApiOnPostgreSql>;
