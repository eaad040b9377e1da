using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Api.Tests.Infrastructure;

namespace Api.Tests.Access;

/// <summary>What the AuthZEN Authorization API 1.0 requires of a policy decision point, section by section.</summary>
public sealed class AuthZenSpecificationTests(RecordsOnEmbeddedRealm api) : AccessTests(api), IClassFixture<RecordsOnEmbeddedRealm>
{
    private const string Alice = """{"type":"user","id":"alice"}""";
    private const string Bob = """{"type":"user","id":"bob"}""";
    private const string Read = """{"name":"read"}""";
    private const string Write = """{"name":"write"}""";
    private const string First = """{"type":"record","id":"record-1"}""";
    private const string Question = $$$"""{"subject":{{{Alice}}},"action":{{{Read}}},"resource":{{{First}}}}""";
    private const string WhoMayRead = $$$"""{"subject":{"type":"user"},"action":{{{Read}}},"resource":{{{First}}}}""";

    // Section 5.1.1: simple and complex values. 5.2.1, 5.3.1 and 5.4 say the same of the others.
    [Fact]
    public async Task Properties_and_context_may_hold_any_value()
    {
        const string anything = """{"text":"a","number":1.5,"truth":true,"nothing":null,"list":[1,[2]],"object":{"a":{"b":[]}}}""";

        var answer = await AskAsync(Evaluation, $$$"""
            {"subject":{"type":"user","id":"alice","properties":{{{anything}}}},"action":{"name":"read","properties":{{{anything}}}},
             "resource":{"type":"record","id":"record-1","properties":{{{anything}}}},"context":{{{anything}}}}
            """);

        Assert.True(answer.GetProperty("decision").GetBoolean());
    }

    // Sections 5.1 to 5.4: two strings and an object.
    [Theory]
    [InlineData("subject.type", "1")]
    [InlineData("subject.id", "{}")]
    [InlineData("subject.properties", "[]")]
    [InlineData("action.name", "true")]
    [InlineData("action.properties", "\"a\"")]
    [InlineData("resource.type", "[]")]
    [InlineData("resource.id", "1")]
    [InlineData("resource.properties", "1")]
    [InlineData("subject", "[]")]
    [InlineData("action", "\"read\"")]
    [InlineData("resource", "1")]
    [InlineData("context", "[]")]
    public async Task A_member_of_another_type_is_400_and_named(string member, string value)
    {
        var body = JsonNode.Parse(Question)!.AsObject();
        var path = member.Split('.');
        (path.Length == 1 ? body : body[path[0]]!.AsObject())[path[^1]] = JsonNode.Parse(value);

        var problem = await AssertProblemAsync(await SendAsync(Evaluation, body.ToJsonString()), 400, "invalid_request");

        Assert.True(problem.GetProperty("errors").TryGetProperty(member, out _), problem.GetRawText());
    }

    // Section 10.1.1: "If a required attribute in the information model is omitted, the server MUST return a Bad Request error".
    [Theory]
    [InlineData("subject")]
    [InlineData("subject.type")]
    [InlineData("subject.id")]
    [InlineData("action")]
    [InlineData("action.name")]
    [InlineData("resource")]
    [InlineData("resource.type")]
    [InlineData("resource.id")]
    public async Task A_required_attribute_that_is_left_out_is_400_and_named_on_every_way_in(string member)
    {
        var path = member.Split('.');
        foreach (var isNull in new[] { false, true })
        {
            var body = JsonNode.Parse(Question)!.AsObject();
            var parent = path.Length == 1 ? body : body[path[0]]!.AsObject();
            parent.Remove(path[^1]);
            if (isNull)
            {
                // Section 11.5: null is what should have been left out.
                parent[path[^1]] = null;
            }

            foreach (var endpoint in new[] { Evaluation, Evaluations })
            {
                var problem = await AssertProblemAsync(await SendAsync(endpoint, body.ToJsonString()), 400, "invalid_request");
                Assert.True(problem.GetProperty("errors").TryGetProperty(member, out _), problem.GetRawText());
            }

            body["evaluations"] = JsonNode.Parse($$$"""[{{{Question}}},{}]""");
            var several = await SendAsync(Evaluations, body.ToJsonString());
            if (path.Length == 2)
            {
                // What stands in for others is an entity too, and is not whole.
                await AssertProblemAsync(several, 400, "invalid_request");
            }
            else
            {
                var decisions = Decisions(await JsonAsync(several));
                Assert.Equal([true, false], decisions);
            }
        }
    }

