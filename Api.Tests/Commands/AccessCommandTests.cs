using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Api.Tests.Delivery;
using KeycloakAccess.Commands;
using KeycloakAccess.Data;
using static Api.Tests.Commands.Executable;

namespace Api.Tests.Commands;

/// <summary>The rules of access on the command line, as a pipeline uses them.</summary>
public abstract class AccessCommandTests
{
    private protected static readonly Dictionary<string, string> Nothing = new(StringComparer.Ordinal);

    private protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private protected abstract DatabaseEngine Engine { get; }

    [Fact]
    public async Task What_is_exported_and_applied_is_exported_again_byte_for_byte()
    {
        await using var executable = await Executable.CreateAsync(Engine);
        var exported = (await executable.RunAsync("access", "export")).With(ExitCode.Done);
        Assert.Empty(exported.Errors);
        Assert.Equal(
            "Nothing differs.\n", (await executable.RunWithInputAsync(exported.Output, "access", "diff", "-")).With(ExitCode.Done).Errors);
        await executable.ExecuteAsync("DELETE FROM groups");

        var differing = (await executable.RunWithInputAsync(exported.Output, "access", "diff", "-")).With(ExitCode.No);
        var applied = (await executable.RunWithInputAsync(exported.Output, "access", "apply", "-", "--yes")).With(ExitCode.Done);
        var written = (await executable.RunAsync("access", "export", "--output", "again.json")).With(ExitCode.Done);

        Assert.Equal(exported.Output, await File.ReadAllTextAsync(executable.PathOf("again.json"), Cancel));
        Assert.Equal(differing.Output, applied.Output);
        Assert.Equal("6 groups added. Nothing has been changed.\n", differing.Errors);
        Assert.Equal("Applied: 6 groups added.\n", applied.Errors);
        Assert.Empty(written.Output);
        Assert.Equal($"Written to {executable.PathOf("again.json")}\n", written.Errors);
        Assert.Equal("Nothing differs.\n", (await executable.RunAsync("access", "apply", "again.json", "-y")).With(ExitCode.Done).Errors);
    }

