using System.Net;
using System.Security.Cryptography;
using Api.Tests.Infrastructure;
using Dapper;
using KeycloakAccess.Data;
using Microsoft.Extensions.DependencyInjection;

namespace Api.Tests.Permissions;

/// <summary>Whatever texts a token brings, it is taken and kept on both engines, or refused by the name of its claim.</summary>
public abstract class LongTextsTests : HttpTests
{
    private protected abstract DatabaseEngine Engine { get; }

    [Fact]
    public async Task Names_of_roles_groups_and_people_may_be_of_any_length()
    {
        await using var realm = await ForgingRealm.StartAsync(Engine);
        var (path, role, client, name) = ("/" + Long(4096), Long(3000), Long(3000), Long(3000));
        HttpClient Person(int number, string subject) => realm.NewClient(realm.Mint(changes:
        [
            ("client_id", null),
            ("sub", $"{subject}-{number}"),
            ("groups", new[] { path, path[..^1] }),
            ("realm_access", Roles(role)),
            ("resource_access", new Dictionary<string, object>(StringComparer.Ordinal) { [client] = Roles(role) }),
            ("preferred_username", name),
            ("email", name),
            ("name", name),
        ]));

        // At once, so that several are the first to bring them.
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(number => Person(number, "new").GetAsync("/api/me", Cancel)));
        foreach (var answer in answers)
        {
            Assert.True(answer.StatusCode == HttpStatusCode.OK, await answer.Content.ReadAsStringAsync(Cancel));
        }

        Assert.Equal(HttpStatusCode.OK, (await Person(0, "new").GetAsync("/api/me", Cancel)).StatusCode);
        await using var connection = await realm.Services.GetRequiredService<Database>().OpenAsync(Cancel);
        var observed = await connection.QueryAsync<string>("SELECT name FROM observed_roles");
        Assert.Equal([.. new[] { path, path[..^1], role, role }.Order(StringComparer.Ordinal)], observed.Order(StringComparer.Ordinal));
        Assert.Equal(8 * 4, await connection.ExecuteScalarAsync<long>("SELECT COUNT(*) FROM account_roles"));
        Assert.Equal(
            [ShortText.LongestKey],
            await connection.QueryAsync<int>("SELECT DISTINCT length(username) FROM accounts UNION SELECT length(email) FROM accounts"));
    }

    [Fact]
    public async Task What_no_token_of_Keycloak_holds_is_refused_by_name()
    {
        await using var realm = await ForgingRealm.StartAsync(Engine);
        (string Name, object Value)[] claims =
        [
            ("sub", Long(256)), ("sub", "a\0b"), ("azp", Long(256)), ("sid", Long(256)), ("sid", "a\0b"),
            ("groups", new[] { "/a\0b" }), ("realm_access", Roles("a\0b")),
            ("resource_access", new Dictionary<string, object>(StringComparer.Ordinal) { ["a\0b"] = Roles("a") }),
        ];
        foreach (var (name, value) in claims)
        {
            var problem = await AssertProblemAsync(
                await realm.NewClient(realm.Mint(changes: [("client_id", null), (name, value)])).GetAsync("/api/me", Cancel),
                401,
                "invalid_token");
            Assert.Contains("NUL", problem.GetProperty("detail").GetString()!, StringComparison.Ordinal);
        }

        Assert.Equal(HttpStatusCode.OK, (await realm.NewClient(realm.Mint(changes:
        [
            ("client_id", null), ("sub", Long(255)), ("sid", Long(255)), ("name", "a\0b"), ("preferred_username", "\0"),
        ])).GetAsync("/api/me", Cancel)).StatusCode);
    }

    // Nothing in it repeats, so that no engine makes it shorter.
    private static string Long(int length) => Convert.ToBase64String(RandomNumberGenerator.GetBytes(length))[..length].Replace('/', '-');

    private static Dictionary<string, object> Roles(string name) => new(StringComparer.Ordinal) { ["roles"] = new[] { name } };
}

public sealed class LongTextsOnSqliteTests : LongTextsTests
{
    private protected override DatabaseEngine Engine => DatabaseEngine.Sqlite;
}

public sealed class LongTextsOnPostgreSqlTests : LongTextsTests
{
    private protected override DatabaseEngine Engine => DatabaseEngine.PostgreSql;
}
