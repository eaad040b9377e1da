using KeycloakAccess.Data;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Audit;

/// <summary>
/// The log as far as somebody may read it. A change is shown to whoever may view its model and sees the row, or would have seen one
/// that is gone as it was; of a refusal, everything but the id of a row that they do not see. Nothing reads the log past this.
/// </summary>
internal sealed class AuditReader(AuditStore store, RowCatalogue rows, PermissionCatalogue catalogue)
{
    public static readonly Func<string?, Cursor?> ParseCursor = AuditStore.Keyset.Parse;

    // Whoever sees few of many gets short pages rather than wait until the whole log has been looked through.
    private const int MostPagesLookedAt = 10;

    public async Task<KeysetPage<AuditRow>> ListAsync(Caller caller, AuditFilter filter, CancellationToken cancellationToken)
    {
        if (!caller.May(AuditPermissions.View))
        {
            return new([], Next: null);
        }

        filter = filter with { Without = HiddenModels(caller) };
        var found = new List<AuditRow>();
        KeysetPage<AuditRow> page;
        var looked = 0;
        do
        {
            page = await store.ListAsync(filter, cancellationToken);
            found.AddRange(await ShowAsync(caller, filter, page.Items, cancellationToken));
            filter = filter with { After = page.Next };
        }
        while (page.Next is not null && found.Count < filter.Limit && ++looked < MostPagesLookedAt);

        return found.Count > filter.Limit
            ? new([.. found.Take(filter.Limit)], AuditStore.Keyset.CursorAt(found[filter.Limit - 1]))
            : new(found, page.Next);
    }

    /// <summary>
    /// How many there are, counted no further than <c>most</c>. <see langword="null"/> where a row-level rule keeps some from the
    /// caller: how many those are is not theirs to know, and to ask of each row would take as long as to read the log.
    /// </summary>
    public async Task<long?> CountAsync(Caller caller, AuditFilter filter, int most, CancellationToken cancellationToken)
    {
        var subject = RowSubject.FromCaller(caller);
        return !caller.May(AuditPermissions.View) ? 0
            : catalogue.Models.Any(model =>
                (filter.Model is null || filter.Model == model.Name)
                && MayView(caller, model.Name)
                && rows.Find(model.Name)?.HidesSome(subject) is true)
                ? null
            : await store.CountAsync(filter with { Without = HiddenModels(caller) }, most, cancellationToken);
    }

    public async Task<AuditRow?> FindAsync(Caller caller, Guid id, CancellationToken cancellationToken) =>
        caller.May(AuditPermissions.View) && await store.FindAsync(id, cancellationToken) is { } row
            ? (await ShowAsync(caller, new AuditFilter(), [row], cancellationToken)).SingleOrDefault()
            : null;

    /// <summary>Its own changes and those of its direct memberships, the newest first.</summary>
    public async Task<IReadOnlyList<AuditRow>> ListAboutAccountAsync(
        Caller caller, Guid account, int limit, CancellationToken cancellationToken) =>
        caller.May(AuditPermissions.View)
            ? await ShowAsync(
                caller, new AuditFilter(), await store.ListAboutAccountAsync(account, limit, cancellationToken), cancellationToken)
            : [];

    /// <summary>The newest changes that the caller has made: what they did themselves they may know without the log's permission.</summary>
    public async Task<IReadOnlyList<AuditRow>> ListOwnAsync(Caller caller, int limit, CancellationToken cancellationToken)
    {
        var filter = new AuditFilter
        {
            Account = caller.AccountId,
            Kind = AuditRow.ChangeKind,
            Without = HiddenModels(caller),
            Limit = limit,
        };
        return await ShowAsync(caller, filter, (await store.ListAsync(filter, cancellationToken)).Items, cancellationToken);
    }

    private string[] HiddenModels(Caller caller) =>
        [.. catalogue.Models.Select(model => model.Name).Where(model => !MayView(caller, model))];

    // A resource without that permission is for whoever reads the log; one that is declared no longer, for whoever holds what would
    // cover it.
    private bool MayView(Caller caller, string model)
    {
        var view = new Permission(model, Permission.View);
        return catalogue.Contains(view)
            ? caller.May(view)
            : catalogue.FindModel(model) is not null || (caller.Access.Grants(view) && !caller.Access.Denies(view));
    }

    private async Task<IReadOnlyList<AuditRow>> ShowAsync(
        Caller caller, AuditFilter filter, IReadOnlyList<AuditRow> found, CancellationToken cancellationToken)
    {
        var subject = RowSubject.FromCaller(caller);
        var shown = new List<AuditRow>(found.Count);
        foreach (var row in found)
        {
            if (row.Model is null || row.RowId is null || await MayReadAsync(caller, subject, row, cancellationToken))
            {
                shown.Add(row);
            }
            else if (row.Kind == AuditRow.DeniedRequestKind && filter.Row is null)
            {
                shown.Add(row with { RowId = null });
            }
        }

        return shown;
    }

    private async Task<bool> MayReadAsync(Caller caller, RowSubject subject, AuditRow row, CancellationToken cancellationToken) =>
        MayView(caller, row.Model!)
        && (rows.Find(row.Model!) is not { } model
            || await model.MayReadAsync(
                row.RowId!, [.. new[] { row.OldValues, row.NewValues }.OfType<string>()], subject, cancellationToken));
}
