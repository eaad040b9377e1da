using KeycloakAccess.Accounts;
using KeycloakAccess.Admin.Access;
using KeycloakAccess.Admin.Rendering;
using KeycloakAccess.Admin.Sessions;
using KeycloakAccess.Authentication;
using KeycloakAccess.Permissions;
using Microsoft.AspNetCore.Authentication;

namespace KeycloakAccess.Admin.OwnPages;

/// <summary>The page for everybody who can sign in: who I am here, why I may do what I may, and my sessions.</summary>
internal static class OwnPageEndpoints
{
    private const string Path = "/account";

    public static void MapOwnPages(this IEndpointRouteBuilder routes)
    {
        routes.MapGet(Path, ShowAsync);
        routes.MapGet(Path + "/sessions/end", () => TypedResults.LocalRedirect(Path));
        routes.MapPost(Path + "/sessions/end", EndAsync);
        routes.MapGet(Path + "/sign-out-everywhere", () => TypedResults.LocalRedirect(Path));
        routes.MapPost(Path + "/sign-out-everywhere", SignOutEverywhereAsync);
    }

    private static async Task<IResult> ShowAsync(PageContext page, SessionStore sessions, PermissionCatalogue catalogue)
    {
        var caller = page.Caller;
        var open = await sessions.ListOfAsync(caller.Identity.Issuer, caller.Identity.Subject, page.Cancellation);
        return page.Render<OwnPage, OwnView>(new OwnView(
            MeEndpoint.Describe(caller),
            [.. caller.Identity.Roles.Select(role => role.ToString()).Order(StringComparer.Ordinal)],
            PermissionView.List(caller.Subject, caller.Rules, catalogue),
            [.. open.Select(session => SessionView.Create(session, caller.Identity))]));
    }

    private static async Task<IResult> EndAsync(PageContext page, SessionStore store, RealmLogout logout)
    {
        // Of one's own only: another's id is as good as none.
        if (!Guid.TryParse(page.Form.Value("id"), out var id)
            || await store.FindAsync(id, page.Cancellation) is not { } session
            || session.Issuer != page.Caller.Identity.Issuer
            || session.Subject != page.Caller.Identity.Subject)
        {
            return page.Redirect(Path, "That session had ended already.");
        }

        return page.Redirect(Path, SessionFormatter.Describe(await logout.EndAsync(session, page.Caller.Actor, page.Cancellation), session.Username));
    }

    private static async Task<IResult> SignOutEverywhereAsync(PageContext page, RealmLogout logout)
    {
        var caller = page.Caller;
        await logout.EndAllAsync(caller.AccountId, caller.Actor.Name, caller.Identity.Issuer, caller.Identity.Subject, caller.Actor, page.Cancellation);
        // This browser is signed out through Keycloak, which clears its own cookies there.
        return TypedResults.SignOut(new AuthenticationProperties { RedirectUri = SignInEndpoints.SignedOutPath }, [Schemes.Session, Schemes.SignIn]);
    }
}

/// <summary>Who looks at the page, as <c>GET /api/me</c> says, and why they may do what they may.</summary>
public sealed record OwnView(MeResponse Me, IReadOnlyList<string> Roles, IReadOnlyList<PermissionView> Permissions, IReadOnlyList<SessionView> Sessions);
