using System.Data.Common;
using KeycloakAccess.Data;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Models;

/// <summary>How a change went.</summary>
internal abstract record ModelChange
{
    /// <summary>It is made.</summary>
    /// <param name="Row">The row as it is now; as it was, where it was deleted.</param>
    /// <param name="Version">The number that its ETag shows.</param>
    internal sealed record Done(object Row, int Version) : ModelChange;

    /// <summary>There is no such row, or none that the caller may see.</summary>
    internal sealed record Missing : ModelChange;

    /// <summary>The row is not the one that the caller has seen.</summary>
    internal sealed record Outdated : ModelChange;

    /// <summary>A value cannot be.</summary>
    internal sealed record Invalid(string Field, string Mistake) : ModelChange;

    /// <summary>Something else stands in the way.</summary>
    /// <param name="Detail">What, and what to do about it.</param>
    /// <param name="Dependants">How many rows of which models refer to the row, where that is it.</param>
    internal sealed record Conflict(string Detail, IReadOnlyDictionary<string, long>? Dependants = null) : ModelChange;
}

/// <summary>
/// The rows of one model. Each read applies the row-level rule; each change is a transaction that reads the row under a
/// lock, applies the rule and the version, checks relations, and writes the change and its audit row.
/// </summary>
internal sealed class ModelStore(Model model, ModelCatalogue models, Database database, AuditLog audit, TimeProvider clock) : IModelRows
{
    private readonly ModelTable _table = new(model, database.Engine);
    private readonly Dictionary<Model, ModelTable> _others = models.Models.ToDictionary(other => other, other => new ModelTable(other, database.Engine));

    public Model Model => model;

    string IModelRows.Model => model.Name;

    public async Task<KeysetPage<object>> ListAsync(ListQuery query, RowSubject subject, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        var rows = await _table.ListAsync(connection, query, model.Rows(subject), cancellationToken);
        return KeysetPage<object>.Cut(rows, query.Limit, row => query.CursorAt(model.Id, row));
    }

    /// <param name="id">The id, as addresses write it.</param>
    /// <param name="subject">Whose eyes to look with.</param>
    /// <param name="cancellationToken">The request's.</param>
    public async Task<VersionedRow?> FindAsync(string id, RowSubject subject, CancellationToken cancellationToken)
    {
        if (model.ParseId(id) is not { } key)
        {
            return null;
        }

        await using var connection = await database.OpenAsync(cancellationToken);
        return await _table.FindAsync(connection, transaction: null, key, model.Rows(subject), cancellationToken);
    }

    /// <param name="ids">Some ids: as many as a page has, not more.</param>
    /// <param name="subject">Whose eyes to look with.</param>
    /// <param name="cancellationToken">The request's.</param>
    /// <returns>The rows of these ids that there are, and that the subject may see, in no order.</returns>
    public async Task<IReadOnlyList<VersionedRow>> FindAsync(IReadOnlyCollection<object> ids, RowSubject subject, CancellationToken cancellationToken)
    {
        if (ids.Count == 0)
        {
            return [];
        }

        await using var connection = await database.OpenAsync(cancellationToken);
        return await _table.FindAsync(connection, ids, model.Rows(subject), cancellationToken);
    }

    /// <param name="row">A record that has been found valid. It gets its id here, where the service assigns it.</param>
    /// <param name="caller">Who adds it.</param>
    /// <param name="reason">Why, for the audit log, where they said so.</param>
    /// <param name="cancellationToken">The request's.</param>
    public Task<ModelChange> AddAsync(object row, Caller caller, string? reason, CancellationToken cancellationToken) =>
        WriteAsync(async (connection, transaction) =>
        {
            if (model.AssignsIds)
            {
                model.Id.Set(row, Guid.CreateVersion7(clock.GetUtcNow()));
            }

            if (await UnknownReferenceAsync(connection, transaction, before: null, row, caller, cancellationToken) is { } unknown)
            {
                return unknown;
            }

            model.Complete(row, version: 1);
            if (!await _table.InsertAsync(connection, transaction, row, cancellationToken))
            {
                return new ModelChange.Conflict($"The id {model.IdOf(row)} is taken. Choose another one.");
            }

            await RecordAsync(connection, transaction, caller.Actor.Because(reason), Permission.Add, before: null, row, cancellationToken);
            return new ModelChange.Done(row, 1);
        }, cancellationToken);

