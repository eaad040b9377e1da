using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Admin.Rendering;
using KeycloakAccess.Explanation;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.AccessPages;

internal static class AccessPageEndpoints
{
    public static void MapAccessPages(this IEndpointRouteBuilder admin)
    {
        var pages = admin.MapGroup("/access").RequirePermission(AccessPermissions.View);
        pages.MapGet("", AskAsync);
        pages.MapGet("/who", WhoMayAsync);
        pages.MapGet("/who/export.csv", Export);
        pages.MapForm<RemedyForm>("/give/{account}/{permission}")
            .RequirePermission(GroupPermissions.Change)
            .RequirePermission(AccountPermissions.View);
    }

    private static async Task<IResult> AskAsync(
        string? account, string? permission, string? row, PageContext page, AccessPageReader reader, AccessQuestions questions) =>
        page.Render<AccessPage, AccessView>(await reader.AnswerAsync(
            questions, FormInput.Create(("account", account), ("permission", permission), ("row", row)), page.Cancellation));

    private static async Task<IResult> WhoMayAsync(
        string? permission, string? row, string? after, PageContext page, AccessPageReader reader, AccessQuestions questions) =>
        page.Render<WhoMayPage, WhoMayView>(await reader.WhoMayAsync(
            questions, page, FormInput.Create(("permission", permission), ("row", row)), after));

    private static Task<IResult> Export(
        string? permission, string? row, PageContext page, AccessPageReader reader, AccessQuestions questions) =>
        ExportFile.WriteAsync(page, ExportFormat.Csv, new ExportedList<WhoMayLine>(
            "who-may",
            ["username", "kind", "because", "accountId"],
            line =>
            [
                ExportFile.Cell(line.Username), line.Kind, ExportFile.Cell(string.Join("; ", line.Because)), line.AccountId.ToString(),
            ],
            line => line,
            reader.ListWhoMayAsync(
                questions, page, FormInput.Create(("permission", permission), ("row", row)), ExportFile.RowsAtATime)));
}
