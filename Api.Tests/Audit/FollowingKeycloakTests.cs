using System.Text.Json;
using KeycloakAccess.Data;
using KeycloakAccess.Authentication;
using KeycloakAccess.Permissions;
using Api.Tests.Infrastructure;
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

        await store.ProvisionAsync(Ada with { Username = "ada.king", Name = "Ada King", IsSession = true, IssuedAt = Ada.IssuedAt.AddSeconds(1) }, "r2", Cancel);

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
        await Task.WhenAll(Enumerable.Range(0, 12).Select(number => Task.Run(() => store.ProvisionAsync(Ada with { Email = "new@acme.test", IssuedAt = Ada.IssuedAt.AddSeconds(1) }, $"s{number}", Cancel))));

        Assert.Equal(["add", "change"], (await log.ReadAsync()).Select(row => row.Action).Order(StringComparer.Ordinal));
    }

    private CallerStore Store(AuditedDatabase log) => new(log.Database, new AuditLog(_clock), Options.Create(new AccountOptions()), _clock, new LogLines().For<CallerStore>());
}

public sealed class FollowingKeycloakOnSqliteTests : FollowingKeycloakTests
{
    private protected override DatabaseEngine Engine => DatabaseEngine.Sqlite;
}

public sealed class FollowingKeycloakOnPostgreSqlTests : FollowingKeycloakTests
{
    private protected override DatabaseEngine Engine => DatabaseEngine.PostgreSql;
}
