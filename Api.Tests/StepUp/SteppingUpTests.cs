using System.Net;
using System.Net.Http.Json;
using AngleSharp.Html.Dom;
using Api.Tests.Infrastructure;
using Dapper;
using KeycloakAccess.Data;
using KeycloakAccess.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Api.Tests.StepUp;

/// <summary>
/// Handing out everything and deleting an account at a realm that has levels, and at one that has none: where the settings ask for it.
/// </summary>
public abstract class SteppingUpTests(ApiUnderTest api) : ApiTests(api)
{
    // Of the client in features-realm.json.
    private const string Site = "https://client.example.test";
    private const string NewGroup = "form[action='/admin/groups/new']";
    private const string Password = "form#kc-form-login";

    [Fact]
    public async Task Whoever_hands_out_everything_signs_in_at_the_level_and_finds_the_form_as_it_was()
    {
        await using var levels = await WithLevelsAsync();
        using var browser = await SignInAsync(levels);
        var name = $"all-{Guid.NewGuid():N}"[..20];
        var form = await browser.GetAsync($"{Site}/admin/groups/new");

        var asked = await browser.SubmitAsync(
            form, NewGroup, ("name", name), ("description", "Typed with care"), ("permission.*:*", "granted"), ("reason", "Because"));

        Assert.StartsWith(Api.Realm.Features.Issuer, asked.Url.AbsoluteUri, StringComparison.Ordinal);
        Assert.Null(asked.Page.QuerySelector("input[name=username]"));
        Assert.False(await IsThereAsync(name));

        var back = await browser.SubmitAsync(asked, Password, ("password", "ada"));
        Assert.Equal("/admin/groups/new", back.Url.AbsolutePath);
        Assert.Contains("You have signed in again.", back.Text, StringComparison.Ordinal);
        Assert.Equal("Typed with care", ((IHtmlInputElement)back.Page.QuerySelector("[name=description]")!).Value);
        Assert.Equal("Because", ((IHtmlInputElement)back.Page.QuerySelector("[name=reason]")!).Value);
        Assert.False(await IsThereAsync(name));

        var done = await browser.SubmitAsync(back, NewGroup, ("permission.*:*", "granted"));
        Assert.Contains($"The group {name} is added.", done.Text, StringComparison.Ordinal);
        Assert.True(await IsThereAsync(name));
    }

