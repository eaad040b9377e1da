using System.Data.Common;
using System.Text.Json;
using Dapper;
using KeycloakAccess.Texts;
using Npgsql;

namespace KeycloakAccess.Data;

/// <summary>
/// Finds the rows of a table that may hold a text in some of their columns, however many rows there are: more than do hold it, never fewer.
/// On PostgreSQL it is an index of an expression. On SQLite it is a table of FTS5: triggers note the rows that change, whoever changes
/// them, and the next write that is committed here takes them up; until then they are found by the note.
/// </summary>
internal sealed class SearchIndex
{
    private const int MostAtStart = 10_000;

    // So many times more than are counted: an expectation is no more than that.
    private const int MostFound = 10;

    private readonly DatabaseEngine _engine;
    private readonly string _id;
    private readonly IReadOnlyList<string> _columns;

    /// <summary>The names are declared ones, never a caller's. On SQLite ids are texts.</summary>
    public SearchIndex(DatabaseEngine engine, string table, string id, IReadOnlyList<string> columns)
    {
        (_engine, Table, _id, _columns) = (engine, table, id, columns);
        var list = string.Join(", ", columns.Select(Quote));
        Terms = $"search_terms({list})";
        Hits = engine == DatabaseEngine.PostgreSql
            ? $"SELECT 1 FROM {Quote(table)} WHERE {Terms} @@ CAST(@hits AS tsquery)"
            : $"""
                SELECT 1 FROM {Quote(Name)} WHERE {Quote(Name)} MATCH @hits
                UNION ALL
                SELECT 1 FROM search_pending WHERE table_name = '{table}'
                """;
    }

    public string Table { get; }

    private string Terms { get; }

    private string Hits { get; }

    private string Name => Table + "_search";

    private string Definition => $"{SearchTerms.Version} {Folding.Version} {_id} {string.Join(' ', _columns)}";

    /// <summary>A condition for rows of the table; <c>parameter</c> holds what <see cref="SearchTerms.OfSearch"/> makes.</summary>
    public string MayHold(string parameter) => _engine == DatabaseEngine.PostgreSql
        ? $"{Terms} @@ CAST({parameter} AS tsquery)"
        : $"""
            {Quote(_id)} IN (
                SELECT r.id
                FROM {Quote(Name)} s
                CROSS JOIN {Quote(Name + "_rows")} r ON r.number = s.rowid
                WHERE s.{Quote(Name)} MATCH {parameter}
                UNION ALL
                SELECT row_id FROM search_pending WHERE table_name = '{Table}')
            """;

    /// <summary>
    /// How many rows may hold the text, counted no further than <c>most</c>. PostgreSQL finds all of them before it counts any, and is
    /// asked first how many it expects.
    /// </summary>
    public async Task<long> CountAsync(DbConnection connection, string hits, int most, CancellationToken cancellationToken)
    {
        if (_engine == DatabaseEngine.PostgreSql)
        {
            var plan = await connection.QuerySingleAsync<string>(new CommandDefinition(
                $"EXPLAIN (FORMAT JSON) {Hits}", new { hits }, cancellationToken: cancellationToken));
            using var json = JsonDocument.Parse(plan);
            if (json.RootElement[0].GetProperty("Plan").GetProperty("Plan Rows").GetDouble() > MostFound * most)
            {
                return most;
            }
        }

        return await connection.ExecuteScalarAsync<long>(new CommandDefinition(
            $"SELECT COUNT(*) FROM ({Hits} LIMIT {most}) AS found", new { hits }, cancellationToken: cancellationToken));
    }

    /// <summary>Makes the index where there is none, or another one than is declared now. All writes keep it from then on.</summary>
    /// <returns>Whether it was made.</returns>
    public async Task<bool> PrepareAsync(Database database, CancellationToken cancellationToken)
    {
        if (_engine == DatabaseEngine.PostgreSql)
        {
            return await PreparePostgreSqlAsync(database, cancellationToken);
        }

        database.Keep(this);
        var isMade = await database.WriteAsync(
            write => PrepareSqliteAsync(write, cancellationToken), cancellationToken, Timeout.InfiniteTimeSpan);
        // What has been noted while no service ran, or by a start that was broken off.
        while (await database.WriteAsync(
            async write =>
            {
                var some = await TakeUpAsync(write, MostAtStart, cancellationToken);
                await write.CommitAsync();
                return some;
            },
            cancellationToken,
            Timeout.InfiniteTimeSpan))
        {
        }

        if (isMade)
        {
            await database.WriteAsync(
                $"INSERT INTO {Quote(Name)} ({Quote(Name)}) VALUES ('optimize')", new { }, cancellationToken);
        }

        return isMade;
    }

