using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Api.Tests.Infrastructure;
using Api.Tests.Models;

namespace Api.Tests.Contract;

/// <summary>
/// What can be read in one way only is read; everything else is refused where it stands, with what is wrong: JSON (RFC 8259),
/// UTF-8 (RFC 3629), percent-encoding (RFC 3986), content codings (RFC 9110, section 15.5.16).
/// </summary>
public abstract class MalformedRequestTests(ApiUnderTest api) : ContractTests(api)
{
    // AuthZEN, sections 5.4.3 and 10.1.1: unknown members are ignored, and another media type is 400.
    private static bool IsAuthZen(string operation) => operation.Contains("/access/v1/", StringComparison.Ordinal);

    [Theory]
    [InlineData("x=%ff", "x")]
    [InlineData("x=%C0%AF", "x")]
    [InlineData("x=%ED%A0%80", "x")]
    [InlineData("x=%F4%90%80%80", "x")]
    [InlineData("x=a%00", "x")]
    [InlineData("a=1&limit=%E2%82", "limit")]
    [InlineData("%ff=1", "query")]
    [InlineData("%00=1", "query")]
    public async Task A_query_that_is_no_text_is_400_at_every_address(string query, string part)
    {
        var (ada, pages) = await CallersAsync();
        var rows = await CreateRowsAsync(ada);
        foreach (var address in Address.All(Api.Services, rows))
        {
            foreach (var method in address.Methods)
            {
                using var request = new HttpRequestMessage(new HttpMethod(method), $"{address}?{query}");
                var response = await (address.IsApi ? ada : pages).SendAsync(request, Cancel);

                await AssertMistakeAsync(response, $"{method} {address}?{query}", 400, part);
            }
        }
    }

    [Fact]
    public async Task A_parameter_that_is_taken_once_is_400_when_it_stands_twice()
    {
        var (ada, _) = await CallersAsync();
        var document = await JsonAsync(await Api.NewClient().GetAsync("/openapi/v1.json", Cancel));
        var rows = await CreateRowsAsync(ada);
        var count = 0;
        foreach (var path in document.GetProperty("paths").EnumerateObject())
        {
            foreach (var operation in path.Value.EnumerateObject().Where(operation => operation.Value.TryGetProperty("parameters", out _)))
            {
                foreach (var parameter in operation.Value.GetProperty("parameters").EnumerateArray()
                    .Where(parameter => parameter.GetProperty("in").GetString() == "query"))
                {
                    count++;
                    var name = parameter.GetProperty("name").GetString()!;
                    var address = Address.Fill(path.Name, rows);
                    var key = $"{operation.Name.ToUpperInvariant()} {path.Name}";
                    using var request = new HttpRequestMessage(
                        new HttpMethod(operation.Name.ToUpperInvariant()),
                        $"{address}?{Required(path.Name, name)}{name}=true&{name}=true")
                    {
                        Content = Bodies(rows).GetValueOrDefault(key) is { } body ? JsonBody(body) : null,
                    };

                    await AssertMistakeAsync(await ada.SendAsync(request, Cancel), $"{key}?{name}", 400, name);
                }
            }
        }

        Assert.InRange(count, 60, 1000);

        static string Required(string path, string but) => path switch
        {
            "/api/access/explain" when but != "permission" => "permission=book:view&",
            "/api/role-mappings/preview" => string.Concat(
                new[] { "kind=realm-role", "name=x" }.Where(each => !each.StartsWith(but + "=", StringComparison.Ordinal))
                    .Select(each => each + "&")),
            _ => "",
        };
    }

    private static readonly string[] BodyMayBeLeftOut = ["PUT /api/groups/{id}/members/{accountId}"];

