using KeycloakAccess.Admin.Design;
using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Authentication;
using KeycloakAccess.Authentication.StepUp;
using KeycloakAccess.Data;
using KeycloakAccess.Hosting;
using KeycloakAccess.Permissions;
using Microsoft.AspNetCore.Authentication;

namespace KeycloakAccess.Admin.Rendering;

internal static class StatusPages
{
    public static IResult RenderError(HttpContext context, int status, string? detail = null) => new ErrorResult(status, detail);

    public static PageResult RenderRefusal(HttpContext context, Caller caller, Decision decision) =>
        PageRenderer.Render<RefusedPage>(
            StatusCodes.Status403Forbidden,
            ("Viewer", PageContext.CreateViewer(context, caller)),
            ("Detail", Refusals.Detail(decision, caller)),
            ("Name", context.User.FindFirst("name")?.Value ?? context.User.Identity?.Name ?? ""),
            ("MissingPermission", decision.Reason == DecisionReason.PermissionMissing ? decision.Permission.ToString() : null));

    /// <summary>Sends somebody to Keycloak, and then back to the form that came, before anything was done with it.</summary>
    public static async Task<IResult> SendToSignInAnewAsync(HttpContext context, KeycloakIdentity identity, StepUpRule rule)
    {
        var id = await context.RequestServices.GetRequiredService<FormDrafts>().KeepAsync(context, identity, context.RequestAborted);
        var path = context.Request.Path.Value!;
        var back = context.Request.PathBase + (id is null ? path : Links.WithQuery(path, (FormDrafts.Parameter, id.ToString())));
        return TypedResults.Redirect(context.RequestServices.GetRequiredService<StepUpLink>().SignIn(context, rule, back));
    }

    public static async Task<IResult> AskToSignInAgainAsync(HttpContext context)
    {
        var id = await context.RequestServices.GetRequiredService<FormDrafts>().KeepAsync(context, context.RequestAborted);
        var back = context.Request.PathBase
            + (id is null ? "/admin" : Links.WithQuery(context.Request.Path, (FormDrafts.Parameter, id.ToString())));
        return PageRenderer.Render<SignInAgainPage>(
            StatusCodes.Status401Unauthorized,
            ("SignIn", Links.WithQuery(SignInEndpoints.SignInPath, (SignInEndpoints.ReturnUrl, back))),
            ("IsKept", id is not null));
    }

    /// <summary>With the navigation for whoever is signed in: a wrong address is no reason to lose it.</summary>
    private sealed class ErrorResult(int status, string? detail) : IResult
    {
        public async Task ExecuteAsync(HttpContext httpContext)
        {
            var mistake = BadRequests.Find(httpContext);
            var page = PageRenderer.Render<ErrorPage>(
                status,
                ("Viewer", await FindViewerAsync(httpContext)),
                ("Status", status),
                ("Detail", mistake is { Errors.Count: 0 } ? mistake.Detail : detail),
                ("RequestId", httpContext.TraceIdentifier),
                ("Errors", mistake?.Errors ?? new Dictionary<string, string[]>(StringComparer.Ordinal)));
            await page.ExecuteAsync(httpContext);
        }

        // Where something cannot be reached, this page must not need it.
        private async Task<Viewer?> FindViewerAsync(HttpContext context)
        {
            if (status >= StatusCodes.Status500InternalServerError || !SessionHandler.HasCookie(context))
            {
                return null;
            }

            try
            {
                // An address that is none has no endpoint that asks who calls.
                if (CallerIdentity.Of(context) is null
                    && await context.AuthenticateAsync(Schemes.Session) is { Principal: { } principal })
                {
                    context.User = principal;
                }

                return await Caller.BindAsync(context) is { Identity.IsSession: true } caller
                    && caller.Subject.IsEnabled ? PageContext.CreateViewer(context, caller) : null;
            }
            catch (Exception exception) when (DatabaseOutage.IsOutage(exception) || exception is RealmUnreachableException)
            {
                return null;
            }
        }
    }
}
