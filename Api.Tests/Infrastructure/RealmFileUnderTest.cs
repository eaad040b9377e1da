using System.Text.Json;
using KeycloakRealm;

namespace Api.Tests.Infrastructure;

/// <summary>Small realm files for tests of the embedded realm alone: one person, one group, one client that is a service.</summary>
internal static class RealmFileUnderTest
{
    public const string ClientId = "service";

    private static readonly Lazy<string> Keys = new(() =>
    {
        var folder = Directory.CreateTempSubdirectory("realm-keys-");
        AppDomain.CurrentDomain.ProcessExit += (_, _) => folder.Delete(recursive: true);
        return folder.FullName;
    });

    /// <summary>A state folder for all realms whose keys are not tested: making a key takes longer than the rest of a start.</summary>
    public static string KeptKeys => Keys.Value;

    public static string Realm(string name, string person, string secret = "s") => $$"""
        {
          "realm": "{{name}}", "enabled": true, "groups": [{ "name": "staff" }],
          "clients": [
            { "clientId": "{{ClientId}}", "secret": "{{secret}}", "serviceAccountsEnabled": true, "directAccessGrantsEnabled": true }
          ],
          "users": [{ "username": "{{person}}", "enabled": true, "email": "{{person}}@example.test", "firstName": "A", "lastName": "B",
                      "credentials": [{ "type": "password", "value": "{{person}}" }] }]
        }
        """;

    public static EmbeddedRealmOptions Options(params string[] files) => new()
    {
        RealmFiles = files,
        Url = new("http://localhost:0"),
        EnvironmentName = "Testing",
        StateFolder = KeptKeys,
    };

    /// <summary>The access token of the service.</summary>
    public static async Task<string> TokenAsync(string issuer, CancellationToken cancellationToken, string secret = "s")
    {
        using var http = new HttpClient();
        using var form = new FormUrlEncodedContent(
            [new("grant_type", "client_credentials"), new("client_id", ClientId), new("client_secret", secret)]);
        using var answer = await http.PostAsync($"{issuer}/protocol/openid-connect/token", form, cancellationToken);
        answer.EnsureSuccessStatusCode();
        return JsonElement.Parse(await answer.Content.ReadAsStringAsync(cancellationToken)).GetProperty("access_token").GetString()!;
    }
}
