using System.Data.Common;
using Dapper;
using KeycloakAccess.Data;

namespace KeycloakAccess.Models;

/// <summary>The indexes that a model's lists need: one for each order, and one for each reference, by which rows are looked for.</summary>
internal static class TableIndexes
{
    public static IEnumerable<string> Create(Model model, DatabaseEngine engine) =>
        Needed(model, engine).Select(column => Create(model, column, engine));

    /// <summary>The statements that make those that are not there.</summary>
    public static async Task<IReadOnlyList<string>> ListMissingAsync(
        Model model, DbConnection connection, DatabaseEngine engine, CancellationToken cancellationToken)
    {
        const string sqlite = """
            SELECT c.name FROM pragma_index_list(@Table) i JOIN pragma_index_info(i.name) c ON c.seqno = 0 WHERE i.partial = 0
            """;
        const string postgreSql = """
            SELECT a.attname
            FROM pg_index i
            JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
            WHERE i.indrelid = to_regclass(quote_ident(@Table)) AND i.indpred IS NULL
            """;
        var first = (await connection.QueryAsync<string>(new CommandDefinition(
            engine == DatabaseEngine.Sqlite ? sqlite : postgreSql, new { model.Table }, cancellationToken: cancellationToken)))
            .ToHashSet(StringComparer.Ordinal);
        return [.. Needed(model, engine).Where(column => !first.Contains(column.Name)).Select(column => Create(model, column, engine))];
    }

    // An index by the value of decimals would need a function of this program wherever SQLite writes to the table.
    private static IEnumerable<Column> Needed(Model model, DatabaseEngine engine) => model.Sorts
        .Concat(model.Columns.Where(column => column.References is not null))
        .Where(column => column != model.Id && !(engine == DatabaseEngine.Sqlite && column.Type.Type == typeof(decimal)))
        .Distinct();

    private static string Create(Model model, Column column, DatabaseEngine engine)
    {
        var isPostgreSql = engine == DatabaseEngine.PostgreSql;
        var isText = column.Type.IsText || column.Type.Type.IsEnum;
        var key = ModelTable.Quote(column.Name)
            + (isPostgreSql && isText ? " COLLATE \"C\"" : "")
            + (isPostgreSql && column.IsNullable ? " NULLS FIRST" : "");
        var id = ModelTable.Quote(model.Id.Name) + (isPostgreSql && model.Id.Type.IsText ? " COLLATE \"C\"" : "");
        return $"CREATE INDEX {ModelTable.Quote($"{model.Table}_by_{column.Name}")} ON {ModelTable.Quote(model.Table)} ({key}, {id});";
    }
}
