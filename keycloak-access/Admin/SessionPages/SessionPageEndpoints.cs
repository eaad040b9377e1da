using KeycloakAccess.Accounts;
using KeycloakAccess.Admin.Design;
using KeycloakAccess.Admin.Rendering;
using KeycloakAccess.Admin.Sessions;
using KeycloakAccess.Authentication;
using KeycloakAccess.Hosting;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.SessionPages;

internal static class SessionPageEndpoints
{
    private const int PageSize = 50;
    private const string List = "/admin/sessions";

    public static void MapSessionPages(this IEndpointRouteBuilder admin)
    {
        admin.MapGet("/sessions", ListAsync).RequirePermission(SessionPermissions.View);
        admin.MapGet("/sessions/end", () => TypedResults.LocalRedirect("~" + List)).RequirePermission(SessionPermissions.View);
        admin.MapPost("/sessions/end", EndAsync).RequirePermission(SessionPermissions.Delete);
    }

    private static async Task<IResult> ListAsync(string? after, PageContext page, SessionStore store)
    {
        var (sessions, next) = await store.ListAsync(PageSize, SessionStore.Keyset.Parse(after), page.Cancellation);
        return page.Render<SessionsPage, SessionListView>(new SessionListView(
            [.. sessions.Select(session => SessionView.Create(session, page.SessionId))],
            Paging.Create(after is null, next?.ToString(), to => Links.WithQuery(List, ("after", to)))));
    }

    private static async Task<IResult> EndAsync(PageContext page, SessionCommands commands)
    {
        // Only to pages of this site does the browser come back.
        var back = LocalPath.Parse(page.Form.Value("back")) is { } path && path.StartsWith("/admin/", StringComparison.Ordinal)
            ? path
            : List;
        _ = Guid.TryParse(page.Form.Value("id"), out var id);
        var author = new ChangeAuthor(page.GrantGuard, Reason: null);
        return page.Redirect(back, SessionFormatter.Describe(await commands.EndAsync(id, author, page.Cancellation)));
    }
}

public sealed record SessionListView(IReadOnlyList<SessionView> Sessions, Paging Paging);
