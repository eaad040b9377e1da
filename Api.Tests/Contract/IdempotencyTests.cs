using System.Net;
using Api.Tests.Infrastructure;
using Api.Tests.Models;
using Dapper;
using KeycloakAccess.Data;
using Microsoft.Extensions.DependencyInjection;

namespace Api.Tests.Contract;

/// <summary>A POST that is sent again under its Idempotency-Key is answered as before, and done once.</summary>
public abstract class IdempotencyTests(ApiUnderTest api) : ContractTests(api)
{
    [Fact]
    public async Task Every_POST_that_changes_something_is_done_once_under_its_key()
    {
        var description = await ApiDescription.ReadAsync(Api.NewClient(), Cancel);
        var (ada, _) = await CallersAsync();
        var rows = await CreateRowsAsync(ada);
        var operations = description.Operations.Where(operation =>
            operation.Parameters("header").Any(parameter => parameter["name"]!.GetValue<string>() == "Idempotency-Key")).ToArray();
        Assert.Equal(
            description.Operations
                .Where(operation => operation.Method == "POST"
                    && operation.Path.StartsWith("/api/", StringComparison.Ordinal)
                    && operation.Id != "PreviewAccess")
                .Select(operation => operation.Id),
            operations.Select(operation => operation.Id));
        foreach (var operation in operations)
        {
            var key = Key();
            var body = Bodies(rows).GetValueOrDefault(operation.ToString());
            var path = Address.Fill(operation.Path, rows);
            var first = await SendAsync(ada, path, body, key);
            var text = await first.Content.ReadAsStringAsync(Cancel);
            Assert.True(first.IsSuccessStatusCode, $"{operation}: {text}");
            var changes = await CountAsync("audit_log");

            var again = await SendAsync(ada, path, body, key);

            Assert.Equal(first.StatusCode, again.StatusCode);
            Assert.Equal(text, await again.Content.ReadAsStringAsync(Cancel));
            Assert.Equal(first.Headers.Location, again.Headers.Location);
            Assert.Equal(first.Headers.ETag, again.Headers.ETag);
            Assert.Equal(first.Content.Headers.ContentType, again.Content.Headers.ContentType);
            Assert.Equal(changes, await CountAsync("audit_log"));

            await AssertProblemAsync(await SendAsync(ada, path + "?reason=another", body, key), 422, "idempotency_key_reused");
        }
    }

    [Theory]
    [InlineData("abc")]
    [InlineData("\"")]
    [InlineData("\"\"")]
    [InlineData("\"a\", \"b\"")]
    [InlineData("'a'")]
    [InlineData("\"a\\b\"")]
    [InlineData(":YWJj:")]
    public async Task A_key_that_is_no_text_of_a_structured_field_is_400(string key)
    {
        var (ada, _) = await CallersAsync();
        var problem = await AssertMistakeAsync(
            await SendAsync(ada, "/api/authors", """{"name":"A"}""", key), key, 400, "Idempotency-Key");
        Assert.Equal("idempotency_key_malformed", problem.GetProperty("code").GetString());
    }

    [Fact]
    public async Task A_key_of_255_characters_is_taken_and_a_longer_one_is_not()
    {
        var (ada, _) = await CallersAsync();
        var key = Guid.NewGuid().ToString("N") + new string('x', 255 - 32);

        Assert.Equal(
            HttpStatusCode.Created, (await SendAsync(ada, "/api/authors", """{"name":"A"}""", $"\"{key}\";a=1; b")).StatusCode);
        await AssertProblemAsync(
            await SendAsync(ada, "/api/authors", """{"name":"A"}""", $"\"{key}x\""), 400, "idempotency_key_malformed");
    }