    // Section 5.5: "decision" is REQUIRED and boolean, "context" is an object. 10.1.2: a denial is 200.
    [Fact]
    public async Task A_denial_is_200_with_a_decision_and_a_context_that_says_why()
    {
        var answer = await AskAsync(Evaluation, $$$"""{"subject":{{{Bob}}},"action":{{{Write}}},"resource":{{{First}}}}""");

        Assert.Equal(JsonValueKind.False, answer.GetProperty("decision").ValueKind);
        var context = answer.GetProperty("context");
        Assert.Equal("permission_missing", context.GetProperty("code").GetString());
        Assert.Equal("No group of bob grants record:write.", context.GetProperty("reason_admin").GetProperty("403").GetString());
        Assert.StartsWith(
            "None of your groups grants record:write.",
            context.GetProperty("reason_user").GetProperty("403").GetString(),
            StringComparison.Ordinal);
    }

    // Section 7.1: the top-level keys MAY be omitted if every evaluation has them.
    [Fact]
    public async Task Evaluations_need_no_defaults() =>
        Assert.True(Assert.Single(Decisions(await AskAsync(Evaluations, $$$"""{"evaluations":[{{{Question}}}]}"""))));

    // Section 7.1.1: a key in an evaluation overrides the default, as a whole.
    [Fact]
    public async Task A_default_stands_in_as_a_whole_and_never_for_a_part_of_an_entity()
    {
        var answer = await AskAsync(Evaluations, $$$"""
            {"subject":{{{Bob}}},"action":{{{Write}}},"resource":{{{First}}},"context":{"scopes":"records:read"},
             "evaluations":[
               {},
               {"action":{{{Read}}}},
               {"action":{{{Read}}},"context":{}},
               {"action":{{{Read}}},"context":{"scopes":["records:write"]}},
               {"subject":{"id":"alice"}},
               {"resource":{"id":"record-2"},"action":{{{Read}}}},
               {"subject":null,"action":{{{Read}}},"context":{"scopes":"records:write"}}
             ]}
            """);

        Assert.Equal([false, false, true, true, false, false, true], Decisions(answer));
        var codes = answer.GetProperty("evaluations")
            .EnumerateArray()
            .Select(evaluation => evaluation.GetProperty("context").GetProperty("code").GetString());
        Assert.Equal(
            ["permission_missing", "insufficient_scope", "allowed", "allowed", "invalid_request", "invalid_request", "allowed"], codes);
    }

    // Section 7.1.2: options is an object with whatever else in it.
    [Fact]
    public async Task Other_options_are_taken()
    {
        var answer = await AskAsync(Evaluations, $$$"""
            {"subject":{{{Bob}}},"resource":{{{First}}},"options":{"another_option":"value"},
            "evaluations":[{"action":{{{Read}}}},{"action":{{{Write}}}}]}
            """);

        Assert.Equal([true, false], Decisions(answer));
    }

    // Section 7.1.2.1, with a mistake among the questions, which is a denial too ("any denial (error, or decision: false)").
    [Theory]
    [InlineData("", "read write read", "True False True")]
    [InlineData("execute_all", "read write read", "True False True")]
    [InlineData("execute_all", "read ? read", "True False True")]
    [InlineData("deny_on_first_deny", "read write read", "True False")]
    [InlineData("deny_on_first_deny", "read ? read", "True False")]
    [InlineData("deny_on_first_deny", "read read", "True True")]
    [InlineData("permit_on_first_permit", "write ? read read", "False False True")]
    [InlineData("permit_on_first_permit", "read write", "True")]
    [InlineData("permit_on_first_permit", "write write", "False False")]
    public async Task The_semantic_says_where_it_ends(string semantic, string actions, string expected)
    {
        var evaluations = string.Join(
            ',', actions.Split(' ').Select(action => action == "?" ? """{"action":{}}""" : $$$"""{"action":{"name":"{{{action}}}"}}"""));
        var options = semantic.Length == 0 ? "" : $$$""","options":{"evaluations_semantic":"{{{semantic}}}"}""";

        var answer = await AskAsync(
            Evaluations, $$$"""{"subject":{{{Bob}}},"resource":{{{First}}},"evaluations":[{{{evaluations}}}]{{{options}}}}""");

        Assert.Equal(expected, string.Join(' ', Decisions(answer)));
    }

