using System.Data.Common;
using Api.Tests.Delivery;
using Api.Tests.Infrastructure;
using Dapper;
using KeycloakAccess.Data;

namespace Api.Tests.Data;

/// <summary>The database of before there were two histories of migrations: it is brought over, and nothing is lost.</summary>
public abstract class FormerDatabaseTests
{
    private static readonly Guid Ada = Guid.Parse("11111111-1111-4111-8111-111111111111");

    private protected abstract DatabaseEngine Engine { get; }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_becomes_the_schema_of_a_new_one()
    {
        await using var place = await TestDatabase.CreateAsync(Engine);
        await using var fresh = await TestDatabase.CreateAsync(Engine);
        await using var former = await FormerAsync(place);
        await using var other = Open(fresh);

        await TestDatabase.Migrator(former).MigrateAsync(Cancel);
        await TestDatabase.Migrator(other).MigrateAsync(Cancel);

        await using var one = await former.OpenToWriteAsync(Cancel);
        await using var two = await other.OpenToWriteAsync(Cancel);
        Assert.Equal(await SchemaAsync(two), await SchemaAsync(one));
        Assert.Equal(
            await two.QueryAsync<string>("SELECT history || name || checksum FROM schema_migrations ORDER BY history, name"),
            await one.QueryAsync<string>("SELECT history || name || checksum FROM schema_migrations ORDER BY history, name"));
    }

    [Fact]
    public async Task Every_row_is_kept_under_the_names_of_today()
    {
        await using var place = await TestDatabase.CreateAsync(Engine);
        await using var database = await FormerAsync(place);
        long version;
        await using (var before = await database.OpenToWriteAsync(Cancel))
        {
            await FillAsync(before);
            version = await before.ExecuteScalarAsync<long>("SELECT version FROM access_version");
        }

        await TestDatabase.Migrator(database).MigrateAsync(Cancel);
        // Once more: what has been brought over stays as it is.
        await TestDatabase.Migrator(database).MigrateAsync(Cancel);

        await using var after = await database.OpenToWriteAsync(Cancel);
        Assert.Equal(
            ["ada False"],
            (await after.QueryAsync<(string Name, bool Enabled)>("SELECT username, enabled FROM accounts"))
                .Select(row => $"{row.Name} {row.Enabled}"));
        Assert.Equal(
            ["staff"], await after.QueryAsync<string>("SELECT r.name FROM account_roles a JOIN observed_roles r ON r.id = a.role_id"));
        Assert.Equal(["everyone"], await after.QueryAsync<string>("SELECT name FROM groups WHERE is_default"));
        Assert.Equal(["book-editors", "everyone"], (await after.QueryAsync<string>(
            "SELECT g.name FROM group_members m JOIN groups g ON g.id = m.group_id")).Order(StringComparer.Ordinal));
        Assert.Equal(7, await after.ExecuteScalarAsync<long>("SELECT COUNT(*) FROM groups"));
        Assert.Equal(6, await after.ExecuteScalarAsync<long>("SELECT COUNT(*) FROM role_mappings WHERE version = 1"));
        Assert.Equal(
            ["Notes by Ada"],
            await after.QueryAsync<string>("SELECT b.title || ' by ' || a.name FROM books b JOIN authors a ON a.id = b.author_id"));
        Assert.Equal([3L], await after.QueryAsync<long>("SELECT amount FROM request_counters"));
        Assert.Equal(
            [
                "change  {\"enabled\":true} {\"enabled\":false}", "change  {\"isDefault\":false} {\"isDefault\":true}",
                "denied-request account_disabled  ",
            ],
            (await after.QueryAsync<string>(
                "SELECT kind || ' ' || COALESCE(code, '') || ' ' || COALESCE(old_values, '') || ' ' || COALESCE(new_values, '') "
                    + "FROM audit_log"))
                .Order(StringComparer.Ordinal));
        Assert.True(await after.ExecuteScalarAsync<long>("SELECT version FROM access_version") >= version);
        await Assert.ThrowsAnyAsync<DbException>(() => after.ExecuteAsync("UPDATE audit_log SET account = 'somebody else'"));
        await Assert.ThrowsAnyAsync<DbException>(() => after.ExecuteAsync("DELETE FROM audit_log"));
    }

    [Fact]
    public async Task One_that_is_older_still_is_left_as_it_is_with_the_remedy()
    {
        await using var place = await TestDatabase.CreateAsync(Engine);
        await using var database = await FormerAsync(place, until: "0011");

        var exception = await Assert.ThrowsAsync<DatabaseException>(() => TestDatabase.Migrator(database).MigrateAsync(Cancel));

        Assert.Contains(
            "0012_access_on_pages has not been applied. Start the last version before this one once",
            exception.Message,
            StringComparison.Ordinal);
        await using var connection = await database.OpenToWriteAsync(Cancel);
        Assert.Equal(11, await connection.ExecuteScalarAsync<long>("SELECT COUNT(*) FROM schema_migrations"));
        Assert.Equal(0, await connection.ExecuteScalarAsync<long>("SELECT COUNT(*) FROM accounts WHERE active"));
    }

