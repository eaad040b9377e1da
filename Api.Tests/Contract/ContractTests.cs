using System.Text.Json;
using Api.Tests.Infrastructure;

namespace Api.Tests.Contract;

/// <summary>The base of tests that walk over everything that the API offers, with rows of every kind.</summary>
public abstract class ContractTests(ApiUnderTest api) : ApiTests(api)
{
    /// <summary>A request of each operation that takes a body, which succeeds. An operation without one here fails the tests.</summary>
    private protected static Dictionary<string, string> Bodies(IReadOnlyDictionary<string, string> rows) => new(StringComparer.Ordinal)
    {
        ["POST /api/access/preview"] = """{"version":1,"groups":{"g":{"permissions":["book:view"]}}}""",
        ["POST /api/authors"] = $$"""{"name":"A {{Guid.NewGuid():N}}"}""",
        ["PUT /api/authors/{id}"] = $$"""{"name":"A {{Guid.NewGuid():N}}"}""",
        ["POST /api/books"] = $$"""{"title":"T {{Guid.NewGuid():N}}","authorId":"{{rows["authors"]}}"}""",
        ["PUT /api/books/{id}"] = $$"""{"title":"T","authorId":"{{rows["authors"]}}"}""",
        ["POST /api/groups"] = $$"""{"name":"g-{{Guid.NewGuid():N}}","permissions":["book:view"]}""",
        ["PUT /api/groups/{id}"] = $$"""{"name":"g-{{Guid.NewGuid():N}}","permissions":["book:view"]}""",
        ["POST /api/revocations"] = $$"""{"kind":"token","value":"{{Guid.NewGuid():N}}"}""",
        ["POST /api/role-mappings"] =
            $$"""{"kind":"realm-role","name":"r-{{Guid.NewGuid():N}}","groupId":"{{rows["groups"]}}"}""",
        ["PUT /api/role-mappings/{id}"] =
            $$"""{"kind":"realm-role","name":"r-{{Guid.NewGuid():N}}","groupId":"{{rows["groups"]}}"}""",
        ["PUT /api/groups/{id}/members/{accountId}"] = """{"until":"2100-01-01T00:00:00Z"}""",
        ["PATCH /api/accounts/{id}"] = """{"enabled":true}""",
        ["POST /api/test-samples"] = $$"""{"id":"{{Guid.NewGuid():N}}",{{Sample}}}""",
        ["PUT /api/test-samples/{id}"] = $$"""{{{Sample}}}""",
        ["POST /access/v1/evaluation"] =
            """{"subject":{"type":"user","id":"x"},"action":{"name":"view"},"resource":{"type":"book","id":"*"}}""",
        ["POST /access/v1/evaluations"] =
            """{"subject":{"type":"user","id":"x"},"action":{"name":"view"},"resource":{"type":"book","id":"*"}}""",
        ["POST /access/v1/search/subject"] =
            """{"subject":{"type":"user"},"action":{"name":"view"},"resource":{"type":"book","id":"*"}}""",
        ["POST /access/v1/search/resource"] =
            """{"subject":{"type":"user","id":"x"},"action":{"name":"view"},"resource":{"type":"book"}}""",
        ["POST /access/v1/search/action"] = """{"subject":{"type":"user","id":"x"},"resource":{"type":"book","id":"*"}}""",
    };

    private const string Sample = "\"text\":\"t\",\"token\":\"018f2b1c-7c1e-7d3a-9a52-3f1f0e6d1c11\",\"flag\":true";

    /// <summary>The id of a row of each kind, by its place in addresses.</summary>
    private protected async Task<IReadOnlyDictionary<string, string>> CreateRowsAsync(HttpClient ada)
    {
        // It may have been disabled by a test before: it is there all the same.
        using var seen = await (await Api.ServiceAsync("acme-reader")).GetAsync("/api/me", Cancel);
        var rows = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["accounts"] = (await ListAsync(ada, "/api/accounts"))
                .First(account => account.GetProperty("username").GetString() == "acme-reader").GetProperty("id").GetString()!,
            ["audit"] = (await ListAsync(ada, "/api/audit"))[0].GetProperty("id").GetString()!,
        };
        foreach (var place in new[] { "authors", "groups" })
        {
            rows[place] = await CreateAsync(place);
        }

        foreach (var place in new[] { "books", "revocations", "role-mappings", "test-samples" })
        {
            rows[place] = await CreateAsync(place);
        }

        return rows;

        async Task<string> CreateAsync(string place)
        {
            rows.TryAdd("authors", "");
            rows.TryAdd("groups", "");
            var response = await ada.PostAsync($"/api/{place}", JsonBody(Bodies(rows)[$"POST /api/{place}"]), Cancel);
            Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(Cancel));
            return (await JsonAsync(response)).GetProperty("id").GetString()!;
        }
    }

    /// <summary>Somebody who may do everything: with a token for the API, and with a session for the pages.</summary>
    private protected async Task<(HttpClient Ada, HttpClient Pages)> CallersAsync()
    {
        var pages = Api.NewClient();
        pages.DefaultRequestHeaders.Add("Cookie", (await Api.SignInAsync("ada")).Cookies.HeaderFor(Api.BaseAddress));
        return (await Api.PersonAsync("ada"), pages);
    }

    /// <summary>Problem details that name what is wrong and where.</summary>
    private protected static async Task<JsonElement> AssertMistakeAsync(
        HttpResponseMessage response, string what, int status, string? part = null)
    {
        var text = await response.Content.ReadAsStringAsync(Cancel);
        Assert.True(status == (int)response.StatusCode, $"{what}: {(int)response.StatusCode} {text}");
        var problem = await AssertProblemAsync(response, status);
        Assert.True(problem.TryGetProperty("code", out _), $"{what}: {text}");
        Assert.True(problem.TryGetProperty("detail", out var detail) && detail.GetString() is { Length: > 0 }, $"{what}: {text}");
        Assert.True(
            problem.TryGetProperty("errors", out var errors)
                && errors.EnumerateObject().Any()
                && errors.EnumerateObject().SelectMany(error => error.Value.EnumerateArray())
                    .All(message => message.GetString() is { Length: > 0 }),
            $"{what}: {text}");
        Assert.True(part is null || errors.TryGetProperty(part, out _), $"{what}: errors do not name {part}: {text}");
        return problem;
    }
}
