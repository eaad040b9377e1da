using System.Data.Common;
using System.Globalization;
using KeycloakAccess.Data;

namespace KeycloakAccess.Models;

internal sealed record VersionedRow(object Row, int Version);

internal sealed class ModelTable
{
    private readonly Model _model;
    private readonly DatabaseEngine _engine;
    private readonly string _table;
    private readonly string _id;
    private readonly string _columns;
    private readonly SearchIndex? _search;

    public ModelTable(Model model, DatabaseEngine engine)
    {
        _model = model;
        _engine = engine;
        _table = Quote(model.Table);
        _id = Key(model.Id);
        _columns = string.Join(", ", model.Columns.Select(column => Quote(column.Name)).Append("version"));
        _search = SearchIndexOf(model, engine);
    }

    /// <summary>None where nothing is searched.</summary>
    public static SearchIndex? SearchIndexOf(Model model, DatabaseEngine engine) => model.Searches.Count == 0
        ? null
        : new(engine, model.Table, model.Id.Name, [.. model.Searches.Select(column => column.Name)]);

    public async Task<KeysetPage<object>> ListAsync(
        DbConnection connection, ListQuery query, RowFilter rule, CancellationToken cancellationToken)
    {
        var isFiltered = query.Conditions.Any(condition => condition.Column != query.Sort);
        if (_search is not null && !string.IsNullOrEmpty(query.Search))
        {
            if (SearchTerms.OfSearch(query.Search, _engine) is not { } hits)
            {
                return new KeysetPage<object>([], Next: null);
            }

            var searched = new Narrowed(this, connection, query, rule, hits, cancellationToken);
            if (!isFiltered)
            {
                return await searched.ReadAsync(query.Limit);
            }

            // Of a common text, the filter leaves fewer rows than the search.
            if (await searched.ReadFewAsync(query.Limit) is { } few)
            {
                return few;
            }
        }

        if (isFiltered)
        {
            return await new Narrowed(this, connection, query, rule, hits: null, cancellationToken).ReadFilteredAsync(query.Limit);
        }

        var statement = Select(_columns, rule);
        AddConditions(statement, query.Conditions);
        AddPosition(statement, query);
        AddOrder(statement, query);
        var rows = await ReadAsync(statement.Add($" LIMIT {query.Limit + 1}"), connection, cancellationToken);
        return KeysetPage<object>.Cut(rows, query.Limit, row => query.CursorAt(_model.Id, row));
    }

    public async Task<long> CountAsync(
        DbConnection connection, ListQuery query, RowFilter rule, int most, CancellationToken cancellationToken)
    {
        var statement = new Statement(_engine).Add($"SELECT COUNT(*) FROM (SELECT 1 FROM {_table} WHERE ");
        if (_search is not null && !string.IsNullOrEmpty(query.Search))
        {
            if (SearchTerms.OfSearch(query.Search, _engine) is not { } hits)
            {
                return 0;
            }

            statement.Add(_search.MayHold(statement.AddParameter(hits)));
        }
        else
        {
            statement.Add("1 = 1");
        }

        statement.AddRule(rule);
        AddConditions(statement, query.Conditions);
        AddSearch(statement, query.Search);
        await using var command = statement.Add($" LIMIT {most}) AS counted").CreateCommand(connection, transaction: null);
        return Convert.ToInt64(await command.ExecuteScalarAsync(cancellationToken), CultureInfo.InvariantCulture);
    }

    /// <summary>Reads one id more than the page has.</summary>
    public async Task<List<object>> ListIdsAsync(
        DbConnection connection, RowFilter rule, object? after, int limit, CancellationToken cancellationToken)
    {
        var statement = Select(Quote(_model.Id.Name), rule);
        if (after is not null)
        {
            statement.Add($" AND {_id} > ").AddValue(_model.Id.Type, after);
        }

        statement.Add($" ORDER BY {_id} ASC LIMIT {limit + 1}");
        await using var command = statement.CreateCommand(connection, transaction: null);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var ids = new List<object>();
        while (await reader.ReadAsync(cancellationToken))
        {
            ids.Add(_model.Id.Type.Read(reader.GetValue(0)));
        }

        return ids;
    }

