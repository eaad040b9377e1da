using System.Text.Json;
using Dapper;
using KeycloakAccess.Data;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Accounts;

/// <summary>A search is a part of user name, e-mail or name, in any case.</summary>
internal sealed record AccountFilter(string? Search, string? Kind, bool? Enabled, int Limit, Cursor? After);

/// <summary>The request path has its own read of accounts: CallerStore.</summary>
internal sealed class AccountStore(Database database)
{
    public static readonly Keyset<Account> Keyset = new Keyset<Account>("username")
        .By("username", account => account.Username)
        .By("id", account => account.Id);

    private const string Columns = "id, issuer, subject, kind, username, email, name, enabled, created_at, last_seen_at";

    public static IModelRows Rows(Database database) => new PlainRows(
        database,
        AccountPermissions.Model,
        exists: "SELECT COUNT(*) FROM accounts WHERE id = @row",
        list: "SELECT id FROM accounts WHERE id > @after ORDER BY id LIMIT @limit");

    public async Task<KeysetPage<Account>> ListAsync(AccountFilter filter, CancellationToken cancellationToken)
    {
        var values = new DynamicParameters();
        var conditions = new List<string> { Keyset.StartAfter(filter.After, filter.Limit, values) };
        if (!string.IsNullOrEmpty(filter.Search))
        {
            conditions.Add("""
                (lower(username) LIKE lower(@search) ESCAPE '\'
                OR lower(email) LIKE lower(@search) ESCAPE '\'
                OR lower(name) LIKE lower(@search) ESCAPE '\')
                """);
            values.Add("search", LikePattern.Containing(filter.Search));
        }

        if (filter.Kind is not null)
        {
            conditions.Add("kind = @kind");
            values.Add("kind", filter.Kind);
        }

        if (filter.Enabled is { } enabled)
        {
            conditions.Add("enabled = @enabled");
            values.Add("enabled", enabled);
        }

        var sql = $"""
            SELECT {Columns}
            FROM accounts
            WHERE {string.Join(" AND ", conditions)}
            ORDER BY {Keyset.OrderBy}
            LIMIT @limit
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        var accounts = await connection.QueryAsync<Account>(new CommandDefinition(sql, values, cancellationToken: cancellationToken));
        return Keyset.Cut(accounts.AsList(), filter.Limit);
    }

    public async Task<Account?> FindAsync(Guid id, CancellationToken cancellationToken)
    {
        const string sql = $"SELECT {Columns} FROM accounts WHERE id = @id";
        await using var connection = await database.OpenAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<Account>(
            new CommandDefinition(sql, new { id }, cancellationToken: cancellationToken));
    }

    public async Task<IReadOnlyList<Account>> FindAsync(IReadOnlyCollection<Guid> ids, CancellationToken cancellationToken)
    {
        var sql = $"SELECT {Columns} FROM accounts WHERE id IN {database.Elements("@ids", "uuid")} ORDER BY id";
        await using var connection = await database.OpenAsync(cancellationToken);
        return (await connection.QueryAsync<Account>(new CommandDefinition(
            sql, new { ids = JsonSerializer.Serialize(ids) }, cancellationToken: cancellationToken))).AsList();
    }

    public static async Task<ChangeOutcome<Account>> SetEnabledAsync(ChangeTransaction change, Guid id, bool enabled)
    {
        const string sql = $"UPDATE accounts SET enabled = @enabled WHERE id = @id AND enabled <> @enabled RETURNING {Columns}";
        if (await change.FindAsync<Account>(sql, new { id, enabled }) is { } account)
        {
            await change.RecordAsync(new AuditChange(
                AccountPermissions.Model,
                id.ToString(),
                Permission.Change,
                State(account.Username, !enabled),
                State(account.Username, enabled)));
            return ChangeOutcome.Done(account);
        }

        return await change.FindAsync<Account>($"SELECT {Columns} FROM accounts WHERE id = @id", new { id }) is { } unchanged
            ? ChangeOutcome.Unchanged(unchanged)
            : new ChangeFailure.NotFound();
    }

    // With the name, so that the log says whose account it was.
    private static Dictionary<string, object?> State(string username, bool enabled) =>
        new(StringComparer.Ordinal) { ["username"] = username, ["enabled"] = enabled };
}
