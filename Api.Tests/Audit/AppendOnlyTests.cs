using System.Data.Common;
using Api.Tests.Infrastructure;
using Dapper;
using KeycloakAccess.Data;

namespace Api.Tests.Audit;

/// <summary>What the database itself refuses, whatever the code above it does.</summary>
public abstract class AppendOnlyTests
{
    private protected abstract DatabaseEngine Engine { get; }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("UPDATE audit_log SET account = 'somebody else'")]
    [InlineData("UPDATE audit_log SET at = at WHERE id = @id")]
    [InlineData("DELETE FROM audit_log")]
    [InlineData("DELETE FROM audit_log WHERE id = @id")]
    [InlineData(
        "INSERT INTO audit_log (id, at, kind, account, method, code) SELECT id, at, kind, 'x', method, 'y' FROM audit_log WHERE "
            + "true ON CONFLICT (id) DO UPDATE SET account = 'x'")]
    [InlineData("INSERT INTO audit_retention (id, keeps_since) SELECT 2, MAX(at) FROM audit_log")]
    [InlineData(
        "INSERT INTO audit_retention (id, keeps_since) SELECT 1, MAX(at) FROM audit_log WHERE true ON CONFLICT (id) DO UPDATE "
            + "SET keeps_since = excluded.keeps_since")]
    [InlineData("UPDATE audit_retention SET keeps_since = @now")]
    [InlineData("UPDATE audit_retention SET keeps_since = @fiveDaysAgo")]
    [InlineData("DELETE FROM audit_retention")]
    public async Task Rows_are_neither_changed_nor_deleted(string sql)
    {
        await using var log = await AuditedDatabase.CreateAsync(Engine);
        var id = await log.AddAsync(DateTimeOffset.UtcNow);

        await AssertRefusedAsync(log, sql, id);
    }

    [Fact]
    public async Task The_ways_of_one_engine_around_a_trigger_are_closed()
    {
        string[] sqlite =
        [
            "INSERT OR REPLACE INTO audit_log (id, at, kind, account, method, code) SELECT id, at, kind, 'x', method, 'y' FROM audit_log",
            "REPLACE INTO audit_retention (id, keeps_since) SELECT 1, MAX(at) FROM audit_log",
            "UPDATE OR IGNORE audit_log SET account = 'x'",
            "UPDATE OR REPLACE audit_retention SET keeps_since = @now",
        ];
        string[] postgres = ["TRUNCATE audit_log", "TRUNCATE audit_retention", "TRUNCATE audit_log CASCADE"];
        await using var log = await AuditedDatabase.CreateAsync(Engine);
        var id = await log.AddAsync(DateTimeOffset.UtcNow);

        foreach (var sql in Engine == DatabaseEngine.Sqlite ? sqlite : postgres)
        {
            await AssertRefusedAsync(log, sql, id);
        }
    }

    [Fact]
    public async Task Only_what_is_older_than_the_bound_goes()
    {
        await using var log = await AuditedDatabase.CreateAsync(Engine);
        var now = DateTimeOffset.UtcNow;
        var old = await log.AddAsync(now.AddDays(-9));
        var younger = await log.AddAsync(now.AddDays(-7));
        await using var connection = await log.Database.OpenToWriteAsync(Cancel);
        await Assert.ThrowsAnyAsync<DbException>(() => connection.ExecuteAsync("DELETE FROM audit_log WHERE id = @old", new { old }));

        await connection.ExecuteAsync("UPDATE audit_retention SET keeps_since = @since", new { since = now.AddDays(-8) });

        Assert.Equal(1, await connection.ExecuteAsync("DELETE FROM audit_log WHERE id = @old", new { old }));
        await Assert.ThrowsAnyAsync<DbException>(() =>
            connection.ExecuteAsync("DELETE FROM audit_log WHERE id = @younger", new { younger }));
        // Back is always allowed: it keeps more.
        await connection.ExecuteAsync("UPDATE audit_retention SET keeps_since = @since", new { since = DateTimeOffset.UnixEpoch });
        Assert.Equal([younger], (await log.ReadAsync()).Select(row => row.Id));
    }

    [Fact]
    public async Task A_change_and_its_row_are_there_together_or_not_at_all()
    {
        await using var log = await AuditedDatabase.CreateAsync(Engine);
        await using var connection = await log.Database.OpenToWriteAsync(Cancel);
        await using (var transaction = await Database.BeginWriteAsync(connection, Cancel))
        {
            await log.Audit.RecordAsync(
                connection,
                transaction,
                new Actor(null, "x", Actor.CommandLine, null),
                new AuditChange("m", "1", "add", null, null),
                Cancel);
        }

        Assert.Empty(await log.ReadAsync());
    }

    [Theory]
    [InlineData("UPDATE audit_log SET account = 'x' WHERE account_id = @gone")]
    [InlineData("UPDATE audit_log SET account = 'deleted account' WHERE account_id = @there")]
    [InlineData("UPDATE audit_log SET account = 'deleted account', at = @now WHERE account_id = @gone")]
    [InlineData("UPDATE audit_log SET account = 'deleted account', account_id = NULL WHERE account_id = @gone")]
    [InlineData("UPDATE audit_log SET account = 'deleted account', reason = NULL WHERE account_id = @gone")]
    [InlineData("UPDATE audit_log SET account = 'deleted account', new_values = NULL WHERE account_id = @gone")]
    [InlineData("UPDATE audit_log SET new_values = NULL WHERE account_id = @gone")]
    [InlineData("UPDATE audit_log SET new_values = '{\"username\":null,\"enabled\":false}' WHERE account_id = @gone")]
    [InlineData("UPDATE audit_log SET new_values = '{\"username\":null,\"enabled\":true}' WHERE account_id = @there")]
    [InlineData("INSERT INTO deleted_accounts VALUES (@there, 'i', 'h', @no, @now)")]
    [InlineData("UPDATE deleted_accounts SET account_id = @there")]
    [InlineData("UPDATE deleted_accounts SET subject_hash = ''")]
    [InlineData("DELETE FROM deleted_accounts")]
    public async Task Of_a_deleted_account_the_names_go_and_nothing_else(string sql)
    {
        await using var log = await AuditedDatabase.CreateAsync(Engine);
        await using var connection = await log.Database.OpenToWriteAsync(Cancel);
        var values = new { gone = Guid.NewGuid(), there = Guid.NewGuid(), now = DateTimeOffset.UtcNow, no = false };
        await connection.ExecuteAsync(
            """
            INSERT INTO accounts (id, issuer, subject, kind, username, created_at, last_seen_at)
            VALUES (@there, 'i', 's', 'person', 'ada', @now, @now);
            INSERT INTO deleted_accounts (account_id, issuer, subject_hash, enabled, deleted_at) VALUES (@gone, 'i', 'h', @no, @now)
            """,
            values);
        await using (var transaction = await Database.BeginWriteAsync(connection, Cancel))
        {
            foreach (var id in new[] { values.gone, values.there })
            {
                var change = new AuditChange(
                    "account", $"{id}", "add", null, new Dictionary<string, object?> { ["username"] = "ada", ["enabled"] = true });
                await log.Audit.RecordAsync(
                    connection, transaction, new Actor(id, "ada", Actor.Bearer, "r", "why"), change, Cancel);
            }

            await transaction.CommitAsync(Cancel);
        }

        var before = await log.ReadAsync();
        await Assert.ThrowsAnyAsync<DbException>(() => connection.ExecuteAsync(sql, values));
        Assert.Equal(before, await log.ReadAsync());

        await using (var transaction = await Database.BeginWriteAsync(connection, Cancel))
        {
            await AuditRedaction.RunAsync(connection, transaction, values.gone, Cancel);
            await transaction.CommitAsync(Cancel);
        }

        var after = await log.ReadAsync();
        Assert.Equal(before.Where(row => row.AccountId == values.there), after.Where(row => row.AccountId == values.there));
        var redacted = Assert.Single(after, row => row.AccountId == values.gone);
        Assert.Equal(
            before.Single(row => row.AccountId == values.gone) with { Account = AuditRedaction.Name, NewValues = redacted.NewValues },
            redacted);
        var recorded = System.Text.Json.JsonElement.Parse(redacted.NewValues!);
        Assert.Equal(System.Text.Json.JsonValueKind.Null, recorded.GetProperty("username").ValueKind);
        Assert.True(recorded.GetProperty("enabled").GetBoolean());
    }

    [Fact]
    public async Task Long_and_odd_names_are_cut_and_stored_as_text()
    {
        await using var log = await AuditedDatabase.CreateAsync(Engine);
        await using var connection = await log.Database.OpenToWriteAsync(Cancel);
        await using (var transaction = await Database.BeginWriteAsync(connection, Cancel))
        {
            var hostile = "a\0'); DROP TABLE audit_log; --\n" + string.Concat(Enumerable.Repeat("\U0001F600", 400));
            var change = new AuditChange(
                "m", "1", "change", null,
                new Dictionary<string, object?> { ["text"] = new string('x', 5000), ["odd"] = "\",\"text\":\"\0", ["none"] = null });
            await log.Audit.RecordAsync(
                connection,
                transaction,
                new Actor(null, hostile, Actor.Bearer, new string('q', 1000), new string('r', 600)),
                change,
                Cancel);
            await transaction.CommitAsync(Cancel);
        }

        var row = Assert.Single(await log.ReadAsync());
        Assert.StartsWith("a'); DROP TABLE audit_log; --\n\U0001F600", row.Account, StringComparison.Ordinal);
        Assert.InRange(row.Account.Length, 290, 300);
        Assert.EndsWith("\U0001F600…", row.Account, StringComparison.Ordinal);
        Assert.Equal(300, row.RequestId!.Length);
        Assert.Equal(500, row.Reason!.Length);
        var values = System.Text.Json.JsonElement.Parse(row.NewValues!);
        Assert.Equal(4000, values.GetProperty("text").GetString()!.Length);
        Assert.Equal("\",\"text\":\"", values.GetProperty("odd").GetString());
        Assert.Equal(3, values.EnumerateObject().Count());
    }

    [Fact]
    public async Task Many_changes_of_one_act_keep_their_order()
    {
        await using var log = await AuditedDatabase.CreateAsync(Engine);
        await using var connection = await log.Database.OpenToWriteAsync(Cancel);
        await using (var transaction = await Database.BeginWriteAsync(connection, Cancel))
        {
            var changes = Enumerable.Range(0, 250).Select(number => new AuditChange("m", $"{number}", "delete", null, null)).ToArray();
            await log.Audit.RecordAsync(connection, transaction, new Actor(Guid.NewGuid(), "x", Actor.Bearer, "r"), changes, Cancel);
            await transaction.CommitAsync(Cancel);
        }

        Assert.Equal(Enumerable.Range(0, 250).Select(number => $"{number}"), (await log.ReadAsync()).Select(row => row.RowId));
    }

    private static async Task AssertRefusedAsync(AuditedDatabase log, string sql, Guid id)
    {
        await using (var connection = await log.Database.OpenToWriteAsync(Cancel))
        {
            var refused = await Assert.ThrowsAnyAsync<DbException>(() => connection.ExecuteAsync(
                sql, new { id, now = DateTimeOffset.UtcNow, fiveDaysAgo = DateTimeOffset.UtcNow.AddDays(-5) }));
            Assert.Contains("audit_", refused.Message, StringComparison.Ordinal);
            Assert.False(DatabaseOutage.IsOutage(refused));
        }

        var row = Assert.Single(await log.ReadAsync());
        Assert.Equal((id, "x"), (row.Id, row.Account));
    }
}

