using Dapper;
using KeycloakAccess.Authentication;
using KeycloakAccess.Data;
using Microsoft.Extensions.Options;

namespace KeycloakAccess.Permissions;

/// <summary>Accounts of an issuer that this service does not trust now, at most <see cref="Most"/> of them looked at.</summary>
internal sealed record FormerIssuer(string Issuer, long Accounts, long Disabled, DateTimeOffset LastSeenAt)
{
    public const int Most = 1000;

    /// <summary>What is wrong, and the remedy.</summary>
    public string Explain(string configured) =>
        $"{(Accounts > Most ? $"More than {Most}" : Accounts)} {(Accounts == 1 ? "account is" : "accounts are")} of the issuer {Issuer}, "
        + $"{Disabled} of them disabled, last seen {LastSeenAt:yyyy-MM-dd}. The configured issuer is {configured}. If it is the same realm "
        + $"at another address, everybody exists twice: accounts move --from {Issuer} --to {configured} carries them over.";
}

internal sealed class FormerIssuers(Database database, IOptions<KeycloakOptions> keycloak)
{
    private const int MostIssuers = 10;

    public string Configured => keycloak.Value.Issuer;

    public async Task<IReadOnlyList<FormerIssuer>> ListAsync(CancellationToken cancellationToken)
    {
        // From one issuer to the next along the index: there are few, and perhaps very many accounts of each.
        const string next = "SELECT MIN(issuer) FROM accounts WHERE issuer > @last";
        const string count = """
            SELECT COUNT(*) AS accounts, SUM(CASE WHEN enabled THEN 0 ELSE 1 END) AS disabled, MAX(last_seen_at) AS last_seen_at
            FROM (SELECT enabled, last_seen_at FROM accounts WHERE issuer = @issuer LIMIT @most) AS looked_at
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        var found = new List<FormerIssuer>();
        string? issuer = "";
        while (found.Count < MostIssuers)
        {
            issuer = await connection.ExecuteScalarAsync<string?>(
                new CommandDefinition(next, new { last = issuer }, cancellationToken: cancellationToken));
            if (issuer is null)
            {
                break;
            }

            if (issuer != Configured)
            {
                var row = await connection.QuerySingleAsync<Row>(new CommandDefinition(
                    count, new { issuer, most = FormerIssuer.Most + 1 }, cancellationToken: cancellationToken));
                found.Add(new FormerIssuer(issuer, row.Accounts, row.Disabled, row.LastSeenAt));
            }
        }

        return found;
    }

    private sealed record Row
    {
        public required long Accounts { get; init; }

        public required long Disabled { get; init; }

        public required DateTimeOffset LastSeenAt { get; init; }
    }
}
