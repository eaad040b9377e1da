using System.Net;
using Api.Tests.Infrastructure;
using Dapper;
using KeycloakAccess.Data;
using KeycloakAccess.Permissions;
using Microsoft.Extensions.DependencyInjection;

namespace Api.Tests.Access;

/// <summary>
/// Whatever changes, the next request is decided by it: compared, step by step, with a plain evaluation that keeps nothing.
/// DECISION_STEPS says how many steps; DECISION_SEED begins them elsewhere.
/// </summary>
public abstract class DecisionsUnderChangeTests : HttpTests
{
    private protected abstract DatabaseEngine Engine { get; }

    private const int Accounts = 5;
    private const int TokensOfEach = 4;

    private static readonly string[] Roles = ["one", "two", "three"];
    private static readonly string[] Permissions = ["book:view", "book:change", "author:view"];
    private static readonly string[] Written = ["book:view", "book:*", "author:*", "author:view", "*:*"];

    [Fact]
    public async Task No_decision_is_older_than_the_last_change()
    {
        var steps = int.Parse(Environment.GetEnvironmentVariable("DECISION_STEPS") ?? "3000");
        var random = new Random(int.Parse(Environment.GetEnvironmentVariable("DECISION_SEED") ?? "17"));
        await using var realm = await ForgingRealm.StartAsync(Engine, settings: ("RateLimits:RefusedRequests", "0"));
        var world = await World.StartAsync(realm, random);
        var counts = new Dictionary<HttpStatusCode, int>();
        for (var step = 0; step < steps; step++)
        {
            var change = random.Next(3) == 0 ? await world.ChangeAsync() : "nothing";
            for (var question = 0; question < 2; question++)
            {
                var token = world.Tokens[random.Next(world.Tokens.Count)];
                var permission = Permissions[random.Next(Permissions.Length)];

                using var answer = await token.Client.GetAsync($"/access/forward-auth?permission={permission}", Cancel);

                var expected = world.Evaluate(token, permission);
                Assert.True(
                    expected == answer.StatusCode,
                    $"Step {step}, after {change}: {expected} was expected for {permission}, and {answer.StatusCode} came.");
                counts[expected] = counts.GetValueOrDefault(expected) + 1;
            }
        }

        // Neither always yes nor always no.
        Assert.All(
            [HttpStatusCode.NoContent, HttpStatusCode.Forbidden, HttpStatusCode.Unauthorized],
            status => Assert.True(counts.GetValueOrDefault(status) > steps / 50, $"{status}: {counts.GetValueOrDefault(status)}"));
    }

    private sealed record Token(HttpClient Client, int Account, IReadOnlyList<string> Roles, string Session, DateTimeOffset IssuedAt);

    private sealed record Group(Guid Id)
    {
        public HashSet<(string Permission, bool Denied)> Rules { get; } = [];

        public HashSet<int> Members { get; } = [];

        public HashSet<string> MappedRoles { get; } = [];
    }

    /// <summary>What is in the database, kept by hand beside it.</summary>
    private sealed class World(ForgingRealm realm, Random random)
    {
        private readonly Database _database = realm.Services.GetRequiredService<Database>();
        private readonly List<Group> _groups = [];
        private readonly Guid[] _ids = new Guid[Accounts];
        private readonly bool[] _enabled = [.. Enumerable.Repeat(element: true, Accounts)];
        private readonly DateTimeOffset[] _issuedAt =
            [.. Enumerable.Repeat(DateTimeOffset.FromUnixTimeSeconds(DateTimeOffset.UtcNow.AddHours(-1).ToUnixTimeSeconds()), Accounts)];

        private readonly HashSet<string> _endedSessions = new(StringComparer.Ordinal);
        private readonly Dictionary<int, DateTimeOffset> _endedSubjects = [];

        public List<Token> Tokens { get; } = [];

        public static async Task<World> StartAsync(ForgingRealm realm, Random random)
        {
            var world = new World(realm, random);
            for (var account = 0; account < Accounts; account++)
            {
                for (var number = 0; number < TokensOfEach; number++)
                {
                    world.Tokens.Add(world.Mint(account));
                }

                using var first = await world.Tokens[^1].Client.GetAsync("/access/forward-auth", Cancel);
                Assert.Equal(HttpStatusCode.NoContent, first.StatusCode);
                await using var connection = await world._database.OpenAsync(Cancel);
                world._ids[account] = await connection.QuerySingleAsync<Guid>(
                    "SELECT id FROM accounts WHERE subject = @subject", new { subject = Subject(account) });
            }

            return world;
        }

        public HttpStatusCode Evaluate(Token token, string permission)
        {
            if (_endedSessions.Contains(token.Session)
                || (_endedSubjects.TryGetValue(token.Account, out var ended) && token.IssuedAt <= ended))
            {
                return HttpStatusCode.Unauthorized;
            }

            var mine = _groups.Where(group => group.Members.Contains(token.Account) || group.MappedRoles.Overlaps(token.Roles)).ToArray();
            return _enabled[token.Account] && Holds(denied: false) && !Holds(denied: true)
                ? HttpStatusCode.NoContent
                : HttpStatusCode.Forbidden;

            bool Holds(bool denied) => mine.SelectMany(group => group.Rules)
                .Any(rule => rule.Denied == denied && Covers(rule.Permission.Split(':'), permission.Split(':')));
        }

