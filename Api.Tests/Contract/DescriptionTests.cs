using System.Text.Json.Nodes;
using Api.Tests.Infrastructure;
using Api.Tests.Models;

namespace Api.Tests.Contract;

/// <summary>What the OpenAPI document says is so: of every operation, whatever is sent.</summary>
public abstract class DescriptionTests(ApiUnderTest api) : ContractTests(api)
{
    private const int Tries = 15;

    [Fact]
    public async Task Every_answer_is_one_that_the_description_says()
    {
        var description = await ApiDescription.ReadAsync(Api.NewClient(), Cancel);
        var (ada, _) = await CallersAsync();
        var nobody = await Api.ServiceAsync("acme-nobody");
        var rows = await CreateRowsAsync(ada);
        var surprises = new List<string>();
        var seen = new HashSet<int>();
        foreach (var operation in description.Operations)
        {
            var body = Bodies(rows).GetValueOrDefault(operation.ToString());
            var path = Address.Fill(operation.Path, rows);
            foreach (var (what, client, header, to, content) in new[]
            {
                ("anonymous", Api.NewClient(), ("", ""), path, body),
                ("nobody", nobody, ("", ""), path, body),
                ("no row", ada, ("If-Match", "*"), Address.Fill(operation.Path, Nothing), body),
                ("without a condition", ada, ("", ""), path, body),
                ("an old tag", ada, ("If-Match", "\"0\""), path, body),
                ("a malformed condition", ada, ("If-Match", "0"), path, body),
                ("as it is", ada, ("If-None-Match", "*"), path, body),
                ("a coding", ada, ("Content-Encoding", "gzip"), path, body ?? "{}"),
                ("no body", ada, ("If-Match", "*"), path, null),
                ("no JSON", ada, ("If-Match", "*"), path, "{"),
                ("an unknown parameter", ada, ("If-Match", "*"), path + "?unknown=%ff", body),
                ("what succeeds", ada, ("If-Match", "*"), path + Query(operation), body),
            })
            {
                using var request = new HttpRequestMessage(new HttpMethod(operation.Method), to)
                {
                    Content = content is null || operation.Method == "GET" ? null : JsonBody(content),
                };
                if (header.Item1 == "Content-Encoding")
                {
                    request.Content?.Headers.TryAddWithoutValidation(header.Item1, header.Item2);
                }
                else if (header.Item1.Length > 0)
                {
                    request.Headers.TryAddWithoutValidation(header.Item1, header.Item2);
                }

                // Deleted last, so that the others find it.
                if (operation.Method == "DELETE" && what == "what succeeds")
                {
                    continue;
                }

                using var answer = await client.SendAsync(request, Cancel);
                seen.Add((int)answer.StatusCode);
                if (description.Mistake(operation, answer, await answer.Content.ReadAsStringAsync(Cancel)) is { } mistake)
                {
                    surprises.Add($"{operation}, {what}: {mistake}");
                }
            }
        }

        Assert.True(surprises.Count == 0, string.Join('\n', surprises));
        foreach (var status in new[] { 200, 201, 304, 400, 401, 403, 404, 412, 415, 428 })
        {
            Assert.Contains(status, seen);
        }
    }

    [Fact]
    public async Task What_the_description_allows_is_taken_and_what_it_does_not_is_refused()
    {
        var description = await ApiDescription.ReadAsync(Api.NewClient(), Cancel);
        var (ada, _) = await CallersAsync();
        var rows = await CreateRowsAsync(ada);
        var surprises = new List<string>();
        for (var seed = 0; seed < Tries; seed++)
        {
            foreach (var operation in description.Operations)
            {
                var generator = new ValueGenerator(description, new Random(seed));
                foreach (var isBroken in operation.Body is null ? new[] { false } : [false, true])
                {
                    var body = operation.Body is not { } schema ? null : isBroken ? generator.Broken(schema) : generator.Valid(schema);
                    using var request = new HttpRequestMessage(
                        new HttpMethod(operation.Method), Address.Fill(operation.Path, rows) + Query(operation, generator, seed));
                    request.Headers.TryAddWithoutValidation("If-Match", "*");
                    request.Content = operation.Body is null ? null : JsonBody(body?.ToJsonString() ?? "null");
                    using var answer = await ada.SendAsync(request, Cancel);

                    var text = await answer.Content.ReadAsStringAsync(Cancel);
                    var sent = $"{operation} {request.RequestUri!.Query} {body?.ToJsonString()}";
                    if (description.Mistake(operation, answer, text) is { } mistake)
                    {
                        surprises.Add($"{sent}: {mistake}");
                    }
                    else if (isBroken && (int)answer.StatusCode != 400 && operation.Id != "EvaluateAll")
                    {
                        surprises.Add($"{sent}: taken, though {description.Mistake(operation.Body!, body)}");
                    }
                    else if (!isBroken && (int)answer.StatusCode == 400 && !IsRule(text))
                    {
                        surprises.Add($"{sent}: refused, though it is allowed: {text}");
                    }
                }
            }
        }

        Assert.True(surprises.Count == 0, $"{surprises.Count} of them:\n" + string.Join('\n', surprises.Take(20)));
    }

    private static readonly IReadOnlyDictionary<string, string> Nothing = new Dictionary<string, string>
    {
        ["accounts"] = Guid.Empty.ToString(),
        ["authors"] = Guid.Empty.ToString(),
    };

    // Rules that no schema says: what must be there, be a name of ours or fit another field.
    private static bool IsRule(string problem) => JsonNode.Parse(problem)!["errors"]!.AsObject().All(error =>
        error.Key is "authorId" or "groupId" or "permissions" or "denied" or "name" or "client" or "lastDay" or "after" or "permission"
            or "subject" or "action" or "resource" or "page" or "to" or "from" or "row" or "id" or "document"
        || error.Key.Contains('.', StringComparison.Ordinal));

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

public sealed class DescriptionOnSqliteTests(ApiWithSamplesOnSqlite api) : DescriptionTests(api), IClassFixture<ApiWithSamplesOnSqlite>;

public sealed class DescriptionOnPostgreSqlTests(ApiWithSamplesOnPostgreSql api)
    : DescriptionTests(api), IClassFixture<ApiWithSamplesOnPostgreSql>;
