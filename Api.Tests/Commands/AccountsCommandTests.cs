using System.Text.Json;
using KeycloakAccess.Commands;
using KeycloakAccess.Data;
using static Api.Tests.Commands.Executable;

namespace Api.Tests.Commands;

/// <summary>Accounts on the host: the way in where nobody may enable the first one, and the way over to another issuer.</summary>
public abstract class AccountsCommandTests
{
    private const string Configured = "https://sso.example.com/realms/acme";
    private const string Former = "http://sso.example.com/auth/realms/acme";
    private const string Ada = "00000000-0000-0000-0000-000000000001";
    private const string Robot = "00000000-0000-0000-0000-000000000002";

    private protected abstract DatabaseEngine Engine { get; }

    [Fact]
    public async Task The_first_account_is_enabled_by_whoever_is_logged_in_to_the_machine()
    {
        await using var executable = await Executable.CreateAsync(Engine);
        Assert.Equal("There is no such account.\n", (await RunAsync(executable, "list")).With(ExitCode.No).Errors);
        await AddAsync(executable, Ada, "ada", enabled: false);
        await AddAsync(executable, Robot, "robot");
        await executable.ExecuteAsync($"UPDATE accounts SET disabled_because = 'Nobody has enabled it.' WHERE id = '{Ada}'");

        var listed = (await RunAsync(executable, "list", "--disabled")).With(ExitCode.Done);
        Assert.Equal(
            $"ada (person, {Ada}): disabled, last seen 2026-01-01 00:00Z\n    ada of {Configured}\n    Nobody has enabled it.\n",
            listed.Output);
        Assert.Equal("1 account.\n", listed.Errors);
        Assert.Equal(
            $"ada (person, {Ada}) is enabled.\n",
            (await RunAsync(executable, "enable", "ada", "--reason", "The first one")).With(ExitCode.Done).Errors);
        Assert.Equal(
            $"ada (person, {Ada}) was enabled already.\n", (await RunAsync(executable, "enable", Ada)).With(ExitCode.Done).Errors);
        Assert.Equal(
            $"robot (service, {Robot}) is disabled.\n", (await RunAsync(executable, "disable", "robot")).With(ExitCode.Done).Errors);
        Assert.Equal(
            "There is no account eve. accounts list names them.\n", (await RunAsync(executable, "enable", "eve")).With(ExitCode.No).Errors);

        var json = JsonElement.Parse((await RunAsync(executable, "list", "--search", "AD", "--json")).With(ExitCode.Done).Output);
        Assert.True(Assert.Single(json.EnumerateArray()).GetProperty("enabled").GetBoolean());
        Assert.Equal(JsonValueKind.Null, json[0].GetProperty("disabledBecause").ValueKind);
        Assert.Equal(
            [$"{Environment.UserName}@{Environment.MachineName} command-line change The first one"],
            await executable.ListAsync<string>(
                $"SELECT account || ' ' || method || ' ' || action || ' ' || reason FROM audit_log WHERE row_id = '{Ada}'"));
        Assert.StartsWith(
            "These are the first 1.",
            (await RunAsync(executable, "list", "--limit", "1")).With(ExitCode.Done).Errors,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_last_who_holds_everything_is_neither_disabled_nor_deleted_unless_it_is_meant()
    {
        await using var executable = await Executable.CreateAsync(Engine);
        await AddAsync(executable, Ada, "ada");
        await executable.ExecuteAsync(
            $"INSERT INTO group_members (group_id, account_id) SELECT id, '{Ada}' FROM groups WHERE name = 'superusers'");

        foreach (var verb in new[] { new[] { "disable", "ada" }, ["delete", "ada", "--yes"] })
        {
            var refused = (await RunAsync(executable, verb)).With(ExitCode.No);
            Assert.StartsWith("error: Nobody who is enabled and known here would be left", refused.Errors, StringComparison.Ordinal);
        }

        Assert.StartsWith(
            "error: Nobody can be asked here",
            (await RunAsync(executable, "delete", "ada")).With(ExitCode.Invalid).Errors,
            StringComparison.Ordinal);
        (await RunAsync(executable, "disable", "ada", "--allow-no-superuser")).With(ExitCode.Done);
        Assert.Equal(
            $"ada (person, {Ada}) is deleted, with 1 direct membership and 0 sessions.\n",
            (await RunAsync(executable, "delete", "ada", "--yes", "--reason", "Left")).With(ExitCode.Done).Errors);
        Assert.Equal(0, await executable.QueryAsync<long>("SELECT COUNT(*) FROM accounts"));
        Assert.Equal(
            0,
            await executable.QueryAsync<long>("SELECT COUNT(*) FROM audit_log WHERE new_values LIKE '%ada%' OR old_values LIKE '%ada%'"));
        Assert.Equal(1, await executable.QueryAsync<long>("SELECT COUNT(*) FROM deleted_accounts"));
    }

    [Fact]
    public async Task A_name_of_several_accounts_is_not_guessed_at()
    {
        await using var executable = await Executable.CreateAsync(Engine);
        await AddAsync(executable, Ada, "ada");
        await AddAsync(executable, Robot, "ada", issuer: Former);

        var ended = (await RunAsync(executable, "disable", "ada")).With(ExitCode.Invalid);

        Assert.StartsWith("error: ada may be any of several accounts. Name one by its id:\n", ended.Errors, StringComparison.Ordinal);
        Assert.Contains(Robot, ended.Errors, StringComparison.Ordinal);
        Assert.Equal(0, await executable.QueryAsync<long>("SELECT COUNT(*) FROM audit_log"));
    }

    [Fact]
    public async Task Everything_of_a_former_issuer_is_carried_over_and_two_accounts_of_one_subject_become_one()
    {
        await using var executable = await Executable.CreateAsync(Engine);
        // ada is older under the former issuer, robot under the present one; eve is under the former alone.
        await AddAsync(executable, Ada, "ada", enabled: false, issuer: Former);
        await AddAsync(executable, "00000000-0000-0000-0000-000000000003", "ada", month: "02");
        await AddAsync(executable, "00000000-0000-0000-0000-000000000004", "robot", issuer: Former, month: "02");
        await AddAsync(executable, Robot, "robot");
        await AddAsync(executable, "00000000-0000-0000-0000-000000000005", "eve", issuer: Former);
        await executable.ExecuteAsync("""
            INSERT INTO group_members (group_id, account_id)
            SELECT id, '00000000-0000-0000-0000-000000000001' FROM groups WHERE name = 'staff';
            INSERT INTO group_members (group_id, account_id)
            SELECT id, '00000000-0000-0000-0000-000000000003' FROM groups WHERE name IN ('staff', 'superusers');
            INSERT INTO group_members (group_id, account_id)
            SELECT id, '00000000-0000-0000-0000-000000000004' FROM groups WHERE name = 'superusers'
            """);
        await executable.ExecuteAsync($"""
            INSERT INTO idempotency_keys (account_id, key, fingerprint, request_id, claimed_at)
            VALUES ('{Ada}', 'both', 'kept', 'r', '2026-01-01T00:00:00Z'),
                ('00000000-0000-0000-0000-000000000003', 'both', 'gone', 'r', '2026-01-01T00:00:00Z'),
                ('00000000-0000-0000-0000-000000000003', 'one', 'gone', 'r', '2026-01-01T00:00:00Z')
            """);
        foreach (var (table, columns, first, second) in Rows)
        {
            foreach (var (issuer, values) in new[] { (Former, first), (Former, second), (Configured, second) })
            {
                var filled = values.Replace("'{no}'", Engine == DatabaseEngine.Sqlite ? "0" : "false", StringComparison.Ordinal);
                while (filled.Contains("{id}", StringComparison.Ordinal))
                {
                    var place = filled.IndexOf("{id}", StringComparison.Ordinal);
                    filled = $"{filled[..place]}'{Guid.NewGuid()}'{filled[(place + "{id}".Length)..]}";
                }

                await executable.ExecuteAsync($"INSERT INTO {table} (issuer, {columns}) VALUES ('{issuer}', {filled})");
            }
        }

        // Whoever adds a table with an issuer says here, and in the move, what becomes of it.
        Assert.Equal(
            Rows.Select(row => row.Table).Append("accounts").Order(StringComparer.Ordinal),
            (await executable.ListAsync<string>(Engine == DatabaseEngine.Sqlite
                ? "SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND c.name = 'issuer'"
                : "SELECT table_name FROM information_schema.columns WHERE column_name = 'issuer' AND table_schema = 'public'"))
                .Order(StringComparer.Ordinal));
        var before = await CountAsync(executable, Former);

        var planned = (await MoveAsync(executable, "--dry-run")).With(ExitCode.Done);
        Assert.Equal(before, await CountAsync(executable, Former));
        Assert.Equal("Nothing has been changed.\n", planned.Errors);
        Assert.StartsWith(
            "error: Nobody can be asked here", (await MoveAsync(executable)).With(ExitCode.Invalid).Errors, StringComparison.Ordinal);
        var moved = (await MoveAsync(executable, "--yes", "--reason", "https")).With(ExitCode.Done);

        Assert.Equal(planned.Output, moved.Output);
        Assert.Contains("~ eve (person, 00000000-0000-0000-0000-000000000005)\n", moved.Output, StringComparison.Ordinal);
        Assert.Contains(
            $"= ada ({Ada}): one account, with the former 00000000-0000-0000-0000-000000000003, disabled since one of them is\n",
            moved.Output,
            StringComparison.Ordinal);
        Assert.Contains(
            $"= robot ({Robot}): one account, with the former 00000000-0000-0000-0000-000000000004\n",
            moved.Output,
            StringComparison.Ordinal);
        Assert.Contains("1 account moved, 2 merged.", moved.Output, StringComparison.Ordinal);
        Assert.Equal(0, await CountAsync(executable, Former));
        Assert.Equal(
            [$"ada {Ada}", "eve 00000000-0000-0000-0000-000000000005", $"robot {Robot}"],
            await executable.ListAsync<string>(
                $"SELECT username || ' ' || id FROM accounts WHERE issuer = '{Configured}' ORDER BY username"));
        Assert.Equal(
            [$"{Ada} staff", $"{Ada} superusers", $"{Robot} superusers"],
            await executable.ListAsync<string>(
                "SELECT m.account_id || ' ' || g.name FROM group_members m JOIN groups g ON g.id = m.group_id ORDER BY 1"));
        Assert.Equal(
            [$"{Ada} both kept", $"{Ada} one gone"],
            await executable.ListAsync<string>("SELECT account_id || ' ' || key || ' ' || fingerprint FROM idempotency_keys ORDER BY 1"));
        Assert.Equal(
            ["It is disabled under the former issuer " + Former + "."],
            await executable.ListAsync<string>("SELECT disabled_because FROM accounts WHERE disabled_because IS NOT NULL"));
        Assert.Equal(
            ["add-member 2", "merge 4", "move 1"],
            await executable.ListAsync<string>(
                "SELECT action || ' ' || COUNT(*) FROM audit_log WHERE reason = 'https' GROUP BY action ORDER BY action"));
        // What the former did is in the history of who it is now.
        Assert.Equal(2, await executable.QueryAsync<long>("SELECT COUNT(*) FROM merged_accounts"));
        Assert.Equal($"There is nothing of {Former}.\n", (await MoveAsync(executable, "--yes")).With(ExitCode.Done).Errors);
    }

    [Fact]
    public async Task Nothing_is_moved_out_of_reach()
    {
        await using var executable = await Executable.CreateAsync(Engine);
        await AddAsync(executable, Ada, "ada");

        var elsewhere = (await RunAsync(executable, "move", "--from", Configured, "--to", Former, "--yes")).With(ExitCode.Invalid);
        var same = (await RunAsync(executable, "move", "--from", Configured, "--to", Configured, "--yes")).With(ExitCode.Invalid);

        Assert.StartsWith($"error: This service trusts {Configured}.", elsewhere.Errors, StringComparison.Ordinal);
        Assert.Equal("error: --from and --to are the same issuer.\n", same.Errors);
        Assert.Equal(1, await executable.QueryAsync<long>($"SELECT COUNT(*) FROM accounts WHERE issuer = '{Configured}'"));
    }

    private static readonly string SixTimes = string.Join(", ", Enumerable.Repeat("'2026-01-01T00:00:00Z'", 6));

    // Of each table: two rows of the former issuer, of which the second stands under the present one as well where the key allows it.
    private static readonly (string Table, string Columns, string First, string Second)[] Rows =
    [
        ("client_tokens", "client_id, code, audiences, scopes, roles, has_role_claims, lifetime_seconds, algorithm, seen_at",
            "'a', 'accepted', '', '', 1, '{no}', 300, 'RS256', '2026-01-01T00:00:00Z'",
            "'b', 'accepted', '', '', 1, '{no}', 300, 'RS256', '2026-01-01T00:00:00Z'"),
        ("ended_sessions", "session_id, subject, ended_at, keep_until",
            "'a', '', '2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'", "'b', '', '2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'"),
        ("revocations", "id, kind, value, issued_until, revoked_at",
            "{id}, 'client', 'a', '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z'",
            "{id}, 'client', 'b', '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z'"),
        ("realm_keys", "key_id, algorithm, first_seen_at, last_seen_at",
            "'a', 'RS256', '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z'", "'b', 'RS256', '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z'"),
        ("deleted_accounts", "account_id, subject_hash, enabled, deleted_at",
            "{id}, 'a', '{no}', '2026-01-01T00:00:00Z'", "{id}, 'b', '{no}', '2026-01-01T00:00:00Z'"),
        ("form_drafts", "id, subject, path, fields, saved_at",
            "{id}, 'a', '/', '', '2026-01-01T00:00:00Z'", "{id}, 'b', '/', '', '2026-01-01T00:00:00Z'"),
        ("former_sessions", "key_hash, subject, ended_at", "{id}, 'a', '2026-01-01T00:00:00Z'", "{id}, 'b', '2026-01-01T00:00:00Z'"),
        ("sessions",
            "id, key_hash, session_id, subject, username, ticket, started_at, issued_at, expires_at, used_at, tokens_at, tokens_until",
            $"{{id}}, {{id}}, 'a', 'a', 'a', '', {SixTimes}", $"{{id}}, {{id}}, 'b', 'b', 'b', '', {SixTimes}"),
        ("realm_logouts", "id, refresh_token, queued_at, next_at, tries",
            "{id}, 'a', '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z', 0", "{id}, 'b', '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z', 0"),
        ("logout_tokens", "token_id, keep_until", "'a', '2026-01-01T00:00:00Z'", "'b', '2026-01-01T00:00:00Z'"),
    ];

    private static Task<Ended> RunAsync(Executable executable, params string[] arguments) =>
        executable.RunAsync(RealmSettings, input: null, ["accounts", .. arguments]);

    private static Task<Ended> MoveAsync(Executable executable, params string[] more) =>
        RunAsync(executable, ["move", "--from", Former, "--to", Configured, .. more]);

    private static async Task<long> CountAsync(Executable executable, string issuer)
    {
        var count = 0L;
        foreach (var table in Rows.Select(row => row.Table).Append("accounts"))
        {
            count += await executable.QueryAsync<long>($"SELECT COUNT(*) FROM {table} WHERE issuer = '{issuer}'");
        }

        return count;
    }

    private Task AddAsync(
        Executable executable, string id, string username, bool enabled = true, string issuer = Configured, string month = "01")
    {
        var on = Engine == DatabaseEngine.Sqlite ? enabled ? "1" : "0" : enabled ? "true" : "false";
        var kind = username == "robot" ? "service" : "person";
        return executable.ExecuteAsync($"""
            INSERT INTO accounts (id, issuer, subject, kind, username, enabled, created_at, last_seen_at)
            VALUES (
                '{id}', '{issuer}', '{username}', '{kind}', '{username}', {on},
                '2026-{month}-01T00:00:00.0000000+00:00', '2026-01-01T00:00:00.0000000+00:00')
            """);
    }
}

public sealed class AccountsCommandOnSqliteTests : AccountsCommandTests
{
    private protected override DatabaseEngine Engine => DatabaseEngine.Sqlite;
}

public sealed class AccountsCommandOnPostgreSqlTests : AccountsCommandTests
{
    private protected override DatabaseEngine Engine => DatabaseEngine.PostgreSql;
}
