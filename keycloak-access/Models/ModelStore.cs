using System.Data.Common;
using KeycloakAccess.Data;
using KeycloakAccess.Hosting;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Models;

/// <summary>
/// The rows of one model. Each read applies the row-level rule; each change is a transaction that reads the row under a
/// lock, applies the rule and the version, checks relations, and writes the change and its audit row.
/// </summary>
internal sealed class ModelStore(Model model, ModelCatalogue models, Database database, ChangeRunner changes, TimeProvider clock)
    : IModelRows
{
    private readonly ModelTable _table = new(model, database.Engine);
    private readonly Dictionary<Model, ModelTable> _others =
        models.Models.ToDictionary(other => other, other => new ModelTable(other, database.Engine));

    public Model Model => model;

    string IModelRows.Model => model.Name;

    public async Task<KeysetPage<object>> ListAsync(ListQuery query, RowSubject subject, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        return await _table.ListAsync(connection, query, model.Rows(subject), cancellationToken);
    }

    /// <summary>How many there are, counted no further than <c>most</c>.</summary>
    public async Task<long> CountAsync(ListQuery query, RowSubject subject, int most, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        return await _table.CountAsync(connection, query, model.Rows(subject), most, cancellationToken);
    }

    public bool HidesSome(RowSubject subject) => model.Rows(subject).Sql is not null;

    public async Task<VersionedRow?> FindAsync(string id, RowSubject subject, CancellationToken cancellationToken)
    {
        if (model.ParseId(id) is not { } key)
        {
            return null;
        }

        await using var connection = await database.OpenAsync(cancellationToken);
        return await _table.FindAsync(connection, transaction: null, key, model.Rows(subject), cancellationToken);
    }

    public async Task<IReadOnlyList<VersionedRow>> FindAsync(
        IReadOnlyCollection<object> ids, RowSubject subject, CancellationToken cancellationToken)
    {
        if (ids.Count == 0)
        {
            return [];
        }

        await using var connection = await database.OpenAsync(cancellationToken);
        return await _table.FindAsync(connection, ids, model.Rows(subject), cancellationToken);
    }

    /// <summary>Adds a record that has been found valid. It gets its id here, where the service assigns it.</summary>
    public Task<ChangeOutcome<object>> AddAsync(object row, ChangeAuthor author, CancellationToken cancellationToken) =>
        RunAsync(author, async change =>
        {
            if (model.AssignsIds)
            {
                model.Id.Set(row, Guid.CreateVersion7(clock.GetUtcNow()));
            }

            if (await FindUnknownReferenceAsync(new View(change, author), before: null, row) is { } unknown)
            {
                return unknown;
            }

            model.Complete(row, version: 1);
            if (!await _table.InsertAsync(change.Connection, change.Transaction, row, change.CancellationToken))
            {
                return new ChangeFailure.Conflict("", $"The id {model.IdOf(row)} is taken. Choose another one.");
            }

            await RecordAsync(change, Permission.Add, before: null, row);
            return ChangeOutcome.Done(row, version: 1);
        }, cancellationToken);

    /// <summary>Replaces the columns that requests carry by those of a record that has been found valid.</summary>
    public Task<ChangeOutcome<object>> ReplaceAsync(
        string id, object row, Precondition seen, ChangeAuthor author, CancellationToken cancellationToken) =>
        ChangeAsync(id, seen, author, async (change, before) =>
        {
            foreach (var column in model.Columns.Where(column => column == model.Id || column.IsReadOnly))
            {
                column.Set(row, column.Get(before.Row));
            }

            return await FindUnknownReferenceAsync(new View(change, author), before.Row, row) is { } unknown
                ? unknown
                : await UpdateAsync(change, Permission.Change, before, row);
        }, cancellationToken);

    public Task<ChangeOutcome<object>> DeleteAsync(
        string id, Precondition seen, ChangeAuthor author, CancellationToken cancellationToken) =>
        ChangeAsync(id, seen, author, async (change, before) =>
        {
            if (await FindDependantsAsync(new View(change, author), before.Row) is { } dependants)
            {
                return dependants;
            }

            await _table.DeleteAsync(change.Connection, change.Transaction, model.Id.Get(before.Row)!, change.CancellationToken);
            await RecordAsync(change, Permission.Delete, before.Row, after: null);
            return ChangeOutcome.Done(before.Row, before.Version);
        }, cancellationToken);

    public async Task<ChangeFailure?> FindObstacleAsync(object row, Caller caller, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        return await FindDependantsAsync(new View(connection, Transaction: null, caller, cancellationToken), row);
    }

    public Task<ChangeOutcome<object>> ActAsync(
        ModelAction action, string id, Precondition seen, ChangeAuthor author, CancellationToken cancellationToken) =>
        ChangeAsync(id, seen, author, async (change, before) =>
        {
            var call = new ActionCall(
                author.Guard.Caller, clock.GetUtcNow(), change.Connection, change.Transaction, change.CancellationToken);
            var (row, refusal) = await action.RunAsync(before.Row, call);
            if (row is null)
            {
                return Refused(action, refusal);
            }

            model.Id.Set(row, model.Id.Get(before.Row));
            return await UpdateAsync(change, action.Name, before, row);
        }, cancellationToken);

    /// <summary>
    /// Why an action would not be done: it is run in a transaction that is undone. <see langword="null"/> where it would be done.
    /// </summary>
    public async Task<ChangeFailure?> ForeseeAsync(
        ModelAction action, string id, Precondition seen, ChangeAuthor author, CancellationToken cancellationToken) =>
        (await ChangeAsync(id, seen, author, async (change, before) =>
        {
            var call = new ActionCall(
                author.Guard.Caller, clock.GetUtcNow(), change.Connection, change.Transaction, change.CancellationToken);
            var (row, refusal) = await action.RunAsync(before.Row, call);
            if (row is null)
            {
                return Refused(action, refusal);
            }

            model.Id.Set(row, model.Id.Get(before.Row));
            await _table.UpdateAsync(change.Connection, change.Transaction, row, before.Version + 1, change.CancellationToken);
            // What changes nothing is not committed.
            return ChangeOutcome.Unchanged(row);
        }, cancellationToken)).Failure;

    public async Task<bool> ExistsAsync(string id, RowSubject subject, CancellationToken cancellationToken) =>
        await FindAsync(id, subject, cancellationToken) is not null;

    public async Task<bool> MayReadAsync(
        string id, IReadOnlyList<string> recorded, RowSubject subject, CancellationToken cancellationToken)
    {
        var rule = model.Rows(subject);
        if (rule.Sql is null)
        {
            return true;
        }

        if (model.ParseId(id) is not { } key)
        {
            return false;
        }

        await using var connection = await database.OpenAsync(cancellationToken);
        if (await _table.FindAsync(connection, transaction: null, key, RowFilter.All, cancellationToken) is not null)
        {
            return await _table.FindAsync(connection, transaction: null, key, rule, cancellationToken) is not null;
        }

        foreach (var json in recorded)
        {
            if (model.ReadRecorded(json) is not { } values || !await _table.FitsAsync(connection, values, rule, cancellationToken))
            {
                return false;
            }
        }

        return recorded.Count > 0;
    }

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
        var rows = await _table.ListIdsAsync(connection, model.Rows(subject), position, limit, cancellationToken);
        var ids = rows.ConvertAll(model.Id.Type.Write.Invoke);
        return ids.Count <= limit ? (ids, null) : (ids[..limit], ids[limit - 1]);
    }

    /// <summary>Tries the row-level rule, so that a slip in its SQL ends the start instead of a request.</summary>
    public async Task TryRuleAsync(DbConnection connection, CancellationToken cancellationToken)
    {
        foreach (var may in new[] { true, false })
        {
            var rule = model.Rows(new RowSubject(Guid.Empty, IsService: false, (_, _) => may));
            try
            {
                await _table.ListIdsAsync(connection, rule, after: null, limit: 1, cancellationToken);
            }
            catch (DbException exception) when (!DatabaseOutage.IsOutage(exception))
            {
                throw new ModelException(
                    model.Name,
                    $"its row-level rule is no condition that the table {model.Table} takes: {exception.Message} "
                    + "It names columns as the table does.");
            }
        }
    }

    private static ChangeFailure.Conflict Refused(ModelAction action, string? refusal) =>
        new("", refusal ?? $"{action.Name} is not possible as the row is now.");

    private Task<ChangeOutcome<object>> ChangeAsync(
        string id,
        Precondition seen,
        ChangeAuthor author,
        Func<ChangeTransaction, VersionedRow, Task<ChangeOutcome<object>>> make,
        CancellationToken cancellationToken) =>
        RunAsync(author, async change =>
        {
            var rule = model.Rows(RowSubject.FromCaller(author.Guard.Caller));
            var before = model.ParseId(id) is { } key
                ? await _table.FindAsync(change.Connection, change.Transaction, key, rule, change.CancellationToken)
                : null;
            return before is null ? new ChangeFailure.NotFound()
                : !seen.Allows(before.Version) ? new ChangeFailure.PreconditionFailed()
                : await make(change, before);
        }, cancellationToken);

    private async Task<ChangeOutcome<object>> RunAsync(
        ChangeAuthor author, Func<ChangeTransaction, Task<ChangeOutcome<object>>> make, CancellationToken cancellationToken)
    {
        try
        {
            return await changes.RunAsync(author.Actor, make, cancellationToken);
        }
        catch (DbException exception) when (DatabaseOutage.IsDuplicate(exception))
        {
            return new ChangeFailure.Conflict(
                "",
                $"There is another {model.Name} with a value that must differ from row to row. "
                + "Look for it, and change that one or send another value.");
        }
    }

    private async Task<ChangeOutcome<object>> UpdateAsync(ChangeTransaction change, string action, VersionedRow before, object row)
    {
        var version = before.Version + 1;
        model.Complete(row, version);
        await _table.UpdateAsync(change.Connection, change.Transaction, row, version, change.CancellationToken);
        await RecordAsync(change, action, before.Row, row);
        return ChangeOutcome.Done(row, version);
    }

    private Task RecordAsync(ChangeTransaction change, string action, object? before, object? after) => change.RecordAsync(new AuditChange(
        model.Name,
        model.IdOf((after ?? before)!),
        action,
        before is null ? null : model.Values(before),
        after is null ? null : model.Values(after)));

    // A reference that stays as it was is not looked at: who may see a book may change its title, whoever wrote it.
    private async Task<ChangeFailure?> FindUnknownReferenceAsync(View view, object? before, object row)
    {
        foreach (var column in model.Columns)
        {
            if (models.TargetOf(column) is { } target
                && column.Get(row) is { } value
                && (before is null || !value.Equals(column.Get(before)))
                && await CountVisibleAsync(view, target, target.Id, value) == 0)
            {
                return new ChangeFailure.Invalid(
                    column.Json,
                    $"There is no {target.Name} with this id, or none that you may know of, which takes {target.Name}:{Permission.View}. "
                    + $"GET /api/{target.Plural} lists them; POST /api/{target.Plural} adds one.");
            }
        }

        return null;
    }

    private async Task<ChangeFailure?> FindDependantsAsync(View view, object row)
    {
        var counts = new Dictionary<string, long>(StringComparer.Ordinal);
        var hidden = false;
        foreach (var (other, column) in models.ReferencesTo(model))
        {
            var id = model.Id.Get(row)!;
            var all = await CountAsync(view, other, column, id, RowFilter.All);
            var visible = all == 0 ? 0 : await CountVisibleAsync(view, other, column, id);
            hidden |= all > visible;
            if (visible > 0)
            {
                counts[other.Name] = counts.GetValueOrDefault(other.Name) + visible;
            }
        }

        if (counts.Count == 0 && !hidden)
        {
            return null;
        }

        // That something hidden is in the way must be said. What it is, and how many there are, need not.
        string[] referring =
        [
            .. counts.Select(entry =>
                $"{entry.Value} {(entry.Value == 1 ? entry.Key : models.Models.First(other => other.Name == entry.Key).Plural)}"),
            .. hidden ? ["rows that you may not see"] : Array.Empty<string>(),
        ];
        return new ChangeFailure.Conflict(
            "",
            $"It is referred to by {string.Join(" and ", referring)}. Change or delete them first.",
            counts.Count == 0 ? null : counts);
    }

    // How many rows have the value, of those that the caller may know of: by the permission to view, and by the model's rule.
    private async Task<long> CountVisibleAsync(View view, Model other, Column column, object value) =>
        view.Caller.May(other.Name, Permission.View)
            ? await CountAsync(view, other, column, value, other.Rows(RowSubject.FromCaller(view.Caller)))
            : 0;

    private Task<long> CountAsync(View view, Model other, Column column, object value, RowFilter rule) =>
        _others[other].CountAsync(view.Connection, view.Transaction, column, value, rule, view.CancellationToken);

    private sealed record View(DbConnection Connection, DbTransaction? Transaction, Caller Caller, CancellationToken CancellationToken)
    {
        public View(ChangeTransaction change, ChangeAuthor author)
            : this(change.Connection, change.Transaction, author.Guard.Caller, change.CancellationToken)
        {
        }
    }
}
