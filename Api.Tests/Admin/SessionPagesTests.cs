using System.Net;
using Api.Tests.Infrastructure;
using Dapper;
using KeycloakAccess.Authentication;
using KeycloakAccess.Data;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Api.Tests.Admin;

/// <summary>Sessions are seen and ended by others, from elsewhere, here and in Keycloak.</summary>
public abstract class SessionPagesTests(ApiUnderTest api) : ApiTests(api)
{
    private string Url => Api.Realm.ApiUrl;

    [Fact]
    public async Task A_session_that_somebody_else_ends_is_over_here_and_in_Keycloak()
    {
        var grace = await Api.SignInAsync("grace");
        var ada = await Api.SignInAsync("ada");
        var list = await ada.GetAsync($"{Url}/admin/sessions");
        var row = list.Page.QuerySelectorAll("tbody tr")
            .First(row => row.QuerySelector("th")!.TextContent.Contains("grace", StringComparison.Ordinal));
        var id = row.QuerySelector("[name=id]")!.GetAttribute("value")!;

        var ended = await ada.PostAsync($"{Url}/admin/sessions/end", Fields(row, "form"));

        Assert.Contains("The session of grace has ended, here and in Keycloak", ended.Text, StringComparison.Ordinal);
        Assert.Null(ended.Page.QuerySelector($"[value='{id}']"));
        // The browser is asked for the password again: nothing signs it in silently.
        var page = await grace.GetAsync($"{Url}/account");
        Assert.StartsWith(Api.Realm.Issuer, page.Url.AbsoluteUri, StringComparison.Ordinal);
        Assert.NotNull(page.Page.QuerySelector("#kc-form-login"));
        // With the password they are back, in the same browser.
        Assert.Equal("/account", (await grace.SubmitLoginAsync(page, "grace", "grace")).Url.AbsolutePath);
        Assert.Equal("/account", (await grace.GetAsync($"{Url}/account")).Url.AbsolutePath);
    }

