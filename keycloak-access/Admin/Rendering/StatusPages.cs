using KeycloakAccess.Admin.Design;
using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Authentication;
using KeycloakAccess.Permissions;
using Microsoft.AspNetCore.Http.HttpResults;

namespace KeycloakAccess.Admin.Rendering;

/// <summary>The pages that stand in the place of one that cannot be shown.</summary>
internal static class StatusPages
{
    /// <summary>The page for an error that no page of its own explains.</summary>
    public static RazorComponentResult RenderError(HttpContext context, int status) =>
        PageRenderer.Render<ErrorPage>(status, ("Status", status), ("RequestId", context.TraceIdentifier));

    public static RazorComponentResult RenderRefusal(HttpContext context, Decision decision) => PageRenderer.Render<RefusedPage>(
        StatusCodes.Status403Forbidden,
        ("Detail", Refusals.Detail(decision)),
        ("Name", context.User.FindFirst("name")?.Value ?? context.User.Identity?.Name ?? ""),
        ("MissingPermission", decision.Reason == DecisionReason.PermissionMissing ? decision.Permission.ToString() : null));

    /// <summary>Answers a form that came without a session: keeps it where that is possible, and asks to sign in again.</summary>
    public static async Task<IResult> AskToSignInAgainAsync(HttpContext context)
    {
        var id = await context.RequestServices.GetRequiredService<FormDrafts>().KeepAsync(context, context.RequestAborted);
        var back = id is null ? "/admin" : Links.WithQuery(context.Request.Path, (FormDrafts.Parameter, id.ToString()));
        return PageRenderer.Render<SignInAgainPage>(
            StatusCodes.Status401Unauthorized,
            ("SignIn", Links.WithQuery(SignInEndpoints.SignInPath, (SignInEndpoints.ReturnUrl, back))),
            ("IsKept", id is not null));
    }
}