    [Fact]
    public async Task A_key_belongs_to_its_account_and_what_was_refused_to_be_asked_again_is_not_kept()
    {
        var (ada, _) = await CallersAsync();
        var nobody = await Api.ServiceAsync("acme-nobody");
        var key = Key();
        Assert.Equal(HttpStatusCode.Created, (await SendAsync(ada, "/api/authors", """{"name":"A"}""", key)).StatusCode);

        await AssertProblemAsync(await SendAsync(nobody, "/api/authors", """{"name":"B"}""", key), 403, "permission_missing");
        await using var group = await GroupUnderTest.CreateAsync(ada, ["author:add"]);
        await group.WithAsync(await AccountIdAsync(nobody));
        var created = await SendAsync(nobody, "/api/authors", """{"name":"B"}""", key);
        Assert.Equal("B", (await JsonAsync(created)).GetProperty("name").GetString());

        // A mistake of the caller is an answer like others.
        var taken = await ada.PostAsync("/api/groups", JsonBody("""{"name":"superusers","permissions":[]}"""), Cancel);
        Assert.Equal(HttpStatusCode.Conflict, taken.StatusCode);
        var second = Key();
        var refused = await SendAsync(ada, "/api/groups", """{"name":"superusers","permissions":[]}""", second);
        Assert.Equal(
            await refused.Content.ReadAsStringAsync(Cancel),
            await (await SendAsync(ada, "/api/groups", """{"name":"superusers","permissions":[]}""", second)).Content
                .ReadAsStringAsync(Cancel));
    }

    [Fact]
    public async Task Of_many_at_once_one_is_done()
    {
        var (ada, _) = await CallersAsync();
        var name = $"A {Guid.NewGuid():N}";
        var key = Key();

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ =>
            SendAsync(ada, "/api/authors", $$"""{"name":"{{name}}"}""", key)));

        Assert.All(answers, answer => Assert.True(answer.StatusCode is HttpStatusCode.Created or HttpStatusCode.Conflict));
        Assert.Contains(answers, answer => answer.StatusCode == HttpStatusCode.Created);
        var list = await JsonAsync(await ada.GetAsync($"/api/authors?name={Uri.EscapeDataString(name)}", Cancel));
        Assert.Single(list.GetProperty("items").EnumerateArray());
    }

    [Theory]
    [InlineData(0, false, false, 409)]
    [InlineData(6, false, false, 201)]
    [InlineData(6, false, true, 409)]
    [InlineData(25 * 60, true, true, 201)]
    [InlineData(23 * 60, true, true, 0)]
    public async Task A_key_without_an_answer_is_free_when_nothing_can_have_been_changed_under_it(
        int minutesAgo, bool isAnswered, bool isAudited, int status)
    {
        var (ada, _) = await CallersAsync();
        var key = Key();
        var id = $"A {Guid.NewGuid():N}";
        var first = await SendAsync(ada, "/api/authors", $$"""{"name":"{{id}}"}""", key);
        var text = await first.Content.ReadAsStringAsync(Cancel);
        await Api.Services.GetRequiredService<Database>().WriteAsync(
            """
            UPDATE idempotency_keys
            SET claimed_at = @at, status = @status, request_id = CASE WHEN @isAudited THEN request_id ELSE 'gone' END
            WHERE key = @key
            """,
            new
            {
                at = DateTimeOffset.UtcNow.AddMinutes(-minutesAgo),
                status = isAnswered ? 201 : (int?)null,
                isAudited,
                key = key.Trim('"'),
            },
            Cancel);

        var again = await SendAsync(ada, "/api/authors", $$"""{"name":"{{id}}"}""", key);

        if (status == 0)
        {
            Assert.Equal(text, await again.Content.ReadAsStringAsync(Cancel));
        }
        else if (status == 409)
        {
            await AssertProblemAsync(again, 409, "idempotency_key_in_use");
        }
        else
        {
            Assert.Equal(HttpStatusCode.Created, again.StatusCode);
            Assert.NotEqual(text, await again.Content.ReadAsStringAsync(Cancel));
        }
    }

    private static string Key() => $"\"{Guid.NewGuid()}\"";

    private async Task<long> CountAsync(string table)
    {
        await using var connection = await Api.Services.GetRequiredService<Database>().OpenAsync(Cancel);
        return await connection.ExecuteScalarAsync<long>($"SELECT count(*) FROM {table} WHERE kind = 'change'");
    }

    private static async Task<HttpResponseMessage> SendAsync(HttpClient client, string path, string? body, string key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = body is null ? null : JsonBody(body) };
        request.Headers.TryAddWithoutValidation("Idempotency-Key", key);
        request.Headers.TryAddWithoutValidation("If-Match", "*");
        return await client.SendAsync(request, Cancel);
    }
}

public sealed class IdempotencyOnSqliteTests(ApiWithSamplesOnSqlite api) : IdempotencyTests(api), IClassFixture<ApiWithSamplesOnSqlite>;

public sealed class IdempotencyOnPostgreSqlTests(ApiWithSamplesOnPostgreSql api)
    : IdempotencyTests(api), IClassFixture<ApiWithSamplesOnPostgreSql>;
