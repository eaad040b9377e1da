using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;

namespace Api.Tests.Access;

/// <summary>
/// Every Core row of the AuthZEN certification scenario, with its requests: Basic, Batch, Search, Discovery and the transport
/// requirements. The rows of the sublevels Properties (decision rules 5 to 8, S4 to S6) are not here: they want decisions by
/// properties that the question brings along, and this service decides by what it knows.
/// </summary>
public sealed class AuthZenCertificationTests(RecordsOnEmbeddedRealm api) : AccessTests(api), IClassFixture<RecordsOnEmbeddedRealm>
{
    private const string Alice = """{"type":"user","id":"alice"}""";
    private const string Bob = """{"type":"user","id":"bob"}""";
    private const string Read = """{"name":"read"}""";
    private const string Write = """{"name":"write"}""";
    private const string First = """{"type":"record","id":"record-1"}""";
    private const string Second = """{"type":"record","id":"record-2"}""";
    private const string Context = """{"time":"2025-06-27T18:03-07:00","ip":"192.168.1.1"}""";

    [Theory]
    [InlineData(Alice, Read, First, true)]
    [InlineData(Alice, Write, First, true)]
    [InlineData(Bob, Read, First, true)]
    [InlineData(Bob, Write, First, false)]
    public async Task C_1_4_and_2_2_1_and_2_2_2_the_four_decisions_by_identifiers(
        string subject, string action, string resource, bool expected)
    {
        var body = $$$"""{"subject":{{{subject}}},"action":{{{action}}},"resource":{{{resource}}}}""";

        // C 2.6: the same, however often it is asked.
        for (var i = 0; i < 3; i++)
        {
            var answer = await AskAsync(Evaluation, body);

            // C 2.3.1 and 2.3.2
            Assert.Equal(expected ? JsonValueKind.True : JsonValueKind.False, answer.GetProperty("decision").ValueKind);
            Assert.Equal(JsonValueKind.Object, answer.GetProperty("context").ValueKind);
        }
    }

    [Theory]
    // C 2.2.3
    [InlineData($$$"""{"subject":{{{Alice}}},"action":{{{Read}}},"resource":{{{First}}},"context":{{{Context}}}}""")]
    // C 2.2.8
    [InlineData("""
        {"subject":{"type":"user","id":"alice","properties":{"department":"Sales","role":"manager"}},
        "action":{"name":"read","properties":{"method":"GET"}},
        "resource":{"type":"record","id":"record-1","properties":{"status":"enabled","owner":"bob"}}}
        """)]
    // C 2.2.9
    [InlineData($$$"""{"subject":{{{Alice}}},"action":{{{Read}}},"resource":{{{First}}},"foo":"bar","futureField":{"nested":true}}""")]
    public async Task C_2_2_context_properties_and_unknown_fields_are_accepted_and_change_nothing(string body) =>
        Assert.True((await AskAsync(Evaluation, body)).GetProperty("decision").GetBoolean());

