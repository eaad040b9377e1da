using KeycloakAccess.Authentication;
using KeycloakAccess.Authentication.BoundTokens;
using KeycloakAccess.Authentication.Introspection;
using KeycloakAccess.Hosting;
using Microsoft.AspNetCore.Cors.Infrastructure;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.Net.Http.Headers;

namespace KeycloakAccess.Cors;

/// <summary>
/// Scripts of other origins call the API with a token, never with a cookie (Fetch Standard, section 3.2). Which origins may: those of the
/// settings, and, as Keycloak's adapters have it, those that the token names in <c>allowed-origins</c>.
/// </summary>
internal static class ApiCors
{
    public const string Policy = "KeycloakAccess";

    private static readonly PathString[] Paths = ["/api", "/access"];

    // Asked about requests to other applications, whose origins are their own affair; a preflight is not let through unasked either.
    private static readonly PathString ForwardAuth = "/access/forward-auth";

    public static void AddApiCors(this IServiceCollection services)
    {
        services.AddSettings<CorsOriginOptions>(CorsOriginOptions.Section);
        services.AddSingleton<IValidateOptions<CorsOriginOptions>, CorsOriginValidator>();
        services.AddCors();
        services.AddTransient<ICorsPolicyProvider, ApiCorsPolicyProvider>();
    }

    /// <summary>Before whatever may answer with an error, which a script must be able to read.</summary>
    public static void UseApiCors(this WebApplication app) => app.UseCors(Policy);

    /// <summary>
    /// After authorization: a preflight carries no token, so any page gets this far with a token that it was not issued for.
    /// </summary>
    public static void UseTokenOrigins(this WebApplication app) => app.Use((context, next) =>
        IsRefused(context)
            ? Problem.Create(
                StatusCodes.Status403Forbidden,
                ProblemCode.OriginRefused,
                "The token does not name the origin of this page in allowed-origins. "
                    + $"In Keycloak: Clients → {TokenCauses.AnyClient} → Settings → Web origins; and "
                    + $"Clients → {TokenCauses.AnyClient} → Client scopes → Add client scope → web-origins (Default).")
                .ExecuteAsync(context)
            : next(context));

    public static bool IsApi(HttpRequest request) =>
        Array.Exists(Paths, path => request.Path.StartsWithSegments(path, StringComparison.OrdinalIgnoreCase))
        && !request.Path.StartsWithSegments(ForwardAuth, StringComparison.OrdinalIgnoreCase);

    public static bool IsMetadata(HttpRequest request) =>
        request.Path.StartsWithSegments(ResourceMetadata.Path, StringComparison.Ordinal);

    private static bool IsRefused(HttpContext context)
    {
        var services = context.RequestServices;
        var origin = context.Request.Headers.Origin.ToString();
        return origin.Length > 0
            && services.GetRequiredService<IOptions<KeycloakOptions>>().Value.EnableCors
            && IsApi(context.Request)
            && !string.Equals(origin, $"{context.Request.Scheme}://{context.Request.Host}", StringComparison.OrdinalIgnoreCase)
            && !services.GetRequiredService<IOptions<CorsOriginOptions>>().Value.Origins.Contains(origin, StringComparer.Ordinal)
            && CallerIdentity.Of(context) is { Known.Identity.IsSession: false }
            && !Names(context.User.Claims.Where(claim => claim.Type == "allowed-origins").Select(claim => claim.Value), origin);
    }

    internal static bool Names(IEnumerable<string> allowed, string origin) => allowed.Any(each => each == origin || each == "*");
}

internal sealed class ApiCorsPolicyProvider(
    IOptions<CorsOptions> application, IOptions<CorsOriginOptions> origins, IOptions<KeycloakOptions> keycloak) : ICorsPolicyProvider
{
    private static readonly string[] Methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

    private static readonly string[] Read =
    [
        HeaderNames.Authorization, HeaderNames.Accept, HeaderNames.ContentType, HeaderNames.IfMatch, HeaderNames.IfNoneMatch,
        "Idempotency-Key", RequestIds.Header, DpopProofs.Header,
    ];

    private static readonly string[] Written =
    [
        HeaderNames.WWWAuthenticate, HeaderNames.ETag, HeaderNames.Location, HeaderNames.RetryAfter, HeaderNames.Allow,
        HeaderNames.ContentDisposition, RequestIds.Header, DpopNonces.Header,
    ];

    // What everybody may know.
    private static readonly CorsPolicy ForAll =
        new CorsPolicyBuilder().AllowAnyOrigin().AllowAnyHeader().WithMethods("GET", "HEAD").Build();

    private readonly DefaultCorsPolicyProvider _application = new(application);

    public Task<CorsPolicy?> GetPolicyAsync(HttpContext context, string? policyName) => policyName != ApiCors.Policy
        ? _application.GetPolicyAsync(context, policyName)
        : ApiCors.IsMetadata(context.Request) ? Task.FromResult<CorsPolicy?>(ForAll)
        : Task.FromResult(
            ApiCors.IsApi(context.Request) && (keycloak.Value.EnableCors || origins.Value.Origins.Count > 0)
                ? Create(context.Request)
                : null);

    private CorsPolicy Create(HttpRequest request)
    {
        var options = keycloak.Value;
        var policy = new CorsPolicyBuilder()
            .SetIsOriginAllowed(origin => IsAllowed(request, origin))
            .WithMethods(OrElse(options.CorsAllowedMethods, Methods))
            .WithHeaders(OrElse(options.CorsAllowedHeaders, Read))
            .WithExposedHeaders(OrElse(options.CorsExposedHeaders, Written))
            .DisallowCredentials();
        return (options.CorsMaxAge is { } age ? policy.SetPreflightMaxAge(age) : policy).Build();

        static string[] OrElse(IReadOnlyList<string> configured, string[] otherwise) => configured.Count > 0 ? [.. configured] : otherwise;
    }

    // The token is not verified yet. One that is not authentic gets nothing but an error, and whose page reads that does not matter.
    private bool IsAllowed(HttpRequest request, string origin) =>
        origins.Value.Origins.Contains(origin, StringComparer.Ordinal)
        || (keycloak.Value.EnableCors
            && (IsPreflight(request) || FindAllowedOrigins(request) is not { } allowed || ApiCors.Names(allowed, origin)));

    private static bool IsPreflight(HttpRequest request) =>
        HttpMethods.IsOptions(request.Method) && request.Headers.ContainsKey(HeaderNames.AccessControlRequestMethod);

    // Without a token there is none to name an origin, and the answer is the same for everybody.
    private static IEnumerable<string>? FindAllowedOrigins(HttpRequest request)
    {
        // A token that the realm is asked about may say nothing: UseTokenOrigins goes by the answer.
        var context = request.HttpContext;
        if (context.RequestServices.GetRequiredService<IntrospectionRules>().Of(context) == IntrospectionUse.Instead)
        {
            return null;
        }

        var scheme = Challenges.UsesDpop(request) ? Challenges.Dpop : Schemes.Bearer;
        if (!BearerHandler.TryReadToken(request, out var text, scheme) || text is null || CompactToken.Parse(text, out _) is null)
        {
            return null;
        }

        return new JsonWebToken(text).Claims.Where(claim => claim.Type == "allowed-origins").Select(claim => claim.Value);
    }
}
