using KeycloakAccess.Audit;
using KeycloakAccess.Data;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.Activity;

/// <summary>Who may not look at the audit log gets nothing.</summary>
internal sealed class ActivityReader(AuditReader audit)
{
    private const int Most = 10;

    public async Task<IReadOnlyList<AuditRow>> ListAsync(Caller caller, AuditFilter filter, CancellationToken cancellationToken) =>
        (await audit.ListAsync(caller, filter with { Limit = Most }, cancellationToken)).Items;

    public Task<IReadOnlyList<AuditRow>> ListAboutAccountAsync(Caller caller, Guid id, CancellationToken cancellationToken) =>
        audit.ListAboutAccountAsync(caller, id, Most, cancellationToken);

    public async Task<IReadOnlyList<ActivityView>> DescribeAsync(
        Caller caller, string model, Guid row, CancellationToken cancellationToken)
    {
        var rows = await ListAsync(caller, new AuditFilter { Model = model, Row = row.ToString() }, cancellationToken);
        return [.. rows.Select(AuditFormatter.ToActivity)];
    }
}
