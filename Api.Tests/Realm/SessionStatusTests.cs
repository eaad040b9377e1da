using System.Net;
using Api.Tests.Clients;
using Api.Tests.Infrastructure;
using Microsoft.Playwright;
using static System.Net.HttpStatusCode;

namespace Api.Tests.Realm;

/// <summary>What browser applications load into hidden frames.</summary>
public abstract class SessionStatusTests(RealmUnderTest realm, NodeClients node, Chromium chromium) : RealmTests(realm)
{
    private string Frame => $"{Realm.Issuer}/protocol/openid-connect/login-status-iframe.html";

    [Theory]
    [InlineData("login-status-iframe.html")]
    [InlineData("login-status-iframe.html?version=")]
    [InlineData("3p-cookies/step1.html")]
    [InlineData("3p-cookies/step2.html")]
    public async Task Any_site_may_frame_the_pages(string page)
    {
        var answer = await Realm.GetAsync($"{Realm.Issuer}/protocol/openid-connect/{page}");

        Assert.Equal(OK, answer.Status);
        Assert.Equal("text/html;charset=utf-8", answer.Header("Content-Type"));
        Assert.Equal("no-cache, must-revalidate, no-transform, no-store", answer.Header("Cache-Control"));
        Assert.Equal("frame-src 'self'; object-src 'none';", answer.Header("Content-Security-Policy"));
        Assert.Null(answer.Header("X-Frame-Options"));
    }

    [Fact]
    public async Task There_is_no_page_of_another_version()
    {
        var answer = await Realm.GetAsync($"{Frame}?version=another");

        Assert.Equal(NotFound, answer.Status);
        Assert.Empty(answer.Text);
    }

    [Theory]
    [InlineData("acme-spa", "http://localhost:5173", NoContent)]
    [InlineData("acme-spa", "realm", NoContent)]
    [InlineData("acme-api", "realm", NoContent)]
    [InlineData("acme-spa", "http://localhost:5173/", Forbidden)]
    [InlineData("acme-spa", "HTTP://LOCALHOST:5173", Forbidden)]
    [InlineData("acme-spa", "https://elsewhere.test", Forbidden)]
    [InlineData("acme-spa", "*", Forbidden)]
    [InlineData("acme-spa", "", Forbidden)]
    [InlineData("acme-admin", "http://localhost:5173", Forbidden)]
    [InlineData("acme-retired", "realm", Forbidden)]
    [InlineData("nobody", "realm", Forbidden)]
    [InlineData("", "realm", Forbidden)]
    public async Task A_clients_web_origins_may_ask(string clientId, string origin, HttpStatusCode status)
    {
        var answer = await Realm.GetAsync(AuthorizationRequest.Append(
            $"{Frame}/init",
            ("client_id", clientId),
            ("origin", origin is "realm" ? Realm.Url.GetLeftPart(UriPartial.Authority) : origin)));

        Assert.Equal(status, answer.Status);
        Assert.Empty(answer.Text);
    }

    [Fact]
    public async Task The_frame_tells_whether_the_session_is_still_the_same()
    {
        await using var served = await ServeAsync();
        var page = await served.OpenAsync();

        Assert.Equal("unchanged", await AskAsync(page, "acme-spa "));
        Assert.Equal("changed", await AskAsync(page, "acme-spa another"));

        var login = await page.Context.NewPageAsync();
        await login.GotoAsync(new AuthorizationRequest(Realm, "acme-spa").Url);
        await ServedPage.SignInAsync(login, "nora");
        var session = System.Web.HttpUtility.ParseQueryString(new Uri(login.Url).Query)["session_state"]!;

        Assert.Equal("unchanged", await AskAsync(page, $"acme-spa {session}"));
        Assert.Equal("changed", await AskAsync(page, "acme-spa another"));
        Assert.Equal("changed", await AskAsync(page, "acme-spa "));
    }

    [Theory]
    [InlineData("acme-spa ", "unchanged")]
    [InlineData("acme-admin ", "error")]
    [InlineData("nobody ", "error")]
    public async Task The_first_question_decides_who_may_ask(string message, string answer)
    {
        await using var served = await ServeAsync();
        var page = await served.OpenAsync();

        Assert.Equal(answer, await AskAsync(page, message));
        Assert.Equal(answer, await AskAsync(page, "acme-spa "));
        Assert.Equal(answer, await AskAsync(page, "nobody "));
    }

    [Theory]
    [InlineData("acme-spa", "nothing")]
    [InlineData("acme-spa a b", "nothing")]
    [InlineData("", "nothing")]
    [InlineData(" a", "error")]
    public async Task A_question_in_no_known_form_is_not_answered(string message, string answer)
    {
        await using var served = await ServeAsync();
        var page = await served.OpenAsync();

        Assert.Equal(answer, await AskAsync(page, message));
    }

    private static Task<string> AskAsync(IPage page, string message) => page.EvaluateAsync<string>("message => ask(message)", message);

    private Task<ServedPage> ServeAsync() =>
        ServedPage.StartAsync(Realm, node, chromium, "session-status.html", new { frame = Frame });
}

public sealed class EmbeddedSessionStatusTests(EmbeddedRealmUnderTest realm, NodeClients node, Chromium chromium)
    : SessionStatusTests(realm, node, chromium), IClassFixture<EmbeddedRealmUnderTest>;

[Collection(KeycloakCollection.Name)]
public sealed class KeycloakSessionStatusTests(KeycloakUnderTest realm, NodeClients node, Chromium chromium)
    : SessionStatusTests(realm, node, chromium);
