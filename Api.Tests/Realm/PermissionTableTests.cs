using System.Text.Json.Nodes;
using Api.Tests.Infrastructure;
using static System.Net.HttpStatusCode;

namespace Api.Tests.Realm;

/// <summary>
/// What a permission decides that lacks something: policies, resources, scopes. Each case of permission-cases.json is a resource
/// server for each enforcement mode and strategy that it names, with what is granted there to whoever asks for it.
/// </summary>
public abstract class PermissionTableTests(RealmUnderTest realm) : RealmTests(realm)
{
    private const string Name = "permission-table";

    private static readonly JsonObject Table = JsonNode.Parse(
        File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Realm", "permission-cases.json")))!.AsObject();

    private static readonly Dictionary<string, JsonObject> Cases = Table["cases"]!.AsArray()
        .ToDictionary(each => each!["what"]!.GetValue<string>(), each => each!.AsObject(), StringComparer.Ordinal);

    private static readonly Lazy<string> RealmFile = new(WriteRealm);

    public static TheoryData<string> Servers => [.. Cases.Keys];

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task Exactly_what_Keycloak_grants_is_granted(string what)
    {
        var issuer = $"{(await Realm.ServeAsync(RealmFile.Value)).GetLeftPart(UriPartial.Authority)}/realms/{Name}";
        var caller = await AskAsync(
            issuer, bearer: null, ("grant_type", "password"), ("client_id", "app"), ("username", "ada"), ("password", "ada"));
        foreach (var (setting, expected) in Cases[what]["granted"]!.AsObject())
        {
            var granted = new List<string>();
            foreach (var permission in Table["asked"]!.AsArray().Select(each => each!.GetValue<string>()))
            {
                var answer = await AskAsync(
                    issuer,
                    caller["access_token"],
                    [
                        ("grant_type", "urn:ietf:params:oauth:grant-type:uma-ticket"), ("audience", ClientOf(what, setting)),
                        ("response_mode", "permissions"),
                        .. permission.Length == 0 ? Array.Empty<(string, string)>() : [("permission", permission)],
                    ]);
                granted.Add(Granted(answer));
            }

            Assert.Equal(
                $"{setting}: {string.Join(" | ", expected!.AsArray().Select(each => each!.GetValue<string>()))}",
                $"{setting}: {string.Join(" | ", granted)}");
        }
    }

    private static string Granted(RealmAnswer answer)
    {
        if (answer.Status is not OK)
        {
            AssertError(answer, Forbidden, "access_denied", "not_authorized");
            return "";
        }

        return string.Join(' ', answer.Json.EnumerateArray()
            .Select(each => each.GetProperty("rsname").GetString() + (each.TryGetProperty("scopes", out var scopes)
                ? ":" + string.Join(',', scopes.EnumerateArray().Select(scope => scope.GetString()).Order(StringComparer.Ordinal))
                : ""))
            .Order(StringComparer.Ordinal));
    }

    private static string ClientOf(string what, string setting) => $"{what} {setting}";

    private static string WriteRealm()
    {
        var clients = new JsonArray(new JsonObject { ["clientId"] = "app", ["publicClient"] = true, ["directAccessGrantsEnabled"] = true });
        foreach (var (what, given) in Cases)
        {
            foreach (var (setting, _) in given["granted"]!.AsObject())
            {
                clients.Add(new JsonObject
                {
                    ["clientId"] = ClientOf(what, setting),
                    ["authorizationSettings"] = new JsonObject
                    {
                        ["policyEnforcementMode"] = setting.Split(' ')[0],
                        ["decisionStrategy"] = setting.Split(' ')[1],
                        ["scopes"] = Table["scopes"]!.DeepClone(),
                        ["resources"] = Table["resources"]!.DeepClone(),
                        ["policies"] = new JsonArray(
                            [.. Table["policies"]!.AsArray().Concat(given["permissions"]!.AsArray()).Select(each => each!.DeepClone())]),
                    },
                });
            }
        }

        var realm = new JsonObject
        {
            ["realm"] = Name,
            ["enabled"] = true,
            ["roles"] = new JsonObject { ["realm"] = new JsonArray(Role("member"), Role("nobody")) },
            ["clients"] = clients,
            ["users"] = new JsonArray(new JsonObject
            {
                ["username"] = "ada",
                ["enabled"] = true,
                ["email"] = "ada@example.test",
                ["firstName"] = "Ada",
                ["lastName"] = "Example",
                ["realmRoles"] = new JsonArray("member"),
                ["credentials"] = new JsonArray(new JsonObject { ["type"] = "password", ["value"] = "ada" }),
            }),
        };
        var file = Path.Combine(AppContext.BaseDirectory, "Realm", Name + "-realm.json");
        File.WriteAllText(file, realm.ToJsonString());
        return file;
    }

    private static JsonObject Role(string name) => new() { ["name"] = name };

    private Task<RealmAnswer> AskAsync(string issuer, string? bearer, params (string Name, string Value)[] form)
    {
        var request = RealmUnderTest.FormRequest($"{issuer}/protocol/openid-connect/token", clientId: null, form);
        if (bearer is not null)
        {
            request.Headers.Authorization = new("Bearer", bearer);
        }

        return Realm.SendAsync(request);
    }
}

public sealed class EmbeddedPermissionTableTests(EmbeddedRealmUnderTest realm) : PermissionTableTests(realm);

public sealed class KeycloakPermissionTableTests(KeycloakUnderTest realm) : PermissionTableTests(realm);
