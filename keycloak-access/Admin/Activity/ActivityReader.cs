using KeycloakAccess.Admin.Rendering;
using KeycloakAccess.Audit;
using KeycloakAccess.Data;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.Activity;

/// <summary>Who may not look at the audit log gets nothing.</summary>
internal sealed class ActivityReader(AuditReader audit, AuditWordsReader words)
{
    private const int Most = 10;

    public async Task<IReadOnlyList<AuditRow>> ListAsync(Caller caller, AuditFilter filter, CancellationToken cancellationToken) =>
        (await audit.ListAsync(caller, filter with { Limit = Most }, cancellationToken)).Items;

    /// <summary>What the viewer did last.</summary>
    public async Task<IReadOnlyList<ActivityView>> ListOwnAsync(PageContext page) =>
        await DescribeAsync(page, await audit.ListOwnAsync(page.Caller, Most, page.Cancellation));

    public Task<IReadOnlyList<AuditRow>> ListAboutAccountAsync(Caller caller, Guid id, CancellationToken cancellationToken) =>
        audit.ListAboutAccountAsync(caller, id, Most, cancellationToken);

    public async Task<IReadOnlyList<ActivityView>> DescribeAsync(
        PageContext page, string model, Guid row)
    {
        var rows = await ListAsync(page.Caller, new AuditFilter { Model = model, Row = row.ToString() }, page.Cancellation);
        return await DescribeAsync(page, rows);
    }

    public async Task<IReadOnlyList<ActivityView>> DescribeAsync(PageContext page, IReadOnlyList<AuditRow> rows)
    {
        var said = await words.ReadAsync(rows, page);
        return [.. rows.Select(row => AuditFormatter.ToActivity(row, said))];
    }
}
