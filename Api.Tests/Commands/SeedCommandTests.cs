using System.Net;
using Api.Tests.Infrastructure;
using KeycloakAccess.Commands;

namespace Api.Tests.Commands;

/// <summary>Made-up data: believable to the pages, the same from the same seed, and in no database but one for development.</summary>
public abstract class SeedCommandTests(ApiUnderTest api) : ApiTests(api)
{
    private const string Program = "Seeding.dll";

    // What would differ between two runs is told from what would not: instants are counted back from now.
    private const string Names = """
        SELECT username || ' ' || COALESCE(email, '') || ' ' || COALESCE(name, '') || ' ' || subject AS text FROM accounts
        UNION ALL SELECT 'group ' || name FROM groups
        UNION ALL SELECT 'role ' || kind || client || name FROM observed_roles
        UNION ALL SELECT 'mapping ' || m.kind || m.client || m.name || g.name FROM role_mappings m JOIN groups g ON g.id = m.group_id
        UNION ALL SELECT 'book ' || title || COALESCE(isbn, '') FROM books
        ORDER BY 1
        """;

    private static readonly string[] Tables =
        [
            "accounts", "account_roles", "observed_roles", "groups", "group_permissions", "group_members",
            "role_mappings", "books", "authors", "sessions", "realm_keys", "client_tokens", "request_counters", "audit_log",
        ];

    private static readonly Dictionary<string, string> Development = new(StringComparer.Ordinal)
    {
        ["ASPNETCORE_ENVIRONMENT"] = "Development",
        ["Keycloak__AuthServerUrl"] = "https://sso.example.com/",
        ["Keycloak__Realm"] = "acme",
        ["Keycloak__Resource"] = "acme-api",
        ["Keycloak__SignIn__Resource"] = "acme-admin",
        ["Keycloak__SignIn__Credentials__Secret"] = "secret",
    };

    [Fact]
    public async Task A_fresh_database_is_made_and_filled_and_the_same_seed_adds_nothing_a_second_time()
    {
        await using var executable = await Executable.CreateAsync(Api.Engine, isMigrated: false, Program);

        var first = await SeedAsync(executable, "--accounts", "60", "--audit", "300");
        var counts = await CountAsync(executable);
        Assert.Contains("60 accounts", first.Errors, StringComparison.Ordinal);
        Assert.Contains("300 audit log", first.Errors, StringComparison.Ordinal);
        Assert.Empty(first.Output);
        Assert.Equal((60, 300, 18), (counts["accounts"], counts["audit_log"], counts["groups"]));
        Assert.DoesNotContain(0, counts.Values);
        Assert.Equal(
            0,
            await executable.QueryAsync<long>(
                "SELECT COUNT(*) FROM audit_log WHERE account_id IS NULL OR kind = 'change' AND old_values IS NULL AND "
                    + "new_values IS NULL"));

        var again = await SeedAsync(executable, "--accounts", "60", "--audit", "300");
        Assert.Contains("holds the data of --seed 1 already. Nothing has been added", again.Errors, StringComparison.Ordinal);
        Assert.Equal(counts, await CountAsync(executable));

        await SeedAsync(executable, "--accounts", "60", "--audit", "300", "--seed", "2");
        var more = await CountAsync(executable);
        Assert.Equal((120, 600, 30), (more["accounts"], more["audit_log"], more["groups"]));
        Assert.Equal(120, await executable.QueryAsync<long>("SELECT COUNT(DISTINCT username) FROM accounts"));
    }

    [Fact]
    public async Task The_same_seed_makes_the_same_data_and_another_makes_other()
    {
        await using var one = await Executable.CreateAsync(Api.Engine, isMigrated: false, Program);
        await using var same = await Executable.CreateAsync(Api.Engine, isMigrated: false, Program);
        await using var other = await Executable.CreateAsync(Api.Engine, isMigrated: false, Program);
        string[] size = ["--accounts", "40", "--audit", "10"];

        await SeedAsync(one, [.. size, "--seed", "7"]);
        await SeedAsync(same, [.. size, "--seed", "7"]);
        await SeedAsync(other, [.. size, "--seed", "8"]);

        var names = await one.ListAsync<string>(Names);
        Assert.Equal(names, await same.ListAsync<string>(Names));
        Assert.NotEqual(names, await other.ListAsync<string>(Names));
    }

