using Api.Tests.Infrastructure;
using CsCheck;
using Dapper;
using KeycloakAccess.Authentication;
using KeycloakAccess.Data;
using KeycloakAccess.Permissions;
using Microsoft.Extensions.Options;

namespace Api.Tests.Permissions;

/// <summary>
/// "Who may do this?": the database lists candidates, and the decision is asked about each. What comes out is what asking
/// about every account one by one gives, whatever the roles and the rules.
/// </summary>
public abstract class SubjectSearchTests : IAsyncLifetime
{
    private const string Issuer = "https://sso.test/realms/acme";

    private TestDatabase _place = null!;
    private Database _database = null!;
    private ObservedRoles _observedRoles = null!;
    private SubjectStore _store = null!;

    private protected abstract DatabaseEngine Engine { get; }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _place = await TestDatabase.CreateMigratedAsync(Engine);
        _database = Database.From(_place.ConnectionString, AppContext.BaseDirectory);
        _observedRoles = new ObservedRoles(_database);
        _store = new SubjectStore(
            _database,
            _observedRoles,
            Options.Create(new KeycloakOptions { AuthServerUrl = "https://sso.test/", Realm = "acme" }),
            TimeProvider.System);
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        _observedRoles.Dispose();
        await _database.DisposeAsync();
        await _place.DisposeAsync();
    }

    [Fact]
    public Task Candidates_decided_are_all_accounts_that_may_and_no_others_on_pages_of_any_size() =>
        Gen.Select(
            Worlds,
            Situations.Known,
            Gen.Int[1, 4],
            Gen.OneOf<AccountKind?>(null, AccountKind.Person, AccountKind.Service),
            Gen.OneOf(true, false)).SampleAsync(
            async (world, permission, limit, kind, always) =>
            {
                await WriteAsync(world);
                var rules = new AccessRules(1, world.Groups, world.Mappings);
                var caller = always ? world.Accounts[0].Id : (Guid?)null;
                var granting = rules.Groups.Where(group => group.Permissions.Any(granted => granted.Covers(permission))).ToArray();

                var candidates = await PagesAsync(new SubjectQuery(rules, kind, granting, caller), limit);
                var everybody = await PagesAsync(new SubjectQuery(rules), limit);

                // In whatever order the engine compares names; of the two lists it is the same.
                Assert.Equal(
                    world.Accounts.Select(Told).Order(StringComparer.Ordinal), everybody.Select(Told).Order(StringComparer.Ordinal));
                Assert.Equal(
                    everybody.Where(subject => kind is null || subject.Kind == kind)
                        .Where(subject => May(subject))
                        .Select(subject => subject.Subject),
                    candidates.Where(subject => May(subject)).Select(subject => subject.Subject));
                // Nobody is listed for nothing, else a search would read every account there is.
                Assert.All(candidates, candidate => Assert.True(
                    candidate.AccountId == caller || candidate.Under(rules).Access.Grants(permission), Told(candidate)));
                Assert.True(caller is null || kind is not null || candidates.Any(candidate => candidate.AccountId == caller));

                bool May(KnownSubject subject) =>
                    Decision.Evaluate(subject.Under(rules), new AccessRequirement(permission), Situation.CatalogueOf()).IsAllowed;
            },
            // Each round writes a database anew.
            iter: 60,
            threads: 1);

    [Fact]
    public async Task Accounts_of_another_realm_are_found_by_nobody()
    {
        await WriteAsync(new([Account("zoe", 1, [Notation.Role("staff")], [])], [Notation.Group("g0 +book:view default-group")], []));
        await ExecuteAsync("UPDATE accounts SET issuer = 'https://sso.test/realms/other'", new { });

        Assert.Null(await _store.FindAsync("zoe", Cancel));
        Assert.Empty(await PagesAsync(new SubjectQuery(new AccessRules(1, [], [])), 10));
    }

    [Fact]
    public async Task Accounts_of_one_name_are_told_apart_by_their_ids_on_pages_of_one()
    {
        var accounts = Enumerable.Range(1, 5).Select(i => Account("same", i, [], []) with { Subject = $"s{i}" }).ToArray();
        await WriteAsync(new(accounts, [], []));

        Assert.Equal(
            ["s1", "s2", "s3", "s4", "s5"],
            (await PagesAsync(new SubjectQuery(new AccessRules(1, [], [])), 1)).Select(subject => subject.Subject));
    }

    [Fact]
    public async Task In_none_of_no_groups_is_nobody_but_whoever_asks()
    {
        var accounts = new[] { Account("ann", 1, [], []), Account("bob", 2, [], []) };
        await WriteAsync(new(accounts, [], []));
        var rules = new AccessRules(1, [], []);

        Assert.Empty(await PagesAsync(new SubjectQuery(rules, InAnyOf: []), 10));
        Assert.Equal(
            ["bob"],
            (await PagesAsync(new SubjectQuery(rules, InAnyOf: [], Always: accounts[1].Id), 10)).Select(subject => subject.Username));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Members_by_very_many_roles_are_all_found_once_in_the_order_of_ids_however_far_apart_they_are(int everyHowMany)
    {
        // More roles than are looked up one by one, and, of every third account, too few members for a page among the next ones.
        var group = Notation.Group("g0 +book:view");
        KeycloakRole[] roles = [.. Enumerable.Range(0, 80).Select(number => Notation.Role($"r{number}"))];
        Stored[] accounts = [.. Enumerable.Range(1, 90).Select(number => Account(
            "n",
            number,
            number % everyHowMany > 0
                ? [Notation.Role("other")]
                : [roles[number * 7 % 80], roles[number * 11 % 80 == number * 7 % 80 ? 0 : number * 11 % 80]],
            number % 10 == 4 ? [group.Id] : []))];
        accounts = [.. accounts.Select(account => account with { Roles = [.. account.Roles.Distinct()] })];
        await WriteAsync(new(accounts, [group], []));
        var rules = new AccessRules(1, [group], roles.Select((role, number) =>
            new MappingRule(
                Guid.Parse($"00000000-0000-0000-0001-{number:D12}"), new RolePattern(role.Kind, role.Client, role.Name), group.Id)));

        var found = new List<string>();
        Guid? after = null;
        do
        {
            var (page, next) = await _store.ListMembersAsync(rules, [group.Id], 4, after, Cancel);
            Assert.InRange(page.Count, next is null ? 0 : 4, 4);
            found.AddRange(page.Select(member => member.Subject));
            after = next;
        }
        while (after is not null);

        Assert.Equal(
            accounts.Where(account => account.Direct.Count > 0 || account.Roles.Any(role => roles.Contains(role)))
                .Select(account => account.Subject),
            found);
    }

    [Fact]
    public async Task A_list_goes_on_from_any_account_of_it()
    {
        await WriteAsync(new([.. Enumerable.Range(1, 4).Select(i => Account($"n{i}", i, [], []))], [], []));
        var query = new SubjectQuery(new AccessRules(1, [], []));
        var all = await PagesAsync(query, 10);

        var after = SubjectStore.Keyset.Parse(SubjectStore.Keyset.CursorAt(all[1]).ToString());
        var (rest, next) = await _store.ListAsync(query, 10, after, Cancel);

        Assert.Equal(["n3", "n4"], rest.Select(subject => subject.Username));
        Assert.Null(next);
        Assert.Null(SubjectStore.Keyset.Parse("nonsense"));
        Assert.Null(SubjectStore.Keyset.Parse(new Cursor("title", ["n1", Guid.Empty.ToString()]).ToString()));
    }

    // Ids that differ from the order of names, few names so that some are the same, and one account at least.
    private static Gen<Stored> AccountInto(int groups) => Gen.Select(
        Gen.OneOf("ann", "bob", "Bob", "zoë", "ann-2", ""),
        Gen.Int[1, 1_000_000],
        Gen.OneOf(AccountKind.Person, AccountKind.Service),
        Gen.Frequency((5, true), (1, false)),
        Situations.Roles,
        Situations.DirectInto(groups),
        (name, id, kind, enabled, roles, direct) =>
            Account(
                name, id, roles, [.. direct.Where(group => group != Notation.Id($"g{groups}"))]) with
            { Kind = kind, IsEnabled = enabled });

    private static readonly Gen<World> Worlds = Situations.Groups.SelectMany(groups => Gen.Select(
        AccountInto(groups.Length).Array[1, 9].Select(accounts => accounts.DistinctBy(account => account.Id).ToArray()),
        Situations.MappingsInto(groups.Length),
        (accounts, mappings) => new World(accounts, groups, mappings)));

    private static Stored Account(string name, int number, IReadOnlyList<KeycloakRole> roles, IReadOnlyList<Guid> direct)
    {
        var id = Guid.Parse($"00000000-0000-0000-0000-{number:D12}");
        return new Stored(id, $"{name}-{number}", name, AccountKind.Person, IsEnabled: true, roles, direct);
    }

    private static string Told(Stored account) =>
        $"{account.Subject} {account.Kind} {account.IsEnabled} {account.Roles.Count > 0} {Told(account.Roles, account.Direct)}";

    private static string Told(KnownSubject subject) =>
        $"{subject.Subject} {subject.Kind} {subject.Enabled} {subject.RolesKnown} "
        + Told(subject.Roles, subject.Groups.Select(group => group.Id));

    private static string Told(IEnumerable<KeycloakRole> roles, IEnumerable<Guid> groups) =>
        string.Join(' ', roles.Select(Notation.Write).Concat(groups.Select(id => id.ToString())).Order(StringComparer.Ordinal));

    private async Task<List<KnownSubject>> PagesAsync(SubjectQuery query, int limit)
    {
        var all = new List<KnownSubject>();
        Cursor? cursor = null;
        do
        {
            var (page, next) = await _store.ListAsync(query, limit, cursor, Cancel);
            Assert.InRange(page.Count, next is null ? 0 : limit, limit);
            Assert.True(all.Count < 1000, "The pages never end.");
            all.AddRange(page);
            cursor = next;
        }
        while (cursor is not null);

        return all;
    }

    private async Task WriteAsync(World world)
    {
        await ExecuteAsync(
            "DELETE FROM account_roles; DELETE FROM observed_roles; DELETE FROM group_members; DELETE FROM accounts; DELETE FROM groups",
            new { });
        foreach (var group in world.Groups)
        {
            await ExecuteAsync("INSERT INTO groups (id, name) VALUES (@Id, @Name)", new { group.Id, group.Name });
        }

        // In one number each, and some that nobody has any more.
        KeycloakRole[] roles = [.. world.Accounts.SelectMany(account => account.Roles).Append(Notation.Role("nobody-has-this")).Distinct()];
        foreach (var role in roles)
        {
            await ExecuteAsync(
                "INSERT INTO observed_roles (kind, client, name, first_observed_at) VALUES (@Kind, @Client, @Name, @now)",
                new { Kind = RoleKinds.Write(role.Kind), role.Client, role.Name, now = DateTimeOffset.UtcNow });
        }

        foreach (var account in world.Accounts)
        {
            await ExecuteAsync(
                """
                INSERT INTO accounts (id, issuer, subject, kind, username, enabled, created_at, last_seen_at, roles_hash)
                VALUES (@Id, @Issuer, @Subject, @kind, @Username, @IsEnabled, @now, @now, @hash)
                """,
                new
                {
                    account.Id,
                    Issuer,
                    account.Subject,
                    kind = account.Kind == AccountKind.Service ? "service" : "person",
                    account.Username,
                    account.IsEnabled,
                    now = DateTimeOffset.UtcNow,
                    hash = account.Roles.Count > 0 ? "x" : null,
                });
            foreach (var role in account.Roles)
            {
                await ExecuteAsync(
                    "INSERT INTO account_roles (account_id, role_id) SELECT @Id, id FROM observed_roles WHERE kind = @Kind AND "
                        + "client = @Client AND name = @Name",
                    new { account.Id, Kind = RoleKinds.Write(role.Kind), role.Client, role.Name });
            }

            foreach (var group in account.Direct)
            {
                await ExecuteAsync("INSERT INTO group_members (group_id, account_id) VALUES (@group, @Id)", new { group, account.Id });
            }
        }
    }

    private async Task ExecuteAsync(string sql, object values)
    {
        await using var connection = await _database.OpenToWriteAsync(Cancel);
        await connection.ExecuteAsync(new CommandDefinition(sql, values, cancellationToken: Cancel));
    }

    private sealed record Stored(
        Guid Id, string Subject, string Username, AccountKind Kind, bool IsEnabled, IReadOnlyList<KeycloakRole> Roles,
        IReadOnlyList<Guid> Direct)
    {
        public override string ToString() => Told(this);
    }

    private sealed record World(Stored[] Accounts, GroupRule[] Groups, MappingRule[] Mappings)
    {
        public override string ToString() =>
            $"{string.Join(", ", Accounts.Select(account => account.ToString()))} | "
                + $"{new Situation { Groups = Groups, Mappings = Mappings }}";
    }
}

public sealed class SubjectSearchOnSqliteTests : SubjectSearchTests
{
    private protected override DatabaseEngine Engine => DatabaseEngine.Sqlite;
}

public sealed class SubjectSearchOnPostgreSqlTests : SubjectSearchTests
{
    private protected override DatabaseEngine Engine => DatabaseEngine.PostgreSql;
}
