using Api.Tests.Commands;
using Api.Tests.Infrastructure;
using Dapper;
using KeycloakAccess.Data;

namespace Api.Tests.Permissions;

/// <summary>
/// A setting or a group that names what does not exist ends the start: in a few lines, with the nearest name, exit code 1
/// and no stack trace.
/// </summary>
public sealed class NamesAtTheStartTests
{
    [Theory]
    [InlineData("boook", "Permissions:RequireScopesFor names the model boook, which does not exist. Did you mean book?")]
    [InlineData("warehouse", "Permissions:RequireScopesFor names the model warehouse, which does not exist. Known: access, ")]
    public async Task A_setting_that_names_an_unknown_model(string model, string expected) =>
        await AssertEndsAsync(
            "Data Source=api.db",
            [expected],
            ("Permissions__RequireScopesFor__0", "book"), ("Permissions__RequireScopesFor__1", model));

    [Theory]
    [InlineData("Permissions__RequireScope", "true", "RequireScope")]
    [InlineData("Permissions__RequireScopes", "perhaps", "RequireScopes")]
    public async Task A_setting_that_does_not_exist_or_is_of_another_type(string name, string value, string expected) =>
        await AssertEndsAsync("Data Source=api.db", [expected], (name, value));

    [Theory]
    [InlineData("book:veiw", false, "Group book-readers: The permission book:veiw does not exist. Did you mean book:view?")]
    [InlineData("book:veiw", true, "Group book-readers: The permission book:veiw does not exist. Did you mean book:view?")]
    [InlineData("*:view", true, "Group book-readers: \"*:view\" is not of the form model:action")]
    [InlineData("book:v*", false, "Group book-readers: \"book:v*\" is not of the form model:action")]
    [InlineData("warehouse:open", false, "Group book-readers: The permission warehouse:open does not exist. Models are access, ")]
    public async Task A_group_that_names_an_unknown_permission_granted_or_denied(string permission, bool denied, string expected)
    {
        foreach (var engine in denied ? Engines() : [DatabaseEngine.Sqlite])
        {
            await using var place = await TestDatabase.CreateMigratedAsync(engine);
            await WriteAsync(place, permission, denied);

            // Every mistake is told at once, and so is the way out.
            await AssertEndsAsync(
                place.ConnectionString, [expected, "Group staff: The permission admin:look does not exist.", "\"access export\""]);
        }
    }

    private static IEnumerable<DatabaseEngine> Engines() => string.IsNullOrEmpty(Environment.GetEnvironmentVariable("TEST_POSTGRES"))
        ? [DatabaseEngine.Sqlite]
        : [DatabaseEngine.Sqlite, DatabaseEngine.PostgreSql];

    private static async Task WriteAsync(TestDatabase place, string permission, bool denied)
    {
        var cancel = TestContext.Current.CancellationToken;
        await using var database = Database.From(place.ConnectionString, AppContext.BaseDirectory);
        await using var connection = await database.OpenToWriteAsync(cancel);
        await connection.ExecuteAsync(
            """
            INSERT INTO group_permissions (group_id, permission, denied)
            SELECT id, @permission, @denied FROM groups WHERE name = 'book-readers';
            INSERT INTO group_permissions (group_id, permission) SELECT id, 'admin:look' FROM groups WHERE name = 'staff'
            """,
            new { permission, denied });
    }

    private static async Task AssertEndsAsync(string connectionString, string[] expected, params (string Name, string Value)[] settings)
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["ASPNETCORE_ENVIRONMENT"] = "Production",
            ["ASPNETCORE_URLS"] = "http://127.0.0.1:0",
            // A realm is not needed to see the mistake.
            ["Keycloak__auth-server-url"] = "http://localhost:1",
            ["Keycloak__realm"] = "acme",
            ["Keycloak__resource"] = "acme-api",
            ["Keycloak__sign-in__resource"] = "acme-admin",
            ["Keycloak__sign-in__credentials__secret"] = "secret",
        };
        foreach (var (name, value) in settings)
        {
            environment[name] = value;
        }

        await using var executable = Executable.Beside(connectionString);
        var ended = await executable.RunAsync(environment, input: null);

        var output = ended.Output + ended.Errors;
        Assert.Equal(1, ended.Code);
        Assert.All(expected, text => Assert.Contains(text, output, StringComparison.Ordinal));
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
        Assert.DoesNotContain("Unhandled exception", output, StringComparison.Ordinal);
    }
}
