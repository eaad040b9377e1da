using System.Globalization;
using System.Security.Claims;
using KeycloakAccess.Data;
using KeycloakAccess.Hosting;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace KeycloakAccess.Authentication;

/// <summary>Endpoint metadata: how a route group answers a form that comes without a session, where it is not by problem details.</summary>
internal sealed record SignInAgain(Func<HttpContext, Task<IResult>> Answer);

/// <summary>
/// Staff in the browser: OpenID Connect code flow with PKCE (RFC 7636) against the realm, then a session cookie of our
/// own. The cookie challenges (401 for data, a redirect for pages); only the sign-in endpoint challenges OpenID Connect.
/// </summary>
internal static partial class SessionScheme
{
    /// <summary>The claims of the ID token that the session keeps. Everything else would only make the cookie larger.</summary>
    private static readonly string[] Kept =
        ["iss", "sub", "azp", "sid", "iat", "preferred_username", "email", "name", "realm_access", "resource_access", "groups"];

    /// <summary>When the sign-in happened, exactly: the cookie's own IssuedUtc ends at the second, and a session may end and begin again within one.</summary>
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

    private static void ConfigureCookie(CookieAuthenticationOptions options, IOptions<KeycloakOptions> keycloak, IHostEnvironment environment)
    {
        // The prefix __Host- binds the cookie to this host and to HTTPS (RFC 6265bis, section 4.1.3.2). Over plain HTTP,
        // in development, a browser would drop it.
        options.Cookie.Name = environment.IsDevelopment() ? "session" : "__Host-session";
        options.Cookie.HttpOnly = true;
        options.Cookie.SameSite = SameSiteMode.Lax;
        options.Cookie.SecurePolicy = environment.IsDevelopment() ? CookieSecurePolicy.SameAsRequest : CookieSecurePolicy.Always;
        options.ExpireTimeSpan = keycloak.Value.SignIn.SessionLifetime;
        // The roles in the cookie are those of the sign-in, so its life is not prolonged by use.
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
        // In the query, not as a posted form: a cross-site post would carry no cookie of SameSite=Lax.
        options.ResponseMode = OpenIdConnectResponseMode.Query;
        options.UsePkce = true;
        options.MapInboundClaims = false;
        // The handler's defaults delete iss and azp after the token has been validated; StartSession picks what is kept.
        options.ClaimActions.Clear();
        options.GetClaimsFromUserInfoEndpoint = false;
        options.SaveTokens = false;
        options.UseTokenLifetime = false;
        options.Scope.Clear();
        options.Scope.Add("openid");
        options.CallbackPath = SignInEndpoints.CallbackPath;
        options.SignedOutCallbackPath = SignInEndpoints.SignedOutCallbackPath;
        options.SignedOutRedirectUri = SignInEndpoints.SignedOutPath;
        // Front-channel logout depends on third-party cookies, which browsers no longer send. Keycloak uses the back channel.
        options.RemoteSignOutPath = PathString.Empty;
        options.TokenValidationParameters = new TokenValidationParameters
        {
            ValidIssuer = keycloak.Value.Issuer,
            ValidAudience = keycloak.Value.SignIn.Resource,
            ValidTypes = ["JWT"],
            ValidAlgorithms = keycloak.Value.TokenAlgorithms,
            ClockSkew = keycloak.Value.TokenClockSkew,
            NameClaimType = "preferred_username",
            RoleClaimType = "none",
        };
        foreach (var (cookie, name) in new[] { (options.CorrelationCookie, "correlation."), (options.NonceCookie, "nonce.") })
        {
            // With the prefix no neighbouring host can plant the cookies of a sign-in of its own.
            cookie.Name = environment.IsDevelopment() ? name : "__Host-" + name;
            cookie.Path = "/";
            cookie.SameSite = SameSiteMode.Lax;
            cookie.SecurePolicy = environment.IsDevelopment() ? CookieSecurePolicy.SameAsRequest : CookieSecurePolicy.Always;
        }

        options.Events = new OpenIdConnectEvents
        {
            OnRedirectToIdentityProvider = ReachForRealmAsync,
            OnTokenValidated = StartSession,
            OnRemoteFailure = ExplainFailure,
        };
    }

    private static async Task AskToSignInAsync(RedirectContext<CookieAuthenticationOptions> context)
    {
        var wantsPage = HttpMethods.IsGet(context.Request.Method)
            && context.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase);
        if (wantsPage)
        {
            context.Response.Redirect(context.RedirectUri);
            return;
        }

