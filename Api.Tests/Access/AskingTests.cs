using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Api.Tests.Delivery;
using Api.Tests.Infrastructure;

namespace Api.Tests.Access;

/// <summary>Who may ask about whom, and what the answer says of them.</summary>
public abstract class AskingTests(ApiUnderTest api) : AccessTests(api)
{
    private const string Ada = "ba7ccfa8-8939-52cd-9c73-10b794570992";
    private const string Nora = "d8fa412e-23ce-5e3e-be07-628a81c983de";
    private const string Linus = "a5e27546-95b4-51c9-bce8-0851b9e4a348";
    private const string Writer = "365f145c-7a76-54b7-a85d-c2d58126e81b";

    [Theory]
    [InlineData(
        Evaluation, """{"subject":{"type":"user","id":"alice"},"action":{"name":"read"},"resource":{"type":"record","id":"record-1"}}""")]
    [InlineData(
        Evaluation, """{"subject":{"type":"user","id":"nobody"},"action":{"name":"read"},"resource":{"type":"record","id":"record-1"}}""")]
    [InlineData(
        Evaluations, """{"subject":{"type":"user","id":"alice"},"action":{"name":"read"},"resource":{"type":"record","id":"record-1"}}""")]
    [InlineData(Evaluations, """
        {"action":{"name":"view"},"resource":{"type":"book","id":"*"},"evaluations":[
        {"subject":{"type":"user","id":"d8fa412e-23ce-5e3e-be07-628a81c983de"}},{"subject":{"type":"user","id":"alice"}}]}
        """)]
    [InlineData(SubjectSearch, """{"subject":{"type":"user"},"action":{"name":"read"},"resource":{"type":"record","id":"record-1"}}""")]
    [InlineData(SubjectSearch, """
        {"subject":{"type":"user","id":"d8fa412e-23ce-5e3e-be07-628a81c983de"},
        "action":{"name":"read"},"resource":{"type":"record","id":"record-1"}}
        """)]
    [InlineData(ResourceSearch, """{"subject":{"type":"user","id":"alice"},"action":{"name":"read"},"resource":{"type":"record"}}""")]
    [InlineData(ActionSearch, """{"subject":{"type":"user","id":"alice"},"resource":{"type":"record","id":"record-1"}}""")]
    public async Task Nobody_without_access_view_asks_about_somebody_else(string path, string body)
    {
        var problem = await AssertProblemAsync(await SendAsync(await Api.PersonAsync("nora"), path, body), 403, "permission_missing");

        Assert.Equal("access:view", problem.GetProperty("missingPermission").GetString());
    }

    [Fact]
    public async Task Anybody_asks_about_themselves()
    {
        var nora = await Api.PersonAsync("nora");

        var answer = await AskAsync(nora, Evaluation, Of(Nora, "view", "book"));
        Assert.True(answer.GetProperty("decision").GetBoolean());
        Assert.Equal("token", answer.GetProperty("context").GetProperty("subject").GetProperty("roles").GetString());
        var grantPath = Assert.Single(answer.GetProperty("context").GetProperty("grants").EnumerateArray());
        Assert.Equal("role book-reader of client acme-api → book-readers → book:view", grantPath.GetProperty("text").GetString());
        Assert.Equal("client-role", grantPath.GetProperty("origin").GetString());
        Assert.Equal("book-reader", grantPath.GetProperty("mapping").GetString());
        Assert.Equal("[true,false]", JsonSerializer.Serialize(Decisions(await AskAsync(nora, Evaluations, $$$"""
            {"subject":{"type":"person","id":"{{{Nora}}}"},"resource":{"type":"book","id":"*"},
            "evaluations":[{"action":{"name":"view"}},{"action":{"name":"delete"}}]}
            """))));
        Assert.Equal(
            "view",
            Texts(
                await AskAsync(
                    nora, ActionSearch, $$$"""{"subject":{"type":"user","id":"{{{Nora}}}"},"resource":{"type":"book","id":"*"}}"""),
                "name"));
        var rows = await AskAsync(
            nora,
            ResourceSearch,
            $$$"""{"subject":{"type":"user","id":"{{{Nora}}}"},"action":{"name":"read"},"resource":{"type":"record"}}""");
        Assert.Equal("[]", rows.GetProperty("results").GetRawText());
        // Her id names no account of another type.
        Assert.Equal("subject_unknown", Code(await AskAsync(nora, Evaluation, Of(Nora, "view", "book", "service"))));
    }

