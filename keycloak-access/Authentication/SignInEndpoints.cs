using KeycloakAccess.Authentication.StepUp;
using KeycloakAccess.Hosting;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace KeycloakAccess.Authentication;

internal static partial class SignInEndpoints
{
    public const string SignInPath = "/signin";
    public const string SignOutPath = "/signout";
    public const string SignInFailedPath = "/signin-failed";
    public const string SignedOutPath = "/signed-out";
    public const string CallbackPath = "/signin-oidc";
    public const string SignedOutCallbackPath = "/signout-callback-oidc";
    public const string BackChannelLogoutPath = "/signout-backchannel";
    public const string ReturnUrl = "returnUrl";

    /// <summary>Where a sign-in leads that was not asked for by a page.</summary>
    public const string HomePath = "/admin";

    // In characters. It travels in the state, and a proxy takes some 4 KiB of headers.
    private const int LongestTarget = 1000;

    public static void MapSignIn(this IEndpointRouteBuilder routes)
    {
        routes.MapGet(SignInPath, SignInAsync)
            .AddEndpointFilter((context, next) => RateLimits.Of(context.HttpContext).CheckSignIn(context.HttpContext) is { } refused
                ? ValueTask.FromResult<object?>(refused)
                : next(context))
            .AllowAnonymous()
            .SetsSecureCookies()
            .ExcludeFromDescription();
        routes.MapPost(SignOutPath, SignOutAsync)
            .AllowAnonymous()
            .TakesSessionAsItIs()
            .SetsSecureCookies()
            .ExcludeFromDescription();
        routes.MapPost(BackChannelLogoutPath, ReceiveLogoutAsync).AllowAnonymous().DisableAntiforgery().ExcludeFromDescription();
    }

    private static Task<IResult> ReceiveLogoutAsync(BackChannelLogout logout, HttpContext context, CancellationToken cancellationToken) =>
        logout.ReceiveAsync(context, cancellationToken);

    /// <summary>The query that leads back to a page of this site, if it is one, and short enough.</summary>
    public static QueryString ReturnTo(string page) =>
        Target(page) is { } target ? QueryString.Create(ReturnUrl, target) : QueryString.Empty;

    /// <summary>
    /// Signs this browser out at Keycloak, which leads it on to the signed-out page. What has ended here stays ended if Keycloak is away.
    /// </summary>
    /// <param name="context">The request to sign out.</param>
    /// <param name="open">How many sessions have ended here of which Keycloak's own may still be open.</param>
    public static async Task<IResult> LeaveAsync(HttpContext context, int open = 0)
    {
        try
        {
            await context.RequestServices.GetRequiredService<RealmReachability>().EnsureAsync(context.RequestAborted);
            await context.RequestServices.GetRequiredService<RealmMetadata>().GetConfigurationAsync(context.RequestAborted);
        }
        catch (RealmUnreachableException)
        {
            await context.SignOutAsync(Schemes.Session);
            return TypedResults.Redirect(context.Request.PathBase + SignedOutPath + "?keycloak=unreachable");
        }

        var page = context.Request.PathBase + SignedOutPath + (open > 0 ? $"?open={open}" : "");
        return TypedResults.SignOut(new AuthenticationProperties { RedirectUri = page }, [Schemes.Session, Schemes.SignIn]);
    }

    private static async Task<Results<EmptyHttpResult, RedirectHttpResult>> SignInAsync(
        HttpContext context, IOptions<ForwardAuthOptions> forwardAuth, ILogger<RealmMetadata> logger)
    {
        var root = context.Request.PathBase;
        try
        {
            var asked = ReturnUrlOf(context.Request);
            var target = forwardAuth.Value.ReturnPaths.Prepend(root.Value!).Select(path => Target(asked, path.TrimEnd('/')))
                .FirstOrDefault(each => each is not null) ?? root + HomePath;
            var properties = new AuthenticationProperties { RedirectUri = target };
            context.RequestServices.GetRequiredService<StepUpLink>().Mark(properties, context.Request);
            await context.ChallengeAsync(Schemes.SignIn, properties);
            return TypedResults.Empty;
        }
        catch (Exception exception) when (SignInFailure.OutageOf(exception, context.RequestAborted) is not null)
        {
            throw SignInFailure.OutageOf(exception, context.RequestAborted)!;
        }
        catch (OpenIdConnectProtocolException exception)
        {
            // Keycloak refused the pushed authorization request (RFC 9126).
            var reason = SignInFailure.ReasonOf(exception);
            LogRefused(logger, reason, SignInFailure.Printable(exception.Message));
            return TypedResults.Redirect($"{root}{SignInFailedPath}?reason={reason}");
        }
    }

    // nginx writes the address of a request into another one as it is: what follows a slash that is not encoded is all of it.
    private static string? ReturnUrlOf(HttpRequest request)
    {
        const string beginning = $"?{ReturnUrl}=";
        return request.QueryString.Value is { } query && query.StartsWith(beginning + '/', StringComparison.Ordinal)
            ? query[beginning.Length..]
            : request.Query[ReturnUrl];
    }

    private static string? Target(string? page, PathString root = default) =>
        LocalPath.Parse(page, root) is { Length: <= LongestTarget } target ? target : null;

    private static async Task<IResult> SignOutAsync(
        HttpContext context,
        IAntiforgery antiforgery,
        SessionStore sessions,
        EndedSessionStore ended,
        RealmLogout logout,
        CancellationToken cancellationToken)
    {
        var session = await context.AuthenticateAsync(Schemes.Session);
        if (session.Principal is null || SessionHandler.IdOf(session.Principal) is not { } id)
        {
            return TypedResults.Redirect(context.Request.PathBase + SignedOutPath);
        }

        // The antiforgery token is bound to the user of the session, whom no middleware has set here.
        context.User = session.Principal;
        if (await FormBody.TryReadAsync(context.Request, cancellationToken) is null || !await antiforgery.IsRequestValidAsync(context))
        {
            return Problem.Create(
                StatusCodes.Status400BadRequest,
                ProblemCode.FormExpired,
                "The form is too old or not ours. Go back, reload the page and try again.");
        }

        // A copy of the cookie must not outlive the sign-out, and neither must tokens of the same session.
        if (await sessions.FindAsync(id, cancellationToken) is { } row)
        {
            await ended.EndAsync(row, cancellationToken);
            if (SessionHandler.IsBreakGlass(session.Principal))
            {
                // Keycloak has no session of it.
                await context.SignOutAsync(Schemes.Session);
                return TypedResults.Redirect(context.Request.PathBase + SignedOutPath);
            }

            // The redirect ends it too, if the browser follows it; and clears Keycloak's cookies.
            await logout.TellRealmAsync([row], RealmReachability.Patience);
        }

        return await LeaveAsync(context);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Keycloak refused to begin a sign-in ({Reason}): {Message}")]
    private static partial void LogRefused(ILogger logger, string reason, string message);
}