    [Fact]
    public async Task A_body_that_is_no_JSON_of_one_meaning_is_400_wherever_one_is_taken()
    {
        var (ada, _) = await CallersAsync();
        var rows = await CreateRowsAsync(ada);
        await AssertTableIsCompleteAsync(rows);
        foreach (var (operation, body) in Bodies(rows))
        {
            var first = JsonNode.Parse(body)!.AsObject().First();
            var member = $"\"{first.Key}\":{first.Value!.ToJsonString()}";
            foreach (var (what, bytes) in new (string, byte[])[]
            {
                ("nothing", []),
                ("blank", Encode(" \n")),
                ("half", Encode(body[..^1])),
                ("two values", Encode(body + body)),
                ("text behind", Encode(body + "x")),
                ("a comment", Encode("/* */" + body)),
                ("a comma at the end", Encode(body[..^1] + ",}")),
                ("a single quote", Encode(body.Replace('"', '\''))),
                ("a number", Encode("1")),
                ("null", Encode("null")),
                ("a list", Encode($"[{body}]")),
                ("a member twice", Encode($"{{{member},{body[1..]}")),
                ("a member twice, escaped", Encode($"{{\"\\u{(int)first.Key[0]:x4}{member[2..]},{body[1..]}")),
                ("half a surrogate pair", Encode($$"""{"odd":"\ud800",{{body[1..]}}""")),
                ("half a surrogate pair in a name", Encode($$"""{"\udc00":1,{{body[1..]}}""")),
                ("not UTF-8", [.. Encode("{\"odd\":\""), 0xff, .. Encode("\"," + body[1..])]),
                ("overlong", [.. Encode("{\"odd\":\""), 0xc0, 0xaf, .. Encode("\"," + body[1..])]),
                ("a surrogate in UTF-8", [.. Encode("{\"odd\":\""), 0xed, 0xa0, 0x80, .. Encode("\"," + body[1..])]),
                ("UTF-16", Encoding.Unicode.GetBytes(body)),
                ("too deep", Encode($$"""{"odd":{{new string('[', 100)}}{{new string(']', 100)}},{{body[1..]}}""")),
            })
            {
                // Where a body may be left out, that is no mistake, and null is one that was left out.
                if (what is not ("nothing" or "null") || !BodyMayBeLeftOut.Contains(operation))
                {
                    await AssertMistakeAsync(
                        await SendAsync(ada, operation, rows, bytes, "application/json"), $"{operation}, {what}", 400);
                }
            }
        }
    }

    [Fact]
    public async Task Every_text_of_a_body_is_read_or_refused_where_it_stands()
    {
        var (ada, _) = await CallersAsync();
        var rows = await CreateRowsAsync(ada);
        foreach (var (operation, body) in Bodies(rows))
        {
            foreach (var path in Texts(JsonNode.Parse(body)!, []))
            {
                foreach (var (written, what) in new[] { ("\\ud800", "half a surrogate pair"), ("a\\u0000b", "NUL") })
                {
                    var changed = JsonNode.Parse(body)!;
                    Find(changed, path).ReplaceWith("@here@");
                    var text = changed.ToJsonString().Replace("@here@", written, StringComparison.Ordinal);
                    var response = await SendAsync(ada, operation, rows, Encode(text), "application/json");
                    // Whoever asks AuthZEN about a name that nobody can have gets the answer for such.
                    if (IsAuthZen(operation) && what == "NUL" && response.IsSuccessStatusCode)
                    {
                        continue;
                    }

                    await AssertMistakeAsync(response, $"{operation}, {what} at {string.Join('.', path)}", 400);
                }
            }
        }
    }

    [Fact]
    public async Task A_member_is_known_to_the_letter_and_one_that_is_not_is_400_with_the_nearest()
    {
        var (ada, _) = await CallersAsync();
        var rows = await CreateRowsAsync(ada);
        foreach (var (operation, body) in Bodies(rows).Where(each => !IsAuthZen(each.Key)))
        {
            foreach (var (name, value) in JsonNode.Parse(body)!.AsObject())
            {
                foreach (var written in new[] { char.ToUpperInvariant(name[0]) + name[1..], name + "x", name.ToUpperInvariant() })
                {
                    var changed = JsonNode.Parse(body)!.AsObject();
                    changed.Remove(name);
                    changed[written] = value?.DeepClone();
                    var text = changed.ToJsonString();
                    var problem = await AssertMistakeAsync(
                        await SendAsync(ada, operation, rows, Encode(text), "application/json"), $"{operation}, {written}", 400);
                    Assert.Contains(name, problem.GetProperty("errors").GetRawText(), StringComparison.Ordinal);

                    // Beside the right one too.
                    changed[name] = value?.DeepClone();
                    await AssertMistakeAsync(
                        await SendAsync(ada, operation, rows, Encode(changed.ToJsonString()), "application/json"),
                        $"{operation}, {written} beside {name}",
                        400);
                }
            }
        }
    }

