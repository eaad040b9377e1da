using System.Globalization;
using System.Text.Json;
using Api.Tests.Infrastructure;
using KeycloakAccess.Authentication;
using KeycloakAccess.Commands;
using KeycloakAccess.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Internal;

namespace Api.Tests.Delivery;

/// <summary>compose.yaml and Api/Dockerfile say the same as the code, the realm file and the tests' Keycloak.</summary>
public sealed class ComposeTests
{
    private const string RealmFile = "keycloak-realm/acme-realm.json";

    /// <summary>The options of Keycloak 26.7.3 that a development set-up has use for (kc.sh start --help-all), as variables.</summary>
    private static readonly string[] KeycloakOptionNames =
    [
        "KC_BOOTSTRAP_ADMIN_PASSWORD", "KC_BOOTSTRAP_ADMIN_USERNAME", "KC_CACHE", "KC_DB", "KC_HEALTH_ENABLED", "KC_HOSTNAME",
        "KC_HOSTNAME_BACKCHANNEL_DYNAMIC", "KC_HOSTNAME_STRICT", "KC_HTTP_ENABLED", "KC_HTTP_MANAGEMENT_PORT", "KC_HTTP_PORT",
    ];

    /// <summary>What its start script reads besides (kc.sh, JAVA_OPTS_KC_HEAP).</summary>
    private static readonly string[] StartScriptNames = ["JAVA_OPTS_KC_HEAP"];

    private readonly ComposeFile _compose = new();

    [Fact]
    public void Keycloak_is_the_version_that_the_contract_is_written_against() =>
        Assert.Equal(KeycloakUnderTest.Image, _compose.Text("services", "keycloak", "image"));

    [Fact]
    public void Keycloak_imports_the_one_realm_file_read_only_and_under_the_name_that_its_realm_demands()
    {
        var mount = Assert.Single(_compose.List("services", "keycloak", "volumes")).Split(':');

        Assert.Equal(["./" + RealmFile, $"/opt/keycloak/data/import/{Realm().GetProperty("realm").GetString()}-realm.json", "ro"], mount);
        Assert.True(File.Exists(Repository.PathOf(mount[0])));
        Assert.Equal(File.ReadAllBytes(RealmUnderTest.RealmFile), File.ReadAllBytes(Repository.PathOf(mount[0])));
        Assert.Contains("--import-realm", _compose.List("services", "keycloak", "command"), StringComparer.Ordinal);
    }

    [Fact]
    public void The_service_is_given_longer_to_end_than_it_takes()
    {
        var longest = Shutdown.DrainFor(new ShutdownOptions(), new HostingEnvironment { EnvironmentName = Environments.Production })
            + Shutdown.StopFor;
        var seconds = int.Parse(_compose.Text("services", "api", "stop_grace_period").TrimEnd('s'), CultureInfo.InvariantCulture);

        Assert.True(TimeSpan.FromSeconds(seconds) > longest, $"{seconds} seconds are not more than {longest}.");
    }

