using System.Net;
using System.Net.Http.Headers;
using Api.Tests.Infrastructure;
using KeycloakAccess.Data;
using Microsoft.Extensions.DependencyInjection;

namespace Api.Tests.Contract;

/// <summary>The base of tests over every answer that a walk over all operations of the OpenAPI document gets.</summary>
public abstract class OperationWalkTests(ApiUnderTest api, RecordedAnswers recorded) : ContractTests(api)
{
    private const int Tries = 15;

    // What refers to others goes first.
    private static readonly string[] Deletions = ["books", "test-samples", "revocations", "role-mappings", "groups", "authors", "accounts"];

    private static readonly IReadOnlyDictionary<string, string> Nothing = new Dictionary<string, string>
    {
        ["accounts"] = Guid.Empty.ToString(),
        ["authors"] = Guid.Empty.ToString(),
    };

    private static readonly IReadOnlyDictionary<string, string> NoIds =
        Deletions.Append("audit").ToDictionary(place => place, _ => "x");

    private readonly List<RecordedAnswer> _answers = [];

    private protected Task<IReadOnlyList<RecordedAnswer>> AnswersAsync() => recorded.GetAsync(WalkAsync);

    private async Task<IReadOnlyList<RecordedAnswer>> WalkAsync()
    {
        var description = await ApiDescription.ReadAsync(Api.NewClient(), Cancel);
        var (ada, _) = await CallersAsync();
        var rows = await CreateRowsAsync(ada);
        await AskAsChosenAsync(description, ada, rows);
        await AskAsGeneratedAsync(description, ada, rows);
        await AskTwiceUnderAKeyAsync(description, ada, rows);
        await AskInConflictAsync(description, ada, rows);
        await AskOnTheWireAsync(description, ada, rows);
        await AskWithoutRealmAsync(description, ada, rows);
        await DeleteAsync(description, ada, await CreateRowsAsync(ada));
        return _answers;
    }

    private async Task AskAsChosenAsync(ApiDescription description, HttpClient ada, IReadOnlyDictionary<string, string> rows)
    {
        var nobody = await Api.ServiceAsync("acme-nobody");
        var reader = await Api.ServiceAsync("acme-reader");
        foreach (var operation in description.Operations)
        {
            var body = Bodies(rows).GetValueOrDefault(operation.ToString());
            var path = Address.Fill(operation.Path, rows);
            foreach (var (what, client, header, to, content) in new[]
            {
                ("anonymous", Api.NewClient(), ("", ""), path, body),
                ("nobody", nobody, ("", ""), path, body),
                ("no row", ada, ("If-Match", "*"), Address.Fill(operation.Path, Nothing), body),
                ("no id", ada, ("If-Match", "*"), Address.Fill(operation.Path, NoIds), body),
                ("without a condition", ada, ("", ""), path, body),
                ("an old tag", ada, ("If-Match", "\"0\""), path + Query(operation), body),
                ("a malformed condition", ada, ("If-Match", "0"), path, body),
                ("as it is", ada, ("If-None-Match", "*"), path + Query(operation), body),
                ("a coding", ada, ("Content-Encoding", "gzip"), path, body ?? "{}"),
                ("no body", ada, ("If-Match", "*"), path, null),
                ("no JSON", ada, ("If-Match", "*"), path, "{"),
                ("an unknown parameter", ada, ("If-Match", "*"), path + "?unknown=%ff", body),
                ("a fault", ada, (FaultPolicy.Header, "1"), path, body),
                ("what succeeds", ada, ("If-Match", "*"), path + Query(operation), body),
            })
            {
                // Deleted last, so that the others find it.
                if (operation.Method != "DELETE" || what is not ("what succeeds" or "no body" or "no JSON" or "without a condition"))
                {
                    using var request = NewRequest(operation, to, content, header);
                    await AskAsync(description, operation, client, request, what);
                }
            }
        }

        var account = $"/api/accounts/{rows["accounts"]}";
        using var disabled = await ada.PatchAsync(account, JsonBody("""{"enabled":false}"""), Cancel);
        foreach (var operation in description.Operations)
        {
            using var request = NewRequest(operation, Address.Fill(operation.Path, rows), null, default);
            await AskAsync(description, operation, reader, request, "a disabled account");
        }

        using var enabled = await ada.PatchAsync(account, JsonBody("""{"enabled":true}"""), Cancel);
        Assert.True(disabled.IsSuccessStatusCode && enabled.IsSuccessStatusCode);
    }