    [Fact]
    public async Task Null_in_a_list_of_texts_is_400()
    {
        var ada = await Api.PersonAsync("ada");
        foreach (var (body, part) in new[]
        {
            ("""{"name":"x","permissions":[null]}""", "permissions"),
            ("""{"name":"x","permissions":["book:view",null]}""", "permissions"),
            ("""{"name":"x","permissions":[],"denied":[null]}""", "denied"),
            ("""{"name":"x","permissions":null}""", "permissions"),
            ("""{"name":"x","permissions":[1]}""", "permissions[0]"),
            ("""{"name":"x","permissions":"book:view"}""", "permissions"),
            ("""{"name":"x","permissions":{}}""", "permissions"),
        })
        {
            await AssertMistakeAsync(await ada.PostAsync("/api/groups", JsonBody(body), Cancel), body, 400, part);
        }

        foreach (var body in new[]
        {
            """{"version":1,"groups":{"g":{"permissions":[null]}}}""",
            """{"version":1,"groups":{"g":{"permissions":[],"roleMappings":[null]}}}""",
            """{"version":1,"groups":{"g":null}}""",
            """{"version":1,"groups":{"g":{"permissions":[],"denied":[null]}}}""",
        })
        {
            await AssertMistakeAsync(await ada.PostAsync("/api/access/preview", JsonBody(body), Cancel), body, 400);
        }
    }

