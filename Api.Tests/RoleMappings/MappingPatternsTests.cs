using System.Net;
using System.Text.Json;
using Api.Tests.Infrastructure;

namespace Api.Tests.RoleMappings;

/// <summary>Mappings of many roles at once, what they would fit, and which roles tokens have shown.</summary>
public abstract class MappingPatternsTests(ApiUnderTest api) : ApiTests(api)
{
    [Fact]
    public async Task A_pattern_of_client_roles_leads_in_whoever_has_one_that_fits()
    {
        var ada = await Api.PersonAsync("ada");
        var reader = await Api.ServiceAsync("acme-reader");
        await using var group = await GroupUnderTest.CreateAsync(ada, ["account:view"]);
        await AssertProblemAsync(await reader.GetAsync("/api/accounts", Cancel), 403, "permission_missing");

        // Of another client, of another kind, of another case, and shorter: four that do not fit.
        await group.WithRoleAsync("client-role", "book-*", "acme-spa");
        await group.WithRoleAsync("realm-role", "book-*");
        await group.WithRoleAsync("client-role", "Book-*", "acme-api");
        await group.WithRoleAsync("client-role", "*-read", "acme-api");
        await AssertProblemAsync(await reader.GetAsync("/api/accounts", Cancel), 403, "permission_missing");

        await group.WithRoleAsync("client-role", "book-*", "acme-api");
        Assert.Equal(HttpStatusCode.OK, (await reader.GetAsync("/api/accounts", Cancel)).StatusCode);
        Assert.Equal(["role book-reader of client acme-api (as book-*)"], await BecauseAsync(reader, group));

        await group.WithRoleAsync("client-role", "*-reader", "acme-api");
        Assert.Equal(
            ["role book-reader of client acme-api (as *-reader)", "role book-reader of client acme-api (as book-*)"],
            await BecauseAsync(reader, group));
        await AssertProblemAsync(
            await (await Api.ServiceAsync("acme-nobody")).GetAsync("/api/accounts", Cancel), 403, "permission_missing");
    }

    [Theory]
    [InlineData("/operations/*", true)]
    [InlineData("/operations/leads", true)]
    [InlineData("/*/leads", true)]
    [InlineData("/operations/leads/*", false)]
    [InlineData("/operations", false)]
    [InlineData("/operation/*", false)]
    [InlineData("/Operations/*", false)]
    public async Task A_pattern_of_Keycloak_groups_is_what_lies_under_a_path_and_not_the_group_itself(string path, bool isIn)
    {
        // Linus is in /operations/leads.
        var ada = await Api.PersonAsync("ada");
        var linus = await Api.PersonAsync("linus");
        await using var group = await GroupUnderTest.CreateAsync(ada, ["book:delete"]);

        await group.WithRoleAsync("keycloak-group", path);

        var call = await linus.DeleteAsync($"/api/books/{Guid.Empty}", Cancel);
        Assert.Equal(isIn ? HttpStatusCode.PreconditionRequired : HttpStatusCode.Forbidden, call.StatusCode);
        Assert.Equal(isIn ? 1 : 0, (await BecauseAsync(linus, group)).Length);
    }

    [Fact]
    public async Task The_preview_says_what_a_pattern_fits_of_all_that_tokens_have_shown()
    {
        var ada = await Api.PersonAsync("ada");
        foreach (var service in new[] { "acme-reader", "acme-writer" })
        {
            await (await Api.ServiceAsync(service)).GetAsync("/api/me", Cancel);
        }

        // Ada herself has every role of the client, her role superuser being composed of them.
        await ada.GetAsync("/api/me", Cancel);
        var preview = await PreviewAsync(ada, "kind=client-role&client=acme-api&name=book-*");
        Assert.Equal("book-editor in book-editors, book-reader in book-readers", Told(preview));
        var counts = preview.GetProperty("roles").EnumerateArray().Select(role => role.GetProperty("accounts").GetInt64()).ToArray();
        Assert.InRange(counts[0], 2, 10);
        Assert.InRange(counts[1], 3, 10);
        Assert.Equal(counts.Sum(), preview.GetProperty("accounts").GetInt64());

        Assert.Equal("book-reader in book-readers", Told(await PreviewAsync(ada, "kind=client-role&client=acme-api&name=*-reader")));
        Assert.Equal("book-reader in book-readers", Told(await PreviewAsync(ada, "kind=client-role&client=acme-api&name=book-reader")));
        Assert.Equal("", Told(await PreviewAsync(ada, "kind=client-role&client=acme-spa&name=book-*")));
        Assert.Equal("", Told(await PreviewAsync(ada, "kind=realm-role&name=book-*")));
        Assert.Equal("superuser in superusers", Told(await PreviewAsync(ada, "kind=realm-role&name=super*")));
        var nothing = await PreviewAsync(ada, "kind=realm-role&name=nobody-has-this-*");
        Assert.Equal("""{"roles":[],"accounts":0,"moreRoles":0}""", nothing.GetRawText());
    }

