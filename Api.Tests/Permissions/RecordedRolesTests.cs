using System.Net;
using System.Text.Json;
using Api.Tests.Infrastructure;
using Dapper;
using KeycloakAccess.Data;
using KeycloakAccess.Permissions;
using Microsoft.Extensions.DependencyInjection;

namespace Api.Tests.Permissions;

/// <summary>
/// What Keycloak said last of an account: recorded with each newer token that can say it, for questions about somebody who
/// is not calling. Calls are decided by their own token.
/// </summary>
public abstract class RecordedRolesTests(ForgingRealmPlace place) : ForgingRealmTests(place)
{
    private readonly long _now = DateTimeOffset.UtcNow.ToUnixTimeSeconds() - 100;

    // Each test has people of its own.
    private readonly string _zoe = $"zoe-{Guid.NewGuid()}";
    private readonly string _yan = $"yan-{Guid.NewGuid()}";

    [Fact]
    public async Task What_Keycloak_gave_goes_with_the_next_token_and_what_a_hand_gave_stays()
    {
        var superuser = Client(0, "superuser", RealmRoles("superuser"));
        var before = Client(0, _zoe, RealmRoles("clerk"), ClientRoles("book-reader"));
        await using var direct = await GroupUnderTest.CreateAsync(superuser, ["account:view"]);
        await direct.WithAsync(await AccountIdAsync(before));
        await AssertMayAsync(before, books: true, accounts: true);
        await AssertRecordedAsync(_zoe, "realm role clerk", "role book-reader of client acme-api");
        var readers = await AccountsWithAsync(superuser, "book-reader");

        var after = Client(1, _zoe, RealmRoles("clerk"));

        await AssertMayAsync(after, books: false, accounts: true);
        await AssertRecordedAsync(_zoe, "realm role clerk");
        Assert.Equal([direct.Id], (await KnownAsync(_zoe)).Groups.Select(group => group.Id));
        Assert.Equal(readers - 1, await AccountsWithAsync(superuser, "book-reader"));
        Assert.Equal(1, await AccountsWithAsync(superuser, "clerk"));
    }