    [Theory]
    [InlineData("application/json", true)]
    [InlineData("application/json; charset=utf-8", true)]
    [InlineData("application/json; charset=\"utf-8\"", true)]
    [InlineData("application/json;charset=\"UTF-8\"", true)]
    [InlineData("APPLICATION/JSON", true)]
    [InlineData("application/json; charset=iso-8859-1", false)]
    [InlineData("application/json; charset=\"utf-16\"", false)]
    [InlineData("text/plain", false)]
    [InlineData("application/xml", false)]
    [InlineData("application/x-www-form-urlencoded", false)]
    [InlineData("multipart/form-data; boundary=x", false)]
    [InlineData("json", false)]
    [InlineData(null, false)]
    public async Task A_body_is_JSON_in_UTF_8_by_its_media_type(string? type, bool isTaken)
    {
        var (ada, _) = await CallersAsync();
        var rows = await CreateRowsAsync(ada);
        foreach (var (operation, body) in Bodies(rows))
        {
            var response = await SendAsync(ada, operation, rows, Encode(body), type);
            if (isTaken)
            {
                Assert.True(response.IsSuccessStatusCode, $"{operation}: {await response.Content.ReadAsStringAsync(Cancel)}");
            }
            else
            {
                var byAuthZen = IsAuthZen(operation) && type?.Contains("charset", StringComparison.Ordinal) is not true;
                await AssertMistakeAsync(response, $"{operation}, {type}", byAuthZen ? 400 : 415, byAuthZen ? "body" : "Content-Type");
            }
        }
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    [InlineData("identity, gzip")]
    [InlineData("nonsense")]
    public async Task A_body_in_a_content_coding_is_415_with_the_one_that_is_taken(string coding)
    {
        var (ada, pages) = await CallersAsync();
        var rows = await CreateRowsAsync(ada);
        foreach (var address in Address.All(Api.Services, rows).Where(address => !address.IsForwardAuth))
        {
            foreach (var method in address.Methods.Where(method => method is not "GET"))
            {
                using var request = new HttpRequestMessage(new HttpMethod(method), address.Path) { Content = JsonBody("{}") };
                request.Content.Headers.TryAddWithoutValidation("Content-Encoding", coding);
                var response = await (address.IsApi ? ada : pages).SendAsync(request, Cancel);

                var problem = await AssertMistakeAsync(response, $"{method} {address}", 415, "Content-Encoding");
                Assert.Equal("content_encoding_unsupported", problem.GetProperty("code").GetString());
                Assert.Equal("identity", Assert.Single(response.Headers.GetValues("Accept-Encoding")));
            }
        }

        using var plain = new HttpRequestMessage(HttpMethod.Post, "/api/authors") { Content = JsonBody("""{"name":"A"}""") };
        plain.Content.Headers.TryAddWithoutValidation("Content-Encoding", "identity");
        Assert.Equal(HttpStatusCode.Created, (await ada.SendAsync(plain, Cancel)).StatusCode);
    }

    [Fact]
    public async Task JSON_is_answered_whatever_a_caller_of_the_API_accepts()
    {
        var (ada, _) = await CallersAsync();
        var rows = await CreateRowsAsync(ada);
        foreach (var accept in new[] { "text/html", "image/png", "application/xml", "text/html;q=0", "nonsense", "application/json;q=0" })
        {
            foreach (var address in Address.All(Api.Services, rows)
                .Where(address => address.Path.StartsWith("/api", StringComparison.Ordinal) || address.IsApi)
                .Where(address => !address.IsForwardAuth))
            {
                foreach (var client in new[] { ada, Api.NewClient() })
                {
                    using var request = new HttpRequestMessage(HttpMethod.Get, address.Path);
                    request.Headers.TryAddWithoutValidation("Accept", accept);
                    var response = await client.SendAsync(request, Cancel);

                    Assert.Contains("json", response.Content.Headers.ContentType?.MediaType, StringComparison.Ordinal);
                    if (!response.IsSuccessStatusCode)
                    {
                        var problem = await AssertProblemAsync(response, (int)response.StatusCode);
                        Assert.NotEmpty(problem.GetProperty("code").GetString()!);
                        Assert.NotEmpty(problem.GetProperty("detail").GetString()!);
                    }
                }
            }
        }
    }

    [Theory]
    [InlineData("/api/books?limit=x", 400)]
    [InlineData("/api/books?limit=99999999999", 400)]
    [InlineData("/api/groups?limit=99999999999", 400)]
    [InlineData("/api/accounts?enabled=2", 400)]
    [InlineData("/api/audit?account=x", 400)]
    [InlineData("/api/role-mappings/preview", 400)]
    [InlineData("/api/role-mappings/preview?kind=x&name=y", 400)]
    [InlineData("/api/access/explain", 400)]
    [InlineData("/api/access/explain?permission=x", 400)]
    [InlineData("/api/books/x", 404)]
    [InlineData("/api/books/00000000-0000-0000-0000-000000000000", 404)]
    [InlineData("/api/nothing", 404)]
    public async Task Every_mistake_names_its_place(string path, int status) =>
        await AssertMistakeAsync(await (await Api.PersonAsync("ada")).GetAsync(path, Cancel), path, status);

    private static byte[] Encode(string text) => Encoding.UTF8.GetBytes(text);

    private static IEnumerable<string[]> Texts(JsonNode node, string[] path) => node switch
    {
        JsonObject members => members.SelectMany(member => Texts(member.Value!, [.. path, member.Key])),
        JsonArray items => items.SelectMany((item, place) => Texts(item!, [.. path, $"{place}"])),
        JsonValue value when value.GetValueKind() == JsonValueKind.String => [path],
        _ => [],
    };

    private static JsonNode Find(JsonNode node, IEnumerable<string> path) => path.Aggregate(
        node, (parent, step) => parent is JsonArray list ? list[int.Parse(step, CultureInfo.InvariantCulture)]! : parent[step]!);

    private async Task AssertTableIsCompleteAsync(IReadOnlyDictionary<string, string> rows)
    {
        var document = await JsonAsync(await Api.NewClient().GetAsync("/openapi/v1.json", Cancel));
        Assert.Equal(
            document.GetProperty("paths").EnumerateObject()
                .SelectMany(path => path.Value.EnumerateObject()
                    .Where(operation => operation.Value.TryGetProperty("requestBody", out _))
                    .Select(operation => $"{operation.Name.ToUpperInvariant()} {path.Name}"))
                .Order(StringComparer.Ordinal),
            Bodies(rows).Keys.Order(StringComparer.Ordinal));
    }

    private static async Task<HttpResponseMessage> SendAsync(
        HttpClient client, string operation, IReadOnlyDictionary<string, string> rows, byte[] body, string? type)
    {
        var parts = operation.Split(' ');
        using var request = new HttpRequestMessage(new HttpMethod(parts[0]), Address.Fill(parts[1], rows));
        request.Content = new ByteArrayContent(body);
        request.Content.Headers.TryAddWithoutValidation("Content-Type", type ?? "");
        if (parts[0] == "PUT")
        {
            request.Headers.IfMatch.Add(EntityTagHeaderValue.Any);
        }

        return await client.SendAsync(request, Cancel);
    }
}

public sealed class MalformedRequestsOnSqliteTests(ApiWithSamplesOnSqlite api)
    : MalformedRequestTests(api), IClassFixture<ApiWithSamplesOnSqlite>;

public sealed class MalformedRequestsOnPostgreSqlTests(ApiWithSamplesOnPostgreSql api)
    : MalformedRequestTests(api), IClassFixture<ApiWithSamplesOnPostgreSql>;
