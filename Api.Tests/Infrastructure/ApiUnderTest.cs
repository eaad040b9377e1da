using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Api.Models.Books;
using KeycloakAccess.Authentication;
using KeycloakAccess.Data;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Api.Tests.Infrastructure;

/// <summary>
/// The whole application, with its real handlers, in front of one realm and one engine. Requests go over an in-memory
/// wire at the address that the realm knows; what the application asks the realm goes over the network.
/// </summary>
public abstract class ApiUnderTest : IAsyncDisposable
{
    private readonly Lazy<Task> _start;
    private readonly ConcurrentDictionary<string, Lazy<Task<string>>> _tokens = new(StringComparer.Ordinal);
    private readonly ConcurrentBag<IDisposable> _browsers = [];
    private TestDatabase? _database;
    private Factory? _factory;

    private readonly Func<ValueTask<RealmUnderTest>> _findRealm;
    private RealmUnderTest? _realm;

    private protected ApiUnderTest(RealmUnderTest realm, DatabaseEngine engine)
        : this(() => ValueTask.FromResult(realm), engine) => _realm = realm;

    /// <summary>In front of a realm that only a running test can name.</summary>
    private protected ApiUnderTest(Func<ValueTask<RealmUnderTest>> findRealm, DatabaseEngine engine)
    {
        _findRealm = findRealm;
        Engine = engine;
        _start = new(StartOnceAsync);
    }

    public RealmUnderTest Realm => _realm ?? throw new InvalidOperationException("The application has not been started.");

    internal DatabaseEngine Engine { get; }

    public IServiceProvider Services => _factory!.Services;

    public Uri BaseAddress => new(Realm.ApiUrl);

    public string ConnectionString => _database!.ConnectionString;

    /// <summary>What the application wrote to its log.</summary>
    public string Log => _factory!.Lines.Text;

    /// <summary>Starts the application once; skips the calling test if the realm or the engine is not there.</summary>
    public Task StartAsync() => _start.Value;

    /// <summary>A second application of other settings, on the same realm and the same database.</summary>
    public ApiVariant Variant(params (string Key, string? Value)[] settings) => new(NewFactory(settings), BaseAddress);

    /// <summary>A browser in front of a second application and the realm.</summary>
    public RealmBrowser NewBrowser(ApiVariant variant) => NewBrowser(variant.NewHandler());

    /// <summary>A browser in front of what answers for the application, and the realm.</summary>
    private protected RealmBrowser NewBrowser(HttpMessageHandler handler)
    {
        var browser = new RealmBrowser(Realm.Url, BaseAddress, handler);
        _browsers.Add(browser);
        return browser;
    }

    public HttpClient NewClient(string? token = null) => Client(_factory!, BaseAddress, token);

    /// <summary>A browser in front of the application and the realm.</summary>
    public RealmBrowser NewBrowser() => NewBrowser(_factory!.Server.CreateHandler());

    /// <summary>An access token of a service, used again for the first part of its life.</summary>
    public Task<string> TokenOfAsync(string clientId, string? scope = null) =>
        TokenAsync($"service {clientId} {scope}", async () => (await Realm.GetServiceTokenAsync(clientId, scope))["access_token"]);

    public async Task<HttpClient> ServiceAsync(string clientId, string? scope = null) => NewClient(await TokenOfAsync(clientId, scope));

    /// <summary>A client with the access token of a person, got through the browser application of the realm.</summary>
    public async Task<HttpClient> PersonAsync(string person, string scope = "openid") => NewClient(
        await TokenAsync($"person {person} {scope}", async () => (await Realm.SignInAsync("acme-spa", person, scope)).AccessToken));

    /// <summary>Signs a person in to the pages.</summary>
    public async Task<RealmBrowser> SignInAsync(string person)
    {
        var browser = NewBrowser();
        await browser.SignInAsync($"{Realm.ApiUrl}/account", person, person);
        return browser;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var browser in _browsers)
        {
            browser.Dispose();
        }

        if (_factory is not null)
        {
            await _factory.DisposeAsync();
        }

        if (_database is not null)
        {
            await _database.DisposeAsync();
        }

