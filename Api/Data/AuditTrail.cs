using System.Data.Common;
using System.Text.Json;
using Dapper;

namespace Api.Data;

/// <summary>Who does something, as far as the audit log needs to know.</summary>
/// <param name="AccountId">The local account; <see langword="null"/> for the command line and for the service itself.</param>
/// <param name="Name">The account's name at that moment: it outlives the account.</param>
/// <param name="Method">How they came in: one of the constants here.</param>
/// <param name="RequestId">The request, as problem details and the service's log name it; <see langword="null"/> outside one.</param>
internal sealed record Actor(Guid? AccountId, string Name, string Method, string? RequestId)
{
    public const string Bearer = "bearer";
    public const string Session = "session";
    public const string CommandLine = "command-line";
    public const string Service = "service";
}

/// <summary>One change of one thing.</summary>
/// <param name="Model">The model's name, as in permissions.</param>
/// <param name="RowId">The row's id, as addresses write it.</param>
/// <param name="Action">What was done: <c>add</c>, <c>change</c>, <c>delete</c>, or an action of the model's own.</param>
/// <param name="Before">The old values, by their names in JSON; <see langword="null"/> where there was nothing.</param>
/// <param name="After">The new values; <see langword="null"/> where nothing is left.</param>
/// <param name="Reason">Why, in the words of whoever did it, where they were asked.</param>
internal sealed record AuditChange(
    string Model,
    string RowId,
    string Action,
    IReadOnlyDictionary<string, object?>? Before,
    IReadOnlyDictionary<string, object?>? After,
    string? Reason = null);

/// <summary>Writes the audit log: each change in the transaction that makes it, so that neither is there without the other.</summary>
internal sealed class AuditTrail(TimeProvider clock)
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web);

    public async Task RecordAsync(
        DbConnection connection, DbTransaction transaction, Actor actor, AuditChange change, CancellationToken cancellationToken)
    {
        const string sql = """
            INSERT INTO audit_log (id, at, kind, account_id, account, method, request_id, model, row_id, action, old_values, new_values, reason)
            VALUES (@id, @at, 'change', @AccountId, @Name, @Method, @RequestId, @Model, @RowId, @Action, @before, @after, @Reason)
            """;
        var at = clock.GetUtcNow();
        await connection.ExecuteAsync(new CommandDefinition(
            sql,
            new
            {
                id = Guid.CreateVersion7(at),
                at,
                actor.AccountId,
                actor.Name,
                actor.Method,
                actor.RequestId,
                change.Model,
                change.RowId,
                change.Action,
                before = Json(change.Before),
                after = Json(change.After),
                change.Reason,
            },
            transaction,
            cancellationToken: cancellationToken));
    }

    private static string? Json(IReadOnlyDictionary<string, object?>? values) =>
        values is null ? null : JsonSerializer.Serialize(values, Options);
}