    [Fact]
    public async Task Other_groups_are_made_without_another_sign_in()
    {
        await using var levels = await WithLevelsAsync();
        using var browser = await SignInAsync(levels);
        var name = $"some-{Guid.NewGuid():N}"[..20];

        var done = await browser.SubmitAsync(
            await browser.GetAsync($"{Site}/admin/groups/new"), NewGroup, ("name", name), ("permission.book:view", "granted"));

        Assert.Contains($"The group {name} is added.", done.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whoever_puts_many_accounts_into_a_group_with_everything_signs_in_at_the_level()
    {
        await using var levels = await WithLevelsAsync();
        using var browser = await SignInAsync(levels);
        var ada = await AccountAsync("ada");
        var page = await browser.GetAsync($"{Site}/admin/accounts");
        var token = ((IHtmlInputElement)page.Page.QuerySelector("[name=__RequestVerificationToken]")!).Value;

        var asked = await browser.PostAsync($"{Site}/admin/accounts/bulk/apply", new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["__RequestVerificationToken"] = token,
            ["action"] = "join",
            ["group"] = "superusers",
            ["ids"] = ada.ToString(),
        });

        Assert.StartsWith(Api.Realm.Features.Issuer, asked.Url.AbsoluteUri, StringComparison.Ordinal);
        var back = await browser.SubmitAsync(asked, Password, ("password", "ada"));
        Assert.Equal("/admin/accounts/bulk/apply", back.Url.AbsolutePath);
        Assert.Contains("superusers", back.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whoever_deletes_an_account_signs_in_at_the_level_and_finds_the_reason_as_it_was()
    {
        await using var levels = await WithLevelsAsync();
        using var browser = await SignInAsync(levels);
        var id = await AddAccountAsync();
        var path = $"/admin/accounts/{id}/delete";
        var form = await browser.GetAsync(Site + path);
        Assert.Equal(path, form.Url.AbsolutePath);

        var asked = await browser.SubmitAsync(form, $"form[action='{path}']", ("reason", "Left us"));

        var back = await browser.SubmitAsync(asked, Password, ("password", "ada"));
        Assert.Equal(path, back.Url.AbsolutePath);
        Assert.Equal("Left us", ((IHtmlInputElement)back.Page.QuerySelector("[name=reason]")!).Value);
        Assert.Equal(1, await CountAsync("SELECT COUNT(*) FROM accounts WHERE id = @id", id));
        await browser.SubmitAsync(back, $"form[action='{path}']");
        Assert.Equal(0, await CountAsync("SELECT COUNT(*) FROM accounts WHERE id = @id", id));
    }

    [Fact]
    public async Task A_realm_without_the_level_leads_to_a_page_that_says_what_is_missing_and_back_to_the_form()
    {
        await using var variant = Api.Variant(("StepUp:Acr:0", "gold"));
        using var browser = Api.NewBrowser(variant);
        await browser.SignInAsync($"{Api.Realm.ApiUrl}/account", "ada", "ada");
        var id = await AddAccountAsync();
        var path = $"/admin/accounts/{id}/delete";

        var page = await SignInIfAskedAsync(browser, await browser.SubmitAsync(
            await browser.GetAsync(Api.Realm.ApiUrl + path), $"form[action='{path}']", ("reason", "Left us")));

        Assert.Equal("/signin-failed", page.Url.AbsolutePath);
        Assert.Contains("of the level gold, and Keycloak signed you in", page.Page.Body!.TextContent, StringComparison.Ordinal);
        var back = await browser.GetAsync(Api.Realm.ApiUrl + page.Page.QuerySelector("a.button")!.GetAttribute("href"));
        Assert.Equal("Left us", ((IHtmlInputElement)back.Page.QuerySelector("[name=reason]")!).Value);
        Assert.Equal(1, await CountAsync("SELECT COUNT(*) FROM accounts WHERE id = @id", id));
    }

    [Fact]
    public async Task Of_a_service_nobody_has_signed_in_lately_so_it_is_refused_by_the_challenge_and_a_person_is_not()
    {
        await using var variant = Api.Variant(("StepUp:MaxAge", "00:30:00"));
        var superusers = await CountAsync("SELECT COUNT(*) FROM groups WHERE name = 'superusers'", Guid.Empty);
        Assert.Equal(1, superusers);
        using var ada = await Api.PersonAsync("ada");
        using var service = await Api.ServiceAsync("acme-nobody");
        var account = await AccountIdAsync(service);
        var group = await ScalarAsync<Guid>("SELECT id FROM groups WHERE name = 'superusers'");
        (await ada.PutAsync($"/api/groups/{group}/members/{account}", content: null, Cancel)).EnsureSuccessStatusCode();
        try
        {
            var id = await AddAccountAsync();
            using var strict = variant.NewClient(await Api.TokenOfAsync("acme-nobody"));
            var refused = await strict.DeleteAsync($"/api/accounts/{id}", Cancel);
            await AssertProblemAsync(refused, 401, ProblemCode.InsufficientUserAuthentication);
            Assert.Contains("max_age=\"1800\"", BearerChallenge(refused), StringComparison.Ordinal);
            var added = await strict.PostAsJsonAsync("/api/groups", new { name = "everything", permissions = new[] { "*:*" } }, Cancel);
            await AssertProblemAsync(added, 401, ProblemCode.InsufficientUserAuthentication);
            Assert.Contains("max_age=\"1800\"", BearerChallenge(added), StringComparison.Ordinal);
            Assert.False(await IsThereAsync("everything"));

            var token = (await Api.Realm.SignInAsync("acme-spa", "ada")).AccessToken;
            using var person = variant.NewClient(token);
            Assert.Equal(HttpStatusCode.NoContent, (await person.DeleteAsync($"/api/accounts/{id}", Cancel)).StatusCode);
        }
        finally
        {
            await ada.DeleteAsync($"/api/groups/{group}/members/{account}", Cancel);
        }
    }

    /// <summary>A realm that does not know a level may ask for the password all the same.</summary>
    internal static async Task<RealmAnswer> SignInIfAskedAsync(RealmBrowser browser, RealmAnswer page) =>
        page.Page.QuerySelector(Password) is null ? page
        : page.Page.QuerySelector("input[name=username]") is null
            ? await browser.SubmitAsync(page, Password, ("password", "ada"))
            : await browser.SubmitLoginAsync(page, "ada", "ada");

    // The application at the realm that has levels, on the same database.
    private async Task<ApiVariant> WithLevelsAsync()
    {
        var realm = Api.Realm.Features;
        await realm.StartAsync();
        return Api.Variant(
            ("Keycloak:auth-server-url", realm.Url.AbsoluteUri),
            ("Keycloak:realm", realm.Name),
            ("Keycloak:sign-in:resource", "stepup-ui"),
            ("Keycloak:sign-in:credentials:secret", RealmUnderTest.SecretOf("stepup-ui")),
            ("StepUp:Acr:0", "gold"));
    }

    private async Task<RealmBrowser> SignInAsync(ApiVariant variant)
    {
        var browser = new RealmBrowser(Api.Realm.Features.Url, new Uri(Site), variant.NewHandler());
        await browser.SignInAsync($"{Site}/account", "ada", "ada");
        // By this instance, which hears of it at once.
        await variant.Services.GetRequiredService<Database>().WriteAsync(
            """
            INSERT INTO group_members (group_id, account_id)
            SELECT groups.id, accounts.id FROM groups, accounts
            WHERE groups.name = 'superusers' AND accounts.issuer = @issuer AND accounts.username = 'ada'
            ON CONFLICT (group_id, account_id) DO NOTHING
            """,
            new { issuer = Api.Realm.Features.Issuer },
            Cancel);
        return browser;
    }

    private async Task<Guid> AddAccountAsync()
    {
        var id = Guid.NewGuid();
        await Api.Services.GetRequiredService<Database>().WriteAsync(
            """
            INSERT INTO accounts (id, issuer, subject, kind, username, enabled, created_at, last_seen_at)
            VALUES (@id, 'https://elsewhere.example.test', @subject, 'person', 'somebody', @enabled, @now, @now)
            """,
            new { id, subject = id.ToString(), enabled = true, now = DateTimeOffset.UtcNow },
            Cancel);
        return id;
    }

    private Task<Guid> AccountAsync(string username) =>
        ScalarAsync<Guid>("SELECT id FROM accounts WHERE username = @username AND issuer = @issuer",
            new { username, issuer = Api.Realm.Features.Issuer });

    private async Task<bool> IsThereAsync(string group) =>
        await ScalarAsync<long>("SELECT COUNT(*) FROM groups WHERE name = @group", new { group }) > 0;

    private Task<long> CountAsync(string sql, Guid id) => ScalarAsync<long>(sql, new { id });

    private async Task<T> ScalarAsync<T>(string sql, object? values = null)
    {
        await using var connection = await Api.Services.GetRequiredService<Database>().OpenAsync(Cancel);
        return (await connection.QuerySingleAsync<T>(new CommandDefinition(sql, values, cancellationToken: Cancel)))!;
    }
}

public sealed class SteppingUpOnSqliteTests(ApiOnEmbeddedRealm api) : SteppingUpTests(api), IClassFixture<ApiOnEmbeddedRealm>;

public sealed class SteppingUpOnPostgreSqlTests(ApiOnPostgreSql api) : SteppingUpTests(api), IClassFixture<ApiOnPostgreSql>;

public sealed class SteppingUpOnKeycloakTests(ApiOnKeycloak api) : SteppingUpTests(api), IClassFixture<ApiOnKeycloak>;
