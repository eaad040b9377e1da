using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using AngleSharp.Html.Dom;
using Api.Tests.Infrastructure;
using Dapper;
using KeycloakAccess.Data;
using Microsoft.Extensions.DependencyInjection;

namespace Api.Tests.Admin;

/// <summary>Staff map roles of Keycloak to groups on pages, and see beforehand whom that concerns.</summary>
public abstract class RoleMappingPagesTests(ApiUnderTest api) : ApiTests(api)
{
    private const string NewForm = "form[action='/admin/role-mappings/new']";

    [Fact]
    public async Task A_preview_names_the_roles_and_the_accounts_that_a_mapping_would_concern_and_changes_nothing()
    {
        var ada = await Api.PersonAsync("ada");
        await AccountIdAsync(await Api.PersonAsync("grace"));
        await using var group = await GroupUnderTest.CreateAsync(ada, ["account:view"], ["book:delete"]);
        var browser = await Api.SignInAsync("ada");

        var page = await PreviewAsync(
            browser,
            await OpenAsync(browser, "/admin/role-mappings/new"),
            "/admin/role-mappings/preview",
            ("kind", "realm-role"),
            ("name", "sta*"),
            ("group", group.Name));

        Assert.Equal(HttpStatusCode.OK, page.Status);
        var preview = page.Page.QuerySelector("#preview")!;
        Assert.Contains("realm role staff", preview.TextContent, StringComparison.Ordinal);
        var row = preview.QuerySelectorAll("tbody tr").Single(row => row.QuerySelector("a")!.TextContent == "grace");
        Assert.Contains($"comes into {group.Name}", row.TextContent, StringComparison.Ordinal);
        Assert.Equal(["+ account:view", "− book:delete"], row.QuerySelectorAll("code").Select(code => code.TextContent));
        // The form is as it was, and nothing is mapped.
        Assert.Equal("sta*", Input(page, "name").Value);
        Assert.DoesNotContain(await MappingsAsync(ada), mapping => mapping.GetProperty("groupId").GetGuid() == group.Id);
    }

