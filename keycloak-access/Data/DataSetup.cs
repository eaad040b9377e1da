using Dapper;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace KeycloakAccess.Data;

internal static class DataSetup
{
    public static void AddData(this IServiceCollection services)
    {
        DapperTypes.Register();
        services.AddSingleton(provider => Database.From(
            provider.GetRequiredService<IConfiguration>().GetConnectionString("Database"),
            provider.GetRequiredService<IHostEnvironment>().ContentRootPath));
        services.AddSingleton<Migrator>();
        services.AddSingleton<SchemaCheck>();
        services.AddSingleton<AuditTrail>();
        services.AddSingleton<RefusalTrail>();
        services.AddHostedService(provider => provider.GetRequiredService<RefusalTrail>());
        services.AddSingleton<ActivityMeter>();
        services.AddHostedService(provider => provider.GetRequiredService<ActivityMeter>());
        services.AddSingleton<ActivityStore>();
        services.AddHealthChecks().AddCheck<Check>("database");
    }

    private sealed class Check(Database database) : IHealthCheck
    {
        public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
        {
            await using var connection = await database.OpenAsync(cancellationToken);
            await connection.ExecuteScalarAsync<long>(new CommandDefinition("SELECT COUNT(*) FROM schema_migrations", cancellationToken: cancellationToken));
            return HealthCheckResult.Healthy();
        }
    }
}
