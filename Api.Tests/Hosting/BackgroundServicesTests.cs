using System.Data.Common;
using System.Net;
using Api.Tests.Infrastructure;
using KeycloakAccess.Data;
using KeycloakAccess.Permissions;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Time.Testing;
using Npgsql;

namespace Api.Tests.Hosting;

/// <summary>No service in the background ends the host, whatever the database and the realm say, and each goes on afterwards.</summary>
public sealed class BackgroundServicesTests : HttpTests
{
    [Fact]
    public async Task Whatever_happens_to_them_all_of_them_go_on()
    {
        var clock = new FakeTimeProvider(DateTimeOffset.UtcNow);
        var source = new HostileSource();
        await using var realm = await ForgingRealm.StartAsync(
            clock,
            prepare: null,
            DatabaseEngine.Sqlite,
            services => services.AddSingleton(provider =>
            {
                source.Place = provider.GetRequiredService<IConfiguration>().GetConnectionString("Database")!;
                var file = new SqliteConnectionStringBuilder(source.Place).DataSource;
                return new Database(DatabaseEngine.Sqlite, source, $"SQLite {file}", clock: clock);
            }),
            mapEndpoints: null);
        var services = realm.Services.GetServices<IHostedService>().OfType<BackgroundService>().ToArray();
        Assert.True(services.Length >= 7, string.Join(", ", services.Select(service => service.GetType().Name)));
        Exception[] troubles =
        [
            new SqliteException("locked", 5), new SqliteException("broken", 11), new SqliteException("no table", 1),
            new PostgresException("deadlock", "ERROR", "ERROR", "40P01"), new PostgresException("gone", "FATAL", "FATAL", "57P01"),
            new NpgsqlException("no answer"), new TimeoutException(), new OperationCanceledException(), new TaskCanceledException(),
            new ObjectDisposedException("pool"), new InvalidOperationException(), new KeyNotFoundException(), new IOException(),
            new AggregateException(new InvalidOperationException()), new FormatException("text"), new NotSupportedException(),
        ];
        foreach (var trouble in troubles)
        {
            source.Trouble = trouble;
            Add(realm.Services);
            await AssertAllGoOnAsync();
        }

        source.Trouble = null;
        foreach (var nonsense in new[] { "", "[]", "null", "{\"issuer\":1}", "\0", new string('[', 5000) })
        {
            realm.Nonsense = nonsense;
            await AssertAllGoOnAsync();
        }

        realm.Nonsense = null;
        realm.IsDown = true;
        await AssertAllGoOnAsync();
        realm.IsDown = false;
        await AssertAllGoOnAsync();
        Assert.Equal(HttpStatusCode.OK, (await realm.NewClient(realm.Mint()).GetAsync("/api/me", Cancel)).StatusCode);

        async Task AssertAllGoOnAsync()
        {
            for (var i = 0; i < 4; i++)
            {
                clock.Advance(TimeSpan.FromMinutes(30));
                await Task.Delay(20, Cancel);
            }

            Assert.All(services, service => Assert.False(service.ExecuteTask!.IsCompleted, $"{service.GetType().Name} has ended"));
            Assert.False(realm.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping.IsCancellationRequested);
        }
    }

    private static void Add(IServiceProvider services)
    {
        services.GetRequiredService<RequestCounters>().CountInHour(RequestCounters.Allowed);
        services.GetRequiredService<LastSeenLog>().Add(Guid.NewGuid(), new LastSeen(DateTimeOffset.UtcNow));
    }

    private sealed class HostileSource : DbDataSource
    {
        public string Place { get; set; } = "";

        public Exception? Trouble { get; set; }

        public override string ConnectionString => Place;

        protected override DbConnection CreateDbConnection() => throw new NotSupportedException();

        protected override async ValueTask<DbConnection> OpenDbConnectionAsync(CancellationToken cancellationToken = default)
        {
            if (Trouble is { } trouble)
            {
                throw trouble;
            }

            var connection = new SqliteConnection(Place);
            await connection.OpenAsync(cancellationToken);
            connection.CreateCollation(Database.DecimalCollation, string.CompareOrdinal);
            return connection;
        }
    }
}
