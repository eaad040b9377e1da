using System.Text;
using Api.Tests.Infrastructure;
using Dapper;
using KeycloakAccess.Data;
using Microsoft.Extensions.Options;

namespace Api.Tests.Data;

/// <summary>What the database says of a change: under which key, in which order, and what happens where something was missed.</summary>
public abstract class ChangeFeedTests : HttpTests
{
    private static readonly Guid Account = Guid.Parse("0192d7a5-6a4b-7c8d-9e0f-abcdefabcdef");
    private static readonly Guid Group = Guid.Parse("0192d7a5-6a4b-7c8d-9e0f-111111111111");

    private static readonly string NewAccount = $"""
        INSERT INTO accounts (id, issuer, subject, kind, username, created_at, last_seen_at)
        VALUES ('{Account}', 'issuer', 'subject', 'person', 'ada', '2026-01-01T00:00:00.0000000+00:00', '2026-01-01T00:00:00.0000000+00:00')
        """;

    private protected abstract DatabaseEngine Engine { get; }

    [Fact]
    public async Task Every_change_of_somebody_is_told_and_nothing_else_is()
    {
        await using var place = await Place.CreateAsync(Engine);
        await place.WriteAsync(NewAccount);
        await place.WriteAsync($"INSERT INTO groups (id, name) VALUES ('{Group}', 'group')");
        var (member, account) = ($"group_id = '{Group}' AND account_id = '{Account}'", ChangeFeed.Account(Account));
        (string Sql, string? Key)[] changes =
        [
            ("UPDATE accounts SET username = 'ada.l', last_seen_at = '2026-02-01T00:00:00.0000000+00:00'", null),
            ($"UPDATE accounts SET enabled = {place.False}", account),
            ($"UPDATE accounts SET enabled = {place.False}", null),
            ("UPDATE accounts SET issuer = 'another'", account),
            ("UPDATE accounts SET subject = 'another'", account),
            ($"INSERT INTO group_members (group_id, account_id) VALUES ('{Group}', '{Account}')", account),
            ($"DELETE FROM group_members WHERE {member}", account),
            (Ended("a-session", ""), ChangeFeed.Session("a-session")),
            (Ended("", "a-subject"), ChangeFeed.Subject("a-subject")),
            ("UPDATE ended_sessions SET ended_at = keep_until WHERE subject = 'a-subject'", ChangeFeed.Subject("a-subject")),
            ("DELETE FROM ended_sessions", null),
            ($"INSERT INTO group_members (group_id, account_id) VALUES ('{Group}', '{Account}')", account),
            // The rules have another version then.
            ("DELETE FROM groups", null),
            ("DELETE FROM accounts", account),
        ];
        foreach (var (sql, key) in changes)
        {
            var before = await place.Feed.CurrentAsync(Cancel);

            await place.WriteAsync(sql);

            var after = await place.Feed.CurrentAsync(Cancel);
            Assert.True((key is not null) == (after.Changes > before.Changes), $"{sql}: {before} → {after}");
            Assert.True(key is null || place.Feed.HasChanged(key, before, after), sql);
            Assert.False(place.Feed.HasChanged("account of somebody else", before, after), sql);
            Assert.False(key is not null && place.Feed.HasChanged(key, after, after), sql);
        }

        static string Ended(string session, string subject) =>
            "INSERT INTO ended_sessions (issuer, session_id, subject, ended_at, keep_until) VALUES " +
            $"('issuer', '{session}', '{subject}', '2026-01-01T00:00:00.0000000+00:00', '2027-01-01T00:00:00.0000000+00:00')";
    }

