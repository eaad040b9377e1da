using KeycloakAccess.Commands;
using KeycloakAccess.Data;
using static Api.Tests.Commands.Executable;

namespace Api.Tests.Commands;

/// <summary>Tokens are revoked on the host too, where nobody may sign in any more.</summary>
public abstract class RevokeCommandTests
{
    private protected abstract DatabaseEngine Engine { get; }

    [Fact]
    public async Task What_is_revoked_is_listed_until_it_is_taken_back()
    {
        await using var executable = await Executable.CreateAsync(Engine);
        Assert.Equal("Nothing is revoked.\n", (await RunAsync(executable, "list")).With(ExitCode.No).Errors);

        Assert.StartsWith(
            "Refused from the next request on: the tokens of the client robot that were issued until ",
            (await RunAsync(executable, "client", "robot", "--reason", "It leaked")).With(ExitCode.Done).Errors,
            StringComparison.Ordinal);
        Assert.Equal(
            "Refused from the next request on: the tokens of the client gone.\n",
            (await RunAsync(executable, "client", "gone", "--later-too")).With(ExitCode.Done).Errors);
        Assert.Equal(
            "Refused from the next request on: the token trrtcc:1.\n",
            (await RunAsync(executable, "token", "trrtcc:1")).With(ExitCode.Done).Errors);
        Assert.StartsWith(
            "Refused from the next request on: all tokens that were issued until ",
            (await RunAsync(executable, "everything")).With(ExitCode.Done).Errors,
            StringComparison.Ordinal);

        var listed = (await RunAsync(executable, "list")).With(ExitCode.Done).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(4, listed.Length);
        var gone = listed.Single(line => line.EndsWith("the tokens of the client gone", StringComparison.Ordinal)).Split(' ')[0];
        Assert.Equal(
            "Taken back: the tokens of the client gone.\n",
            (await RunAsync(executable, "take-back", gone)).With(ExitCode.Done).Errors);
        Assert.Equal(
            "There is no such revocation. \"revoke list\" lists them.\n",
            (await RunAsync(executable, "take-back", gone)).With(ExitCode.No).Errors);
        Assert.Equal(
            [$"{Environment.UserName}@{Environment.MachineName} command-line add It leaked"],
            await executable.ListAsync<string>(
                "SELECT account || ' ' || method || ' ' || action || ' ' || reason FROM audit_log WHERE reason IS NOT NULL"));
    }

    [Fact]
    public async Task A_token_comes_by_standard_input_too_and_what_is_none_is_refused()
    {
        await using var executable = await Executable.CreateAsync(Engine);

        Assert.Equal(
            "Refused from the next request on: the token trrtcc:2.\n",
            (await RunAsync(executable, "trrtcc:2\n", ["token", "-"])).With(ExitCode.Done).Errors);
        Assert.StartsWith(
            "error: Send the token's id",
            (await RunAsync(executable, "", ["token", "-"])).With(ExitCode.Invalid).Errors,
            StringComparison.Ordinal);
        Assert.StartsWith(
            "error: Staff sign in with this client",
            (await RunAsync(executable, "client", "acme-admin", "--later-too")).With(ExitCode.Invalid).Errors,
            StringComparison.Ordinal);
    }

    private static Task<Ended> RunAsync(Executable executable, params string[] arguments) => RunAsync(executable, input: null, arguments);

    private static Task<Ended> RunAsync(Executable executable, string? input, string[] arguments) =>
        executable.RunAsync(RealmSettings, input, ["revoke", .. arguments]);
}

public sealed class RevokeCommandOnSqliteTests : RevokeCommandTests
{
    private protected override DatabaseEngine Engine => DatabaseEngine.Sqlite;
}

public sealed class RevokeCommandOnPostgreSqlTests : RevokeCommandTests
{
    private protected override DatabaseEngine Engine => DatabaseEngine.PostgreSql;
}
