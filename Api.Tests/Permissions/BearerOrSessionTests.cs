using System.Net;
using System.Text.Json;
using Api.Tests.Infrastructure;
using KeycloakAccess.Authentication;
using KeycloakAccess.Data;
using KeycloakAccess.Hosting;
using KeycloakAccess.Permissions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Api.Tests.Permissions;

/// <summary>An endpoint that takes tokens and sessions: which of them decides, and what a session needs to change something.</summary>
public abstract class BearerOrSessionTests(BearerOrSessionTests.OwnApi api) : ApiTests(api)
{
    private static readonly string[] Changing = ["POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"];

    [Fact]
    public async Task A_token_opens_it_and_needs_no_antiforgery_token()
    {
        var writer = await Api.ServiceAsync("acme-writer");

        Assert.Equal("service acme-writer", await TextAsync(await writer.GetAsync("/own", Cancel)));
        foreach (var method in Changing)
        {
            Assert.Equal(HttpStatusCode.OK, (await SendAsync(writer, method)).StatusCode);
        }
    }

    [Fact]
    public async Task A_session_opens_it_and_changes_something_with_the_header_alone()
    {
        var (pages, header, token) = await SignInAsync("ada");

        Assert.Equal("person ada", await TextAsync(await pages.GetAsync("/own", Cancel)));
        foreach (var method in new[] { "HEAD", "OPTIONS" })
        {
            Assert.Equal(HttpStatusCode.OK, (await SendAsync(pages, method)).StatusCode);
        }

        foreach (var method in Changing)
        {
            Assert.Equal(HttpStatusCode.OK, (await SendAsync(pages, method, (header, token))).StatusCode);
            await AssertProblemAsync(await SendAsync(pages, method), 403, ProblemCode.AntiforgeryRefused);
            await AssertProblemAsync(await SendAsync(pages, method, (header, "")), 403, ProblemCode.AntiforgeryRefused);
            await AssertProblemAsync(await SendAsync(pages, method, (header, token[..^4])), 403, ProblemCode.AntiforgeryRefused);
            await AssertProblemAsync(
                await SendAsync(pages, method, ("Origin", "https://third.example.com")), 403, ProblemCode.AntiforgeryRefused);
        }
    }

    [Fact]
    public async Task The_antiforgery_token_of_somebody_else_is_none_and_a_field_of_a_form_neither()
    {
        var (_, header, ofNora) = await SignInAsync("nora");
        var (pages, _, token) = await SignInAsync("ada");

        await AssertProblemAsync(await SendAsync(pages, "POST", (header, ofNora)), 403, ProblemCode.AntiforgeryRefused);
        using var form = new FormUrlEncodedContent([new("__RequestVerificationToken", token)]);
        await AssertProblemAsync(await pages.PostAsync("/own", form, Cancel), 403, ProblemCode.AntiforgeryRefused);
    }

