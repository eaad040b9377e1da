using Api.Tests.Infrastructure;
using KeycloakAccess.Commands;

namespace Api.Tests.Commands;

/// <summary>The command line: a verb, or the service with the host's own arguments, and never the one for the other.</summary>
public sealed class CommandLineTests(EmbeddedRealmUnderTest realm)
{
    [Theory]
    [InlineData()]
    [InlineData("--urls", "http://localhost:5001")]
    [InlineData("--urls=http://localhost:5001")]
    [InlineData("--Keycloak:realm", "access")]
    [InlineData("--environment", "Staging", "health")]
    [InlineData("Keycloak:realm=acme")]
    [InlineData("/Keycloak:realm", "acme")]
    [InlineData("--help", "me")]
    public void Arguments_without_a_verb_are_the_hosts_untouched(params string[] args)
    {
        var line = CommandLine.Read(args);

        Assert.False(line.HasVerb);
        Assert.False(line.StandsAlone);
        Assert.Same(args, line.HostArguments);
    }

    [Theory]
    [InlineData("access", "export")]
    [InlineData("access", "diff", "-", "--accounts")]
    [InlineData("access", "apply", "access.json", "--yes")]
    public void A_verb_that_needs_the_services_parts_takes_no_argument_to_the_host(params string[] args)
    {
        var line = CommandLine.Read(args);

        Assert.True(line is { HasVerb: true, StandsAlone: false });
        Assert.Empty(line.HostArguments);
        Assert.Equal(["--ConnectionStrings:Database=x"], CommandLine.Read([.. args, "--", "--ConnectionStrings:Database=x"]).HostArguments);
    }

    [Theory]
    [InlineData("error: Api knows no verb acess. Did you mean access?", "acess")]
    [InlineData("error: Api knows no verb serve.\n", "serve", "--urls", "http://localhost:5001")]
    [InlineData("error: Api access knows no verb exprt. Did you mean export?", "access", "exprt")]
    [InlineData("error: Api access needs a verb: export, diff, apply, schema, explain, who-can.", "access")]
    [InlineData("error: Api access diff knows no option --acounts. Did you mean --accounts?", "access", "diff", "a.json", "--acounts")]
    [InlineData("error: Api access diff knows no argument b.json.", "access", "diff", "a.json", "b.json")]
    [InlineData("error: Required argument 'file' missing", "access", "diff")]
    [InlineData("error: --limit is -1. It must be a number from 1 on.", "access", "diff", "a.json", "--limit", "-1")]
    [InlineData("error: --limit is many. It must be a number from 1 on.", "access", "diff", "a.json", "--limit", "many")]
    [InlineData("error: nowhere is not an address", "health", "nowhere")]
    public async Task A_slip_ends_with_2_and_the_nearest_name_and_starts_nothing(string expected, params string[] args)
    {
        await using var executable = await Executable.CreateAsync(isMigrated: false);

        var ended = (await executable.RunAsync(args)).With(ExitCode.Invalid);

        Assert.Contains(expected, ended.Errors, StringComparison.Ordinal);
        Assert.Contains("--help says what there is.", ended.Errors, StringComparison.Ordinal);
        Assert.Empty(ended.Output);
        Assert.Empty(Directory.EnumerateFileSystemEntries(executable.Folder));
    }

    [Theory]
    [InlineData("Without a verb, the service starts", "--help")]
    [InlineData("Exit codes: 0 done", "access", "--help")]
    [InlineData("Needed where nobody can be asked.", "access", "apply", "-h")]
    [InlineData("on the port of ASPNETCORE_URLS", "health", "-?")]
    public async Task Help_is_data_and_needs_no_database(string expected, params string[] args)
    {
        await using var executable = await Executable.CreateAsync(isMigrated: false);

        var ended = (await executable.RunAsync(args)).With(ExitCode.Done);

        Assert.Contains(expected, ended.Output.ReplaceLineEndings(" "), StringComparison.Ordinal);
        Assert.Empty(ended.Errors);
    }

    [Fact]
    public async Task Without_a_verb_the_service_listens_where_its_arguments_say()
    {
        await realm.StartAsync();
        await using var executable = await Executable.CreateAsync(isMigrated: false);
        var nothing = new Dictionary<string, string>(StringComparer.Ordinal);
        var url = $"http://127.0.0.1:{FreePort.Find()}";

        await using var service = executable.Start(
            nothing,
            input: null,
            [
                "--urls", url, "--Keycloak:auth-server-url", realm.Url.ToString(), "--Keycloak:realm=acme", "Keycloak:resource=acme-api",
                "--Keycloak:sign-in:resource", "acme-admin", "/Keycloak:sign-in:credentials:secret", "acme-admin-secret",
            ]);

        for (var attempt = 0; attempt < 60 && !service.HasExited; attempt++)
        {
            if ((await executable.RunAsync("health", url)).Code == ExitCode.Done)
            {
                // It has made the database, so the rules can be read while it runs.
                (await executable.RunAsync("access", "export")).With(ExitCode.Done);
                return;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(500), TestContext.Current.CancellationToken);
        }

        Assert.Fail(service.HasExited ? service.Output : "The service did not become ready.");
    }

    [Fact]
    public async Task Health_ends_with_1_where_nothing_listens()
    {
        await using var executable = await Executable.CreateAsync(isMigrated: false);

        var ended = (await executable.RunAsync("health", $"http://127.0.0.1:{FreePort.Find()}")).With(ExitCode.Failed);

        Assert.Contains("does not answer", ended.Errors, StringComparison.Ordinal);
    }
}
