using Microsoft.AspNetCore.StaticAssets;

namespace KeycloakAccess.Hosting;

/// <summary>
/// The addresses of the files of <c>wwwroot</c>. Each holds a fingerprint of its content, so that browsers keep it for a year
/// (RFC 8246) and still see a change at once. Run from its sources it does not, and a file may be changed meanwhile.
/// </summary>
/// <param name="endpoints">All endpoints, those of the files among them.</param>
internal sealed class Assets(EndpointDataSource endpoints)
{
    private readonly Lazy<Dictionary<string, string>> _paths = new(() => endpoints.Endpoints
        .Select(endpoint => endpoint.Metadata.GetMetadata<StaticAssetDescriptor>())
        .OfType<StaticAssetDescriptor>()
        .Where(file => file.Selectors.Count == 0)
        .Select(file => (file.Route, Label: file.Properties.FirstOrDefault(property => property.Name == "label")?.Value))
        .Where(file => file.Label is not null)
        .ToDictionary(file => $"/{file.Label}", file => $"/{file.Route}", StringComparer.Ordinal));

    /// <returns>The address that a page has for the file at <paramref name="path"/>.</returns>
    public string this[string path] => _paths.Value.GetValueOrDefault(path, path);
}

/// <summary>Serves the files. Nobody is asked who they are for one: it is answered before sessions and tokens are looked at.</summary>
internal static class AssetSetup
{
    // Beside a build, not beside what is published. The framework would map such a build's files with an endpoint that takes any
    // path, and 405 would be 404.
    private static bool IsPublished(WebApplication app) =>
        !File.Exists(Path.Combine(AppContext.BaseDirectory, $"{app.Environment.ApplicationName}.staticwebassets.runtime.json"));

    public static void AddAssets(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<Assets>();
        // Where they lie before they are published. The framework by itself looks there in Development only.
        builder.WebHost.UseStaticWebAssets();
    }

    /// <summary>Files as they lie in their folder.</summary>
    public static void UseAssets(this WebApplication app)
    {
        if (!IsPublished(app))
        {
            app.UseStaticFiles();
        }
    }

    /// <summary>Files as they were published: compressed, and under addresses with a fingerprint.</summary>
    public static void MapAssets(this WebApplication app)
    {
        if (IsPublished(app))
        {
            app.MapStaticAssets().AllowAnonymous().ShortCircuit();
        }
    }
}
