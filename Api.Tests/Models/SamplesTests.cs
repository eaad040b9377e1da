using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Api.Tests.Infrastructure;
using Dapper;
using KeycloakAccess.Data;
using Microsoft.Extensions.DependencyInjection;

namespace Api.Tests.Models;

/// <summary>A model with every type of a column and an id of its creator's: what goes in comes out, in every order.</summary>
public abstract class SamplesTests(ApiUnderTest api) : ApiTests(api)
{
    private const string Full = """
        {"text":"Ünïcødé 𝒜 \"quoted\"","note":"n","token":"018F2B1C-7C1E-7D3A-9A52-3F1F0E6D1C11","authorId":null,"flag":true,"maybe":false,
         "number":1000,"count":-2147483648,"big":9223372036854775807,"bigger":-9223372036854775808,"price":79228162514264337593543950335,
          "discount":0.1000,"day":"0001-01-01","lastDay":"9999-12-31","at":"2026-05-31T14:00:00.1234567+02:00",
          "until":"1970-01-01T00:00:00Z","state":"inReview","former":"draft","order":null}
        """;

    [Fact]
    public async Task What_goes_in_comes_out()
    {
        var ada = await Api.PersonAsync("ada");
        var id = NewId();

        var created = await CreateAsync(ada, id, Full);
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        Assert.Equal($"/api/test-samples/{id}", created.Headers.Location!.AbsolutePath);
        var answered = (await JsonAsync(created)).ToString();
        var read = await ada.GetAsync($"/api/test-samples/{id}", Cancel);
        var row = await JsonAsync(read);

        // The answer to the creation is what will be read, to the letter.
        Assert.Equal(answered, row.ToString());
        Assert.Equal("\"1\"", read.Headers.ETag?.Tag);
        Assert.Equal("Ünïcødé 𝒜 \"quoted\"", row.GetProperty("text").GetString());
        Assert.Equal("018f2b1c-7c1e-7d3a-9a52-3f1f0e6d1c11", row.GetProperty("token").GetString());
        Assert.True(row.GetProperty("flag").GetBoolean());
        Assert.False(row.GetProperty("maybe").GetBoolean());
        Assert.Equal(int.MinValue, row.GetProperty("count").GetInt32());
        Assert.Equal(long.MaxValue, row.GetProperty("big").GetInt64());
        Assert.Equal(long.MinValue, row.GetProperty("bigger").GetInt64());
        Assert.Equal(decimal.MaxValue, row.GetProperty("price").GetDecimal());
        Assert.Equal("0.1", row.GetProperty("discount").GetRawText());
        Assert.Equal("0001-01-01", row.GetProperty("day").GetString());
        Assert.Equal("9999-12-31", row.GetProperty("lastDay").GetString());
        Assert.Equal("2026-05-31T12:00:00.123456+00:00", row.GetProperty("at").GetString());
        Assert.Equal("inReview", row.GetProperty("state").GetString());
        Assert.Equal("draft", row.GetProperty("former").GetString());
        Assert.Equal("fresh", row.GetProperty("stamp").GetString());
        Assert.Equal(1, row.GetProperty("version").GetInt32());
        Assert.False(row.GetProperty("isFree").GetBoolean());

        foreach (var filter in new[]
        {
            "token=018f2b1c-7c1e-7d3a-9a52-3f1f0e6d1c11", "flag=true", "maybe=false", "number=1000", "count=-2147483648",
            "big=9223372036854775807",
            "bigger=-9223372036854775808", "price=79228162514264337593543950335", "discount=0.10", "day=0001-01-01", "lastDay=9999-12-31",
            "at=2026-05-31T12:00:00.123456Z", "at=2026-05-31T14:00:00.1234569%2B02:00", "until=1970-01-01T00:00Z", "state=inReview",
            "former=draft",
            "stamp=fresh", "order.null=true", "authorId.null=true", "discount.gt=0.09", "discount.lt=0.11", "price.gte=9.5",
            "at.gt=2026-05-31T12:00:00.123455Z",
            $"text={Uri.EscapeDataString("Ünïcødé 𝒜 \"quoted\"")}", $"search={Uri.EscapeDataString("cødé 𝒜 \"QUOTED")}",
        })
        {
            var page = await ada.GetFromJsonAsync<JsonElement>($"/api/test-samples?id={id}&{filter}", Cancel);
            Assert.True(page.GetProperty("items").GetArrayLength() == 1, filter);
        }
    }

    [Fact]
    public async Task What_a_request_may_leave_out_is_what_the_record_says()
    {
        var ada = await Api.PersonAsync("ada");

        var row = await JsonAsync(await CreateAsync(ada, NewId(), Least));

        Assert.Equal(7, row.GetProperty("number").GetInt32());
        Assert.Equal("2000-01-01", row.GetProperty("day").GetString());
        Assert.Equal("draft", row.GetProperty("state").GetString());
        foreach (var missing in new[] { "note", "authorId", "maybe", "count", "bigger", "discount", "lastDay", "until", "former", "order" })
        {
            Assert.Equal(JsonValueKind.Null, row.GetProperty(missing).ValueKind);
        }
    }

    [Fact]
    public async Task Whoever_creates_a_row_gives_its_id_once_and_never_again()
    {
        var ada = await Api.PersonAsync("ada");
        var id = NewId();
        var url = (await CreateAsync(ada, id, Least)).Headers.Location!.AbsolutePath;

        var taken = await AssertProblemAsync(await CreateAsync(ada, id, Least), 409, "conflict");
        Assert.Contains($"The id {id} is taken", taken.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Created, (await CreateAsync(ada, id.ToUpperInvariant(), Least)).StatusCode);

        var unknown = await AssertProblemAsync(await SendAsync(ada, HttpMethod.Put, url, "*", With(Least, "id", id)), 400);
        Assert.Contains(
            "There is no field id here", unknown.GetProperty("errors").GetProperty("id")[0].GetString(), StringComparison.Ordinal);
        var replaced = await SendAsync(ada, HttpMethod.Put, url, "\"1\"", With(Least, "text", "other"));
        Assert.Equal(id, (await JsonAsync(replaced)).GetProperty("id").GetString());
        Assert.Equal(2, (await JsonAsync(await ada.GetAsync(url, Cancel))).GetProperty("version").GetInt32());
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("a/b")]
    [InlineData("a b")]
    [InlineData("ä")]
    [InlineData("-a")]
    [InlineData("a?b")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    public async Task An_id_that_cannot_stand_in_an_address_or_breaks_its_own_rule_is_refused(string id)
    {
        var problem = await AssertProblemAsync(await CreateAsync(await Api.PersonAsync("ada"), id, Least), 400, "invalid_request");

        Assert.NotEmpty(problem.GetProperty("errors").GetProperty("id")[0].GetString()!);
    }

    [Theory]
    [InlineData("number", "1001", "between 0 and 1000")]
    [InlineData("number", "\"7\"", "a whole number between")]
    [InlineData("number", "7.5", "a whole number between")]
    [InlineData("number", "null", "a whole number between")]
    [InlineData("count", "2147483648", "a whole number between -2147483648 and 2147483647, or null")]
    [InlineData("big", "9223372036854775808", "at most 64 bits")]
    [InlineData("price", "1e30", "a number, as in 12.5")]
    [InlineData("flag", "\"true\"", "true or false")]
    [InlineData("maybe", "0", "true or false, or null")]
    [InlineData("token", "\"x\"", "a UUID")]
    [InlineData("day", "\"2026-02-30\"", "a date, as in 2026-05-31")]
    [InlineData("at", "\"2026-05-31T12:00:00\"", "with its offset, as in 2026-05-31T12:00:00Z")]
    [InlineData("at", "\"2026-05-31\"", "with its offset")]
    [InlineData("until", "5", "with its offset")]
    [InlineData("state", "\"finished\"", "one of done, draft, inReview")]
    [InlineData("state", "1", "one of done, draft, inReview")]
    [InlineData("state", "\"draft, inReview\"", "one of done, draft, inReview")]
    [InlineData("stamp", "\"mine\"", "There is no field stamp here")]
    [InlineData("version", "3", "There is no field version here")]
    [InlineData("isFree", "true", "There is no field isFree here")]
    [InlineData("lastDay", "\"1999-12-31\"", "lastDay must not lie before day.")]
    [InlineData("authorId", "\"00000000-0000-0000-0000-000000000000\"", "There is no author with this id")]
    public async Task A_value_that_cannot_be_is_refused_by_the_name_of_its_field(string field, string value, string expected)
    {
        var ada = await Api.PersonAsync("ada");
        var body = JsonNode.Parse(Least)!.AsObject();
        body[field] = JsonNode.Parse(value);

        var problem = await AssertProblemAsync(await CreateAsync(ada, NewId(), body.ToJsonString()), 400, "invalid_request");

        Assert.Contains(expected, problem.GetProperty("errors").GetProperty(field)[0].GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("number=x")]
    [InlineData("number=1.0")]
    [InlineData("number=%201")]
    [InlineData("big.gt=9223372036854775808")]
    [InlineData("price.lt=1,5")]
    [InlineData("price=1e3")]
    [InlineData("flag=True")]
    [InlineData("flag=1")]
    [InlineData("day=2026-5-31")]
    [InlineData("day.null=true")]
    [InlineData("at=2026-05-31")]
    [InlineData("at=2026-05-31T12:00:00")]
    [InlineData("at=2026-05-31T12:00:00+02:00")]
    [InlineData("state=InReview")]
    [InlineData("state.gt=draft")]
    [InlineData("token.gt=018f2b1c-7c1e-7d3a-9a52-3f1f0e6d1c11")]
    [InlineData("version=1")]
    [InlineData("isFree=true")]
    public async Task A_filter_that_means_nothing_is_refused_by_name(string query)
    {
        var problem = await AssertProblemAsync(
            await (await Api.PersonAsync("ada")).GetAsync($"/api/test-samples?{query}", Cancel), 400, "invalid_request");

        Assert.Equal(query.Split('=')[0], problem.GetProperty("errors").EnumerateObject().Single().Name);
    }

    [Fact]
    public async Task Pages_of_every_order_hold_every_row_once_and_in_order()
    {
        var ada = await Api.PersonAsync("ada");
        var random = new Random(20261124);
        var rows = new List<JsonElement>();
        var mark = NewId();
        string?[] texts = ["a", "A", "b", "aa", "ä", "ﬀ", "𝒜", "", " ", "a'b", "~"];
        for (var i = 0; i < 30; i++)
        {
            var body = JsonNode.Parse(Least)!.AsObject();
            body["text"] = $"{mark}{Pick(texts)}";
            // An optional text is none, or has something to see.
            Set(body, "note", Maybe(() => JsonValue.Create(Pick([.. texts.Where(text => !string.IsNullOrWhiteSpace(text))]))));
            Set(body, "token", JsonValue.Create(new Guid(random.Next(3), 1, 1, 0x80, 0, 0, 0, 0, 0, 0, 1)));
            Set(body, "flag", JsonValue.Create(random.Next(2) == 0));
            Set(body, "maybe", Maybe(() => JsonValue.Create(random.Next(2) == 0)));
            Set(body, "number", JsonValue.Create(random.Next(12)));
            Set(body, "count", Maybe(() => JsonValue.Create(random.Next(-11, 12))));
            Set(body, "bigger", Maybe(() => JsonValue.Create((long)random.Next(-2, 3) * 3_000_000_000_000_000_000)));
            Set(
                body,
                "price",
                JsonValue.Create(Pick(
                    [9m, 10m, 10.0m, 100m, -1m, -10m, 0.5m, 0.25m, 79228162514264337593543950335m, 79228162514264337593543950334m])));
            Set(body, "discount", Maybe(() => JsonValue.Create(Pick([1.5m, 1.50m, 11m, 2m]))));
            Set(body, "day", JsonValue.Create(Pick(["0999-01-01", "1999-12-31", "2000-01-01"])));
            Set(body, "lastDay", Maybe(() => JsonValue.Create(Pick(["2001-12-31", "9999-12-31"]))));
            Set(
                body,
                "at",
                JsonValue.Create(Pick(
                    ["2026-05-31T12:00:00Z", "2026-05-31T14:00:00+02:00", "2026-05-31T12:00:00.000001Z", "1969-12-31T23:59:59Z"])));
            Set(body, "until", Maybe(() => JsonValue.Create(Pick(["2026-05-31T12:00:00Z", "2026-05-31T12:00:00.1Z"]))));
            Set(body, "state", JsonValue.Create(Pick(["draft", "inReview", "done"])));
            Set(body, "former", Maybe(() => JsonValue.Create(Pick(["draft", "inReview", "done"]))));
            rows.Add(await JsonAsync(await CreateAsync(ada, $"{Pick(["A", "a", "B", "b", "1", "Z"])}{i:00}{mark}", body.ToJsonString())));
        }

        foreach (var sort in new[]
        {
            "text", "note", "token", "authorId", "flag", "maybe", "number", "count", "bigger", "price", "discount", "day", "lastDay", "at",
            "until",
            "state", "former", "order", "id",
        })
        {
            var expected = rows
                .OrderBy(row => Key(row, sort), Comparer<IComparable?>.Default)
                .ThenBy(row => Bytes(row.GetProperty("id").GetString()!))
                .Select(row => row.GetProperty("id").GetString()!)
                .ToArray();
            foreach (var limit in new[] { 1, 7, 30 })
            {
                Assert.Equal(expected, await WalkAsync($"search={mark}&sort={sort}&limit={limit}"));
                Assert.Equal(expected.Reverse(), await WalkAsync($"search={mark}&sort=-{sort}&limit={limit}"));
            }
        }

        async Task<List<string>> WalkAsync(string query)
        {
            var ids = new List<string>();
            string? after = null;
            do
            {
                var page = await ada.GetFromJsonAsync<JsonElement>(
                    $"/api/test-samples?{query}" + (after is null ? "" : $"&after={after}"), Cancel);
                ids.AddRange(page.GetProperty("items").EnumerateArray().Select(row => row.GetProperty("id").GetString()!));
                after = page.GetProperty("next").GetString();
            }
            while (after is not null && ids.Count <= rows.Count);

            return ids;
        }

        T Pick<T>(T[] values) => values[random.Next(values.Length)];

        JsonNode? Maybe(Func<JsonNode?> value) => random.Next(3) == 0 ? null : value();

        static void Set(JsonObject body, string field, JsonNode? value) => body[field] = value;
    }

    [Fact]
    public async Task What_the_row_level_rule_hides_is_not_there_whatever_is_done_to_it()
    {
        var ada = await Api.PersonAsync("ada");
        var nobody = await Api.ServiceAsync("acme-nobody");
        await GrantAsync(ada, nobody, "test-sample:view", "test-sample:change", "test-sample:delete", "test-sample:stamp-it");
        var hidden = (await CreateAsync(ada, NewId(), With(Least, "text", "hidden"))).Headers.Location!.AbsolutePath;
        var shown = (await CreateAsync(ada, NewId(), With(Least, "text", "shown"))).Headers.Location!.AbsolutePath;

        foreach (var (method, url, body) in new[]
        {
            (HttpMethod.Get, hidden, null),
            (HttpMethod.Put, hidden, Least),
            (HttpMethod.Delete, hidden, null),
            (HttpMethod.Post, $"{hidden}/stamp-it", null),
        })
        {
            // Neither the right tag nor a wrong one tells that something is there.
            await AssertProblemAsync(await SendAsync(nobody, method, url, "\"1\"", body), 404, "not_found");
            await AssertProblemAsync(await SendAsync(nobody, method, url, "\"9\"", body), 404, "not_found");
        }

        var listed = (await nobody.GetFromJsonAsync<JsonElement>(
            $"/api/test-samples?id={hidden.Split('/')[^1]}", Cancel)).GetProperty("items");
        Assert.Equal(0, listed.GetArrayLength());
        Assert.Equal("\"1\"", (await ada.GetAsync(hidden, Cancel)).Headers.ETag?.Tag);

        Assert.Equal(HttpStatusCode.OK, (await nobody.GetAsync(shown, Cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(nobody, HttpMethod.Post, $"{shown}/stamp-it", "\"1\"", null)).StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await SendAsync(nobody, HttpMethod.Delete, shown, "\"2\"", null)).StatusCode);
    }

    [Fact]
    public async Task An_action_sets_what_requests_do_not_carry_and_a_replacement_keeps_it()
    {
        var ada = await Api.PersonAsync("ada");
        var url = (await CreateAsync(ada, NewId(), Least)).Headers.Location!.AbsolutePath;

        Assert.Equal(
            "stamped",
            (await JsonAsync(await SendAsync(ada, HttpMethod.Post, $"{url}/stamp-it", "*", null))).GetProperty("stamp").GetString());

        var replaced = await JsonAsync(await SendAsync(ada, HttpMethod.Put, url, "\"2\"", With(Least, "text", "other")));
        Assert.Equal("stamped", replaced.GetProperty("stamp").GetString());
        Assert.Equal(3, replaced.GetProperty("version").GetInt32());
    }

    [Fact]
    public async Task An_action_that_refuses_leaves_nothing_behind()
    {
        var ada = await Api.PersonAsync("ada");
        var url = (await CreateAsync(ada, NewId(), Least)).Headers.Location!.AbsolutePath;
        await SendAsync(ada, HttpMethod.Post, $"{url}/stamp-it", "*", null);
        var other = (await CreateAsync(ada, NewId(), With(Least, "note", "touch me"))).Headers.Location!.AbsolutePath;

        var problem = await AssertProblemAsync(await SendAsync(ada, HttpMethod.Post, $"{url}/stamp-it", "*", null), 409, "conflict");

        Assert.Equal("It is stamped already.", problem.GetProperty("detail").GetString());
        Assert.Equal("touch me", (await JsonAsync(await ada.GetAsync(other, Cancel))).GetProperty("note").GetString());
    }

    [Fact]
    public async Task A_value_that_must_differ_is_a_conflict_where_it_does_not()
    {
        var ada = await Api.PersonAsync("ada");
        var order = Random.Shared.Next(1_000_000, int.MaxValue);
        await CreateAsync(ada, NewId(), With(Least, "order", order));
        var url = (await CreateAsync(ada, NewId(), Least)).Headers.Location!.AbsolutePath;

        await AssertProblemAsync(await CreateAsync(ada, NewId(), With(Least, "order", order)), 409, "conflict");
        await AssertProblemAsync(await SendAsync(ada, HttpMethod.Put, url, "*", With(Least, "order", order)), 409, "conflict");
    }

    [Fact]
    public async Task What_cannot_be_audited_is_not_done()
    {
        var ada = await Api.PersonAsync("ada");
        var id = $"doomed-{NewId()[..20]}";
        await ExecuteAsync(Api.Engine == DatabaseEngine.Sqlite
            ? "CREATE TRIGGER doomed BEFORE INSERT ON audit_log WHEN NEW.row_id LIKE 'doomed-%' AND NEW.action = 'change' BEGIN "
                + "SELECT RAISE(ABORT, 'not this one'); END"
            : "ALTER TABLE audit_log ADD CONSTRAINT doomed CHECK (row_id NOT LIKE 'doomed-%' OR action <> 'change')");
        try
        {
            var url = (await CreateAsync(ada, id, Least)).Headers.Location!.AbsolutePath;
            await AssertProblemAsync(await SendAsync(ada, HttpMethod.Put, url, "*", With(Least, "text", "changed")), 500);

            var row = await JsonAsync(await ada.GetAsync(url, Cancel));
            Assert.Equal("t", row.GetProperty("text").GetString());
            Assert.Equal(1, row.GetProperty("version").GetInt32());
        }
        finally
        {
            await ExecuteAsync(
                Api.Engine == DatabaseEngine.Sqlite ? "DROP TRIGGER doomed" : "ALTER TABLE audit_log DROP CONSTRAINT doomed");
        }
    }

    [Fact]
    public async Task The_audit_log_holds_every_column_as_JSON_has_it()
    {
        var ada = await Api.PersonAsync("ada");
        var id = NewId();
        var row = await JsonAsync(await CreateAsync(ada, id, Full));
        await using var connection = await Api.Services.GetRequiredService<Database>().OpenToWriteAsync(Cancel);

        var values = JsonElement.Parse(
            (await connection.ExecuteScalarAsync<string>("SELECT new_values FROM audit_log WHERE row_id = @id", new { id }))!);

        var columns = row.EnumerateObject().Where(field => field.Name is not ("version" or "isFree")).ToArray();
        Assert.Equal(columns.Select(field => field.Name), values.EnumerateObject().Select(field => field.Name));
        Assert.All(columns, field => Assert.Equal(field.Value.ToString(), values.GetProperty(field.Name).ToString()));
    }

    [Fact]
    public async Task A_row_that_another_model_refers_to_is_not_deleted()
    {
        var ada = await Api.PersonAsync("ada");
        var author = (await JsonAsync(await ada.PostAsync("/api/authors", Json("""{"name":"A"}"""), Cancel))).GetProperty("id").GetString();
        await CreateAsync(ada, NewId(), With(Least, "authorId", author));

        var problem = await AssertProblemAsync(
            await SendAsync(ada, HttpMethod.Delete, $"/api/authors/{author}", "*", null), 409, "conflict");

        Assert.Contains("1 test-sample", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Equal("1", await ada.GetStringAsync($"/api/test-samples/of-author/{author}", Cancel));
        await AssertProblemAsync(
            await (await Api.ServiceAsync("acme-writer")).GetAsync($"/api/test-samples/of-author/{author}", Cancel),
            403,
            "permission_missing");
    }

    [Fact]
    public async Task The_description_holds_the_contract_of_a_model()
    {
        var document = await Api.NewClient().GetFromJsonAsync<JsonElement>("/openapi/v1.json", Cancel);
        var schemas = document.GetProperty("components").GetProperty("schemas");
        var paths = document.GetProperty("paths");

        var row = schemas.GetProperty("Sample").GetProperty("properties");
        Assert.Equal("string", row.GetProperty("id").GetProperty("type").GetString());
        Assert.Equal("date-time", row.GetProperty("at").GetProperty("format").GetString());
        Assert.Contains(
            "inReview", schemas.GetProperty("SampleState").GetProperty("enum").EnumerateArray().Select(name => name.GetString()));

        // A new row has an id; a change of it has none. Neither has what only the service sets.
        var creation = schemas.GetProperty("TestSampleCreationRequest");
        Assert.Equal(
            ["flag", "id", "text", "token"],
            creation.GetProperty("required").EnumerateArray().Select(name => name.GetString()).Order(StringComparer.Ordinal));
        Assert.Equal("integer", creation.GetProperty("properties").GetProperty("number").GetProperty("type").GetString());
        Assert.Equal(1000, creation.GetProperty("properties").GetProperty("number").GetProperty("maximum").GetInt32());
        var change = schemas.GetProperty("TestSampleRequest").GetProperty("properties");
        foreach (var field in new[] { "id", "stamp", "version", "isFree" })
        {
            Assert.False(change.TryGetProperty(field, out _), field);
        }

        var list = paths.GetProperty("/api/test-samples").GetProperty("get");
        Assert.Equal(
            "#/components/schemas/PageOfSample",
            list.GetProperty("responses")
                .GetProperty("200")
                .GetProperty("content")
                .GetProperty("application/json")
                .GetProperty("schema")
                .GetProperty("$ref")
                .GetString());
        var parameters = list.GetProperty("parameters")
            .EnumerateArray()
            .ToDictionary(parameter => parameter.GetProperty("name").GetString()!);
        Assert.Equal("number", parameters["price.gte"].GetProperty("schema").GetProperty("type").GetString());
        Assert.Equal("boolean", parameters["note.null"].GetProperty("schema").GetProperty("type").GetString());
        Assert.Equal(3, parameters["state"].GetProperty("schema").GetProperty("enum").GetArrayLength());
        Assert.All(parameters.Values, parameter => Assert.NotEmpty(parameter.GetProperty("description").GetString()!));

        var act = paths.GetProperty("/api/test-samples/{id}/stamp-it").GetProperty("post");
        Assert.Equal("StampItTestSample", act.GetProperty("operationId").GetString());
        Assert.Contains("test-sample:stamp-it", act.GetProperty("description").GetString(), StringComparison.Ordinal);
        Assert.Contains("test-samples:write", act.GetProperty("description").GetString(), StringComparison.Ordinal);
        Assert.Contains(
            act.GetProperty("parameters").EnumerateArray(), parameter => parameter.GetProperty("name").GetString() == "If-Match");
        foreach (var status in new[] { "200", "401", "403", "404", "409", "412", "428", "503" })
        {
            Assert.True(act.GetProperty("responses").TryGetProperty(status, out _), status);
        }

        var replace = paths.GetProperty("/api/books/{id}").GetProperty("put");
        Assert.Equal(
            "#/components/schemas/BookRequest",
            replace.GetProperty("requestBody")
                .GetProperty("content")
                .GetProperty("application/json")
                .GetProperty("schema")
                .GetProperty("$ref")
                .GetString());
        Assert.Equal("string", schemas.GetProperty("Book").GetProperty("properties").GetProperty("title").GetProperty("type").GetString());
    }

    private static string Least => """{"text":"t","token":"018f2b1c-7c1e-7d3a-9a52-3f1f0e6d1c11","flag":false}""";

    private static string NewId() => Guid.NewGuid().ToString("N");

    private static string With(string body, string field, JsonNode? value)
    {
        var json = JsonNode.Parse(body)!.AsObject();
        json[field] = value;
        return json.ToJsonString();
    }

    // What comes before what: nothing before something, texts and enums by their bytes, everything else by its value.
    private static IComparable? Key(JsonElement row, string field) => row.GetProperty(field) switch
    {
        { ValueKind: JsonValueKind.Null } => null,
        { ValueKind: JsonValueKind.Number } number => number.GetDecimal(),
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        var text when field is "at" or "until" => text.GetDateTimeOffset(),
        var text => Bytes(text.GetString()!),
    };

    private static async Task GrantAsync(HttpClient ada, HttpClient client, params string[] permissions)
    {
        var body = JsonSerializer.Serialize(new { name = $"g-{NewId()}", permissions });
        var group = (await ada.PostAsync("/api/groups", Json(body), Cancel)).Headers.Location!.AbsolutePath;
        Assert.Equal(
            HttpStatusCode.NoContent, (await ada.PutAsync($"{group}/members/{await AccountIdAsync(client)}", null, Cancel)).StatusCode);
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var connection = await Api.Services.GetRequiredService<Database>().OpenToWriteAsync(Cancel);
        await connection.ExecuteAsync(sql);
    }

    private static Task<HttpResponseMessage> CreateAsync(HttpClient client, string id, string body) =>
        client.PostAsync("/api/test-samples", Json(With(body, "id", id)), Cancel);

    private static async Task<HttpResponseMessage> SendAsync(HttpClient client, HttpMethod method, string url, string? tag, string? body)
    {
        using var request = new HttpRequestMessage(method, url) { Content = body is null ? null : Json(body) };
        if (tag is not null)
        {
            request.Headers.TryAddWithoutValidation("If-Match", tag);
        }

        return await client.SendAsync(request, Cancel);
    }

    private static StringContent Json(string json) => new(json, new MediaTypeHeaderValue("application/json"));

    private static string Bytes(string text) => Convert.ToHexString(Encoding.UTF8.GetBytes(text));
}

public sealed class SamplesOnSqliteTests(ApiWithSamplesOnSqlite api) : SamplesTests(api), IClassFixture<ApiWithSamplesOnSqlite>;

public sealed class SamplesOnPostgreSqlTests(ApiWithSamplesOnPostgreSql api) : SamplesTests(api), IClassFixture<ApiWithSamplesOnPostgreSql>;
