using System.Data.Common;
using System.Text.Json;
using Dapper;
using KeycloakAccess.Texts;

namespace KeycloakAccess.Data;

/// <summary>Who does something, by the name of that moment, which outlives the account. Commands and the service have no account.</summary>
internal sealed record Actor(Guid? AccountId, string Name, string Method, string? RequestId, string? Reason = null)
{
    public const string Bearer = "bearer";
    public const string Session = "session";
    public const string CommandLine = "command-line";
    public const string Service = "service";

    /// <summary>The name of what happens by itself.</summary>
    public const string Itself = "this service";

    public Actor Because(string? reason) =>
        this with { Reason = string.IsNullOrWhiteSpace(reason) ? null : Normalization.ToFormC(reason.Trim()) };
}

/// <summary>One change of one row: its values by their names in JSON, none where there was or is no row.</summary>
internal sealed record AuditChange(
    string Model,
    string RowId,
    string Action,
    IReadOnlyDictionary<string, object?>? Before,
    IReadOnlyDictionary<string, object?>? After);

/// <summary>Writes the audit log: each change in the transaction that makes it, so that neither is there without the other.</summary>
internal sealed class AuditLog(TimeProvider clock)
{
    // SQLite finds a parameter by looking at all of them: a hundred rows to a statement take more than twice as long as these.
    private const int RowsOfAStatement = 20;

    // Names come from tokens and addresses. Keycloak allows 255 characters; longer texts of others must not fill the log.
    private const int LongestName = 300;
    private const int LongestReason = 500;
    private const int LongestValue = 4000;

    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web);

    public Task RecordAsync(
        DbConnection connection, DbTransaction transaction, Actor actor, AuditChange change, CancellationToken cancellationToken) =>
        RecordAsync(connection, transaction, actor, [change], cancellationToken);

    public Task RecordAsync(
        DbConnection connection,
        DbTransaction transaction,
        Actor actor,
        IReadOnlyList<AuditChange> changes,
        CancellationToken cancellationToken)
    {
        var at = clock.GetUtcNow();
        return InsertAsync(
            connection,
            transaction,
            // A microsecond apart, the resolution of both engines, so that the list has them in their order.
            [.. changes.Select((change, number) => new AuditRow
            {
                Id = Guid.CreateVersion7(at),
                At = at.AddMicroseconds(number),
                Kind = AuditRow.ChangeKind,
                AccountId = actor.AccountId,
                Account = actor.Name,
                Method = actor.Method,
                RequestId = actor.RequestId,
                Model = change.Model,
                RowId = change.RowId,
                Action = change.Action,
                OldValues = Json(change.Before),
                NewValues = Json(change.After),
                Reason = actor.Reason,
            })],
            cancellationToken);
    }

    /// <summary>A row that is there already came with a commit whose answer was lost.</summary>
    public static async Task InsertAsync(
        DbConnection connection, DbTransaction transaction, IReadOnlyList<AuditRow> rows, CancellationToken cancellationToken)
    {
        foreach (var some in rows.Chunk(RowsOfAStatement))
        {
            var values = new DynamicParameters();
            var lines = some.Select((row, number) => "(" + string.Join(", ", Parameters(row).Select((value, column) =>
            {
                values.Add($"p{number}_{column}", value);
                return $"@p{number}_{column}";
            })) + ")");
            var sql = $"INSERT INTO audit_log ({AuditRow.Columns}) VALUES {string.Join(", ", lines)} ON CONFLICT (id) DO NOTHING";
            await connection.ExecuteAsync(new CommandDefinition(sql, values, transaction, cancellationToken: cancellationToken));
        }
    }

    /// <summary>Whether a request has changed anything.</summary>
    public static async Task<bool> HasChangeAsync(
        DbConnection connection, DbTransaction transaction, string requestId, CancellationToken cancellationToken)
    {
        const string sql = "SELECT count(*) FROM audit_log WHERE request_id = @requestId AND kind = @ChangeKind";
        return await connection.ExecuteScalarAsync<long>(new CommandDefinition(
            sql, new { requestId, AuditRow.ChangeKind }, transaction, cancellationToken: cancellationToken)) > 0;
    }

    private static object?[] Parameters(AuditRow row) =>
    [
        row.Id, row.At, row.Kind, row.AccountId, Cut(row.Account, LongestName), row.Method, Cut(row.RequestId, LongestName),
        Cut(row.Model, LongestName), Cut(row.RowId, LongestName), Cut(row.Action, LongestName), row.OldValues, row.NewValues,
        Cut(row.Reason is { } reason ? PlainText.Cut(reason, LongestReason) : null, PlainText.UnitsOf(LongestReason)),
        row.Permission, row.Code, row.Scope, row.MissingPermissions, row.HttpMethod, Cut(row.Path, LongestName), row.Count, row.LastAt,
    ];

    public static string? Json(IReadOnlyDictionary<string, object?>? values) => values is null
        ? null
        : JsonSerializer.Serialize(
            values.ToDictionary(
                value => value.Key,
                value => value.Value is string text ? Cut(text, LongestValue) : value.Value,
                StringComparer.Ordinal),
            Options);

    // PostgreSQL has no NUL.
    private static string? Cut(string? text, int longest)
    {
        if (text?.Contains('\0', StringComparison.Ordinal) is true)
        {
            text = text.Replace("\0", "", StringComparison.Ordinal);
        }

        return text is null || text.Length <= longest ? text : ShortText.Cut(text, longest - 1) + "…";
    }
}
