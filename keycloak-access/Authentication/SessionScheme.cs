using System.Globalization;
using System.Security.Claims;
using KeycloakAccess.Data;
using KeycloakAccess.Hosting;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace KeycloakAccess.Authentication;

/// <summary>Endpoint metadata: how a route group answers a form that comes without a session. Without it, by problem details.</summary>
internal sealed record SignInAgain(Func<HttpContext, Task<IResult>> Answer);

// OpenID Connect code flow with PKCE (RFC 7636), then a session cookie. The cookie scheme challenges (401 for data, a redirect for pages);
// only the sign-in endpoint challenges OpenID Connect.
internal static partial class SessionScheme
{
    /// <summary>The claims of the ID token that the session keeps: others would only make the cookie larger.</summary>
    private static readonly string[] KeptClaims =
        ["iss", "sub", "azp", "sid", "iat", "preferred_username", "email", "name", "realm_access", "resource_access", "groups"];

    /// <summary>The property for the instant of the sign-in: the cookie's own IssuedUtc has no fractions of a second.</summary>
    private const string StartedAt = "started";

    public static AuthenticationBuilder AddKeycloakSession(this AuthenticationBuilder builder)
    {
        builder.AddCookie(Schemes.Session).AddOpenIdConnect(Schemes.SignIn, _ => { });
        builder.Services.AddOptions<CookieAuthenticationOptions>(Schemes.Session)
            .Configure<IOptions<KeycloakOptions>, IHostEnvironment>(ConfigureCookie);
        builder.Services.AddOptions<OpenIdConnectOptions>(Schemes.SignIn)
            .Configure<IOptions<KeycloakOptions>, RealmMetadata, IHttpMessageHandlerFactory, IHostEnvironment>(ConfigureSignIn);
        return builder;
    }

    private static void ConfigureCookie(
        CookieAuthenticationOptions options, IOptions<KeycloakOptions> keycloak, IHostEnvironment environment)
    {
        // __Host- binds the cookie to this host and to HTTPS (RFC 6265bis, section 4.1.3.2): over plain HTTP a browser drops it.
        options.Cookie.Name = environment.IsDevelopment() ? "session" : "__Host-session";
        options.Cookie.HttpOnly = true;
        options.Cookie.SameSite = SameSiteMode.Lax;
        options.Cookie.SecurePolicy = environment.IsDevelopment() ? CookieSecurePolicy.SameAsRequest : CookieSecurePolicy.Always;
        options.ExpireTimeSpan = keycloak.Value.SignIn.SessionLifetime;
        // The roles in the cookie are those of the sign-in, so use does not prolong its life.
        options.SlidingExpiration = false;
        options.LoginPath = SignInEndpoints.SignInPath;
        options.ReturnUrlParameter = SignInEndpoints.ReturnUrl;
        options.Events = new CookieAuthenticationEvents
        {
            OnRedirectToLogin = AskToSignInAsync,
            OnValidatePrincipal = RefuseEndedSessionAsync,
        };
    }

    private static void ConfigureSignIn(
        OpenIdConnectOptions options,
        IOptions<KeycloakOptions> keycloak,
        RealmMetadata metadata,
        IHttpMessageHandlerFactory handlers,
        IHostEnvironment environment)
    {
        options.SignInScheme = Schemes.Session;
        options.ConfigurationManager = metadata;
        options.BackchannelHttpHandler = handlers.CreateHandler(KeycloakSetup.Backchannel);
        options.BackchannelTimeout = BackchannelHandler.Timeout;
        options.ClientId = keycloak.Value.SignIn.Resource;
        options.ClientSecret = keycloak.Value.SignIn.Secret;
        options.ResponseType = OpenIdConnectResponseType.Code;
        // A form posted by another site would carry no cookie of SameSite=Lax.
        options.ResponseMode = OpenIdConnectResponseMode.Query;
        options.UsePkce = true;
        options.MapInboundClaims = false;
        // The handler's defaults delete iss and azp.
        options.ClaimActions.Clear();
        options.GetClaimsFromUserInfoEndpoint = false;
        options.SaveTokens = false;
        options.UseTokenLifetime = false;
        options.Scope.Clear();
        options.Scope.Add("openid");
        options.CallbackPath = SignInEndpoints.CallbackPath;
        options.SignedOutCallbackPath = SignInEndpoints.SignedOutCallbackPath;
        options.SignedOutRedirectUri = SignInEndpoints.SignedOutPath;
        // Front-channel logout depends on third-party cookies, which browsers no longer send.
        options.RemoteSignOutPath = PathString.Empty;
        options.TokenValidationParameters = metadata.NewParameters(keycloak.Value.SignIn.Resource, "JWT");
        foreach (var (cookie, name) in new[] { (options.CorrelationCookie, "correlation."), (options.NonceCookie, "nonce.") })
        {
            // With the prefix a host of the same domain cannot set the cookies of a sign-in of its own.
            cookie.Name = environment.IsDevelopment() ? name : "__Host-" + name;
            cookie.Path = "/";
            cookie.SameSite = SameSiteMode.Lax;
            cookie.SecurePolicy = environment.IsDevelopment() ? CookieSecurePolicy.SameAsRequest : CookieSecurePolicy.Always;
        }

        options.Events = new OpenIdConnectEvents
        {
            OnRedirectToIdentityProvider = EnsureRealmReachableAsync,
            OnTokenResponseReceived = CheckTokenResponseAsync,
            OnTokenValidated = StartSessionAsync,
            OnRemoteFailure = RedirectToFailureAsync,
        };
    }