    [Theory]
    // C 2.4.1
    [InlineData($$$"""{"action":{{{Read}}},"resource":{{{First}}}}""")]
    [InlineData($$$"""{"subject":{{{Alice}}},"resource":{{{First}}}}""")]
    [InlineData($$$"""{"subject":{{{Alice}}},"action":{{{Read}}}}""")]
    // C 2.4.2
    [InlineData($$$"""{"subject":{"id":"alice"},"action":{{{Read}}},"resource":{{{First}}}}""")]
    [InlineData($$$"""{"subject":{"type":"user"},"action":{{{Read}}},"resource":{{{First}}}}""")]
    [InlineData($$$"""{"subject":{{{Alice}}},"action":{},"resource":{{{First}}}}""")]
    [InlineData($$$"""{"subject":{{{Alice}}},"action":{{{Read}}},"resource":{"id":"record-1"}}""")]
    [InlineData($$$"""{"subject":{{{Alice}}},"action":{{{Read}}},"resource":{"type":"record"}}""")]
    // C 2.4.4
    [InlineData("""{"subject":""")]
    [InlineData("nonsense")]
    // C 2.4.5
    [InlineData("")]
    // C 2.4.6
    [InlineData($$$"""{"subject":"alice","action":{{{Read}}},"resource":{{{First}}}}""")]
    [InlineData($$$"""{"subject":{{{Alice}}},"action":{"name":123},"resource":{{{First}}}}""")]
    public async Task C_2_4_a_request_that_is_none_is_400(string body) =>
        await AssertProblemAsync(await SendAsync(Evaluation, body), 400);

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("application/xml")]
    [InlineData(null)]
    public async Task C_2_4_3_another_content_type_is_400(string? type)
    {
        using var content = new StringContent($$$"""{"subject":{{{Alice}}},"action":{{{Read}}},"resource":{{{First}}}}""");
        content.Headers.ContentType = type is null ? null : new(type);

        await AssertProblemAsync(await (await AskerAsync()).PostAsync(Evaluation, content, Cancel), 400, "invalid_request");
    }

    [Fact]
    public async Task C_2_5_the_request_id_comes_back_and_is_not_needed()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Evaluation)
        {
            Content = new StringContent(
                $$$"""{"subject":{{{Alice}}},"action":{{{Read}}},"resource":{{{First}}}}""", Encoding.UTF8, "application/json"),
        };
        request.Headers.Add("X-Request-ID", "bfe9eb29-ab87-4ca3-be83-a1d5d8305716");

        var response = await (await AskerAsync()).SendAsync(request, Cancel);

        Assert.Equal("bfe9eb29-ab87-4ca3-be83-a1d5d8305716", Assert.Single(response.Headers.GetValues("X-Request-ID")));
        Assert.Equal(
            HttpStatusCode.OK,
            (await SendAsync(Evaluation, $$$"""{"subject":{{{Alice}}},"action":{{{Read}}},"resource":{{{First}}}}""")).StatusCode);
    }

    [Theory]
    // C 3.2.1
    [InlineData(
        $$$"""{"subject":{{{Alice}}},"action":{{{Read}}},"evaluations":[{"resource":{{{First}}}},{"resource":{{{Second}}}}]}""",
        true,
        true)]
    // C 3.2.2
    [InlineData(
        $$$"""{"subject":{{{Bob}}},"resource":{{{First}}},"evaluations":[{"action":{{{Read}}}},{"action":{{{Write}}}}]}""", true, false)]
    // C 3.2.5
    [InlineData(
        $$$"""
        {"evaluations":[{"subject":{{{Alice}}},"action":{{{Read}}},"resource":{{{First}}}},
        {"subject":{{{Bob}}},"action":{{{Write}}},"resource":{{{First}}}}]}
        """,
        true,
        false)]
    // C 3.2.6
    [InlineData(
        $$$"""
        {"subject":{{{Alice}}},"action":{{{Read}}},"context":{"time":"2025-06-27T18:03-07:00"},"evaluations":[
        {"resource":{{{First}}}},
        {"resource":{{{Second}}},"context":{"time":"2025-06-27T19:00-07:00","source":"batch-override"}}]}
        """,
        true,
        true)]
    // C 3.4.1
    [InlineData(
        $$$"""
        {"subject":{{{Alice}}},"action":{{{Read}}},"options":{"evaluations_semantic":"execute_all"},
        "evaluations":[{"resource":{{{First}}}},{}]}
        """,
        true,
        false)]
    public async Task C_3_several_questions_are_answered_in_their_order(string body, params bool[] expected)
    {
        var answer = await AskAsync(Evaluations, body);

        // C 3.3.1 to 3.3.4
        Assert.Equal(expected, Decisions(answer));
        Assert.False(answer.TryGetProperty("decision", out _));
    }

    [Theory]
    // C 3.4.2
    [InlineData($$$"""{"subject":{{{Alice}}},"action":{{{Read}}},"resource":{{{First}}}}""")]
    // C 3.4.3
    [InlineData($$$"""{"subject":{{{Alice}}},"action":{{{Read}}},"resource":{{{First}}},"evaluations":[]}""")]
    public async Task C_3_4_without_evaluations_it_is_one_question(string body)
    {
        var answer = await AskAsync(Evaluations, body);

        Assert.True(answer.GetProperty("decision").GetBoolean());
        Assert.False(answer.TryGetProperty("evaluations", out _));
    }

    [Theory]
    // C 4.2.1
    [InlineData($$$"""{"subject":{"type":"user"},"action":{{{Read}}},"resource":{{{First}}}}""")]
    // C 4.2.2
    [InlineData($$$"""{"subject":{"type":"user"},"action":{{{Read}}},"resource":{{{First}}},"context":{{{Context}}}}""")]
    // C 4.2.3
    [InlineData($$$"""{"subject":{{{Alice}}},"action":{{{Read}}},"resource":{{{First}}}}""")]
    public async Task C_4_2_and_S1_a_subject_search_finds_alice_and_bob(string body)
    {
        var answer = await AskAsync(SubjectSearch, body);

        Assert.All(
            answer.GetProperty("results").EnumerateArray(), subject => Assert.Equal("user", subject.GetProperty("type").GetString()));
        Assert.Superset(new HashSet<string>(["alice", "bob"]), Texts(answer, "id").Split(' ').ToHashSet());
        Assert.Equal(
            Texts(await AskAsync(SubjectSearch, $$$"""{"subject":{"type":"user"},"action":{{{Read}}},"resource":{{{First}}}}"""), "id"),
            Texts(answer, "id"));
    }

    [Theory]
    // C 4.3.1
    [InlineData($$$"""{"subject":{{{Alice}}},"action":{{{Read}}},"resource":{"type":"record"}}""")]
    // C 4.3.2
    [InlineData($$$"""{"subject":{{{Alice}}},"action":{{{Read}}},"resource":{"type":"record"},"context":{{{Context}}}}""")]
    // C 4.3.3
    [InlineData($$$"""{"subject":{{{Alice}}},"action":{{{Read}}},"resource":{{{First}}}}""")]
    public async Task C_4_3_and_S2_a_resource_search_finds_the_records(string body)
    {
        var answer = await AskAsync(ResourceSearch, body);

        Assert.All(
            answer.GetProperty("results").EnumerateArray(), resource => Assert.Equal("record", resource.GetProperty("type").GetString()));
        Assert.Equal("record-1 record-2 record-3", Texts(answer, "id"));
    }

    [Theory]
    // C 4.4.1
    [InlineData($$$"""{"subject":{{{Alice}}},"resource":{{{First}}}}""")]
    // C 4.4.2
    [InlineData($$$"""{"subject":{{{Alice}}},"resource":{{{First}}},"context":{{{Context}}}}""")]
    public async Task C_4_4_and_S3_an_action_search_finds_read_and_write(string body) =>
        Assert.Equal("read write", Texts(await AskAsync(ActionSearch, body), "name"));

    [Fact]
    public async Task C_4_5_a_search_goes_on_page_by_page()
    {
        // C 4.5.1
        var page = await AskAsync(
            SubjectSearch, $$$"""{"subject":{"type":"user"},"action":{{{Read}}},"resource":{{{First}}},"page":{"limit":1}}""");
        var found = new List<string>();
        while (true)
        {
            found.Add(Texts(page, "id"));
            var next = page.GetProperty("page").GetProperty("next_token").GetString()!;
            if (next.Length == 0)
            {
                break;
            }

            // C 4.5.2: the token alone, without the limit.
            page = await AskAsync(
                SubjectSearch,
                $$$"""{"subject":{"type":"user"},"action":{{{Read}}},"resource":{{{First}}},"page":{"token":"{{{next}}}"}}""");
        }

        Assert.All(found, id => Assert.DoesNotContain(' ', id));
        Assert.Equal(
            Texts(await AskAsync(SubjectSearch, $$$"""{"subject":{"type":"user"},"action":{{{Read}}},"resource":{{{First}}}}"""), "id"),
            string.Join(' ', found));
    }

    [Theory]
    // C 4.6.1
    [InlineData(ActionSearch, $$$"""{"subject":{"type":"user","id":"nonexistent-user"},"resource":{{{First}}}}""")]
    [InlineData(ActionSearch, $$$"""{"subject":{{{Alice}}},"resource":{"type":"record","id":"nonexistent"}}""")]
    [InlineData(
        ResourceSearch, $$$"""{"subject":{"type":"user","id":"nonexistent-user"},"action":{{{Read}}},"resource":{"type":"record"}}""")]
    [InlineData(SubjectSearch, $$$"""{"subject":{"type":"user"},"action":{{{Read}}},"resource":{"type":"record","id":"nonexistent"}}""")]
    [InlineData(SubjectSearch, $$$"""{"subject":{"type":"user"},"action":{"name":"nonexistent"},"resource":{{{First}}}}""")]
    [InlineData(ResourceSearch, $$$"""{"subject":{{{Alice}}},"action":{"name":"nonexistent"},"resource":{"type":"record"}}""")]
    // C 4.6.2
    [InlineData(SubjectSearch, $$$"""{"subject":{"type":"spaceship"},"action":{{{Read}}},"resource":{{{First}}}}""")]
    [InlineData(SubjectSearch, $$$"""{"subject":{"type":"user"},"action":{{{Read}}},"resource":{"type":"spaceship","id":"1"}}""")]
    [InlineData(ResourceSearch, $$$"""{"subject":{{{Alice}}},"action":{{{Read}}},"resource":{"type":"spaceship"}}""")]
    [InlineData(ResourceSearch, $$$"""{"subject":{"type":"spaceship","id":"alice"},"action":{{{Read}}},"resource":{"type":"record"}}""")]
    [InlineData(ActionSearch, $$$"""{"subject":{{{Alice}}},"resource":{"type":"spaceship","id":"1"}}""")]
    [InlineData(ActionSearch, $$$"""{"subject":{"type":"spaceship","id":"alice"},"resource":{{{First}}}}""")]
    public async Task C_4_6_what_is_not_known_gives_no_results_and_no_error(string path, string body) =>
        Assert.Equal("[]", (await AskAsync(path, body)).GetProperty("results").GetRawText());

    [Theory]
    // C 4.7.1
    [InlineData(SubjectSearch, $$$"""{"subject":{"type":"user"},"resource":{{{First}}}}""")]
    [InlineData(ResourceSearch, $$$"""{"action":{{{Read}}},"resource":{"type":"record"}}""")]
    [InlineData(ActionSearch, $$$"""{"subject":{{{Alice}}}}""")]
    // C 4.7.2
    [InlineData(SubjectSearch, $$$"""{"subject":{"type":"user"},"action":{{{Read}}},"resource":{"type":"record"}}""")]
    [InlineData(ResourceSearch, $$$"""{"subject":{"type":"user"},"action":{{{Read}}},"resource":{"type":"record"}}""")]
    [InlineData(ActionSearch, $$$"""{"subject":{"type":"user"},"resource":{{{First}}}}""")]
    public async Task C_4_7_a_search_that_lacks_what_it_must_name_is_400(string path, string body) =>
        await AssertProblemAsync(await SendAsync(path, body), 400);

    [Fact]
    public async Task C_5_every_endpoint_holds_the_transport_requirements()
    {
        (string Path, string Body)[] all =
        [
            (Evaluation, $$$"""{"subject":{{{Alice}}},"action":{{{Read}}},"resource":{{{First}}},"unknown":1}"""),
            (
                Evaluations,
                $$$"""{"subject":{{{Alice}}},"action":{{{Read}}},"evaluations":[{"resource":{{{First}}},"unknown":1}],"unknown":1}"""),
            (SubjectSearch, $$$"""{"subject":{"type":"user","unknown":1},"action":{{{Read}}},"resource":{{{First}}},"unknown":1}"""),
            (
                ResourceSearch,
                $$$"""{"subject":{{{Alice}}},"action":{"name":"read","unknown":1},"resource":{"type":"record"},"unknown":1}"""),
            (ActionSearch, $$$"""{"subject":{{{Alice}}},"resource":{{{First}}},"page":{"unknown":1},"unknown":1}"""),
        ];
        foreach (var (path, body) in all)
        {
            var client = await AskerAsync();
            foreach (var (sent, status) in new[] { (body, HttpStatusCode.OK), ("{}", HttpStatusCode.BadRequest) })
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, path)
                {
                    Content = new StringContent(sent, Encoding.UTF8, "application/json"),
                };
                request.Headers.Add("X-Request-ID", "an id");
                var response = await client.SendAsync(request, Cancel);

                Assert.Equal(status, response.StatusCode);
                Assert.Equal(
                    status == HttpStatusCode.OK ? "application/json" : "application/problem+json",
                    response.Content.Headers.ContentType?.MediaType);
                Assert.Equal("an id", Assert.Single(response.Headers.GetValues("X-Request-ID")));
            }
        }
    }

    [Theory]
    [InlineData("https://pdp.example.com")]
    [InlineData("https://pdp.example.com:8443")]
    public async Task C_6_the_metadata_name_the_base_URL_and_every_endpoint(string origin)
    {
        // C 6.1 and 6.2
        var response = await Api.NewClient().GetAsync(new Uri($"{origin}/.well-known/authzen-configuration"), Cancel);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("application/json", response.Content.Headers.ContentType?.ToString());
        var metadata = await response.Content.ReadFromJsonAsync<JsonElement>(Cancel);

        // C 6.3 to 6.5
        Assert.Equal(
            new Dictionary<string, string?>
            {
                ["policy_decision_point"] = origin,
                ["access_evaluation_endpoint"] = origin + Evaluation,
                ["access_evaluations_endpoint"] = origin + Evaluations,
                ["search_subject_endpoint"] = origin + SubjectSearch,
                ["search_resource_endpoint"] = origin + ResourceSearch,
                ["search_action_endpoint"] = origin + ActionSearch,
            },
            metadata.EnumerateObject().ToDictionary(member => member.Name, member => member.Value.GetString()));
        Assert.All(
            metadata.EnumerateObject(),
            member => Assert.True(Uri.TryCreate(member.Value.GetString(), UriKind.Absolute, out var url) && url.Scheme == "https"));
    }
}
