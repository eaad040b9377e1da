using KeycloakAccess.Admin.Design;
using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Admin.Rendering;
using KeycloakAccess.Authentication;
using KeycloakAccess.Permissions;
using KeycloakAccess.Revocations;

namespace KeycloakAccess.Admin.RevocationPages;

internal static class RevocationPageEndpoints
{
    public const string List = "/admin/revocations";

    private const int PageSize = 50;

    public static void MapRevocationPages(this IEndpointRouteBuilder admin)
    {
        var pages = admin.MapGroup("/revocations").RequirePermission(RevocationPermissions.View);
        pages.MapGet("/", ListAsync);
        pages.MapGet("/export.csv", Export);
        pages.MapForm<NewRevocationForm>("/new").RequirePermission(RevocationPermissions.Add);
        pages.MapForm<TakeBackRevocationForm>("/{id:guid}/take-back").RequirePermission(RevocationPermissions.Delete);
    }

    private static async Task<IResult> ListAsync(string? after, PageContext page, RevocationStore store)
    {
        var (revocations, next) = await store.ListAsync(PageSize, RevocationStore.Keyset.Parse(after), page.Cancellation);
        return page.Render<RevocationsPage, RevocationListView>(new RevocationListView(
            [.. revocations.Select(RevocationView.Create)],
            page.Paging(next?.ToString(), to => Links.WithQuery(List, ("after", to))) with
            {
                Total = ListTotal.Create(
                    await store.CountAsync(Paging.MostCounted + 1, page.Cancellation), "revocation", "revocations"),
                Exports = revocations.Count == 0 ? [] : [ListExport.Csv($"{List}/export.csv", "revocations")],
            }));
    }

    private static Task<IResult> Export(PageContext page, RevocationStore store) =>
        ExportFile.WriteAsync(page, ExportFormat.Csv, new ExportedList<Revocation>(
            "revocations",
            ["kind", "value", "issuedUntil", "revokedAt", "keepUntil", "id"],
            revocation =>
            [
                revocation.Kind,
                ExportFile.Cell(revocation.Value),
                ExportFile.Instant(revocation.IssuedUntil),
                ExportFile.Instant(revocation.RevokedAt),
                ExportFile.Instant(revocation.KeepUntil),
                revocation.Id.ToString(),
            ],
            revocation => revocation,
            ExportFile.ReadAsync("", async after =>
            {
                var (rows, next) = await store.ListAsync(
                    ExportFile.RowsAtATime, RevocationStore.Keyset.Parse(after), page.Cancellation);
                return (rows, next?.ToString());
            })));
}

internal sealed class NewRevocationForm(RevocationCommands commands, SessionStore sessions) : PageForm<AccessRules>
{
    private const string Until = "until";
    private const string Always = "always";

    // It is about nothing that is there yet.
    protected override Task<AccessRules?> FindAsync(PageContext page) => Task.FromResult<AccessRules?>(page.Caller.Rules);

    // A link from elsewhere may say what is to be revoked.
    protected override Task<FormInput> FillAsync(PageContext page, AccessRules subject)
    {
        var query = page.Http.Request.Query;
        return Task.FromResult(FormInput.Create(
            ("kind", query["kind"] is [{ Length: > 0 } kind] ? kind : Revocation.Client), ("value", query["value"]), ("which", Until)));
    }

    protected override async Task<IResult> RenderAsync(PageContext page, AccessRules subject, FormInput input, int status) =>
        page.Render<NewRevocationPage, NewRevocationView>(
            new NewRevocationView(
                input,
                page.Caller.May(SessionPermissions.View)
                    ? await sessions.CountAsync(search: null, long.MaxValue, page.Cancellation)
                    : null),
            status);

    protected override async Task<FormResult> SubmitAsync(PageContext page, AccessRules subject, FormInput input)
    {
        var kind = input.Value("kind");
        var request = new RevocationRequest { Kind = kind, Value = kind == Revocation.Everything ? "" : input.Value("value") };
        var untilNow = kind == Revocation.Client && input.Value("which") != Always;
        var outcome = await commands.AddAsync(request, untilNow, AuthorOf(page).Actor, page.Cancellation);
        return outcome is { Value: { } revocation }
            ? new FormResult.Done(
                RevocationPageEndpoints.List, PageMessage.Done($"Refused from now on: {RevocationView.Create(revocation).What}."))
            : outcome.Failure!;
    }

    // The form asks for it by a choice.
    protected override string FieldOf(string name) => name == "issuedUntil" ? "which" : name;
}

internal sealed class TakeBackRevocationForm(RevocationStore store, RevocationCommands commands) : PageForm<Revocation>
{
    protected override Task<Revocation?> FindAsync(PageContext page) => store.FindAsync(page.RouteId(), page.Cancellation);

    protected override Task<IResult> RenderAsync(PageContext page, Revocation subject, FormInput input, int status) =>
        Task.FromResult<IResult>(page.Render<TakeBackRevocationPage, TakeBackRevocationView>(
            new TakeBackRevocationView(RevocationView.Create(subject), input), status));

    protected override async Task<FormResult> SubmitAsync(PageContext page, Revocation subject, FormInput input)
    {
        var outcome = await commands.DeleteAsync(subject.Id, AuthorOf(page).Actor, page.Cancellation);
        return outcome.Failure is { } failure
            ? failure
            : new FormResult.Done(
                RevocationPageEndpoints.List, PageMessage.Done($"Good again until it expires: {RevocationView.Create(subject).What}."));
    }

    protected override Task<IResult> RenderGoneAsync(PageContext page, FormInput input) =>
        Task.FromResult(page.Redirect(RevocationPageEndpoints.List, PageMessage.Unchanged("That revocation was taken back already.")));
}
