using System.Text.Json.Nodes;
using Api.Tests.Clients;
using Api.Tests.Infrastructure;
using Api.Tests.Models;

namespace Api.Tests.Contract;

/// <summary>What the OpenAPI document says is so: of every operation, whatever is sent.</summary>
public abstract class DescriptionTests(ApiUnderTest api, RecordedAnswers recorded, NodeClients node) : OperationWalkTests(api, recorded)
{
    // What is described and does not come, with the reason.
    private static readonly Dictionary<string, string> Unseen = new(StringComparer.Ordinal)
    {
        ["RemoveGroupMember 409"] = "the last superuser is one by a role; LastSuperuserTests has one by membership",
        ["ReplaceAuthor 409"] = "authors have nothing that is taken by another",
        ["ReplaceBook 409"] = "nor have books",
        ["DeleteBook 409"] = "nothing refers to books",
        ["DeleteRevocation 409"] = "nothing refers to revocations",
        ["DeleteTestSample 409"] = "nor to samples",
        ["GetResourceMetadata 503"] = "it needs neither, and leaves out the scopes while the realm has not been reached",
        ["GetAuthZenConfiguration 503"] = "it needs neither realm nor database; an open endpoint of another kind may",
    };

    [Fact]
    public async Task Every_answer_is_one_that_the_description_says() =>
        AssertNone((await AnswersAsync()).Where(answer => answer.Mistake is not null).Select(answer => $"{answer}: {answer.Mistake}"));

    [Fact]
    public async Task Every_answer_that_the_description_says_comes()
    {
        var answers = await AnswersAsync();
        var seen = answers.Select(answer => $"{answer.Operation.Id} {answer.Status}").ToHashSet(StringComparer.Ordinal);

        Assert.Equivalent(
            Unseen.Keys,
            answers.Select(answer => answer.Operation).Distinct()
                .SelectMany(operation => operation.Json["responses"]!.AsObject().Select(response => $"{operation.Id} {response.Key}"))
                .Where(answer => !answer.EndsWith(" default", StringComparison.Ordinal) && !seen.Contains(answer)),
            strict: true);
    }

    [Fact]
    public async Task What_the_description_allows_is_taken_and_what_it_does_not_is_refused()
    {
        var answers = await AnswersAsync();

        AssertNone(answers
            .Where(answer => answer.Sending == Sending.Broken && answer.Status != 400 && !IsToldInPlace(answer) && !IsLeftOut(answer))
            .Select(answer => $"taken: {answer}")
            .Concat(answers
                .Where(answer => answer.Sending == Sending.Allowed && answer.Status == 400 && !IsRule(answer))
                .Select(answer => $"refused, though it is allowed: {answer}")));
    }

    [Fact]
    public async Task Clients_of_generators_accept_every_answer_and_none_with_a_member_more()
    {
        await using var clients = await node.StartAsync("generated-clients.mjs");
        var document = JsonNode.Parse(await Api.NewClient().GetStringAsync("/openapi/v1.json", Cancel));
        var names = (await clients.CallAsync("generate", new { document })).EnumerateArray().Select(name => name.GetString()!).ToArray();
        var answers = await AnswersAsync();

        AssertNone(await RefusalsAsync(clients, answers));

        var more = answers.Where(answer => answer.Body.StartsWith('{')).DistinctBy(answer => (answer.Operation, answer.Status))
            .Select(answer => answer with { Body = "{\"unknown\":1," + answer.Body[1..] })
            .ToArray();
        var refused = (await RefusalsAsync(clients, more)).ToHashSet(StringComparer.Ordinal);
        AssertNone(more.SelectMany(answer => names.Select(name => $"{name}: {answer}"))
            .Where(accepted => !refused.Any(refusal => refusal.StartsWith(accepted, StringComparison.Ordinal))));
    }

    // Each begins with the name of the client and the answer.
    private static async Task<IEnumerable<string>> RefusalsAsync(NodeScript clients, IReadOnlyList<RecordedAnswer> answers)
    {
        var refusals = await clients.CallAsync("refusals", new
        {
            answers = answers.Select(answer => new
            {
                answer.Operation.Id,
                answer.Operation.Path,
                answer.Operation.Method,
                answer.Status,
                answer.Type,
                answer.Body,
            }),
        });
        return refusals.EnumerateArray().Select(refusal =>
            $"{refusal.GetProperty("client")}: {answers[refusal.GetProperty("index").GetInt32()]}: {refusal.GetProperty("message")}");
    }

    private static void AssertNone(IEnumerable<string> surprises)
    {
        var all = surprises.Distinct(StringComparer.Ordinal).ToArray();
        Assert.True(all.Length == 0, $"{all.Length} of them:\n" + string.Join('\n', all.Take(50)));
    }

    // Rules that no schema says: what must be there, be a name of ours or fit another field.
    private static bool IsRule(RecordedAnswer answer) => JsonNode.Parse(answer.Body)!["errors"]!.AsObject().All(error =>
        error.Key is "authorId" or "groupId" or "permissions" or "denied" or "name" or "client" or "lastDay" or "after" or "permission"
            or "to" or "row" or "scopes" or "id" or "document" or "page.token" or "until"
        || error.Key.StartsWith("groups.", StringComparison.Ordinal)
        || (answer.Operation.Id == "CreateRevocation" && error.Key is "value" or "issuedUntil")
        // What no default stands in for must be in each question.
        || (answer.Operation.Id == "EvaluateAll" && error.Key is "subject" or "action" or "resource"));

    // One question of several is told what is wrong with it in the place of its answer.
    private static bool IsToldInPlace(RecordedAnswer answer) => answer is { Operation.Id: "EvaluateAll", Status: 200 }
        && answer.Body.Contains("\"error\":{\"status\":400", StringComparison.Ordinal);

    // AuthZEN's options and page may be null, as if there were none, which the document does not say.
    private static bool IsLeftOut(RecordedAnswer answer) =>
        answer.Request.Contains("though /options: Value is \"null\"", StringComparison.Ordinal)
        || answer.Request.Contains("though /page: Value is \"null\"", StringComparison.Ordinal);
}

public sealed class DescriptionOnSqliteTests(ApiWithSamplesOnSqlite api, RecordedAnswers recorded, NodeClients node)
    : DescriptionTests(api, recorded, node), IClassFixture<ApiWithSamplesOnSqlite>, IClassFixture<RecordedAnswers>;

public sealed class DescriptionOnPostgreSqlTests(ApiWithSamplesOnPostgreSql api, RecordedAnswers recorded, NodeClients node)
    : DescriptionTests(api, recorded, node), IClassFixture<ApiWithSamplesOnPostgreSql>, IClassFixture<RecordedAnswers>;