    [Fact]
    public async Task A_service_that_may_look_at_access_asks_about_everybody()
    {
        var reader = await Api.ServiceAsync("acme-reader");
        await AccountIdAsync(reader);
        var group = await Records.AddGroupAsync(Api, """["access:view"]""", members: ["dda55613-dfdb-5732-9d2a-50f523a3fbec"]);

        Assert.True((await AskAsync(reader, Evaluation, Of("alice", "read", "record"))).GetProperty("decision").GetBoolean());
        // A token that was issued for books is not for this.
        var narrow = await Api.ServiceAsync("acme-reader", "books:read");
        var refused = await SendAsync(narrow, Evaluation, Of("alice", "read", "record"));
        Assert.Equal("access:read", (await AssertProblemAsync(refused, 403, "insufficient_scope")).GetProperty("missingScope").GetString());
        Assert.Contains("scope=\"access:read\"", Challenge(refused), StringComparison.Ordinal);
        await Records.DeleteGroupAsync(Api, group);
    }

    [Fact]
    public async Task The_asker_is_judged_by_their_own_token_and_anybody_else_by_what_was_recorded()
    {
        await AccountIdAsync(await Api.ServiceAsync("acme-writer"));
        var narrow = await Api.ServiceAsync("acme-writer", "books:read");

        var own = await AskAsync(narrow, Evaluation, Of(Writer, "delete", "book", "service"));
        Assert.Equal("insufficient_scope", Code(own));
        Assert.Equal("""["books:read"]""", own.GetProperty("context").GetProperty("heldScopes").GetRawText());
        Assert.Equal("""["insufficient_scope"]""", own.GetProperty("context").GetProperty("narrowedBy").GetRawText());
        Assert.Equal("""["books:write"]""", own.GetProperty("context").GetProperty("needs").GetProperty("anyScopes").GetRawText());

        var other = await AskAsync(Evaluation, Of(Writer, "delete", "book", "service"));
        Assert.Equal("allowed", Code(other));
        Assert.Equal("record", other.GetProperty("context").GetProperty("subject").GetProperty("roles").GetString());
        Assert.False(other.GetProperty("context").TryGetProperty("heldScopes", out _));
    }