        GC.SuppressFinalize(this);
    }

    internal static HttpClient Client(WebApplicationFactory<Book> factory, Uri address, string? token)
    {
        var client = factory.CreateClient(new() { BaseAddress = address, AllowAutoRedirect = false, HandleCookies = false });
        client.DefaultRequestHeaders.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
        return client;
    }

    internal static IEnumerable<(string Key, string? Value)> Settings(RealmUnderTest realm, string connectionString) =>
    [
        // A watcher of settings for each application would use up what a system has of them.
        ("hostBuilder:reloadConfigOnChange", "false"),
        ("Shutdown:DrainFor", "00:00:00"),
        ("ConnectionStrings:Database", connectionString),
        ("Keycloak:auth-server-url", realm.Url.AbsoluteUri),
        ("Keycloak:realm", RealmUnderTest.RealmName),
        ("Keycloak:resource", "acme-api"),
        ("Keycloak:sign-in:resource", "acme-admin"),
        ("Keycloak:sign-in:credentials:secret", RealmUnderTest.SecretOf("acme-admin")),
    ];

    /// <summary>Adds to the application what only a test has, such as a model.</summary>
    private protected virtual void AddServices(IServiceCollection services)
    {
    }

    /// <summary>Settings of a test's own.</summary>
    private protected virtual IEnumerable<(string Key, string? Value)> MoreSettings => [];

    /// <summary>Prepares the database, which the migrations have been applied to, before the application starts.</summary>
    private protected virtual Task PrepareAsync(Database database) => Task.CompletedTask;

    // A token lives for five minutes, and a test may use one for longer than it takes to ask for another.
    private Task<string> TokenAsync(string name, Func<Task<string>> get) =>
        _tokens.GetOrAdd($"{name} {Environment.TickCount64 / 60_000}", _ => new(get)).Value;

    private Factory NewFactory(IEnumerable<(string Key, string? Value)> settings) =>
        new([.. Settings(Realm, _database!.ConnectionString), .. MoreSettings, .. settings]) { AddServices = AddServices };

    private async Task StartOnceAsync()
    {
        _realm ??= await _findRealm();
        await Realm.StartAsync();
        _database = await TestDatabase.CreateMigratedAsync(Engine);
        await using (var database = Database.From(_database.ConnectionString, AppContext.BaseDirectory))
        {
            await PrepareAsync(database);
        }

        _factory = NewFactory([]);
        _ = _factory.Server;
        await WaitForRealmAsync();
    }

    // The realm is reached in the background from the start on; a test begins when that is done.
    private async Task WaitForRealmAsync()
    {
        var metadata = Services.GetRequiredService<RealmMetadata>();
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                await metadata.GetConfigurationAsync(CancellationToken.None);
                return;
            }
            catch (RealmUnreachableException) when (attempt < 30)
            {
                // A busy machine: the realm did not answer in time.
                await Task.Delay(TimeSpan.FromSeconds(1));
            }
        }
    }

    /// <summary>The application with the settings of a test.</summary>
    internal sealed class Factory((string Key, string? Value)[] settings) : WebApplicationFactory<Book>
    {
        public LogLines Lines { get; } = new();

        /// <summary>
        /// Whether every connection is closed after one answer: Keycloak keeps those of its back channel, and loses the next
        /// logout token on one that leads to an application which has stopped meanwhile.
        /// </summary>
        public bool ClosesConnections { get; init; }

        /// <summary>A clock of the test's own.</summary>
        public TimeProvider? Clock { get; init; }

        /// <summary>Services of the test's own.</summary>
        public Action<IServiceCollection>? AddServices { get; init; }

        /// <summary>Endpoints of the test's own, for what no endpoint of the application does yet.</summary>
        public Action<IEndpointRouteBuilder>? MapEndpoints { get; init; }

        protected override void ConfigureWebHost(IWebHostBuilder builder)
        {
            foreach (var (key, value) in settings)
            {
                builder.UseSetting(key, value);
            }

            if (Clock is not null)
            {
                builder.ConfigureTestServices(services => services.AddSingleton(Clock));
            }

            if (AddServices is not null)
            {
                builder.ConfigureTestServices(AddServices);
            }

            if (ClosesConnections)
            {
                builder.ConfigureTestServices(services => services.AddSingleton<IStartupFilter>(new CloseConnections()));
            }

            if (MapEndpoints is not null)
            {
                builder.ConfigureTestServices(services => services.AddSingleton<IStartupFilter>(new MoreEndpoints(MapEndpoints)));
            }

            builder.ConfigureLogging(logging => logging.ClearProviders().AddProvider(Lines));
        }
    }
}

internal sealed class CloseConnections : IStartupFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use((context, following) =>
        {
            context.Response.Headers.Connection = "close";
            return following(context);
        });
        next(app);
    };
}

/// <summary>
/// Puts endpoints behind the application's own: a request that none of those takes has come through the whole pipeline, and
/// goes on to these with the application's authorization, problem details and all.
/// </summary>
internal sealed class MoreEndpoints(Action<IEndpointRouteBuilder> map) : IStartupFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        next(app);
        app.UseRouting();
        app.UseAuthorization();
        app.UseEndpoints(map);
    };
}

/// <summary>An application of other settings than the class's.</summary>
public sealed class ApiVariant : IAsyncDisposable
{
    private readonly ApiUnderTest.Factory _factory;
    private readonly Uri _address;

