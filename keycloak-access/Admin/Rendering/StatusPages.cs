using KeycloakAccess.Admin.Design;
using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Authentication;
using KeycloakAccess.Authentication.StepUp;
using KeycloakAccess.Hosting;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.Rendering;

internal static class StatusPages
{
    public static PageResult RenderError(HttpContext context, int status, string? detail = null)
    {
        var mistake = BadRequests.Find(context);
        return PageRenderer.Render<ErrorPage>(
            status,
            ("Status", status),
            ("Detail", mistake is { Errors.Count: 0 } ? mistake.Detail : detail),
            ("RequestId", context.TraceIdentifier),
            ("Errors", mistake?.Errors ?? new Dictionary<string, string[]>(StringComparer.Ordinal)));
    }

    public static PageResult RenderRefusal(HttpContext context, Caller caller, Decision decision) =>
        PageRenderer.Render<RefusedPage>(
            StatusCodes.Status403Forbidden,
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
}
