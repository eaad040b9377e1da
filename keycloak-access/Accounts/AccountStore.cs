using System.Text.Json;
using Dapper;
using KeycloakAccess.Data;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Accounts;

/// <summary>Which accounts, from where on.</summary>
/// <param name="Search">Part of user name, e-mail or name, in any case.</param>
/// <param name="Kind"><c>person</c>, <c>service</c> or <see langword="null"/> for both.</param>
/// <param name="Enabled">Only those enabled, or off.</param>
/// <param name="Limit">How many at most.</param>
/// <param name="After">Where the page before ended.</param>
internal sealed record AccountFilter(string? Search, string? Kind, bool? Enabled, int Limit, Cursor? After);

/// <summary>The table <c>accounts</c>, for those who look after accounts. The request path has its own read: CallerStore.</summary>
internal sealed class AccountStore(Database database)
{
    /// <summary>The one order of the API's list.</summary>
    public static readonly Keyset<Account> Keyset = new Keyset<Account>("username")
        .By("username", account => account.Username)
        .By("id", account => account.Id);

    private const string Columns = "id, issuer, subject, kind, username, email, name, enabled, created_at, last_seen_at";

    /// <summary>The rows, for those who ask who may do what with them.</summary>
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
            conditions.Add(@"(lower(username) LIKE lower(@search) ESCAPE '\' OR lower(email) LIKE lower(@search) ESCAPE '\' OR lower(name) LIKE lower(@search) ESCAPE '\')");
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
        var accounts = (await connection.QueryAsync<Account>(new CommandDefinition(sql, values, cancellationToken: cancellationToken))).AsList();
        return Keyset.Cut(accounts, filter.Limit);
    }

    public async Task<Account?> FindAsync(Guid id, CancellationToken cancellationToken)
    {
        const string sql = $"SELECT {Columns} FROM accounts WHERE id = @id";
        await using var connection = await database.OpenAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<Account>(new CommandDefinition(sql, new { id }, cancellationToken: cancellationToken));
    }

    /// <returns>The accounts of these ids that there are, in the order of ids.</returns>
    public async Task<IReadOnlyList<Account>> FindAsync(IReadOnlyCollection<Guid> ids, CancellationToken cancellationToken)
    {
        var sql = $"SELECT {Columns} FROM accounts WHERE id IN {database.Elements("@ids", "uuid")} ORDER BY id";
        await using var connection = await database.OpenAsync(cancellationToken);
        return (await connection.QueryAsync<Account>(new CommandDefinition(
            sql, new { ids = JsonSerializer.Serialize(ids) }, cancellationToken: cancellationToken))).AsList();
    }

    /// <returns>The account as it is now; not found if there is none.</returns>
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
    private static Dictionary<string, object?> State(string username, bool enabled) => new(StringComparer.Ordinal) { ["username"] = username, ["enabled"] = enabled };
}