    // Section 7.1.2.1: "exactly one of the following values".
    [Theory]
    [InlineData("\"execute_none\"")]
    [InlineData("\"Execute_All\"")]
    [InlineData("1")]
    public async Task Another_semantic_is_400(string semantic)
    {
        var problem = await AssertProblemAsync(
            await SendAsync(Evaluations, $$$"""{"evaluations":[{{{Question}}}],"options":{"evaluations_semantic":{{{semantic}}}}}"""),
            400,
            "invalid_request");

        Assert.True(problem.GetProperty("errors").TryGetProperty("options.evaluations_semantic", out _), problem.GetRawText());
    }

    // Section 7.2.1: errors of one evaluation stand in its context, errors of the payload are HTTP's.
    [Fact]
    public async Task A_mistake_in_one_question_is_told_there_and_one_in_the_payload_by_the_status()
    {
        var answer = await AskAsync(
            Evaluations, $$$"""{"evaluations":[{{{Question}}},1,{"subject":"alice"},{"subject":{{{Alice}}},"action":{{{Read}}}}]}""");

        Assert.Equal([true, false, false, false], Decisions(answer));
        var errors = answer.GetProperty("evaluations")
            .EnumerateArray()
            .Skip(1)
            .Select(evaluation => evaluation.GetProperty("context").GetProperty("error"))
            .ToArray();
        Assert.All(errors, error => Assert.Equal(400, error.GetProperty("status").GetInt32()));
        Assert.Equal(
            ["An evaluation must be an object.", "subject is not of the type that it must be.", "resource is missing."],
            errors.Select(error => error.GetProperty("message").GetString()));
        await AssertProblemAsync(
            await SendAsync(Evaluations, $$$"""{"subject":"alice","evaluations":[{{{Question}}}]}"""), 400, "invalid_request");
        await AssertProblemAsync(await SendAsync(Evaluations, """{"evaluations":{}}"""), 400, "invalid_request");
        await AssertProblemAsync(await SendAsync(Evaluations, """{"evaluations":[],"options":[]}"""), 400, "invalid_request");
    }