    [Fact]
    public async Task A_session_that_is_ended_twice_had_ended_already()
    {
        await Api.SignInAsync("linus");
        var ada = await Api.SignInAsync("ada");
        var list = await ada.GetAsync($"{Url}/admin/sessions");
        var row = list.Page.QuerySelectorAll("tbody tr").First(row => row.TextContent.Contains("linus", StringComparison.Ordinal));

        // As from another window: the same form sent again is answered as before.
        var elsewhere = Fields(row, "form").Where(field => field.Key != "_once").Append(new("_once", Guid.NewGuid().ToString()));
        await ada.PostAsync($"{Url}/admin/sessions/end", [.. Fields(row, "form")]);
        var again = await ada.PostAsync($"{Url}/admin/sessions/end", [.. elsewhere]);

        Assert.Contains("That session had ended already.", again.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Signing_out_everywhere_ends_every_browser_of_a_person_and_nobody_elses()
    {
        var here = await Api.SignInAsync("nora");
        var there = await Api.SignInAsync("nora");
        var other = await Api.SignInAsync("linus");
        var page = await here.GetAsync($"{Url}/account");
        Assert.True(page.Page.QuerySelectorAll("form[action='/account/sessions/end']").Length >= 2);
        Assert.Contains("this one", page.Text, StringComparison.Ordinal);

        var signedOut = await here.SubmitAsync(page, "form[action='/account/sign-out-everywhere']");

        Assert.Equal("/signed-out", signedOut.Url.AbsolutePath);
        foreach (var browser in new[] { here, there })
        {
            Assert.NotNull((await browser.GetAsync($"{Url}/account")).Page.QuerySelector("#kc-form-login"));
        }

        Assert.Equal("/account", (await other.GetAsync($"{Url}/account")).Url.AbsolutePath);
    }

    [Fact]
    public async Task A_session_of_somebody_else_cannot_be_ended_by_its_id_on_ones_own_page()
    {
        var grace = await Api.SignInAsync("grace");
        var nora = await Api.SignInAsync("nora");
        var graces = (await grace.GetAsync($"{Url}/account")).Page.QuerySelector(
            "form[action='/account/sessions/end'] [name=id]")!.GetAttribute("value")!;
        var page = await nora.GetAsync($"{Url}/account");

        await nora.SubmitAsync(page, "form[action='/account/sessions/end']", ("id", graces));

        Assert.Equal("/account", (await grace.GetAsync($"{Url}/account")).Url.AbsolutePath);
    }

    [Fact]
    public async Task All_sessions_of_an_account_are_ended_on_its_page()
    {
        var linus = await Api.SignInAsync("linus");
        var ada = await Api.SignInAsync("ada");
        var id = await FindIdAsync(ada, "linus");
        var page = await ada.GetAsync($"{Url}/admin/accounts/{id}");

        var ended = await ada.SubmitAsync(page, $"form[action='/admin/accounts/{id}/sessions/end']");

        Assert.Contains("of linus ha", ended.Page.QuerySelector("[role=status]")!.TextContent, StringComparison.Ordinal);
        Assert.Contains("Not signed in to these pages", ended.Text, StringComparison.Ordinal);
        Assert.NotNull((await linus.GetAsync($"{Url}/account")).Page.QuerySelector("#kc-form-login"));
    }

    [Fact]
    public async Task Without_the_permission_sessions_are_neither_listed_nor_ended()
    {
        var linus = await Api.SignInAsync("linus");

        Assert.Equal(HttpStatusCode.Forbidden, (await linus.GetAsync($"{Url}/admin/sessions")).Status);
        var page = await linus.GetAsync($"{Url}/account");
        var token = page.Page.QuerySelector("[name=__RequestVerificationToken]")!.GetAttribute("value")!;
        var answer = await linus.PostAsync(
            $"{Url}/admin/sessions/end",
            [KeyValuePair.Create("__RequestVerificationToken", token), KeyValuePair.Create("id", Guid.NewGuid().ToString())]);
        Assert.Equal(HttpStatusCode.Forbidden, answer.Status);
    }

    [Fact]
    public async Task A_form_that_is_sent_after_the_session_has_ended_is_as_it_was_after_signing_in_again()
    {
        var target = await AccountIdAsync(await Api.ServiceAsync("acme-nobody"));
        var linus = await Api.SignInAsync("linus");
        var form = await linus.GetAsync($"{Url}/admin/accounts/{target}");
        await EndAsync("linus");

        var answer = await linus.SubmitAsync(
            form, $"form[action='/admin/accounts/{target}/disable']", ("reason", "Typed with care & \"quotes\""));

        Assert.Equal(HttpStatusCode.Unauthorized, answer.Status);
        Assert.Contains("nothing is lost", answer.Text, StringComparison.Ordinal);
        await AssertIsActiveAsync();
        var again = new Uri(new Uri(Url), answer.Page.QuerySelector("a.button")!.GetAttribute("href")!).AbsoluteUri;
        await linus.SignInAsync(again, "linus", "linus");
        var back = await linus.GetAsync(Back(again));
        Assert.Contains("This is what you had typed", back.Text, StringComparison.Ordinal);
        Assert.Equal(
            "Typed with care & \"quotes\"",
            back.Page.QuerySelector($"form[action='/admin/accounts/{target}/disable'] [name=reason]")!.GetAttribute("value"));

        // It belongs to its page.
        var other = await AccountIdAsync(await Api.ServiceAsync("acme-writer"));
        var elsewhere = await linus.GetAsync(Back(again).Replace(target.ToString(), other.ToString(), StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.OK, elsewhere.Status);
        Assert.DoesNotContain("Typed with care", elsewhere.Text, StringComparison.Ordinal);
        // Nobody else gets it, whoever knows its number.
        var ada = await Api.SignInAsync("ada");
        Assert.DoesNotContain("Typed with care", (await ada.GetAsync(Back(again))).Text, StringComparison.Ordinal);
        // What is kept cannot be read in the database.
        await using var connection = await Api.Services.GetRequiredService<Database>().OpenToWriteAsync(Cancel);
        Assert.DoesNotContain(
            "care", string.Concat(await connection.QueryAsync<string>("SELECT fields FROM form_drafts")), StringComparison.Ordinal);

        async Task AssertIsActiveAsync() =>
            Assert.Equal(HttpStatusCode.OK, (await (await Api.ServiceAsync("acme-nobody")).GetAsync("/api/me", Cancel)).StatusCode);
    }

    [Fact]
    public async Task A_change_of_several_accounts_is_taken_up_again_where_the_session_ended()
    {
        var linus = await Api.SignInAsync("linus");
        var list = await linus.GetAsync($"{Url}/admin/accounts");
        var token = list.Page.QuerySelector(
            "form[action='/admin/accounts/bulk'] [name=__RequestVerificationToken]")!.GetAttribute("value")!;
        await EndAsync("linus");

        // One step of several, as the page sends it: the reason and the place are in the form.
        var answer = await linus.PostAsync(
            $"{Url}/admin/accounts/bulk/apply",
            [
                new("__RequestVerificationToken", token),
                new("action", "enable"),
                new("all", "on"),
                new("filter-search", "nobody"),
                new("reason", "Spring"),
                new("after", "0"), new("seen", "100"), new("changed", "70"),
            ]);

        Assert.Equal(HttpStatusCode.Unauthorized, answer.Status);
        var again = new Uri(new Uri(Url), answer.Page.QuerySelector("a.button")!.GetAttribute("href")!).AbsoluteUri;
        await linus.SignInAsync(again, "linus", "linus");
        var back = await linus.GetAsync(Back(again));
        var form = back.Page.QuerySelector("form[action='/admin/accounts/bulk/apply']")!;
        Assert.Equal("Spring", form.QuerySelector("[name=reason]")!.GetAttribute("value"));
        Assert.Equal("70", form.QuerySelector("[name=changed]")!.GetAttribute("value"));
        Assert.Equal("nobody", form.QuerySelector("[name=filter-search]")!.GetAttribute("value"));
        // It goes on when its author says so, and not by itself.
        Assert.Equal("submit", form.GetAttribute("hx-trigger"));
        Assert.Contains(
            "100 accounts looked at, 70 changed",
            back.Page.QuerySelector(".card[role=status]")!.TextContent.ReplaceLineEndings(" "),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_form_has_a_page_that_takes_it_up_again()
    {
        await Api.StartAsync();
        var routes = Api.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(route => route.Metadata.GetMetadata<SignInAgain>() is not null)
            .ToLookup(
                route => route.RoutePattern.RawText,
                route => route.Metadata.GetMetadata<IHttpMethodMetadata>()!.HttpMethods.Single(),
                StringComparer.Ordinal);

        Assert.All(
            routes.Where(route => route.Contains("POST")),
            route => Assert.True(route.Contains("GET"), $"Who signs in again after a form for {route.Key} finds no page there."));
    }

    [Fact]
    public async Task A_part_of_a_page_that_its_script_asks_for_never_makes_the_browser_load_the_page_anew()
    {
        var linus = await Api.SignInAsync("linus");
        await EndAsync("linus");
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{Url}/admin/groups/names?group=b")
        {
            Headers = { { "HX-Request", "true" } },
        };

        var answer = await linus.SendAsync(request);

        Assert.Equal(HttpStatusCode.Unauthorized, answer.Status);
        Assert.DoesNotContain(answer.Headers.Keys, name => name.StartsWith("HX-", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task The_audit_log_says_who_ended_a_session()
    {
        await Api.SignInAsync("grace");
        await EndAsync("grace");
        await Api.SignInAsync("linus");
        var ada = await Api.SignInAsync("ada");
        var list = await ada.GetAsync($"{Url}/admin/sessions");
        var row = list.Page.QuerySelectorAll("tbody tr").First(row => row.TextContent.Contains("linus", StringComparison.Ordinal));
        await ada.PostAsync($"{Url}/admin/sessions/end", [.. Fields(row, "form")]);

        var log = (await ada.GetAsync($"{Url}/admin/audit")).Page.QuerySelectorAll("tbody tr").Select(line => line.TextContent).ToList();

        Assert.Contains(
            log, line => line.Contains("ada", StringComparison.Ordinal) && line.Contains("ended session linus", StringComparison.Ordinal));
        Assert.Contains(
            log,
            line =>
                line.Contains("ada", StringComparison.Ordinal)
                && line.Contains("ended the sessions of account grace", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_form_that_is_not_ours_is_not_kept_whoever_has_had_a_session()
    {
        var linus = await Api.SignInAsync("linus");
        await EndAsync("linus");

        var answer = await linus.PostAsync(
            $"{Url}/admin/accounts/{Guid.NewGuid()}/disable", [KeyValuePair.Create("reason", "somebody else's")]);

        Assert.Equal(HttpStatusCode.Unauthorized, answer.Status);
        Assert.DoesNotContain("draft", answer.Text, StringComparison.Ordinal);
        // Nor one that nobody can read.
        linus = await Api.SignInAsync("linus");
        await EndAsync("linus");
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{Url}/admin/groups/new") { Content = new StringContent("x") };
        request.Headers.Accept.ParseAdd("text/html");
        request.Content.Headers.ContentType = System.Net.Http.Headers.MediaTypeHeaderValue.Parse("multipart/form-data");
        Assert.Equal(HttpStatusCode.Unauthorized, (await linus.SendAsync(request)).Status);
    }

    [Fact]
    public async Task Of_somebody_who_never_had_a_session_no_form_is_kept()
    {
        var stranger = Api.NewBrowser();

        var answer = await stranger.PostAsync($"{Url}/admin/accounts/{Guid.NewGuid()}/disable", [KeyValuePair.Create("reason", "kept?")]);

        Assert.Equal(HttpStatusCode.Unauthorized, answer.Status);
        Assert.DoesNotContain("draft", answer.Text, StringComparison.Ordinal);
    }

    private static string Back(string signIn) =>
        new Uri(
            new Uri(signIn),
            Microsoft.AspNetCore.WebUtilities.QueryHelpers.ParseQuery(new Uri(signIn).Query)["returnUrl"].ToString()).AbsoluteUri;

    private static IEnumerable<KeyValuePair<string, string>> Fields(AngleSharp.Dom.IElement part, string form) =>
        part.QuerySelector(form)!.QuerySelectorAll("input")
            .Select(field => KeyValuePair.Create(field.GetAttribute("name")!, field.GetAttribute("value") ?? ""));

    // Not by a token of theirs: the end of all sessions ends those too, for the tests that come after.
    private async Task<string> FindIdAsync(RealmBrowser pages, string person) =>
        (await pages.GetAsync($"{Url}/admin/accounts?search={person}")).Page.QuerySelector(
            "#results tbody th a")!.GetAttribute("href")!.Split('/')[^1];

    private async Task EndAsync(string person)
    {
        var ada = await Api.SignInAsync("ada");
        var id = await FindIdAsync(ada, person);
        await ada.SubmitAsync(await ada.GetAsync($"{Url}/admin/accounts/{id}"), $"form[action='/admin/accounts/{id}/sessions/end']");
    }
}

public sealed class SessionPagesOnEmbeddedRealmTests(ApiOnEmbeddedRealm api) : SessionPagesTests(api), IClassFixture<ApiOnEmbeddedRealm>;

public sealed class SessionPagesOnKeycloakTests(ApiOnKeycloak api) : SessionPagesTests(api), IClassFixture<ApiOnKeycloak>;
