using KeycloakAccess.Hosting;
using Microsoft.Extensions.Options;

namespace KeycloakAccess.Authentication;

/// <summary>Endpoint metadata: sets cookies, or needs those that were set.</summary>
internal sealed record SecureCookies;

/// <summary>Refuses plain HTTP where HTTPS is needed.</summary>
internal static class SslRequiredMiddleware
{
    /// <summary>Applies Keycloak's <c>ssl-required</c> to incoming requests, before anything in them is read.</summary>
    public static void UseSslRequired(this WebApplication app, PathString except)
    {
        if (!app.Environment.IsDevelopment())
        {
            app.UseHsts();
        }

        var options = app.Services.GetRequiredService<IOptions<KeycloakOptions>>().Value;
        var refusal = new PlainHttpRefusal(app, "This address is only served over HTTPS (Keycloak:ssl-required).");
        app.Use((context, next) =>
            context.Request.IsHttps
            || context.Request.Path.StartsWithSegments(except, StringComparison.Ordinal)
            || !BackchannelHandler.IsSslRequired(options.SslRequired, context.Connection.RemoteIpAddress)
                ? next(context)
                : refusal.AnswerAsync(context));
    }

    /// <summary>Outside Development cookies are Secure: over plain HTTP a browser drops them, and no sign-in comes to its end.</summary>
    public static void UseSslForCookies(this WebApplication app)
    {
        if (!app.Environment.IsDevelopment())
        {
            var refusal = new PlainHttpRefusal(app, "The staff pages are only served over HTTPS, outside Development.");
            app.Use((context, next) => context.Request.IsHttps || !NeedsCookies(context) ? next(context) : refusal.AnswerAsync(context));
        }
    }

    public static TBuilder SetsSecureCookies<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new SecureCookies());

    // The framework's handler answers at the two addresses that Keycloak leads back to.
    private static bool NeedsCookies(HttpContext context) =>
        context.GetEndpoint()?.Metadata.GetMetadata<SecureCookies>() is not null
        || context.Request.Path == SignInEndpoints.CallbackPath
        || context.Request.Path == SignInEndpoints.SignedOutCallbackPath;
}

/// <summary>Says what to set, to the caller every time and in the log once.</summary>
internal sealed partial class PlainHttpRefusal(WebApplication app, string what)
{
    private readonly ILogger _logger = app.Services.GetRequiredService<ILogger<PlainHttpRefusal>>();
    private int _isSaid;

    public Task AnswerAsync(HttpContext context)
    {
        if (Interlocked.Exchange(ref _isSaid, 1) == 0)
        {
            LogRefused(context.Connection.RemoteIpAddress?.ToString() ?? "a Unix socket", what, Proxies.Setting);
        }

        return new RequestMistake(
            StatusCodes.Status403Forbidden,
            ProblemCode.SslRequired,
            $"{what} Behind a proxy that ends TLS, name the proxy in {Proxies.Setting}, and let it send X-Forwarded-Proto.")
            .AnswerAsync(context);
    }

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "Refused a request over plain HTTP, by {Address}. {What} If this is a proxy that ends TLS, name it in {Setting}, "
            + "and let it send X-Forwarded-Proto")]
    private partial void LogRefused(string address, string what, string setting);
}
