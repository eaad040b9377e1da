using System.Security.Claims;
using System.Security.Cryptography;
using Api.Tests.Infrastructure;
using Api.Tests.Realm;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.Client;
using OpenIddict.Client.AspNetCore;
using static OpenIddict.Abstractions.OpenIddictExceptions;
using static OpenIddict.Client.AspNetCore.OpenIddictClientAspNetCoreConstants;

namespace Api.Tests.Clients;

/// <summary>OpenIddict's client, in an ASP.NET Core application and as a service.</summary>
public abstract class OpenIddictClientTests(RealmUnderTest realm) : RealmTests(realm)
{
    private const string Scheme = OpenIddictClientAspNetCoreDefaults.AuthenticationScheme;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_service_gets_a_token()
    {
        await using var app = await StartAsync();

        var result = await ServiceOf(app).AuthenticateWithClientCredentialsAsync(
            new() { RegistrationId = "acme-reader", Scopes = ["books:read"], CancellationToken = Cancel });

        Assert.Equal("acme-reader", Jwt.Decode(result.AccessToken)["azp"]);
        AssertWords("books:read email profile", result.TokenResponse.Scope);
    }

    [Fact]
    public async Task A_person_signs_in_and_the_tokens_are_used()
    {
        await using var app = await StartAsync();
        using var browser = NewBrowser(app);

        var challenge = await browser.SendAsync(new(HttpMethod.Get, $"{Realm.ApiUrl}/login"));
        Assert.Contains("request_uri=", challenge.Location!.Query, StringComparison.Ordinal);
        var me = await browser.SubmitLoginAsync(await browser.GetAsync(challenge.Location.AbsoluteUri), "grace", "grace");

        Assert.Equal($"{Realm.ApiUrl}/me", me.Url.AbsoluteUri);
        Assert.Equal("grace", me["name"]);
        var refreshed = await ServiceOf(app).AuthenticateWithRefreshTokenAsync(
            new() { RegistrationId = "acme-admin", RefreshToken = me["refreshToken"], CancellationToken = Cancel });
        Assert.Equal("grace@acme.test", refreshed.Principal.FindFirst("email")?.Value);

        var read = await ServiceOf(app).IntrospectTokenAsync(
            new() { RegistrationId = "acme-api", Token = refreshed.AccessToken, CancellationToken = Cancel });
        Assert.Equal("08eb8b5c-c029-5225-8b5e-4dd3079dbfd8", read.Principal.FindFirst("sub")?.Value);

        await ServiceOf(app).RevokeTokenAsync(
            new() { RegistrationId = "acme-admin", Token = refreshed.AccessToken, CancellationToken = Cancel });
        await Assert.ThrowsAsync<ProtocolException>(async () => await ServiceOf(app).IntrospectTokenAsync(
            new() { RegistrationId = "acme-api", Token = refreshed.AccessToken, CancellationToken = Cancel }));
    }

    [Fact]
    public async Task Whoever_signs_out_comes_back_and_has_no_session()
    {
        await using var app = await StartAsync();
        using var browser = NewBrowser(app);
        await browser.SubmitLoginAsync(await browser.GetAsync($"{Realm.ApiUrl}/me"), "grace", "grace");

        var home = await browser.GetAsync($"{Realm.ApiUrl}/signout");
        var again = await browser.GetAsync($"{Realm.ApiUrl}/me");

        Assert.Equal($"{Realm.ApiUrl}/", home.Url.AbsoluteUri);
        Assert.Equal("home", home.Text);
        Assert.NotNull(again.Page.QuerySelector("form#kc-form-login"));
    }

    private static OpenIddictClientService ServiceOf(WebApplication app) => app.Services.GetRequiredService<OpenIddictClientService>();

    private RealmBrowser NewBrowser(WebApplication app) => new(Realm.Url, new(Realm.ApiUrl), app.GetTestServer().CreateHandler());