    // Section 8.1: "any result from a Search API, when used in an Access Evaluation API call, SHOULD result in decision: true",
    // and, here, nothing else is left out. A member through a group, one by a denial, one disabled, a service.
    [Fact]
    public async Task A_search_finds_exactly_those_whom_an_evaluation_allows()
    {
        string[] subjects = ["alice", "bob", "carol", "dave", "erin", "robot"];
        string[] rows = ["record-1", "record-2", "record-3", Records.Hidden, "record-4", "*"];
        string[] actions = ["read", "write", "delete"];
        await Records.AddAccountAsync(Api, "carol");
        await Records.AddAccountAsync(Api, "dave", enabled: false);
        await Records.AddAccountAsync(Api, "erin");
        await Records.AddAccountAsync(Api, "robot", "service");
        var everything = await Records.AddGroupAsync(Api, """["record:*"]""", members: ["carol", "dave", "erin", "robot"]);
        var denied = await Records.AddGroupAsync(Api, "[]", """["record:write"]""", members: ["carol"]);
        var everybody = await Records.AddGroupAsync(Api, """["record:write"]""", isDefault: true);
        try
        {
            var allowed = await AllowedAsync(subjects, actions, rows);
            Assert.Contains(("erin", "delete", Records.Hidden), allowed);
            Assert.DoesNotContain(("carol", "write", "record-1"), allowed);
            Assert.DoesNotContain(("dave", "read", "record-1"), allowed);
            Assert.DoesNotContain(("bob", "read", Records.Hidden), allowed);
            foreach (var action in actions)
            {
                foreach (var row in rows)
                {
                    var found = (await FoundAsync("user", action, row))
                        .Concat(await FoundAsync("service", action, row))
                        .Intersect(subjects)
                        .Order(StringComparer.Ordinal);
                    Assert.Equal(subjects.Where(subject => allowed.Contains((subject, action, row))).Order(StringComparer.Ordinal), found);
                }

                foreach (var subject in subjects)
                {
                    var found = Texts(
                        await AskAsync(
                            ResourceSearch,
                            $$$"""{"subject":{{{Of(subject)}}},"action":{"name":"{{{action}}}"},"resource":{"type":"record"}}"""),
                        "id");
                    Assert.Equal(
                        rows.Where(row => row != "*" && allowed.Contains((subject, action, row))).Order(StringComparer.Ordinal),
                        found.Split(' ', StringSplitOptions.RemoveEmptyEntries));
                }
            }

            foreach (var subject in subjects)
            {
                foreach (var row in rows)
                {
                    var found = Texts(
                        await AskAsync(ActionSearch, $$$"""{"subject":{{{Of(subject)}}},"resource":{"type":"record","id":"{{{row}}}"}}"""),
                        "name");
                    Assert.Equal(
                        actions.Where(action => allowed.Contains((subject, action, row))).Order(StringComparer.Ordinal),
                        found.Split(' ', StringSplitOptions.RemoveEmptyEntries));
                }
            }
        }
        finally
        {
            await Records.DeleteGroupAsync(Api, everything);
            await Records.DeleteGroupAsync(Api, denied);
            await Records.DeleteGroupAsync(Api, everybody);
        }

        static string Of(string subject) => $$$"""{"type":"{{{(subject == "robot" ? "service" : "user")}}}","id":"{{{subject}}}"}""";

        async Task<HashSet<(string, string, string)>> AllowedAsync(string[] subjects, string[] actions, string[] rows)
        {
            var all = subjects.SelectMany(subject => actions.SelectMany(action => rows.Select(row => (subject, action, row)))).ToArray();
            var questions = all.Select(one => $$$"""
                {"subject":{{{Of(one.subject)}}},"action":{"name":"{{{one.action}}}"},
                "resource":{"type":"record","id":"{{{one.row}}}"}}
                """);
            var decisions = Decisions(await AskAsync(Evaluations, $$$"""{"evaluations":[{{{string.Join(',', questions)}}}]}"""));
            return [.. all.Where((_, i) => decisions[i])];
        }

        async Task<string[]> FoundAsync(string type, string action, string row)
        {
            var answer = await AskAsync(
                SubjectSearch,
                $$$"""{"subject":{"type":"{{{type}}}"},"action":{"name":"{{{action}}}"},"resource":{"type":"record","id":"{{{row}}}"}}""");
            Assert.Equal("", answer.GetProperty("page").GetProperty("next_token").GetString());
            return Texts(answer, "id").Split(' ');
        }
    }

    // Section 8.2: a page that is not the last has a next_token that is not empty, the last has an empty one.
    [Theory]
    [InlineData(SubjectSearch, WhoMayRead, "id")]
    [InlineData(ResourceSearch, $$$"""{"subject":{{{Alice}}},"action":{{{Read}}},"resource":{"type":"record"}}""", "id")]
    [InlineData(ActionSearch, $$$"""{"subject":{{{Alice}}},"resource":{{{First}}}}""", "name")]
    public async Task Pages_put_together_are_the_whole_and_only_the_last_has_an_empty_token(string path, string body, string member)
    {
        var whole = Texts(await AskAsync(path, body), member).Split(' ');
        Assert.InRange(whole.Length, 2, 100);
        for (var limit = 1; limit <= whole.Length + 1; limit++)
        {
            var found = new List<string>();
            var pages = 0;
            for (var token = (string?)null; token is not "";)
            {
                var answer = await AskAsync(
                    path, With(body, $$$"""{"limit":{{{limit}}}{{{(token is null ? "" : $",\"token\":\"{token}\"")}}}}"""));
                var page = answer.GetProperty("page");
                var items = Texts(answer, member).Split(' ');
                Assert.Equal(items.Length, page.GetProperty("count").GetInt32());
                Assert.InRange(items.Length, 1, limit);
                found.AddRange(items);
                token = page.GetProperty("next_token").GetString();
                pages++;
            }

            Assert.Equal(whole, found);
            Assert.Equal((whole.Length + limit - 1) / limit, pages);
        }
    }

