using KeycloakAccess.Data;
using KeycloakAccess.Permissions;
using Api.Tests.Infrastructure;
using Dapper;
using Microsoft.Extensions.Logging.Abstractions;

namespace Api.Tests.Data;

/// <summary>The migrations that make the words of accounts that are there already: the same as for those that come later.</summary>
public abstract class AccountWordsTests
{
    private protected abstract DatabaseEngine Engine { get; }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Accounts_of_before_are_found_by_the_words_and_the_kind_that_new_ones_would_be_found_by()
    {
        (string Kind, string Username, string? Email, string? Name)[] accounts =
        [
            ("person", "ada", "ada.lovelace@example.com", "Ada Lovelace"),
            ("person", "Grace_Hopper-2", null, "Grace  Brewster Hopper"),
            ("service", "stock-sync", null, null),
            ("service", "reports", "reports@example.com", "reports"),
        ];
        await using var place = await TestDatabase.CreateAsync(Engine);
        await using var database = Database.From(place.ConnectionString, AppContext.BaseDirectory);
        DapperTypes.Register();
        await using (var before = await database.OpenAsync(Cancel))
        {
            await EarlierSchema.ApplyAsync(before, Engine, "0010", Cancel);
            foreach (var (kind, username, email, name) in accounts)
            {
                await before.ExecuteAsync(
                    """
                    INSERT INTO accounts (id, issuer, subject, kind, username, email, name, active, created_at, last_seen_at)
                    VALUES (@id, 'i', @username, @kind, @username, @email, @name, @active, @now, @now)
                    """,
                    new { id = Guid.NewGuid(), kind, username, email, name, active = true, now = DateTimeOffset.UtcNow });
            }
        }

        await new Migrator(database, new MigrationValues("acme-api"), TimeProvider.System, NullLogger<Migrator>.Instance).MigrateAsync(Cancel);

        await using var after = await database.OpenAsync(Cancel);
        var words = await after.QueryAsync<string>("SELECT a.username || ' ' || w.kind || ' ' || w.word FROM account_words w JOIN accounts a ON a.id = w.account_id");
        Assert.Equal(
            accounts.SelectMany(account => AccountWords.Of(account.Username, account.Email, account.Name).Select(word => $"{account.Username} {account.Kind} {word}")).Order(StringComparer.Ordinal),
            words.Order(StringComparer.Ordinal));
    }
}

public sealed class AccountWordsOnSqliteTests : AccountWordsTests
{
    private protected override DatabaseEngine Engine => DatabaseEngine.Sqlite;
}

public sealed class AccountWordsOnPostgreSqlTests : AccountWordsTests
{
    private protected override DatabaseEngine Engine => DatabaseEngine.PostgreSql;
}
