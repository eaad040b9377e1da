using KeycloakAccess.Accounts;
using KeycloakAccess.Data;
using KeycloakAccess.Groups;
using KeycloakAccess.Models;
using KeycloakAccess.Permissions;
using KeycloakAccess.RoleMappings;

namespace KeycloakAccess.Admin.AuditPages;

/// <summary>Finds the page of what a row of the audit log is about, where it still exists and the viewer may open it.</summary>
internal sealed class AuditObjects(
    ModelCatalogue models, RowCatalogue rows, AccountStore accounts, GroupStore groups, RoleMappingStore mappings)
{
    public async Task<string?> FindPageAsync(AuditRow row, Caller caller, CancellationToken cancellationToken)
    {
        if (row.Model is not { } name || row.RowId is not { } id || !caller.May(name, Permission.View))
        {
            return null;
        }

        if (models.Models.FirstOrDefault(model => model.Name == name) is { } declared)
        {
            return await rows.Find(name)!.ExistsAsync(id, RowSubject.FromCaller(caller), cancellationToken)
                ? $"/admin/models/{declared.Plural}/{Uri.EscapeDataString(id)}"
                : null;
        }

        if (!Guid.TryParse(id, out var key))
        {
            return null;
        }

        return name switch
        {
            AccountPermissions.Model when await accounts.FindAsync(key, cancellationToken) is not null => $"/admin/accounts/{key}",
            GroupPermissions.Model when await groups.FindAsync(key, cancellationToken) is not null => $"/admin/groups/{key}",
            RoleMappingPermissions.Model when await mappings.FindAsync(key, cancellationToken) is not null => $"/admin/role-mappings/{key}",
            _ => null,
        };
    }
}
