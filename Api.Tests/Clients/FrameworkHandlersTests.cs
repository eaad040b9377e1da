using System.Net.Http.Headers;
using System.Security.Claims;
using Api.Tests.Infrastructure;
using Api.Tests.Realm;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using static System.Net.HttpStatusCode;

namespace Api.Tests.Clients;

/// <summary>The framework's own OpenID Connect, cookie and bearer handlers, configured as its documentation shows.</summary>
public abstract class FrameworkHandlersTests(RealmUnderTest realm) : RealmTests(realm)
{
    [Fact]
    public async Task A_person_signs_in_by_a_posted_form()
    {
        await using var app = await StartAsync();
        using var browser = NewBrowser(app);

        // The handler pushes its request where the realm can take it, and has the answer posted.
        var challenge = await browser.SendAsync(new(HttpMethod.Get, $"{Realm.ApiUrl}/me"));
        Assert.Contains("request_uri=", challenge.Location!.Query, StringComparison.Ordinal);
        var login = await browser.GetAsync(challenge.Location.AbsoluteUri);
        var form = await browser.SubmitLoginAsync(login, "grace", "grace");
        var me = await browser.SubmitAsync(form, "form");

        Assert.Equal($"{Realm.ApiUrl}/me", me.Url.AbsoluteUri);
        Assert.Equal("08eb8b5c-c029-5225-8b5e-4dd3079dbfd8", me["subject"]);
        Assert.Equal("grace@acme.test", me["email"]);
        Assert.Equal("grace", Jwt.Decode(me["accessToken"])["preferred_username"]);
    }

    [Fact]
    public async Task A_person_signs_in_by_a_redirect_and_UserInfo_is_read()
    {
        await using var app = await StartAsync(options =>
        {
            options.ResponseMode = "query";
            options.PushedAuthorizationBehavior = PushedAuthorizationBehavior.Disable;
            options.GetClaimsFromUserInfoEndpoint = true;
            options.MapInboundClaims = false;
            options.TokenValidationParameters.NameClaimType = "preferred_username";
        });
        using var browser = NewBrowser(app);

        var me = await browser.SubmitLoginAsync(await browser.GetAsync($"{Realm.ApiUrl}/me"), "grace", "grace");

        Assert.Equal($"{Realm.ApiUrl}/me", me.Url.AbsoluteUri);
        Assert.Equal("grace", me["name"]);
    }

    [Fact]
    public async Task Whoever_signs_out_comes_back_and_has_no_session()
    {
        await using var app = await StartAsync();
        using var browser = NewBrowser(app);
        var form = await browser.SubmitLoginAsync(await browser.GetAsync($"{Realm.ApiUrl}/me"), "grace", "grace");
        await browser.SubmitAsync(form, "form");

        var home = await browser.GetAsync($"{Realm.ApiUrl}/signout");
        var again = await browser.GetAsync($"{Realm.ApiUrl}/me");

        Assert.Equal($"{Realm.ApiUrl}/", home.Url.AbsoluteUri);
        Assert.Equal("home", home.Text);
        Assert.NotNull(again.Page.QuerySelector("form#kc-form-login"));
    }

    [Fact]
    public async Task Tokens_of_people_and_services_are_accepted()
    {
        await using var app = await StartAsync();

        var service = await CallAsync(app, (await Realm.GetServiceTokenAsync("acme-reader"))["access_token"]);
        var person = await CallAsync(app, (await Realm.SignInAsync("acme-spa", "ada")).AccessToken);

        Assert.Equal($"{OK} dda55613-dfdb-5732-9d2a-50f523a3fbec", service);
        Assert.Equal($"{OK} ba7ccfa8-8939-52cd-9c73-10b794570992", person);
    }

