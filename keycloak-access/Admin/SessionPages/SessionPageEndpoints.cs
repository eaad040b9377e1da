using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Data;
using KeycloakAccess.Hosting;
using KeycloakAccess.Authentication;
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

    private static async Task<IResult> ListAsync(string? after, HttpContext context, Caller caller, SessionStore store, CancellationToken cancellationToken)
    {
        var (sessions, next) = await store.ListAsync(PageSize, after is null ? null : Cursor.Parse(after, SessionStore.Sort), cancellationToken);
        return Pages.Of<SessionsPage, SessionListView>(context, caller, new SessionListView(
            [.. sessions.Select(session => SessionView.Of(session, caller.Identity))],
            after is null ? null : List,
            next is null ? null : Links.To(List, ("after", next.ToString()))));
    }

    private static async Task<IResult> EndAsync(
        IFormCollection form, HttpContext context, Caller caller, SessionStore store, RealmLogout logout, CancellationToken cancellationToken)
    {
        var input = FormInput.Of(form);
        // Only pages of this site are come back to.
        var back = LocalPath.Parse(input.Value("back")) is { } path && path.StartsWith("/admin/", StringComparison.Ordinal) ? path : List;
        if (!Guid.TryParse(input.Value("id"), out var id) || await store.FindAsync(id, cancellationToken) is not { } session)
        {
            return Flash.Redirect(context, back, "That session had ended already.");
        }

        return Flash.Redirect(context, back, SessionWords.Say(await logout.EndAsync(session, caller.Actor, cancellationToken), session.Username));
    }
}

/// <summary>Who is signed in.</summary>
/// <param name="Sessions">One page.</param>
/// <param name="First">The first page, where this is another.</param>
/// <param name="Next">The next page, where there is one.</param>
public sealed record SessionListView(IReadOnlyList<SessionView> Sessions, string? First, string? Next);