    [Fact]
    public async Task The_roles_that_tokens_have_shown_are_listed_with_the_groups_that_they_lead_to_now()
    {
        var ada = await Api.PersonAsync("ada");
        await (await Api.PersonAsync("linus")).GetAsync("/api/me", Cancel);
        await using var group = await GroupUnderTest.CreateAsync(ada, ["book:view"]);
        await group.WithRoleAsync("keycloak-group", "/operations/*");

        var seen = await ListAsync(ada, "/api/role-mappings/observed-roles");

        var leads = Assert.Single(seen, role => role.GetProperty("name").GetString() == "/operations/leads");
        Assert.Equal("keycloak-group", leads.GetProperty("kind").GetString());
        Assert.Equal(JsonValueKind.Null, leads.GetProperty("client").ValueKind);
        Assert.Equal(1, leads.GetProperty("accounts").GetInt64());
        Assert.Equal(["account-managers", group.Name], leads.GetProperty("groups").EnumerateArray().Select(name => name.GetString()));
        var reader = Assert.Single(seen, role => role.GetProperty("name").GetString() == "book-reader");
        Assert.Equal("acme-api", reader.GetProperty("client").GetString());
        Assert.Contains(
            seen, role => role.GetProperty("kind").GetString() == "realm-role" && role.GetProperty("name").GetString() == "staff");
        Assert.Equal(seen.Select(Order).Order(StringComparer.Ordinal), seen.Select(Order));

        static string Order(JsonElement role) => $"{role.GetProperty("kind")}\n{role.GetProperty("client")}\n{role.GetProperty("name")}";
    }

    [Theory]
    [InlineData("realm-role", "", "*", "name", "or make the group a default group")]
    [InlineData("realm-role", "", "**", "name", "Let it follow some letters, as in book-*")]
    [InlineData("client-role", "acme-api", "*", "name", "or make the group a default group")]
    [InlineData("keycloak-group", "", "*", "name", "or make the group a default group")]
    [InlineData("keycloak-group", "", "*/leads", "name", "full path")]
    [InlineData("client-role", "*", "book-reader", "client", "named in full")]
    [InlineData("client-role", "acme-*", "book-*", "client", "named in full")]
    [InlineData("client-role", "", "book-*", "client", "needs the client id")]
    [InlineData("realm-role", "acme-api", "book-*", "client", "Only a client role")]
    [InlineData("role", "", "book-*", "kind", "kind must be")]
    [InlineData("realm-role", "", " book-*", "name", "space around")]
    public async Task A_pattern_that_means_too_much_is_refused_with_the_remedy_and_so_is_its_preview(
        string kind, string client, string name, string field, string remedy)
    {
        var ada = await Api.PersonAsync("ada");

        var created = await ada.PostAsync(
            "/api/role-mappings", JsonBody(JsonSerializer.Serialize(new { kind, client, name, groupId = Guid.Empty })), Cancel);
        var previewed = await ada.GetAsync(
            $"/api/role-mappings/preview?kind={kind}&client={Uri.EscapeDataString(client)}&name={Uri.EscapeDataString(name)}", Cancel);

        foreach (var problem in new[] { await AssertProblemAsync(created, 400), await AssertProblemAsync(previewed, 400) })
        {
            Assert.Contains(remedy, problem.GetProperty("errors").GetProperty(field)[0].GetString(), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("?kind=realm-role")]
    [InlineData("?name=staff")]
    [InlineData("?kind=realm-role&name=")]
    [InlineData("?kind=realm-role&name=staff&group=x")]
    [InlineData("?kind=realm-role&name=a%00b")]
    public async Task A_preview_of_half_a_mapping_is_refused(string query) =>
        await AssertProblemAsync(await (await Api.PersonAsync("ada")).GetAsync("/api/role-mappings/preview" + query, Cancel), 400);

    private static async Task<string?[]> BecauseAsync(HttpClient client, GroupUnderTest group) =>
        [.. (await JsonAsync(await client.GetAsync("/api/me", Cancel))).GetProperty("groups").EnumerateArray()
            .Where(one => one.GetProperty("name").GetString() == group.Name)
            .SelectMany(one => one.GetProperty("because").EnumerateArray())
            .Select(because => because.GetString())];

    private static async Task<JsonElement> PreviewAsync(HttpClient client, string query)
    {
        var response = await client.GetAsync($"/api/role-mappings/preview?{query}", Cancel);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return await JsonAsync(response);
    }

    private static string Told(JsonElement preview) => string.Join(", ", preview.GetProperty("roles").EnumerateArray()
        .Select(role => $"{role.GetProperty("name")} in {string.Join(" and ", role.GetProperty("groups").EnumerateArray())}"));
}

public sealed class MappingPatternsOnEmbeddedRealmTests(
    ApiOnEmbeddedRealm api) : MappingPatternsTests(api), IClassFixture<ApiOnEmbeddedRealm>;

public sealed class MappingPatternsOnPostgreSqlTests(ApiOnPostgreSql api) : MappingPatternsTests(api), IClassFixture<ApiOnPostgreSql>;

public sealed class MappingPatternsOnKeycloakTests(ApiOnKeycloak api) : MappingPatternsTests(api), IClassFixture<ApiOnKeycloak>;