    [Fact]
    public async Task Other_tokens_are_refused()
    {
        await using var app = await StartAsync();
        await using var other = await StartAsync(audience: "another-api");
        var token = (await Realm.GetServiceTokenAsync("acme-reader"))["access_token"];

        Assert.Equal($"{OK}", (await CallAsync(app, token)).Split(' ')[0]);
        Assert.Equal($"{Unauthorized} Bearer", await CallAsync(app, token: null));
        Assert.Equal($"{Unauthorized} Bearer error=\"invalid_token\"", (await CallAsync(other, token)).Split(',')[0]);
        foreach (var wrong in new[] { Jwt.Tamper(token), Jwt.Forge(token), Jwt.Unsign(token) })
        {
            Assert.Equal($"{Unauthorized} Bearer error=\"invalid_token\"", (await CallAsync(app, wrong)).Split(',')[0]);
        }
    }

    private RealmBrowser NewBrowser(WebApplication app) => new(Realm.Url, new(Realm.ApiUrl), app.GetTestServer().CreateHandler());

    private async Task<string> CallAsync(WebApplication app, string? token)
    {
        using var client = new HttpClient(app.GetTestServer().CreateHandler());
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{Realm.ApiUrl}/api");
        request.Headers.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
        using var response = await client.SendAsync(request, TestContext.Current.CancellationToken);
        return response.IsSuccessStatusCode
            ? $"{response.StatusCode} {await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)}"
            : $"{response.StatusCode} {response.Headers.WwwAuthenticate}";
    }

    private async Task<WebApplication> StartAsync(Action<OpenIdConnectOptions>? configure = null, string audience = "acme-api")
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseTestServer();
        builder.Services.AddDataProtection().UseEphemeralDataProtectionProvider();
        builder.Services.AddAuthorization();
        builder.Services
            .AddAuthentication(options =>
            {
                options.DefaultScheme = CookieAuthenticationDefaults.AuthenticationScheme;
                options.DefaultChallengeScheme = OpenIdConnectDefaults.AuthenticationScheme;
            })
            .AddCookie()
            .AddOpenIdConnect(options =>
            {
                options.Authority = Realm.Issuer;
                options.ClientId = "acme-admin";
                options.ClientSecret = RealmUnderTest.SecretOf("acme-admin");
                options.ResponseType = "code";
                options.SaveTokens = true;
                options.RequireHttpsMetadata = false;
                configure?.Invoke(options);
            })
            .AddJwtBearer(options =>
            {
                options.Authority = Realm.Issuer;
                options.Audience = audience;
                options.RequireHttpsMetadata = false;
            });

        var app = builder.Build();
        app.UseAuthentication();
        app.UseAuthorization();
        app.MapGet("/", () => "home");
        app.MapGet("/me", (Delegate)MeAsync).RequireAuthorization();
        app.MapGet("/signout", () => Results.SignOut(
            new AuthenticationProperties { RedirectUri = "/" },
            [CookieAuthenticationDefaults.AuthenticationScheme, OpenIdConnectDefaults.AuthenticationScheme]));
        app.MapGet("/api", (ClaimsPrincipal user) => user.FindFirstValue(ClaimTypes.NameIdentifier))
            .RequireAuthorization(policy => policy
                .AddAuthenticationSchemes(JwtBearerDefaults.AuthenticationScheme)
                .RequireAuthenticatedUser());
        await app.StartAsync(TestContext.Current.CancellationToken);
        return app;
    }

    private static async Task<IResult> MeAsync(HttpContext context) => Results.Json(new
    {
        name = context.User.Identity?.Name,
        subject = context.User.FindFirstValue(ClaimTypes.NameIdentifier),
        email = context.User.FindFirstValue(ClaimTypes.Email),
        accessToken = await context.GetTokenAsync("access_token"),
    });
}

public sealed class EmbeddedFrameworkHandlersTests(EmbeddedRealmUnderTest realm) : FrameworkHandlersTests(realm);

public sealed class KeycloakFrameworkHandlersTests(KeycloakUnderTest realm) : FrameworkHandlersTests(realm);
