using KeycloakAccess.Audit;
using KeycloakAccess.Data;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.Activity;

/// <summary>Reads what was done last, for whoever may look at the audit log; nothing for everybody else.</summary>
internal sealed class ActivityReader(AuditStore audit)
{
    private const int Most = 10;

    public async Task<IReadOnlyList<AuditRow>> ListAsync(Caller caller, AuditFilter filter, CancellationToken cancellationToken) =>
        caller.May(AuditPermissions.View) ? (await audit.ListAsync(filter with { Limit = Most }, cancellationToken)).Items : [];

    public async Task<IReadOnlyList<AuditRow>> ListAboutAccountAsync(Caller caller, Guid id, CancellationToken cancellationToken) =>
        caller.May(AuditPermissions.View) ? await audit.ListAboutAccountAsync(id, Most, cancellationToken) : [];

    /// <returns>What was done to a row, in a sentence each.</returns>
    public async Task<IReadOnlyList<ActivityView>> DescribeAsync(Caller caller, string model, Guid row, CancellationToken cancellationToken) =>
        [.. (await ListAsync(caller, new AuditFilter { Model = model, Row = row.ToString() }, cancellationToken)).Select(AuditFormatter.ToActivity)];
}
