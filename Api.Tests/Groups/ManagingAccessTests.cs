using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Api.Tests.Infrastructure;
using Dapper;
using KeycloakAccess.Data;
using Microsoft.Extensions.DependencyInjection;

namespace Api.Tests.Groups;

/// <summary>Groups, role mappings and memberships: changed without a deployment, in force from the next request on.</summary>
public abstract class ManagingAccessTests(ApiUnderTest api) : ApiTests(api)
{
    [Fact]
    public async Task The_default_set_is_there()
    {
        var ada = await Api.PersonAsync("ada");

        var groups = await ListAsync(ada, "/api/groups");
        var names = groups.Select(group => group.GetProperty("name").GetString()).ToArray();
        var mappings = await ListAsync(ada, "/api/role-mappings");

        Assert.Superset(
            new HashSet<string?>(["account-managers", "book-editors", "book-readers", "group-managers", "staff", "superusers"]),
            names.ToHashSet());
        Assert.Contains(mappings, mapping =>
            mapping.GetProperty("kind").GetString() == "client-role"
            && mapping.GetProperty("client").GetString() == "acme-api"
            && mapping.GetProperty("name").GetString() == "book-editor"
            && mapping.GetProperty("groupName").GetString() == "book-editors");
    }

    [Fact]
    public async Task A_new_mapping_counts_from_the_next_request_on_and_so_does_its_end()
    {
        var ada = await Api.PersonAsync("ada");
        var grace = await Api.PersonAsync("grace");
        await AssertProblemAsync(await grace.GetAsync("/api/accounts", Cancel), 403, "permission_missing");
        var group = await CreateGroupAsync(ada, "account:view");

        var created = await ada.PostAsync(
            "/api/role-mappings", Json($$"""{"kind":"realm-role","name":"staff","groupId":"{{group}}"}"""), Cancel);
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await grace.GetAsync("/api/accounts", Cancel)).StatusCode);

        var again = await ada.PostAsync(
            "/api/role-mappings", Json($$"""{"kind":"realm-role","name":"staff","groupId":"{{group}}"}"""), Cancel);
        await AssertProblemAsync(again, 409, "conflict");

        Assert.Equal(HttpStatusCode.NoContent, (await ada.DeleteAsync(created.Headers.Location!.AbsolutePath, Cancel)).StatusCode);
        await AssertProblemAsync(await grace.GetAsync("/api/accounts", Cancel), 403, "permission_missing");
        await DeleteGroupAsync(ada, group);
    }

    [Fact]
    public async Task Of_two_groups_that_are_given_one_name_at_once_one_gets_it()
    {
        var ada = await Api.PersonAsync("ada");
        var (one, other) = (await CreateGroupAsync(ada, "book:view"), await CreateGroupAsync(ada, "book:view"));
        for (var i = 0; i < 20; i++)
        {
            var renamed = $$"""{"name":"taken-{{i}}","permissions":["book:view"]}""";

            var answers = await Task.WhenAll(
                SendAsync(ada, HttpMethod.Put, $"/api/groups/{one}", "*", renamed),
                SendAsync(ada, HttpMethod.Put, $"/api/groups/{other}", "*", renamed));

            await AssertProblemAsync(Assert.Single(answers, answer => answer.StatusCode != HttpStatusCode.OK), 409, "conflict");
        }

        await DeleteGroupAsync(ada, one);
        await DeleteGroupAsync(ada, other);
    }

    [Fact]
    public async Task A_mapping_of_a_role_that_would_reach_a_terminal_as_a_command_is_refused()
    {
        var ada = await Api.PersonAsync("ada");
        var group = await CreateGroupAsync(ada, "account:view");

        var problem = await AssertProblemAsync(
            await ada.PostAsync(
                "/api/role-mappings", Json($$"""{"kind":"realm-role","name":"sta\u001b[2Jff","groupId":"{{group}}"}"""), Cancel),
            400);

        Assert.Contains(
            "The name holds a character that", problem.GetProperty("errors").GetProperty("name")[0].GetString(), StringComparison.Ordinal);
        await DeleteGroupAsync(ada, group);
    }

    [Fact]
    public async Task A_client_role_of_the_same_name_does_not_match_a_realm_role()
    {
        var ada = await Api.PersonAsync("ada");
        var grace = await Api.PersonAsync("grace");
        var group = await CreateGroupAsync(ada, "account:view");

        foreach (var client in new[] { "acme-api", "other" })
        {
            var mapping = await ada.PostAsync(
                "/api/role-mappings",
                Json($$"""{"kind":"client-role","client":"{{client}}","name":"staff","groupId":"{{group}}"}"""),
                Cancel);
            Assert.Equal(HttpStatusCode.Created, mapping.StatusCode);
        }

        await AssertProblemAsync(await grace.GetAsync("/api/accounts", Cancel), 403, "permission_missing");
        await DeleteGroupAsync(ada, group);
    }

    [Fact]
    public async Task Roles_through_a_nested_group_and_the_groups_own_path_both_count()
    {
        var me = await (await Api.PersonAsync("linus")).GetFromJsonAsync<JsonElement>("/api/me", Cancel);

        var groups = me.GetProperty("groups").EnumerateArray().ToDictionary(
            group => group.GetProperty("name").GetString()!, group => group.GetProperty("because")[0].GetString());
        Assert.Equal("role book-reader of client acme-api", groups["book-readers"]);
        Assert.Equal("role group-manager of client acme-api", groups["group-managers"]);
        Assert.Equal("realm role staff", groups["staff"]);
        Assert.Equal("Keycloak group /operations/leads", groups["account-managers"]);
    }

    [Fact]
    public async Task A_membership_directly_holds_until_a_hand_takes_it_away()
    {
        var ada = await Api.PersonAsync("ada");
        var nobody = await Api.ServiceAsync("acme-nobody");
        var account = await AccountIdAsync(nobody);
        var group = await CreateGroupAsync(ada, "book:view");

        Assert.Equal(HttpStatusCode.NoContent, (await ada.PutAsync($"/api/groups/{group}/members/{account}", null, Cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await ada.PutAsync($"/api/groups/{group}/members/{account}", null, Cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await nobody.GetAsync("/api/books", Cancel)).StatusCode);
        var me = await nobody.GetFromJsonAsync<JsonElement>("/api/me", Cancel);
        Assert.Contains("direct member", me.GetProperty("groups").GetRawText(), StringComparison.Ordinal);

        Assert.Equal(HttpStatusCode.NoContent, (await ada.DeleteAsync($"/api/groups/{group}/members/{account}", Cancel)).StatusCode);
        await AssertProblemAsync(await nobody.GetAsync("/api/books", Cancel), 403, "permission_missing");
        await AssertProblemAsync(await ada.DeleteAsync($"/api/groups/{group}/members/{account}", Cancel), 404);
        await AssertProblemAsync(await ada.PutAsync($"/api/groups/{group}/members/{Guid.NewGuid()}", null, Cancel), 404);
        await AssertProblemAsync(await ada.PutAsync($"/api/groups/{Guid.NewGuid()}/members/{account}", null, Cancel), 404);
        await DeleteGroupAsync(ada, group);
    }

    [Fact]
    public async Task Nobody_grants_what_they_do_not_hold()
    {
        // Linus may manage groups and holds no book:delete.
        var linus = await Api.PersonAsync("linus");
        var ada = await Api.PersonAsync("ada");
        var superusers = (await ListAsync(ada, "/api/groups"))
            .Single(group => group.GetProperty("name").GetString() == "superusers")
            .GetProperty("id")
            .GetGuid();
        var own = await AccountIdAsync(linus);

        await AssertRefusedAsync(linus.PostAsync("/api/groups", Json("""{"name":"mine","permissions":["*:*"]}"""), Cancel), "*:*");
        await AssertRefusedAsync(
            linus.PostAsync("/api/groups", Json("""{"name":"mine","permissions":["book:view","book:delete"]}"""), Cancel), "book:delete");
        await AssertRefusedAsync(linus.PutAsync($"/api/groups/{superusers}/members/{own}", null, Cancel), "*:*");
        await AssertRefusedAsync(
            linus.PostAsync("/api/role-mappings", Json($$"""{"kind":"realm-role","name":"staff","groupId":"{{superusers}}"}"""), Cancel),
            "*:*");
        await AssertRefusedAsync(SendAsync(linus, HttpMethod.Delete, $"/api/groups/{superusers}", "*", null), "*:*");
        await AssertRefusedAsync(
            SendAsync(linus, HttpMethod.Put, $"/api/groups/{superusers}", "*", """{"name":"superusers","permissions":["book:view"]}"""),
            "*:*");
        var mapping = (await ListAsync(ada, "/api/role-mappings"))
            .Single(each => each.GetProperty("groupName").GetString() == "superusers").GetProperty("id").GetGuid();
        await AssertRefusedAsync(linus.DeleteAsync($"/api/role-mappings/{mapping}", Cancel), "*:*");

        // What he holds, he may grant.
        var group = await CreateGroupAsync(linus, "book:view");
        await AssertRefusedAsync(
            SendAsync(linus, HttpMethod.Put, $"/api/groups/{group}", "*", """{"name":"wider","permissions":["book:*"]}"""), "book:*");
        await DeleteGroupAsync(linus, group);
    }

    [Theory]
    [InlineData("""{"name":"x","permissions":[],"description":null}""")]
    [InlineData("""{"name":"x","permissions":["book:view"],"permissions":["*:*"]}""")]
    [InlineData("""{"name":"x","permissions":[],"version":7}""")]
    [InlineData("""{"name":"x","permissions":[],"description":"a\u0000b"}""")]
    public async Task A_body_is_read_strictly(string body) =>
        await AssertProblemAsync(await (await Api.PersonAsync("ada")).PostAsync("/api/groups", Json(body), Cancel), 400);

    [Fact]
    public async Task A_NUL_in_a_query_and_another_encoding_are_refused_by_name()
    {
        var ada = await Api.PersonAsync("ada");

        await AssertProblemAsync(await ada.GetAsync("/api/accounts?search=%00", Cancel), 400);
        await AssertProblemAsync(await ada.GetAsync("/api/books?title=a%00", Cancel), 400);
        using var odd = new StringContent("{}");
        odd.Headers.ContentType = System.Net.Http.Headers.MediaTypeHeaderValue.Parse("application/json; charset=foo");
        await AssertProblemAsync(await ada.PostAsync("/api/books", odd, Cancel), 415, "charset_unsupported");
    }

    [Fact]
    public async Task A_mapping_made_while_its_group_is_deleted_is_no_error_of_ours()
    {
        var ada = await Api.PersonAsync("ada");
        for (var i = 0; i < 10; i++)
        {
            var group = await CreateGroupAsync(ada, "book:view");
            var mapping = ada.PostAsync(
                "/api/role-mappings", Json($$"""{"kind":"realm-role","name":"r{{i}}","groupId":"{{group}}"}"""), Cancel);
            var delete = SendAsync(ada, HttpMethod.Delete, $"/api/groups/{group}", "*", null);

            Assert.True((int)(await mapping).StatusCode is 201 or 400 or 409, (await mapping).StatusCode.ToString());
            Assert.Equal(HttpStatusCode.NoContent, (await delete).StatusCode);
        }
    }

    [Fact]
    public async Task A_group_is_replaced_only_as_it_was_seen()
    {
        var ada = await Api.PersonAsync("ada");
        var group = await CreateGroupAsync(ada, "book:view");
        var name = $"renamed-{Guid.NewGuid():N}";

        var replaced = await SendAsync(
            ada,
            HttpMethod.Put,
            $"/api/groups/{group}",
            "\"1\"",
            $$"""{"name":"{{name}}","description":"d","permissions":["book:*","book:*"]}""");
        Assert.Equal(HttpStatusCode.OK, replaced.StatusCode);
        Assert.Equal("\"2\"", replaced.Headers.ETag?.Tag);
        var got = await ada.GetFromJsonAsync<JsonElement>($"/api/groups/{group}", Cancel);
        Assert.Equal("""["book:*"]""", got.GetProperty("permissions").GetRawText());

        await AssertProblemAsync(
            await SendAsync(ada, HttpMethod.Put, $"/api/groups/{group}", "\"1\"", """{"name":"x","permissions":[]}"""),
            412,
            "precondition_failed");
        await AssertProblemAsync(
            await SendAsync(ada, HttpMethod.Put, $"/api/groups/{group}", null, """{"name":"x","permissions":[]}"""),
            428,
            "precondition_missing");
        await AssertProblemAsync(
            await SendAsync(ada, HttpMethod.Put, $"/api/groups/{group}", "\"2\"", """{"name":"staff","permissions":[]}"""),
            409,
            "conflict");
        await AssertProblemAsync(
            await ada.PostAsync("/api/groups", Json($$"""{"name":"{{name}}","permissions":[]}"""), Cancel), 409, "conflict");
        await AssertProblemAsync(
            await SendAsync(ada, HttpMethod.Delete, $"/api/groups/{group}", "\"1\"", null), 412, "precondition_failed");
        await DeleteGroupAsync(ada, group);
        await AssertProblemAsync(await ada.GetAsync($"/api/groups/{group}", Cancel), 404);
    }

    [Fact]
    public async Task A_mapping_is_replaced_only_as_it_was_seen_and_keeps_its_id()
    {
        var ada = await Api.PersonAsync("ada");
        var (group, other) = (await CreateGroupAsync(ada, "book:view"), await CreateGroupAsync(ada, "book:view"));
        var name = $"r-{Guid.NewGuid():N}";
        string Mapping(string role, Guid into) => $$"""{"kind":"realm-role","name":"{{role}}","groupId":"{{into}}"}""";
        var created = await ada.PostAsync("/api/role-mappings", Json(Mapping(name, group)), Cancel);
        var path = created.Headers.Location!.AbsolutePath;
        Assert.Equal("\"1\"", created.Headers.ETag?.Tag);
        var taken = await ada.PostAsync("/api/role-mappings", Json(Mapping($"{name}-taken", group)), Cancel);
        Assert.Equal(HttpStatusCode.Created, taken.StatusCode);

        var replaced = await SendAsync(ada, HttpMethod.Put, path + "?reason=Moved", "\"1\"", Mapping(name, other));
        Assert.Equal(HttpStatusCode.OK, replaced.StatusCode);
        Assert.Equal("\"2\"", replaced.Headers.ETag?.Tag);
        var got = await ada.GetAsync(path, Cancel);
        Assert.Equal("\"2\"", got.Headers.ETag?.Tag);
        var mapping = await JsonAsync(got);
        Assert.Equal(other, mapping.GetProperty("groupId").GetGuid());
        var row = (await LogAsync(ada, "role-mapping", mapping.GetProperty("id").GetGuid()))[0];
        Assert.Equal(("change", "Moved"), (row.GetProperty("action").GetString(), row.GetProperty("reason").GetString()));
        Assert.Equal(group, row.GetProperty("oldValues").GetProperty("groupId").GetGuid());

        await AssertProblemAsync(await SendAsync(ada, HttpMethod.Put, path, "\"1\"", Mapping(name, group)), 412, "precondition_failed");
        await AssertProblemAsync(await SendAsync(ada, HttpMethod.Put, path, null, Mapping(name, group)), 428, "precondition_missing");
        await AssertProblemAsync(await SendAsync(ada, HttpMethod.Put, path, "\"2\"", Mapping($"{name}-taken", group)), 409, "conflict");
        await AssertProblemAsync(await SendAsync(ada, HttpMethod.Put, path, "\"2\"", Mapping(name, Guid.Empty)), 400);
        await AssertProblemAsync(
            await SendAsync(ada, HttpMethod.Put, $"/api/role-mappings/{Guid.NewGuid()}", "*", Mapping(name, group)), 404);
        // Neither into a group that holds more, nor out of one.
        var linus = await Api.PersonAsync("linus");
        var all = (await ListAsync(ada, "/api/role-mappings")).Single(each => each.GetProperty("groupName").GetString() == "superusers");
        await AssertRefusedAsync(SendAsync(linus, HttpMethod.Put, path, "*", Mapping(name, all.GetProperty("groupId").GetGuid())), "*:*");
        var outOfAll = $"/api/role-mappings/{all.GetProperty("id").GetString()}";
        await AssertRefusedAsync(SendAsync(linus, HttpMethod.Put, outOfAll, "*", Mapping("superuser", group)), "*:*");
        await DeleteGroupAsync(ada, group);
        await DeleteGroupAsync(ada, other);
    }

    [Fact]
    public async Task A_change_of_many_permissions_raises_the_version_of_the_rules_once_and_one_that_changes_nothing_never()
    {
        var ada = await Api.PersonAsync("ada");
        var group = await CreateGroupAsync(ada, "book:view");
        var name = (await ada.GetFromJsonAsync<JsonElement>($"/api/groups/{group}", Cancel)).GetProperty("name").GetString();
        var path = $"/api/groups/{group}";
        var before = await RulesVersionAsync();

        var many = $$"""
            {"name":"{{name}}","permissions":["author:view","book:view","book:add","book:change","group:view"],
            "denied":["book:delete","account:change"]}
            """;
        Assert.Equal("\"2\"", (await SendAsync(ada, HttpMethod.Put, path + "?reason=%20Many%20", "\"1\"", many)).Headers.ETag?.Tag);
        Assert.Equal(before + 1, await RulesVersionAsync());

        // The same in another order.
        var same = $$"""
            {"name":"{{name}}","permissions":["group:view","book:view","book:add","author:view","book:change"],
            "denied":["account:change","book:delete","book:delete"]}
            """;
        var unchanged = await SendAsync(ada, HttpMethod.Put, path, "\"2\"", same);
        Assert.Equal((HttpStatusCode.OK, "\"2\""), (unchanged.StatusCode, unchanged.Headers.ETag?.Tag));
        await AssertProblemAsync(await SendAsync(ada, HttpMethod.Put, path, "\"1\"", same), 412, "precondition_failed");
        await AssertProblemAsync(await SendAsync(ada, HttpMethod.Put, path, "*", """{"name":"staff","permissions":[]}"""), 409, "conflict");
        Assert.Equal(before + 1, await RulesVersionAsync());
        var rows = await LogAsync(ada, "group", group);
        Assert.Equal(["change", "add"], rows.Select(row => row.GetProperty("action").GetString()));
        Assert.Equal("Many", rows[0].GetProperty("reason").GetString());

        // Direct members are no rules; a change made in the database itself counts as ever.
        var account = await AccountIdAsync(await Api.ServiceAsync("acme-nobody"));
        Assert.Equal(HttpStatusCode.NoContent, (await ada.PutAsync($"{path}/members/{account}?reason=For%20now", null, Cancel)).StatusCode);
        Assert.Equal("For now", (await LogAsync(ada, "group", group))[0].GetProperty("reason").GetString());
        Assert.Equal(before + 1, await RulesVersionAsync());
        await using (var connection = await Api.Services.GetRequiredService<Database>().OpenToWriteAsync(Cancel))
        {
            await connection.ExecuteAsync(new CommandDefinition(
                "UPDATE groups SET description = 'in the database' WHERE id = @group", new { group }, cancellationToken: Cancel));
        }

        Assert.Equal(before + 2, await RulesVersionAsync());
        Assert.Equal(HttpStatusCode.NoContent, (await SendAsync(ada, HttpMethod.Delete, path + "?reason=Over", "*", null)).StatusCode);
        Assert.Equal(["Over", "Over"], (await LogAsync(ada, "group", group)).Take(2).Select(row => row.GetProperty("reason").GetString()));
        Assert.Equal(before + 3, await RulesVersionAsync());
    }

    [Fact]
    public async Task Of_two_changes_at_once_that_saw_the_same_version_one_is_made()
    {
        var ada = await Api.PersonAsync("ada");
        var group = await CreateGroupAsync(ada, "book:view");
        for (var version = 1; version <= 10; version++)
        {
            var before = await RulesVersionAsync();

            var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(number => SendAsync(
                ada,
                HttpMethod.Put,
                $"/api/groups/{group}",
                $"\"{version}\"",
                $$"""{"name":"g-{{group:N}}","description":"{{version}} {{number}}","permissions":["book:view","book:add"]}""")));

            Assert.Single(answers, answer => answer.StatusCode == HttpStatusCode.OK);
            Assert.Equal(3, answers.Count(answer => answer.StatusCode == HttpStatusCode.PreconditionFailed));
            Assert.Equal(before + 1, await RulesVersionAsync());
        }

        await DeleteGroupAsync(ada, group);
    }

    [Fact]
    public async Task Who_loses_a_permission_while_they_wait_grants_it_no_more()
    {
        var ada = await Api.PersonAsync("ada");
        var writer = await Api.ServiceAsync("acme-nobody");
        var granting = await CreateGroupAsync(ada, "group:change", "book:delete", "book:view");
        var target = await CreateGroupAsync(ada, "book:view");
        var member = $"/api/groups/{granting}/members/{await AccountIdAsync(writer)}";
        Assert.Equal(HttpStatusCode.NoContent, (await ada.PutAsync(member, null, Cancel)).StatusCode);
        var database = Api.Services.GetRequiredService<Database>();
        Task<HttpResponseMessage> granted;
        await using (var connection = await database.OpenToWriteAsync(Cancel))
        await using (var transaction = await Database.BeginWriteAsync(connection, Cancel))
        {
            await connection.ExecuteAsync(new CommandDefinition(
                "DELETE FROM group_permissions WHERE group_id = @granting AND permission = 'book:delete'",
                new { granting },
                transaction,
                cancellationToken: Cancel));
#pragma warning disable CA2025 // The transaction must end before the answer comes; the client is not disposed meanwhile.
            granted = SendAsync(
                writer,
                HttpMethod.Put,
                $"/api/groups/{target}",
                "*",
                $$"""{"name":"g-{{target:N}}","permissions":["book:view","book:delete"]}""");
#pragma warning restore CA2025
            Assert.NotSame(granted, await Task.WhenAny(granted, Task.Delay(TimeSpan.FromMilliseconds(500), Cancel)));
            await transaction.CommitAsync(Cancel);
        }

        await AssertRefusedAsync(granted, "book:delete");
        await DeleteGroupAsync(ada, granting);
        await DeleteGroupAsync(ada, target);
    }

    [Theory]
    [InlineData("""{"name":"Upper","permissions":[]}""", "name", "lower-case")]
    [InlineData("""{"name":"ok","permissions":["book:veiw"]}""", "permissions", "Did you mean book:view?")]
    [InlineData("""{"name":"ok","permissions":["account:publish"]}""", "permissions", "does not exist")]
    [InlineData("""{"name":"ok","permissions":["book"]}""", "permissions", "model:action")]
    public async Task A_group_with_a_mistake_is_refused_by_name(string body, string field, string expected)
    {
        var problem = await AssertProblemAsync(await (await Api.PersonAsync("ada")).PostAsync("/api/groups", Json(body), Cancel), 400);

        Assert.Contains(expected, problem.GetProperty("errors").GetProperty(field)[0].GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"kind":"role","name":"staff","groupId":"00000000-0000-0000-0000-000000000000"}""", "kind must be")]
    [InlineData("""{"kind":"client-role","name":"x","groupId":"00000000-0000-0000-0000-000000000000"}""", "needs the client id")]
    [InlineData(
        """{"kind":"realm-role","client":"acme-api","name":"x","groupId":"00000000-0000-0000-0000-000000000000"}""", "Only a client role")]
    [InlineData("""{"kind":"keycloak-group","name":"operations","groupId":"00000000-0000-0000-0000-000000000000"}""", "full path")]
    [InlineData("""{"kind":"realm-role","name":" staff ","groupId":"00000000-0000-0000-0000-000000000000"}""", "space around")]
    [InlineData("""{"kind":"realm-role","name":"x","groupId":"00000000-0000-0000-0000-000000000000"}""", "no such group")]
    public async Task A_mapping_with_a_mistake_is_refused_by_name(string body, string expected)
    {
        var problem = await AssertProblemAsync(
            await (await Api.PersonAsync("ada")).PostAsync("/api/role-mappings", Json(body), Cancel), 400);

        Assert.Contains(expected, problem.GetProperty("errors").GetRawText(), StringComparison.Ordinal);
    }

    private static async Task AssertRefusedAsync(Task<HttpResponseMessage> call, string lacking)
    {
        var problem = await AssertProblemAsync(await call, 403, "grant_refused");
        Assert.Contains(problem.GetProperty("missingPermissions").EnumerateArray(), permission => permission.GetString() == lacking);
    }

    private async Task<long> RulesVersionAsync()
    {
        await using var connection = await Api.Services.GetRequiredService<Database>().OpenToWriteAsync(Cancel);
        return await connection.ExecuteScalarAsync<long>(
            new CommandDefinition("SELECT version FROM access_version", cancellationToken: Cancel));
    }

    private static async Task<JsonElement[]> LogAsync(HttpClient client, string model, Guid row) =>
        [.. (await client.GetFromJsonAsync<JsonElement>($"/api/audit?model={model}&row={row}", Cancel))
            .GetProperty("items").EnumerateArray()];

    private static async Task<Guid> CreateGroupAsync(HttpClient client, params string[] permissions)
    {
        var body = $$"""{"name":"g-{{Guid.NewGuid():N}}","permissions":{{JsonSerializer.Serialize(permissions)}}}""";
        var response = await client.PostAsync("/api/groups", Json(body), Cancel);
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        return (await JsonAsync(response)).GetProperty("id").GetGuid();
    }

    private static async Task DeleteGroupAsync(HttpClient client, Guid group) =>
        Assert.Equal(HttpStatusCode.NoContent, (await SendAsync(client, HttpMethod.Delete, $"/api/groups/{group}", "*", null)).StatusCode);

    private static async Task<HttpResponseMessage> SendAsync(HttpClient client, HttpMethod method, string url, string? tag, string? body)
    {
        using var request = new HttpRequestMessage(method, url) { Content = body is null ? null : Json(body) };
        if (tag is not null)
        {
            request.Headers.TryAddWithoutValidation("If-Match", tag);
        }

        return await client.SendAsync(request, Cancel);
    }

    private static StringContent Json(string json) => new(json, Encoding.UTF8, "application/json");
}

public sealed class ManagingAccessOnEmbeddedRealmTests(
    ApiOnEmbeddedRealm api) : ManagingAccessTests(api), IClassFixture<ApiOnEmbeddedRealm>;

public sealed class ManagingAccessOnPostgreSqlTests(ApiOnPostgreSql api) : ManagingAccessTests(api), IClassFixture<ApiOnPostgreSql>;

public sealed class ManagingAccessOnKeycloakTests(ApiOnKeycloak api) : ManagingAccessTests(api), IClassFixture<ApiOnKeycloak>;