    // Section 8.2: "PDPs SHOULD return an error when any entity or parameter has been changed."
    [Theory]
    [InlineData("""{"subject":{"type":"service"}}""")]
    [InlineData("""{"subject":{"type":"user","properties":{"a":1}}}""")]
    [InlineData("""{"action":{"name":"write"}}""")]
    [InlineData("""{"resource":{"type":"record","id":"record-2"}}""")]
    [InlineData("""{"resource":{"type":"group","id":"record-1"}}""")]
    [InlineData("""{"context":{"time":"now"}}""")]
    [InlineData("""{"page":{"limit":2}}""")]
    [InlineData("""{"page":{"properties":{"sort":"name"}}}""")]
    public async Task A_token_with_another_query_is_400(string change)
    {
        var token = (await AskAsync(
            SubjectSearch, With(WhoMayRead, """{"limit":1}"""))).GetProperty("page").GetProperty("next_token").GetString();
        var body = JsonNode.Parse(With(WhoMayRead, "{}"))!.AsObject();
        foreach (var (name, value) in JsonNode.Parse(change)!.AsObject())
        {
            body[name] = value!.DeepClone();
        }

        body["page"]!["token"] = token;
        var problem = await AssertProblemAsync(await SendAsync(SubjectSearch, body.ToJsonString()), 400, "invalid_request");
        Assert.Contains(
            "belongs to another query", problem.GetProperty("errors").GetProperty("page.token")[0].GetString(), StringComparison.Ordinal);
    }

    // Section 10.1.1: "Implementations MUST NOT assume a particular ordering of JSON object members." 8.4: the id is ignored.
    [Fact]
    public async Task A_token_with_the_same_query_in_another_order_is_taken()
    {
        var token = (await AskAsync(
            SubjectSearch,
            With(WhoMayRead, """{"limit":1,"properties":{"a":1,"b":2}}"""))).GetProperty("page").GetProperty("next_token").GetString();

        var answer = await AskAsync(SubjectSearch, $$$"""
            {"page":{"properties":{"b":2,"a":1},"limit":1,"token":"{{{token}}}"},"unknown":1,
            "resource":{"id":"record-1","type":"record"},"action":{{{Read}}},"subject":{"id":"x","type":"user"}}
            """);

        Assert.Equal(1, answer.GetProperty("page").GetProperty("count").GetInt32());
    }

    [Fact]
    public async Task A_token_that_nobody_gave_or_that_was_tampered_with_is_400()
    {
        var token = (await AskAsync(
            SubjectSearch, With(WhoMayRead, """{"limit":1}"""))).GetProperty("page").GetProperty("next_token").GetString()!;
        var middle = token.Length / 2;
        string[] bad =
        [
            "", "nonsense", "====", new string('A', 20), new string('A', 10_000), "\\u0000", token[1..], token[..^4], token + "AAAA",
            $"{token[..middle]}{(token[middle] == 'A' ? 'B' : 'A')}{token[(middle + 1)..]}",
        ];
        foreach (var text in bad)
        {
            var problem = await AssertProblemAsync(
                await SendAsync(SubjectSearch, With(WhoMayRead, $$$"""{"token":"{{{text}}}"}""")), 400, "invalid_request");
            Assert.True(problem.GetProperty("errors").TryGetProperty("page.token", out _), text);
        }

        // A token of one search is none of another.
        await AssertProblemAsync(
            await SendAsync(ActionSearch, With($$$"""{"subject":{{{Alice}}},"resource":{{{First}}}}""", $$$"""{"token":"{{{token}}}"}""")),
            400,
            "invalid_request");
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(long.MinValue)]
    [InlineData(4294967295)]
    public async Task A_token_that_somebody_made_up_lifts_no_bound(long limit)
    {
        var token = (await AskAsync(
            SubjectSearch, With(WhoMayRead, """{"limit":1}"""))).GetProperty("page").GetProperty("next_token").GetString()!;
        var content = JsonNode.Parse(Base64Url.DecodeFromChars(token).AsSpan(8))!;
        content["Limit"] = limit;
        var bytes = Encoding.UTF8.GetBytes(content.ToJsonString());
        var made = Base64Url.EncodeToString([.. SHA256.HashData(bytes)[..8], .. bytes]);

        var response = await SendAsync(SubjectSearch, With(WhoMayRead, $$$"""{"token":"{{{made}}}"}"""));

        if (limit < 0)
        {
            await AssertProblemAsync(response, 400, "invalid_request");
        }
        else
        {
            Assert.InRange((await JsonAsync(response)).GetProperty("results").GetArrayLength(), 1, 200);
        }
    }

