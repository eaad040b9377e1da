using KeycloakAccess.Admin.Design;
using KeycloakAccess.Admin.Rendering;
using KeycloakAccess.Admin.Sessions;
using KeycloakAccess.Authentication;
using KeycloakAccess.Hosting;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.SessionPages;

/// <summary>The page of sessions: who is signed in, since when, from where; and their end.</summary>
internal static class SessionPageEndpoints
{
    private const int PageSize = 50;
    private const string List = "/admin/sessions";

    public static void MapSessionPages(this IEndpointRouteBuilder admin)
    {
        admin.MapGet("/sessions", ListAsync).RequirePermission(SessionPermissions.View);
        admin.MapGet("/sessions/end", () => TypedResults.LocalRedirect(List)).RequirePermission(SessionPermissions.View);
        admin.MapPost("/sessions/end", EndAsync).RequirePermission(SessionPermissions.Delete);
    }

    private static async Task<IResult> ListAsync(string? after, PageContext page, SessionStore store)
    {
        var (sessions, next) = await store.ListAsync(PageSize, SessionStore.Keyset.Parse(after), page.Cancellation);
        return page.Render<SessionsPage, SessionListView>(new SessionListView(
            [.. sessions.Select(session => SessionView.Create(session, page.Caller.Identity))],
            Paging.Create(after is null, next?.ToString(), to => Links.WithQuery(List, ("after", to)))));
    }

    private static async Task<IResult> EndAsync(PageContext page, SessionStore store, RealmLogout logout)
    {
        // Only pages of this site are come back to.
        var back = LocalPath.Parse(page.Form.Value("back")) is { } path && path.StartsWith("/admin/", StringComparison.Ordinal) ? path : List;
        if (!Guid.TryParse(page.Form.Value("id"), out var id) || await store.FindAsync(id, page.Cancellation) is not { } session)
        {
            return page.Redirect(back, "That session had ended already.");
        }

        return page.Redirect(back, SessionFormatter.Describe(await logout.EndAsync(session, page.Caller.Actor, page.Cancellation), session.Username));
    }
}

/// <summary>Who is signed in.</summary>
public sealed record SessionListView(IReadOnlyList<SessionView> Sessions, Paging Paging);
