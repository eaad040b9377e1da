using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace KeycloakAccess.Authentication;

// OpenID Connect code flow with PKCE (RFC 7636), then a session cookie. The session's scheme challenges (401 for data, a redirect for
// pages); only the sign-in endpoint challenges OpenID Connect.
internal static class SessionScheme
{
    public static AuthenticationBuilder AddKeycloakSession(this AuthenticationBuilder builder)
    {
        builder.AddScheme<SessionSchemeOptions, SessionHandler>(Schemes.Session, configureOptions: null);
        builder.Services.TryAddEnumerable(
            ServiceDescriptor.Singleton<IPostConfigureOptions<OpenIdConnectOptions>, OpenIdConnectPostConfigureOptions>());
        builder.AddRemoteScheme<OpenIdConnectOptions, SignInHandler>(Schemes.SignIn, displayName: null, _ => { });
        builder.Services.AddSingleton<SignInEvents>();
        builder.Services.AddOptions<SessionSchemeOptions>(Schemes.Session)
            .Configure<IHostEnvironment>((options, environment) => Bind(options.Cookie, "session", environment));
        builder.Services.AddOptions<OpenIdConnectOptions>(Schemes.SignIn)
            .Configure<IOptions<KeycloakOptions>, RealmMetadata, IHttpMessageHandlerFactory, IHostEnvironment>(ConfigureSignIn);
        return builder;
    }

    // __Host- binds a cookie to this host, to HTTPS and to the path / (RFC 6265bis, section 4.1.3.2): no other host of the domain can set
    // one, and over plain HTTP a browser drops it.
    private static void Bind(CookieBuilder cookie, string name, IHostEnvironment environment)
    {
        cookie.Name = environment.IsDevelopment() ? name : "__Host-" + name;
        cookie.Path = "/";
        cookie.SameSite = SameSiteMode.Lax;
        cookie.SecurePolicy = environment.IsDevelopment() ? CookieSecurePolicy.SameAsRequest : CookieSecurePolicy.Always;
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
        options.BackchannelHttpHandler = new ServerErrors { InnerHandler = handlers.CreateHandler(KeycloakSetup.Backchannel) };
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
        options.DisableTelemetry = true;
        options.Scope.Clear();
        options.Scope.Add("openid");
        options.CallbackPath = SignInEndpoints.CallbackPath;
        options.SignedOutCallbackPath = SignInEndpoints.SignedOutCallbackPath;
        options.SignedOutRedirectUri = SignInEndpoints.SignedOutPath;
        // Front-channel logout depends on third-party cookies, which browsers no longer send.
        options.RemoteSignOutPath = PathString.Empty;
        options.TokenValidationParameters = metadata.NewParameters(keycloak.Value.SignIn.Resource, "JWT");
        // The handler's own are those of before the code was redeemed: the first sign-in after a key rotation would fail.
        options.TokenValidationParameters.IssuerSigningKeyResolver = (_, _, keyId, _) => metadata.FindKey(keyId) is { } key ? [key] : [];
        // SignInEvents keeps the nonce in the state, which the correlation cookie binds to the browser: one cookie less.
        options.ProtocolValidator.RequireNonce = false;
        options.ProtocolValidator.RequireTimeStampInNonce = false;
        Bind(options.CorrelationCookie, "correlation.", environment);
        options.EventsType = typeof(SignInEvents);
    }

    /// <summary>What is answered with 5xx is no answer of the realm: the error page of a proxy is an outage too.</summary>
    private sealed class ServerErrors : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var answer = await base.SendAsync(request, cancellationToken);
            if (answer.StatusCode < System.Net.HttpStatusCode.InternalServerError)
            {
                return answer;
            }

            using (answer)
            {
                throw new RealmUnreachableException($"HTTP {(int)answer.StatusCode} at {request.RequestUri!.AbsolutePath}");
            }
        }
    }
}
