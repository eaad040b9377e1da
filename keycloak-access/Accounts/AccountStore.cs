using System.Text.Json;
using Dapper;
using KeycloakAccess.Data;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Accounts;

/// <summary>The request path has its own read of accounts: CallerStore.</summary>
internal sealed class AccountStore(Database database)
{
    public const string Columns = "id, issuer, subject, kind, username, email, name, enabled, disabled_because, created_at, last_seen_at";

    public static IModelRows Rows(Database database) => new PlainRows(
        database,
        AccountPermissions.Model,
        exists: "SELECT COUNT(*) FROM accounts WHERE id = @row",
        list: "SELECT id FROM accounts WHERE id > @after ORDER BY id LIMIT @limit");

    /// <summary>By the id that it has, or had before it was merged with another one.</summary>
    public async Task<Account?> FindAsync(Guid id, CancellationToken cancellationToken)
    {
        const string sql = $"""
            SELECT {Columns} FROM accounts
            WHERE id = COALESCE((SELECT account_id FROM merged_accounts WHERE former_id = @id), @id)
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<Account>(
            new CommandDefinition(sql, new { id }, cancellationToken: cancellationToken));
    }

    /// <summary>By user name, Keycloak's id or the one here, of any realm; at most ten.</summary>
    public async Task<IReadOnlyList<Account>> FindNamedAsync(string name, CancellationToken cancellationToken)
    {
        const string sql = $"""
            SELECT {Columns}
            FROM accounts
            WHERE id IN (
                SELECT id FROM accounts WHERE subject = @name
                UNION
                SELECT id FROM accounts WHERE username = @name
                UNION
                SELECT id FROM accounts WHERE id = @id)
            ORDER BY username, id
            LIMIT 10
            """;
        var id = Guid.TryParse(name, out var parsed) ? parsed : Guid.Empty;
        await using var connection = await database.OpenAsync(cancellationToken);
        return (await connection.QueryAsync<Account>(
            new CommandDefinition(sql, new { name, id }, cancellationToken: cancellationToken))).AsList();
    }

    /// <summary>Those of the subjects that have an account here, by subject.</summary>
    public async Task<IReadOnlyDictionary<string, Guid>> FindOfSubjectsAsync(
        string issuer, IEnumerable<string> subjects, CancellationToken cancellationToken)
    {
        var sql = $"SELECT subject, id FROM accounts WHERE issuer = @issuer AND subject IN {database.Elements("@subjects", "text")}";
        await using var connection = await database.OpenAsync(cancellationToken);
        var rows = await connection.QueryAsync<(string Subject, Guid Id)>(new CommandDefinition(
            sql, new { issuer, subjects = JsonSerializer.Serialize(subjects) }, cancellationToken: cancellationToken));
        return rows.ToDictionary(row => row.Subject, row => row.Id, StringComparer.Ordinal);
    }

    /// <summary>Others of the same name and kind, but not of the same subject: somebody who was made again in Keycloak, perhaps.</summary>
    public async Task<IReadOnlyList<Account>> ListNamesakesAsync(Account account, CancellationToken cancellationToken)
    {
        const string sql = $"""
            SELECT {Columns}
            FROM accounts
            WHERE username = @Username AND (kind = @Kind AND id <> @Id AND subject <> @Subject) IS TRUE
            ORDER BY created_at, id
            LIMIT 10
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        return (await connection.QueryAsync<Account>(new CommandDefinition(sql, account, cancellationToken: cancellationToken))).AsList();
    }

    /// <summary>
    /// Enabled accounts of an issuer whose name somebody had who is disabled, and came earlier; of the disabled, those who were seen last
    /// are looked at.
    /// </summary>
    public async Task<IReadOnlyList<(Account Enabled, Account Disabled)>> ListMadeAgainAsync(
        string issuer, int limit, CancellationToken cancellationToken)
    {
        const int most = 500;
        var columns = string.Join(", ", Columns.Split(", ").Select(column => $"n.{column}"));
        var former = string.Join(", ", Columns.Split(", ").Select(column => $"o.{column}"));
        string Newest(string kind) => $"""
            SELECT {Columns} FROM (
                SELECT {Columns} FROM accounts
                WHERE kind = '{kind}' AND enabled = @no
                ORDER BY last_seen_at DESC, id DESC
                LIMIT @most) AS {kind}s
            """;
        var sql = $"""
            SELECT {columns}, {former}
            FROM ({Newest("person")} UNION ALL {Newest("service")}) AS o
            JOIN accounts n ON n.username = o.username
            WHERE (n.enabled = @yes AND n.issuer = @issuer AND n.kind = o.kind AND n.subject <> o.subject
                AND n.created_at > o.created_at) IS TRUE
            ORDER BY n.created_at DESC, n.id
            LIMIT @limit
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        return (await connection.QueryAsync<Account, Account, (Account, Account)>(
            new CommandDefinition(sql, new { issuer, limit, most, yes = true, no = false }, cancellationToken: cancellationToken),
            (enabled, disabled) => (enabled, disabled))).AsList();
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
        const string sql = $"""
            UPDATE accounts SET enabled = @enabled, disabled_because = NULL
            WHERE id = @id AND enabled <> @enabled
            RETURNING {Columns}
            """;
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
