using KeycloakAccess.Data;
using KeycloakAccess.Authentication;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Explanation;

/// <summary>What a change of the rules means for one account.</summary>
/// <param name="AccountId">The account.</param>
/// <param name="Username">The name to sign in with, or the client id of a service.</param>
/// <param name="Kind">A person or a service.</param>
/// <param name="Gains">What it may do then, and not now.</param>
/// <param name="Loses">What it may do now, and not then.</param>
internal sealed record AccountImpact(
    Guid AccountId, string Username, AccountKind Kind, IReadOnlyList<Permission> Gains, IReadOnlyList<Permission> Loses);

/// <summary>What a change of the rules means for all accounts of the realm.</summary>
/// <param name="Accounts">Those that gain or lose, by user name, up to the limit that was asked for.</param>
/// <param name="Looked">How many accounts there are.</param>
/// <param name="Affected">How many of them gain or lose.</param>
/// <param name="Gaining">How many gain.</param>
/// <param name="Losing">How many lose.</param>
/// <param name="RolesUnknown">How many have never shown what roles they have: of these, only direct members and what is a default group are known.</param>
internal sealed record ImpactReport(
    IReadOnlyList<AccountImpact> Accounts, long Looked, long Affected, long Gaining, long Losing, long RolesUnknown)
{
    public bool IsTruncated => Accounts.Count < Affected;
}

/// <summary>
/// The dry run: decides for every account, under the rules as they are and as they would be, by the evaluator that every
/// call asks. By the roles that Keycloak said last, without a token's scopes.
/// </summary>
internal sealed class AccessImpact(SubjectStore subjects, PermissionCatalogue catalogue)
{
    /// <summary>As many accounts are in memory at a time, however many there are.</summary>
    private const int PageSize = 500;

    /// <param name="before">The rules as they are.</param>
    /// <param name="after">The rules as they would be.</param>
    /// <param name="limit">How many accounts to name. The totals are exact in any case.</param>
    /// <param name="cancellationToken">A way to give up.</param>
    public async Task<ImpactReport> OfAsync(AccessRules before, AccessRules after, int limit, CancellationToken cancellationToken)
    {
        var named = new List<AccountImpact>();
        var (looked, affected, gaining, losing, rolesUnknown) = (0L, 0L, 0L, 0L, 0L);
        Cursor? next = null;
        do
        {
            (var page, next) = await subjects.ListAsync(new SubjectQuery(before), PageSize, next, cancellationToken);
            foreach (var account in page)
            {
                looked++;
                rolesUnknown += account.RolesKnown ? 0 : 1;
                var impact = On(account, before, after);
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

        return new ImpactReport(named, looked, affected, gaining, losing, rolesUnknown);
    }

    private AccountImpact On(KnownSubject account, AccessRules before, AccessRules after)
    {
        var (gains, loses) = Between(account.Under(before), account.Under(after), catalogue.Permissions, catalogue);
        return new AccountImpact(account.AccountId, account.Username, account.Kind, gains, loses);
    }

    /// <param name="now">Somebody.</param>
    /// <param name="then">The same account as it would be.</param>
    /// <param name="permissions">What is asked about.</param>
    /// <param name="catalogue">Every permission and scope that exists.</param>
    /// <returns>What somebody may do then and not now, and the other way round.</returns>
    public static (IReadOnlyList<Permission> Gains, IReadOnlyList<Permission> Loses) Between(
        Subject now, Subject then, IEnumerable<Permission> permissions, PermissionCatalogue catalogue)
    {
        var (gains, loses) = (new List<Permission>(), new List<Permission>());
        foreach (var permission in permissions)
        {
            var requirement = new AccessRequirement(permission);
            switch (Decision.Evaluate(now, requirement, catalogue).IsAllowed, Decision.Evaluate(then, requirement, catalogue).IsAllowed)
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
