using KeycloakAccess.Data;

namespace Api.Tests.Infrastructure;

/// <summary>
/// The application on the very port that the realm's redirect URIs and back-channel URL name, for what must reach it
/// over the network: a browser, and the realm itself. See <see cref="KeycloakCollection"/> for classes that use it.
/// </summary>
public sealed class ServedApi : IAsyncDisposable
{
    private readonly TestDatabase _database;
    private readonly ApiUnderTest.Factory _factory;

    private ServedApi(TestDatabase database, ApiUnderTest.Factory factory)
    {
        _database = database;
        _factory = factory;
    }

    public IServiceProvider Services => _factory.Services;

    public string Log => _factory.Lines.Text;

    public static async Task<ServedApi> StartAsync(RealmUnderTest realm, params (string Key, string? Value)[] settings)
    {
        await realm.StartAsync();
        var database = await TestDatabase.CreateMigratedAsync(DatabaseEngine.Sqlite);
        var factory = new ApiUnderTest.Factory([.. ApiUnderTest.Settings(realm, database.ConnectionString), .. settings])
        {
            ClosesConnections = true,
        };
        var port = new Uri(realm.ApiUrl).Port;
        await FreePort.WaitAsync(port, TestContext.Current.CancellationToken);
        factory.UseKestrel(port);
        factory.StartServer();
        return new(database, factory);
    }

    public async ValueTask DisposeAsync()
    {
        await _factory.DisposeAsync();
        await _database.DisposeAsync();
    }
}
