using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using KeycloakAccess;
using KeycloakAccess.Authentication;
using KeycloakAccess.Data;
using KeycloakAccess.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.EnvironmentVariables;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Api.Tests.Hosting;

/// <summary>What nobody reads ends the start, and so does what cannot be read; the variables of a machine are left alone.</summary>
public sealed class SettingsTests
{
    private const string Needed = """
        "ConnectionStrings": { "Database": "Data Source=nowhere/api.db" },
        "Keycloak": {
          "auth-server-url": "https://sso.example.com/", "realm": "acme", "resource": "acme-api",
          "sign-in": { "resource": "acme-admin", "credentials": { "secret": "s" } }
        }
        """;

    // What stands in the environment of a Linux, macOS or Windows machine, of a container, a build server and a cluster.
    private static readonly string[] OfMachines =
    [
        "PATH", "Path", "PATHEXT", "HOME", "USER", "LOGNAME", "SHELL", "PWD", "OLDPWD", "SHLVL", "TERM", "LANG", "LC_ALL", "LANGUAGE", "TZ",
        "EDITOR", "VISUAL", "PAGER", "MAIL", "HOSTNAME", "HOST", "DISPLAY", "COLORTERM", "LS_COLORS", "SSH_AUTH_SOCK", "XDG_RUNTIME_DIR",
        "TMPDIR", "TEMP", "TMP", "_", "__CF_USER_TEXT_ENCODING", "__INTELLIJ_COMMAND_HISTFILE__", "__VSCMD_PREINIT_PATH",
        "__GLX_VENDOR_LIBRARY_NAME", "ComSpec", "windir", "SystemRoot", "ProgramFiles", "ProgramFiles(x86)", "CommonProgramFiles",
        "APPDATA",
        "LOCALAPPDATA", "OneDrive", "DriverData", "OS", "NUMBER_OF_PROCESSORS", "PROCESSOR_ARCHITECTURE", "USERNAME", "USERDOMAIN",
        "USERPROFILE", "PUBLIC", "ALLUSERSPROFILE", "COMPUTERNAME", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy",
        "no_proxy", "ALL_PROXY", "PROXY", "ADMIN", "ADMIN_PASSWORD", "ACCOUNT", "ACCOUNTS", "AUDIT", "DATABASE", "DATABASE_URL", "DB_HOST",
        "REFERENCE", "PERMISSION", "PERMISSIONS", "KEYCLOAK", "KEYCLOAK_HOME", "KEYCLOAK_URL", "KEYCLOAK_ADMIN", "KEYCLOAK_ADMIN_PASSWORD",
        "KEYCLOAK_PORT", "KEYCLOAK_SERVICE_HOST", "KEYCLOAK_PORT_8080_TCP_ADDR", "KC_DB", "KC_HOSTNAME", "CORES", "CORE", "PORT", "PORTS",
        "URL", "BASE_PATH", "BASEPATH", "KUBERNETES_SERVICE_HOST", "KUBERNETES_PORT", "CI", "GITHUB_ACTIONS", "GITLAB_CI", "BUILD_NUMBER",
        "JAVA_HOME", "NODE_ENV", "NODE_OPTIONS", "NPM_CONFIG_PREFIX", "PYTHONPATH", "VIRTUAL_ENV", "GOPATH", "DOTNET_ROOT",
        "DOTNET_VERSION",
        "DOTNET_CLI_TELEMETRY_OPTOUT", "DOTNET_RUNNING_IN_CONTAINER", "DOTNET_gcServer", "ASPNETCORE_ENVIRONMENT", "ASPNETCORE_URLS",
        "ASPNETCORE_HTTP_PORTS", "ASPNET_VERSION", "NUGET_PACKAGES", "MSBUILDDISABLENODEREUSE", "OTEL_EXPORTER_OTLP_ENDPOINT",
        "OTEL_SERVICE_NAME", "APPLICATIONINSIGHTS_CONNECTION_STRING", "WEBSITE_SITE_NAME", "AWS_REGION", "AWS_ACCESS_KEY_ID",
        "AZURE_CLIENT_ID", "GOOGLE_APPLICATION_CREDENTIALS", "services__keycloak__http__0", "ConnectionStrings__cache",
        "GF_SECURITY_ADMIN_PASSWORD__FILE", "AIRFLOW__CORE__EXECUTOR", "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN",
        "Logging__LogLevel__Default", "Kestrel__Endpoints__Http__Url", "TEST_POSTGRES", "CHROMIUM_PATH", "POSTGRES_PASSWORD", "PGHOST",
    ];

