using System.Data.Common;
using System.Text.Json;
using Dapper;
using Npgsql;

namespace KeycloakAccess.Data;

/// <summary>
/// Takes the names of an account that has been deleted out of the audit log: the one change of its rows that the triggers let through.
/// What the account did stays, under its id.
/// </summary>
internal static class AuditRedaction
{
    /// <summary>What stands where the name of the account stood.</summary>
    public const string Name = "deleted account";

    public static async Task RunAsync(
        DbConnection connection, DbTransaction transaction, Guid accountId, CancellationToken cancellationToken)
    {
        var isPostgreSql = connection is NpgsqlConnection;
        string Without(string column) => isPostgreSql
            ? $"without_names({column})"
            : $"json_replace({column}, '$.username', NULL, '$.email', NULL, '$.name', NULL, '$.subject', NULL)";
        string Member(string values, string name) =>
            isPostgreSql ? $"({values}::json ->> '{name}')" : $"json_extract({values}, '$.{name}')";
        var elements = isPostgreSql ? "json_array_elements_text(CAST(@names AS json))" : "json_each(@names)";
        var change = $"UPDATE audit_log SET old_values = {Without("old_values")}, new_values = {Without("new_values")}";

        // Before they are gone: a session that ended was recorded by the user name alone once.
        var recorded = await connection.QueryAsync<string?>(new CommandDefinition(
            $"""
            SELECT {Member("old_values", "username")} FROM audit_log WHERE row_id = @row AND model = 'account'
            UNION
            SELECT {Member("new_values", "username")} FROM audit_log WHERE row_id = @row AND model = 'account'
            """,
            new { row = accountId.ToString() },
            transaction,
            cancellationToken: cancellationToken));
        var sql = $"""
            UPDATE audit_log SET account = @Name WHERE account_id = @accountId AND account <> @Name;
            {change} WHERE row_id = @row AND model = 'account';
            {change} WHERE {Member("COALESCE(new_values, old_values)", "accountId")} = @row
                AND model = 'group' AND action IN ('add-member', 'remove-member');
            {change} WHERE model = 'session' AND ({Member("old_values", "accountId")} = @row
                OR ({Member("old_values", "accountId")} IS NULL
                    AND {Member("old_values", "username")} IN (SELECT value FROM {elements})))
            """;
        await connection.ExecuteAsync(new CommandDefinition(
            sql,
            new { Name, accountId, row = accountId.ToString(), names = JsonSerializer.Serialize(recorded.OfType<string>()) },
            transaction,
            cancellationToken: cancellationToken));
    }
}