    private async Task AskAsGeneratedAsync(ApiDescription description, HttpClient ada, IReadOnlyDictionary<string, string> rows)
    {
        for (var seed = 0; seed < Tries; seed++)
        {
            foreach (var operation in description.Operations.Where(operation => operation.Method != "DELETE"))
            {
                var generator = new ValueGenerator(description, new Random(seed));
                foreach (var isBroken in operation.Body is null ? new[] { false } : [false, true])
                {
                    var body = operation.Body is not { } schema ? null : isBroken ? generator.Broken(schema) : generator.Valid(schema);
                    if (operation.Id == "CreateRevocation" && body?.ToJsonString().Contains("everything", StringComparison.Ordinal) is true)
                    {
                        // The tokens of those who ask would be among it.
                        continue;
                    }

                    var query = Query(operation, generator, seed);
                    using var request = NewRequest(
                        operation,
                        Address.Fill(operation.Path, rows) + query,
                        operation.Body is null ? null : body?.ToJsonString() ?? "null",
                        ("If-Match", "*"));
                    var why = isBroken ? $", though {description.Mistake(operation.Body!, body)}" : "";
                    await AskAsync(
                        description,
                        operation,
                        ada,
                        request,
                        $"{query} {body?.ToJsonString()}{why}",
                        isBroken ? Sending.Broken : Sending.Allowed);
                }
            }
        }
    }

    private async Task AskTwiceUnderAKeyAsync(ApiDescription description, HttpClient ada, IReadOnlyDictionary<string, string> rows)
    {
        foreach (var operation in description.Operations.Where(operation =>
            operation.Parameters("header").Any(parameter => parameter["name"]!.GetValue<string>() == "Idempotency-Key")))
        {
            var key = $"\"{Guid.NewGuid()}\"";
            var body = Bodies(rows).GetValueOrDefault(operation.ToString());
            foreach (var (what, query) in new[]
            {
                ("under a key", ""), ("again", ""), ("otherwise", "?reason=another"), ("while it runs", ""),
            })
            {
                if (what == "while it runs")
                {
                    await Api.Services.GetRequiredService<Database>().WriteAsync(
                        "UPDATE idempotency_keys SET status = NULL WHERE key = @key", new { key = key.Trim('"') }, Cancel);
                }

                using var request = NewRequest(
                    operation, Address.Fill(operation.Path, rows) + query, body, ("Idempotency-Key", key));
                await AskAsync(description, operation, ada, request, what);
            }
        }
    }

    private async Task AskInConflictAsync(ApiDescription description, HttpClient ada, IReadOnlyDictionary<string, string> rows)
    {
        var self = await AccountIdAsync(ada);
        var superusers = await FindAsync("groups", "name", "superusers");
        var mapping = await FindAsync("role-mappings", "groupId", superusers);
        var order = Random.Shared.Next();
        var denying = await AddAsync("groups", "\"denied\":[\"book:delete\"]");
        await AddAsync("test-samples", $"\"order\":{order}");
        foreach (var (id, path, body) in new[]
        {
            ("ChangeAccount", $"/api/accounts/{self}", """{"enabled":false}"""),
            ("DeleteAccount", $"/api/accounts/{self}", null),
            ("DeleteGroup", $"/api/groups/{superusers}", null),
            ("ReplaceGroup", $"/api/groups/{superusers}", """{"name":"superusers","permissions":[]}"""),
            ("AddGroupMember", $"/api/groups/{denying}/members/{self}", null),
            ("DeleteRoleMapping", $"/api/role-mappings/{mapping}", null),
            ("ReplaceRoleMapping", $"/api/role-mappings/{mapping}", $$"""{"kind":"realm-role","name":"x","groupId":"{{superusers}}"}"""),
            ("DeleteAuthor", $"/api/authors/{rows["authors"]}", null),
            ("ReplaceTestSample", $"/api/test-samples/{rows["test-samples"]}", With("PUT /api/test-samples/{id}", $"\"order\":{order}")),
        })
        {
            var operation = description.Operations.Single(operation => operation.Id == id);
            using var request = NewRequest(operation, path, body, ("If-Match", "*"));
            await AskAsync(description, operation, ada, request, "in conflict");
        }

        async Task<string> FindAsync(string place, string name, string value) => (await ListAsync(ada, $"/api/{place}"))
            .First(row => row.GetProperty(name).GetString() == value).GetProperty("id").GetString()!;

        async Task<string> AddAsync(string place, string more)
        {
            using var added = await ada.PostAsync($"/api/{place}", JsonBody(With($"POST /api/{place}", more)), Cancel);
            Assert.True(added.IsSuccessStatusCode, await added.Content.ReadAsStringAsync(Cancel));
            return (await JsonAsync(added)).GetProperty("id").GetString()!;
        }

        string With(string operation, string more) => $"{Bodies(rows)[operation][..^1]},{more}}}";
    }

