using KeycloakAccess.Accounts;
using KeycloakAccess.Admin.AccountPages;
using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Admin.SessionPages;
using KeycloakAccess.Authentication;
using KeycloakAccess.Permissions;

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

    private static async Task<IResult> ShowAsync(HttpContext context, Caller caller, SessionStore sessions, AccountPageReader reader, CancellationToken cancellationToken)
    {
        var open = await sessions.ListOfAsync(caller.Identity.Issuer, caller.Identity.Subject, cancellationToken);
        return Pages.Of<OwnPage, OwnView>(context, caller, new OwnView(
            MeEndpoint.Describe(caller),
            [.. caller.Identity.Roles.Select(role => role.ToString()).Order(StringComparer.Ordinal)],
            reader.Permissions(caller.Subject, caller.Rules),
            [.. open.Select(session => SessionView.Of(session, caller.Identity))]));
    }

    private static async Task<IResult> EndAsync(
        IFormCollection form, HttpContext context, Caller caller, SessionStore store, RealmLogout logout, CancellationToken cancellationToken)
    {
        // Of one's own only: another's id is as good as none.
        if (!Guid.TryParse(FormInput.Of(form).Value("id"), out var id)
            || await store.FindAsync(id, cancellationToken) is not { } session
            || session.Issuer != caller.Identity.Issuer
            || session.Subject != caller.Identity.Subject)
        {
            return Flash.Redirect(context, Path, "That session had ended already.");
        }

        return Flash.Redirect(context, Path, SessionWords.Say(await logout.EndAsync(session, caller.Actor, cancellationToken), session.Username));
    }

    private static async Task<IResult> SignOutEverywhereAsync(IFormCollection form, HttpContext context, Caller caller, RealmLogout logout, CancellationToken cancellationToken)
    {
        await logout.EndAllAsync(caller.AccountId, caller.Actor.Name, caller.Identity.Issuer, caller.Identity.Subject, caller.Actor, cancellationToken);
        // This browser's too, by the way that leads through Keycloak: it clears what is left there.
        return TypedResults.SignOut(new Microsoft.AspNetCore.Authentication.AuthenticationProperties { RedirectUri = SignInEndpoints.SignedOutPath }, [Schemes.Session, Schemes.SignIn]);
    }
}

/// <summary>Who looks at the page, and why they may do what they may.</summary>
/// <param name="Me">The same as <c>GET /api/me</c>.</param>
/// <param name="Roles">What Keycloak says of them, in words.</param>
/// <param name="Permissions">What they may do, with the grant paths behind it.</param>
/// <param name="Sessions">Where they are signed in.</param>
public sealed record OwnView(MeResponse Me, IReadOnlyList<string> Roles, IReadOnlyList<PermissionView> Permissions, IReadOnlyList<SessionView> Sessions);