/// <summary>A database with an empty audit log.</summary>
internal sealed class AuditedDatabase : IAsyncDisposable
{
    private readonly TestDatabase? _place;

    private AuditedDatabase(string connectionString, TestDatabase? place)
    {
        _place = place;
        Database = Database.From(connectionString, AppContext.BaseDirectory);
    }

    public Database Database { get; }

    public AuditLog Audit { get; } = new(TimeProvider.System);

    public static async Task<AuditedDatabase> CreateAsync(DatabaseEngine engine)
    {
        var place = await TestDatabase.CreateMigratedAsync(engine);
        return new AuditedDatabase(place.ConnectionString, place);
    }

    /// <summary>The log of a database that somebody else takes away.</summary>
    public static async Task<AuditedDatabase> OpenAsync(string connectionString)
    {
        var log = new AuditedDatabase(connectionString, place: null);
        await TestDatabase.Migrator(log.Database).MigrateAsync(TestContext.Current.CancellationToken);
        return log;
    }

    /// <summary>A change that was made at that instant.</summary>
    public async Task<Guid> AddAsync(DateTimeOffset at, Func<AuditRow, AuditRow>? with = null) => (await AddAsync(1, at, with))[0];

    public async Task<IReadOnlyList<Guid>> AddAsync(int count, DateTimeOffset at, Func<AuditRow, AuditRow>? with = null)
    {
        var rows = Enumerable.Range(0, count).Select(_ => new AuditRow
        {
            Id = Guid.CreateVersion7(at),
            At = at,
            Kind = AuditRow.ChangeKind,
            Account = "x",
            Method = Actor.Service,
            Model = "m",
            RowId = "1",
            Action = "add",
        }).Select(row => with is null ? row : with(row)).ToArray();
        await using var connection = await Database.OpenToWriteAsync(TestContext.Current.CancellationToken);
        await using var transaction = await Database.BeginWriteAsync(connection, TestContext.Current.CancellationToken);
        await AuditLog.InsertAsync(connection, transaction, rows, TestContext.Current.CancellationToken);
        await transaction.CommitAsync(TestContext.Current.CancellationToken);
        return [.. rows.Select(row => row.Id)];
    }

    /// <summary>All rows, the oldest first.</summary>
    public async Task<IReadOnlyList<AuditRow>> ReadAsync()
    {
        await using var connection = await Database.OpenToWriteAsync(TestContext.Current.CancellationToken);
        return (await connection.QueryAsync<AuditRow>($"SELECT {AuditRow.Columns} FROM audit_log ORDER BY at, id")).AsList();
    }

    public async ValueTask DisposeAsync()
    {
        await Database.DisposeAsync();
        if (_place is not null)
        {
            await _place.DisposeAsync();
        }
    }
}

public sealed class AppendOnlyOnSqliteTests : AppendOnlyTests
{
    private protected override DatabaseEngine Engine => DatabaseEngine.Sqlite;
}

public sealed class AppendOnlyOnPostgreSqlTests : AppendOnlyTests
{
    private protected override DatabaseEngine Engine => DatabaseEngine.PostgreSql;
}
