using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Api.Tests.Infrastructure;
using KeycloakAccess.Data;
using KeycloakAccess.Permissions;
using KeycloakAccess.RulesDocument;
using Microsoft.Extensions.DependencyInjection;

namespace Api.Tests.Access;

/// <summary>The dry run over HTTP: who would gain and lose what, before anything is saved.</summary>
public sealed class PreviewingRulesTests(ApiOnEmbeddedRealm api) : ApiTests(api), IClassFixture<ApiOnEmbeddedRealm>
{
    private static readonly Actor Tester = new(AccountId: null, "tester", Actor.CommandLine, RequestId: null);

    [Fact]
    public async Task The_exported_document_is_the_one_that_would_change_nothing()
    {
        var ada = await Api.PersonAsync("ada");
        var response = await ada.GetAsync("/api/access/document", Cancel);

        Assert.Equal("application/json", response.Content.Headers.ContentType?.MediaType);
        var document = await response.Content.ReadAsByteArrayAsync(Cancel);
        Assert.Equal(
            AccessDocumentWriter.Write((await Api.Services.GetRequiredService<AccessStore>().ReadAsync(Cancel)).Document), document);
        var preview = await PreviewAsync(ada, Encoding.UTF8.GetString(document));
        Assert.Empty(preview.GetProperty("accounts").EnumerateArray());
        Assert.Equal(0, preview.GetProperty("totals").GetProperty("affected").GetInt64());
        Assert.False(preview.GetProperty("truncated").GetBoolean());
    }

    [Fact]
    public async Task What_it_says_of_callers_is_what_they_may_do_afterwards()
    {
        var callers = new Dictionary<string, HttpClient>(StringComparer.Ordinal)
        {
            ["ada"] = await Api.PersonAsync("ada"),
            ["grace"] = await Api.PersonAsync("grace"),
            ["linus"] = await Api.PersonAsync("linus"),
            ["service-account-acme-reader"] = await Api.ServiceAsync("acme-reader"),
            ["service-account-acme-writer"] = await Api.ServiceAsync("acme-writer"),
            ["service-account-acme-nobody"] = await Api.ServiceAsync("acme-nobody"),
        };
        var before = await MeAsync(callers);
        var store = Api.Services.GetRequiredService<AccessStore>();
        var original = (await store.ReadAsync(Cancel)).Document;
        // Superusers keep what the calls of this test need. Writers become readers, everybody sees accounts, staff may not.
        const string text = """
            {
              "groups": {
                "superusers": {
                  "permissions": ["*:*"], "denied": ["book:delete"], "roleMappings": [{ "kind": "realm-role", "name": "superuser" }]
                },
                "book-readers": {
                  "permissions": ["book:view"], "roleMappings": [{ "kind": "client-role", "client": "acme-api", "name": "book-*" }]
                },
                "default-group": { "permissions": ["account:view"], "isDefault": true },
                "staff": {
                  "permissions": ["admin:view"], "denied": ["account:*"], "roleMappings": [{ "kind": "realm-role", "name": "staff" }]
                }
              }
            }
            """;
        var preview = await PreviewAsync(callers["ada"], text);
        Assert.Equal(Words(before), Words(await MeAsync(callers)));
        try
        {
            var document = AccessDocumentReader.Read(
                Encoding.UTF8.GetBytes(text), Api.Services.GetRequiredService<PermissionCatalogue>(), out _)!;
            await store.ApplyAsync(document, Tester, allowsNoSuperuser: true, seen: null, Cancel);
            var after = await MeAsync(callers);
            var said = preview.GetProperty("accounts").EnumerateArray().ToDictionary(account => account.GetProperty("id").GetGuid());

            Assert.NotEqual(before["service-account-acme-writer"].Permissions, after["service-account-acme-writer"].Permissions);
            foreach (var (name, (id, permissions)) in before)
            {
                var gains = after[name].Permissions.Except(permissions).ToArray();
                var loses = permissions.Except(after[name].Permissions).ToArray();
                Assert.Equal(gains.Length + loses.Length > 0, said.ContainsKey(id));
                if (said.TryGetValue(id, out var account))
                {
                    Assert.Equal(gains, Texts(account, "gains"));
                    Assert.Equal(loses, Texts(account, "loses"));
                    Assert.Equal(
                        name.StartsWith("service", StringComparison.Ordinal) ? "service" : "person",
                        account.GetProperty("kind").GetString());
                }
            }
        }
        finally
        {
            await store.ApplyAsync(original, Tester, allowsNoSuperuser: true, seen: null, CancellationToken.None);
        }
    }

