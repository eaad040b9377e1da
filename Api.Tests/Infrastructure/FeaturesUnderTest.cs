using System.Net.Http.Headers;
using System.Text.Json.Nodes;

namespace Api.Tests.Infrastructure;

/// <summary>A realm beside the acme realm, on a server that is under test; its file lies beside the contract tests.</summary>
public abstract class FurtherRealmUnderTest(RealmUnderTest server, string file) : RealmUnderTest
{
    public override Task<RealmWithClient> AddClientAsync(JsonObject client) =>
        throw new NotSupportedException("Clients are added to the acme realm.");

    public override Task<string?> TryImportAsync(string realm) => server.TryImportAsync(realm);

    protected override Task<Uri> ImportAsync(string realmFile) => server.ServeAsync(realmFile);

    protected override async Task StartServerAsync()
    {
        Url = await server.ServeAsync(Path.Combine(AppContext.BaseDirectory, "Realm", file));
    }

    protected override ValueTask StopServerAsync() => ValueTask.CompletedTask;
}

/// <summary>The realm of features-realm.json: what Keycloak can do and the acme realm does not need.</summary>
public sealed class FeaturesUnderTest(RealmUnderTest server) : FurtherRealmUnderTest(server, "features-realm.json")
{
    public override string Name => "features";

    public override string RedirectUriOf(string clientId) => $"https://client.example.test/{clientId}";

    /// <summary>An Authorization header with a bearer token.</summary>
    public static (string Name, string Value) Bearer(string token) =>
        ("Authorization", new AuthenticationHeaderValue("Bearer", token).ToString());
}

/// <summary>The realm of actions-realm.json: people who have something to do before they get to the client.</summary>
public sealed class ActionsUnderTest(RealmUnderTest server) : FurtherRealmUnderTest(server, "actions-realm.json")
{
    public override string Name => "actions";

    public override string RedirectUriOf(string clientId) => $"https://client.example.test/{clientId}";
}

/// <summary>The realm of flows-realm.json: clients with the implicit and the hybrid flow, and devices.</summary>
public sealed class FlowsUnderTest(RealmUnderTest server) : FurtherRealmUnderTest(server, "flows-realm.json")
{
    public override string Name => "flows";

    public override string RedirectUriOf(string clientId) => $"https://client.example.test/{clientId}";
}

/// <summary>The realm of sign-in-realm.json: authentication flows, each with a client of its name, and people with devices.</summary>
public sealed class SignInUnderTest(RealmUnderTest server) : FurtherRealmUnderTest(server, "sign-in-realm.json")
{
    public override string Name => "sign-in";

    public override string RedirectUriOf(string clientId) => $"https://client.example.test/{clientId}";
}

/// <summary>The realm of account-realm.json: people who look after their own accounts.</summary>
public sealed class AccountUnderTest(RealmUnderTest server) : FurtherRealmUnderTest(server, "account-realm.json")
{
    public override string Name => "account";

    public override string RedirectUriOf(string clientId) => $"https://client.example.test/{clientId}";
}

/// <summary>
/// The realm of unusual-realm.json, in which everything is unlike the acme realm: names with capitals, spaces, slashes and
/// percent signs, scopes and mappers of its own, fixed keys, and what most files leave out or have.
/// </summary>
public sealed class UnusualUnderTest(RealmUnderTest server) : FurtherRealmUnderTest(server, "unusual-realm.json")
{
    public const string Kitchen = "Küche: API/v1";
    public const string Page = "https://spa.example.test/app";
    public const string Office = "Büro 100% Web";

    public override string Name => "Welt's Größe 100%";

    public override string RedirectUriOf(string clientId) => clientId switch
    {
        Page => "https://spa.example.test/app/x",
        Office => "https://client.example.test/b%C3%BCro",
        _ => throw new ArgumentOutOfRangeException(nameof(clientId), clientId, "This client signs nobody in."),
    };

    /// <summary>The client's secret; null for the public ones.</summary>
    public static string? Secret(string clientId) => clientId switch
    {
        Kitchen => "Geheim: 100% & mehr+ü",
        Office => "büro",
        "Nacht-Dienst" => "nacht",
        "urn:example:Dienst" => "dienst",
        "Alles Anders" => "anders",
        _ => null,
    };
}
