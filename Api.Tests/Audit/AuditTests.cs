using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Api.Tests.Infrastructure;

namespace Api.Tests.Audit;

/// <summary>What the audit log says of changes and refusals, and how it is looked at.</summary>
public abstract class AuditTests(ApiUnderTest api) : ApiTests(api)
{
    [Fact]
    public async Task An_account_that_is_first_seen_is_an_addition_by_itself()
    {
        var ada = await Api.PersonAsync("ada");
        var grace = await Api.PersonAsync("grace");
        var id = await AccountIdAsync(grace);
        var rows = await ListAsync(ada, $"model=account&row={id}");
        await AccountIdAsync(grace);

        var row = Assert.Single(await ListAsync(ada, $"model=account&row={id}&action=add"));

        Assert.Equal("change", Text(row, "kind"));
        Assert.Equal(id, row.GetProperty("accountId").GetGuid());
        Assert.Equal("grace", Text(row, "account"));
        Assert.Equal("bearer", Text(row, "method"));
        Assert.NotEmpty(Text(row, "requestId")!);
        Assert.Equal(JsonValueKind.Null, row.GetProperty("oldValues").ValueKind);
        var values = row.GetProperty("newValues");
        Assert.Equal("grace", Text(values, "username"));
        Assert.Equal("person", Text(values, "kind"));
        Assert.Equal(Api.Realm.Issuer, Text(values, "issuer"));
        Assert.True(values.GetProperty("enabled").GetBoolean());
        Assert.InRange((DateTimeOffset.UtcNow - row.GetProperty("at").GetDateTimeOffset()).TotalMinutes, -1, 5);
        // Being seen again is no change.
        Assert.Equal(rows.Count, (await ListAsync(ada, $"model=account&row={id}")).Count);
    }

