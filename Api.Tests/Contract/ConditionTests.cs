using System.Net;
using Api.Tests.Infrastructure;
using Api.Tests.Models;

namespace Api.Tests.Contract;

/// <summary>If-Match and If-None-Match (RFC 9110, section 13).</summary>
public abstract class ConditionTests(ApiUnderTest api) : ContractTests(api)
{
    private static readonly string[] Versioned = ["authors", "books", "groups", "role-mappings", "test-samples"];

    [Theory]
    [InlineData("If-None-Match", "\"1\"", 304)]
    [InlineData("If-None-Match", "W/\"1\"", 304)]
    [InlineData("If-None-Match", "\"0\", W/\"1\"", 304)]
    [InlineData("If-None-Match", "*", 304)]
    [InlineData("If-None-Match", "\"0\"", 200)]
    [InlineData("If-None-Match", "\"0\", \"2\"", 200)]
    [InlineData("If-None-Match", "\"01\"", 200)]
    [InlineData("If-Match", "\"1\"", 200)]
    [InlineData("If-Match", "\"0\", \"1\"", 200)]
    [InlineData("If-Match", "*", 200)]
    [InlineData("If-Match", "W/\"1\"", 412)]
    [InlineData("If-Match", "\"2\"", 412)]
    public async Task What_is_read_is_compared_with_its_ETag(string header, string value, int status)
    {
        var (ada, _) = await CallersAsync();
        var rows = await CreateRowsAsync(ada);
        foreach (var place in Versioned)
        {
            foreach (var method in new[] { HttpMethod.Get, HttpMethod.Head })
            {
                var response = await SendAsync(ada, method, $"/api/{place}/{rows[place]}", null, (header, value));

                Assert.True(status == (int)response.StatusCode, $"{method} {place}: {response.StatusCode}");
                if (status == 304)
                {
                    Assert.Equal("\"1\"", response.Headers.ETag?.ToString());
                    Assert.Empty(await response.Content.ReadAsByteArrayAsync(Cancel));
                    Assert.Null(response.Content.Headers.ContentType);
                }
            }
        }
    }

    [Theory]
    [InlineData("If-Match", "\"2\"", 412)]
    [InlineData("If-Match", "W/\"1\"", 412)]
    [InlineData("If-Match", "\"0\", \"2\", W/\"1\"", 412)]
    [InlineData("If-None-Match", "*", 412)]
    [InlineData("If-None-Match", "\"1\"", 412)]
    [InlineData("If-None-Match", "W/\"0\", W/\"1\"", 412)]
    [InlineData("If-Match", "\"0\", \"1\"", 200)]
    [InlineData("If-Match", "*", 200)]
    public async Task What_is_changed_is_compared_with_its_ETag(string header, string value, int status)
    {
        var (ada, _) = await CallersAsync();
        var rows = await CreateRowsAsync(ada);
        // If-Match is needed besides, except by what can do without.
        (string, string)[] headers = header == "If-Match" || value == "*" ? [(header, value)] : [("If-Match", "*"), (header, value)];
        foreach (var place in Versioned)
        {
            var path = $"/api/{place}/{rows[place]}";
            var put = await SendAsync(ada, HttpMethod.Put, path, Bodies(rows)[$"PUT /api/{place}/{{id}}"], headers);
            Assert.True(status == (int)put.StatusCode, $"PUT {place}: {put.StatusCode}");
        }

        // What refers to others goes first.
        foreach (var place in Versioned.Reverse())
        {
            var again = headers.Select(each => (each.Item1, status == 200 ? "\"0\", \"2\"" : each.Item2)).ToArray();
            var delete = await SendAsync(ada, HttpMethod.Delete, $"/api/{place}/{rows[place]}", null, again);
            Assert.True((status == 200 ? 204 : status) == (int)delete.StatusCode, $"DELETE {place}: {delete.StatusCode}");
        }
    }