    [Fact]
    public async Task The_pages_show_it()
    {
        await using var executable = Executable.Beside(Api.ConnectionString, Program);
        var realm = new Dictionary<string, string>(
            Development, StringComparer.Ordinal)
        { ["Keycloak__AuthServerUrl"] = Api.Realm.Url.AbsoluteUri };
        (await executable.RunAsync(realm, input: null, "--accounts", "120", "--audit", "400")).With(ExitCode.Done);
        var pages = await Api.SignInAsync("ada");
        var username = await executable.QueryAsync<string>(
            "SELECT username FROM accounts WHERE kind = 'person' AND roles_hash IS NOT NULL AND email IS NOT NULL ORDER BY "
                + "created_at LIMIT 1");
        var id = await executable.QueryAsync<Guid>($"SELECT id FROM accounts WHERE username = '{username}'");

        foreach (var path in (string[])[
            "", "/accounts?sort=-seen", "/groups", "/role-mappings", "/sessions", "/realm", "/audit", "/audit?kind=denied-request",
            "/access/who?permission=book:view"])
        {
            Assert.Equal(HttpStatusCode.OK, (await pages.GetAsync($"{Api.Realm.ApiUrl}/admin{path}")).Status);
        }

        Assert.Equal(
            0,
            await executable.QueryAsync<long>(
                "SELECT COUNT(*) FROM (SELECT row_id FROM audit_log WHERE kind = 'change' AND action = 'add' AND model IN "
                    + "('book', 'author') GROUP BY row_id HAVING COUNT(*) > 1) AS twice"));
        Assert.Contains("mappings match nothing", (await pages.GetAsync($"{Api.Realm.ApiUrl}/admin")).Text, StringComparison.Ordinal);
        Assert.Contains(
            username!, (await pages.GetAsync($"{Api.Realm.ApiUrl}/admin/accounts?search={username}")).Text, StringComparison.Ordinal);
        var account = await pages.GetAsync($"{Api.Realm.ApiUrl}/admin/accounts/{id}");
        Assert.Contains("realm role offline_access", account.Text, StringComparison.Ordinal);
        Assert.Contains(
            "The token is not meant for this API",
            (await pages.GetAsync($"{Api.Realm.ApiUrl}/admin/realm")).Text,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Outside_development_it_is_refused_and_the_remedy_named()
    {
        await using var executable = await Executable.CreateAsync(Api.Engine, program: Program);
        var production = new Dictionary<string, string>(Development, StringComparer.Ordinal) { ["ASPNETCORE_ENVIRONMENT"] = "Production" };

        var ended = (await executable.RunAsync(production, input: null)).With(ExitCode.Invalid);

        Assert.Contains("The environment is Production", ended.Errors, StringComparison.Ordinal);
        Assert.Contains("ASPNETCORE_ENVIRONMENT=Development", ended.Errors, StringComparison.Ordinal);
        Assert.Equal(0, (await CountAsync(executable))["accounts"]);
    }

    private static async Task<Ended> SeedAsync(Executable executable, params string[] size) =>
        (await executable.RunAsync(Development, input: null, size)).With(ExitCode.Done);

    private static async Task<Dictionary<string, long>> CountAsync(Executable executable)
    {
        var counts = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var table in Tables)
        {
            counts[table] = await executable.QueryAsync<long>($"SELECT COUNT(*) FROM {table}");
        }

        return counts;
    }
}

public sealed class SeedCommandOnSqliteTests(ApiOnEmbeddedRealm api) : SeedCommandTests(api), IClassFixture<ApiOnEmbeddedRealm>;

public sealed class SeedCommandOnPostgreSqlTests(ApiOnPostgreSql api) : SeedCommandTests(api), IClassFixture<ApiOnPostgreSql>;