    /// <summary>Takes up some of the rows that were noted: false if there is none.</summary>
    public async Task<bool> TakeUpAsync(WriteTransaction write, int most, CancellationToken cancellationToken)
    {
        var noted = await ReadNotedAsync(write, most, cancellationToken);
        if (noted.Count == 0)
        {
            return false;
        }

        var (index, rows) = (Quote(Name), Quote(Name + "_rows"));
        await write.Connection.ExecuteAsync(new CommandDefinition(
            $"""
            DELETE FROM {index} WHERE rowid IN (SELECT r.number FROM json_each(@ids) j JOIN {rows} r ON r.id = j.value);
            DELETE FROM {rows} WHERE id IN (SELECT value FROM json_each(@ids));
            INSERT INTO {rows} (id) SELECT value->>'Id' FROM json_each(@there);
            INSERT INTO {index} (rowid, terms)
            SELECT r.number, j.value->>'Terms' FROM json_each(@there) j JOIN {rows} r ON r.id = j.value->>'Id';
            DELETE FROM search_pending WHERE table_name = @Table AND row_id IN (SELECT value FROM json_each(@ids));
            """,
            new
            {
                Table,
                ids = JsonSerializer.Serialize(noted.Select(row => row.Id)),
                there = JsonSerializer.Serialize(noted.Where(row => row.Terms is not null)),
            },
            write.Transaction,
            commandTimeout: 0,
            cancellationToken: cancellationToken));
        return true;
    }

    private async Task<List<NotedRow>> ReadNotedAsync(WriteTransaction write, int most, CancellationToken cancellationToken)
    {
        var columns = string.Join(", ", _columns.Select(column => $"t.{Quote(column)}"));
        await using var command = write.Connection.CreateCommand();
        command.Transaction = write.Transaction;
#pragma warning disable CA2100 // Declared names.
        command.CommandText = $"""
            SELECT p.row_id, t.{Quote(_id)}, {columns}
            FROM search_pending p
            LEFT JOIN {Quote(Table)} t ON t.{Quote(_id)} = p.row_id
            WHERE p.table_name = '{Table}'
                -- Another version may have declared other columns by now, and takes up the rows with those.
                AND EXISTS (SELECT 1 FROM search_indexes WHERE table_name = '{Table}' AND definition = '{Definition}')
            LIMIT {most}
            """;
#pragma warning restore CA2100
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var noted = new List<NotedRow>();
        while (await reader.ReadAsync(cancellationToken))
        {
            var texts = Enumerable.Range(2, _columns.Count).Select(at => reader.IsDBNull(at) ? null : reader.GetString(at));
            var isGone = await reader.IsDBNullAsync(1, cancellationToken);
            noted.Add(new NotedRow(reader.GetString(0), isGone ? null : SearchTerms.OfTexts(texts)));
        }

        return noted;
    }