    // Section 8.2.1: "A non-negative integer".
    [Theory]
    [InlineData("-1")]
    [InlineData("1.5")]
    [InlineData("\"1\"")]
    [InlineData("99999999999999999999")]
    public async Task A_limit_that_is_no_number_of_results_is_400(string limit)
    {
        var problem = await AssertProblemAsync(
            await SendAsync(SubjectSearch, With(WhoMayRead, $$$"""{"limit":{{{limit}}}}""")), 400, "invalid_request");

        Assert.True(problem.GetProperty("errors").TryGetProperty("page.limit", out _), problem.GetRawText());
    }

    [Fact]
    public async Task A_limit_of_none_says_whether_there_are_any_and_a_huge_one_is_bounded()
    {
        var none = await AskAsync(SubjectSearch, With(WhoMayRead, """{"limit":0}"""));
        Assert.Equal("[]", none.GetProperty("results").GetRawText());
        Assert.NotEmpty(none.GetProperty("page").GetProperty("next_token").GetString()!);
        var nobody = await AskAsync(
            SubjectSearch, With(WhoMayRead.Replace("record-1", "record-4", StringComparison.Ordinal), """{"limit":0}"""));
        Assert.Empty(nobody.GetProperty("page").GetProperty("next_token").GetString()!);

        Assert.Equal(
            Texts(await AskAsync(SubjectSearch, WhoMayRead), "id"),
            Texts(await AskAsync(SubjectSearch, With(WhoMayRead, """{"limit":9223372036854775807}""")), "id"));
    }

    // Section 8.3: the page first, and only entities of the type that was searched for.
    [Fact]
    public async Task A_search_answers_with_the_page_first_and_echoes_the_type()
    {
        foreach (var type in new[] { "user", "person" })
        {
            var answer = await AskAsync(
                SubjectSearch, $$$"""{"subject":{"type":"{{{type}}}"},"action":{{{Read}}},"resource":{{{First}}}}""");

            Assert.Equal(["page", "results"], answer.EnumerateObject().Select(member => member.Name));
            Assert.All(
                answer.GetProperty("results").EnumerateArray(), subject => Assert.Equal(type, subject.GetProperty("type").GetString()));
            var alice = answer.GetProperty("results").EnumerateArray().Single(subject => subject.GetProperty("id").GetString() == "alice");
            Assert.Equal("alice", alice.GetProperty("properties").GetProperty("username").GetString());
            Assert.Equal(await Records.AccountAsync(Api, "alice"), alice.GetProperty("properties").GetProperty("accountId").GetGuid());
        }
    }

    // Sections 8.4.1 and 8.5.1: the id "if present, MUST be ignored", whatever it is. 8.6.1: there is no action.
    [Fact]
    public async Task What_is_searched_for_has_no_id_that_counts()
    {
        foreach (var id in new[] { "\"bob\"", "\"nobody\"", "17", "{}" })
        {
            var subjects = await AskAsync(
                SubjectSearch, WhoMayRead.Replace("\"type\":\"user\"", $"\"type\":\"user\",\"id\":{id}", StringComparison.Ordinal));
            Assert.Equal(Texts(await AskAsync(SubjectSearch, WhoMayRead), "id"), Texts(subjects, "id"));
            var resources = await AskAsync(
                ResourceSearch, $$$"""{"subject":{{{Alice}}},"action":{{{Read}}},"resource":{"type":"record","id":{{{id}}}}}""");
            Assert.Equal("record-1 record-2 record-3", Texts(resources, "id"));
        }

        Assert.Equal(
            "read write",
            Texts(await AskAsync(ActionSearch, $$$"""{"subject":{{{Alice}}},"action":{"name":1},"resource":{{{First}}}}"""), "name"));
    }

    // Section 9.1.1: https, no query, no fragment. 9.2.2: parameters without a value are omitted. 11.9: caching.
    [Fact]
    public async Task The_metadata_are_open_to_everybody_may_be_cached_and_hold_nothing_empty()
    {
        var response = await Api.NewClient().GetAsync(new Uri("https://pdp.example.com/.well-known/authzen-configuration?a=b"), Cancel);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(TimeSpan.FromHours(1), response.Headers.CacheControl?.MaxAge);
        var metadata = await JsonAsync(response);
        Assert.All(metadata.EnumerateObject(), member => Assert.NotEqual(JsonValueKind.Null, member.Value.ValueKind));
        Assert.Equal("https://pdp.example.com", metadata.GetProperty("policy_decision_point").GetString());
        // 4: "Endpoints for version 1.0 SHOULD include v1".
        Assert.All(metadata.EnumerateObject().Where(member => member.Name.EndsWith("_endpoint", StringComparison.Ordinal)), member =>
            Assert.Contains("/v1/", member.Value.GetString(), StringComparison.Ordinal));
        Assert.Equal(
            HttpStatusCode.MethodNotAllowed, (await SendAsync(Api.NewClient(), "/.well-known/authzen-configuration", "{}")).StatusCode);
    }

