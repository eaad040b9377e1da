using KeycloakAccess.Hosting;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http.HttpResults;
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

    public static void MapSignIn(this IEndpointRouteBuilder routes)
    {
        routes.MapGet(SignInPath, SignInAsync).AllowAnonymous().ExcludeFromDescription();
        routes.MapPost(SignOutPath, SignOutAsync).AllowAnonymous().ExcludeFromDescription();
        routes.MapPost(BackChannelLogoutPath, ReceiveLogoutAsync).AllowAnonymous().DisableAntiforgery().ExcludeFromDescription();
    }

    private static Task<IResult> ReceiveLogoutAsync(BackChannelLogout logout, HttpContext context, CancellationToken cancellationToken) =>
        logout.ReceiveAsync(context, cancellationToken);

    private static async Task<Results<EmptyHttpResult, RedirectHttpResult>> SignInAsync(
        string? returnUrl, HttpContext context, ILogger<RealmMetadata> logger)
    {
        try
        {
            var target = LocalPath.Parse(returnUrl) ?? "/admin";
            await context.ChallengeAsync(Schemes.SignIn, new AuthenticationProperties { RedirectUri = target });
            return TypedResults.Empty;
        }
        catch (Exception exception) when (exception is OpenIdConnectProtocolException or HttpRequestException)
        {
            // Keycloak refused the pushed authorization request (RFC 9126).
            var reason = SignInFailure.ReasonOf(exception);
            LogRefused(logger, reason, SignInFailure.Printable(exception.Message));
            return TypedResults.Redirect($"{SignInFailedPath}?reason={reason}");
        }
    }

    private static async Task<Results<SignOutHttpResult, RedirectHttpResult, ProblemHttpResult>> SignOutAsync(
        HttpContext context,
        IAntiforgery antiforgery,
        EndedSessionStore sessions,
        RealmMetadata metadata,
        CancellationToken cancellationToken)
    {
        var session = await context.AuthenticateAsync(Schemes.Session);
        if (session.Principal is null || KeycloakIdentity.Read(session.Principal, out _) is not { } identity)
        {
            return TypedResults.Redirect(SignedOutPath);
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
        await sessions.EndAsync(identity.Issuer, identity.SessionId, identity.Subject, cancellationToken);
        try
        {
            await metadata.GetConfigurationAsync(cancellationToken);
        }
        catch (RealmUnreachableException)
        {
            await context.SignOutAsync(Schemes.Session);
            return TypedResults.Redirect(SignedOutPath + "?keycloak=unreachable");
        }

        return TypedResults.SignOut(new AuthenticationProperties { RedirectUri = SignedOutPath }, [Schemes.Session, Schemes.SignIn]);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Keycloak refused to begin a sign-in ({Reason}): {Message}")]
    private static partial void LogRefused(ILogger logger, string reason, string message);
}
