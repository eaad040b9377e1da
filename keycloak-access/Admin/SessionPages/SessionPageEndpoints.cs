using KeycloakAccess.Accounts;
using KeycloakAccess.Admin.Design;
using KeycloakAccess.Admin.Rendering;
using KeycloakAccess.Admin.Sessions;
using KeycloakAccess.Authentication;
using KeycloakAccess.Data;
using KeycloakAccess.Hosting;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.SessionPages;

internal static class SessionPageEndpoints
{
    private const int PageSize = 50;
    private const int LongestSearch = 200;
    private const string List = "/admin/sessions";

    public static void MapSessionPages(this IEndpointRouteBuilder admin)
    {
        admin.MapGet("/sessions", ListAsync).RequirePermission(SessionPermissions.View);
        admin.MapGet("/sessions/export.csv", Export).RequirePermission(SessionPermissions.View);
        admin.MapGet("/sessions/end", () => TypedResults.LocalRedirect("~" + List)).RequirePermission(SessionPermissions.View);
        admin.MapPost("/sessions/end", EndAsync).RequirePermission(SessionPermissions.Delete);
    }

    private static async Task<IResult> ListAsync(
        string? search, string? after, PageContext page, SessionStore store, AccountStore accounts)
    {
        search = Clean(search);
        var (sessions, next) = await store.ListAsync(search, PageSize, SessionStore.Keyset.Parse(after), page.Cancellation);
        return page.Render<SessionsPage, SessionListView>(new SessionListView(
            search,
            [.. (await WithAccountsAsync(sessions, accounts, page.Cancellation))
                .Select(found => SessionView.Create(found.Session, page.SessionId) with { AccountId = found.AccountId })],
            page.Paging(next?.ToString(), to => Links.WithQuery(List, ("search", search), ("after", to))) with
            {
                Total = ListTotal.Create(
                    await store.CountAsync(search, Paging.MostCounted + 1, page.Cancellation), "session", "sessions"),
                Exports = sessions.Count == 0
                    ? []
                    : [ListExport.Csv(Links.WithQuery($"{List}/export.csv", ("search", search)), "sessions")],
            }));
    }

    private static Task<IResult> Export(string? search, PageContext page, SessionStore store, AccountStore accounts) =>
        ExportFile.WriteAsync(page, ExportFormat.Csv, new ExportedList<(Session Session, Guid? AccountId)>(
            "sessions",
            ["username", "startedAt", "usedAt", "expiresAt", "address", "userAgent", "accountId"],
            row =>
            [
                ExportFile.Cell(row.Session.Username),
                ExportFile.Instant(row.Session.StartedAt),
                ExportFile.Instant(row.Session.UsedAt),
                ExportFile.Instant(row.Session.ExpiresAt),
                ExportFile.Cell(row.Session.Address),
                ExportFile.Cell(row.Session.UserAgent),
                row.AccountId?.ToString() ?? "",
            ],
            row => row,
            ExportFile.ReadAsync("", async after =>
            {
                var (sessions, next) = await store.ListAsync(
                    Clean(search), ExportFile.RowsAtATime, SessionStore.Keyset.Parse(after), page.Cancellation);
                return (await WithAccountsAsync(sessions, accounts, page.Cancellation), next?.ToString());
            })));

    private static async Task<IReadOnlyList<(Session Session, Guid? AccountId)>> WithAccountsAsync(
        IReadOnlyList<Session> sessions, AccountStore accounts, CancellationToken cancellationToken)
    {
        var found = new Dictionary<(string Issuer, string Subject), Guid>();
        foreach (var issuer in sessions.GroupBy(session => session.Issuer, StringComparer.Ordinal))
        {
            var ids = await accounts.FindOfSubjectsAsync(
                issuer.Key, issuer.Select(session => session.Subject).Distinct(StringComparer.Ordinal), cancellationToken);
            foreach (var (subject, id) in ids)
            {
                found[(issuer.Key, subject)] = id;
            }
        }

        return [.. sessions.Select(session =>
            (session, found.TryGetValue((session.Issuer, session.Subject), out var id) ? id : (Guid?)null))];
    }

    private static string? Clean(string? search) =>
        search?.Replace("\0", "", StringComparison.Ordinal).Trim() is { Length: > 0 } text ? ShortText.Cut(text, LongestSearch) : null;

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

public sealed record SessionListView(string? Search, IReadOnlyList<SessionView> Sessions, Paging Paging);
