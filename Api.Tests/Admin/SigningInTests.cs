using System.Net;
using System.Security.Claims;
using Api.Tests.Infrastructure;
using Dapper;
using KeycloakAccess.Data;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Api.Tests.Admin;

/// <summary>Staff sign in to the pages through the realm, and out again.</summary>
public abstract class SigningInTests(ApiUnderTest api) : ApiTests(api)
{
    [Theory]
    [InlineData("ada")]
    [InlineData("grace")]
    [InlineData("linus")]
    public async Task Staff_come_back_to_the_page_they_asked_for(string person)
    {
        var browser = Api.NewBrowser();

        var url = await browser.SignInAsync($"{Api.Realm.ApiUrl}/admin?from=bookmark", person, person);

        Assert.Equal($"{Api.Realm.ApiUrl}/admin?from=bookmark", url.AbsoluteUri);
        Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync(url.AbsoluteUri)).Status);
    }

    [Fact]
    public async Task Somebodys_own_page_says_what_Keycloak_says_of_them()
    {
        var browser = await Api.SignInAsync("ada");

        var roles = (await browser.GetAsync($"{Api.Realm.ApiUrl}/account")).Page.QuerySelectorAll(".facts .chips code")
            .Select(role => role.TextContent)
            .ToList();

        Assert.Contains("realm role superuser", roles);
        Assert.Contains("role book-editor of client acme-api", roles);
    }

    [Fact]
    public async Task Somebody_without_access_gets_a_page_that_says_what_is_missing_and_can_sign_out()
    {
        var browser = Api.NewBrowser();
        await browser.SignInAsync($"{Api.Realm.ApiUrl}/admin", "nora", "nora");

        var page = await browser.GetAsync($"{Api.Realm.ApiUrl}/admin");

        Assert.Equal(HttpStatusCode.Forbidden, page.Status);
        Assert.Contains("admin:view", page.Text, StringComparison.Ordinal);
        var signedOut = await browser.SubmitAsync(page, "form[action='/signout']");
        Assert.Equal("/signed-out", signedOut.Url.AbsolutePath);
    }

    [Fact]
    public async Task A_disabled_person_does_not_get_past_the_realm()
    {
        var browser = Api.NewBrowser();

        await Assert.ThrowsAsync<InvalidOperationException>(() => browser.SignInAsync($"{Api.Realm.ApiUrl}/admin", "dennis", "dennis"));
    }

    [Fact]
    public async Task The_account_page_says_who_one_is_and_why_one_may_do_what()
    {
        var browser = await Api.SignInAsync("linus");

        var page = await browser.GetAsync($"{Api.Realm.ApiUrl}/account");

        Assert.Contains("Linus Torvalds", page.Text, StringComparison.Ordinal);
        Assert.Contains("Keycloak group /operations/leads", page.Text, StringComparison.Ordinal);
        Assert.Contains("role group-manager of client acme-api", page.Text, StringComparison.Ordinal);
        Assert.Contains("realm role staff", page.Text, StringComparison.Ordinal);
        Assert.Contains("account:change", page.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Signing_out_ends_the_session_here_and_at_the_realm()
    {
        var browser = await Api.SignInAsync("grace");
        var page = await browser.GetAsync($"{Api.Realm.ApiUrl}/account");
        var stolen = browser.Cookies.HeaderFor(page.Url);

        var signedOut = await browser.SubmitAsync(page, "form[action='/signout']");

        Assert.Equal("/signed-out", signedOut.Url.AbsolutePath);
        Assert.Null(browser.Cookies["session"]);
        // The realm asks for a password again: its session is gone, too.
        var login = await browser.GetAsync($"{Api.Realm.ApiUrl}/admin");
        Assert.NotNull(login.Page.QuerySelector("form#kc-form-login"));

        // A copy of the cookie that was made before is worth nothing.
        Assert.Contains("session=", stolen, StringComparison.Ordinal);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/account");
        request.Headers.Add("Cookie", stolen);
        request.Headers.Accept.ParseAdd("text/html");
        var response = await Api.NewClient().SendAsync(request, Cancel);
        Assert.Equal(HttpStatusCode.Redirect, response.StatusCode);
    }

    [Fact]
    public async Task Whoever_has_signed_out_signs_in_again_in_the_same_browser()
    {
        var browser = await Api.SignInAsync("grace");
        await browser.SubmitAsync(await browser.GetAsync($"{Api.Realm.ApiUrl}/account"), "form[action='/signout']");

        await browser.SignInAsync($"{Api.Realm.ApiUrl}/account", "grace", "grace");

        Assert.Equal("/account", (await browser.GetAsync($"{Api.Realm.ApiUrl}/account")).Url.AbsolutePath);
    }

    [Theory]
    [InlineData("iss", "http://localhost:8080/realms/other", HttpStatusCode.Unauthorized)]
    [InlineData("sub", null, HttpStatusCode.Unauthorized)]
    [InlineData("name", "Ada L.", HttpStatusCode.OK)]
    public async Task A_session_that_another_realm_or_nobody_vouches_for_is_none(string claim, string? value, HttpStatusCode expected)
    {
        var browser = await Api.SignInAsync("ada");
        var tickets = new TicketDataFormat(Api.Services.GetRequiredService<IDataProtectionProvider>()
            .CreateProtector("KeycloakAccess.Authentication.Session.Ticket"));
        await using var connection = await Api.Services.GetRequiredService<Database>().OpenToWriteAsync(Cancel);
        var row = await connection.QueryFirstAsync<(Guid Id, string Ticket)>(
            "SELECT id, ticket FROM sessions WHERE username = 'ada' ORDER BY started_at DESC LIMIT 1");
        var ticket = tickets.Unprotect(row.Ticket)!;
        var identity = (ClaimsIdentity)ticket.Principal.Identity!;
        identity.RemoveClaim(identity.FindFirst(claim));
        if (value is not null)
        {
            identity.AddClaim(new Claim(claim, value));
        }

        await connection.ExecuteAsync(
            "UPDATE sessions SET ticket = @ticket WHERE id = @Id", new { ticket = tickets.Protect(ticket), row.Id });

        using var request = new HttpRequestMessage(HttpMethod.Get, "/account");
        request.Headers.Add("Cookie", $"session={browser.Cookies["session"]}");
        Assert.Equal(expected, (await Api.NewClient().SendAsync(request, Cancel)).StatusCode);
    }

    [Fact]
    public async Task A_sign_out_form_without_its_token_is_refused()
    {
        var browser = await Api.SignInAsync("grace");

        var answer = await browser.PostAsync($"{Api.Realm.ApiUrl}/signout", []);

        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync($"{Api.Realm.ApiUrl}/account")).Status);
    }

    [Fact]
    public async Task A_session_at_the_realm_signs_in_without_a_question()
    {
        var browser = await Api.SignInAsync("grace");
        browser.Cookies.Remove("session");

        var page = await browser.GetAsync($"{Api.Realm.ApiUrl}/account");

        Assert.Equal(HttpStatusCode.OK, page.Status);
        Assert.Equal("/account", page.Url.AbsolutePath);
    }

    [Fact]
    public async Task Data_requests_get_401_where_pages_get_a_redirect()
    {
        using var page = new HttpRequestMessage(HttpMethod.Get, "/admin");
        page.Headers.Accept.ParseAdd("text/html");
        var redirect = await Api.NewClient().SendAsync(page, Cancel);
        Assert.Equal(HttpStatusCode.Redirect, redirect.StatusCode);
        Assert.Equal("/signin?returnUrl=%2Fadmin", redirect.Headers.Location?.PathAndQuery);

        await AssertProblemAsync(await Api.NewClient().GetAsync("/admin", Cancel), 401, "session_missing");
        await AssertProblemAsync(
            await Api.NewClient().PostAsync($"/admin/accounts/{Guid.Empty}/disable", null, Cancel), 401, "session_missing");
    }

    [Fact]
    public async Task A_bearer_token_is_nothing_to_the_pages()
    {
        var client = Api.NewClient(await Api.TokenOfAsync("acme-writer"));

        await AssertProblemAsync(await client.GetAsync("/admin", Cancel), 401, "session_missing");
    }

    [Theory]
    [InlineData("https://evil.test/")]
    [InlineData("//evil.test/")]
    [InlineData("/\\evil.test/")]
    [InlineData("/%09/evil.test")]
    [InlineData("javascript:alert(1)")]
    [InlineData("~/admin")]
    public async Task A_return_address_elsewhere_is_not_followed(string returnUrl)
    {
        var browser = Api.NewBrowser();

        var url = await browser.SignInAsync($"{Api.Realm.ApiUrl}/signin?returnUrl={Uri.EscapeDataString(returnUrl)}", "ada", "ada");

        Assert.Equal(Api.BaseAddress.Host, url.Host);
        Assert.Equal(Api.BaseAddress.Port, url.Port);
    }

    [Theory]
    [InlineData("%2Fadmin%2F%C3%A4", "/admin")]
    // As it is in the address bar, and as nginx writes it there: a header can hold it.
    [InlineData("/admin/%C3%A4", "/admin/%C3%A4")]
    public async Task A_return_address_that_no_header_can_hold_does_not_cost_the_sign_in(string written, string expected)
    {
        var browser = Api.NewBrowser();

        var url = await browser.SignInAsync($"{Api.Realm.ApiUrl}/signin?returnUrl={written}", "ada", "ada");

        Assert.Equal(expected, url.AbsolutePath);
        Assert.Equal("/account", (await browser.GetAsync($"{Api.Realm.ApiUrl}/account")).Url.AbsolutePath);
    }

    [Fact]
    public async Task The_sign_in_asks_by_code_with_PKCE_and_keeps_its_cookies_to_itself()
    {
        var response = await Api.NewClient().GetAsync("/signin", Cancel);

        Assert.Equal(HttpStatusCode.Redirect, response.StatusCode);
        // Pushed authorization request: the browser carries a reference only.
        Assert.StartsWith(Api.Realm.AuthorizationEndpoint, response.Headers.Location!.AbsoluteUri, StringComparison.Ordinal);
        Assert.Contains("request_uri=", response.Headers.Location.Query, StringComparison.Ordinal);
        Assert.All(response.Headers.GetValues("Set-Cookie"), cookie =>
        {
            Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
            Assert.Contains("samesite=lax", cookie, StringComparison.OrdinalIgnoreCase);
        });
    }

    [Fact]
    public async Task A_callback_that_nobody_asked_for_leads_to_a_page_that_says_so()
    {
        var browser = Api.NewBrowser();

        var page = await browser.GetAsync($"{Api.Realm.ApiUrl}/signin-oidc?code=abc&state=def");

        Assert.Equal("/signin-failed", page.Url.AbsolutePath);
        Assert.Equal("?reason=expired", page.Url.Query);
        Assert.Contains("The sign-in did not work", page.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_account_that_is_disabled_loses_its_session_at_once()
    {
        var browser = await Api.SignInAsync("grace");
        var ada = await Api.PersonAsync("ada");
        var id = await AccountIdAsync(await Api.PersonAsync("grace"));

        await ada.PatchAsync($"/api/accounts/{id}", Body(enabled: false), Cancel);
        try
        {
            var page = await browser.GetAsync($"{Api.Realm.ApiUrl}/admin");
            Assert.Equal(HttpStatusCode.Forbidden, page.Status);
            Assert.Contains("disabled", page.Text, StringComparison.Ordinal);
        }
        finally
        {
            await ada.PatchAsync($"/api/accounts/{id}", Body(enabled: true), Cancel);
        }

        Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync($"{Api.Realm.ApiUrl}/admin")).Status);
    }

    [Fact]
    public async Task An_account_is_disabled_on_its_page()
    {
        var nora = await Api.PersonAsync("nora");
        var id = await AccountIdAsync(nora);
        var browser = await Api.SignInAsync("ada");
        var page = await browser.GetAsync($"{Api.Realm.ApiUrl}/admin/accounts/{id}");

        var off = await browser.SubmitAsync(page, $"form[action='/admin/accounts/{id}/disable']");
        Assert.Contains("nora is disabled", off.Text, StringComparison.Ordinal);
        await AssertProblemAsync(await nora.GetAsync("/api/me", Cancel), 403, "account_disabled");

        page = await browser.GetAsync($"{Api.Realm.ApiUrl}/admin/accounts/{id}");
        Assert.DoesNotContain("nora is disabled", page.Text, StringComparison.Ordinal);
        await browser.SubmitAsync(page, $"form[action='/admin/accounts/{id}/enable']");
        Assert.Equal(HttpStatusCode.OK, (await nora.GetAsync("/api/me", Cancel)).StatusCode);
    }

    [Fact]
    public async Task A_post_without_the_antiforgery_token_changes_nothing()
    {
        var nora = await Api.PersonAsync("nora");
        var id = await AccountIdAsync(nora);
        var browser = await Api.SignInAsync("ada");

        var answer = await browser.PostAsync($"{Api.Realm.ApiUrl}/admin/accounts/{id}/disable", []);

        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        Assert.Equal(HttpStatusCode.OK, (await nora.GetAsync("/api/me", Cancel)).StatusCode);
    }

    [Fact]
    public void Every_form_of_the_pages_asks_for_the_antiforgery_token()
    {
        var forms = Api.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(endpoint => endpoint.RoutePattern.RawText!.Split('/') is [_, "admin" or "account", ..])
            .Where(endpoint => endpoint.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Contains("POST"))
            .ToArray();

        Assert.NotEmpty(forms);
        Assert.All(
            forms,
            form =>
                Assert.True(form.Metadata.GetMetadata<IAntiforgeryMetadata>() is { RequiresValidation: true }, form.RoutePattern.RawText));
    }

    private static StringContent Body(bool enabled) =>
        new(enabled ? """{"enabled":true}""" : """{"enabled":false}""", System.Text.Encoding.UTF8, "application/json");
}

public sealed class SigningInOnEmbeddedRealmTests(ApiOnEmbeddedRealm api) : SigningInTests(api), IClassFixture<ApiOnEmbeddedRealm>;

public sealed class SigningInOnKeycloakTests(ApiOnKeycloak api) : SigningInTests(api), IClassFixture<ApiOnKeycloak>;