    // Of every kind, where another kind is expected.
    private static readonly string[] WrongValues =
    [
        "\"maybe\"", "\"\"", "\" \"", "true", "-1", "99999999999999999999", "1.5", "[]", "[\"x\"]", "[{}]", "{}",
        "{ \"x\": \"y\" }", "null",
    ];

    [Theory]
    [InlineData("Acounts:EnabledByDefault", "Acounts", "did you mean Accounts?")]
    [InlineData("Accounts:EnabledByDefalt", "Accounts:EnabledByDefalt", "did you mean EnabledByDefault?")]
    [InlineData("Proxy:0", "Proxy", "did you mean Proxies?")]
    [InlineData("ConnectionStrings:Databse", "ConnectionStrings:Databse", "did you mean Database?")]
    [InlineData("ConectionStrings:Database", "ConectionStrings", "did you mean ConnectionStrings?")]
    [InlineData("AllowedHost", "AllowedHost", "did you mean AllowedHosts?")]
    [InlineData("Keyclok:realm", "Keyclok", "did you mean Keycloak?")]
    [InlineData("Audit:KepFor", "Audit:KepFor", "did you mean KeepFor?")]
    [InlineData("Permission:RequireScopes", "Permission", "did you mean Permissions?")]
    [InlineData("DataProtection:KeyFolder", "DataProtection:KeyFolder", "did you mean KeysFolder?")]
    [InlineData("Database:AlowNewer", "Database:AlowNewer", "did you mean AllowNewer?")]
    public void A_slip_is_found_in_a_file_and_in_the_environment(string key, string named, string expected)
    {
        var path = key.Split(':');
        JsonNode value = "x";
        foreach (var part in path.Reverse())
        {
            value = new JsonObject { [part] = value };
        }

        var inFile = Refusal(configuration => configuration.AddJsonStream(Stream(value.ToJsonString())));
        Assert.StartsWith($"{named} (", inFile, StringComparison.Ordinal);
        Assert.Contains(expected, inFile, StringComparison.Ordinal);
        var inEnvironment = Refusal(configuration => AddVariables(configuration, (string.Join("__", path), "x")));
        Assert.StartsWith($"{named} (in the environment) is not a known setting", inEnvironment, StringComparison.Ordinal);
        Assert.Contains(expected, inEnvironment, StringComparison.Ordinal);
        var onCommandLine = Refusal(configuration => configuration.AddCommandLine([$"--{key}", "x"]));
        Assert.StartsWith($"{named} (on the command line) is not a known setting", onCommandLine, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{ "Serilog": { "MinimumLevel": "Debug" } }""", "Serilog (in the configuration) is not a known setting")]
    [InlineData("""{ "ConnectionStrings": { "Invoices": "x" } }""", "ConnectionStrings:Invoices (in the configuration) is not a known")]
    [InlineData("""{ "Accounts": "yes" }""", "Accounts is \"yes\". It must be a section, with EnabledByDefault.")]
    [InlineData("""{ "Accounts": { "EnabledByDefault": [ true ] } }""", "Accounts:EnabledByDefault (in the configuration) must be one")]
    [InlineData("""{ "Permissions": { "RequireScopesFor": "book" } }""", "It must be a list: Permissions:RequireScopesFor:0,")]
    [InlineData("""{ "Permissions": { "RequireScopesFor": { "a": "book" } } }""", "Permissions:RequireScopesFor (in the configuration)")]
    [InlineData("""{ "AllowedHosts": [ "a.test" ] }""", "AllowedHosts (in the configuration) must be one value")]
    [InlineData("""{ "Accounts": { "EnabledByDefault": "maybe" } }""", "Accounts:EnabledByDefault is \"maybe\". It must be true or false.")]
    [InlineData("""{ "RateLimits": { "SignIns": -1 } }""", "RateLimits:SignIns is \"-1\". The field RateLimits:SignIns must be between 0")]
    [InlineData("""{ "Audit": { "KeepFor": "a year" } }""", "Audit:KeepFor is \"a year\". It must be a number of days, or d.hh:mm:ss.")]
    public void What_is_in_the_wrong_place_or_of_another_kind_is_said(string json, string expected) =>
        Assert.Contains(expected, Refusal(configuration => configuration.AddJsonStream(Stream(json))), StringComparison.Ordinal);

    [Theory]
    [InlineData("""{ "$schema": "https://json.schemastore.org/appsettings.json", "Logging": {}, "Kestrel": {}, "AllowedHosts": "*" }""")]
    [InlineData("""{ "Accounts": {}, "Proxies": [], "Permissions": { "RequireScopesFor": [] }, "Audit": { "KeepFor": "" } }""")]
    [InlineData("""{ "accounts": { "enabledbydefault": "True" }, "Permissions": { "RequireScopesFor": [ "book" ] } }""")]
    [InlineData("""{ "EmbeddedRealm": { "Url": "http://localhost:8090" } }""")]
    public void What_is_known_passes(string json) => Check(configuration => configuration.AddJsonStream(Stream(json)));

    [Fact]
    public void The_variables_of_a_machine_pass()
    {
        Check(configuration => AddVariables(configuration, [.. OfMachines.Select(name => (name, "x"))]));
        Check(configuration => configuration.AddEnvironmentVariables());
        Check(configuration => configuration.AddEnvironmentVariables("DOTNET_").AddEnvironmentVariables("ASPNETCORE_"));
    }

    [Fact]
    public void An_application_declares_what_it_reads_itself()
    {
        var json = """
            {
              "Lending": { "Days": 21, "Holidays": [ "2026-12-24" ], "Fines": { "PerDay": 0.5 } },
              "Serilog": { "MinimumLevel": { "Default": "Debug" } },
              "ConnectionStrings": { "Database": "Data Source=a.db", "Lending": "x" }
            }
            """;
        var services = Engine();
        services.AddSettings<Lending>("Lending");
        services.AddSettings("Serilog");
        services.AddSettings("ConnectionStrings", "Lending");
        var configuration = new ConfigurationBuilder().AddJsonStream(Stream(json)).Build();

        SettingsCheck.Run(configuration, SectionsOf(services), _ => true);

        using var provider = services.AddSingleton<IConfiguration>(configuration).BuildServiceProvider();
        var lending = provider.GetRequiredService<IOptions<Lending>>().Value;
        Assert.Equal(21, lending.Days);
        Assert.Equal([new DateOnly(2026, 12, 24)], lending.Holidays);
        Assert.Equal(0.5m, lending.Fines.PerDay);

        var wrong = new ConfigurationBuilder()
            .AddJsonStream(Stream("""{ "Lending": { "Days": "three", "Day": 1, "Fines": 2 } }""")).Build();
        var refused = Assert.Throws<OptionsValidationException>(() => SettingsCheck.Run(wrong, SectionsOf(services), _ => true));
        Assert.Equal(
            [
                "Lending:Day (in the configuration) is not a known setting: did you mean Days? Known in Lending: Days, Holidays, Fines.",
                "Lending:Days is \"three\". It must be a whole number that is not too large.",
                "Lending:Fines is \"2\". It must be a section, with PerDay.",
            ],
            refused.Failures.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_section_is_checked_before_there_are_services()
    {
        var configuration = new ConfigurationBuilder()
            .AddJsonStream(Stream("""{ "Lending": { "Dayz": 1 }, "Other": {} }""")).Build();

        var refused = Assert.Throws<OptionsValidationException>(() => configuration.ReadSettings<Lending>("Lending"));

        Assert.Contains("did you mean Days?", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("Other", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Whatever_stands_where_no_message_names_a_type_of_the_program()
    {
        string[] keycloak =
        [
            "auth-server-url", "backchannel-url", "proxy-url", "realm", "resource", "audience", "verify-token-audience", "ssl-required",
            "token-clock-skew", "token-algorithms", "enable-cors", "cors-max-age", "cors-allowed-methods", "cors-allowed-headers",
            "cors-exposed-headers", "sign-in", "sign-in:resource", "sign-in:credentials", "sign-in:credentials:secret",
            "sign-in:credentials:secret-file", "sign-in:session-lifetime", "credentials", "policy-enforcer", "truststore",
        ];
        var declared = SectionsOf(Engine());
        string[] keys =
        [
            .. declared.Select(section => section.Name),
            .. declared.Where(section => section.Name != KeycloakOptions.Section)
                .SelectMany(section => section.Keys.Where(key => key.Length > 0).Select(key => $"{section.Name}:{key.Replace('*', '0')}")),
            .. keycloak.Select(key => $"{KeycloakOptions.Section}:{key}"),
        ];
        var messages = new List<string>();
        foreach (var (key, value) in keys.SelectMany(key => WrongValues.Select(value => (key, value))))
        {
            var whole = JsonNode.Parse($"{{{Needed}}}", documentOptions: new JsonDocumentOptions { MaxDepth = 10 })!.AsObject();
            Put(whole, key, JsonNode.Parse(value));
            if (StartError(whole.ToJsonString()) is { } exception)
            {
                messages.Add($"{key} = {value}: {KeycloakAccess.StartError.Explain(exception) ?? exception.ToString()}");
            }
        }

        Assert.True(messages.Count > 100, $"Only {messages.Count} values were refused.");
        Assert.DoesNotContain(messages, message => Regex.IsMatch(
            message,
            @"System\.|KeycloakAccess\.|Npgsql|Sqlite[A-Z]|`\d|Exception|Nullable|\(Parameter|   at |Int32|TimeSpan|Annotation|Options",
            RegexOptions.None,
            TimeSpan.FromSeconds(10)));
    }

    private static Exception? StartError(string json)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.Configuration.Sources.Clear();
        builder.Configuration.AddJsonStream(Stream(json));
        builder.AddKeycloakAccess();
        try
        {
            using var app = builder.Build();
            app.UseKeycloakAccess();
            app.Services.GetRequiredService<IStartupValidator>().Validate();
            _ = app.Services.GetRequiredService<Database>();
            return null;
        }
#pragma warning disable CA1031 // Which one it is, is what is asked.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            return exception;
        }
    }

    private static void Put(JsonObject whole, string key, JsonNode? value)
    {
        var parts = key.Split(':');
        var place = whole;
        foreach (var part in parts[..^1])
        {
            place = (JsonObject)(place[part] ??= new JsonObject());
        }

        place[parts[^1] == "0" ? "0" : parts[^1]] = value;
    }

    private static IServiceCollection Engine()
    {
        var builder = WebApplication.CreateBuilder();
        builder.AddKeycloakAccess();
        return builder.Services;
    }

    private static SettingsSection[] SectionsOf(IServiceCollection services) =>
        [.. services.Select(service => service.ImplementationInstance).OfType<SettingsSection>()];

    private static void Check(Func<IConfigurationBuilder, IConfigurationBuilder> add) =>
        SettingsCheck.Run(add(new ConfigurationBuilder()).Build(), SectionsOf(Engine()), _ => true);

    private static string Refusal(Func<IConfigurationBuilder, IConfigurationBuilder> add) =>
        Assert.Single(Assert.Throws<OptionsValidationException>(() => Check(add)).Failures);

    private static IConfigurationBuilder AddVariables(
        IConfigurationBuilder configuration, params (string Name, string Value)[] variables) => configuration.Add(new Variables(variables));

    private static MemoryStream Stream(string json) => new(Encoding.UTF8.GetBytes(json));

    /// <summary>As the environment's variables come, which the tests of a process share.</summary>
    private sealed class Variables((string Name, string Value)[] variables)
        : EnvironmentVariablesConfigurationProvider, IConfigurationSource
    {
        public IConfigurationProvider Build(IConfigurationBuilder builder) => this;

        public override void Load()
        {
            foreach (var (name, value) in variables)
            {
                Data[name.Replace("__", ConfigurationPath.KeyDelimiter, StringComparison.Ordinal)] = value;
            }
        }
    }

    private sealed class Lending
    {
        public int Days { get; set; } = 14;

        public IReadOnlyList<DateOnly> Holidays { get; set; } = [];

        public Fine Fines { get; set; } = new();
    }

    private sealed class Fine
    {
        public decimal PerDay { get; set; }
    }
}