    [Fact]
    public async Task A_long_answer_is_cut_off_and_its_totals_are_not()
    {
        var ada = await Api.PersonAsync("ada");
        foreach (var client in new[] { "acme-reader", "acme-writer", "acme-nobody" })
        {
            await AccountIdAsync(await Api.ServiceAsync(client));
        }

        const string everybody =
            """{"groups":{"default-group":{"permissions":["book:view"],"denied":["account:view"],"isDefault":true}}}""";
        var all = await PreviewAsync(ada, everybody);
        var one = await PreviewAsync(ada, everybody, "?limit=1");

        Assert.True(all.GetProperty("accounts").GetArrayLength() >= 3);
        Assert.Equal(all.GetProperty("accounts")[0].GetRawText(), Assert.Single(one.GetProperty("accounts").EnumerateArray()).GetRawText());
        Assert.Equal(all.GetProperty("totals").GetRawText(), one.GetProperty("totals").GetRawText());
        Assert.True(one.GetProperty("truncated").GetBoolean());
        Assert.False(all.GetProperty("truncated").GetBoolean());
        await AssertProblemAsync(await ada.PostAsync("/api/access/preview?limit=0", Json(everybody), Cancel), 400, "invalid_request");
    }

    [Theory]
    [InlineData(
        """{"groups":{"a":{"permissions":["bok:view"]}}}""",
        "groups.a.permissions[0]",
        "Line 1, column 32: The permission bok:view does not exist. Did you mean book:view?")]
    [InlineData("""{"groups":{},"groups":{}}""", "groups", "stands twice")]
    [InlineData("""{"Groups":{},"groups":[]}""", "groups", "Line 1, column 2: There is no member \"Groups\" here.")]
    [InlineData("""{}""", "document", "The member groups is missing")]
    [InlineData("", "document", "This is not JSON")]
    public async Task A_document_with_a_mistake_is_refused_by_its_place(string body, string field, string expected)
    {
        var problem = await AssertProblemAsync(
            await (await Api.PersonAsync("ada")).PostAsync("/api/access/preview", Json(body), Cancel), 400, "invalid_request");

        Assert.Contains(expected, problem.GetProperty("errors").GetProperty(field)[0].GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_that_is_no_JSON_by_its_own_word_is_415()
    {
        using var text = new StringContent("{}", Encoding.UTF8, "text/plain");

        await AssertProblemAsync(await (await Api.PersonAsync("ada")).PostAsync("/api/access/preview", text, Cancel), 415);
    }

    private static async Task<JsonElement> PreviewAsync(HttpClient client, string document, string query = "")
    {
        var response = await client.PostAsync("/api/access/preview" + query, Json(document), Cancel);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(Cancel));
        return await JsonAsync(response);
    }

    private static async Task<Dictionary<string, (Guid Id, string[] Permissions)>> MeAsync(Dictionary<string, HttpClient> callers)
    {
        var answers = new Dictionary<string, (Guid, string[])>(StringComparer.Ordinal);
        foreach (var (name, client) in callers)
        {
            var me = await client.GetFromJsonAsync<JsonElement>("/api/me", Cancel);
            answers[name] = (me.GetProperty("accountId").GetGuid(), Texts(me, "permissions"));
        }

        return answers;
    }

    private static IEnumerable<string> Words(Dictionary<string, (Guid Id, string[] Permissions)> callers) =>
        callers.Select(caller => $"{caller.Key} {string.Join(' ', caller.Value.Permissions)}");

    private static string[] Texts(JsonElement json, string name) =>
        [.. json.GetProperty(name).EnumerateArray().Select(text => text.GetString()!)];

    private static StringContent Json(string json) => new(json, Encoding.UTF8, "application/json");
}
