using KeycloakAccess.Data;
using Api.Tests.Infrastructure;
using Dapper;
using Microsoft.Extensions.Logging.Abstractions;

namespace Api.Tests.Data;

/// <summary>The migration that lets whoever manages groups and mappings see whom that concerns: nobody else gets more than before.</summary>
public abstract class SeeingAccessTests
{
    private const string Managers = "d46828cc-2a50-59a2-8646-c76d4591b6a8";

    private protected abstract DatabaseEngine Engine { get; }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("as it was made", "", "access:view account:view group:* role-mapping:*")]
    [InlineData("renamed", "UPDATE groups SET name = 'admins' WHERE id = @managers", "access:view account:view group:* role-mapping:*")]
    [InlineData("deleted", "DELETE FROM groups WHERE id = @managers", "")]
    [InlineData("without mappings", "DELETE FROM group_permissions WHERE group_id = @managers AND permission = 'role-mapping:*'", "account:view group:*")]
    [InlineData("denying mappings", "UPDATE group_permissions SET denied = @yes WHERE group_id = @managers AND permission = 'role-mapping:*'", "account:view group:* -role-mapping:*")]
    [InlineData("denying it", "INSERT INTO group_permissions (group_id, permission, denied) VALUES (@managers, 'access:view', @yes)", "-access:view account:view group:* role-mapping:*")]
    public async Task The_group_of_a_new_installation_gets_it_where_it_still_manages_both(string what, string change, string expected)
    {
        await using var place = await TestDatabase.CreateAsync(Engine);
        await using var database = Database.From(place.ConnectionString, AppContext.BaseDirectory);
        DapperTypes.Register();
        await using (var before = await database.OpenAsync(Cancel))
        {
            await EarlierSchema.ApplyAsync(before, Engine, "0012", Cancel);
            if (change.Length > 0)
            {
                await before.ExecuteAsync(change, new { managers = Guid.Parse(Managers), yes = true });
            }
        }

        await new Migrator(database, new MigrationValues("acme-api"), TimeProvider.System, NullLogger<Migrator>.Instance).MigrateAsync(Cancel);

        await using var after = await database.OpenAsync(Cancel);
        var held = await after.QueryAsync<string>(
            "SELECT CASE WHEN denied THEN '-' ELSE '' END || permission FROM group_permissions WHERE group_id = @managers", new { managers = Guid.Parse(Managers) });
        Assert.True(expected == string.Join(' ', held.OrderBy(permission => permission.TrimStart('-'), StringComparer.Ordinal)), what);
        Assert.Equal(
            held.Any(permission => permission == "access:view") ? 1 : 0,
            await after.ExecuteScalarAsync<long>("SELECT COUNT(*) FROM group_permissions WHERE permission = 'access:view' AND NOT denied"));
    }
}

public sealed class SeeingAccessOnSqliteTests : SeeingAccessTests
{
    private protected override DatabaseEngine Engine => DatabaseEngine.Sqlite;
}

public sealed class SeeingAccessOnPostgreSqlTests : SeeingAccessTests
{
    private protected override DatabaseEngine Engine => DatabaseEngine.PostgreSql;
}
