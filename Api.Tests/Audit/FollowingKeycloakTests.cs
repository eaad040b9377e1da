using System.Text.Json;
using Api.Tests.Infrastructure;
using Dapper;
using KeycloakAccess.Authentication;
using KeycloakAccess.Data;
using KeycloakAccess.Permissions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace Api.Tests.Audit;

/// <summary>What a token or a sign-in changes about an account is in the log; that somebody was seen is not.</summary>
public abstract class FollowingKeycloakTests
{
    private static readonly KeycloakIdentity Ada = new()
    {
        Issuer = "https://sso.test/realms/acme",
        Subject = "ada-subject",
        Kind = AccountKind.Person,
        Username = "ada",
        Email = "ada@acme.test",
        ClientId = "acme-spa",
        Roles = [],
        // What becomes of roles is told elsewhere.
        HasRoleClaims = false,
        IssuedAt = DateTimeOffset.UnixEpoch,
        IsSession = false,
        Scopes = [],
    };

    private readonly FakeTimeProvider _clock = new(DateTimeOffset.UtcNow);

    private protected abstract DatabaseEngine Engine { get; }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_new_name_is_a_change_by_the_account_itself_with_old_and_new()
    {
        await using var log = await AuditedDatabase.CreateAsync(Engine);
        var store = Store(log);
        var id = (await store.ProvisionAsync(Ada, "r1", Cancel)).AccountId;
        _clock.Advance(TimeSpan.FromSeconds(1));

        await store.ProvisionAsync(
            Ada with { Username = "ada.king", Name = "Ada King", IsSession = true, IssuedAt = Ada.IssuedAt.AddSeconds(1) }, "r2", Cancel);

        var rows = await log.ReadAsync();
        Assert.Equal(["add", "change"], rows.Select(row => row.Action));
        Assert.All(rows, row => Assert.Equal(("account", id.ToString(), id), (row.Model, row.RowId, row.AccountId)));
        Assert.Equal(("ada.king", Actor.Session, "r2"), (rows[1].Account, rows[1].Method, rows[1].RequestId));
        Assert.Equal("""{"kind":"person","username":"ada","email":"ada@acme.test","name":null}""", rows[1].OldValues);
        Assert.Equal("""{"kind":"person","username":"ada.king","email":"ada@acme.test","name":"Ada King"}""", rows[1].NewValues);
        Assert.True(JsonElement.Parse(rows[0].NewValues!).GetProperty("enabled").GetBoolean());
    }

    [Fact]
    public async Task Being_seen_again_and_a_token_that_says_less_are_no_change()
    {
        await using var log = await AuditedDatabase.CreateAsync(Engine);
        var store = Store(log);
        await store.ProvisionAsync(Ada, "r1", Cancel);
        _clock.Advance(TimeSpan.FromMinutes(5));

        await store.ProvisionAsync(Ada, "r2", Cancel);
        await store.ProvisionAsync(Ada with { Username = null, Email = null }, "r3", Cancel);

        Assert.Single(await log.ReadAsync());
    }

