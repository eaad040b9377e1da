using System.Data.Common;
using Dapper;
using KeycloakAccess.Data;
using Npgsql;

namespace KeycloakAccess.Permissions;

internal sealed class ChangeRunner(Database database, AuditLog audit)
{
    public Task<ChangeOutcome<T>> RunAsync<T>(
        Actor actor, Func<ChangeTransaction, Task<ChangeOutcome<T>>> make, CancellationToken cancellationToken)
        where T : class =>
        database.WriteAsync(write => RunAsync(write, actor, make, cancellationToken), cancellationToken);

    // Changes of the rules come one after the other, on all instances. Each that changes anything raises their version once.
    public Task<ChangeOutcome<T>> RunOnRulesAsync<T>(
        Actor actor, Func<ChangeTransaction, Task<ChangeOutcome<T>>> make, CancellationToken cancellationToken)
        where T : class =>
        database.WriteAsync(write => RunOnRulesAsync(write, actor, make, cancellationToken), cancellationToken);

    private async Task<ChangeOutcome<T>> RunAsync<T>(
        WriteTransaction write, Actor actor, Func<ChangeTransaction, Task<ChangeOutcome<T>>> make, CancellationToken cancellationToken)
        where T : class
    {
        var outcome = await make(NewChange(write, actor, rulesVersion: null, cancellationToken));
        if (outcome.IsChanged)
        {
            await write.CommitAsync();
        }

        return outcome;
    }

    private async Task<ChangeOutcome<T>> RunOnRulesAsync<T>(
        WriteTransaction write, Actor actor, Func<ChangeTransaction, Task<ChangeOutcome<T>>> make, CancellationToken cancellationToken)
        where T : class
    {
        var (connection, transaction) = (write.Connection, write.Transaction);
        // The row is the lock that others wait for. The triggers of the tables leave the version alone while raised is true.
        var version = await connection.QuerySingleAsync<long>(new CommandDefinition(
            "UPDATE access_version SET version = version + 1, raised = true RETURNING version",
            transaction: transaction,
            cancellationToken: cancellationToken));
        if (database.Engine == DatabaseEngine.PostgreSql)
        {
            // Who changes rows directly holds them first and waits for the version then. This transaction gives way, soon: PostgreSQL looks
            // for deadlocks after a second only, and then ends either side.
            await connection.ExecuteAsync(new CommandDefinition(
                "SET LOCAL lock_timeout = '100ms'", transaction: transaction, cancellationToken: cancellationToken));
        }

        var outcome = await make(NewChange(write, actor, version - 1, cancellationToken));
        if (outcome.IsChanged)
        {
            await connection.ExecuteAsync(new CommandDefinition(
                "UPDATE access_version SET raised = false", transaction: transaction, cancellationToken: cancellationToken));
            await write.CommitAsync();
        }

        return outcome;
    }

    private ChangeTransaction NewChange(WriteTransaction write, Actor actor, long? rulesVersion, CancellationToken cancellationToken) =>
        new(write.Connection, write.Transaction, audit, actor, rulesVersion, cancellationToken);
}

/// <summary>RulesVersion is the one before the change; null where it is not about the rules.</summary>
internal sealed record ChangeTransaction(
    DbConnection Connection,
    DbTransaction Transaction,
    AuditLog Audit,
    Actor Actor,
    long? RulesVersion,
    CancellationToken CancellationToken)
{
    /// <summary>Ends a query that locks what it reads. SQLite lets in one writer at a time anyway.</summary>
    public string ForUpdate => Connection is NpgsqlConnection ? " FOR UPDATE" : "";

    public Task<int> ExecuteAsync(string sql, object values) => Connection.ExecuteAsync(Command(sql, values));

    public Task<IEnumerable<T>> QueryAsync<T>(string sql, object values) => Connection.QueryAsync<T>(Command(sql, values));

    public Task<T?> FindAsync<T>(string sql, object values) => Connection.QuerySingleOrDefaultAsync<T>(Command(sql, values));

    public Task RecordAsync(params IReadOnlyList<AuditChange> changes) =>
        Audit.RecordAsync(Connection, Transaction, Actor, changes, CancellationToken);

    public async Task<ChangeFailure.Refused?> RefuseAsync(ChangeAuthor author, IEnumerable<string> permissions)
    {
        // Another change may have come first since the request began.
        var guard = RulesVersion is null || RulesVersion == author.Guard.Caller.Rules.Version
            ? author.Guard
            : author.Guard.Under(await AccessRulesCache.ReadAsync(Connection, Transaction, CancellationToken));
        return guard.Refuse(permissions);
    }

    private CommandDefinition Command(string sql, object values) => new(sql, values, Transaction, cancellationToken: CancellationToken);
}
