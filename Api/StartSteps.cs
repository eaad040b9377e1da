using Api.Data;
using Api.Keycloak;
using Microsoft.Extensions.Options;

namespace Api;

/// <summary>What happens between building the application and serving it.</summary>
internal static class StartSteps
{
    /// <summary>Checks the configuration before anything else, then brings the database up to date.</summary>
    public static async Task MigrateAsync(this WebApplication app) =>
        await app.Services.GetRequiredService<Migrator>().MigrateAsync(app.Lifetime.ApplicationStopping);

    /// <summary>Keycloak's origin, as browsers know it.</summary>
    public static string RealmOrigin(this WebApplication app) =>
        new Uri(app.Services.GetRequiredService<IOptions<KeycloakOptions>>().Value.AuthServerUrl).GetLeftPart(UriPartial.Authority);
}