    [Fact]
    public async Task Of_many_first_requests_at_once_one_addition_is_recorded()
    {
        var token = await Api.TokenOfAsync("acme-reader");
        var ids = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => AccountIdAsync(Api.NewClient(token))));

        Assert.Single(await ListAsync(await Api.PersonAsync("ada"), $"model=account&row={ids[0]}&action=add"));
    }

    [Fact]
    public async Task Switching_an_account_is_recorded_with_its_reason_and_only_where_it_changes_something()
    {
        var ada = await Api.PersonAsync("ada");
        var id = await AccountIdAsync(await Api.ServiceAsync("acme-writer"));
        var from = DateTimeOffset.UtcNow;

        (string Query, string Enabled)[] changes =
            [("", "true"), ("?reason=%20Left%20the%20company%20", "false"), ("?reason=again", "false"), ("?reason=%20", "true")];
        foreach (var (query, enabled) in changes)
        {
            var answer = await ada.PatchAsync($"/api/accounts/{id}{query}", Json($$"""{"enabled":{{enabled}}}"""), Cancel);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }

        var rows = await ListAsync(ada, $"model=account&row={id}&action=change&from={from.UtcDateTime:O}");
        Assert.Equal(2, rows.Count);
        Assert.Equal("""{"username":"acme-writer","enabled":true}""", rows[0].GetProperty("newValues").GetRawText());
        Assert.Null(Text(rows[0], "reason"));
        Assert.Equal("""{"username":"acme-writer","enabled":true}""", rows[1].GetProperty("oldValues").GetRawText());
        Assert.Equal("""{"username":"acme-writer","enabled":false}""", rows[1].GetProperty("newValues").GetRawText());
        Assert.Equal("Left the company", Text(rows[1], "reason"));
        Assert.Equal("ada", Text(rows[1], "account"));
        var tooLong = $"/api/accounts/{id}?reason={new string('x', 501)}";
        await AssertProblemAsync(await ada.PatchAsync(tooLong, Json("""{"enabled":false}"""), Cancel), 400);
        await AssertProblemAsync(await ada.PatchAsync($"/api/accounts/{id}?reson=x", Json("""{"enabled":false}"""), Cancel), 400);
    }

    [Fact]
    public async Task Enabling_on_a_page_is_recorded_as_done_by_session()
    {
        var ada = await Api.PersonAsync("ada");
        var id = await AccountIdAsync(await Api.ServiceAsync("acme-nobody"));
        var from = DateTimeOffset.UtcNow;
        var pages = await Api.SignInAsync("ada");
        foreach (var action in new[] { "disable", "enable" })
        {
            var list = await pages.GetAsync($"{Api.Realm.ApiUrl}/admin/accounts/{id}");
            await pages.SubmitAsync(list, $"form[action='/admin/accounts/{id}/{action}']");
        }

        var rows = await ListAsync(ada, $"model=account&row={id}&action=change&from={from.UtcDateTime:O}");
        Assert.Equal(["session", "session"], rows.Select(row => Text(row, "method")));
        Assert.Equal("""{"username":"acme-nobody","enabled":true}""", rows[0].GetProperty("newValues").GetRawText());
    }

    [Fact]
    public async Task The_life_of_a_group_is_told_whole_with_what_went_with_it()
    {
        var ada = await Api.PersonAsync("ada");
        var nobody = await AccountIdAsync(await Api.ServiceAsync("acme-nobody"));
        var name = $"g-{Guid.NewGuid():N}";
        var created = await JsonAsync(await ada.PostAsync(
            "/api/groups", Json($$"""{"name":"{{name}}","permissions":["book:view"]}"""), Cancel));
        var id = created.GetProperty("id").GetGuid();

        // The same again is no change, a member who is one is not added, and one who is none is not taken out.
        await AssertOkAsync(SendAsync(ada, HttpMethod.Put, $"/api/groups/{id}", $$"""{"name":"{{name}}","permissions":["book:view"]}"""));
        await AssertOkAsync(SendAsync(
            ada,
            HttpMethod.Put,
            $"/api/groups/{id}",
            $$"""{"name":"{{name}}","description":"<b>'\"","permissions":["book:view","book:add"],"denied":["book:delete"]}"""));
        await AssertOkAsync(ada.PutAsync($"/api/groups/{id}/members/{nobody}", null, Cancel));
        await AssertOkAsync(ada.PutAsync($"/api/groups/{id}/members/{nobody}", null, Cancel));
        await AssertOkAsync(ada.DeleteAsync($"/api/groups/{id}/members/{nobody}", Cancel));
        await AssertProblemAsync(await ada.DeleteAsync($"/api/groups/{id}/members/{nobody}", Cancel), 404);
        await AssertOkAsync(ada.PutAsync($"/api/groups/{id}/members/{nobody}", null, Cancel));
        var mapped = await JsonAsync(await ada.PostAsync(
            "/api/role-mappings", Json($$"""{"kind":"client-role","client":"other","name":"r","groupId":"{{id}}"}"""), Cancel));
        await AssertOkAsync(SendAsync(ada, HttpMethod.Delete, $"/api/groups/{id}", null));
        await AssertProblemAsync(await SendAsync(ada, HttpMethod.Delete, $"/api/groups/{id}", null), 404);

        var rows = (await ListAsync(ada, $"model=group&row={id}")).Reverse().ToArray();
        Assert.Equal(
            ["add", "change", "add-member", "remove-member", "add-member", "remove-member", "delete"],
            rows.Select(row => Text(row, "action")));
        Assert.Equal("""["book:view"]""", rows[1].GetProperty("oldValues").GetProperty("permissions").GetRawText());
        Assert.Equal("""["book:add","book:view"]""", rows[1].GetProperty("newValues").GetProperty("permissions").GetRawText());
        Assert.Equal("""["book:delete"]""", rows[1].GetProperty("newValues").GetProperty("denied").GetRawText());
        Assert.Equal("<b>'\"", Text(rows[1].GetProperty("newValues"), "description"));
        Assert.Equal("acme-nobody", Text(rows[2].GetProperty("newValues"), "username"));
        Assert.Equal(nobody, rows[3].GetProperty("oldValues").GetProperty("accountId").GetGuid());
        Assert.Equal(name, Text(rows[6].GetProperty("oldValues"), "name"));
        Assert.Equal(JsonValueKind.Null, rows[6].GetProperty("newValues").ValueKind);
        Assert.All(rows, row => Assert.Equal("ada", Text(row, "account")));

        var mapping = (await ListAsync(ada, $"model=role-mapping&row={mapped.GetProperty("id").GetGuid()}")).Reverse().ToArray();
        Assert.Equal(["add", "delete"], mapping.Select(row => Text(row, "action")));
        Assert.Equal(mapping[0].GetProperty("newValues").GetRawText(), mapping[1].GetProperty("oldValues").GetRawText());
        Assert.Equal(name, Text(mapping[1].GetProperty("oldValues"), "groupName"));
        // One request took all of it away.
        var together = await ListAsync(ada, $"requestId={Uri.EscapeDataString(Text(rows[6], "requestId")!)}");
        Assert.Equal(3, together.Count);
    }

    [Fact]
    public async Task The_life_of_a_mapping_is_told()
    {
        var ada = await Api.PersonAsync("ada");
        var group = (await JsonAsync(await ada.PostAsync(
            "/api/groups", Json($$"""{"name":"g-{{Guid.NewGuid():N}}","permissions":[]}"""), Cancel))).GetProperty("id").GetGuid();
        var body = $$"""{"kind":"realm-role","name":"r-{{Guid.NewGuid():N}}","groupId":"{{group}}"}""";
        var id = (await JsonAsync(await ada.PostAsync("/api/role-mappings", Json(body), Cancel))).GetProperty("id").GetGuid();
        await AssertProblemAsync(await ada.PostAsync("/api/role-mappings", Json(body), Cancel), 409);
        await AssertOkAsync(ada.DeleteAsync($"/api/role-mappings/{id}", Cancel));
        await AssertProblemAsync(await ada.DeleteAsync($"/api/role-mappings/{id}", Cancel), 404);

        var rows = await ListAsync(ada, $"model=role-mapping&row={id}");

        Assert.Equal(["delete", "add"], rows.Select(row => Text(row, "action")));
        Assert.Equal("realm-role", Text(rows[0].GetProperty("oldValues"), "kind"));
        Assert.Equal(JsonValueKind.Null, rows[0].GetProperty("oldValues").GetProperty("client").ValueKind);
    }

    [Fact]
    public async Task A_change_that_is_refused_or_fails_leaves_no_change()
    {
        var ada = await Api.PersonAsync("ada");
        var linus = await Api.PersonAsync("linus");
        var own = await AccountIdAsync(linus);
        await AssertProblemAsync(
            await linus.PostAsync("/api/groups", Json("""{"name":"mine","permissions":["*:*"]}"""), Cancel), 403, "grant_refused");
        await AssertProblemAsync(await linus.PostAsync("/api/groups", Json("""{"name":"staff","permissions":[]}"""), Cancel), 409);

        Assert.DoesNotContain(await ListAsync(ada, $"kind=change&account={own}"), row => Text(row, "model") == "group");
    }

    [Fact]
    public async Task A_refusal_is_in_the_log()
    {
        var ada = await Api.PersonAsync("ada");
        var reader = await Api.ServiceAsync("acme-reader");
        var id = await AccountIdAsync(reader);
        var row = Guid.NewGuid();
        using var request = new HttpRequestMessage(HttpMethod.Delete, $"/api/books/{row}?secret=x");

        var problem = await AssertProblemAsync(await reader.SendAsync(request, Cancel), 403, "permission_missing");
        var refusal = Assert.Single(await WaitAsync(
            ada, $"kind=denied-request&requestId={Uri.EscapeDataString(Text(problem, "requestId")!)}"));

        Assert.Equal(id, refusal.GetProperty("accountId").GetGuid());
        Assert.Equal("acme-reader", Text(refusal, "account"));
        Assert.Equal("bearer", Text(refusal, "method"));
        Assert.Equal("book:delete", Text(refusal, "permission"));
        Assert.Equal("book", Text(refusal, "model"));
        Assert.Equal("delete", Text(refusal, "action"));
        Assert.Equal(row.ToString(), Text(refusal, "rowId"));
        Assert.Equal("permission_missing", Text(refusal, "code"));
        Assert.Equal("DELETE", Text(refusal, "httpMethod"));
        Assert.Equal("/api/books/{id:guid}", Text(refusal, "path"));
        Assert.Equal(1, refusal.GetProperty("count").GetInt32());
        Assert.DoesNotContain("secret", refusal.GetRawText(), StringComparison.Ordinal);
        var same = await ada.GetFromJsonAsync<JsonElement>($"/api/audit/{refusal.GetProperty("id").GetGuid()}", Cancel);
        Assert.Equal(refusal.GetRawText(), same.GetRawText());
    }

    [Fact]
    public async Task A_missing_scope_a_refused_grant_and_a_page_are_refusals_too()
    {
        var ada = await Api.PersonAsync("ada");
        var narrow = await Api.ServiceAsync("acme-writer", "books:read");
        var scope = await AssertProblemAsync(
            await narrow.PostAsync("/api/books", Json("""{"title":"T","author":"A"}"""), Cancel), 403, "insufficient_scope");
        var linus = await Api.PersonAsync("linus");
        var handing = await AssertProblemAsync(
            await linus.PostAsync("/api/groups", Json("""{"name":"mine","permissions":["*:*","book:delete"]}"""), Cancel),
            403,
            "grant_refused");
        var nora = await Api.SignInAsync("nora");
        Assert.Equal(HttpStatusCode.Forbidden, (await nora.GetAsync($"{Api.Realm.ApiUrl}/admin")).Status);

        var first = Assert.Single(await WaitAsync(ada, $"kind=denied-request&requestId={Uri.EscapeDataString(Text(scope, "requestId")!)}"));
        Assert.Equal("books:write", Text(first, "missingScope"));
        Assert.Equal("book:add", Text(first, "permission"));
        var second = Assert.Single(await WaitAsync(
            ada, $"kind=denied-request&requestId={Uri.EscapeDataString(Text(handing, "requestId")!)}"));
        Assert.Equal("""["*:*","book:delete"]""", second.GetProperty("missingPermissions").GetRawText());
        Assert.Equal("group:add", Text(second, "permission"));
        var third = (await WaitAsync(ada, "permission=admin:view&kind=denied-request"))[0];
        Assert.Equal("nora", Text(third, "account"));
        Assert.Equal("session", Text(third, "method"));
    }

    [Fact]
    public async Task A_disabled_account_is_refused_with_a_row_and_an_anonymous_caller_without_one()
    {
        var ada = await Api.PersonAsync("ada");
        var writer = await Api.ServiceAsync("acme-writer");
        var id = await AccountIdAsync(writer);
        await AssertOkAsync(ada.PatchAsync($"/api/accounts/{id}", Json("""{"enabled":false}"""), Cancel));
        try
        {
            var inactive = await AssertProblemAsync(await writer.GetAsync("/api/me", Cancel), 403, "account_disabled");
            var anonymous = await AssertProblemAsync(await Api.NewClient().GetAsync("/api/me", Cancel), 401);
            var forged = await AssertProblemAsync(await Api.NewClient("a.b.c").GetAsync("/api/me", Cancel), 401);

            var row = Assert.Single(await WaitAsync(
                ada, $"kind=denied-request&requestId={Uri.EscapeDataString(Text(inactive, "requestId")!)}"));
            Assert.Equal("account_disabled", Text(row, "code"));
            Assert.Null(Text(row, "permission"));
            foreach (var problem in new[] { anonymous, forged })
            {
                Assert.Empty(await ListAsync(ada, $"requestId={Uri.EscapeDataString(Text(problem, "requestId")!)}"));
            }
        }
        finally
        {
            await AssertOkAsync(ada.PatchAsync($"/api/accounts/{id}", Json("""{"enabled":true}"""), Cancel));
        }
    }

    [Fact]
    public async Task The_same_refusal_in_a_loop_is_few_rows_that_count_them_all()
    {
        var ada = await Api.PersonAsync("ada");
        var nobody = await Api.ServiceAsync("acme-nobody");
        var id = await AccountIdAsync(nobody);
        var from = DateTimeOffset.UtcNow;
        for (var i = 0; i < 40; i++)
        {
            await AssertProblemAsync(await nobody.GetAsync($"/api/books/{Guid.NewGuid()}", Cancel), 403);
        }

        var query = $"kind=denied-request&account={id}&permission=book:view&from={from.UtcDateTime:O}";
        IReadOnlyList<JsonElement> rows = [];
        for (var i = 0; i < 40 && rows.Sum(row => row.GetProperty("count").GetInt32()) < 40; i++)
        {
            await Task.Delay(100, Cancel);
            rows = await ListAsync(ada, query);
        }

        Assert.Equal(40, rows.Sum(row => row.GetProperty("count").GetInt32()));
        Assert.InRange(rows.Count, 1, 20);
        Assert.All(rows.Where(row => row.GetProperty("count").GetInt32() > 1), row =>
        {
            Assert.Null(Text(row, "rowId"));
            Assert.True(row.GetProperty("lastAt").GetDateTimeOffset() >= row.GetProperty("at").GetDateTimeOffset());
        });
    }

    [Fact]
    public async Task The_list_is_the_newest_first_and_pages_hold_each_row_once()
    {
        var ada = await Api.PersonAsync("ada");
        var own = await AccountIdAsync(ada);
        var from = DateTimeOffset.UtcNow;
        var names = Enumerable.Range(0, 7).Select(_ => $"g-{Guid.NewGuid():N}").ToArray();
        foreach (var name in names)
        {
            await AssertOkAsync(ada.PostAsync("/api/groups", Json($$"""{"name":"{{name}}","permissions":[]}"""), Cancel));
        }

        var to = DateTimeOffset.UtcNow.AddSeconds(1);
        var filter = $"kind=change&account={own}&model=group&action=add&from={from.UtcDateTime:O}&to={to.UtcDateTime:O}";
        var got = new List<string>();
        string? after = null;
        do
        {
            var page = await ada.GetFromJsonAsync<JsonElement>(
                $"/api/audit?{filter}&limit=3" + (after is null ? "" : $"&after={after}"), Cancel);
            got.AddRange(
                page.GetProperty("items")
                    .EnumerateArray()
                    .Select(row => Text(row.GetProperty("newValues"), "name")!)
                    .Where(names.Contains));
            after = Text(page, "next");
        }
        while (after is not null);

        Assert.Equal(names.Reverse(), got);
        Assert.Empty(await ListAsync(ada, $"account={own}&to={from.AddDays(-1).UtcDateTime:O}"));
        Assert.Empty(await ListAsync(
            ada, $"account={own}&from={to.AddHours(1).ToOffset(TimeSpan.FromHours(2)):O}".Replace("+", "%2B", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("kind=other", "kind", "change or denied-request")]
    [InlineData("account=me", "account", "")]
    [InlineData("row=1", "row", "name the model too")]
    [InlineData("model=", "model", "between 1 and")]
    [InlineData("permission=book", "permission", "model:action")]
    [InlineData("from=2026-11-24", "from", "instant of ISO 8601")]
    [InlineData("from=2026-11-24T00:00:00", "from", "instant of ISO 8601")]
    [InlineData("to=2026-11-24T00:00:00+01:00", "to", "%2B")]
    [InlineData("from=2026-11-24T00:00:00Z&to=2026-11-24T00:00:00Z", "to", "later than from")]
    [InlineData("limit=0", "limit", "between 1 and 100")]
    [InlineData("limit=101", "limit", "between 1 and 100")]
    [InlineData("after=zzz", "after", "next of a page")]
    [InlineData("acount=1", "acount", "Known: kind, account")]
    public async Task A_filter_with_a_mistake_is_refused_by_name(string query, string field, string expected)
    {
        var problem = await AssertProblemAsync(
            await (await Api.PersonAsync("ada")).GetAsync("/api/audit?" + query, Cancel), 400, "invalid_request");

        if (expected.Length > 0)
        {
            Assert.Contains(expected, problem.GetProperty("errors").GetProperty(field)[0].GetString(), StringComparison.Ordinal);
        }
        else
        {
            Assert.Contains($"{field} cannot be read", Text(problem, "detail"), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("from=2026-11-24T00:00Z")]
    [InlineData("from=2026-11-24T00:00:00.1234567Z")]
    [InlineData("to=9999-12-31T23:59:59Z")]
    [InlineData("from=2026-11-24T00:00:00%2B01:00")]
    [InlineData("model=nothing&row=%27%3B--")]
    [InlineData("permission=gone:view")]
    public async Task A_filter_without_one_is_taken(string query) =>
        Assert.Equal(HttpStatusCode.OK, (await (await Api.PersonAsync("ada")).GetAsync("/api/audit?" + query, Cancel)).StatusCode);

    [Fact]
    public async Task Only_who_holds_audit_view_may_look_and_nobody_may_write()
    {
        var linus = await Api.PersonAsync("linus");
        var ada = await Api.PersonAsync("ada");
        var id = (await ListAsync(ada, "limit=1"))[0].GetProperty("id").GetGuid();

        await AssertProblemAsync(await linus.GetAsync("/api/audit", Cancel), 403, "permission_missing");
        await AssertProblemAsync(await linus.GetAsync($"/api/audit/{id}", Cancel), 403, "permission_missing");
        await AssertProblemAsync(await ada.GetAsync($"/api/audit/{Guid.NewGuid()}", Cancel), 404);
        foreach (var method in new[] { HttpMethod.Post, HttpMethod.Put, HttpMethod.Patch, HttpMethod.Delete })
        {
            foreach (var path in new[] { "/api/audit", $"/api/audit/{id}" })
            {
                await AssertProblemAsync(await SendAsync(ada, method, path, method == HttpMethod.Delete ? null : "{}"), 405);
            }
        }
    }

    [Fact]
    public async Task Neither_tokens_nor_claims_are_in_the_log()
    {
        var ada = await Api.PersonAsync("ada");
        var token = await Api.TokenOfAsync("acme-nobody");
        await Api.NewClient(token).GetAsync("/api/books", Cancel);
        await WaitAsync(ada, "kind=denied-request");

        var page = await ada.GetStringAsync("/api/audit?limit=100", Cancel);

        foreach (var part in token.Split('.').Append("realm_access").Append("acme-nobody-secret").Append("jti"))
        {
            Assert.DoesNotContain(part, page, StringComparison.Ordinal);
        }
    }

    private static async Task<IReadOnlyList<JsonElement>> ListAsync(HttpClient client, string query)
    {
        var response = await client.GetAsync("/api/audit?" + query, Cancel);
        Assert.True(response.StatusCode == HttpStatusCode.OK, await response.Content.ReadAsStringAsync(Cancel));
        return [.. (await JsonAsync(response)).GetProperty("items").EnumerateArray()];
    }

    private static async Task<IReadOnlyList<JsonElement>> WaitAsync(HttpClient client, string query)
    {
        for (var i = 0; i < 50; i++)
        {
            if (await ListAsync(client, query) is { Count: > 0 } rows)
            {
                return rows;
            }

            await Task.Delay(100, Cancel);
        }

        return [];
    }

    private static string? Text(JsonElement element, string name) => element.GetProperty(name).GetString();

    private static async Task AssertOkAsync(Task<HttpResponseMessage> call)
    {
        var response = await call;
        Assert.True(response.IsSuccessStatusCode, $"{(int)response.StatusCode}: {await response.Content.ReadAsStringAsync(Cancel)}");
    }

    private static async Task<HttpResponseMessage> SendAsync(HttpClient client, HttpMethod method, string url, string? body)
    {
        using var request = new HttpRequestMessage(method, url) { Content = body is null ? null : Json(body) };
        request.Headers.TryAddWithoutValidation("If-Match", "*");
        return await client.SendAsync(request, Cancel);
    }

    private static StringContent Json(string json) => new(json, Encoding.UTF8, "application/json");
}

public sealed class AuditOnEmbeddedRealmTests(ApiOnEmbeddedRealm api) : AuditTests(api), IClassFixture<ApiOnEmbeddedRealm>;

public sealed class AuditOnPostgreSqlTests(ApiOnPostgreSql api) : AuditTests(api), IClassFixture<ApiOnPostgreSql>;

public sealed class AuditOnKeycloakTests(ApiOnKeycloak api) : AuditTests(api), IClassFixture<ApiOnKeycloak>;