    /// <param name="id">The id, as addresses write it.</param>
    /// <param name="row">A record that has been found valid: every column but the id and those that requests do not carry.</param>
    /// <param name="seen">The version that the caller has seen; <see langword="null"/> for any.</param>
    /// <param name="caller">Who changes it.</param>
    /// <param name="reason">Why, for the audit log, where they said so.</param>
    /// <param name="cancellationToken">The request's.</param>
    public Task<ModelChange> ReplaceAsync(string id, object row, int? seen, Caller caller, string? reason, CancellationToken cancellationToken) =>
        ChangeAsync(id, seen, caller, async (connection, transaction, before) =>
        {
            foreach (var column in model.Columns.Where(column => column == model.Id || column.IsReadOnly))
            {
                column.Set(row, column.Get(before.Row));
            }

            return await UnknownReferenceAsync(connection, transaction, before.Row, row, caller, cancellationToken)
                ?? await UpdateAsync(connection, transaction, caller.Actor.Because(reason), Permission.Change, before, row, cancellationToken);
        }, cancellationToken);

    public Task<ModelChange> DeleteAsync(string id, int? seen, Caller caller, string? reason, CancellationToken cancellationToken) =>
        ChangeAsync(id, seen, caller, async (connection, transaction, before) =>
        {
            if (await DependantsAsync(connection, transaction, before.Row, caller, cancellationToken) is { } dependants)
            {
                return dependants;
            }

            await _table.DeleteAsync(connection, transaction, model.Id.Get(before.Row)!, cancellationToken);
            await RecordAsync(connection, transaction, caller.Actor.Because(reason), Permission.Delete, before.Row, after: null, cancellationToken);
            return new ModelChange.Done(before.Row, before.Version);
        }, cancellationToken);

    /// <returns>What refers to the row and would stop its deletion now; <see langword="null"/> if nothing does.</returns>
    public async Task<string?> FindObstacleAsync(object row, Caller caller, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        return await DependantsAsync(connection, transaction: null, row, caller, cancellationToken) is { } dependants ? dependants.Detail : null;
    }

    /// <summary>Runs an action of the model's own on a row.</summary>
    public Task<ModelChange> ActAsync(ModelAction action, string id, int? seen, Caller caller, string? reason, CancellationToken cancellationToken) =>
        ChangeAsync(id, seen, caller, async (connection, transaction, before) =>
        {
            var call = new ActionCall(caller, clock.GetUtcNow(), connection, transaction, cancellationToken);
            var (row, refusal) = await action.RunAsync(before.Row, call);
            if (row is null)
            {
                return new ModelChange.Conflict(refusal ?? $"{action.Name} is not possible as the row is now.");
            }

            model.Id.Set(row, model.Id.Get(before.Row));
            return await UpdateAsync(connection, transaction, caller.Actor.Because(reason), action.Name, before, row, cancellationToken);
        }, cancellationToken);

    /// <inheritdoc/>
    public async Task<bool> ExistsAsync(string id, RowSubject subject, CancellationToken cancellationToken) =>
        await FindAsync(id, subject, cancellationToken) is not null;

    // Not a Keyset: the place is the id alone, as AuthZEN's token holds it.
    public async Task<(IReadOnlyList<string> Ids, string? Next)> ListIdsAsync(
        RowSubject subject, int limit, string? after, CancellationToken cancellationToken)
    {
        var position = after is null ? null : model.ParseId(after);
        if (after is not null && position is null)
        {
            return ([], null);
        }

        await using var connection = await database.OpenAsync(cancellationToken);
        var ids = (await _table.ListIdsAsync(connection, model.Rows(subject), position, limit, cancellationToken)).ConvertAll(id => model.Id.Type.Write(id));
        return ids.Count <= limit ? (ids, null) : (ids[..limit], ids[limit - 1]);
    }

    /// <summary>Tries the row-level rule, so that a slip in its SQL ends the start instead of a request.</summary>
    /// <exception cref="ModelException">The table does not take it.</exception>
    public async Task TryRuleAsync(DbConnection connection, CancellationToken cancellationToken)
    {
        foreach (var may in new[] { true, false })
        {
            try
            {
                await _table.ListIdsAsync(connection, model.Rows(new RowSubject(Guid.Empty, IsService: false, (_, _) => may)), after: null, limit: 1, cancellationToken);
            }
            catch (DbException exception) when (!DatabaseOutage.IsOutage(exception))
            {
                throw new ModelException(model.Name, $"its row-level rule is no condition that the table {model.Table} takes: {exception.Message} It names columns as the table does.");
            }
        }
    }

