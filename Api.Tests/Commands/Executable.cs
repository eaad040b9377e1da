using Api.Tests.Delivery;
using Api.Tests.Infrastructure;
using Dapper;
using KeycloakAccess.Data;

namespace Api.Tests.Commands;

/// <summary>The real executable, in a folder of its own, beside a database that a service has brought up to date.</summary>
internal sealed class Executable : IAsyncDisposable
{
    /// <summary>The settings of the realm whose accounts are meant. It is not called.</summary>
    public static readonly Dictionary<string, string> RealmSettings = new(StringComparer.Ordinal)
    {
        ["Keycloak__AuthServerUrl"] = "https://sso.example.com/",
        ["Keycloak__Realm"] = "acme",
        ["Keycloak__Resource"] = "acme-api",
        ["Keycloak__SignIn__Resource"] = "acme-admin",
        ["Keycloak__SignIn__Credentials__Secret"] = "secret",
    };

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly string _program;
    private readonly TestDatabase? _database;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("api-command-");

    private Executable(TestDatabase database, string program)
        : this(database.ConnectionString, program) => _database = database;

    private Executable(string connectionString, string program) => (ConnectionString, _program) = (connectionString, program);

    public string ConnectionString { get; }

    public string Folder => _folder.FullName;

    public static async Task<Executable> CreateAsync(
        DatabaseEngine engine = DatabaseEngine.Sqlite, bool isMigrated = true, string program = "Api.dll") =>
        new(isMigrated ? await TestDatabase.CreateMigratedAsync(engine) : await TestDatabase.CreateAsync(engine), program);

    /// <summary>Beside a service that uses the same database, which stays when this is disposed.</summary>
    public static Executable Beside(string connectionString, string program = "Api.dll") => new(connectionString, program);

    public string PathOf(string file) => Path.Combine(Folder, file);

    /// <summary>Runs it to its end. Production, and no Keycloak: unless a test says otherwise, the database is all there is.</summary>
    public Task<Ended> RunAsync(params string[] arguments) =>
        RunAsync(new Dictionary<string, string>(StringComparer.Ordinal), input: null, arguments);

    public Task<Ended> RunWithInputAsync(string input, params string[] arguments) =>
        RunAsync(new Dictionary<string, string>(StringComparer.Ordinal), input, arguments);

    public async Task<Ended> RunAsync(IReadOnlyDictionary<string, string> environment, string? input, params string[] arguments)
    {
        await using var process = Start(environment, input, arguments);
        var code = await process.ExitCodeAsync(Limit);
        return new Ended(code, process.StandardOutput, process.StandardError);
    }

    public ServiceProcess Start(IReadOnlyDictionary<string, string> environment, string? input, params string[] arguments)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal) { ["ConnectionStrings__Database"] = ConnectionString };
        foreach (var (name, value) in environment)
        {
            variables[name] = value;
        }

        return new ServiceProcess([Path.Combine(AppContext.BaseDirectory, _program), .. arguments], Folder, variables, input);
    }

    public async Task ExecuteAsync(string sql)
    {
        await using var database = OpenDatabase();
        await using var connection = await database.OpenToWriteAsync(TestContext.Current.CancellationToken);
        await connection.ExecuteAsync(sql);
    }

    public async Task<T?> QueryAsync<T>(string sql)
    {
        await using var database = OpenDatabase();
        await using var connection = await database.OpenToWriteAsync(TestContext.Current.CancellationToken);
        return await connection.QuerySingleAsync<T>(sql);
    }

    public async Task<IReadOnlyList<T>> ListAsync<T>(string sql)
    {
        await using var database = OpenDatabase();
        await using var connection = await database.OpenToWriteAsync(TestContext.Current.CancellationToken);
        return (await connection.QueryAsync<T>(sql)).AsList();
    }

    public async ValueTask DisposeAsync()
    {
        if (_database is not null)
        {
            await _database.DisposeAsync();
        }

        _folder.Delete(recursive: true);
    }

    private Database OpenDatabase() => Database.From(ConnectionString, Folder);
}

/// <summary>What an executable left: its exit code, and what it wrote.</summary>
internal sealed record Ended(int Code, string Output, string Errors)
{
    public Ended With(int code)
    {
        Assert.True(code == Code, $"Ended with {Code}.\n{Output}\n{Errors}");
        return this;
    }
}
