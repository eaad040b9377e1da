using KeycloakAccess.Accounts;
using KeycloakAccess.Admin.Rendering;
using KeycloakAccess.Authentication;
using KeycloakAccess.Hosting;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.Extensions.Options;

namespace KeycloakAccess.Admin.BreakGlassPages;

/// <summary>
/// Takes the links that the command line issues. To open one does nothing: programs that show what a link leads to open it too. Its button
/// signs in.
/// </summary>
internal static class BreakGlassPageEndpoints
{
    public const string Path = "/break-glass";
    public const string Link = "link";

    public static void MapBreakGlassPages(this IEndpointRouteBuilder anonymous)
    {
        anonymous.MapGet(Path, Show).SetsSecureCookies();
        anonymous.MapPost(Path, SignInAsync).SetsSecureCookies();
    }

    private static IResult Show(HttpContext context, IOptions<BreakGlassOptions> options) => options.Value.Enabled
        ? Render(context, context.Request.Query[Link].ToString(), StatusCodes.Status200OK)
        : TypedResults.NotFound();

    private static async Task<IResult> SignInAsync(
        HttpContext context, IOptions<BreakGlassOptions> options, BreakGlassLinks links, IAntiforgery antiforgery)
    {
        if (!options.Value.Enabled)
        {
            return TypedResults.NotFound();
        }

        if (RateLimits.Of(context).CheckSignIn(context) is { } tooMany)
        {
            return tooMany;
        }

        // Another site could sign the browser in under a link of its own otherwise.
        if (await FormBody.TryReadAsync(context.Request, context.RequestAborted) is not { } form
            || !await antiforgery.IsRequestValidAsync(context))
        {
            return StatusPages.RenderError(
                context, StatusCodes.Status400BadRequest, "The form is too old or not ours. Open the link again. It has not been used.");
        }

        var secret = form.FirstOrDefault(field => field.Key == Link).Value.ToString();
        var visit = new BreakGlassVisit(
            context.TraceIdentifier,
            context.Connection.RemoteIpAddress?.ToString(),
            context.Request.Headers.UserAgent.ToString(),
            SessionHandler.FindKey(context));
        if (await links.UseAsync(secret, visit, context.RequestAborted) is not { } key)
        {
            return RateLimits.Of(context).CheckRefused(context) ?? Render(context, link: "", StatusCodes.Status403Forbidden);
        }

        SessionHandler.SetKey(context, key);
        return TypedResults.Redirect(context.Request.PathBase + SignInEndpoints.HomePath);
    }

    private static PageResult Render(HttpContext context, string link, int status)
    {
        // The address holds the secret.
        context.Response.Headers["Referrer-Policy"] = "no-referrer";
        return PageRenderer.Render<BreakGlassPage>(
            status, ("Secret", link), ("IsRefused", status != StatusCodes.Status200OK || link.Length == 0));
    }
}
