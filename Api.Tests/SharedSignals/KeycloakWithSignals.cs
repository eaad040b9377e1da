using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Api.Tests.Infrastructure;
using KeycloakAccess.Data;

namespace Api.Tests.SharedSignals;

/// <summary>A real Keycloak with the experimental feature <c>ssf</c>, which the realm acme transmits by.</summary>
public sealed class KeycloakWithSignals : KeycloakUnderTest
{
    public string TransmitterUrl => $"{Issuer}/ssf/transmitter";

    protected override string[] BuildOptions =>
    [
        "--features=ssf",
        "--spi-ssf-transmitter--default--outbox-drainer-interval=1s",
        "--spi-ssf-transmitter--default--allow-insecure-push-targets=true",
    ];

    protected override async Task StartServerAsync()
    {
        var home = Environment.GetEnvironmentVariable("KEYCLOAK_HOME");
        Assert.SkipWhen(
            string.IsNullOrEmpty(home), "No Keycloak that can be built with the feature ssf: set KEYCLOAK_HOME to a distribution.");
        await StartProcessAsync(home!);
        await AdministerAsync(HttpMethod.Put, "", new JsonObject
        {
            ["realm"] = RealmName,
            ["attributes"] = new JsonObject { ["ssf.transmitterEnabled"] = "true" },
        });
    }

    /// <summary>A client that is a receiver, as an administrator makes it.</summary>
    public Task AddReceiverAsync(string clientId, string pushUrls = "") => AdministerAsync(HttpMethod.Post, "/clients", new JsonObject
    {
        ["clientId"] = clientId,
        ["secret"] = SecretOf(clientId),
        ["serviceAccountsEnabled"] = true,
        ["standardFlowEnabled"] = false,
        ["attributes"] = new JsonObject
        {
            ["ssf.enabled"] = "true",
            ["ssf.defaultSubjects"] = "ALL",
            ["ssf.validPushUrls"] = pushUrls,
        },
        ["optionalClientScopes"] = new JsonArray("ssf.read", "ssf.manage"),
    });

    /// <summary>The stream of a client, as the client itself makes it.</summary>
    public async Task<JsonElement> CreateStreamAsync(string clientId, JsonObject delivery)
    {
        var answer = await ManageAsync(clientId, "/streams", new JsonObject { ["delivery"] = delivery });
        Assert.True(answer.Status == HttpStatusCode.Created, answer.ToString());
        return answer.Json;
    }

    /// <summary>Asks as a client.</summary>
    public async Task<RealmAnswer> ManageAsync(string clientId, string path, JsonObject body)
    {
        var token = (await GetServiceTokenAsync(clientId, "ssf.read ssf.manage"))["access_token"];
        using var request = new HttpRequestMessage(HttpMethod.Post, path.StartsWith('/') ? TransmitterUrl + path : path)
        {
            Content = JsonContent.Create(body),
        };
        request.Headers.Add("Authorization", $"Bearer {token}");
        return await SendAsync(request);
    }

    public async Task LogOutAsync(string username) =>
        await AdministerAsync(HttpMethod.Post, $"/users/{await FindAsync(username)}/logout", []);

    public async Task ResetPasswordAsync(string username, string password) => await AdministerAsync(
        HttpMethod.Put,
        $"/users/{await FindAsync(username)}/reset-password",
        new JsonObject { ["type"] = "password", ["value"] = password });

    private async Task<string> FindAsync(string username) =>
        (await GetAsync(
            $"{AdminEndpoint}/users?username={username}&exact=true", ("Authorization", $"Bearer {await GetAdministratorTokenAsync()}")))
        .Json[0].GetProperty("id").GetString()!;

    private async Task AdministerAsync(HttpMethod method, string path, JsonObject body)
    {
        using var request = new HttpRequestMessage(method, AdminEndpoint + path) { Content = JsonContent.Create(body) };
        request.Headers.Add("Authorization", $"Bearer {await GetAdministratorTokenAsync()}");
        var answer = await SendAsync(request);
        Assert.True((int)answer.Status is >= 200 and < 300, answer.ToString());
    }
}

public sealed class ApiOnKeycloakWithSignals() : ApiUnderTest(new KeycloakWithSignals(), DatabaseEngine.Sqlite);