    // Section 10.1: "All API requests within this binding are made via an HTTPS POST request."
    [Theory]
    [InlineData(Evaluation)]
    [InlineData(Evaluations)]
    [InlineData(SubjectSearch)]
    [InlineData(ResourceSearch)]
    [InlineData(ActionSearch)]
    public async Task Questions_are_posted_by_somebody_and_are_objects(string path)
    {
        await AssertProblemAsync(await (await AskerAsync()).GetAsync(path, Cancel), 405, "method_not_allowed");

        // 11.3: 401, with what is expected.
        var anonymous = await SendAsync(Api.NewClient(), path, Question);
        await AssertProblemAsync(anonymous, 401, "token_missing");
        Assert.Equal($"Bearer realm=\"{RealmUnderTest.RealmName}\"", BearerChallenge(anonymous));

        // 10.1.1: "The top-level element of all request and response bodies MUST be a JSON object".
        foreach (var body in new[] { "[]", "1", "\"a\"", "null", $"[{Question}]" })
        {
            await AssertProblemAsync(await SendAsync(path, body), 400, "invalid_request");
        }
    }

    // Section 10.1: application/json, which may say its encoding.
    [Fact]
    public async Task The_content_type_may_say_UTF_8()
    {
        using var content = new StringContent(Question);
        content.Headers.ContentType = System.Net.Http.Headers.MediaTypeHeaderValue.Parse("Application/JSON; charset=UTF-8");

        Assert.Equal(HttpStatusCode.OK, (await (await AskerAsync()).PostAsync(Evaluation, content, Cancel)).StatusCode);
    }

    // Section 10.1.3: the same identifier in the response, whatever the response is.
    [Theory]
    [InlineData("POST", Evaluation, Question, "ada", 200)]
    [InlineData("POST", Evaluation, "{}", "ada", 400)]
    [InlineData("POST", Evaluation, "{", "ada", 400)]
    [InlineData("POST", Evaluation, Question, "", 401)]
    [InlineData("POST", Evaluation, Question, "nora", 403)]
    // By way of an exception, which clears headers.
    [InlineData("POST", "/api/groups", "{", "ada", 400)]
    [InlineData("GET", Evaluation, "", "ada", 405)]
    [InlineData("POST", "/access/v1/nothing", Question, "ada", 404)]
    [InlineData("GET", "/.well-known/authzen-configuration", "", "", 200)]
    public async Task The_request_id_comes_back_with_every_answer(string method, string path, string body, string person, int status)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (method == "POST")
        {
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        }

