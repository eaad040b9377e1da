using Microsoft.AspNetCore.StaticAssets;

namespace KeycloakAccess.Hosting;

// Published, an address holds a fingerprint of the file: browsers keep it for a year (RFC 8246) and still see a change at once.
internal sealed class Assets(EndpointDataSource endpoints)
{
    private readonly Lazy<Dictionary<string, string>> _paths = new(() => endpoints.Endpoints
        .Select(endpoint => endpoint.Metadata.GetMetadata<StaticAssetDescriptor>())
        .OfType<StaticAssetDescriptor>()
        .Where(file => file.Selectors.Count == 0)
        .Select(file => (file.Route, Label: file.Properties.FirstOrDefault(property => property.Name == "label")?.Value))
        .Where(file => file.Label is not null)
        .ToDictionary(file => $"/{file.Label}", file => $"/{file.Route}", StringComparer.Ordinal));

    public string this[string path] => _paths.Value.GetValueOrDefault(path, path);
}

internal static class AssetSetup
{
    // The framework would map the files of a build with an endpoint for every path, which turns each 405 into a 404.
    private static bool IsPublished(WebApplication app) =>
        !File.Exists(Path.Combine(AppContext.BaseDirectory, $"{app.Environment.ApplicationName}.staticwebassets.runtime.json"));

    public static void AddAssets(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<Assets>();
        // Before they are published; by itself the framework does so in Development only.
        builder.WebHost.UseStaticWebAssets();
    }

    public static void UseAssets(this WebApplication app)
    {
        if (!IsPublished(app))
        {
            app.UseStaticFiles();
        }
    }

    public static void MapAssets(this WebApplication app)
    {
        if (IsPublished(app))
        {
            app.MapStaticAssets().AllowAnonymous().ShortCircuit();
        }
    }
}