    [Fact]
    public async Task The_accounts_that_gain_and_lose_are_named_where_they_are_asked_for()
    {
        await using var executable = await Executable.CreateAsync(Engine);
        await AddAccountsAsync(executable);
        const string document = """
            {"groups":{"default-group":{"permissions":["account:view"],"isDefault":true},
            "superusers":{"permissions":["*:*"],"denied":["book:delete"]}}}
            """;

        var ended = (await executable.RunAsync(RealmSettings, document, "access", "diff", "-", "--accounts")).With(ExitCode.No);
        var one = JsonElement.Parse(
            (await executable.RunAsync(
                RealmSettings, document, "access", "diff", "-", "--accounts", "--limit", "1", "--json")).With(ExitCode.No).Output);

        Assert.EndsWith(
            """

            2 of 2 accounts: 1 gain, 2 lose.
            ~ ada (person, 00000000-0000-0000-0000-000000000001)
                + account:view
                - author:view
                - book:view
            ~ robot (service, 00000000-0000-0000-0000-000000000002)
                - book:delete
            2 have shown no token with roles yet: their roles are not considered.

            """,
            ended.Output,
            StringComparison.Ordinal);
        Assert.True(one.GetProperty("accounts").GetProperty("truncated").GetBoolean());
        Assert.Equal(2, one.GetProperty("accounts").GetProperty("totals").GetProperty("losing").GetInt64());
        // Which realm accounts are of is for the configuration to say.
        var without = (await executable.RunAsync(Nothing, document, "access", "diff", "-", "--accounts")).With(ExitCode.Failed);
        Assert.Contains("Keycloak:auth-server-url is missing.", without.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Why_somebody_may_and_who_can_are_answered_without_a_server()
    {
        await using var executable = await Executable.CreateAsync(Engine);
        await AddAccountsAsync(executable);

        foreach (var name in new[] { "ada", "a", "00000000-0000-0000-0000-000000000001" })
        {
            var yes = (await executable.RunAsync(
                RealmSettings, input: null, "access", "explain", "--subject", name, "--permission", "book:view")).With(ExitCode.Done);
            Assert.StartsWith(
                "Yes. ada may do book:view.\nGranted: direct member → book-readers → book:view\n", yes.Output, StringComparison.Ordinal);
            Assert.EndsWith(
                "▶ allowed\n    No token of ada has carried a roles claim so far. What is known are default groups and those\n    "
                    + "given directly.\n",
                yes.Output,
                StringComparison.Ordinal);
            Assert.Empty(yes.Errors);
        }

        var no = (await executable.RunAsync(
            RealmSettings, input: null, "access", "explain", "-s", "ada", "-p", "book:delete")).With(ExitCode.No);
        Assert.Contains(
            "\nNeeded: a group that grants it: book-editors (role book-editor of client acme-api), or superusers (realm role superuser).",
            no.Output,
            StringComparison.Ordinal);
        var scoped = (await executable.RunAsync(
            RealmSettings,
            input: null,
            "access",
            "explain",
            "-s",
            "ada",
            "-p",
            "book:view",
            "--scopes",
            "openid books:write",
            "--json")).With(ExitCode.No);
        Assert.Equal("insufficient_scope", JsonElement.Parse(scoped.Output).GetProperty("context").GetProperty("code").GetString());
        var nobody = (await executable.RunAsync(
            RealmSettings, input: null, "access", "explain", "-s", "eve", "-p", "book:view")).With(ExitCode.No);
        Assert.StartsWith("No. Nobody of the id eve has been seen here.", nobody.Output, StringComparison.Ordinal);

        var can = (await executable.RunAsync(RealmSettings, input: null, "access", "who-can", "book:view")).With(ExitCode.Done);
        Assert.Equal(
            "ada (person, a)\n    direct member → book-readers → book:view\nrobot (service, b)\n    direct member → superusers → *:*\n",
            can.Output);
        Assert.Equal("2 accounts may do book:view.\n", can.Errors);
        var first = (await executable.RunAsync(
            RealmSettings, input: null, "access", "who-can", "book:view", "--limit", "1", "--json")).With(ExitCode.Done);
        Assert.True(Assert.Single(JsonElement.Parse(first.Output).EnumerateArray()).GetProperty("decision").GetBoolean());
        Assert.StartsWith("These are the first 1 of those", first.Errors, StringComparison.Ordinal);
        await executable.ExecuteAsync("DELETE FROM group_members");
        Assert.Equal(
            "Nobody may do book:view.\n",
            (await executable.RunAsync(RealmSettings, input: null, "access", "who-can", "book:view")).With(ExitCode.No).Errors);
    }

    private protected static Task AddAccountsAsync(Executable executable) => executable.ExecuteAsync("""
        INSERT INTO accounts (id, issuer, subject, kind, username, created_at, last_seen_at)
        VALUES
            ('00000000-0000-0000-0000-000000000001',
             'https://sso.example.com/realms/acme', 'a', 'person', 'ada', '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z'),
            ('00000000-0000-0000-0000-000000000002',
             'https://sso.example.com/realms/acme', 'b', 'service', 'robot', '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z');
        INSERT INTO group_members (group_id, account_id)
        SELECT id, '00000000-0000-0000-0000-000000000001' FROM groups WHERE name = 'book-readers';
        INSERT INTO group_members (group_id, account_id)
        SELECT id, '00000000-0000-0000-0000-000000000002' FROM groups WHERE name = 'superusers'
        """);
}

public sealed class AccessCommandOnSqliteTests : AccessCommandTests
{
    private protected override DatabaseEngine Engine => DatabaseEngine.Sqlite;

    [Fact]
    public async Task Every_difference_is_a_line_and_applying_it_is_in_the_audit_log_under_who_did_it()
    {
        await using var executable = await Executable.CreateAsync(Engine);
        await executable.ExecuteAsync("""
            INSERT INTO accounts (id, issuer, subject, kind, username, created_at, last_seen_at)
            VALUES ('00000000-0000-0000-0000-000000000001', 'i', 's', 'person', 'somebody', '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z');
            INSERT INTO group_members (group_id, account_id)
            SELECT id, '00000000-0000-0000-0000-000000000001' FROM groups WHERE name = 'book-editors'
            """);
        await File.WriteAllTextAsync(executable.PathOf("access.json"), """
            {
              "groups": {
                "cataloguers": {
                  "description": "Add books", "permissions": ["book:*"], "denied": ["book:delete"],
                  "roleMappings": [{ "kind": "realm-role", "name": "cat-*" }]
                },
                "book-readers": { "permissions": ["author:view", "book:view"], "isDefault": true },
                "staff": {
                  "description": "May open the admin pages", "permissions": ["admin:view"],
                  "roleMappings": [{ "kind": "realm-role", "name": "staff" }]
                },
                "superusers": {
                  "description": "Everything, on every model", "permissions": ["*:*"],
                  "roleMappings": [{ "kind": "realm-role", "name": "superuser" }]
                }
              }
            }
            """, Cancel);
        const string expected = """
            - group account-managers
                - account:change
                - account:view
                - Keycloak group /operations/leads
            - group book-editors (1 member directly loses it)
                - author:add
                - author:change
                - author:delete
                - author:view
                - book:add
                - book:change
                - book:delete
                - book:publish
                - book:view
                - role book-editor of client acme-api
            ~ group book-readers
                ~ description ""
                + for everybody
                - role book-reader of client acme-api
            + group cataloguers
                + description "Add books"
                + book:*
                + denied book:delete
                + realm role cat-*
            - group group-managers
                - access:view
                - account:view
                - group:*
                - role-mapping:*
                - role group-manager of client acme-api

            """;

        Assert.Equal(expected, (await executable.RunAsync("access", "diff", "access.json")).With(ExitCode.No).Output);
        var json = JsonElement.Parse((await executable.RunAsync("access", "diff", "access.json", "--json")).With(ExitCode.No).Output);
        Assert.True(json.GetProperty("differs").GetBoolean());
        Assert.Equal(5, json.GetProperty("groups").GetArrayLength());
        Assert.Equal("removed", json.GetProperty("groups")[1].GetProperty("change").GetString());
        Assert.Equal(1, json.GetProperty("groups")[1].GetProperty("directMembers").GetInt32());
        // Somebody is there who holds everything, or nobody: that is asked of the accounts of the configured realm.
        (await executable.RunAsync("access", "apply", "access.json", "--yes")).With(ExitCode.Failed);
        Assert.Equal(
            expected,
            (await executable.RunAsync(RealmSettings, input: null, "access", "apply", "access.json", "--yes")).With(ExitCode.Done).Output);

        Assert.Equal(11, await executable.QueryAsync<long>("SELECT COUNT(*) FROM audit_log"));
        Assert.Equal(
            $"{Environment.UserName}@{Environment.MachineName} command-line",
            await executable.QueryAsync<string>(
                "SELECT MIN(account || ' ' || method) FROM audit_log WHERE account_id IS NULL AND request_id IS NULL"));
        (await executable.RunAsync("access", "diff", "access.json")).With(ExitCode.Done);
    }

    [Fact]
    public async Task What_would_leave_nobody_who_holds_everything_is_refused_unless_it_is_meant()
    {
        await using var executable = await Executable.CreateAsync(Engine);
        await AddAccountsAsync(executable);
        const string document = """{"groups":{"superusers":{"permissions":["*:*"],"denied":["book:delete"]}}}""";
        var before = (await executable.RunAsync("access", "export")).With(ExitCode.Done).Output;

        var refused = (await executable.RunAsync(RealmSettings, document, "access", "apply", "-", "--yes")).With(ExitCode.No);

        Assert.StartsWith("error: Nobody who is enabled and known here would be left", refused.Errors, StringComparison.Ordinal);
        Assert.Empty(refused.Output);
        Assert.Equal(before, (await executable.RunAsync("access", "export")).With(ExitCode.Done).Output);
        (await executable.RunAsync(RealmSettings, document, "access", "apply", "-", "--yes", "--allow-no-superuser")).With(ExitCode.Done);
    }

    [Fact]
    public async Task Where_nobody_can_be_asked_nothing_is_applied_without_yes()
    {
        await using var executable = await Executable.CreateAsync(Engine);

        var ended = (await executable.RunWithInputAsync("""{"groups":{}}""", "access", "apply", "-")).With(ExitCode.Invalid);

        Assert.Contains("add --yes", ended.Errors, StringComparison.Ordinal);
        Assert.Equal(6, await executable.QueryAsync<long>("SELECT COUNT(*) FROM groups"));
    }

    [Fact]
    public async Task A_broken_document_is_told_by_file_line_and_column_and_changes_nothing()
    {
        await using var executable = await Executable.CreateAsync(Engine);
        await File.WriteAllTextAsync(
            executable.PathOf("access.json"),
            "{\n  \"groups\": {\n    \"a\": { \"permissions\": [\"bok:view\"] },\n    \"B\": {}\n  }\n}\n",
            Cancel);

        foreach (var arguments in new string[][] { ["access", "diff", "access.json"], ["access", "apply", "access.json", "--yes"] })
        {
            var ended = (await executable.RunAsync(arguments)).With(ExitCode.Invalid);

            Assert.Equal(
                "access.json:3:28: The permission bok:view does not exist. Did you mean book:view?\n" +
                "access.json:4:5: No group can be called \"B\". A name may hold lower-case letters, digits and single dashes "
                    + "between them.\n",
                ended.Errors);
            Assert.Empty(ended.Output);
        }

        Assert.Equal(
            "standard input:1:1: The member groups is missing. It holds all groups; {} if there are to be none.\n",
            (await executable.RunWithInputAsync("{}", "access", "diff", "-")).With(ExitCode.Invalid).Errors);
        Assert.Equal(6, await executable.QueryAsync<long>("SELECT COUNT(*) FROM groups"));
    }

    [Fact]
    public async Task Names_in_the_database_that_do_not_exist_are_mended_through_the_document()
    {
        await using var executable = await Executable.CreateAsync(Engine);
        await executable.ExecuteAsync("UPDATE group_permissions SET permission = 'admin:veiw' WHERE permission = 'admin:view'");

        var exported = (await executable.RunAsync("access", "export")).With(ExitCode.Done).Output;
        Assert.Contains("\"admin:veiw\"", exported, StringComparison.Ordinal);
        (await executable.RunWithInputAsync(exported, "access", "apply", "-", "--yes")).With(ExitCode.Invalid);
        var mended = (await executable.RunWithInputAsync(
            exported.Replace("veiw", "view", StringComparison.Ordinal), "access", "apply", "-", "--yes")).With(ExitCode.Done);

        Assert.Equal("~ group staff\n    + admin:view\n    - admin:veiw\n", mended.Output);
    }

    [Fact]
    public async Task A_schema_that_is_older_or_newer_than_the_program_is_left_alone()
    {
        await using var executable = await Executable.CreateAsync(Engine);
        var document = (await executable.RunAsync("access", "export")).With(ExitCode.Done).Output;
        await executable.ExecuteAsync("UPDATE schema_migrations SET name = '9999_future' WHERE name = '0005_request_counters'");
        Assert.Contains(
            "is older than this program: 0005_request_counters of KeycloakAccess",
            (await executable.RunAsync("access", "export")).With(ExitCode.Failed).Errors,
            StringComparison.Ordinal);
        await executable.ExecuteAsync(
            "INSERT INTO schema_migrations SELECT history, '0005_request_counters', checksum, applied_at FROM schema_migrations "
                + "WHERE name = '9999_future'");
        Assert.Contains(
            "is newer than this program, which does not know 9999_future of KeycloakAccess",
            (await executable.RunWithInputAsync(document, "access", "apply", "-", "--yes")).With(ExitCode.Failed).Errors,
            StringComparison.Ordinal);
        await executable.ExecuteAsync("DROP TABLE schema_migrations");

        var ended = (await executable.RunWithInputAsync(document, "access", "diff", "-")).With(ExitCode.Failed);

        Assert.Contains("Start the service once, which applies it.", ended.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", ended.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_question_with_a_slip_is_told_the_nearest_name_and_one_that_fits_several_the_choice()
    {
        await using var executable = await Executable.CreateAsync(Engine);
        await AddAccountsAsync(executable);
        await executable.ExecuteAsync("UPDATE accounts SET username = 'ada'");

        Assert.Equal(
            "error: The permission book:veiw does not exist. Did you mean book:view?\n",
            (await executable.RunAsync(RealmSettings, input: null, "access", "who-can", "book:veiw")).With(ExitCode.Invalid).Errors);
        Assert.Equal(
            "error: ada may be any of several accounts. Name one by its id:\n  ada (person): a\n  ada (service): b\n",
            (await executable.RunAsync(
                RealmSettings, input: null, "access", "explain", "-s", "ada", "-p", "book:view")).With(ExitCode.Invalid).Errors);
    }

    [Fact]
    public async Task What_a_terminal_would_obey_is_not_let_through()
    {
        await using var executable = await Executable.CreateAsync(Engine);
        await AddAccountsAsync(executable);
        await executable.ExecuteAsync(
            "UPDATE accounts SET username = 'ad' || CHR(27) || '[2Ja'".Replace(
                "CHR", Engine == DatabaseEngine.Sqlite ? "CHAR" : "CHR", StringComparison.Ordinal));

        var can = (await executable.RunAsync(RealmSettings, input: null, "access", "who-can", "book:view")).With(ExitCode.Done);

        Assert.DoesNotContain('\e', can.Output);
        Assert.StartsWith("ad�[2Ja (", can.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_name_makes_a_line_of_its_own_or_turns_one_around()
    {
        await using var executable = await Executable.CreateAsync(Engine);
        await AddAccountsAsync(executable);
        // As somebody could write who has the database, and as Keycloak could have said.
        var name = "'x' || CHR(10) || '+ *:*' || CHR(13) || CHR(9) || CHR(133) || CHR(8238) || CHR(8294) || CHR(1564) || 'y'"
            .Replace("CHR", Engine == DatabaseEngine.Sqlite ? "CHAR" : "CHR", StringComparison.Ordinal);
        const string shown = "x�+ *:*������y";
        await executable.ExecuteAsync($"""
            UPDATE accounts SET username = {name} WHERE subject = 'a';
            UPDATE role_mappings SET name = {name} WHERE name = 'staff'
            """);

        var diff = (await executable.RunAsync(RealmSettings, """{"groups":{}}""", "access", "diff", "-", "--accounts")).With(ExitCode.No);
        var json = (await executable.RunAsync(
            RealmSettings, """{"groups":{}}""", "access", "diff", "-", "--accounts", "--json")).With(ExitCode.No);
        var explained = (await executable.RunAsync(
            RealmSettings, input: null, "access", "explain", "-s", "a", "-p", "admin:view")).With(ExitCode.No);
        var can = (await executable.RunAsync(RealmSettings, input: null, "access", "who-can", "book:view")).With(ExitCode.Done);
        var told = (await executable.RunWithInputAsync("""{"groups":{"a\nb\u202e":{}}}""", "access", "diff", "-")).With(ExitCode.Invalid);
        var applied = (await executable.RunAsync(
            RealmSettings, """{"groups":{}}""", "access", "apply", "-", "--yes", "--allow-no-superuser")).With(ExitCode.Done);

        Assert.Contains($"\n    - realm role {shown}\n", diff.Output, StringComparison.Ordinal);
        Assert.Contains($"\n~ {shown} (person", diff.Output, StringComparison.Ordinal);
        Assert.Contains($"\n    - realm role {shown}\n", applied.Output, StringComparison.Ordinal);
        Assert.StartsWith($"No. No group of {shown} grants admin:view.\n", explained.Output, StringComparison.Ordinal);
        Assert.Contains($"staff (realm role {shown})", explained.Output, StringComparison.Ordinal);
        Assert.Contains($"\n{shown} (person) · admin:view\n", explained.Output, StringComparison.Ordinal);
        Assert.Contains($"{shown} (person, a)\n", can.Output, StringComparison.Ordinal);
        Assert.StartsWith("standard input:1:12: No group can be called \"a�b�\". ", told.Errors, StringComparison.Ordinal);
        Assert.Contains(
            "x\n+ *:*\r\t\u0085\u202e\u2066\u061cy",
            JsonElement.Parse(json.Output)
                .GetProperty("accounts")
                .GetProperty("accounts")
                .EnumerateArray()
                .Select(account => account.GetProperty("username").GetString()));
        Assert.All([diff, json, explained, can, told, applied], ended =>
            Assert.DoesNotContain(
                ended.Output + ended.Errors, character => character is '\r' or '\t' or '\u0085' or '\u202e' or '\u2066' or '\u061c'));
    }

    [Fact]
    public async Task Without_a_database_none_is_made()
    {
        await using var executable = await Executable.CreateAsync(isMigrated: false);

        var ended = (await executable.RunAsync("access", "export")).With(ExitCode.Failed);

        Assert.Contains("There is no database", ended.Errors, StringComparison.Ordinal);
        Assert.False(File.Exists(executable.ConnectionString["Data Source=".Length..]));
    }

    [Fact]
    public async Task A_file_that_is_not_there_ends_with_1()
    {
        await using var executable = await Executable.CreateAsync();

        Assert.Contains(
            "nothing.json",
            (await executable.RunAsync("access", "diff", "nothing.json")).With(ExitCode.Failed).Errors,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_relative_path_of_the_database_starts_where_the_services_does()
    {
        await using var executable = await Executable.CreateAsync();
        Directory.CreateDirectory(executable.PathOf("data"));
        await executable.ExecuteAsync($"VACUUM INTO '{executable.PathOf("data/other.db")}'");
        await File.WriteAllTextAsync(
            executable.PathOf("appsettings.json"),
            """{"ConnectionStrings":{"Database":"Data Source=data/none.db"}}""",
            TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(
            executable.PathOf("appsettings.Staging.json"),
            """{"ConnectionStrings":{"Database":"Data Source=data/other.db"}}""",
            TestContext.Current.CancellationToken);

        await using var process = new ServiceProcess(
            [Path.Combine(AppContext.BaseDirectory, "Api.dll"), "access", "export"],
            executable.Folder,
            new Dictionary<string, string>(StringComparer.Ordinal) { ["ASPNETCORE_ENVIRONMENT"] = "Staging" });

        Assert.True(await process.ExitCodeAsync(TimeSpan.FromSeconds(60)) == 0, process.Output);
    }

    [Fact]
    public async Task Settings_after_the_two_dashes_are_the_configurations()
    {
        await using var executable = await Executable.CreateAsync();
        var elsewhere = new Dictionary<string, string>(
            StringComparer.Ordinal)
        { ["ConnectionStrings__Database"] = "Data Source=nowhere.db" };

        (await executable.RunAsync(elsewhere, input: null, "access", "export")).With(ExitCode.Failed);
        (await executable.RunAsync(
            elsewhere,
            input: null,
            "access",
            "export",
            "--",
            $"--ConnectionStrings:Database={executable.ConnectionString}")).With(ExitCode.Done);
    }

    [Fact]
    public async Task In_development_no_realm_is_started_and_nothing_listens()
    {
        await using var executable = await Executable.CreateAsync();
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var address = $"http://localhost:{((IPEndPoint)taken.LocalEndpoint).Port}";
        var environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["ASPNETCORE_ENVIRONMENT"] = "Development",
            ["EmbeddedRealm__Url"] = address,
            ["ASPNETCORE_URLS"] = address,
        };

        var exported = (await executable.RunAsync(environment, input: null, "access", "export")).With(ExitCode.Done);
        var report = (await executable.RunAsync(environment, exported.Output, "access", "diff", "-", "--accounts")).With(ExitCode.Done);

        Assert.Equal("\nNo account gains or loses anything, of 0.\n", report.Output);
        Assert.StartsWith("{", exported.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_schema_is_written_without_a_database_and_is_the_one_beside_the_sources()
    {
        await using var executable = await Executable.CreateAsync(isMigrated: false);

        Assert.Equal(
            Repository.Read("Api", "access.schema.json"), (await executable.RunAsync("access", "schema")).With(ExitCode.Done).Output);
    }
}

public sealed class AccessCommandOnPostgreSqlTests : AccessCommandTests
{
    private protected override DatabaseEngine Engine => DatabaseEngine.PostgreSql;
}