    private async Task<bool> PrepareSqliteAsync(WriteTransaction write, CancellationToken cancellationToken)
    {
        string[] names = [Name, Name + "_rows", Name + "_insert", Name + "_update", Name + "_delete"];
        var there = await write.Connection.ExecuteScalarAsync<long>(new CommandDefinition(
            $"SELECT COUNT(*) FROM sqlite_schema WHERE name IN ({string.Join(", ", names.Select(name => $"'{name}'"))})",
            transaction: write.Transaction,
            cancellationToken: cancellationToken));
        var definition = await write.Connection.ExecuteScalarAsync<string>(new CommandDefinition(
            "SELECT definition FROM search_indexes WHERE table_name = @Table",
            new { Table },
            write.Transaction,
            cancellationToken: cancellationToken));
        // A table that a migration made anew has lost its triggers.
        if (there == names.Length && definition == Definition)
        {
            return false;
        }

        var (table, index, rows) = (Quote(Table), Quote(Name), Quote(Name + "_rows"));
        string Note(string row) =>
            $"INSERT OR IGNORE INTO search_pending (table_name, row_id) VALUES ('{Table}', {row}.{Quote(_id)});";
        var changed = string.Join(" OR ", _columns.Append(_id).Select(column => $"OLD.{Quote(column)} IS NOT NEW.{Quote(column)}"));
        await write.Connection.ExecuteAsync(new CommandDefinition(
            $"""
            DROP TRIGGER IF EXISTS {Quote(Name + "_insert")};
            DROP TRIGGER IF EXISTS {Quote(Name + "_update")};
            DROP TRIGGER IF EXISTS {Quote(Name + "_delete")};
            DROP TABLE IF EXISTS {index};
            DROP TABLE IF EXISTS {rows};
            CREATE VIRTUAL TABLE {index} USING fts5 (
                terms, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii', prefix = '1 2');
            CREATE TABLE {rows} (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE);
            CREATE TRIGGER {Quote(Name + "_insert")} AFTER INSERT ON {table} BEGIN {Note("NEW")} END;
            CREATE TRIGGER {Quote(Name + "_update")} AFTER UPDATE ON {table} WHEN {changed} BEGIN {Note("OLD")} {Note("NEW")} END;
            CREATE TRIGGER {Quote(Name + "_delete")} AFTER DELETE ON {table} BEGIN {Note("OLD")} END;
            DELETE FROM search_pending WHERE table_name = @Table;
            INSERT INTO search_pending (table_name, row_id) SELECT @Table, {Quote(_id)} FROM {table};
            INSERT INTO search_indexes (table_name, definition) VALUES (@Table, @Definition)
            ON CONFLICT (table_name) DO UPDATE SET definition = excluded.definition;
            """,
            new { Table, Definition },
            write.Transaction,
            commandTimeout: 0,
            cancellationToken: cancellationToken));
        await write.CommitAsync();
        return true;
    }

    private async Task<bool> PreparePostgreSqlAsync(Database database, CancellationToken cancellationToken)
    {
        const string isThere = """
            SELECT EXISTS (
                SELECT 1
                FROM search_indexes s
                JOIN pg_index i ON i.indexrelid = to_regclass(quote_ident(@Name)) AND i.indrelid = to_regclass(quote_ident(@Table))
                WHERE s.table_name = @Table AND s.definition = @Definition AND i.indisvalid)
            """;
        await using var connection = await database.OpenToWriteAsync(cancellationToken);
        if (await connection.ExecuteScalarAsync<bool>(Command(isThere)))
        {
            return false;
        }

        // One that waited inside PostgreSQL would be waited for by the other's index, which is made without keeping anybody from writing.
        while (!await connection.ExecuteScalarAsync<bool>(Command("SELECT pg_try_advisory_lock(hashtext('search'), hashtext(@Name))")))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(200), cancellationToken);
        }

        try
        {
            if (await connection.ExecuteScalarAsync<bool>(Command(isThere)))
            {
                return false;
            }

            await connection.ExecuteAsync(Command($"DROP INDEX CONCURRENTLY IF EXISTS {Quote(Name)}"));
            // Without a list of what is to be taken up, which every search would read through.
            await connection.ExecuteAsync(Command(
                $"CREATE INDEX CONCURRENTLY {Quote(Name)} ON {Quote(Table)} USING gin ({Terms}) WITH (fastupdate = off)"));
            await connection.ExecuteAsync(Command($"ANALYZE {Quote(Table)}"));
            await connection.ExecuteAsync(Command(
                """
                INSERT INTO search_indexes (table_name, definition) VALUES (@Table, @Definition)
                ON CONFLICT (table_name) DO UPDATE SET definition = excluded.definition
                """));
            return true;
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            throw new DatabaseException(
                $"The index for the search of the table {Table} cannot be made in {database.Place}: {exception.MessageText}. "
                + $"The user of ConnectionStrings:Database must own the table: ALTER TABLE {Quote(Table)} OWNER TO that user.",
                exception);
        }
        finally
        {
            await connection.ExecuteAsync(
                new CommandDefinition("SELECT pg_advisory_unlock_all()", cancellationToken: CancellationToken.None));
        }

        CommandDefinition Command(string sql) =>
            new(sql, new { Name, Table, Definition }, commandTimeout: 0, cancellationToken: cancellationToken);
    }

    private static string Quote(string name) => $"\"{name}\"";

    // Without terms, it is there no longer.
    private sealed record NotedRow(string Id, string? Terms);
}