    private Task<ModelChange> ChangeAsync(
        string id, int? seen, Caller caller, Func<DbConnection, DbTransaction, VersionedRow, Task<ModelChange>> change, CancellationToken cancellationToken) =>
        WriteAsync(async (connection, transaction) =>
        {
            var before = model.ParseId(id) is { } key
                ? await _table.FindAsync(connection, transaction, key, model.Rows(RowSubject.FromCaller(caller)), cancellationToken)
                : null;
            return before is null ? new ModelChange.Missing()
                : seen is not null && seen != before.Version ? new ModelChange.Outdated()
                : await change(connection, transaction, before);
        }, cancellationToken);

    // Whatever is not done is rolled back, the audit row too.
    private async Task<ModelChange> WriteAsync(Func<DbConnection, DbTransaction, Task<ModelChange>> change, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        await using var transaction = await Database.BeginWriteAsync(connection, cancellationToken);
        try
        {
            var result = await change(connection, transaction);
            if (result is ModelChange.Done)
            {
                await transaction.CommitAsync(cancellationToken);
            }

            return result;
        }
        catch (DbException exception) when (DatabaseOutage.IsDuplicate(exception))
        {
            return new ModelChange.Conflict($"There is another {model.Name} with a value that must differ from row to row. Look for it, and change that one or send another value.");
        }
    }

    private async Task<ModelChange> UpdateAsync(
        DbConnection connection, DbTransaction transaction, Actor actor, string action, VersionedRow before, object row, CancellationToken cancellationToken)
    {
        var version = before.Version + 1;
        model.Complete(row, version);
        await _table.UpdateAsync(connection, transaction, row, version, cancellationToken);
        await RecordAsync(connection, transaction, actor, action, before.Row, row, cancellationToken);
        return new ModelChange.Done(row, version);
    }

    private Task RecordAsync(
        DbConnection connection, DbTransaction transaction, Actor actor, string action, object? before, object? after, CancellationToken cancellationToken) =>
        audit.RecordAsync(
            connection,
            transaction,
            actor,
            new AuditChange(model.Name, model.IdOf((after ?? before)!), action, before is null ? null : model.Values(before), after is null ? null : model.Values(after)),
            cancellationToken);

    // A reference that stays as it was is not looked at: who may see a book may change its title, whoever wrote it.
    private async Task<ModelChange?> UnknownReferenceAsync(
        DbConnection connection, DbTransaction transaction, object? before, object row, Caller caller, CancellationToken cancellationToken)
    {
        foreach (var column in model.Columns)
        {
            if (models.TargetOf(column) is not { } target || column.Get(row) is not { } value || (before is not null && value.Equals(column.Get(before))))
            {
                continue;
            }

            if (await CountObservedAsync(connection, transaction, target, target.Id, value, caller, cancellationToken) == 0)
            {
                return new ModelChange.Invalid(column.Json, $"There is no {target.Name} with this id, or none that you may know of, which takes {target.Name}:{Permission.View}. GET /api/{target.Plural} lists them; POST /api/{target.Plural} adds one.");
            }
        }

        return null;
    }

    private async Task<ModelChange.Conflict?> DependantsAsync(
        DbConnection connection, DbTransaction? transaction, object row, Caller caller, CancellationToken cancellationToken)
    {
        var counts = new Dictionary<string, long>(StringComparer.Ordinal);
        var hidden = false;
        foreach (var (other, column) in models.ReferencesTo(model))
        {
            var id = model.Id.Get(row)!;
            var all = await _others[other].CountAsync(connection, transaction, column, id, RowFilter.All, cancellationToken);
            var seen = all == 0 ? 0 : await CountObservedAsync(connection, transaction, other, column, id, caller, cancellationToken);
            hidden |= all > seen;
            if (seen > 0)
            {
                counts[other.Name] = counts.GetValueOrDefault(other.Name) + seen;
            }
        }

        if (counts.Count == 0 && !hidden)
        {
            return null;
        }

        // That something hidden is in the way must be said. What it is, and how many there are, need not.
        var seenWords = counts.Select(entry => $"{entry.Value} {(entry.Value == 1 ? entry.Key : models.Models.First(other => other.Name == entry.Key).Plural)}");
        string[] words = [.. seenWords, .. hidden ? ["rows that you may not see"] : Array.Empty<string>()];
        return new ModelChange.Conflict($"It is referred to by {string.Join(" and ", words)}. Change or delete them first.", counts.Count == 0 ? null : counts);
    }

    // How many rows have the value, of those that the caller may know of: by the permission to view, and by the model's rule.
    private async Task<long> CountObservedAsync(
        DbConnection connection, DbTransaction? transaction, Model other, Column column, object value, Caller caller, CancellationToken cancellationToken) =>
        caller.May(other.Name, Permission.View)
            ? await _others[other].CountAsync(connection, transaction, column, value, other.Rows(RowSubject.FromCaller(caller)), cancellationToken)
            : 0;
}
