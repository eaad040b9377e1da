using System.Net;
using Api.Tests.BoundTokens;
using Api.Tests.Infrastructure;
using Api.Tests.Keycloak;
using KeycloakAccess.Authentication;
using KeycloakAccess.Authentication.StepUp;
using KeycloakAccess.Data;
using KeycloakAccess.Hosting;
using KeycloakAccess.Permissions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Time.Testing;

namespace Api.Tests.StepUp;

/// <summary>Endpoints of an application that take a sign-in of some level, or a recent one (RFC 9470).</summary>
public sealed class StepUpEndpointTests(StepUpEndpointTests.WithEndpoints place)
    : SessionClockTests(place), IClassFixture<StepUpEndpointTests.WithEndpoints>
{
    private const string Level = "A different authentication level is required";
    private const string Age = "More recent authentication is required";

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        // The realm's clock goes with that of the application, which other tests have moved.
        Realm.Ahead = Realm.Clock.GetUtcNow() - DateTimeOffset.UtcNow;
    }

    private long Now => Realm.Clock.GetUtcNow().ToUnixTimeSeconds();

    [Fact]
    public async Task A_token_of_another_level_is_refused_by_the_challenge_of_RFC_9470_also_once_it_is_known()
    {
        var token = Realm.Mint(changes: [("acr", "silver")]);
        for (var count = 0; count < 3; count++)
        {
            Assert.Equal(HttpStatusCode.OK, (await Realm.NewClient(token).GetAsync("/any", Cancel)).StatusCode);
            var refused = await Realm.NewClient(token).GetAsync("/gold", Cancel);

            await AssertProblemAsync(refused, 401, ProblemCode.InsufficientUserAuthentication);
            Assert.Equal(
                $"Bearer realm=\"acme\", error=\"insufficient_user_authentication\", error_description=\"{Level}\", "
                + "acr_values=\"gold platinum\"",
                BearerChallenge(refused));
        }
    }

    [Fact]
    public async Task A_token_of_one_of_the_levels_is_taken()
    {
        foreach (var acr in new[] { "gold", "platinum" })
        {
            Assert.Equal(HttpStatusCode.OK, await GetAsync("/gold", ("acr", acr)));
        }
    }

    [Fact]
    public async Task A_token_of_an_old_sign_in_is_refused_with_the_greatest_age_and_a_known_one_as_soon_as_it_is_too_old()
    {
        var token = Realm.Mint(changes: [("auth_time", Now), ("exp", Now + 3600)]);
        Assert.Equal(HttpStatusCode.OK, (await Realm.NewClient(token).GetAsync("/recent", Cancel)).StatusCode);

        Realm.Clock.Advance(TimeSpan.FromSeconds(311));
        var refused = await Realm.NewClient(token).GetAsync("/recent", Cancel);

        await AssertProblemAsync(refused, 401, ProblemCode.InsufficientUserAuthentication);
        Assert.Equal(
            $"Bearer realm=\"acme\", error=\"insufficient_user_authentication\", error_description=\"{Age}\", max_age=\"300\"",
            BearerChallenge(refused));
    }

    public static TheoryData<string, object?> Malformed => new()
    {
        { "acr", null },
        { "acr", 1 },
        { "acr", new[] { "gold" } },
        { "acr", new[] { "gold", "gold" } },
        { "acr", "GOLD" },
        { "auth_time", null },
        { "auth_time", "1790000000" },
        { "auth_time", 4_000_000_000L },
        { "auth_time", -1L },
        { "auth_time", true },
    };

    [Theory]
    [MemberData(nameof(Malformed))]
    public async Task What_is_missing_or_malformed_never_satisfies(string claim, object? value)
    {
        Assert.Equal(HttpStatusCode.OK, await GetAsync("/both", ("acr", "gold"), ("auth_time", Now)));
        Assert.Equal(HttpStatusCode.Unauthorized, await GetAsync("/both", ("acr", "gold"), ("auth_time", Now), (claim, value)));
    }

    [Fact]
    public async Task Both_parameters_stand_in_one_challenge_and_in_that_of_the_scheme_that_was_used()
    {
        using var key = new DpopKey();
        var token = Realm.MintBound(key, ("acr", "silver"), ("auth_time", Now - 3600));
        const string url = "http://localhost/both";
        var proof = key.Prove("GET", url, token, -(long)Realm.Ahead.TotalSeconds);
        using var request = ForgedTokens.NewRequest("GET", url, $"DPoP {token}", proof);

        var refused = await Realm.NewClient(token: null).SendAsync(request, Cancel);

        await AssertProblemAsync(refused, 401, ProblemCode.InsufficientUserAuthentication);
        Assert.Contains(
            $"error=\"insufficient_user_authentication\", error_description=\"{Level}\", acr_values=\"gold\", max_age=\"300\"",
            refused.ChallengeOf("DPoP"),
            StringComparison.Ordinal);
        Assert.DoesNotContain("error=", refused.ChallengeOf("Bearer"), StringComparison.Ordinal);
        Assert.DoesNotContain("acr_values", refused.ChallengeOf("Bearer"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whoever_may_not_do_it_at_all_is_not_asked_to_sign_in_anew()
    {
        var refused = await Realm.NewClient(Realm.Mint()).GetAsync("/gold-audit", Cancel);

        await AssertProblemAsync(refused, 403, ProblemCode.PermissionMissing);
    }

    [Fact]
    public async Task A_person_is_sent_to_Keycloak_and_comes_back_to_the_page()
    {
        using var browser = await SignInAsync();

        var query = await AskedOfKeycloakAsync(browser, "/page?tab=2");
        Assert.Equal("gold", query["acr_values"]);
        Assert.Equal("300", query["max_age"]);

        Realm.IdClaims = [("sub", Subject), ("acr", "gold"), ("auth_time", Now)];
        var page = await browser.GetAsync($"{Site}/page?tab=2");
        Assert.Equal("/page?tab=2", page.Url.PathAndQuery);
        Assert.Equal("gold page", page.Text);
    }

    [Theory]
    [InlineData("silver", 0, "of the level gold, and Keycloak signed you in with the level silver")]
    [InlineData(null, 0, "without saying a level")]
    [InlineData("gold", 4000, "by Keycloak yours was 4000 seconds ago")]
    public async Task A_realm_that_ignores_what_it_is_asked_for_leads_to_a_page_that_says_so_and_not_around_in_circles(
        string? acr, int secondsAgo, string because)
    {
        using var browser = await SignInAsync();
        var before = browser.Cookies["session"];
        Realm.IdClaims = [("sub", Subject), ("acr", acr), ("auth_time", Now - secondsAgo)];

        var page = await browser.GetAsync($"{Site}/page");

        Assert.Equal("/signin-failed", page.Url.AbsolutePath);
        Assert.Contains(because, page.Page.Body!.TextContent, StringComparison.Ordinal);
        Assert.Contains("Whoever looks after the realm must", page.Text, StringComparison.Ordinal);
        Assert.Equal("/page", page.Page.QuerySelector("a.button")!.GetAttribute("href"));
        // The session is as it was before.
        Assert.Equal(before, browser.Cookies["session"]);
        Assert.Equal(HttpStatusCode.OK, await AskAsync(before!));
    }

    [Fact]
    public async Task Nobody_writes_on_that_page_or_asks_Keycloak_for_a_level_by_a_link_of_their_own()
    {
        using var browser = await SignInAsync();

        var page = await browser.GetAsync($"{Site}/signin-failed?reason=level&stepUp=made-up");
        Assert.Equal("/admin", page.Page.QuerySelector("a.button")!.GetAttribute("href"));

        var request = new HttpRequestMessage(HttpMethod.Get, $"{Site}/signin?stepUp=made-up&returnUrl=%2Faccount");
        Assert.DoesNotContain("acr_values", (await browser.SendAsync(request)).Location!.Query, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_level_of_a_session_is_what_Keycloak_says_at_each_refresh()
    {
        Realm.IdClaims = [("sub", Subject), ("acr", "gold"), ("auth_time", Now)];
        using var browser = await SignInAsync();
        var key = browser.Cookies["session"]!;
        Assert.Equal(HttpStatusCode.OK, await AskForAsync("/level", key));

        Realm.RefreshClaims = [("acr", "silver")];
        Realm.Clock.Advance(TimeSpan.FromSeconds(301));

        Assert.Equal(HttpStatusCode.Redirect, await AskForAsync("/level", key));
        Realm.RefreshClaims = [("acr", "gold")];
        Realm.Clock.Advance(TimeSpan.FromSeconds(301));
        Assert.Equal(HttpStatusCode.OK, await AskForAsync("/level", key));
    }

    [Fact]
    public async Task A_script_of_this_origin_is_told_where_to_sign_in()
    {
        using var browser = await SignInAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/data");
        request.Headers.Add("Cookie", $"session={browser.Cookies["session"]}");

        using var answer = await Realm.NewClient(token: null).SendAsync(request, Cancel);

        var problem = await AssertProblemAsync(answer, 401, ProblemCode.InsufficientUserAuthentication);
        Assert.Contains("acr_values=\"gold\"", answer.ChallengeOf("Bearer"), StringComparison.Ordinal);
        var signIn = problem.GetProperty("signIn").GetString()!;
        Realm.IdClaims = [("sub", Subject), ("acr", "gold")];
        var page = await browser.GetAsync($"{Site}{signIn}&returnUrl=%2Faccount");
        Assert.Equal("/account", page.Url.AbsolutePath);
        Assert.Equal(HttpStatusCode.OK, await AskForAsync("/data", browser.Cookies["session"]!));
    }

    [Fact]
    public async Task What_an_endpoint_says_replaces_what_its_route_group_says()
    {
        Assert.Equal(HttpStatusCode.OK, await GetAsync("/group/silver", ("acr", "silver")));
        Assert.Equal(HttpStatusCode.Unauthorized, await GetAsync("/group/other", ("acr", "silver")));
        Assert.Equal(HttpStatusCode.OK, await GetAsync("/group/other", ("acr", "gold")));
    }

    [Fact]
    public void A_rule_that_says_nothing_and_a_level_that_cannot_be_are_mistakes_of_the_developer()
    {
        var routes = new RouteGroupUnderTest();

        Assert.Throws<ArgumentException>(() => routes.RequireStepUp());
        Assert.Throws<ArgumentException>(() => routes.RequireStepUp("two levels"));
        Assert.Throws<ArgumentException>(() => routes.RequireStepUp(TimeSpan.FromSeconds(5)));
    }

    private async Task<HttpStatusCode> GetAsync(string path, params (string Name, object? Value)[] claims) =>
        (await Realm.NewClient(Realm.Mint(changes: claims)).GetAsync(path, Cancel)).StatusCode;

    private async Task<HttpStatusCode> AskForAsync(string path, string key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Add("Cookie", $"session={key}");
        request.Headers.Accept.ParseAdd("text/html");
        using var answer = await Realm.NewClient(token: null).SendAsync(request, Cancel);
        return answer.StatusCode;
    }

    // What the browser would be sent to Keycloak with.
    private static async Task<Dictionary<string, Microsoft.Extensions.Primitives.StringValues>> AskedOfKeycloakAsync(
        RealmBrowser browser, string path)
    {
        var url = new Uri(Site + path);
        while (url.AbsolutePath != "/realms/acme/auth")
        {
            var request = new HttpRequestMessage(HttpMethod.Get, url);
            request.Headers.Accept.ParseAdd("text/html");
            url = (await browser.SendAsync(request)).Location!;
        }

        return QueryHelpers.ParseQuery(url.Query);
    }

    public sealed class WithEndpoints() : ForgingRealmPlace(() => ForgingRealm.StartAsync(
        new FakeTimeProvider(DateTimeOffset.UtcNow),
        prepare: null,
        DatabaseEngine.Sqlite,
        addServices: null,
        routes =>
        {
            var api = routes.MapGroup("").RequireBearer().RequireEnabledAccount();
            api.MapGet("/any", () => "");
            api.MapGet("/gold", () => "").RequireStepUp("gold", "platinum");
            api.MapGet("/recent", () => "").RequireStepUp(TimeSpan.FromMinutes(5));
            api.MapGet("/both", () => "").RequireStepUp(TimeSpan.FromMinutes(5), "gold");
            routes.MapGet("/gold-audit", () => "").RequireBearer().RequirePermission("audit", "view").RequireStepUp("gold");
            routes.MapGet("/page", () => Results.Text("gold page", "text/html"))
                .RequireSession().RequireEnabledAccount().RequireStepUp(TimeSpan.FromMinutes(5), "gold");
            routes.MapGet("/level", () => "").RequireSession().RequireEnabledAccount().RequireStepUp("gold");
            routes.MapGet("/data", () => "").RequireBearerOrSession().RequireEnabledAccount().RequireStepUp("gold");
            var group = routes.MapGroup("/group").RequireBearer().RequireEnabledAccount().RequireStepUp("gold");
            group.MapGet("/silver", () => "").RequireStepUp("silver");
            group.MapGet("/other", () => "");
        }));

    private sealed class RouteGroupUnderTest : IEndpointConventionBuilder
    {
        public void Add(Action<EndpointBuilder> convention)
        {
        }
    }
}
