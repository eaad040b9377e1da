using System.Data.Common;
using Dapper;
using KeycloakAccess.Data;
using Npgsql;

namespace KeycloakAccess.Permissions;

internal sealed class ChangeRunner(Database database, AuditLog audit, AccessRulesCache cache, Superusers superusers)
{
    public Task<ChangeOutcome<T>> RunAsync<T>(
        Actor actor, Func<ChangeTransaction, Task<ChangeOutcome<T>>> make, CancellationToken cancellationToken)
        where T : class =>
        database.WriteAsync(write => RunAsync(write, actor, make, cancellationToken), cancellationToken);

    /// <summary>
    /// A change of groups, permissions or mappings. They come one after the other, on all instances, and each that changes anything
    /// raises the version of the rules once.
    /// </summary>
    public Task<ChangeOutcome<T>> RunOnRulesAsync<T>(
        ChangeAuthor author, Func<ChangeTransaction, Task<ChangeOutcome<T>>> make, CancellationToken cancellationToken)
        where T : class => RunOnRulesAsync(author.Actor, author.AllowsNoSuperuser, make, cancellationToken);

    /// <inheritdoc cref="RunOnRulesAsync{T}(ChangeAuthor, Func{ChangeTransaction, Task{ChangeOutcome{T}}}, CancellationToken)"/>
    public Task<ChangeOutcome<T>> RunOnRulesAsync<T>(
        Actor actor, bool allowsNoSuperuser, Func<ChangeTransaction, Task<ChangeOutcome<T>>> make, CancellationToken cancellationToken)
        where T : class => database.WriteAsync(
            write => RunInTurnAsync(
                NewChange(write, actor, rulesVersion: null, cancellationToken), write, isOnRules: true, allowsNoSuperuser, make),
            cancellationToken);

    /// <summary>A change of accounts or of who is in which group. They take turns with those of the rules.</summary>
    public Task<ChangeOutcome<T>> RunOnHoldersAsync<T>(
        ChangeAuthor author, Func<ChangeTransaction, Task<ChangeOutcome<T>>> make, CancellationToken cancellationToken)
        where T : class => RunOnHoldersAsync(author.Actor, author.AllowsNoSuperuser, make, cancellationToken);

    /// <inheritdoc cref="RunOnHoldersAsync{T}(ChangeAuthor, Func{ChangeTransaction, Task{ChangeOutcome{T}}}, CancellationToken)"/>
    public Task<ChangeOutcome<T>> RunOnHoldersAsync<T>(
        Actor actor, bool allowsNoSuperuser, Func<ChangeTransaction, Task<ChangeOutcome<T>>> make, CancellationToken cancellationToken)
        where T : class => database.WriteAsync(
            write => RunInTurnAsync(
                NewChange(write, actor, rulesVersion: null, cancellationToken), write, isOnRules: false, allowsNoSuperuser, make),
            cancellationToken);

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

    // What two of them would take from the last two superusers, each thinking of the other, is seen by the second.
    private async Task<ChangeOutcome<T>> RunInTurnAsync<T>(
        ChangeTransaction change,
        WriteTransaction write,
        bool isOnRules,
        bool allowsNoSuperuser,
        Func<ChangeTransaction, Task<ChangeOutcome<T>>> make)
        where T : class
    {
        var (connection, transaction, cancellationToken) = (write.Connection, write.Transaction, change.CancellationToken);
        var isPostgreSql = database.Engine == DatabaseEngine.PostgreSql;
        // The row is the lock that others wait for. The triggers of the tables leave the version alone while raised is true.
        var version = await connection.QuerySingleAsync<long>(new CommandDefinition(
            isOnRules ? "UPDATE access_version SET version = version + 1, raised = true RETURNING version - 1"
            : isPostgreSql ? "SELECT version FROM access_version FOR UPDATE"
            : "SELECT version FROM access_version",
            transaction: transaction,
            cancellationToken: cancellationToken));
        if (isPostgreSql)
        {
            // Who changes rows directly holds them first and waits for the version then. This transaction gives way, soon: PostgreSQL looks
            // for deadlocks after a second only, and then ends either side.
            await connection.ExecuteAsync(new CommandDefinition(
                "SET LOCAL lock_timeout = '100ms'", transaction: transaction, cancellationToken: cancellationToken));
        }

        change = change with { RulesVersion = version };
        var rules = await cache.GetAsync(version, cancellationToken);
        var widest = allowsNoSuperuser ? default : await superusers.MeasureAsync(change, rules);
        var outcome = await make(change);
        if (!outcome.IsChanged)
        {
            return outcome;
        }

        if (isOnRules)
        {
            await connection.ExecuteAsync(new CommandDefinition(
                "UPDATE access_version SET raised = false", transaction: transaction, cancellationToken: cancellationToken));
            rules = await AccessRulesCache.ReadAsync(connection, transaction, cancellationToken);
        }

        if (!widest.IsNobody && (await superusers.MeasureAsync(change, rules)).IsLessThan(widest))
        {
            return new ChangeFailure.LastSuperuser();
        }

        await write.CommitAsync();
        return outcome;
    }

    private ChangeTransaction NewChange(WriteTransaction write, Actor actor, long? rulesVersion, CancellationToken cancellationToken) =>
        new(write, audit, actor, rulesVersion, cancellationToken);
}

/// <summary>RulesVersion is the one before the change; null where it is not about the rules.</summary>
internal sealed record ChangeTransaction(
    WriteTransaction Write, AuditLog Audit, Actor Actor, long? RulesVersion, CancellationToken CancellationToken)
{
    public DbConnection Connection => Write.Connection;

    public DbTransaction Transaction => Write.Transaction;

    /// <summary>Ends a query that locks what it reads. SQLite lets in one writer at a time anyway.</summary>
    public string ForUpdate => Connection is NpgsqlConnection ? " FOR UPDATE" : "";

    public Task<int> ExecuteAsync(string sql, object values) => Connection.ExecuteAsync(Command(sql, values));

    public Task<IEnumerable<T>> QueryAsync<T>(string sql, object values) => Connection.QueryAsync<T>(Command(sql, values));

    public Task<T?> FindAsync<T>(string sql, object values) => Connection.QuerySingleOrDefaultAsync<T>(Command(sql, values));

    public Task RecordAsync(params IReadOnlyList<AuditChange> changes) =>
        Audit.RecordAsync(Connection, Transaction, Actor, changes, CancellationToken);

    public async Task<ChangeFailure?> RefuseAsync(ChangeAuthor author, IEnumerable<string> permissions) =>
        (await GuardAsync(author)).Refuse(permissions);

    /// <summary>Whoever holds more than the author is nobody whom they change.</summary>
    public async Task<ChangeFailure.Refused?> RefuseAsync(ChangeAuthor author, KnownSubject subject) =>
        (await GuardAsync(author)).Refuse(subject);

    // Another change may have come first since the request began.
    private async Task<GrantGuard> GuardAsync(ChangeAuthor author) =>
        RulesVersion is null || RulesVersion == author.Guard.Caller.Rules.Version
            ? author.Guard
            : author.Guard.Under(await AccessRulesCache.ReadAsync(Connection, Transaction, CancellationToken));

    private CommandDefinition Command(string sql, object values) => new(sql, values, Transaction, cancellationToken: CancellationToken);
}