    [Fact]
    public async Task A_token_that_cannot_say_roles_strips_nobody_and_its_bearer_is_told()
    {
        await AssertMayAsync(Client(0, _zoe, ClientRoles("book-reader")), books: true, accounts: false);

        var mute = Client(1, _zoe);

        // The call itself is decided without roles.
        await AssertMayAsync(mute, books: false, accounts: false);
        await AssertRecordedAsync(_zoe, "role book-reader of client acme-api");
        var notes = (await JsonAsync(await mute.GetAsync("/api/me", Cancel))).GetProperty("notes");
        Assert.Contains("no roles claim at all", notes[0].GetString(), StringComparison.Ordinal);
        Assert.Contains("What earlier tokens showed is kept", notes[0].GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("realm_access", """{"roles":[]}""")]
    [InlineData("realm_access", "{}")]
    [InlineData("resource_access", """{"acme-api":{"roles":[]}}""")]
    [InlineData("resource_access", "{}")]
    public async Task A_claim_that_is_there_and_empty_is_an_answer_and_strips(string claim, string value)
    {
        await AssertMayAsync(Client(0, _zoe, ClientRoles("book-reader")), books: true, accounts: false);

        var stripped = Client(1, _zoe, (claim, JsonElement.Parse(value)));

        await AssertMayAsync(stripped, books: false, accounts: false);
        await AssertRecordedAsync(_zoe);
        Assert.True((await KnownAsync(_zoe)).RolesKnown);
        var notes = (await JsonAsync(await stripped.GetAsync("/api/me", Cancel))).GetProperty("notes");
        Assert.Contains("mapped to a local group", notes[0].GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_newest_token_counts_in_whatever_order_they_come_and_each_call_has_its_own()
    {
        var old = Client(0, _zoe, ClientRoles("book-reader"));
        var newer = Client(10, _zoe, RealmRoles("staff"));

        await AssertMayAsync(newer, books: false, accounts: false);
        await AssertMayAsync(old, books: true, accounts: false);
        await AssertRecordedAsync(_zoe, "realm role staff");

        await AssertMayAsync(Client(11, _zoe, ClientRoles("book-reader"), RealmRoles("staff")), books: true, accounts: false);
        await AssertMayAsync(newer, books: false, accounts: false);
        await AssertRecordedAsync(_zoe, "realm role staff", "role book-reader of client acme-api");
    }

    [Fact]
    public async Task A_newer_token_that_says_the_same_counts_as_the_newest_too()
    {
        await AssertMayAsync(Client(0, _zoe, RealmRoles("staff")), books: false, accounts: false);
        await AssertMayAsync(Client(60, _zoe, RealmRoles("staff")), books: false, accounts: false);

        // Issued between the two, to another client: the second has contradicted it already.
        await AssertMayAsync(Client(59, _zoe, ClientRoles("book-reader")), books: true, accounts: false);

        await AssertRecordedAsync(_zoe, "realm role staff");
    }

    [Fact]
    public async Task A_token_that_does_not_say_when_it_was_issued_is_older_than_any_other()
    {
        await AssertMayAsync(Client(0, _zoe, RealmRoles("staff")), books: false, accounts: false);
        await AssertMayAsync(Client(0, _zoe, ClientRoles("book-reader"), ("iat", null)), books: true, accounts: false);
        await AssertRecordedAsync(_zoe, "realm role staff");

        await AssertMayAsync(Client(0, _yan, ClientRoles("book-reader"), ("iat", null)), books: true, accounts: false);
        await AssertRecordedAsync(_yan, "role book-reader of client acme-api");
        await AssertMayAsync(Client(0, _yan, RealmRoles("staff")), books: false, accounts: false);
        await AssertRecordedAsync(_yan, "realm role staff");
    }

    [Fact]
    public async Task Of_two_tokens_of_one_second_the_first_counts_and_they_do_not_take_turns()
    {
        var first = Client(0, _zoe, RealmRoles("staff"), ("azp", "zoe"), ("client_id", "zoe"));
        var second = Client(0, _zoe, ClientRoles("book-reader"), ("azp", "Zoe Z."), ("client_id", "Zoe Z."));
        for (var i = 0; i < 3; i++)
        {
            await AssertMayAsync(first, books: false, accounts: false);
            await AssertMayAsync(second, books: true, accounts: false);
        }

        await AssertRecordedAsync(_zoe, "realm role staff");
        Assert.Equal("zoe", (await KnownAsync(_zoe)).Username);
        // The account, and its roles.
        Assert.Equal(2, await ChangesOfAsync(_zoe));
    }

    [Fact]
    public async Task Names_are_those_of_the_newest_token_too()
    {
        async Task<string> UsernameAfterAsync(int second, string username)
        {
            await Client(second, _zoe, ("azp", username), ("client_id", username)).GetAsync("/api/me", Cancel);
            return (await KnownAsync(_zoe)).Username;
        }

        Assert.Equal("old", await UsernameAfterAsync(10, "old"));
        Assert.Equal("old", await UsernameAfterAsync(0, "older"));
        Assert.Equal("new", await UsernameAfterAsync(20, "new"));
        Assert.Equal("new", await UsernameAfterAsync(10, "old"));
        Assert.Equal(2, await ChangesOfAsync(_zoe));
    }

    [Fact]
    public async Task An_account_that_has_shown_no_roles_is_known_to_be_unknown_and_a_stranger_is_nobody()
    {
        await Client(0, _zoe).GetAsync("/api/me", Cancel);

        var known = await KnownAsync(_zoe);
        Assert.False(known.RolesKnown);
        Assert.Empty(known.Roles);
        Assert.Null(await Realm.Services.GetRequiredService<SubjectStore>().FindAsync("somebody-else", Cancel));
    }

    [Fact]
    public async Task The_three_kinds_of_roles_are_recorded_apart()
    {
        await Client(0, _zoe, RealmRoles("same"), ClientRoles("same"), ("groups", new[] { "/same", "same" })).GetAsync("/api/me", Cancel);

        await AssertRecordedAsync(_zoe, "Keycloak group /same", "Keycloak group same", "realm role same", "role same of client acme-api");
    }

    [Fact]
    public async Task Many_calls_at_once_with_tokens_of_different_roles_leave_those_of_the_newest()
    {
        await Client(0, _zoe).GetAsync("/api/me", Cancel);

        await Task.WhenAll(Enumerable.Range(0, 12).Select(async i =>
            Assert.Equal(HttpStatusCode.OK, (await Client(i, _zoe, RealmRoles($"r{i}", "staff")).GetAsync("/api/me", Cancel)).StatusCode)));

        await AssertRecordedAsync(_zoe, "realm role r11", "realm role staff");
    }

    private async Task<long> ChangesOfAsync(string subject)
    {
        const string sql = "SELECT COUNT(*) FROM audit_log WHERE kind = 'change' AND model = 'account' AND row_id = @id";
        await using var connection = await Realm.Services.GetRequiredService<Database>().OpenToWriteAsync(Cancel);
        // The log names rows by the id as it is written.
        return await connection.ExecuteScalarAsync<long>(sql, new { id = (await KnownAsync(subject)).AccountId.ToString() });
    }

    private static (string, object?) RealmRoles(params string[] roles) => ("realm_access", new { roles });

    private static (string, object?) ClientRoles(params string[] roles) =>
        ("resource_access", new Dictionary<string, object>(StringComparer.Ordinal) { ["acme-api"] = new { roles } });

    // A service's token without any roles but those given, issued so many seconds after the first.
    private HttpClient Client(int second, string subject, params (string Name, object? Value)[] claims) =>
        Realm.NewClient(Realm.Mint(
            changes: [
                ("sub", subject),
                ("iat", _now + second),
                ("resource_access", null),
                .. claims.Select(claim => (claim.Name, AsJson(claim.Value)))]));

    // The library that writes tokens takes dictionaries and JSON, no objects of this test's own.
    private static object? AsJson(object? value) => value is null or string or string[]? value : JsonSerializer.SerializeToElement(value);

    private static async Task AssertMayAsync(HttpClient client, bool books, bool accounts)
    {
        Assert.Equal(books ? HttpStatusCode.OK : HttpStatusCode.Forbidden, (await client.GetAsync("/api/books", Cancel)).StatusCode);
        Assert.Equal(accounts ? HttpStatusCode.OK : HttpStatusCode.Forbidden, (await client.GetAsync("/api/accounts", Cancel)).StatusCode);
    }

    private async Task AssertRecordedAsync(string subject, params string[] roles) =>
        Assert.Equal(roles, (await KnownAsync(subject)).Roles.Select(role => role.ToString()).Order(StringComparer.Ordinal));

    private async Task<KnownSubject> KnownAsync(string subject) =>
        (await Realm.Services.GetRequiredService<SubjectStore>().FindAsync(subject, Cancel))!;

    private static async Task<long> AccountsWithAsync(HttpClient superuser, string role) =>
        (await ListAsync(superuser, "/api/role-mappings/observed-roles"))
            .Single(seen => seen.GetProperty("name").GetString() == role).GetProperty("accounts").GetInt64();
}

public sealed class RecordedRolesOnSqliteTests(ForgingRealmOnSqlite place) : RecordedRolesTests(place), IClassFixture<ForgingRealmOnSqlite>;

public sealed class RecordedRolesOnPostgreSqlTests(
    ForgingRealmOnPostgreSql place) : RecordedRolesTests(place), IClassFixture<ForgingRealmOnPostgreSql>;