    [Fact]
    public async Task A_preview_says_what_is_still_missing_and_which_name_was_probably_meant()
    {
        var ada = await Api.PersonAsync("ada");
        await AccountIdAsync(await Api.PersonAsync("grace"));
        await using var group = await GroupUnderTest.CreateAsync(ada, ["account:view"]);
        var browser = await Api.SignInAsync("ada");
        var form = await OpenAsync(browser, "/admin/role-mappings/new");

        var page = await PreviewAsync(browser, form, "/admin/role-mappings/preview", ("name", "staff"));
        Assert.Contains("Name the local group", page.Page.QuerySelector("#preview")!.TextContent, StringComparison.Ordinal);

        page = await PreviewAsync(browser, form, "/admin/role-mappings/preview", ("name", "stuff"), ("group", group.Name));
        Assert.Contains("Did you mean staff?", page.Page.QuerySelector("#preview")!.TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_role_is_mapped_changed_and_deleted_and_the_log_says_why()
    {
        var ada = await Api.PersonAsync("ada");
        var grace = await Api.PersonAsync("grace");
        await AccountIdAsync(grace);
        await using var group = await GroupUnderTest.CreateAsync(ada, ["account:view"]);
        var browser = await Api.SignInAsync("ada");

        var page = await browser.SubmitAsync(
            await OpenAsync(browser, "/admin/role-mappings/new"),
            NewForm,
            ("kind", "realm-role"),
            ("client", "left over"),
            ("name", "staff"),
            ("group", group.Name),
            ("reason", "They look after accounts"));
        Assert.Contains($"realm role staff leads to {group.Name}", page.Text, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await grace.GetAsync("/api/accounts", Cancel)).StatusCode);
        var id = page.Url.Segments[^1];
        Assert.Equal("They look after accounts", (await LogAsync(ada, id))[0].GetProperty("reason").GetString());
        Assert.Contains(page.Page.QuerySelectorAll("#preview tbody a"), link => link.TextContent == "grace");

        page = await browser.SubmitAsync(
            await OpenAsync(browser, $"/admin/role-mappings/{id}/replace"),
            $"form[action='/admin/role-mappings/{id}/replace']",
            ("kind", "keycloak-group"),
            ("name", "/operations/*"),
            ("reason", "Only operations"));
        Assert.Equal(id, page.Url.Segments[^1]);
        Assert.Equal("change", (await LogAsync(ada, id))[0].GetProperty("action").GetString());
        Assert.Equal("Only operations", (await LogAsync(ada, id))[0].GetProperty("reason").GetString());
        await AssertProblemAsync(await grace.GetAsync("/api/accounts", Cancel), 403, "permission_missing");

        page = await browser.SubmitAsync(
            await OpenAsync(browser, $"/admin/role-mappings/{id}/delete"),
            $"form[action='/admin/role-mappings/{id}/delete']",
            ("reason", "Gone"));
        Assert.Equal("/admin/role-mappings", page.Url.AbsolutePath);
        Assert.Equal("Gone", (await LogAsync(ada, id))[0].GetProperty("reason").GetString());
        Assert.Equal(HttpStatusCode.NotFound, (await OpenAsync(browser, $"/admin/role-mappings/{id}")).Status);
    }

    [Fact]
    public async Task Who_loses_what_is_said_before_a_mapping_is_deleted()
    {
        var ada = await Api.PersonAsync("ada");
        await AccountIdAsync(await Api.PersonAsync("grace"));
        await using var group = await GroupUnderTest.CreateAsync(ada, ["account:view"]);
        await group.WithRoleAsync("realm-role", "staff");
        var id = (await MappingsAsync(ada))
            .Single(mapping => mapping.GetProperty("groupId").GetGuid() == group.Id)
            .GetProperty("id")
            .GetString();
        var browser = await Api.SignInAsync("ada");

        var page = await OpenAsync(browser, $"/admin/role-mappings/{id}/delete");

        var row = page.Page.QuerySelectorAll("#preview tbody tr").Single(row => row.QuerySelector("a")!.TextContent == "grace");
        Assert.Contains($"leaves {group.Name}", row.TextContent, StringComparison.Ordinal);
        Assert.Equal("− account:view", row.QuerySelector("code")!.TextContent);
    }

    [Fact]
    public async Task A_preview_of_a_pattern_that_fits_very_many_names_the_first_of_them()
    {
        var ada = await Api.PersonAsync("ada");
        var mark = $"many-{Guid.NewGuid():N}"[..12];
        await HoldAsync(mark, roles: 120);
        await using var group = await GroupUnderTest.CreateAsync(ada, ["book:view"]);
        var browser = await Api.SignInAsync("ada");
        var form = await OpenAsync(browser, "/admin/role-mappings/new");

        var page = await PreviewAsync(browser, form, "/admin/role-mappings/preview", ("name", $"{mark}*"), ("group", group.Name));
        var preview = page.Page.QuerySelector("#preview")!;
        Assert.Contains("It fits 120 roles", preview.TextContent, StringComparison.Ordinal);
        Assert.Contains("and 100 more", preview.TextContent, StringComparison.Ordinal);
        Assert.Equal(20, preview.QuerySelectorAll("tbody tr").Length);
        Assert.Contains("These are the first 20 of 120.", preview.TextContent, StringComparison.Ordinal);

        // Whoever has several of the roles is named once.
        page = await PreviewAsync(browser, form, "/admin/role-mappings/preview", ("name", $"{mark}-00*"), ("group", group.Name));
        var names = page.Page.QuerySelectorAll("#preview tbody a").Select(link => link.TextContent).ToArray();
        Assert.Equal(names.Distinct(StringComparer.Ordinal), names);
        Assert.Equal(11, names.Length);
        Assert.Contains("These are all.", page.Page.QuerySelector("#preview")!.TextContent, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("keycloak-group", "", "operations", "staff", "name", "full path")]
    [InlineData("client-role", "", "book-editor", "staff", "client", "needs the client id")]
    [InlineData("realm-role", "", "*", "staff", "name", "everybody who has any role")]
    [InlineData("realm-role", "", "staff", "no-such-group", "group", "There is no group no-such-group")]
    [InlineData("realm-role", "", "", "staff", "name", "required")]
    public async Task A_mistake_stands_beside_its_field(string kind, string client, string name, string group, string field, string says)
    {
        var browser = await Api.SignInAsync("ada");

        var page = await browser.SubmitAsync(
            await OpenAsync(browser, "/admin/role-mappings/new"),
            NewForm,
            ("kind", kind),
            ("client", client),
            ("name", name),
            ("group", group));

        Assert.Equal(HttpStatusCode.UnprocessableEntity, page.Status);
        Assert.Contains(says, page.Page.QuerySelector($"#field-{field}-mistake")!.TextContent, StringComparison.Ordinal);
        Assert.Equal(group, Input(page, "group").Value);
    }

    [Fact]
    public async Task What_is_mapped_already_is_said()
    {
        var browser = await Api.SignInAsync("ada");

        var page = await browser.SubmitAsync(
            await OpenAsync(browser, "/admin/role-mappings/new"), NewForm, ("kind", "realm-role"), ("name", "staff"), ("group", "staff"));

        Assert.Equal(HttpStatusCode.Conflict, page.Status);
        Assert.Contains("mapped to that group already", page.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_maps_to_a_group_that_holds_more_than_they_do()
    {
        var ada = await Api.PersonAsync("ada");
        var browser = await Api.SignInAsync("linus");

        var page = await browser.SubmitAsync(
            await OpenAsync(browser, "/admin/role-mappings/new"),
            NewForm,
            ("kind", "realm-role"),
            ("name", "staff"),
            ("group", "superusers"));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, page.Status);
        Assert.Contains("You lack *:*", page.Page.QuerySelector("#field-group-mistake")!.TextContent, StringComparison.Ordinal);

        // Nor do they take such a mapping away, or turn it into another.
        var id = (await MappingsAsync(ada))
            .Single(mapping => mapping.GetProperty("groupName").GetString() == "superusers")
            .GetProperty("id")
            .GetString();
        page = await OpenAsync(browser, $"/admin/role-mappings/{id}");
        Assert.Empty(page.Page.QuerySelectorAll("main .actions a"));
        page = await browser.SubmitAsync(
            await OpenAsync(browser, $"/admin/role-mappings/{id}/delete"), $"form[action='/admin/role-mappings/{id}/delete']");
        Assert.Equal(HttpStatusCode.UnprocessableEntity, page.Status);
        page = await browser.SubmitAsync(
            await OpenAsync(browser, $"/admin/role-mappings/{id}/replace"),
            $"form[action='/admin/role-mappings/{id}/replace']",
            ("group", "staff"));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, page.Status);
        Assert.Contains(await MappingsAsync(ada), mapping => mapping.GetProperty("id").GetString() == id);
    }

    [Fact]
    public async Task A_mapping_that_somebody_else_has_changed_meanwhile_is_shown_before_it_is_overwritten()
    {
        var ada = await Api.PersonAsync("ada");
        await using var group = await GroupUnderTest.CreateAsync(ada, ["account:view"]);
        await group.WithRoleAsync("realm-role", "first");
        var id = (await MappingsAsync(ada))
            .Single(mapping => mapping.GetProperty("groupId").GetGuid() == group.Id)
            .GetProperty("id").GetString();
        var (one, other) = (await Api.SignInAsync("ada"), await Api.SignInAsync("ada"));
        var replace = $"form[action='/admin/role-mappings/{id}/replace']";
        var form = await OpenAsync(one, $"/admin/role-mappings/{id}/replace");
        await other.SubmitAsync(await OpenAsync(other, $"/admin/role-mappings/{id}/replace"), replace, ("name", "second"));

        var page = await one.SubmitAsync(form, replace, ("name", "third"));

        Assert.Equal(HttpStatusCode.Conflict, page.Status);
        Assert.Contains("realm role second leads to", page.Page.QuerySelector("[role=alert]")!.TextContent, StringComparison.Ordinal);
        Assert.Equal("third", Input(page, "name").Value);
        page = await one.SubmitAsync(page, replace);
        Assert.Contains($"realm role third leads to {group.Name}", page.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_typed_for_a_mapping_that_is_gone_meanwhile_makes_a_new_one()
    {
        var ada = await Api.PersonAsync("ada");
        await using var group = await GroupUnderTest.CreateAsync(ada, ["account:view"]);
        await group.WithRoleAsync("realm-role", "gone-soon");
        var id = (await MappingsAsync(ada))
            .Single(mapping => mapping.GetProperty("groupId").GetGuid() == group.Id)
            .GetProperty("id")
            .GetString();
        var browser = await Api.SignInAsync("ada");
        var form = await OpenAsync(browser, $"/admin/role-mappings/{id}/replace");
        Assert.Equal(HttpStatusCode.NoContent, (await ada.DeleteAsync($"/api/role-mappings/{id}", Cancel)).StatusCode);

        var preview = await PreviewAsync(
            browser, form, $"/admin/role-mappings/{id}/replace/preview", ("name", "typed-with-care"), ("group", group.Name));
        Assert.Equal(HttpStatusCode.NotFound, preview.Status);
        Assert.Equal("typed-with-care", Input(preview, "name").Value);

        var page = await browser.SubmitAsync(
            form, $"form[action='/admin/role-mappings/{id}/replace']", ("name", "typed-with-care"), ("reason", "For the summer"));
        Assert.Equal(HttpStatusCode.NotFound, page.Status);
        Assert.Contains(
            "Somebody has deleted this mapping", page.Page.QuerySelector("[role=alert]")!.TextContent, StringComparison.Ordinal);
        page = await browser.SubmitAsync(page, NewForm);
        Assert.Contains($"realm role typed-with-care leads to {group.Name}", page.Text, StringComparison.Ordinal);
        Assert.Equal("For the summer", (await LogAsync(ada, page.Url.Segments[^1]))[0].GetProperty("reason").GetString());
        Assert.Equal(HttpStatusCode.NotFound, (await OpenAsync(browser, $"/admin/role-mappings/{id}/replace")).Status);
    }

    [Fact]
    public async Task What_was_typed_is_kept_where_the_session_and_the_mapping_are_both_gone()
    {
        var ada = await Api.PersonAsync("ada");
        await using var group = await GroupUnderTest.CreateAsync(ada, ["account:view"]);
        await group.WithRoleAsync("realm-role", "gone-with-it");
        var id = (await MappingsAsync(ada))
            .Single(mapping => mapping.GetProperty("groupId").GetGuid() == group.Id)
            .GetProperty("id")
            .GetString();
        var browser = await Api.SignInAsync("linus");
        var form = await OpenAsync(browser, $"/admin/role-mappings/{id}/replace");
        var other = await Api.SignInAsync("linus");
        await other.SubmitAsync(await OpenAsync(other, "/account"), "form[action='/account/sign-out-everywhere']");
        var page = await browser.SubmitAsync(form, $"form[action='/admin/role-mappings/{id}/replace']", ("name", "typed-with-care"));
        Assert.Equal(HttpStatusCode.Unauthorized, page.Status);
        Assert.Equal(HttpStatusCode.NoContent, (await ada.DeleteAsync($"/api/role-mappings/{id}", Cancel)).StatusCode);

        page = await browser.SubmitLoginAsync(
            await OpenAsync(browser, page.Page.QuerySelector("main a.button")!.GetAttribute("href")!), "linus", "linus");

        Assert.NotNull(page.Page.QuerySelector(NewForm));
        Assert.Equal("typed-with-care", Input(page, "name").Value);
    }

    [Fact]
    public async Task A_role_that_tokens_carry_and_nothing_maps_is_listed_with_the_way_to_map_it()
    {
        // Among the first of the list.
        var role = $"a-{Guid.NewGuid():N}";
        await ProvisionAsync(role);
        await ProvisionAsync("offline_access");
        var browser = await Api.SignInAsync("ada");

        var page = await OpenAsync(browser, "/admin/role-mappings/unmapped");
        var row = page.Page.QuerySelectorAll("tbody tr").Single(row => row.TextContent.Contains(role, StringComparison.Ordinal));
        Assert.DoesNotContain("offline_access", page.Text, StringComparison.Ordinal);

        page = await OpenAsync(browser, row.QuerySelector("a")!.GetAttribute("href")!);
        Assert.Equal(role, Input(page, "name").Value);
        await browser.SubmitAsync(page, NewForm, ("group", "staff"));
        page = await OpenAsync(browser, "/admin/role-mappings/unmapped");
        Assert.DoesNotContain(role, page.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Mappings_are_filtered_and_listed_a_page_at_a_time()
    {
        var ada = await Api.PersonAsync("ada");
        await AccountIdAsync(await Api.PersonAsync("grace"));
        await using var group = await GroupUnderTest.CreateAsync(ada, ["book:view"]);
        for (var index = 0; index < 51; index++)
        {
            await group.WithRoleAsync("client-role", $"r-{index:00}", "some-client");
        }

        await group.WithRoleAsync("realm-role", "staff");
        var browser = await Api.SignInAsync("ada");

        var page = await OpenAsync(browser, $"/admin/role-mappings?group={group.Name}");
        // Realm roles come first.
        Assert.Equal(["staff", .. Enumerable.Range(0, 49).Select(index => $"some-client / r-{index:00}")], Roles());
        page = await OpenAsync(browser, page.Page.QuerySelector("a[rel=next]")!.GetAttribute("href")!);
        Assert.Equal(["some-client / r-49", "some-client / r-50"], Roles());
        Assert.Null(page.Page.QuerySelector("a[rel=next]"));

        page = await OpenAsync(browser, $"/admin/role-mappings?group={group.Name}&matches=some");
        Assert.Equal(["staff"], Roles());
        page = await OpenAsync(browser, $"/admin/role-mappings?group={group.Name}&matches=none&search=R-17");
        Assert.Equal(["some-client / r-17"], Roles());
        page = await OpenAsync(browser, $"/admin/role-mappings?group={group.Name}&kind=keycloak-group");
        Assert.Contains("No mapping matches", page.Page.QuerySelector(".empty")!.TextContent, StringComparison.Ordinal);
        page = await OpenAsync(browser, "/admin/role-mappings?group=no-such-group");
        Assert.Contains("There is no group no-such-group", page.Text, StringComparison.Ordinal);

        string[] Roles() => [.. page.Page.QuerySelectorAll("tbody th").Select(cell => cell.TextContent.Trim())];
    }

    [Fact]
    public async Task Names_are_suggested_from_what_tokens_have_shown()
    {
        await AccountIdAsync(await Api.PersonAsync("grace"));
        var browser = await Api.SignInAsync("ada");

        var answer = await OpenAsync(browser, "/admin/role-mappings/names?kind=client-role&client=acme-api&name=EDIT");

        Assert.Equal(["book-editor"], answer.Page.QuerySelectorAll("option").Select(option => option.GetAttribute("value")));
    }

    [Fact]
    public async Task A_form_that_outlived_its_session_comes_back_after_the_sign_in()
    {
        var browser = await Api.SignInAsync("linus");
        var form = await OpenAsync(browser, "/admin/role-mappings/new");
        var other = await Api.SignInAsync("linus");
        await other.SubmitAsync(await OpenAsync(other, "/account"), "form[action='/account/sign-out-everywhere']");

        var page = await browser.SubmitAsync(form, NewForm, ("kind", "keycloak-group"), ("name", "/kept"), ("group", "staff"));

        Assert.Equal(HttpStatusCode.Unauthorized, page.Status);
        page = await browser.SubmitLoginAsync(
            await OpenAsync(browser, page.Page.QuerySelector("main a.button")!.GetAttribute("href")!), "linus", "linus");
        Assert.Equal("/admin/role-mappings/new", page.Url.AbsolutePath);
        Assert.Equal("/kept", Input(page, "name").Value);
        Assert.Equal("keycloak-group", ((IHtmlInputElement)page.Page.QuerySelector("[name=kind][checked]")!).Value);
    }

    private Task<RealmAnswer> OpenAsync(RealmBrowser browser, string path) => browser.GetAsync(new Uri(Api.BaseAddress, path).AbsoluteUri);

    // The button that sends the form to be looked at only.
    private Task<RealmAnswer> PreviewAsync(RealmBrowser browser, RealmAnswer page, string path, params (string Name, string Value)[] fields)
    {
        Assert.NotNull(page.Page.QuerySelector($"button[formaction='{path}']"));
        var token = page.Page.QuerySelector("main [name=__RequestVerificationToken]")!.GetAttribute("value")!;
        return browser.PostAsync(
            new Uri(Api.BaseAddress, path).AbsoluteUri,
            new Dictionary<string, string>(fields.Select(field =>
                KeyValuePair.Create(field.Name, field.Value)))
            { ["__RequestVerificationToken"] = token }
                .Concat(fields.Any(field => field.Name == "kind") ? [] : [KeyValuePair.Create("kind", "realm-role")]));
    }

    private async Task ProvisionAsync(string role)
    {
        const string sql = """
            INSERT INTO observed_roles (kind, client, name, first_observed_at) VALUES ('realm-role', '', @role, @now)
            ON CONFLICT DO NOTHING
            """;
        await using var connection = await Api.Services.GetRequiredService<Database>().OpenToWriteAsync(Cancel);
        await connection.ExecuteAsync(sql, new { role, now = DateTimeOffset.UtcNow });
    }

    // Each role has a holder, who has the role before it as well.
    private async Task HoldAsync(string mark, int roles)
    {
        const string sql = """
            INSERT INTO accounts (id, issuer, subject, kind, username, enabled, created_at, last_seen_at)
            VALUES (@id, @issuer, @name, 'person', @name, @enabled, @now, @now)
            """;
        var now = DateTimeOffset.UtcNow;
        await using var connection = await Api.Services.GetRequiredService<Database>().OpenToWriteAsync(Cancel);
        await using var transaction = await Database.BeginWriteAsync(connection, Cancel);
        for (var role = 0; role < roles; role++)
        {
            var values = new
            {
                id = Guid.CreateVersion7(),
                issuer = Api.Realm.Issuer,
                name = $"{mark}-{role:000}",
                before = $"{mark}-{role - 1:000}",
                enabled = true,
                now,
            };
            await connection.ExecuteAsync(
                "INSERT INTO observed_roles (kind, client, name, first_observed_at) VALUES ('realm-role', '', @name, @now)",
                values,
                transaction);
            await connection.ExecuteAsync(sql, values, transaction);
            await connection.ExecuteAsync(
                "INSERT INTO account_roles (account_id, role_id) SELECT @id, r.id FROM observed_roles r WHERE r.name = @name OR "
                    + "r.name = @before",
                values,
                transaction);
        }

        await transaction.CommitAsync(Cancel);
    }

    private static IHtmlInputElement Input(RealmAnswer page, string name) =>
        (IHtmlInputElement)page.Page.QuerySelector($"main [name='{name}']")!;

    private static Task<JsonElement[]> MappingsAsync(HttpClient client) => ListAsync(client, "/api/role-mappings");

    private static async Task<JsonElement[]> LogAsync(HttpClient client, string row) =>
        [.. (await client.GetFromJsonAsync<JsonElement>($"/api/audit?model=role-mapping&row={row}", Cancel))
            .GetProperty("items").EnumerateArray()];
}

public sealed class RoleMappingPagesOnEmbeddedRealmTests(
    ApiOnEmbeddedRealm api) : RoleMappingPagesTests(api), IClassFixture<ApiOnEmbeddedRealm>;
