using System.Data.Common;
using Dapper;
using KeycloakAccess.Data;

namespace KeycloakAccess.Models;

/// <summary>Compares a declaration with its table, at start, after the migrations.</summary>
internal static class TableCheck
{
    private const string VersionDefinition = "version integer NOT NULL DEFAULT 1";

    public static async Task CheckAsync(
        Model model, ModelCatalogue models, DbConnection connection, DatabaseEngine engine, CancellationToken cancellationToken)
    {
        var columns = await ColumnsAsync(model, connection, engine, cancellationToken);
        if (columns.Count == 0)
        {
            throw new ModelException(model.Name, WithSql(
                $"there is no table {model.Table}. Add a migration for each engine:",
                each => [CreateTable(model, models, each), .. TableIndexes.Create(model, each)]));
        }

        var missing = model.Columns.Where(column => !columns.ContainsKey(column.Name)).ToArray();
        string[] missingVersion = columns.ContainsKey("version") ? [] : ["version"];
        if (missing.Length + missingVersion.Length > 0)
        {
            var names = missing.Select(column => column.Name).Concat(missingVersion);
            throw new ModelException(model.Name, WithSql(
                $"the table {model.Table} lacks {string.Join(", ", names)}. Add a migration for each engine:",
                each => missing.Select(column => Definition(column, models, each, isNew: false))
                    .Concat(missingVersion.Select(_ => VersionDefinition))
                    .Select(definition => $"ALTER TABLE {ModelTable.Quote(model.Table)} ADD COLUMN {definition};")));
        }

        foreach (var column in model.Columns)
        {
            CheckColumn(model, column, columns[column.Name], models, engine);
        }

        var references = await ReferencesAsync(model, connection, engine, cancellationToken);
        foreach (var column in model.Columns)
        {
            if (models.TargetOf(column) is { } target && !references.Contains((column.Name, target.Table)))
            {
                throw new ModelException(
                    model.Name,
                    $"the column {column.Name} of the table {model.Table} is no foreign key. " +
                    $"Write it with REFERENCES {target.Table} (id) in a migration, or rows would refer to what is not there.");
            }
        }
    }

    private static void CheckColumn(Model model, Column column, TableColumn actual, ModelCatalogue models, DatabaseEngine engine)
    {
        var fits = engine == DatabaseEngine.Sqlite
            ? Affinity(actual.Type) == column.Type.Sqlite
            : column.Type.PostgreSql.Contains(actual.Type, StringComparer.Ordinal);
        // A primary key is never NULL, whatever SQLite says of it.
        if (!fits || (column != model.Id && actual.NotNull == column.IsNullable))
        {
            throw new ModelException(
                model.Name,
                $"the column {column.Name} of the table {model.Table} is {actual.Type}{(actual.NotNull ? " NOT NULL" : "")}, " +
                $"but the property {column.Property} needs \"{Definition(column, models, engine, isNew: true)}\". Change one of them.");
        }
    }

    private static string WithSql(string mistake, Func<DatabaseEngine, IEnumerable<string>> sql) => string.Join(
        Environment.NewLine,
        Enum.GetValues<DatabaseEngine>().SelectMany(engine => sql(engine).Prepend($"-- Migrations/{engine}")).Prepend(mistake));

    private static string CreateTable(Model model, ModelCatalogue models, DatabaseEngine engine)
    {
        var lines = model.Columns
            .OrderByDescending(column => column == model.Id)
            .Select(column => "    " + Definition(column, models, engine, isNew: true) + (column == model.Id ? " PRIMARY KEY" : ""))
            .Append($"    {VersionDefinition}");
        var body = string.Join("," + Environment.NewLine, lines);
        return $"CREATE TABLE {ModelTable.Quote(model.Table)} ({Environment.NewLine}{body}{Environment.NewLine});";
    }

    private static string Definition(Column column, ModelCatalogue models, DatabaseEngine engine, bool isNew)
    {
        var type = engine == DatabaseEngine.Sqlite
            ? column.Type.Sqlite
            : column.Type.PostgreSql[0] + (column.Type.PostgreSql[0] == "text" ? " COLLATE \"C\"" : "");
        var required = column.IsNullable ? "" : isNew ? " NOT NULL" : " NOT NULL DEFAULT '(for the rows that are there)'";
        var reference = models.TargetOf(column) is { } target ? $" REFERENCES {ModelTable.Quote(target.Table)} (id)" : "";
        return $"{ModelTable.Quote(column.Name)} {type}{required}{reference}";
    }

    private static async Task<Dictionary<string, TableColumn>> ColumnsAsync(
        Model model, DbConnection connection, DatabaseEngine engine, CancellationToken cancellationToken)
    {
        const string sqlite = """SELECT name, type, "notnull" AS not_null FROM pragma_table_info(@Table)""";
        const string postgreSql = """
            SELECT attname AS name, format_type(atttypid, NULL) AS type, attnotnull AS not_null
            FROM pg_attribute
            WHERE attrelid = to_regclass(quote_ident(@Table)) AND attnum > 0 AND NOT attisdropped
            """;
        var rows = await connection.QueryAsync<TableColumn>(new CommandDefinition(
            engine == DatabaseEngine.Sqlite ? sqlite : postgreSql, new { model.Table }, cancellationToken: cancellationToken));
        return rows.ToDictionary(row => row.Name, StringComparer.Ordinal);
    }

    private static async Task<HashSet<(string Column, string Table)>> ReferencesAsync(
        Model model, DbConnection connection, DatabaseEngine engine, CancellationToken cancellationToken)
    {
        const string sqlite = """SELECT "from" AS "column", "table" FROM pragma_foreign_key_list(@Table)""";
        const string postgreSql = """
            SELECT a.attname AS "column", t.relname AS "table"
            FROM pg_constraint c
            JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
            JOIN pg_class t ON t.oid = c.confrelid
            WHERE c.contype = 'f' AND cardinality(c.conkey) = 1 AND c.conrelid = to_regclass(quote_ident(@Table))
            """;
        var rows = await connection.QueryAsync<(string Column, string Table)>(new CommandDefinition(
            engine == DatabaseEngine.Sqlite ? sqlite : postgreSql, new { model.Table }, cancellationToken: cancellationToken));
        return [.. rows];
    }

    // https://sqlite.org/datatype3.html, section 3.1.
    private static string Affinity(string type) => type.ToUpperInvariant() switch
    {
        var name when name.Contains("INT", StringComparison.Ordinal) => "INTEGER",
        var name when name.Contains("CHAR", StringComparison.Ordinal)
            || name.Contains("CLOB", StringComparison.Ordinal)
            || name.Contains("TEXT", StringComparison.Ordinal) => "TEXT",
        _ => "",
    };

    private sealed record TableColumn
    {
        public required string Name { get; init; }

        public required string Type { get; init; }

        public required bool NotNull { get; init; }
    }
}