    [Fact]
    public async Task Of_many_requests_that_bring_the_new_name_at_once_one_is_recorded()
    {
        await using var log = await AuditedDatabase.CreateAsync(Engine);
        var store = Store(log);
        await Task.WhenAll(Enumerable.Range(0, 12).Select(number => Task.Run(() => store.ProvisionAsync(Ada, $"r{number}", Cancel))));
        await Task.WhenAll(
            Enumerable.Range(0, 12).Select(number =>
                Task.Run(() =>
                    store.ProvisionAsync(
                        Ada with { Email = "new@acme.test", IssuedAt = Ada.IssuedAt.AddSeconds(1) }, $"s{number}", Cancel))));

        Assert.Equal(["add", "change"], (await log.ReadAsync()).Select(row => row.Action).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Being_seen_again_is_written_later_and_a_newer_token_that_says_the_same_counts_at_once()
    {
        await using var log = await AuditedDatabase.CreateAsync(Engine);
        using var lastSeen = LastSeen(log);
        var store = Store(log, lastSeen);
        await store.ProvisionAsync(Ada, "r1", Cancel);
        var first = await ReadAsync(log);
        _clock.Advance(TimeSpan.FromMinutes(5));

        await store.ProvisionAsync(Ada with { IssuedAt = Ada.IssuedAt.AddMinutes(3) }, "r2", Cancel);
        // Issued in between by a client that shows other names.
        await store.ProvisionAsync(Ada with { Name = "Old", IssuedAt = Ada.IssuedAt.AddMinutes(2) }, "r3", Cancel);
        Assert.Equal(first, await ReadAsync(log));
        await lastSeen.FlushAsync(Cancel);

        Assert.Equal((first.LastSeenAt.AddMinutes(5), Ada.IssuedAt.AddMinutes(3)), await ReadAsync(log));
        Assert.Single(await log.ReadAsync());
    }

    [Fact]
    public async Task What_is_written_later_changes_nothing_of_an_account_that_has_changed_meanwhile()
    {
        await using var log = await AuditedDatabase.CreateAsync(Engine);
        using var one = LastSeen(log);
        using var other = LastSeen(log);
        await Store(log, one).ProvisionAsync(Ada, "r1", Cancel);
        _clock.Advance(TimeSpan.FromMinutes(5));
        await Store(log, one).ProvisionAsync(Ada with { IssuedAt = Ada.IssuedAt.AddMinutes(4) }, "r2", Cancel);
        _clock.Advance(TimeSpan.FromSeconds(1));
        var renamed = Ada with { Name = "Ada King", IssuedAt = Ada.IssuedAt.AddMinutes(3) };
        await Store(log, other).ProvisionAsync(renamed, "r3", Cancel);
        var after = await ReadAsync(log);

        await one.FlushAsync(Cancel);

        Assert.Equal(after, await ReadAsync(log));
        Assert.Equal(renamed.IssuedAt, after.NamesIssuedAt);
    }

    [Fact]
    public async Task Of_roles_a_newer_token_that_says_the_same_counts_at_once()
    {
        await using var log = await AuditedDatabase.CreateAsync(Engine);
        using var lastSeen = LastSeen(log);
        var store = Store(log, lastSeen);
        var reader = Ada with { HasRoleClaims = true, Roles = [new KeycloakRole(RoleKind.RealmRole, "", "reader")] };
        await store.ProvisionAsync(reader, "r1", Cancel);
        var recorded = (await log.ReadAsync()).Count;

        await store.ProvisionAsync(reader with { IssuedAt = Ada.IssuedAt.AddMinutes(3) }, "r2", Cancel);
        await store.ProvisionAsync(reader with { IssuedAt = Ada.IssuedAt.AddMinutes(2), Roles = [] }, "r3", Cancel);
        Assert.Equal(recorded, (await log.ReadAsync()).Count);
        await lastSeen.FlushAsync(Cancel);

        await store.ProvisionAsync(reader with { IssuedAt = Ada.IssuedAt.AddMinutes(2), Roles = [] }, "r4", Cancel);
        Assert.Equal(recorded, (await log.ReadAsync()).Count);
    }

    private CallerStore Store(AuditedDatabase log, LastSeenLog? lastSeen = null) =>
        new(
            log.Database,
            new SharedWrites(log.Database),
            new AuditLog(_clock),
            lastSeen ?? LastSeen(log),
            Options.Create(new AccountOptions()),
            _clock,
            new LogLines().For<CallerStore>());

    private LastSeenLog LastSeen(AuditedDatabase log) => new(log.Database, _clock, new LogLines().For<LastSeenLog>());

    private static async Task<(DateTimeOffset LastSeenAt, DateTimeOffset NamesIssuedAt)> ReadAsync(AuditedDatabase log)
    {
        await using var connection = await log.Database.OpenToWriteAsync(Cancel);
        return await connection.QuerySingleAsync<(DateTimeOffset, DateTimeOffset)>("SELECT last_seen_at, names_issued_at FROM accounts");
    }
}

public sealed class FollowingKeycloakOnSqliteTests : FollowingKeycloakTests
{
    private protected override DatabaseEngine Engine => DatabaseEngine.Sqlite;
}

public sealed class FollowingKeycloakOnPostgreSqlTests : FollowingKeycloakTests
{
    private protected override DatabaseEngine Engine => DatabaseEngine.PostgreSql;
}