        public async Task<string> ChangeAsync()
        {
            var account = random.Next(Accounts);
            var group = _groups.Count > 0 ? _groups[random.Next(_groups.Count)] : null;
            switch (random.Next(group is null ? 1 : 10))
            {
                case 0 when _groups.Count < 6:
                    _groups.Add(new Group(Guid.NewGuid()));
                    await WriteAsync(
                        "INSERT INTO groups (id, name) VALUES (@Id, @name)", new { _groups[^1].Id, name = $"{_groups[^1].Id}" });
                    return "a new group";
                case 1:
                    _groups.Remove(group!);
                    await WriteAsync("DELETE FROM groups WHERE id = @Id", new { group!.Id });
                    return "a group deleted";
                case 2:
                    _enabled[account] = !_enabled[account];
                    await WriteAsync(
                        "UPDATE accounts SET enabled = @enabled WHERE id = @id", new { id = _ids[account], enabled = _enabled[account] });
                    return _enabled[account] ? "an account enabled" : "an account disabled";
                case 3 or 4:
                    var joins = group!.Members.Add(account) || !group.Members.Remove(account);
                    await WriteAsync(
                        joins
                            ? "INSERT INTO group_members (group_id, account_id) VALUES (@Id, @account)"
                            : "DELETE FROM group_members WHERE group_id = @Id AND account_id = @account",
                        new { group.Id, account = _ids[account] });
                    return joins ? "somebody joined" : "somebody left";
                case 5 or 6:
                    return await ChangeRuleAsync(group!);
                case 7:
                    var role = Roles[random.Next(Roles.Length)];
                    var maps = group!.MappedRoles.Add(role) || !group.MappedRoles.Remove(role);
                    await WriteAsync(
                        maps
                            ? "INSERT INTO role_mappings (id, kind, name, group_id) VALUES (@mapping, 'realm-role', @role, @Id)"
                            : "DELETE FROM role_mappings WHERE group_id = @Id AND name = @role",
                        new { mapping = Guid.NewGuid(), group.Id, role });
                    return maps ? "a role mapped" : "a mapping deleted";
                case 8:
                    var token = Tokens[random.Next(Tokens.Count)];
                    _endedSessions.Add(token.Session);
                    await EndAsync(token.Session, "", DateTimeOffset.UtcNow);
                    Replace(token);
                    return "a session ended";
                default:
                    // Sign in again after it: what is issued later is good.
                    _endedSubjects[account] = _issuedAt[account];
                    await EndAsync("", Subject(account), _issuedAt[account]);
                    _issuedAt[account] += TimeSpan.FromSeconds(1);
                    Tokens.Where(each => each.Account == account).Take(2).ToList().ForEach(Replace);
                    return "all sessions of somebody ended";
            }
        }

        private async Task<string> ChangeRuleAsync(Group group)
        {
            var (permission, denied) = (Written[random.Next(Written.Length)], random.Next(4) == 0);
            if (group.Rules.FirstOrDefault(rule => rule.Permission == permission) is { Permission: not null } rule)
            {
                group.Rules.Remove(rule);
                await WriteAsync(
                    "DELETE FROM group_permissions WHERE group_id = @Id AND permission = @permission", new { group.Id, permission });
                return "a permission taken away";
            }

            group.Rules.Add((permission, denied));
            await WriteAsync(
                "INSERT INTO group_permissions (group_id, permission, denied) VALUES (@Id, @permission, @denied)",
                new { group.Id, permission, denied });
            return denied ? "a permission denied" : "a permission granted";
        }

        private Task EndAsync(string session, string subject, DateTimeOffset at) => WriteAsync(
            """
            INSERT INTO ended_sessions (issuer, session_id, subject, ended_at, keep_until) VALUES (@Issuer, @session, @subject, @at, @until)
            ON CONFLICT (issuer, session_id, subject) DO UPDATE SET ended_at = excluded.ended_at
            """,
            new { realm.Issuer, session, subject, at, until = DateTimeOffset.UtcNow.AddDays(1) });

        private Task WriteAsync(string sql, object values) => _database.WriteAsync(sql, values, Cancel);

        // The old one is asked about for some time on.
        private void Replace(Token token)
        {
            Tokens.Add(Mint(token.Account));
            if (Tokens.Count > 2 * Accounts * TokensOfEach)
            {
                Tokens.RemoveAt(0);
            }
        }

        private Token Mint(int account)
        {
            var (session, issuedAt) = ($"{Guid.NewGuid()}", _issuedAt[account]);
            string[] roles = [.. Roles.Where(_ => random.Next(2) == 0)];
            return new Token(
                realm.NewClient(realm.Mint(changes:
                [
                    ("sub", Subject(account)), ("client_id", null), ("preferred_username", $"person-{account}"), ("sid", session),
                    ("iat", issuedAt.ToUnixTimeSeconds()), ("exp", DateTimeOffset.UtcNow.AddHours(2).ToUnixTimeSeconds()),
                    ("resource_access", null),
                    ("realm_access", new Dictionary<string, object>(StringComparer.Ordinal) { ["roles"] = roles }),
                ])),
                account,
                roles,
                session,
                issuedAt);
        }

        private static string Subject(int account) => $"00000000-0000-0000-0000-{account:000000000000}";

        private static bool Covers(string[] written, string[] asked) =>
            (written[0] == Permission.Any || written[0] == asked[0]) && (written[1] == Permission.Any || written[1] == asked[1]);
    }
}

public sealed class DecisionsUnderChangeOnSqliteTests : DecisionsUnderChangeTests
{
    private protected override DatabaseEngine Engine => DatabaseEngine.Sqlite;
}

public sealed class DecisionsUnderChangeOnPostgreSqlTests : DecisionsUnderChangeTests
{
    private protected override DatabaseEngine Engine => DatabaseEngine.PostgreSql;
}
