using Api.Tests.Infrastructure;
using Dapper;
using KeycloakAccess.Data;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Api.Tests.Data;

/// <summary>Migrations: of the same names on both engines, applied once, under a lock, never edited afterwards.</summary>
public abstract class MigrationTests
{
    private protected abstract DatabaseEngine Engine { get; }

    private protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public void Both_engines_have_migrations_of_the_same_names()
    {
        Assert.All(TestDatabase.Histories, history =>
        {
            Assert.NotEmpty(history.Names(DatabaseEngine.Sqlite));
            Assert.Equal(history.Names(DatabaseEngine.Sqlite), history.Names(DatabaseEngine.PostgreSql));
        });
    }

    [Fact]
    public async Task Many_instances_that_start_at_once_apply_each_migration_once()
    {
        await using var place = await TestDatabase.CreateAsync(Engine);
        DapperTypes.Register();

        await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(async () =>
        {
            await using var own = Open(place);
            await MigratorOf(own).MigrateAsync(Cancel);
        })));

        await using var database = Open(place);
        await using var connection = await database.OpenToWriteAsync(Cancel);
        Assert.Equal(
            TestDatabase.Histories.SelectMany(history => history.Names(Engine).Select(name => $"{history.Name} {name}"))
                .Order(StringComparer.Ordinal),
            (await connection.QueryAsync<string>("SELECT history || ' ' || name FROM schema_migrations")).Order(StringComparer.Ordinal));
        Assert.Equal(6, await connection.ExecuteScalarAsync<long>("SELECT COUNT(*) FROM groups"));
    }

    [Fact]
    public async Task A_migration_that_was_edited_after_the_fact_ends_the_start()
    {
        await using var place = await TestDatabase.CreateAsync(Engine);
        await using var database = Open(place);
        await MigratorOf(database).MigrateAsync(Cancel);
        await using (var connection = await database.OpenToWriteAsync(Cancel))
        {
            await connection.ExecuteAsync("UPDATE schema_migrations SET checksum = 'other' WHERE name = '0002_access_rules'");
        }

        var exception = await Assert.ThrowsAsync<DatabaseException>(() => MigratorOf(database).MigrateAsync(Cancel));

        Assert.Contains("0002_access_rules of KeycloakAccess was edited", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_that_a_newer_version_has_migrated_ends_the_start_unless_that_is_allowed()
    {
        await using var place = await TestDatabase.CreateAsync(Engine);
        await using var database = Open(place);
        await MigratorOf(database).MigrateAsync(Cancel);
        await using (var connection = await database.OpenToWriteAsync(Cancel))
        {
            await connection.ExecuteAsync(
                """
                INSERT INTO schema_migrations (history, name, checksum, applied_at)
                VALUES ('KeycloakAccess', '9999_later', 'x', 'x'), ('Another.Application', '0001_theirs', 'x', 'x')
                """);
        }

        foreach (var refused in new Func<Task>[]
        {
            () => MigratorOf(database).MigrateAsync(Cancel),
            () => new SchemaCheck(database, TestDatabase.Histories, Options.Create(new DatabaseOptions())).RunAsync(Cancel),
        })
        {
            var exception = await Assert.ThrowsAsync<DatabaseException>(refused);
            Assert.Contains("does not know 9999_later of KeycloakAccess", exception.Message, StringComparison.Ordinal);
            Assert.Contains("set Database:AllowNewer to true", exception.Message, StringComparison.Ordinal);
        }

        var allowed = new DatabaseOptions { AllowNewer = true };
        await TestDatabase.Migrator(database, options: allowed).MigrateAsync(Cancel);
        await new SchemaCheck(database, TestDatabase.Histories, Options.Create(allowed)).RunAsync(Cancel);
    }

    [Fact]
    public async Task The_default_mappings_name_the_client_of_this_installation()
    {
        await using var place = await TestDatabase.CreateAsync(Engine);
        await using var database = Open(place);
        await TestDatabase.Migrator(database, "another-api").MigrateAsync(Cancel);

        await using var connection = await database.OpenToWriteAsync(Cancel);
        Assert.Equal(
            ["another-api"], await connection.QueryAsync<string>("SELECT DISTINCT client FROM role_mappings WHERE kind = 'client-role'"));
    }

    [Theory]
    [InlineData("INSERT INTO groups (id, name) VALUES (@id, 'x')")]
    [InlineData("UPDATE groups SET description = 'x' WHERE name = 'staff'")]
    [InlineData("DELETE FROM group_permissions WHERE permission = 'admin:view'")]
    [InlineData("DELETE FROM role_mappings WHERE name = 'staff'")]
    public async Task Every_change_of_the_rules_raises_their_version_whoever_makes_it(string sql)
    {
        await using var place = await TestDatabase.CreateAsync(Engine);
        await using var database = Open(place);
        await MigratorOf(database).MigrateAsync(Cancel);
        await using var connection = await database.OpenToWriteAsync(Cancel);
        var before = await connection.ExecuteScalarAsync<long>("SELECT version FROM access_version");

        await connection.ExecuteAsync(sql, new { id = Guid.NewGuid() });

        Assert.True(await connection.ExecuteScalarAsync<long>("SELECT version FROM access_version") > before);
    }

    [Fact]
    public async Task Values_come_back_as_they_were_written()
    {
        await using var place = await TestDatabase.CreateAsync(Engine);
        await using var database = Open(place);
        await MigratorOf(database).MigrateAsync(Cancel);
        await using var connection = await database.OpenToWriteAsync(Cancel);
        var id = Guid.NewGuid();
        var at = new DateTimeOffset(2026, 11, 24, 13, 14, 15, TimeSpan.FromHours(2)).AddTicks(1_234_567);

        await connection.ExecuteAsync(
            """
            INSERT INTO accounts (id, issuer, subject, kind, username, enabled, created_at, last_seen_at)
            VALUES (@id, 'i', 's', 'person', 'u', @enabled, @at, @at)
            """,
            new { id, enabled = false, at });
        var row = await connection.QuerySingleAsync<Row>("SELECT id, enabled, created_at, email FROM accounts WHERE id = @id", new { id });

        Assert.Equal(id, row.Id);
        Assert.False(row.Enabled);
        Assert.Null(row.Email);
        Assert.Equal(TimeSpan.Zero, row.CreatedAt.Offset);
        Assert.Equal(at.UtcTicks - (at.UtcTicks % TimeSpan.TicksPerMicrosecond), row.CreatedAt.UtcTicks);
    }

    private static Database Open(TestDatabase place) => Database.From(place.ConnectionString, AppContext.BaseDirectory);

    private protected static Migrator MigratorOf(Database database)
    {
        DapperTypes.Register();
        return TestDatabase.Migrator(database);
    }

    private sealed record Row
    {
        public required Guid Id { get; init; }

        public required bool Enabled { get; init; }

        public required DateTimeOffset CreatedAt { get; init; }

        public string? Email { get; init; }
    }
}

public sealed class MigrationOnSqliteTests : MigrationTests
{
    private protected override DatabaseEngine Engine => DatabaseEngine.Sqlite;
}

public sealed class MigrationOnPostgreSqlTests : MigrationTests
{
    private protected override DatabaseEngine Engine => DatabaseEngine.PostgreSql;

    // A statement of the provider's ends after 30 seconds; here after one, so that the test need not take so long.
    [Theory]
    [InlineData("SELECT pg_advisory_lock(7302114519118001)")]
    [InlineData("LOCK TABLE observed_roles IN ACCESS SHARE MODE")]
    public async Task A_migration_that_takes_longer_than_a_statement_may_is_waited_for(string hold)
    {
        await using var place = await TestDatabase.CreateMigratedAsync(Engine);
        await using var database = Database.From(place.ConnectionString + ";Command Timeout=1", AppContext.BaseDirectory);
        await using var other = new NpgsqlConnection(place.ConnectionString);
        await other.OpenAsync(Cancel);
        await other.ExecuteAsync("""
            DELETE FROM schema_migrations WHERE name = '0011_long_role_names';
            DROP INDEX observed_roles_by_name;
            ALTER TABLE observed_roles DROP CONSTRAINT observed_roles_once, ADD UNIQUE (kind, client, name);
            """);
        await other.ExecuteAsync($"BEGIN; {hold}");

        var migration = MigratorOf(database).MigrateAsync(Cancel);
        await Task.Delay(TimeSpan.FromSeconds(3), Cancel);
        Assert.False(migration.IsCompleted);
        await other.ExecuteAsync("ROLLBACK; SELECT pg_advisory_unlock_all()");

        await migration;
        await using var connection = await database.OpenAsync(Cancel);
        Assert.Equal(1, await connection.ExecuteScalarAsync<long>(
            "SELECT COUNT(*) FROM schema_migrations WHERE name = '0011_long_role_names'"));
    }
}