        request.Headers.Add("X-Request-ID", "any text: 1;2,3");
        var response = await (person.Length == 0 ? Api.NewClient() : await Api.PersonAsync(person)).SendAsync(request, Cancel);

        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal("any text: 1;2,3", Assert.Single(response.Headers.GetValues("X-Request-ID")));
        Assert.False((await SendAsync(Evaluation, Question)).Headers.Contains("X-Request-ID"));
    }

    // Section 11.5: I-JSON (RFC 7493), also where nobody looks.
    [Theory]
    [InlineData(
        """{"subject":{"type":"user","id":"alice","id":"bob"},"action":{"name":"read"},"resource":{"type":"record","id":"record-1"}}""")]
    [InlineData("""
        {"subject":{"type":"user","id":"alice","\u0069d":"bob"},
        "action":{"name":"read"},"resource":{"type":"record","id":"record-1"}}
        """)]
    [InlineData("""
        {"subject":{"type":"user","id":"alice"},"action":{"name":"read"},"resource":{"type":"record","id":"record-1"},
        "context":{"a":{"b":1,"b":2}}}
        """)]
    [InlineData("""{"subject":{"type":"user","id":"\ud800"},"action":{"name":"read"},"resource":{"type":"record","id":"record-1"}}""")]
    [InlineData("""
        {"subject":{"type":"user","id":"alice"},"action":{"name":"read"},"resource":{"type":"record","id":"record-1"},
        "context":{"a":["\udc00\ud800"]}}
        """)]
    [InlineData(
        """{"subject":{"type":"user","id":"alice"},"action":{"name":"read"},"resource":{"type":"record","id":"record-1"},"\ud800":1}""")]
    [InlineData("""
        {"subject":{"type":"user","id":"alice"},"action":{"name":"read"},"resource":{"type":"record","id":"record-1"},
        "context":{"a":1e999}}
        """)]
    [InlineData("""{"subject":{"type":"user","id":"alice"},"action":{"name":"read"},"resource":{"type":"record","id":"record-1"}} {}""")]
    [InlineData("""{"subject":{"type":"user","id":"alice"},"action":{"name":"read"},"resource":{"type":"record","id":"record-1"},}""")]
    [InlineData("""{/**/"subject":{"type":"user","id":"alice"},"action":{"name":"read"},"resource":{"type":"record","id":"record-1"}}""")]
    public async Task JSON_that_could_be_read_in_two_ways_is_400(string body) =>
        await AssertProblemAsync(await SendAsync(Evaluation, body), 400, "invalid_request");

    [Fact]
    public async Task What_is_not_UTF_8_is_400()
    {
        byte[] bytes = [
            .. "{\"subject\":{\"type\":\"user\",\"id\":\"alice\"},\"action\":{\"name\":\"read\"},"u8,
            .. "\"resource\":{\"type\":\"record\",\"id\":\"record-1\"},\"context\":{\"a\":\""u8,
            0xC3,
            0x28,
            .. "\"}}"u8];
        using var content = new ByteArrayContent(bytes);
        content.Headers.ContentType = new("application/json");

        await AssertProblemAsync(await (await AskerAsync()).PostAsync(Evaluation, content, Cancel), 400, "invalid_request");
    }

    // Section 10.1.1: "receivers MUST ignore unknown fields", also one that differs in case alone.
    [Fact]
    public async Task A_field_of_another_case_is_another_field()
    {
        var answer = await AskAsync(
            Evaluation,
            $$$"""{"Subject":{{{Bob}}},"subject":{{{Alice}}},"ACTION":1,"action":{{{Write}}},"resource":{{{First}}}}""");

        Assert.True(answer.GetProperty("decision").GetBoolean());
    }

    // Section 11.5: no nulls.
    [Fact]
    public async Task No_answer_holds_a_null()
    {
        string[] answers =
        [
            (await AskAsync(Evaluation, Question)).GetRawText(),
            (await AskAsync(Evaluation, $$$"""{"subject":{{{Bob}}},"action":{{{Write}}},"resource":{{{First}}}}""")).GetRawText(),
            (await AskAsync(
                Evaluation, $$$"""{"subject":{"type":"user","id":"nobody"},"action":{{{Write}}},"resource":{{{First}}}}""")).GetRawText(),
            (await AskAsync(Evaluations, """{"evaluations":[{}]}""")).GetRawText(),
            (await AskAsync(SubjectSearch, WhoMayRead)).GetRawText(),
        ];

        Assert.All(answers, answer => Assert.DoesNotContain("null", answer, StringComparison.Ordinal));
    }

    // Section 11.7: payload size, nested JSON.
    [Fact]
    public async Task Too_many_questions_and_too_deep_a_body_are_400_with_the_remedy()
    {
        string Many(int count) => $$$"""
            {"subject":{{{Alice}}},"action":{{{Read}}},"resource":{{{First}}},
            "evaluations":[{{{string.Join(',', Enumerable.Repeat("{}", count))}}}]}
            """;

        Assert.Equal(250, Decisions(await AskAsync(Evaluations, Many(250))).Length);
        var problem = await AssertProblemAsync(await SendAsync(Evaluations, Many(251)), 400, "invalid_request");
        Assert.Equal(
            "evaluations may hold 250 questions. Send the rest in another request.",
            problem.GetProperty("errors").GetProperty("evaluations")[0].GetString());

        var deep = Question[..^1] + ",\"context\":" + string.Concat(Enumerable.Repeat("{\"a\":", 70)) + "1" + new string('}', 71);
        await AssertProblemAsync(await SendAsync(Evaluation, deep), 400, "invalid_request");
    }

    private static string With(string body, string page) => $"{body[..^1]},\"page\":{page}}}";
}