    private static async Task AskToSignInAsync(RedirectContext<CookieAuthenticationOptions> context)
    {
        var acceptsHtml = context.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase);
        if (acceptsHtml && HttpMethods.IsGet(context.Request.Method))
        {
            context.Response.Redirect(context.RedirectUri);
            return;
        }

        // For a part of a page, the page's script says that the session has ended: what is being typed stays.
        if (acceptsHtml
            && !context.Request.Headers.ContainsKey("HX-Request")
            && context.HttpContext.GetEndpoint()?.Metadata.GetMetadata<SignInAgain>() is { } again)
        {
            await (await again.Answer(context.HttpContext)).ExecuteAsync(context.HttpContext);
            return;
        }

        await Problem.Create(
            StatusCodes.Status401Unauthorized,
            ProblemCode.SessionMissing,
            $"You are not signed in, or your session has ended. Sign in at {SignInEndpoints.SignInPath}.")
            .ExecuteAsync(context.HttpContext);
    }

    private static async Task RefuseEndedSessionAsync(CookieValidatePrincipalContext context)
    {
        var sessions = context.HttpContext.RequestServices.GetRequiredService<EndedSessionStore>();
        var startedAt = context.Properties.Items.TryGetValue(StartedAt, out var text)
            && DateTimeOffset.TryParseExact(text, "O", CultureInfo.InvariantCulture, DateTimeStyles.None, out var exact)
                ? exact
                : DateTimeOffset.MinValue;
        var realm = context.HttpContext.RequestServices.GetRequiredService<IOptions<KeycloakOptions>>().Value;
        // A cookie outlives a change of the settings to another realm.
        if (KeycloakIdentity.Read(context.Principal!, out _) is not { } identity
            || !string.Equals(identity.Issuer, realm.Issuer, StringComparison.Ordinal)
            || await sessions.HasEndedAsync(identity, startedAt, context.HttpContext.RequestAborted))
        {
            context.RejectPrincipal();
            await context.HttpContext.SignOutAsync(Schemes.Session);
        }
    }

    // Before the redirect, so that an outage is a 503 here and not an error page of the browser.
    private static async Task EnsureRealmReachableAsync(RedirectContext context)
    {
        var metadata = context.HttpContext.RequestServices.GetRequiredService<RealmMetadata>();
        await metadata.GetConfigurationAsync(context.HttpContext.RequestAborted);
    }

    private static async Task CheckTokenResponseAsync(TokenResponseReceivedContext context)
    {
        var response = context.TokenEndpointResponse;
        // RFC 6749, section 7.1, and OpenID Connect Core 1.0, section 3.1.3.3.
        if (!string.Equals(response.TokenType, "Bearer", StringComparison.OrdinalIgnoreCase))
        {
            context.Fail("Keycloak answered the sign-in with a token that is no bearer token.");
            return;
        }

        if (CompactToken.Parse(response.IdToken ?? "", out var mistake) is not { } token)
        {
            context.Fail(new TokenRefusedException(SignInFailure.Token, mistake!));
            return;
        }

        var options = context.HttpContext.RequestServices.GetRequiredService<IOptions<KeycloakOptions>>().Value;
        if (TokenCauses.FindRefusalOfIdToken(token, new JsonWebToken(response.IdToken), options) is { } refusal)
        {
            context.Fail(refusal);
            return;
        }

        await context.HttpContext.RequestServices.GetRequiredService<RealmMetadata>()
            .EnsureKeyAsync(token.KeyId, context.HttpContext.RequestAborted);
    }

    private static async Task StartSessionAsync(Microsoft.AspNetCore.Authentication.OpenIdConnect.TokenValidatedContext context)
    {
        var idToken = new JsonWebToken(context.TokenEndpointResponse!.IdToken);
        if (!idToken.TryGetPayloadValue<string>("typ", out var type) || type != "ID")
        {
            context.Fail("Keycloak answered the sign-in with a token that is no ID token.");
            return;
        }

        var services = context.HttpContext.RequestServices;
        var now = services.GetRequiredService<TimeProvider>().GetUtcNow();
        if (TokenCauses.IssuedAt(idToken) - now is var ahead && ahead > TokenCauses.ClockDifference)
        {
            context.Fail(new TokenRefusedException(SignInFailure.Clock, TokenCauses.IssuedAhead(ahead)) { ClockAhead = ahead });
            return;
        }

        var kept = context.Principal!.Claims.Where(claim => KeptClaims.Contains(claim.Type, StringComparer.Ordinal));
        if (TokenCauses.FindClaimsLeftOut(idToken, context.TokenEndpointResponse.AccessToken) is { } leftOut)
        {
            kept = kept.Append(new Claim(KeycloakIdentity.ClaimsLeftOutClaim, leftOut));
        }

        context.Principal = new ClaimsPrincipal(new ClaimsIdentity(kept, Schemes.SignIn, "preferred_username", "none"));
        if (KeycloakIdentity.Read(context.Principal, out var error) is not { } identity)
        {
            context.Fail(error!);
            return;
        }

        context.Properties!.Items[StartedAt] = now.ToString("O", CultureInfo.InvariantCulture);
        // Keycloak ends its session without asking only if it gets the ID token back (RP-Initiated Logout 1.0, section 2).
        context.Properties.StoreTokens([new AuthenticationToken { Name = "id_token", Value = context.TokenEndpointResponse.IdToken }]);
        await services.GetRequiredService<SessionStore>().AddAsync(
            new NewSession
            {
                Identity = identity,
                StartedAt = now,
                ExpiresAt = now + services.GetRequiredService<IOptions<KeycloakOptions>>().Value.SignIn.SessionLifetime,
                Address = context.HttpContext.Connection.RemoteIpAddress?.ToString(),
                UserAgent = context.Request.Headers.UserAgent.ToString(),
                RefreshToken = context.TokenEndpointResponse.RefreshToken,
            },
            context.HttpContext.RequestAborted);
        if (!IsRenewal(context.HttpContext, identity))
        {
            services.GetRequiredService<RequestCounters>().CountInDay(RequestCounters.SignIns);
        }
    }

    // A cookie of the same session at Keycloak ran out here, and Keycloak signed in without a question.
    private static bool IsRenewal(HttpContext context, KeycloakIdentity identity)
    {
        var options = context.RequestServices.GetRequiredService<IOptionsMonitor<CookieAuthenticationOptions>>().Get(Schemes.Session);
        return identity.SessionId is not null
            && options.CookieManager.GetRequestCookie(context, options.Cookie.Name!) is { } cookie
            && options.TicketDataFormat.Unprotect(cookie) is { } ticket
            && KeycloakIdentity.Read(ticket.Principal, out _)?.SessionId == identity.SessionId;
    }

    private static Task RedirectToFailureAsync(RemoteFailureContext context)
    {
        var logger = context.HttpContext.RequestServices.GetRequiredService<ILogger<RealmMetadata>>();
        var reason = SignInFailure.ReasonOf(context.Failure);
        LogSignInFailed(logger, reason, SignInFailure.Printable(context.Failure?.Message ?? ""));
        var now = context.HttpContext.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow();
        var ahead = SignInFailure.ClockAheadOf(context.Failure, now) is { } difference ? $"&ahead={difference.TotalSeconds:0}" : "";
        context.HandleResponse();
        context.Response.Redirect($"{SignInEndpoints.SignInFailedPath}?reason={reason}{ahead}");
        return Task.CompletedTask;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "A sign-in failed ({Reason}): {Message}")]
    private static partial void LogSignInFailed(ILogger logger, string reason, string message);
}
