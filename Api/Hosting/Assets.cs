using Microsoft.AspNetCore.StaticAssets;

namespace Api.Hosting;

/// <summary>
/// The files of <c>wwwroot</c>, compressed when they were built. The address of each holds a fingerprint of its content, so that
/// browsers keep it for a year (RFC 8246) and still see a change at once.
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

    /// <returns>The address that holds the fingerprint.</returns>
    /// <exception cref="KeyNotFoundException">There is no such file.</exception>
    public string this[string path] => _paths.Value[path];
}

/// <summary>Serves the files.</summary>
internal static class AssetSetup
{
    public static void AddAssets(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<Assets>();
        // Where they lie before they are published. The framework by itself looks there in Development only.
        builder.WebHost.UseStaticWebAssets();
    }

    /// <summary>Nobody is asked who they are for a file: it is answered before sessions and tokens are looked at.</summary>
    public static void MapAssets(this WebApplication app)
    {
        var anonymous = app.MapGroup("").AllowAnonymous().ExcludeFromDescription();
        anonymous.ShortCircuit();
        anonymous.MapStaticAssets();
    }
}
