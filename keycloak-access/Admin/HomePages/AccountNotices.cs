using KeycloakAccess.Accounts;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.HomePages;

/// <summary>What is odd about who somebody is: another issuer, an old name on a new account, nobody who holds everything.</summary>
internal sealed class AccountNotices(AccountStore accounts, Superusers superusers, FormerIssuers issuers, BreakGlassLinks breakGlass)
{
    private const int MostNamed = 3;

    public async Task<IEnumerable<HomeNotice>> CheckIdentitiesAsync(CancellationToken cancellationToken)
    {
        var former = await issuers.ListAsync(cancellationToken);
        var again = await accounts.ListMadeAgainAsync(issuers.Configured, MostNamed, cancellationToken);
        return
        [
            .. former.Select(issuer => new HomeNotice(
                "bad",
                $"{HomeNotices.Count(issuer.Accounts, "account")} of another issuer",
                issuer.Explain(issuers.Configured),
                "/admin/accounts",
                "See the accounts")),
            .. again.Select(pair => new HomeNotice(
                "bad",
                $"{pair.Enabled.Username} was disabled, and is there again",
                $"{Describe(pair.Enabled)}, first seen {pair.Enabled.CreatedAt:yyyy-MM-dd}, is enabled and has the name of "
                    + $"{Describe(pair.Disabled)}, who is disabled: made again in Keycloak, perhaps.",
                $"/admin/accounts/{pair.Enabled.Id}",
                "See both")),
        ];
    }

    /// <summary>Who was let in without Keycloak during the last month, or could have been.</summary>
    public async Task<IEnumerable<HomeNotice>> CheckBreakGlassAsync(CancellationToken cancellationToken) =>
        (await breakGlass.ListAsync(cancellationToken)).Select(link => new HomeNotice(
            link.UsedAt is null ? "warn" : "bad",
            link.UsedAt is null ? $"A sign-in without Keycloak was issued for {Name(link)}" : $"{Name(link)} signed in without Keycloak",
            $"Issued by {link.IssuedBy} on {link.IssuedAt.UtcDateTime:yyyy-MM-dd HH:mm} UTC: {link.Reason.TrimEnd('.')}. "
                + (link.UsedAt is { } at
                    ? $"Used on {at.UtcDateTime:yyyy-MM-dd HH:mm} UTC{(link.UsedFrom is { } address ? $" from {address}" : "")}."
                    : "It was not used."),
            link.AccountId is { } id ? $"/admin/accounts/{id}" : "/admin/accounts",
            "See the account"));

    public async Task<IEnumerable<HomeNotice>> CheckSuperusersAsync(AccessRules rules, CancellationToken cancellationToken) =>
        await superusers.IsThereOneAsync(rules, cancellationToken)
            ? []
            : [new HomeNotice(
                "bad",
                "Nobody holds everything",
                "No enabled account that is known here holds *:*, so nobody can change all groups and mappings. "
                    + "The command line can: accounts enable, access apply.",
                "/admin/groups",
                "See the groups")];

    private static string Name(BreakGlassLink link) => link.Username ?? "An account that is deleted";

    private static string Describe(Account account) =>
        $"{account.Username} ({string.Join(", ", new[] { account.Name, account.Email, account.Subject }.OfType<string>())})";
}
