using KeycloakAccess.Authentication.BoundTokens;
using KeycloakAccess.Authentication.Introspection;
using KeycloakAccess.Authentication.StepUp;
using KeycloakAccess.Data;
using KeycloakAccess.Hosting;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace KeycloakAccess.Authentication;

/// <summary>Says how callers of an endpoint authenticate.</summary>
public static class KeycloakSetup
{
    internal const string Backchannel = "Keycloak";

    internal static void AddKeycloak(this IServiceCollection services)
    {
        // KeycloakOptionsReader knows the keys.
        services.AddSettings(KeycloakOptions.Section);
        services.AddSingleton<IConfigureOptions<KeycloakOptions>, KeycloakOptionsReader>();
        services.AddSingleton<IValidateOptions<KeycloakOptions>>(
            provider => new KeycloakOptionsValidator(provider.GetRequiredService<IHostEnvironment>().ContentRootPath));
        services.AddOptions<KeycloakOptions>().ValidateOnStart();

        services.AddHttpClient(Backchannel, client =>
            {
                client.Timeout = BackchannelHandler.Timeout;
                // Metadata and keys of a realm are some 10 KiB.
                client.MaxResponseContentBufferSize = 1024 * 1024;
            })
            .ConfigurePrimaryHttpMessageHandler(provider =>
                BackchannelHandler.Create(provider.GetRequiredService<IOptions<KeycloakOptions>>()))
            // PooledConnectionLifetime renews its connections.
            .SetHandlerLifetime(Timeout.InfiniteTimeSpan);
        services.AddSingleton(provider => ActivatorUtilities.CreateInstance<RealmMetadata>(
            provider, provider.GetRequiredService<IHttpClientFactory>().CreateClient(Backchannel)));
        services.AddSingleton<RealmReachability>();
        services.AddHostedService<RealmProbe>();
        services.AddBackgroundService<RealmNotBefore>();
        services.AddHealthChecks().AddCheck<RealmCheck>("realm");
        services.AddSettings<ForwardAuthOptions>(ForwardAuthOptions.Section);
        services.AddSingleton<IValidateOptions<ForwardAuthOptions>, ForwardAuthValidator>();
        services.AddSingleton<EndedSessionStore>();
        services.AddSingleton<TokenEnds>();
        services.AddSingleton<SessionLimits>();
        services.AddSingleton<SessionStore>();
        services.AddSingleton<KnownSessions>();
        services.AddBackgroundService<SessionUses>();
        services.AddSingleton<SessionRefreshStore>();
        services.AddSingleton<TokenRefresh>();
        services.AddBackgroundService<SessionRefresher>();
        services.AddSingleton<AccessTokens>();
        services.AddBoundTokens();
        services.AddStepUp();
        services.AddIntrospection();
        services.AddSettings<ProtectedResourceOptions>(ProtectedResourceOptions.Section);
        services.AddSingleton<IValidateOptions<ProtectedResourceOptions>, ProtectedResourceValidator>();
        services.AddSingleton<Challenges>();
        services.AddSingleton<RealmLogoutStore>();
        services.AddSingleton<RealmLogout>();
        services.AddBackgroundService<RealmLogoutQueue>();
        services.AddSingleton<BackChannelLogout>();
        services.AddBackgroundService<RealmKeyLog>();
        services.AddBackgroundService<ClientTokenLog>();
        services.AddSingleton(provider => new MigrationValues(provider.GetRequiredService<IOptions<KeycloakOptions>>().Value.Resource));

        // A line for each request that is refused: OutageLog counts those of an outage.
        services.AddLogging(logging => logging.AddFilter(typeof(BearerHandler).FullName, LogLevel.None));
        // No default scheme: each route group names the ones it takes.
        services.AddAuthentication()
            .AddScheme<AuthenticationSchemeOptions, BearerHandler>(Schemes.Bearer, configureOptions: null)
            .AddKeycloakSession()
            .AddPolicyScheme(Schemes.BearerOrSession, displayName: null, scheme => scheme.ForwardDefaultSelector = ChooseScheme);
        services.AddSingleton<IAuthorizationHandler, AntiforgeryHandler>();
    }

    /// <summary>Takes access tokens, and nothing else.</summary>
    public static TBuilder RequireBearer<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder =>
        builder.RequireAuthorization(Policy(Schemes.Bearer)).WithMetadata(new AnswersPrograms());

    /// <summary>Takes the session cookie of a sign-in, and nothing else.</summary>
    public static TBuilder RequireSession<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder => builder.RequireAuthorization(Policy(Schemes.Session)).SetsSecureCookies();

    /// <summary>
    /// Takes access tokens and the session cookie of a sign-in, so that a page of this service's own origin uses the API that others call
    /// with tokens. A request with both is decided by its token alone. In a session, every method but GET, HEAD and OPTIONS needs the
    /// antiforgery token in a header; <c>GET /antiforgery</c> gives it and the header's name. Without either, or with a session that has
    /// ended, the answer is 401 with problem details, never a redirect.
    /// </summary>
    public static TBuilder RequireBearerOrSession<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder => builder
            .WithMetadata(new BearerOrSession())
            .RequireAuthorization(new AuthorizationPolicyBuilder(Schemes.BearerOrSession)
                .RequireAuthenticatedUser()
                .AddRequirements(new AntiforgeryRequirement())
                .Build());

    /// <summary>For what ends a session or asks how long it lasts: see <see cref="Authentication.TakesSessionAsItIs"/>.</summary>
    internal static TBuilder TakesSessionAsItIs<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new TakesSessionAsItIs());

    private static string ChooseScheme(HttpContext context) =>
        context.Request.Headers.Authorization.Count == 0 && SessionHandler.HasCookie(context) ? Schemes.Session : Schemes.Bearer;

    private sealed class RealmCheck(RealmMetadata metadata) : IHealthCheck
    {
        public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
            Task.FromResult(metadata.CanCheckTokens ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy(metadata.LastFailure));
    }

    private static AuthorizationPolicy Policy(string scheme) =>
        new AuthorizationPolicyBuilder(scheme).RequireAuthenticatedUser().Build();
}