    internal ApiVariant(ApiUnderTest.Factory factory, Uri address)
    {
        _factory = factory;
        _address = address;
    }

    public IServiceProvider Services => _factory.Services;

    /// <summary>What the application wrote to its log.</summary>
    public string Log => _factory.Lines.Text;

    public HttpClient NewClient(string? token = null) => ApiUnderTest.Client(_factory, _address, token);

    /// <summary>Starts it on a port of this machine, in place of the in-memory wire.</summary>
    public int Listen()
    {
        var port = FreePort.Find();
        _factory.UseKestrel(port);
        _factory.StartServer();
        return port;
    }

    public HttpMessageHandler NewHandler() => _factory.Server.CreateHandler();

    public ValueTask DisposeAsync() => _factory.DisposeAsync();
}

/// <summary>In front of the realm that all classes share.</summary>
public abstract class ApiOnSharedRealm<TRealm> : ApiUnderTest
    where TRealm : RealmUnderTest
{
    private protected ApiOnSharedRealm(DatabaseEngine engine)
        : base(async () => (await TestContext.Current.GetFixture<TRealm>())!, engine)
    {
    }
}

public sealed class ApiOnEmbeddedRealm() : ApiOnSharedRealm<EmbeddedRealmUnderTest>(DatabaseEngine.Sqlite);

public sealed class ApiOnPostgreSql() : ApiOnSharedRealm<EmbeddedRealmUnderTest>(DatabaseEngine.PostgreSql);

public sealed class ApiOnKeycloak() : ApiOnSharedRealm<KeycloakUnderTest>(DatabaseEngine.Sqlite);

/// <summary>The base of tests over HTTP, whichever application answers.</summary>
public abstract class HttpTests
{
    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    protected static async Task<JsonElement> JsonAsync(HttpResponseMessage response) =>
        await response.Content.ReadFromJsonAsync<JsonElement>(Cancel);

    /// <summary>Every item of a list, page after page.</summary>
    protected static async Task<JsonElement[]> ListAsync(HttpClient client, string path, int limit = 100)
    {
        var items = new List<JsonElement>();
        for (string? after = ""; after is not null;)
        {
            var page = await client.GetFromJsonAsync<JsonElement>(
                $"{path}?limit={limit}" + (after.Length == 0 ? "" : $"&after={after}"), Cancel);
            items.AddRange(page.GetProperty("items").EnumerateArray());
            after = page.GetProperty("next").GetString();
        }

        return [.. items];
    }

    /// <summary>A body as it is written here.</summary>
    protected static StringContent JsonBody(string json) => new(json, Encoding.UTF8, "application/json");

    /// <summary>Problem details of the status, with the code.</summary>
    protected static async Task<JsonElement> AssertProblemAsync(HttpResponseMessage response, int status, string? code = null)
    {
        var text = await response.Content.ReadAsStringAsync(Cancel);
        Assert.True(status == (int)response.StatusCode, $"{(int)response.StatusCode}: {text}");
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        var problem = JsonElement.Parse(text);
        Assert.Equal(status, problem.GetProperty("status").GetInt32());
        Assert.True(problem.TryGetProperty("requestId", out _), text);
        if (code is not null)
        {
            Assert.Equal(code, problem.GetProperty("code").GetString());
            Assert.NotEmpty(problem.GetProperty("detail").GetString()!);
        }

        return problem;
    }

    protected static string Challenge(HttpResponseMessage response) =>
        string.Join(", ", response.Headers.WwwAuthenticate.Select(header => header.ToString()));

    /// <summary>The challenge for a bearer token, without the address of the metadata, which stands in each.</summary>
    protected static string BearerChallenge(HttpResponseMessage response)
    {
        Assert.Equal(["Bearer", "DPoP"], response.Headers.WwwAuthenticate.Select(header => header.Scheme).Order(StringComparer.Ordinal));
        Assert.All(response.Headers.WwwAuthenticate, header =>
            Assert.EndsWith("/.well-known/oauth-protected-resource\"", header.ToString(), StringComparison.Ordinal));
        return response.Headers.WwwAuthenticate.Single(header => header.Scheme == "Bearer").ToString().Split(", resource_metadata=")[0];
    }

    /// <summary>The account of a caller, by asking as that caller.</summary>
    protected static async Task<Guid> AccountIdAsync(HttpClient client) =>
        (await client.GetFromJsonAsync<JsonElement>("/api/me", Cancel)).GetProperty("accountId").GetGuid();
}

/// <summary>The base of the application's tests.</summary>
public abstract class ApiTests(ApiUnderTest api) : HttpTests, IAsyncLifetime
{
    protected ApiUnderTest Api => api;

    public ValueTask InitializeAsync() => new(api.StartAsync());

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }
}
