using System.Reflection;
using Dapper;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace KeycloakAccess.Data;

/// <summary>Adds an application's own migrations.</summary>
public static class DataSetup
{
    /// <summary>
    /// Adds the SQL files that are embedded in an assembly as <c>Migrations/Sqlite/*.sql</c> and <c>Migrations/PostgreSql/*.sql</c>. They
    /// are applied at start, in the order of their names, after those of the engine, each once and in a transaction of its own.
    /// </summary>
    /// <param name="services">The application's services.</param>
    /// <param name="assembly">
    /// The assembly, whose resources are named <c>Assembly.Migrations.Sqlite.0001_books.sql</c>. Its name is that of the history: it must
    /// stay what it is.
    /// </param>
    public static void AddMigrations(this IServiceCollection services, Assembly assembly)
    {
        ArgumentNullException.ThrowIfNull(assembly);
        services.AddSingleton(MigrationHistory.FromApplication(assembly));
    }

    internal static void AddData(this IServiceCollection services)
    {
        DapperTypes.Register();
        services.AddSingleton(provider => Database.From(
            provider.GetRequiredService<IConfiguration>().GetConnectionString("Database"),
            provider.GetRequiredService<IHostEnvironment>().ContentRootPath,
            provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<MigrationHistories>();
        services.AddSingleton<Migrator>();
        services.AddSingleton<SchemaCheck>();
        services.AddSingleton<AuditLog>();
        services.AddSingleton<SharedWrites>();
        services.AddBackgroundService<ChangeFeed>();
        services.AddBackgroundService<DeniedRequestLog>();
        services.AddBackgroundService<RequestCounters>();
        services.AddSingleton<RequestCounterStore>();
        services.AddHealthChecks().AddCheck<Check>("database");
    }

    internal static void AddBackgroundService<T>(this IServiceCollection services)
        where T : BackgroundService
    {
        services.AddSingleton<T>();
        services.AddHostedService(provider => provider.GetRequiredService<T>());
    }

    private sealed class Check(Database database) : IHealthCheck
    {
        public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
        {
            await using var connection = await database.OpenAsync(cancellationToken);
            await connection.ExecuteScalarAsync<long>(
                new CommandDefinition("SELECT COUNT(*) FROM schema_migrations", cancellationToken: cancellationToken));
            // It is still read then, and whoever only reads would lose that too if all instances were taken out of service.
            return await Database.IsReadOnlyAsync(connection, cancellationToken)
                ? HealthCheckResult.Degraded("The database is read-only.")
                : HealthCheckResult.Healthy();
        }
    }
}