    [Theory]
    [InlineData("[\"books:read\"]", "insufficient_scope")]
    [InlineData("\"openid books:read\"", "insufficient_scope")]
    [InlineData("[\"books:read books:write\"]", "allowed")]
    [InlineData("\"books:write\"", "allowed")]
    [InlineData("[]", "allowed")]
    [InlineData("[\"openid\"]", "allowed")]
    [InlineData("null", "allowed")]
    public async Task Scopes_in_the_context_suppose_a_token_and_narrow_like_one(string scopes, string expected)
    {
        await AccountIdAsync(await Api.ServiceAsync("acme-writer"));
        var body = Of(Writer, "delete", "book", "service")[..^1] + $$$""","context":{"scopes":{{{scopes}}}}}""";

        Assert.Equal(expected, Code(await AskAsync(Evaluation, body)));
        Assert.Equal(expected, Code(await AskAsync(await Api.ServiceAsync("acme-writer"), Evaluation, body)));
        var search = $$$"""
            {"subject":{"type":"service"},"action":{"name":"delete"},"resource":{"type":"book","id":"*"},
            "context":{"scopes":{{{scopes}}}}}
            """;
        Assert.Equal(expected == "allowed", Texts(await AskAsync(SubjectSearch, search), "id").Contains(Writer, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("[\"accounts:read\"]")]
    [InlineData("[\"books:read\",\"accounts:read\"]")]
    [InlineData("[]")]
    [InlineData("[\"openid\"]")]
    [InlineData("null")]
    public async Task Scopes_that_somebody_supposes_of_themselves_never_widen_what_their_token_is_for(string scopes)
    {
        var narrow = await Api.PersonAsync("ada", "openid books:read");
        var context = $$$""","context":{"scopes":{{{scopes}}}}}""";
        await using var group = await GroupUnderTest.CreateAsync(await Api.PersonAsync("ada"), ["account:view", "book:*"]);
        await group.WithAsync(await AccountIdAsync(narrow));

        foreach (var row in new[] { "*", (await AccountIdAsync(narrow)).ToString() })
        {
            Assert.Equal(
                "insufficient_scope", Code(await AskAsync(narrow, Evaluation, Of(Ada, "view", "account", row: row)[..^1] + context)));
        }

        Assert.Empty(Texts(await AskAsync(narrow, ResourceSearch, Of(Ada, "view", "account")[..^1] + context), "id"));
        var actions = Texts(
            await AskAsync(
                narrow,
                ActionSearch,
                $$$"""{"subject":{"type":"user","id":"{{{Ada}}}"},"resource":{"type":"account","id":"*"}""" + context),
            "name");
        Assert.DoesNotContain("view", actions);
        // What both are for is allowed, so that the refusals above are not those of everything.
        var books = $$$""","context":{"scopes":["books:read","books:write"]}}""";
        Assert.Equal("allowed", Code(await AskAsync(narrow, Evaluation, Of(Ada, "view", "book")[..^1] + books)));
        Assert.Equal("insufficient_scope", Code(await AskAsync(narrow, Evaluation, Of(Ada, "delete", "book")[..^1] + books)));
    }

    [Theory]
    [InlineData("1")]
    [InlineData("[1]")]
    [InlineData("{}")]
    public async Task Scopes_of_another_form_are_400_because_read_loosely_they_would_narrow_nothing(string scopes)
    {
        var problem = await AssertProblemAsync(
            await SendAsync(Evaluation, Of("alice", "read", "record")[..^1] + $$$""","context":{"scopes":{{{scopes}}}}}"""),
            400,
            "invalid_request");

        Assert.True(problem.GetProperty("errors").TryGetProperty("context.scopes", out _));
    }

    [Fact]
    public async Task Whoever_has_not_been_seen_and_what_does_not_exist_is_refused_and_no_error()
    {
        Assert.Equal("subject_unknown", Code(await AskAsync(Evaluation, Of("nobody", "read", "record"))));
        Assert.Equal("subject_unknown", Code(await AskAsync(Evaluation, Of("ali\\u0000ce", "read", "record"))));
        Assert.Equal("subject_unknown", Code(await AskAsync(Evaluation, Of("alice", "read", "record", "robot"))));
        Assert.Equal("subject_unknown", Code(await AskAsync(Evaluation, Of("alice", "read", "record", "service"))));
        Assert.Equal("permission_missing", Code(await AskAsync(Evaluation, Of(Ada, "fly", "record"))));
        Assert.Equal("permission_missing", Code(await AskAsync(Evaluation, Of(Ada, "*", "record"))));
        Assert.Equal("permission_missing", Code(await AskAsync(Evaluation, Of(Ada, "", ""))));
        var slip = await AskAsync(Evaluation, Of(Ada, "raed", "record"));
        Assert.Contains(
            "Did you mean record:read?", slip.GetProperty("context").GetProperty("notes")[0].GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_row_that_is_not_there_and_one_that_is_hidden_are_one_answer()
    {
        var hidden = await AskAsync(Evaluation, Of("alice", "read", "record", row: Records.Hidden));
        var missing = await AskAsync(Evaluation, Of("alice", "read", "record", row: "record-missing"));

        Assert.Equal("row_hidden", Code(hidden));
        Assert.Equal(hidden.GetRawText(), missing.GetRawText().Replace("record-missing", Records.Hidden, StringComparison.Ordinal));
        Assert.Equal("""["row_hidden"]""", hidden.GetProperty("context").GetProperty("narrowedBy").GetRawText());
        Assert.Equal("row_hidden", Code(await AskAsync(Evaluation, Of("alice", "read", "record", row: "a\\u0000b"))));
        Assert.True(await MayAsync(Ada, "read", Records.Hidden));
        // The model itself is shown to whoever may do anything with it.
        Assert.True(await MayAsync("alice", "read", "*"));
    }

    [Fact]
    public async Task What_is_to_be_added_is_not_there_yet_and_models_without_rows_have_only_themselves()
    {
        Assert.Equal("allowed", Code(await AskAsync(Evaluation, Of(Ada, "add", "group", row: "anything"))));
        Assert.Equal("row_hidden", Code(await AskAsync(Evaluation, Of(Ada, "view", "group", row: "anything"))));
        Assert.Equal(
            "*",
            Texts(
                await AskAsync(
                    ResourceSearch,
                    $$$"""{"subject":{"type":"user","id":"{{{Ada}}}"},"action":{"name":"add"},"resource":{"type":"group"}}"""),
                "id"));

        Assert.Equal("allowed", Code(await AskAsync(Evaluation, Of(Ada, "view", "admin"))));
        var row = await AskAsync(Evaluation, Of(Ada, "view", "admin", row: "17"));
        Assert.Equal("row_hidden", Code(row));
        Assert.Equal(
            "The model admin has no rows that could be asked about, only *.",
            row.GetProperty("context").GetProperty("notes")[0].GetString());
        Assert.Equal(
            "*",
            Texts(
                await AskAsync(
                    ResourceSearch,
                    $$$"""{"subject":{"type":"user","id":"{{{Ada}}}"},"action":{"name":"view"},"resource":{"type":"admin"}}"""),
                "id"));
    }

    [Theory]
    [InlineData("account", "accounts")]
    [InlineData("group", "groups")]
    [InlineData("role-mapping", "role-mappings")]
    public async Task Accounts_groups_and_mappings_are_rows_too(string model, string path)
    {
        var ada = await AskerAsync();
        var list = await ada.GetFromJsonAsync<JsonElement>($"/api/{path}", Cancel);
        var ids = (list.ValueKind == JsonValueKind.Array ? list : list.GetProperty("items"))
            .EnumerateArray()
            .Select(row => row.GetProperty("id").GetString()!)
            .Order(StringComparer.Ordinal)
            .ToArray();
        Assert.InRange(ids.Length, 2, 50);

        Assert.Equal("allowed", Code(await AskAsync(Evaluation, Of(Ada, "view", model, row: ids[0]))));
        Assert.Equal("row_hidden", Code(await AskAsync(Evaluation, Of(Ada, "view", model, row: Guid.NewGuid().ToString()))));
        Assert.Equal("row_hidden", Code(await AskAsync(Evaluation, Of(Ada, "view", model, row: "17"))));
        var found = new List<string>();
        for (var token = (string?)null; token is not "";)
        {
            var page = token is null ? """{"limit":2}""" : $$"""{"limit":2,"token":"{{token}}"}""";
            var answer = await AskAsync(ResourceSearch, $$$"""
                {"subject":{"type":"user","id":"{{{Ada}}}"},"action":{"name":"view"},
                "resource":{"type":"{{{model}}}"},"page":{{{page}}}}
                """);
            found.AddRange(Texts(answer, "id").Split(' '));
            token = answer.GetProperty("page").GetProperty("next_token").GetString();
        }

        Assert.Equal(ids, found);
    }

    [Fact]
    public async Task The_answer_says_every_grant_path_whatever_narrows_it_and_what_would_be_needed()
    {
        await AccountIdAsync(await Api.PersonAsync("linus"));
        var everybody = await Records.AddGroupAsync(Api, """["account:change"]""", isDefault: true);
        var denied = await Records.AddGroupAsync(Api, "[]", """["account:*"]""", members: [Linus]);
        try
        {
            var context = (await AskAsync(
                Evaluation, Of(Linus, "change", "account")[..^1] + ""","context":{"scopes":["books:read"]}}""")).GetProperty("context");

            Assert.Equal("permission_denied", context.GetProperty("code").GetString());
            var grants = context.GetProperty("grants").EnumerateArray().Select(grantPath => grantPath.GetProperty("origin").GetString());
            Assert.Equal(["keycloak-group", "default-group"], grants);
            Assert.Equal("direct-member", Assert.Single(context.GetProperty("denials").EnumerateArray()).GetProperty("origin").GetString());
            Assert.Equal("""["permission_denied","insufficient_scope"]""", context.GetProperty("narrowedBy").GetRawText());
            var needs = context.GetProperty("needs");
            Assert.Equal("""["accounts:write"]""", needs.GetProperty("anyScopes").GetRawText());
            Assert.Single(needs.GetProperty("leaveGroups").EnumerateArray());
            Assert.False(needs.TryGetProperty("anyGroup", out _));
        }
        finally
        {
            await Records.DeleteGroupAsync(Api, everybody);
            await Records.DeleteGroupAsync(Api, denied);
        }

        var missing = (await AskAsync(Evaluation, Of(Linus, "delete", "book"))).GetProperty("context").GetProperty("needs");
        var ways = missing.GetProperty("anyGroup")
            .EnumerateArray()
            .ToDictionary(way => way.GetProperty("group").GetString()!, way => way.GetProperty("roles").GetRawText());
        Assert.Equal("""["role book-editor of client acme-api"]""", ways["book-editors"]);
        Assert.Equal("""["realm role superuser"]""", ways["superusers"]);
    }

    [Fact]
    public async Task An_account_that_is_disabled_may_nothing_and_needs_enabling()
    {
        await Records.AddAccountAsync(Api, "olga", enabled: false);

        var context = (await AskAsync(Evaluation, Of("olga", "read", "record"))).GetProperty("context");

        Assert.Equal("account_disabled", context.GetProperty("code").GetString());
        Assert.True(context.GetProperty("needs").GetProperty("enableAccount").GetBoolean());
        Assert.NotEmpty(context.GetProperty("needs").GetProperty("anyGroup").EnumerateArray());
    }

    [Fact]
    public async Task Groups_that_somebody_is_not_in_are_named_to_those_alone_who_may_look_at_access()
    {
        var nora = await Api.PersonAsync("nora");
        await AccountIdAsync(nora);

        var own = await AskAsync(nora, Evaluation, Of(Nora, "delete", "book"));
        var other = await AskAsync(Evaluation, Of(Nora, "delete", "book"));

        Assert.False(own.GetProperty("context").GetProperty("needs").TryGetProperty("anyGroup", out _));
        Assert.DoesNotContain("superuser", own.GetRawText(), StringComparison.Ordinal);
        Assert.Contains(
            "access:view",
            own.GetProperty("context").GetProperty("needs").GetProperty("remedies")[0].GetString(),
            StringComparison.Ordinal);
        Assert.Contains(
            "superusers", other.GetProperty("context").GetProperty("needs").GetProperty("anyGroup").GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_account_whose_tokens_never_carried_roles_is_reported()
    {
        var nobody = await Api.ServiceAsync("acme-nobody");
        const string id = "380c678b-a125-5b6d-9aaf-855cde10b7a1";

        var own = await AskAsync(nobody, Evaluation, Of(id, "view", "book", "service"));
        var other = await AskAsync(Evaluation, Of(id, "view", "book", "service"));

        Assert.StartsWith(
            "The token carries no roles claim",
            own.GetProperty("context").GetProperty("notes")[0].GetString(),
            StringComparison.Ordinal);
        Assert.StartsWith(
            "No token of acme-nobody has carried a roles claim",
            other.GetProperty("context").GetProperty("notes")[0].GetString(),
            StringComparison.Ordinal);
        Assert.False((await AskAsync(Evaluation, Of(Ada, "view", "book"))).GetProperty("context").TryGetProperty("notes", out _));
    }

    [Fact]
    public async Task A_refused_call_links_to_its_explanation_for_whoever_may_look_at_access()
    {
        var nora = await Api.PersonAsync("nora");
        await AccountIdAsync(nora);
        Assert.False(
            (await AssertProblemAsync(await nora.GetAsync("/api/groups", Cancel), 403, "permission_missing"))
                .TryGetProperty("explanation", out _));
        var group = await Records.AddGroupAsync(Api, """["access:view"]""", members: [Nora]);

        var problem = await AssertProblemAsync(await nora.GetAsync("/api/groups", Cancel), 403, "permission_missing");
        var link = problem.GetProperty("explanation").GetString();
        Assert.Equal($"/api/access/explain?subject={Nora}&permission=group%3Aview", link);
        var explained = await nora.GetFromJsonAsync<JsonElement>(link, Cancel);
        Assert.Equal("permission_missing", Code(explained));
        Assert.Equal((await AskAsync(nora, Evaluation, Of(Nora, "view", "group"))).GetRawText(), explained.GetRawText());

        await Records.DeleteGroupAsync(Api, group);
    }

    [Fact]
    public async Task The_explanation_of_oneself_is_everybodys_and_that_of_others_needs_access_view()
    {
        var nora = await Api.PersonAsync("nora");

        Assert.Equal("allowed", Code(await nora.GetFromJsonAsync<JsonElement>("/api/access/explain?permission=book:view", Cancel)));
        Assert.Equal(
            "allowed", Code(await nora.GetFromJsonAsync<JsonElement>($"/api/access/explain?permission=book:view&subject={Nora}", Cancel)));
        await AssertProblemAsync(
            await nora.GetAsync("/api/access/explain?permission=record:read&subject=alice", Cancel), 403, "permission_missing");
        var ada = await AskerAsync();
        Assert.Equal(
            "row_hidden",
            Code(await ada.GetFromJsonAsync<JsonElement>(
                $"/api/access/explain?permission=record:read&subject=alice&row={Records.Hidden}", Cancel)));
        Assert.Equal(
            "subject_unknown",
            Code(await ada.GetFromJsonAsync<JsonElement>("/api/access/explain?permission=record:read&subject=nobody", Cancel)));
    }

    [Theory]
    [InlineData("permission=record:raed", "Did you mean record:read?")]
    [InlineData("permission=record:*", "does not exist")]
    [InlineData("permission=record", "not of the form")]
    [InlineData("permission=record:read&user=alice", "no query parameter user")]
    public async Task An_explanation_that_cannot_be_given_is_400_with_the_remedy(string query, string expected)
    {
        var response = await (await AskerAsync()).GetAsync($"/api/access/explain?{query}", Cancel);

        Assert.Contains(expected, (await AssertProblemAsync(response, 400)).GetProperty("errors").GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_example_in_the_documents_is_answered_as_it_says()
    {
        var section = Document.Access.Section("## Ask who may do what");
        var question = section.Split("-d '\n")[1].Split("'\n")[0];
        var expected = JsonNode.Parse(section.Split("```text\n")[1].Split("```")[0])!;

        var answer = JsonNode.Parse((await AskAsync(await Api.ServiceAsync("acme-reader"), Evaluation, question)).GetRawText())!;

        answer["context"]!["subject"]!["accountId"] = expected["context"]!["subject"]!["accountId"]!.DeepClone();
        Assert.Equal(expected.ToJsonString(), answer.ToJsonString());
    }

    private static string Code(JsonElement answer) => answer.GetProperty("context").GetProperty("code").GetString()!;

    private static string Of(string subject, string action, string model, string type = "user", string row = "*") =>
        $$$"""
        {"subject":{"type":"{{{type}}}","id":"{{{subject}}}"},"action":{"name":"{{{action}}}"},
        "resource":{"type":"{{{model}}}","id":"{{{row}}}"}}
        """;
}

public sealed class AskingOnEmbeddedRealmTests(RecordsOnEmbeddedRealm api) : AskingTests(api), IClassFixture<RecordsOnEmbeddedRealm>;

public sealed class AskingOnPostgreSqlTests(RecordsOnPostgreSql api) : AskingTests(api), IClassFixture<RecordsOnPostgreSql>;

public sealed class AskingOnKeycloakTests(RecordsOnKeycloak api) : AskingTests(api), IClassFixture<RecordsOnKeycloak>;
