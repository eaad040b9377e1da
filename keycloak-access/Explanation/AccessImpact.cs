using KeycloakAccess.Authentication;
using KeycloakAccess.Data;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Explanation;

internal sealed record AccountImpact(
    Guid AccountId, string Username, AccountKind Kind, IReadOnlyList<Permission> Gains, IReadOnlyList<Permission> Loses);

// Accounts has the affected ones by user name, up to a limit; the numbers are exact. Of those with unknown roles, only direct memberships
// and default groups count.
internal sealed record ImpactReport(
    IReadOnlyList<AccountImpact> Accounts, long Total, long Affected, long Gaining, long Losing, long RolesUnknown)
{
    public bool IsTruncated => Accounts.Count < Affected;
}

/// <summary>A dry run, by the roles that Keycloak said last and without a token's scopes.</summary>
internal sealed class AccessImpact(SubjectStore subjects, PermissionCatalogue catalogue)
{
    private const int PageSize = 500;

    public async Task<ImpactReport> ComputeAsync(
        AccessRules before, AccessRules after, int limit, CancellationToken cancellationToken)
    {
        var named = new List<AccountImpact>();
        var (total, affected, gaining, losing, rolesUnknown) = (0L, 0L, 0L, 0L, 0L);
        Cursor? next = null;
        do
        {
            (var page, next) = await subjects.ListAsync(new SubjectQuery(before), PageSize, next, cancellationToken);
            foreach (var account in page)
            {
                total++;
                rolesUnknown += account.RolesKnown ? 0 : 1;
                var impact = ImpactOn(account, before, after);
                if (impact.Gains.Count + impact.Loses.Count == 0)
                {
                    continue;
                }

                affected++;
                gaining += impact.Gains.Count > 0 ? 1 : 0;
                losing += impact.Loses.Count > 0 ? 1 : 0;
                if (named.Count < limit)
                {
                    named.Add(impact);
                }
            }
        }
        while (next is not null);

        return new ImpactReport(named, total, affected, gaining, losing, rolesUnknown);
    }

    private AccountImpact ImpactOn(KnownSubject account, AccessRules before, AccessRules after)
    {
        var (gains, loses) = Compare(account.Under(before), account.Under(after), catalogue.Permissions, catalogue);
        return new AccountImpact(account.AccountId, account.Username, account.Kind, gains, loses);
    }

    public static (IReadOnlyList<Permission> Gains, IReadOnlyList<Permission> Loses) Compare(
        Subject before, Subject after, IEnumerable<Permission> permissions, PermissionCatalogue catalogue)
    {
        var (gains, loses) = (new List<Permission>(), new List<Permission>());
        foreach (var permission in permissions)
        {
            var requirement = new AccessRequirement(permission);
            switch (Decision.Evaluate(before, requirement, catalogue).IsAllowed, Decision.Evaluate(after, requirement, catalogue).IsAllowed)
            {
                case (false, true):
                    gains.Add(permission);
                    break;
                case (true, false):
                    loses.Add(permission);
                    break;
            }
        }

        return (gains, loses);
    }
}
