using KeycloakAccess.Audit;
using KeycloakAccess.Data;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.Activity;

/// <summary>Who may not look at the audit log gets nothing.</summary>
internal sealed class ActivityReader(AuditStore audit)
{
    private const int Most = 10;

    public async Task<IReadOnlyList<AuditRow>> ListAsync(Caller caller, AuditFilter filter, CancellationToken cancellationToken) =>
        caller.May(AuditPermissions.View) ? (await audit.ListAsync(filter with { Limit = Most }, cancellationToken)).Items : [];

    public async Task<IReadOnlyList<AuditRow>> ListAboutAccountAsync(Caller caller, Guid id, CancellationToken cancellationToken) =>
        caller.May(AuditPermissions.View) ? await audit.ListAboutAccountAsync(id, Most, cancellationToken) : [];

    public async Task<IReadOnlyList<ActivityView>> DescribeAsync(
        Caller caller, string model, Guid row, CancellationToken cancellationToken)
    {
        var rows = await ListAsync(caller, new AuditFilter { Model = model, Row = row.ToString() }, cancellationToken);
        return [.. rows.Select(AuditFormatter.ToActivity)];
    }
}