    [Fact]
    public async Task A_default_group_that_was_deleted_does_not_come_back()
    {
        await using var place = await TestDatabase.CreateAsync(Engine);
        await using var database = await FormerAsync(place);
        await using (var before = await database.OpenToWriteAsync(Cancel))
        {
            await before.ExecuteAsync("DELETE FROM groups WHERE name IN ('book-readers', 'staff')");
        }

        await TestDatabase.Migrator(database).MigrateAsync(Cancel);

        await using var after = await database.OpenToWriteAsync(Cancel);
        Assert.Equal(
            ["account-managers", "book-editors", "group-managers", "superusers"],
            (await after.QueryAsync<string>("SELECT name FROM groups")).Order(StringComparer.Ordinal));
    }

    private static Database Open(TestDatabase place)
    {
        DapperTypes.Register();
        return Database.From(place.ConnectionString, AppContext.BaseDirectory);
    }

    private async Task<Database> FormerAsync(TestDatabase place, string until = "9999")
    {
        var database = Open(place);
        await using var connection = await database.OpenToWriteAsync(Cancel);
        await connection.ExecuteAsync(
            "CREATE TABLE schema_migrations (name TEXT PRIMARY KEY, checksum TEXT NOT NULL, applied_at TEXT NOT NULL)");
        foreach (var file in Directory.GetFiles(Repository.PathOf("Api.Tests", "Data", "Former", Engine.ToString()))
            .Order(StringComparer.Ordinal))
        {
            var name = Path.GetFileNameWithoutExtension(file);
            if (string.CompareOrdinal(name[..4], until) > 0)
            {
                break;
            }

            await connection.ExecuteAsync(await File.ReadAllTextAsync(file, Cancel), new MigrationValues("acme-api"));
            await connection.ExecuteAsync(
                "INSERT INTO schema_migrations (name, checksum, applied_at) VALUES (@name, '', '')", new { name });
        }

        return database;
    }

    private static Task<int> FillAsync(DbConnection connection) => connection.ExecuteAsync(
        """
        INSERT INTO accounts (id, issuer, subject, kind, username, active, created_at, last_seen_at)
        VALUES (@Ada, 'i', 's', 'person', 'ada', @no, @now, @now);
        INSERT INTO account_words (account_id, word, kind) VALUES (@Ada, 'ada', 'person');
        INSERT INTO seen_roles (kind, client, name, first_seen_at) VALUES ('realm-role', '', 'staff', @now);
        INSERT INTO account_roles (account_id, role_id) SELECT @Ada, id FROM seen_roles;
        INSERT INTO groups (id, name, description, for_everybody) VALUES (@group, 'everyone', '', @yes);
        INSERT INTO group_members (group_id, account_id) SELECT id, @Ada FROM groups WHERE name IN ('everyone', 'book-editors');
        INSERT INTO authors (id, name) VALUES (@author, 'Ada');
        INSERT INTO books (id, title, author_id) VALUES (@book, 'Notes', @author);
        INSERT INTO activity (series, slot, amount) VALUES ('allowed', '2026-11-29T09', 3);
        INSERT INTO audit_log (id, at, kind, account, method, model, row_id, action, old_values, new_values)
        VALUES (@first, @now, 'change', 'ada', 'session', 'account', 'x', 'change', '{"active":true}', '{"active":false}');
        INSERT INTO audit_log (id, at, kind, account, method, model, row_id, action, old_values, new_values)
        VALUES (@second, @now, 'change', 'ada', 'session', 'group', 'x', 'change', '{"forEverybody":false}', '{"forEverybody":true}');
        INSERT INTO audit_log (id, at, kind, account, method, code) VALUES (@third, @now, 'refusal', 'ada', 'bearer', 'account_inactive');
        """,
        new
        {
            Ada,
            group = Guid.NewGuid(),
            author = Guid.NewGuid(),
            book = Guid.NewGuid(),
            first = Guid.NewGuid(),
            second = Guid.NewGuid(),
            third = Guid.NewGuid(),
            no = false,
            yes = true,
            now = DateTimeOffset.UtcNow,
        });

    // Columns with type, whether they may be null and default; indexes, triggers and checks by what they say.
    private async Task<IReadOnlyList<string>> SchemaAsync(DbConnection connection) => (await connection.QueryAsync<string>(
        Engine == DatabaseEngine.PostgreSql
            ? """
                SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || ' '
                    || COALESCE(collation_name, '') || ' '
                    || CASE WHEN column_default LIKE 'nextval%' THEN '' ELSE COALESCE(column_default, '') END
                FROM information_schema.columns WHERE table_schema = 'public'
                UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND indexname NOT LIKE '%key'
                UNION ALL SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
                UNION ALL SELECT conrelid::regclass || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
                WHERE connamespace = 'public'::regnamespace
                UNION ALL SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
                """
            : """
                SELECT m.name || '.' || c.name || ' ' || c.type || ' ' || c."notnull" || ' ' || COALESCE(c.dflt_value, '') || ' ' || c.pk
                FROM sqlite_schema m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'
                UNION ALL SELECT replace(replace(sql, '    ', ''), char(10), ' ') FROM sqlite_schema
                WHERE type IN ('index', 'trigger') AND sql IS NOT NULL
                """)).Order(StringComparer.Ordinal).ToArray();
}

public sealed class FormerDatabaseOnSqliteTests : FormerDatabaseTests
{
    private protected override DatabaseEngine Engine => DatabaseEngine.Sqlite;
}

public sealed class FormerDatabaseOnPostgreSqlTests : FormerDatabaseTests
{
    private protected override DatabaseEngine Engine => DatabaseEngine.PostgreSql;
}
