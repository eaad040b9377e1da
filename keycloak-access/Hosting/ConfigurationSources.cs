using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Primitives;

namespace KeycloakAccess.Hosting;

/// <summary>The sources of a configuration, each to be looked at alone.</summary>
internal static class ConfigurationSources
{
    public static IEnumerable<(IConfigurationProvider Provider, IConfiguration Alone)> Of(IConfiguration configuration) =>
        configuration is IConfigurationRoot root
            ? root.Providers.SelectMany(provider => provider is ChainedConfigurationProvider chained
                ? Of(chained.Configuration)
                : [(provider, new ConfigurationRoot([new Unwatched(provider)]))])
            : [];

    /// <summary>One source alone, which the application loads and disposes.</summary>
    private sealed class Unwatched(IConfigurationProvider provider) : IConfigurationProvider
    {
        public bool TryGet(string key, out string? value) => provider.TryGet(key, out value);

        public void Set(string key, string? value) => provider.Set(key, value);

        public IChangeToken GetReloadToken() => NullChangeToken.Singleton;

        public void Load()
        {
        }

        public IEnumerable<string> GetChildKeys(IEnumerable<string> earlierKeys, string? parentPath) =>
            provider.GetChildKeys(earlierKeys, parentPath);
    }
}