    [Fact]
    public async Task What_shall_only_be_added_is_412_where_it_is_there()
    {
        var (ada, _) = await CallersAsync();
        var rows = await CreateRowsAsync(ada);
        foreach (var place in new[] { "groups", "role-mappings", "test-samples" })
        {
            var body = Bodies(rows)[$"POST /api/{place}"];
            Assert.Equal(
                HttpStatusCode.Created, (await SendAsync(ada, HttpMethod.Post, $"/api/{place}", body, ("If-None-Match", "*"))).StatusCode);
            await AssertProblemAsync(
                await SendAsync(ada, HttpMethod.Post, $"/api/{place}", body, ("If-None-Match", "*")), 412, "precondition_failed");
            await AssertProblemAsync(await SendAsync(ada, HttpMethod.Post, $"/api/{place}", body), 409, "conflict");
        }

        var member = $"/api/groups/{rows["groups"]}/members/{rows["accounts"]}";
        Assert.Equal(HttpStatusCode.NoContent, (await SendAsync(ada, HttpMethod.Put, member, null, ("If-None-Match", "*"))).StatusCode);
        await AssertProblemAsync(await SendAsync(ada, HttpMethod.Put, member, null, ("If-None-Match", "*")), 412, "precondition_failed");
        Assert.Equal(HttpStatusCode.NoContent, (await SendAsync(ada, HttpMethod.Put, member, null)).StatusCode);
        await AssertProblemAsync(
            await SendAsync(ada, HttpMethod.Post, $"/api/test-samples/{rows["test-samples"]}/reveal", null, ("If-None-Match", "*")),
            412,
            "precondition_failed");
    }

    [Fact]
    public async Task What_has_no_ETag_is_named_by_none()
    {
        var (ada, _) = await CallersAsync();
        var rows = await CreateRowsAsync(ada);
        var account = $"/api/accounts/{rows["accounts"]}";

        await AssertProblemAsync(
            await SendAsync(ada, HttpMethod.Patch, account, """{"enabled":true}""", ("If-Match", "\"1\"")), 412, "precondition_failed");
        Assert.Equal(
            HttpStatusCode.OK, (await SendAsync(ada, HttpMethod.Patch, account, """{"enabled":true}""", ("If-Match", "*"))).StatusCode);
        await AssertProblemAsync(await SendAsync(ada, HttpMethod.Get, "/api/me", null, ("If-Match", "\"1\"")), 412, "precondition_failed");
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(ada, HttpMethod.Get, "/api/me", null, ("If-None-Match", "\"1\""))).StatusCode);
        Assert.Equal(
            HttpStatusCode.NotModified, (await SendAsync(ada, HttpMethod.Get, "/api/me", null, ("If-None-Match", "*"))).StatusCode);
        // A condition counts only where the answer would be 2xx without it.
        await AssertProblemAsync(await SendAsync(ada, HttpMethod.Get, $"/api/books/{Guid.Empty}", null, ("If-None-Match", "*")), 404);
    }

    [Theory]
    [InlineData("3")]
    [InlineData("\"3")]
    [InlineData("\"1\" \"2\"")]
    [InlineData("*, \"1\"")]
    [InlineData("\"1\", *")]
    [InlineData("**")]
    public async Task A_condition_that_cannot_be_read_is_400_wherever_it_is_sent(string value)
    {
        var (ada, _) = await CallersAsync();
        var rows = await CreateRowsAsync(ada);
        var bodies = Bodies(rows).ToDictionary(body => Address.Fill(body.Key, rows), body => body.Value, StringComparer.Ordinal);
        foreach (var address in Address.All(Api.Services, rows).Where(address => address is { IsApi: true, IsForwardAuth: false }))
        {
            foreach (var method in address.Methods)
            {
                foreach (var header in new[] { "If-Match", "If-None-Match" })
                {
                    var body = bodies.GetValueOrDefault($"{method} {address}");
                    var path = address.Path + Query(address.Path);
                    var response = await SendAsync(ada, new HttpMethod(method), path, body, (header, value));

                    var problem = await AssertMistakeAsync(response, $"{method} {address} {header}: {value}", 400, header);
                    Assert.Equal("precondition_malformed", problem.GetProperty("code").GetString());
                }
            }
        }
    }

    // Query parameters are read before.
    private static string Query(string path) => path.EndsWith("/explain", StringComparison.Ordinal) ? "?permission=book:view"
        : path == "/api/role-mappings/preview" ? "?kind=realm-role&name=x"
        : "";

    private static async Task<HttpResponseMessage> SendAsync(
        HttpClient client, HttpMethod method, string path, string? body, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonBody(body) };
        foreach (var (name, value) in headers)
        {
            Assert.True(request.Headers.TryAddWithoutValidation(name, value));
        }

        return await client.SendAsync(request, Cancel);
    }
}

public sealed class ConditionsOnSqliteTests(ApiWithSamplesOnSqlite api) : ConditionTests(api), IClassFixture<ApiWithSamplesOnSqlite>;

public sealed class ConditionsOnPostgreSqlTests(ApiWithSamplesOnPostgreSql api)
    : ConditionTests(api), IClassFixture<ApiWithSamplesOnPostgreSql>;
