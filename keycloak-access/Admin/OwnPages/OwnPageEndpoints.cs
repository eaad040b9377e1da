using KeycloakAccess.Accounts;
using KeycloakAccess.Admin.Access;
using KeycloakAccess.Admin.Design;
using KeycloakAccess.Admin.Rendering;
using KeycloakAccess.Admin.Sessions;
using KeycloakAccess.Authentication;
using KeycloakAccess.Permissions;
using Microsoft.AspNetCore.Http.HttpResults;

namespace KeycloakAccess.Admin.OwnPages;

internal static class OwnPageEndpoints
{
    private const string Path = "/account";

    public static void MapOwnPages(this IEndpointRouteBuilder routes)
    {
        routes.MapGet(Path, ShowAsync);
        routes.MapGet(Path + "/sessions/end", () => TypedResults.LocalRedirect("~" + Path));
        routes.MapPost(Path + "/sessions/end", EndAsync);
        routes.MapGet(Path + "/sign-out-everywhere", () => TypedResults.LocalRedirect("~" + Path));
        routes.MapPost(Path + "/sign-out-everywhere", SignOutEverywhereAsync).TakesSessionAsItIs();
        routes.MapGet(Path + "/session", SayWhenSessionEnds).TakesSessionAsItIs();
        routes.MapPost(Path + "/session", KeepSession);
    }

    private static Ok<SessionLife> SayWhenSessionEnds(HttpContext context) => TypedResults.Ok(PageContext.FindSessionLife(context));

    // That the request was made is a use of the session.
    private static Ok<SessionLife> KeepSession(PageContext page) => TypedResults.Ok(page.SessionLife);

    private static async Task<IResult> ShowAsync(PageContext page, SessionStore sessions, PermissionCatalogue catalogue)
    {
        var caller = page.Caller;
        var open = await sessions.ListOfAsync(caller.Identity.Issuer, caller.Identity.Subject, page.Cancellation);
        return page.Render<OwnPage, OwnView>(new OwnView(
            MeEndpoint.Describe(caller),
            [.. caller.Identity.Roles.Select(role => role.ToString()).Order(StringComparer.Ordinal)],
            PermissionView.List(caller.Subject, caller.Rules, catalogue),
            [.. open.Select(session => SessionView.Create(session, page.SessionId))]));
    }

    private static async Task<IResult> EndAsync(PageContext page, SessionCommands commands)
    {
        _ = Guid.TryParse(page.Form.Value("id"), out var id);
        return page.Redirect(Path, SessionFormatter.Describe(await commands.EndOwnAsync(id, page.Caller, page.Cancellation)));
    }

    private static async Task<IResult> SignOutEverywhereAsync(PageContext page, SessionCommands commands)
    {
        var outcome = await commands.EndAllAsync(
            page.Caller.AccountId, new ChangeAuthor(page.GrantGuard, Reason: null), page.Cancellation);
        // This browser is signed out through Keycloak, which clears its own cookies there.
        return await SignInEndpoints.LeaveAsync(page.Http, outcome.Value?.Open ?? 0);
    }
}

public sealed record OwnView(
    MeResponse Me, IReadOnlyList<string> Roles, IReadOnlyList<PermissionView> Permissions, IReadOnlyList<SessionView> Sessions);