    [Fact]
    public void Every_port_is_bound_to_this_machine_alone()
    {
        var ports = _compose.Services.SelectMany(service => _compose.List("services", service, "ports")).ToList();

        Assert.NotEmpty(ports);
        Assert.All(ports, port => Assert.StartsWith("127.0.0.1:", port, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("5000", "8080")]
    [InlineData("15000", "18080")]
    public void Every_address_names_the_port_that_is_published_and_listened_on(string port, string keycloakPort)
    {
        var compose = port == "5000" ? _compose : new ComposeFile(("API_PORT", port), ("KEYCLOAK_PORT", keycloakPort));
        var keycloak = compose.Environment("keycloak");
        var (publishedKeycloakPort, keycloakTarget) = Published(compose, "keycloak");
        var (publishedPort, target) = Published(compose, "api");

        Assert.Equal((port, keycloakPort), (publishedPort, publishedKeycloakPort));
        Assert.Equal($"http://localhost:{keycloakPort}", keycloak["KC_HOSTNAME"]);
        Assert.Equal($"http://localhost:{keycloakPort}", compose.Environment("api")["Keycloak__AuthServerUrl"]);
        Assert.Equal(keycloak.GetValueOrDefault("KC_HTTP_PORT", "8080"), keycloakTarget);
        Assert.Equal($"http://keycloak:{keycloakTarget}", compose.Environment("api")["Keycloak__BackchannelUrl"]);

        Assert.Equal($"http://localhost:{port}", keycloak["ACME_API_URL"]);
        Assert.Equal($"http://api:{target}", keycloak["ACME_API_BACKCHANNEL_URL"]);
        Assert.Equal(Dockerfile.Instance.Environment["ASPNETCORE_HTTP_PORTS"], target);
        Assert.Equal(Dockerfile.Instance.Only("EXPOSE"), target);
        Assert.Contains("${ACME_API_URL:http://localhost:5000}", RealmText(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_service_reads_every_variable_that_it_is_given_and_trusts_the_realm_under_its_public_name()
    {
        var variables = _compose.Environment("api");
        var options = OptionsFrom(variables);

        // The reader refuses a key that it does not know, and the validator a set of them that cannot work.
        Assert.True(new KeycloakOptionsValidator().Validate(name: null, options) is { Succeeded: true } result, "The options are refused.");
        Assert.Equal(
            ["ASPNETCORE_ENVIRONMENT"],
            variables.Keys.Where(name => !name.StartsWith("Keycloak__", StringComparison.Ordinal)),
            StringComparer.Ordinal);
        Assert.Equal(
            $"{_compose.Environment("keycloak")["KC_HOSTNAME"]}/realms/{Realm().GetProperty("realm").GetString()}", options.Issuer);
        Assert.Equal("http://keycloak:8080/realms/acme/.well-known/openid-configuration", options.MetadataAddress);
        Assert.Equal("true", _compose.Environment("keycloak")["KC_HOSTNAME_BACKCHANNEL_DYNAMIC"]);
    }

    [Fact]
    public void A_variable_that_the_service_does_not_know_is_found_out()
    {
        var variables = new Dictionary<string, string>(
            _compose.Environment("api"), StringComparer.Ordinal)
        { ["Keycloak__BackchanelUrl"] = "http://keycloak:8080" };

        var exception = Assert.Throws<KeycloakConfigurationException>(() => OptionsFrom(variables));

        Assert.Contains("backchannel-url", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_service_and_its_sign_in_are_clients_of_the_realm_file()
    {
        var options = OptionsFrom(_compose.Environment("api"));
        var clients = Realm()
            .GetProperty("clients")
            .EnumerateArray()
            .ToDictionary(client => client.GetProperty("clientId").GetString()!, StringComparer.Ordinal);

        Assert.Contains(options.Resource, clients.Keys, StringComparer.Ordinal);
        Assert.True(clients[options.SignIn.Resource].GetProperty("standardFlowEnabled").GetBoolean());
        Assert.StartsWith(
            "${ACME_ADMIN_SECRET:", clients[options.SignIn.Resource].GetProperty("secret").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("another-secret")]
    public void Both_sides_get_the_same_secret(string? given)
    {
        var compose = given is null ? _compose : new ComposeFile(("ACME_ADMIN_SECRET", given));

        Assert.Equal(given ?? "acme-admin-secret", compose.Environment("keycloak")["ACME_ADMIN_SECRET"]);
        Assert.Equal(given ?? "acme-admin-secret", compose.Environment("api")["Keycloak__SignIn__Credentials__Secret"]);
    }

    [Fact]
    public void Every_variable_of_keycloak_is_one_of_its_options_or_a_placeholder_of_the_realm_file()
    {
        var realm = RealmText();
        var names = _compose.Environment("keycloak").Keys.ToList();

        Assert.All(names, name => Assert.True(
            name.StartsWith("KC_", StringComparison.Ordinal)
                ? KeycloakOptionNames.Contains(name, StringComparer.Ordinal)
                : StartScriptNames.Contains(name, StringComparer.Ordinal)
                    || realm.Contains("${" + name + ":", StringComparison.Ordinal)
                    || realm.Contains("${" + name + ",", StringComparison.Ordinal),
            $"{name} means nothing to Keycloak or to the realm file."));
    }

    [Fact]
    public void Keycloak_is_healthy_when_its_management_port_says_ready()
    {
        var test = _compose.List("services", "keycloak", "healthcheck", "test");

        Assert.Equal(["CMD", "bash", "-c"], test.Take(3), StringComparer.Ordinal);
        Assert.Contains(
            $"/dev/tcp/127.0.0.1/{_compose.Environment("keycloak").GetValueOrDefault("KC_HTTP_MANAGEMENT_PORT", "9000")} ",
            test[3],
            StringComparison.Ordinal);
        Assert.Contains("GET /health/ready HTTP/1.0", test[3], StringComparison.Ordinal);
        Assert.Contains("[[ $status ==", test[3], StringComparison.Ordinal);
        Assert.Equal("true", _compose.Environment("keycloak")["KC_HEALTH_ENABLED"]);
        Assert.Equal("service_healthy", _compose.Text("services", "api", "depends_on", "keycloak", "condition"));
    }

    [Fact]
    public void The_service_is_built_by_its_Dockerfile_and_keeps_its_data_in_a_volume()
    {
        Assert.Equal(".", _compose.Text("services", "api", "build", "context"));
        Assert.True(File.Exists(Repository.PathOf(_compose.Text("services", "api", "build", "dockerfile"))));

        var mount = Assert.Single(_compose.List("services", "api", "volumes")).Split(':');
        Assert.Contains(mount[0], _compose.Volumes, StringComparer.Ordinal);
        Assert.Equal($"Data Source={mount[1]}/api.db", Dockerfile.Instance.Environment["ConnectionStrings__Database"]);
        Assert.Contains(Dockerfile.Instance.FinalStage, instruction =>
            instruction.Name == "COPY" && instruction.Arguments == $"--from=build --chown=$APP_UID:$APP_UID /image/data {mount[1]}");
    }

    [Fact]
    public void The_service_writes_to_its_volume_and_to_memory_alone_and_holds_no_right_of_root()
    {
        Assert.Equal("true", _compose.Text("services", "api", "read_only"));
        Assert.Equal(["/tmp"], _compose.List("services", "api", "tmpfs"));
        Assert.Equal(["ALL"], _compose.List("services", "api", "cap_drop"));
        Assert.Equal(["no-new-privileges:true"], _compose.List("services", "api", "security_opt"));
    }

    [Fact]
    public void The_image_runs_as_an_ordinary_user()
    {
        // APP_UID is what Microsoft's images call the user that they bring for this.
        Assert.Equal("$APP_UID", Dockerfile.Instance.Only("USER"));
        Assert.StartsWith("mcr.microsoft.com/dotnet/aspnet:10.0", Dockerfile.Instance.Only("FROM"), StringComparison.Ordinal);
        Assert.DoesNotContain(
            Dockerfile.Instance.FinalStage.SkipWhile(instruction => instruction.Name != "USER"),
            instruction => instruction.Name is "RUN" or "COPY");
    }

    [Fact]
    public void The_image_asks_itself_whether_it_is_ready()
    {
        var check = Dockerfile.Instance.Only("HEALTHCHECK");
        var command = JsonSerializer.Deserialize<string[]>(check[(check.IndexOf("CMD ", StringComparison.Ordinal) + 4)..])!;

        Assert.Equal(JsonSerializer.Deserialize<string[]>(Dockerfile.Instance.Only("ENTRYPOINT")), command[..^1]);
        Assert.True(CommandLine.Read(command[^1..]) is { HasVerb: true, StandsAlone: true });
        Assert.Equal(["dotnet", "Api.dll"], command[..^1]);
    }

    [Fact]
    public void The_image_is_built_without_the_embedded_realm()
    {
        Assert.DoesNotContain(
            Dockerfile.Instance.All, instruction => instruction.Arguments.Contains("realm", StringComparison.OrdinalIgnoreCase));
        Assert.Contains(
            Dockerfile.Instance.All,
            instruction => instruction.Arguments.StartsWith("dotnet publish Api -c Release", StringComparison.Ordinal));

        // .dockerignore shuts everything out, then lets in what the Dockerfile copies.
        var ignore = Repository.Read(".dockerignore").Split('\n').Where(line => line.Length > 0 && !line.StartsWith('#')).ToList();
        Assert.Equal("*", ignore[0]);
        Assert.Contains("**/bin", ignore, StringComparer.Ordinal);
        Assert.Contains("**/obj", ignore, StringComparer.Ordinal);
        var copied = Dockerfile.Instance.All
            .Where(instruction => instruction.Name == "COPY" && !instruction.Arguments.StartsWith("--from", StringComparison.Ordinal))
            .SelectMany(instruction => instruction.Arguments.Split(' ')[..^1])
            .Select(path => path.Split('/')[0])
            .ToHashSet(StringComparer.Ordinal);
        Assert.Equal(
            copied.Order(StringComparer.Ordinal),
            ignore.Where(line => line.StartsWith('!')).Select(line => line[1..]).Order(StringComparer.Ordinal));
    }

    private static (string Host, string Container) Published(ComposeFile compose, string service)
    {
        var parts = Assert.Single(compose.List("services", service, "ports")).Split(':');
        return (parts[^2], parts[^1]);
    }

    // Two underscores are the environment's way to write the colon of a key.
    private static KeycloakOptions OptionsFrom(IReadOnlyDictionary<string, string> variables)
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(variables.ToDictionary(
                variable => variable.Key.Replace("__", ":", StringComparison.Ordinal),
                string? (variable) => variable.Value,
                StringComparer.Ordinal))
            .Build();
        var options = new KeycloakOptions();
        new KeycloakOptionsReader(configuration).Configure(options);
        return options;
    }

    private static string RealmText() => Repository.Read(RealmFile);

    private static JsonElement Realm() => JsonElement.Parse(RealmText());
}
