using KeycloakAccess.Commands;
using KeycloakAccess.Data;
using static Api.Tests.Commands.Executable;

namespace Api.Tests.Commands;

/// <summary>A link for one sign-in without Keycloak, issued on the host.</summary>
public abstract class BreakGlassCommandTests
{
    private const string Issuer = "https://sso.example.com/realms/acme";

    private static readonly Dictionary<string, string> On = new(RealmSettings, StringComparer.Ordinal) { ["BreakGlass__Enabled"] = "true" };

    private protected abstract DatabaseEngine Engine { get; }

    [Fact]
    public async Task A_link_is_issued_for_an_account_that_could_sign_in_and_audited()
    {
        await using var executable = await Executable.CreateAsync(Engine);
        await AddAsync(executable, "ada", "person", isEnabled: true);

        var issued = (await RunAsync(executable, On, "--account", "ada", "--reason", "Down", "--url", "https://api.example.com/"))
            .With(ExitCode.Done);

        Assert.Matches("^https://api.example.com/break-glass[?]link=[A-Za-z0-9_-]{43}\n$", issued.Output);
        Assert.StartsWith("Signs ada in once, within 10 minutes, for an hour at most.", issued.Errors, StringComparison.Ordinal);
        Assert.Equal(
            [$"{Environment.UserName}@{Environment.MachineName} command-line issue-break-glass Down"],
            await executable.ListAsync<string>("SELECT account || ' ' || method || ' ' || action || ' ' || reason FROM audit_log"));
        var bare = (await RunAsync(executable, On, "--account", "ada", "--reason", "Down")).With(ExitCode.Done);
        Assert.StartsWith("/break-glass?link=", bare.Output, StringComparison.Ordinal);
        Assert.Contains("--url", bare.Errors, StringComparison.Ordinal);
        Assert.Equal(2, await executable.QueryAsync<long>("SELECT COUNT(*) FROM break_glass_links"));
    }

    [Fact]
    public async Task Nobody_gets_one_who_could_not_sign_in()
    {
        await using var executable = await Executable.CreateAsync(Engine);
        await AddAsync(executable, "off", "person", isEnabled: false);
        await AddAsync(executable, "robot", "service", isEnabled: true);
        await AddAsync(executable, "other", "person", isEnabled: true, "https://former.example.com/realms/acme");

        foreach (var (name, why) in new[]
        {
            ("off", "off is disabled."), ("robot", "robot is a service"), ("other", "other is of https://former"),
            ("nobody", "There is no account nobody."),
        })
        {
            var refused = (await RunAsync(executable, On, "--account", name, "--reason", "Down")).With(ExitCode.No);
            Assert.StartsWith(why, refused.Errors, StringComparison.Ordinal);
            Assert.Empty(refused.Output);
        }

        Assert.Equal(0, await executable.QueryAsync<long>("SELECT COUNT(*) FROM break_glass_links"));
    }

    [Fact]
    public async Task Where_it_is_off_the_verb_says_so_and_without_a_reason_there_is_none()
    {
        await using var executable = await Executable.CreateAsync(Engine);
        await AddAsync(executable, "ada", "person", isEnabled: true);

        var off = (await RunAsync(executable, RealmSettings, "--account", "ada", "--reason", "Down")).With(ExitCode.No);
        Assert.StartsWith("Sign-ins without Keycloak are off. Set BreakGlass:Enabled to true", off.Errors, StringComparison.Ordinal);
        var without = (await RunAsync(executable, On, "--account", "ada")).With(ExitCode.Invalid);
        Assert.Contains("--reason", without.Errors, StringComparison.Ordinal);
        Assert.StartsWith(
            "error: --reason is empty.",
            (await RunAsync(executable, On, "--account", "ada", "--reason", " ")).With(ExitCode.Invalid).Errors,
            StringComparison.Ordinal);
        var url = await RunAsync(executable, On, "--account", "ada", "--reason", "Down", "--url", "api.example.com");
        Assert.StartsWith("error: --url is api.example.com.", url.With(ExitCode.Invalid).Errors, StringComparison.Ordinal);
    }

    private static Task<Ended> RunAsync(Executable executable, IReadOnlyDictionary<string, string> settings, params string[] arguments) =>
        executable.RunAsync(settings, input: null, ["break-glass", "issue", .. arguments]);

    private Task AddAsync(Executable executable, string name, string kind, bool isEnabled, string issuer = Issuer)
    {
        var enabled = Engine == DatabaseEngine.Sqlite ? isEnabled ? "1" : "0" : isEnabled ? "true" : "false";
        return executable.ExecuteAsync($"""
            INSERT INTO accounts (id, issuer, subject, kind, username, enabled, created_at, last_seen_at)
            VALUES ('{Guid.NewGuid()}', '{issuer}', '{name}-subject', '{kind}', '{name}', {enabled},
                '2026-01-01T00:00:00.0000000+00:00', '2026-01-01T00:00:00.0000000+00:00')
            """);
    }
}

public sealed class BreakGlassCommandOnSqliteTests : BreakGlassCommandTests
{
    private protected override DatabaseEngine Engine => DatabaseEngine.Sqlite;
}

public sealed class BreakGlassCommandOnPostgreSqlTests : BreakGlassCommandTests
{
    private protected override DatabaseEngine Engine => DatabaseEngine.PostgreSql;
}