        // A part of a page, fetched by its script, which says on the page that the session has ended. Nothing is loaded anew by
        // itself: what somebody is typing meanwhile is kept when it is sent.
        if (!context.Request.Headers.ContainsKey("HX-Request")
            && context.HttpContext.GetEndpoint()?.Metadata.GetMetadata<SignInAgain>() is { } again
            && context.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase))
        {
            await (await again.Answer(context.HttpContext)).ExecuteAsync(context.HttpContext);
            return;
        }

        await Problem.Create(
            StatusCodes.Status401Unauthorized,
            "session_missing",
            $"You are not signed in, or your session has ended. Sign in at {SignInEndpoints.SignInPath}.").ExecuteAsync(context.HttpContext);
    }

    private static async Task RefuseEndedSessionAsync(CookieValidatePrincipalContext context)
    {
        var sessions = context.HttpContext.RequestServices.GetRequiredService<EndedSessionStore>();
        var startedAt = context.Properties.Items.TryGetValue(StartedAt, out var text)
            && DateTimeOffset.TryParseExact(text, "O", CultureInfo.InvariantCulture, DateTimeStyles.None, out var exact)
                ? exact
                : DateTimeOffset.MinValue;
        var realm = context.HttpContext.RequestServices.GetRequiredService<IOptions<KeycloakOptions>>().Value;
        // A cookie outlives a change of the settings. Another realm's word counts for nothing any more.
        if (KeycloakIdentity.Read(context.Principal!, out _) is not { } identity
            || !string.Equals(identity.Issuer, realm.Issuer, StringComparison.Ordinal)
            || await sessions.HasEndedAsync(identity, startedAt, context.HttpContext.RequestAborted))
        {
            context.RejectPrincipal();
            await context.HttpContext.SignOutAsync(Schemes.Session);
        }
    }

    // Asked before the redirect, so that an outage is a 503 here and not an error page of the browser there.
    private static async Task ReachForRealmAsync(RedirectContext context)
    {
        var metadata = context.HttpContext.RequestServices.GetRequiredService<RealmMetadata>();
        await metadata.GetConfigurationAsync(context.HttpContext.RequestAborted);
    }

    private static async Task StartSession(Microsoft.AspNetCore.Authentication.OpenIdConnect.TokenValidatedContext context)
    {
        if (context.Principal!.FindFirst("typ")?.Value is not "ID")
        {
            context.Fail("Keycloak answered the sign-in with a token that is no ID token.");
            return;
        }

        var kept = context.Principal.Claims.Where(claim => Kept.Contains(claim.Type, StringComparer.Ordinal));
        context.Principal = new ClaimsPrincipal(new ClaimsIdentity(kept, Schemes.SignIn, "preferred_username", "none"));
        if (KeycloakIdentity.Read(context.Principal, out var error) is not { } identity)
        {
            context.Fail(error!);
            return;
        }

        var services = context.HttpContext.RequestServices;
        var now = services.GetRequiredService<TimeProvider>().GetUtcNow();
        context.Properties!.Items[StartedAt] = now.ToString("O", CultureInfo.InvariantCulture);
        // Keycloak ends its session without asking only if it gets the ID token back (RP-Initiated Logout 1.0, section 2).
        context.Properties.StoreTokens([new AuthenticationToken { Name = "id_token", Value = context.TokenEndpointResponse!.IdToken }]);
        await services.GetRequiredService<SessionStore>().AddAsync(
            identity,
            now,
            now + services.GetRequiredService<IOptions<KeycloakOptions>>().Value.SignIn.SessionLifetime,
            context.HttpContext.Connection.RemoteIpAddress?.ToString(),
            context.Request.Headers.UserAgent.ToString(),
            context.TokenEndpointResponse.RefreshToken,
            context.HttpContext.RequestAborted);
        if (!Renews(context.HttpContext, identity))
        {
            services.GetRequiredService<RequestCounters>().CountInDay(RequestCounters.SignIns);
        }
    }

    // Whoever still has the cookie of the same session at Keycloak was sent there because it ran out here, and typed nothing.
    private static bool Renews(HttpContext context, KeycloakIdentity identity)
    {
        var options = context.RequestServices.GetRequiredService<IOptionsMonitor<CookieAuthenticationOptions>>().Get(Schemes.Session);
        return identity.SessionId is not null
            && options.CookieManager.GetRequestCookie(context, options.Cookie.Name!) is { } cookie
            && options.TicketDataFormat.Unprotect(cookie) is { } ticket
            && KeycloakIdentity.Read(ticket.Principal, out _)?.SessionId == identity.SessionId;
    }

    private static Task ExplainFailure(RemoteFailureContext context)
    {
        var logger = context.HttpContext.RequestServices.GetRequiredService<ILogger<RealmMetadata>>();
        var reason = SignInFailure.ReasonOf(context.Failure);
        LogSignInFailed(logger, reason, SignInFailure.Printable(context.Failure?.Message ?? ""));
        context.HandleResponse();
        context.Response.Redirect($"{SignInEndpoints.SignInFailedPath}?reason={reason}");
        return Task.CompletedTask;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "A sign-in failed ({Reason}): {Message}")]
    private static partial void LogSignInFailed(ILogger logger, string reason, string message);
}