    [Fact]
    public async Task With_both_the_token_decides_whatever_the_session_is()
    {
        var (pages, _, _) = await SignInAsync("ada");
        pages.DefaultRequestHeaders.Authorization = new("Bearer", await Api.TokenOfAsync("acme-writer"));
        Assert.Equal("service acme-writer", await TextAsync(await pages.GetAsync("/own", Cancel)));
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(pages, "POST")).StatusCode);

        pages.DefaultRequestHeaders.Authorization = new("Bearer", "broken");
        await AssertProblemAsync(await pages.GetAsync("/own", Cancel), 401, ProblemCode.InvalidToken);
        pages.DefaultRequestHeaders.Authorization = new("Basic", "YTpi");
        await AssertProblemAsync(await pages.GetAsync("/own", Cancel), 401, ProblemCode.TokenMissing);
    }

    [Fact]
    public async Task A_scope_narrows_the_token_and_not_the_session()
    {
        await AssertProblemAsync(
            await (await Api.PersonAsync("ada", "openid books:read")).GetAsync("/own/scoped", Cancel), 403, ProblemCode.InsufficientScope);
        Assert.Equal(
            HttpStatusCode.OK, (await (await Api.PersonAsync("ada", "openid books:write")).GetAsync("/own/scoped", Cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await (await SignInAsync("ada")).Pages.GetAsync("/own/scoped", Cancel)).StatusCode);
        await AssertProblemAsync(
            await (await SignInAsync("nora")).Pages.GetAsync("/own/scoped", Cancel), 403, ProblemCode.PermissionMissing);
    }

    [Theory]
    [InlineData(null, ProblemCode.TokenMissing)]
    [InlineData("session=nothing", ProblemCode.SessionMissing)]
    public async Task Without_either_it_is_401_with_problem_details_and_never_a_redirect(string? cookie, string code)
    {
        foreach (var (method, accept) in new[] { ("GET", "text/html"), ("POST", "text/html"), ("GET", "application/json") })
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), "/own");
            request.Headers.Add("Accept", accept);
            if (cookie is not null)
            {
                request.Headers.Add("Cookie", cookie);
            }

            var response = await Api.NewClient().SendAsync(request, Cancel);

            Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
            Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
            Assert.Equal(code, (await JsonAsync(response)).GetProperty("code").GetString());
            Assert.StartsWith("Bearer realm=", Challenge(response), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_session_that_has_ended_is_401()
    {
        var browser = await Api.SignInAsync("grace");
        var pages = Api.NewClient();
        pages.DefaultRequestHeaders.Add("Cookie", browser.Cookies.HeaderFor(Api.BaseAddress));
        Assert.Equal(HttpStatusCode.OK, (await pages.GetAsync("/own", Cancel)).StatusCode);
        await browser.SubmitAsync(await browser.GetAsync($"{Api.Realm.ApiUrl}/account"), "form[action='/signout']");

        await AssertProblemAsync(await pages.GetAsync("/own", Cancel), 401, ProblemCode.SessionMissing);
    }

    private async Task<(HttpClient Pages, string Header, string Token)> SignInAsync(string person)
    {
        var browser = await Api.SignInAsync(person);
        var given = JsonElement.Parse((await browser.GetAsync($"{Api.Realm.ApiUrl}/antiforgery")).Text);
        var pages = Api.NewClient();
        pages.DefaultRequestHeaders.Add("Cookie", browser.Cookies.HeaderFor(Api.BaseAddress));
        return (pages, given.GetProperty("header").GetString()!, given.GetProperty("token").GetString()!);
    }

    private static Task<HttpResponseMessage> SendAsync(HttpClient client, string method, params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(new HttpMethod(method), "/own");
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return client.SendAsync(request, Cancel);
    }

    private static async Task<string> TextAsync(HttpResponseMessage response)
    {
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return await response.Content.ReadAsStringAsync(Cancel);
    }

    /// <summary>The application with endpoints of a test's own.</summary>
    public abstract class OwnApi : ApiOnSharedRealm<EmbeddedRealmUnderTest>
    {
        private protected OwnApi(DatabaseEngine engine)
            : base(engine)
        {
        }

        private protected override void AddServices(IServiceCollection services) =>
            services.AddSingleton<Microsoft.AspNetCore.Hosting.IStartupFilter>(new MoreEndpoints(Map));

        private static void Map(IEndpointRouteBuilder routes)
        {
            var own = routes.MapGroup("/own").RequireBearerOrSession();
            own.MapMethods("/", ["GET", "HEAD", "OPTIONS", .. Changing], Describe).RequireEnabledAccount();
            own.MapGet("/scoped", Describe).RequirePermission("book", "change").RequireScopes();
        }

        private static string Describe(Caller caller) =>
            $"{(caller.Subject.Kind == AccountKind.Service ? "service" : "person")} {caller.Identity.Username}";
    }
}

public sealed class BearerOrSessionOnSqliteTests(BearerOrSessionOnSqliteTests.Own api)
    : BearerOrSessionTests(api), IClassFixture<BearerOrSessionOnSqliteTests.Own>
{
    public sealed class Own() : OwnApi(DatabaseEngine.Sqlite);
}

public sealed class BearerOrSessionOnPostgreSqlTests(BearerOrSessionOnPostgreSqlTests.Own api)
    : BearerOrSessionTests(api), IClassFixture<BearerOrSessionOnPostgreSqlTests.Own>
{
    public sealed class Own() : OwnApi(DatabaseEngine.PostgreSql);
}
