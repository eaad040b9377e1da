using System.Net.Http.Headers;
using System.Text.Json.Nodes;

namespace Api.Tests.Infrastructure;

/// <summary>The realm of features-realm.json on a server that is under test: what Keycloak can do and the acme realm does not need.</summary>
public sealed class FeaturesUnderTest(RealmUnderTest server) : RealmUnderTest
{
    private static readonly string FeaturesFile = Path.Combine(AppContext.BaseDirectory, "Realm", "features-realm.json");

    public override string Name => "features";

    public override string RedirectUriOf(string clientId) => $"https://client.example.test/{clientId}";

    public override Task<ShortLives> ShortenLivesAsync(string clientId) => throw new NotSupportedException("Lives are shortened in the acme realm.");

    public override Task<RealmWithClient> AddClientAsync(JsonObject client) => throw new NotSupportedException("Clients are added to the acme realm.");

    protected override Task<Uri> ImportAsync(string realmFile) => server.ServeAsync(realmFile);

    protected override async Task StartServerAsync()
    {
        Url = await server.ServeAsync(FeaturesFile);
    }

    protected override ValueTask StopServerAsync() => ValueTask.CompletedTask;

    /// <summary>An Authorization header with a bearer token.</summary>
    public static (string Name, string Value) Bearer(string token) => ("Authorization", new AuthenticationHeaderValue("Bearer", token).ToString());
}
