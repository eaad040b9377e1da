using Api.Tests.Admin;
using Api.Tests.Clients;
using Api.Tests.Commands;
using Api.Tests.Delivery;
using Api.Tests.Infrastructure;
using Api.Tests.Realm;
using Api.Tests.Wire;
using Xunit.Sdk;
using Xunit.v3;

[assembly: TestCollectionOrderer(typeof(LongestFirst))]

namespace Api.Tests.Infrastructure;

/// <summary>Starts first what takes longest, so that no core waits at the end for the other.</summary>
public sealed class LongestFirst : ITestCollectionOrderer
{
    private static readonly string[] Long =
    [
        KeycloakCollection.Name, ContainerEngine.Collection, nameof(EveryPageOnEmbeddedRealmTests), nameof(KeycloakImportTests),
        nameof(PublishedOutputTests), nameof(AccessCommandOnSqliteTests), nameof(StaffTasksOnEmbeddedRealmTests),
        nameof(KeycloakWireTests), nameof(KeycloakClientKeysTests), nameof(KeycloakKeycloakConnectTests),
        nameof(EmbeddedKeycloakConnectTests), nameof(KeycloakExpiryTests), nameof(KeycloakRefreshTests), nameof(PackagesTests),
    ];

    public IReadOnlyCollection<TTestCollection> OrderTestCollections<TTestCollection>(IReadOnlyCollection<TTestCollection> testCollections)
        where TTestCollection : ITestCollection =>
        [.. testCollections.OrderBy(Rank)];

    private static int Rank<TTestCollection>(TTestCollection collection)
        where TTestCollection : ITestCollection
    {
        var rank = Array.FindIndex(Long, name => collection.TestCollectionDisplayName.Contains(name, StringComparison.Ordinal));
        return rank < 0 ? Long.Length : rank;
    }
}