    /// <summary>Within a transaction, the row is locked until that ends.</summary>
    public async Task<VersionedRow?> FindAsync(
        DbConnection connection, DbTransaction? transaction, object id, RowFilter rule, CancellationToken cancellationToken)
    {
        var statement = Select(_columns, rule).Add($" AND {_id} = ").AddValue(_model.Id.Type, id);
        // A writing transaction of SQLite has locked the database already.
        statement.Add(transaction is not null && _engine == DatabaseEngine.PostgreSql ? " FOR UPDATE" : "");
        await using var command = statement.CreateCommand(connection, transaction);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? Read(reader) : null;
    }

    /// <summary>At most as many ids as one statement may have parameters.</summary>
    public async Task<List<VersionedRow>> FindAsync(
        DbConnection connection, IReadOnlyCollection<object> ids, RowFilter rule, CancellationToken cancellationToken)
    {
        var statement = Select(_columns, rule).Add($" AND {_id} IN (");
        foreach (var (index, id) in ids.Index())
        {
            statement.Add(index == 0 ? "" : ", ").AddValue(_model.Id.Type, id);
        }

        await using var command = statement.Add(")").CreateCommand(connection, transaction: null);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new List<VersionedRow>();
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(Read(reader));
        }

        return rows;
    }

    /// <summary>Whether the rule would show a row of these values. One that needs more than the model's columns shows none.</summary>
    public async Task<bool> FitsAsync(
        DbConnection connection, IReadOnlyDictionary<Column, object?> values, RowFilter rule, CancellationToken cancellationToken)
    {
        var statement = new Statement(_engine).Add("SELECT 1 FROM (SELECT ");
        foreach (var (column, value) in values)
        {
            _ = value is null && _engine == DatabaseEngine.PostgreSql
                ? statement.Add($"CAST(NULL AS {column.Type.PostgreSql[0]})")
                : statement.AddValue(column.Type, value);
            statement.Add($" AS {Quote(column.Name)}, ");
        }

        statement.Add($"1 AS version) AS {_table} WHERE 1 = 1").AddRule(rule);
        await using var command = statement.CreateCommand(connection, transaction: null);
        try
        {
            return await command.ExecuteScalarAsync(cancellationToken) is not null;
        }
        catch (DbException exception) when (!DatabaseOutage.IsOutage(exception))
        {
            return false;
        }
    }

    public async Task<long> CountAsync(
        DbConnection connection,
        DbTransaction? transaction,
        Column column,
        object value,
        RowFilter rule,
        CancellationToken cancellationToken)
    {
        var statement = Select("COUNT(*)", rule).Add($" AND {Key(column)} = ").AddValue(column.Type, value);
        await using var command = statement.CreateCommand(connection, transaction);
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <summary>Whether its id was free.</summary>
    public async Task<bool> InsertAsync(DbConnection connection, DbTransaction transaction, object row, CancellationToken cancellationToken)
    {
        var statement = new Statement(_engine).Add($"INSERT INTO {_table} ({_columns}) VALUES (");
        foreach (var column in _model.Columns)
        {
            statement.AddValue(column.Type, column.Get(row)).Add(", ");
        }

        statement.Add($"1) ON CONFLICT ({Quote(_model.Id.Name)}) DO NOTHING");
        await using var command = statement.CreateCommand(connection, transaction);
        return await command.ExecuteNonQueryAsync(cancellationToken) == 1;
    }

    public async Task UpdateAsync(
        DbConnection connection, DbTransaction transaction, object row, int version, CancellationToken cancellationToken)
    {
        var statement = new Statement(_engine).Add($"UPDATE {_table} SET ");
        foreach (var column in _model.Columns.Where(column => column != _model.Id))
        {
            statement.Add($"{Quote(column.Name)} = ").AddValue(column.Type, column.Get(row)).Add(", ");
        }

        statement.Add("version = ").AddValue(Versions, version).Add($" WHERE {_id} = ").AddValue(_model.Id.Type, _model.Id.Get(row));
        await using var command = statement.CreateCommand(connection, transaction);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public async Task DeleteAsync(DbConnection connection, DbTransaction transaction, object id, CancellationToken cancellationToken)
    {
        var statement = new Statement(_engine).Add($"DELETE FROM {_table} WHERE {_id} = ").AddValue(_model.Id.Type, id);
        await using var command = statement.CreateCommand(connection, transaction);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>A column may have the name of a keyword.</summary>
    public static string Quote(string name) => $"\"{name}\"";

    private static ColumnType Versions => ColumnType.Find(typeof(int))!;

    private Statement Select(string what, RowFilter rule) =>
        new Statement(_engine).Add($"SELECT {what} FROM {_table} WHERE 1 = 1").AddRule(rule);

    private void AddSearch(Statement statement, string? search)
    {
        if (_search is null || string.IsNullOrEmpty(search))
        {
            return;
        }

        var pattern = LikePattern.Containing(search);
        statement.Add(" AND (");
        foreach (var (index, column) in _model.Searches.Index())
        {
            statement.Add(index == 0 ? "" : " OR ").Add($"folded({Quote(column.Name)}) LIKE ")
                .AddValue(column.Type, pattern).Add(@" ESCAPE '\'");
        }

        statement.Add(")");
    }

    private void AddConditions(Statement statement, IEnumerable<ListCondition> conditions)
    {
        foreach (var condition in conditions)
        {
            statement.Add($" AND {Key(condition.Column)} {condition.Operator} ");
            if (condition.Value is { } value)
            {
                statement.AddValue(condition.Column.Type, value);
            }
        }
    }

    // Not a Keyset: a key may be NULL, which is less than any other key on both engines, and its parameters are of columns' types.
    private void AddPosition(Statement statement, ListQuery query)
    {
        if (query.After is not { } after)
        {
            return;
        }

        var key = Key(query.Sort);
        var (id, idType) = (_model.Id, _model.Id.Type);
        var beyond = query.Descending ? "<" : ">";
        if (query.Sort == id)
        {
            statement.Add($" AND {_id} {beyond} ").AddValue(idType, after.Id);
        }
        else if (after.Key is null)
        {
            statement.Add($" AND (({key} IS NULL AND {_id} {beyond} ")
                .AddValue(idType, after.Id)
                .Add(query.Descending ? "))" : $") OR {key} IS NOT NULL)");
        }
        else
        {
            statement.Add($" AND (({key}, {_id}) {beyond} (").AddValue(query.Sort.Type, after.Key).Add(", ").AddValue(idType, after.Id)
                .Add(query.Descending && query.Sort.IsNullable ? $") OR {key} IS NULL)" : "))");
        }
    }

    private void AddOrder(Statement statement, ListQuery query)
    {
        var direction = query.Descending ? "DESC" : "ASC";
        // The order of SQLite, and of the indexes on PostgreSQL.
        var nulls = _engine == DatabaseEngine.PostgreSql && query.Sort.IsNullable
            ? query.Descending ? " NULLS LAST" : " NULLS FIRST"
            : "";
        statement.Add(query.Sort == _model.Id ? " ORDER BY" : $" ORDER BY {Key(query.Sort)} {direction}{nulls},")
            .Add($" {_id} {direction}");
    }

    private async Task<List<object>> ReadAsync(Statement statement, DbConnection connection, CancellationToken cancellationToken)
    {
        await using var command = statement.CreateCommand(connection, transaction: null);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new List<object>();
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(Read(reader).Row);
        }

        return rows;
    }

    private VersionedRow Read(DbDataReader reader)
    {
        var row = _model.New();
        for (var i = 0; i < _model.Columns.Count; i++)
        {
            if (!reader.IsDBNull(i))
            {
                _model.Columns[i].Set(row, _model.Columns[i].Type.Read(reader.GetValue(i)));
            }
            else
            {
                // Else the record's initial value would stay.
                _model.Columns[i].Set(row, null);
            }
        }

        var version = reader.GetInt32(_model.Columns.Count);
        _model.Version?.Set(row, version);
        return new VersionedRow(row, version);
    }

    // In a comparison or an order, texts go by their bytes on both engines, and decimals by their value.
    private string Key(Column column) => (_engine, column.Type) switch
    {
        (DatabaseEngine.PostgreSql, { IsText: true } or { Type.IsEnum: true }) => $"{Quote(column.Name)} COLLATE \"C\"",
        (DatabaseEngine.Sqlite, var type) when type.Type == typeof(decimal) => $"{Quote(column.Name)} COLLATE {Database.DecimalCollation}",
        _ => Quote(column.Name),
    };

    private sealed class Narrowed(
        ModelTable table, DbConnection connection, ListQuery query, RowFilter rule, string? hits, CancellationToken cancellationToken)
        : SearchedList<object>
    {
        // The whole row is read of those alone that are found: what is compared may be in the index of the order.
        protected override Task<List<object>> ReadInOrderAsync(int length, int limit)
        {
            var id = Quote(table._model.Id.Name);
            var compared = query.Conditions.Select(condition => condition.Column)
                .Concat(string.IsNullOrEmpty(query.Search) ? [] : table._model.Searches)
                .Prepend(query.Sort)
                .Prepend(table._model.Id)
                .Distinct()
                .Select(column => Quote(column.Name));
            var statement = new Statement(table._engine)
                .Add($"SELECT {table._columns} FROM {table._table} WHERE {id} IN (SELECT {id} FROM (");
            AddRows(statement, string.Join(", ", compared));
            statement.Add($" LIMIT {length}) AS looked WHERE 1 = 1");
            table.AddConditions(statement, query.Conditions.Except(InOrder));
            table.AddSearch(statement, query.Search);
            table.AddOrder(statement, query);
            statement.Add($" LIMIT {limit})");
            table.AddOrder(statement, query);
            return table.ReadAsync(statement, connection, cancellationToken);
        }

        protected override Task<List<object>> FindInOrderAsync(int offset)
        {
            var statement = new Statement(table._engine);
            AddRows(statement, table._columns);
            return table.ReadAsync(statement.Add($" LIMIT 1 OFFSET {offset}"), connection, cancellationToken);
        }

        protected override Task<long> CountHitsAsync(int most) => table._search!.CountAsync(connection, hits!, most, cancellationToken);

        protected override Task<List<object>> ReadHitsAsync(int limit)
        {
            var statement = new Statement(table._engine).Add($"SELECT {table._columns} FROM {table._table} WHERE ");
            statement.Add(hits is null ? "1 = 1" : table._search!.MayHold(statement.AddParameter(hits))).AddRule(rule);
            table.AddConditions(statement, query.Conditions);
            table.AddSearch(statement, query.Search);
            table.AddPosition(statement, query);
            table.AddOrder(statement, query);
            return table.ReadAsync(statement.Add($" LIMIT {limit}"), connection, cancellationToken);
        }

        protected override Cursor CursorAt(object row) => query.CursorAt(table._model.Id, row);

        // Those that the index of the order serves.
        private IEnumerable<ListCondition> InOrder => query.Conditions.Where(condition => condition.Column == query.Sort);

        // With the rule: where a page ends is told to whoever reads it, and must be a row that they may see.
        private void AddRows(Statement statement, string columns)
        {
            statement.Add($"SELECT {columns} FROM {table._table} WHERE 1 = 1").AddRule(rule);
            table.AddConditions(statement, InOrder);
            table.AddPosition(statement, query);
            table.AddOrder(statement, query);
        }
    }
}