    // What the in-memory server does not do: limits of headers, of bodies and of addresses.
    private async Task AskOnTheWireAsync(ApiDescription description, HttpClient ada, IReadOnlyDictionary<string, string> rows)
    {
        string[] large = [.. Enumerable.Range(0, 9).Select(number => $"X-{number}: {new string('x', 8000)}")];
        await using var wire = new KestrelWire(Api);
        await using var limited = new KestrelWire(Api, ("RateLimits:RefusedRequests", "1"));
        await limited.SendAsync("GET /api/me");
        foreach (var operation in description.Operations)
        {
            var target = $"{operation.Method} {Address.Fill(operation.Path, rows)}";
            await RecordAsync("headers that are too large", wire, large);
            await RecordAsync("one refused request too many", limited);
            if (operation.Json["responses"]!["413"] is not null)
            {
                await RecordAsync(
                    "a body that is too large",
                    wire,
                    $"Authorization: {ada.DefaultRequestHeaders.Authorization}",
                    "If-Match: *",
                    $"Idempotency-Key: \"{Guid.NewGuid()}\"",
                    "Content-Type: application/json",
                    "Content-Length: 2000000\r\n\r\n{");
            }

            async Task RecordAsync(string what, KestrelWire server, params string[] headers)
            {
                var (status, received, body) = await server.SendAsync(target, headers);
                using var answer = new HttpResponseMessage((HttpStatusCode)status) { Content = JsonBody("") };
                foreach (var (name, value) in received)
                {
                    answer.Headers.TryAddWithoutValidation(name, value);
                }

                var type = received.GetValueOrDefault("Content-Type");
                answer.Content.Headers.ContentType = type is null ? null : MediaTypeHeaderValue.Parse(type);
                Record(description, operation, answer, body, what, Sending.Chosen);
            }
        }
    }

    private async Task AskWithoutRealmAsync(ApiDescription description, HttpClient ada, IReadOnlyDictionary<string, string> rows)
    {
        await using var variant = Api.Variant(("Keycloak:auth-server-url", $"http://127.0.0.1:{FreePort.Find()}"));
        var client = variant.NewClient(ada.DefaultRequestHeaders.Authorization!.Parameter);
        foreach (var operation in description.Operations)
        {
            using var request = NewRequest(operation, Address.Fill(operation.Path, rows), null, default);
            await AskAsync(description, operation, client, request, "without a realm");
        }
    }

    private async Task DeleteAsync(ApiDescription description, HttpClient ada, IReadOnlyDictionary<string, string> rows)
    {
        foreach (var place in Deletions)
        {
            foreach (var operation in description.Operations.Where(operation =>
                operation.Method == "DELETE" && operation.Path.StartsWith($"/api/{place}/", StringComparison.Ordinal))
                .OrderByDescending(operation => operation.Path.Length))
            {
                foreach (var what in new[] { "without a condition", "what succeeds", "again" })
                {
                    if (operation.Id == "RemoveGroupMember" && what == "what succeeds")
                    {
                        using var added = await ada.PutAsync(Address.Fill(operation.Path, rows), null, Cancel);
                        Assert.True(added.IsSuccessStatusCode);
                    }

                    using var request = NewRequest(
                        operation,
                        Address.Fill(operation.Path, rows),
                        null,
                        what == "without a condition" ? default : ("If-Match", "*"));
                    await AskAsync(description, operation, ada, request, what);
                }
            }
        }
    }

    private static HttpRequestMessage NewRequest(
        ApiDescription.Operation operation, string path, string? body, (string? Name, string Value) header)
    {
        var request = new HttpRequestMessage(new HttpMethod(operation.Method), path)
        {
            Content = body is null || operation.Method == "GET" ? null : JsonBody(body),
        };
        if (header.Name == "Content-Encoding")
        {
            request.Content?.Headers.TryAddWithoutValidation(header.Name, header.Value);
        }
        else if (header.Name is { Length: > 0 } name)
        {
            request.Headers.TryAddWithoutValidation(name, header.Value);
        }

        return request;
    }

    private async Task AskAsync(
        ApiDescription description,
        ApiDescription.Operation operation,
        HttpClient client,
        HttpRequestMessage request,
        string what,
        Sending sending = Sending.Chosen)
    {
        using var answer = await client.SendAsync(request, Cancel);
        Record(description, operation, answer, await answer.Content.ReadAsStringAsync(Cancel), what, sending);
    }

    private void Record(
        ApiDescription description,
        ApiDescription.Operation operation,
        HttpResponseMessage answer,
        string body,
        string what,
        Sending sending) => _answers.Add(new RecordedAnswer
        {
            Operation = operation,
            Request = what,
            Sending = sending,
            Status = (int)answer.StatusCode,
            Type = answer.Content.Headers.ContentType?.MediaType,
            Body = body,
            Mistake = description.Mistake(operation, answer, body),
        });

    private static string Query(ApiDescription.Operation operation) => operation.Id switch
    {
        "ExplainAccess" => "?permission=book:view",
        "PreviewRoleMapping" => "?kind=realm-role&name=x",
        _ => "",
    };

    private static string Query(ApiDescription.Operation operation, ValueGenerator generator, int seed)
    {
        var random = new Random(seed);
        var parts = operation.Parameters("query")
            .Where(parameter => parameter["required"]?.GetValue<bool>() is true || random.Next(3) == 0)
            .Select(parameter => $"{parameter["name"]}={Uri.EscapeDataString(generator.Valid(parameter["schema"]!)!.ToString())}")
            .ToArray();
        return parts.Length == 0 ? "" : "?" + string.Join('&', parts);
    }
}
