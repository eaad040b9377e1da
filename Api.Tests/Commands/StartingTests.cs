using System.Text.Json.Nodes;
using Api.Development;
using Api.Tests.Delivery;
using Api.Tests.Infrastructure;
using KeycloakAccess.Authentication;
using KeycloakAccess.Commands;
using KeycloakRealm;

namespace Api.Tests.Commands;

/// <summary>Starts that end at once say what to do.</summary>
public sealed class StartingTests
{
    [Fact]
    public async Task A_start_in_another_folder_says_that_there_are_no_settings()
    {
        await using var executable = await Executable.CreateAsync(isMigrated: false);

        var verb = (await executable.RunAsync(Environment(("ConnectionStrings__Database", "")), input: null, "access", "export"))
            .With(ExitCode.Failed);
        var service = (await executable.RunAsync("--urls", "http://127.0.0.1:0")).With(1);

        Assert.Contains("ConnectionStrings:Database is missing.", verb.Errors, StringComparison.Ordinal);
        Assert.Contains($"There is no appsettings.json in {executable.Folder}", verb.Errors, StringComparison.Ordinal);
        Assert.Contains("Keycloak:auth-server-url is missing.", service.Errors, StringComparison.Ordinal);
        Assert.Contains($"There is no appsettings.json in {executable.Folder}", service.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Acounts__EnabledByDefault", "Acounts (in the environment) is not a known setting: did you mean Accounts?")]
    [InlineData("ConnectionStrings__Databse", "ConnectionStrings:Databse (in the environment) is not a known setting")]
    [InlineData("ASPNETCORE_Proxy__0", "Proxy (in the environment) is not a known setting: did you mean Proxies?")]
    public async Task A_name_that_nobody_knows_ends_the_service_and_a_verb(string variable, string expected)
    {
        await using var executable = await Executable.CreateAsync();
        foreach (var arguments in new string[][] { ["access", "export"], ["--urls", "http://127.0.0.1:0"] })
        {
            var ended = (await executable.RunAsync(Environment((variable, "x")), input: null, arguments)).With(1);

            Assert.Contains(expected, ended.Errors, StringComparison.Ordinal);
            Assert.DoesNotContain("   at ", ended.Errors, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("Ulr", "http://localhost:1", "EmbeddedRealm:Ulr (in the environment) is not a known setting: did you mean Url?")]
    [InlineData("RealmFile", "nowhere.json", "nowhere.json")]
    [InlineData("RealmFile", "realm.json", "The realm file ", "realm.json has no client acme-admin. Add the client through which staff")]
    public async Task What_is_wrong_with_the_embedded_realm_is_said(string key, string value, params string[] expected)
    {
        await using var executable = await Executable.CreateAsync();
        var realm = JsonNode.Parse(Repository.Read("keycloak-realm", "acme-realm.json"))!;
        var clients = realm["clients"]!.AsArray();
        clients.RemoveAll(client => client!["clientId"]!.GetValue<string>() == "acme-admin");
        await File.WriteAllTextAsync(executable.PathOf("realm.json"), realm.ToJsonString(), TestContext.Current.CancellationToken);

        var ended = (await executable.RunAsync(
            Environment(
                ("ASPNETCORE_ENVIRONMENT", "Development"),
                ("EmbeddedRealm__Url", $"http://localhost:{FreePort.Find()}"),
                ($"EmbeddedRealm__{key}", value)),
            input: null,
            "--urls",
            "http://127.0.0.1:0")).With(1);

        Assert.All(expected, text => Assert.Contains(text, ended.Errors, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("http://0.0.0.0:5000", "http://localhost:5000")]
    [InlineData("http://*:5000", "http://localhost:5000")]
    [InlineData("http://+:80", "http://localhost")]
    [InlineData("http://[::]:5000", "http://localhost:5000")]
    [InlineData("https://*:443", "https://localhost")]
    [InlineData("http://localhost:5000/", "http://localhost:5000")]
    [InlineData("http://127.0.0.1:5000", "http://127.0.0.1:5000")]
    [InlineData("http://[::1]:5000", "http://[::1]:5000")]
    [InlineData(" http://example.test:8080/base", "http://example.test:8080")]
    [InlineData("http://*:0", null)]
    [InlineData("http://unix:/tmp/api.sock", null)]
    [InlineData("nonsense", null)]
    [InlineData("", null)]
    [InlineData(null, null)]
    public void What_listens_on_all_addresses_is_reached_as_localhost(string? bound, string? expected) =>
        Assert.Equal(expected, BoundAddress.ReachableFrom(bound));

    [Fact]
    public void The_clients_are_those_that_are_named_or_the_only_ones_that_can_be_meant()
    {
        var api = Client("shop-api");
        var web = Client("shop-web") with { StandardFlowEnabled = true };
        var other = Client("shop-desk") with { StandardFlowEnabled = true };

        Assert.Equal("shop-api", new RealmClients([api, web], "f").FindResource(configured: null));
        Assert.Equal("shop-web", new RealmClients([api, web], "f").FindSignIn(configured: null).ClientId);
        Assert.Equal("shop-desk", new RealmClients([api, web, other], "f").FindSignIn("shop-desk").ClientId);
        Assert.Equal("acme-admin", new RealmClients([web, web with { ClientId = "acme-admin" }], "f").FindSignIn(null).ClientId);

        AssertRefused([api, web, other], null, "has no client acme-admin.", "It may be shop-web, shop-desk.", "Keycloak:sign-in:resource");
        AssertRefused([api], null, "No client of the file is one.");
        AssertRefused([api, web], "shop-wbe", "has no client shop-wbe.", "It may be shop-web.");
        AssertRefused([web with { Enabled = false }], "shop-web", "it is disabled");
        AssertRefused([web with { PublicClient = true, Secret = null }], "shop-web", "it is public");
        AssertRefused([web with { StandardFlowEnabled = false }], "shop-web", "standardFlowEnabled");
        AssertRefused([web with { Secret = null }], "shop-web", "it has no secret");
    }

    private static void AssertRefused(RealmClient[] clients, string? configured, params string[] expected)
    {
        var refused = Assert.Throws<KeycloakConfigurationException>(() => new RealmClients(clients, "f.json").FindSignIn(configured));
        Assert.Contains("f.json", refused.Message, StringComparison.Ordinal);
        Assert.All(expected, text => Assert.Contains(text, refused.Message, StringComparison.Ordinal));
    }

    private static RealmClient Client(string id) =>
        new(id, Secret: "s", Name: null, Enabled: true, PublicClient: false, ServiceAccountsEnabled: false);

    private static Dictionary<string, string> Environment(params (string Name, string Value)[] variables) =>
        variables.ToDictionary(variable => variable.Name, variable => variable.Value, StringComparer.Ordinal);
}