    [Fact]
    public async Task Both_sides_name_a_subject_alike()
    {
        await using var place = await Place.CreateAsync(Engine);
        var random = new Random(17);
        var subjects = Enumerable.Range(0, 200)
            .Select(_ => new string([.. Enumerable.Range(0, random.Next(1, 20)).Select(_ => (char)random.Next(1, 0xD7FF))]))
            .Concat(["a", "é", "😀", "x😀", "f:5b7:bob", "日本"])
            .Distinct(StringComparer.Ordinal);
        foreach (var subject in subjects)
        {
            var before = await place.Feed.CurrentAsync(Cancel);

            await place.Database.WriteAsync(
                """
                INSERT INTO ended_sessions (issuer, session_id, subject, ended_at, keep_until) VALUES ('issuer', '', @subject, @at, @at)
                """,
                new { subject, at = DateTimeOffset.UtcNow },
                Cancel);

            var after = await place.Feed.CurrentAsync(Cancel);
            Assert.True(
                place.Feed.HasChanged(ChangeFeed.Subject(subject), before, after),
                Convert.ToHexString(Encoding.UTF8.GetBytes(subject)));
        }
    }

    [Fact]
    public async Task Whoever_has_missed_more_than_is_kept_takes_everything_for_changed()
    {
        await using var place = await Place.CreateAsync(Engine);
        var before = await place.Feed.CurrentAsync(Cancel);
        await place.WriteAsync("UPDATE access_version SET changes = 20000");
        await place.WriteAsync("INSERT INTO access_changes (version, key) VALUES (19999, 'a'), (20000, 'b')");

        var after = await place.Feed.CurrentAsync(Cancel);

        Assert.Equal(20_000, after.Changes);
        Assert.True(place.Feed.HasChanged("anything", before, after));
        Assert.False(place.Feed.HasChanged("anything", after, after));
    }

    [Fact]
    public async Task After_a_backup_was_restored_nothing_of_before_counts()
    {
        await using var place = await Place.CreateAsync(Engine);
        await place.WriteAsync("UPDATE access_version SET changes = 10");
        await place.WriteAsync("INSERT INTO access_changes (version, key) VALUES (10, 'a')");
        var before = await place.Feed.CurrentAsync(Cancel);
        Assert.Equal(10, before.Changes);

        await place.WriteAsync("UPDATE access_version SET changes = 3");

        var after = await place.Feed.CurrentAsync(Cancel);
        Assert.Equal(3, after.Changes);
        Assert.True(place.Feed.HasChanged("anything", before, after));
    }

    [Fact]
    public async Task The_newest_ten_thousand_are_kept()
    {
        await using var place = await Place.CreateAsync(Engine);
        await place.WriteAsync(NewAccount);
        await place.WriteAsync("UPDATE access_version SET changes = 50000");
        await place.WriteAsync("INSERT INTO access_changes (version, key) VALUES (39000, 'old'), (49000, 'new')");

        await place.WriteAsync($"UPDATE accounts SET enabled = {place.False}");

        await using var connection = await place.Database.OpenAsync(Cancel);
        var kept = await connection.QueryAsync<long>("SELECT version FROM access_changes ORDER BY version");
        Assert.Equal([49_000, 50_001], kept.Where(version => version > 38_000));
    }

    private sealed class Place : IAsyncDisposable
    {
        private readonly TestDatabase _place;

        private Place(TestDatabase place)
        {
            _place = place;
            Database = Database.From(place.ConnectionString, AppContext.BaseDirectory);
            Feed = new ChangeFeed(Database, Options.Create(new DatabaseOptions()), new LogLines().For<ChangeFeed>());
        }

        public Database Database { get; }

        public ChangeFeed Feed { get; }

        public string False => Database.Engine == DatabaseEngine.PostgreSql ? "false" : "0";

        public static async Task<Place> CreateAsync(DatabaseEngine engine) => new(await TestDatabase.CreateMigratedAsync(engine));

        public Task WriteAsync(string sql) => Database.WriteAsync(sql, new { }, Cancel);

        public async ValueTask DisposeAsync()
        {
            Feed.Dispose();
            await Database.DisposeAsync();
            await _place.DisposeAsync();
        }
    }
}

public sealed class ChangeFeedOnSqliteTests : ChangeFeedTests
{
    private protected override DatabaseEngine Engine => DatabaseEngine.Sqlite;
}

public sealed class ChangeFeedOnPostgreSqlTests : ChangeFeedTests
{
    private protected override DatabaseEngine Engine => DatabaseEngine.PostgreSql;
}