    private async Task<WebApplication> StartAsync()
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseTestServer();
        builder.Services.AddDataProtection().UseEphemeralDataProtectionProvider();
        builder.Services.AddAuthorization();
        builder.Services
            .AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme)
            .AddCookie(options => options.LoginPath = "/login");
        builder.Services.AddOpenIddict().AddClient(options =>
        {
            options.AllowAuthorizationCodeFlow().AllowClientCredentialsFlow().AllowRefreshTokenFlow();
            // Its ephemeral keys would be RSA keys of 4096 bits, which take seconds to make.
            options.AddEncryptionKey(new SymmetricSecurityKey(RandomNumberGenerator.GetBytes(32)));
            options.AddSigningKey(new SymmetricSecurityKey(RandomNumberGenerator.GetBytes(32)));
            // Without it, state tokens are kept in a database.
            options.DisableTokenStorage();
            options.UseSystemNetHttp();
            options.UseAspNetCore()
                .EnableRedirectionEndpointPassthrough()
                .EnablePostLogoutRedirectionEndpointPassthrough()
                .DisableTransportSecurityRequirement();
            foreach (var clientId in new[] { "acme-admin", "acme-reader", "acme-api" })
            {
                var registration = new OpenIddictClientRegistration
                {
                    RegistrationId = clientId,
                    Issuer = new(Realm.Issuer),
                    ClientId = clientId,
                    ClientSecret = RealmUnderTest.SecretOf(clientId),
                };
                if (clientId is "acme-admin")
                {
                    registration.RedirectUri = new(Realm.RedirectUriOf(clientId));
                    registration.PostLogoutRedirectUri = new(Realm.PostLogoutRedirectUriOf(clientId));
                }

                options.AddRegistration(registration);
            }
        });

        var app = builder.Build();
        app.UseAuthentication();
        app.UseAuthorization();
        app.MapGet("/", () => "home");
        app.MapGet("/me", (Delegate)MeAsync).RequireAuthorization();
        app.MapGet("/login", () => Results.Challenge(
            new AuthenticationProperties { Items = { [Properties.RegistrationId] = "acme-admin" }, RedirectUri = "/me" },
            [Scheme]));
        app.MapMethods("/signin-oidc", [HttpMethods.Get, HttpMethods.Post], (Delegate)FinishSignInAsync);
        app.MapGet("/signout", (Delegate)SignOutAsync);
        app.MapGet("/signout-callback-oidc", (Delegate)FinishSignOutAsync);
        await app.StartAsync(Cancel);
        return app;
    }

    private static async Task<IResult> MeAsync(HttpContext context) => Results.Json(new
    {
        name = context.User.FindFirstValue("preferred_username"),
        refreshToken = await context.GetTokenAsync(Tokens.RefreshToken),
    });

    private static async Task<IResult> FinishSignInAsync(HttpContext context)
    {
        var result = await context.AuthenticateAsync(Scheme);
        var properties = new AuthenticationProperties { RedirectUri = result.Properties!.RedirectUri };
        properties.StoreTokens(
            result.Properties.GetTokens().Where(token => token.Name is Tokens.RefreshToken or Tokens.BackchannelIdentityToken));
        var identity = new ClaimsIdentity(result.Principal!.Claims, "OpenIddict");
        return Results.SignIn(new(identity), properties, CookieAuthenticationDefaults.AuthenticationScheme);
    }

    private static async Task<IResult> SignOutAsync(HttpContext context)
    {
        var hint = await context.GetTokenAsync(Tokens.BackchannelIdentityToken);
        await context.SignOutAsync(CookieAuthenticationDefaults.AuthenticationScheme);
        return Results.SignOut(
            new AuthenticationProperties
            {
                Items = { [Properties.RegistrationId] = "acme-admin", [Properties.IdentityTokenHint] = hint },
                RedirectUri = "/",
            },
            [Scheme]);
    }

    private static async Task<IResult> FinishSignOutAsync(HttpContext context) =>
        Results.Redirect((await context.AuthenticateAsync(Scheme)).Properties!.RedirectUri!);
}

public sealed class EmbeddedOpenIddictClientTests(EmbeddedRealmUnderTest realm) : OpenIddictClientTests(realm);

public sealed class KeycloakOpenIddictClientTests(KeycloakUnderTest realm) : OpenIddictClientTests(realm);
