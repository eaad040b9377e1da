using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Api.Tests.Infrastructure;

namespace Api.Tests.Realm;

/// <summary>
/// Files as people keep them for years: written by older versions, edited by hand. Each case of former-realms.json is a small realm
/// with one thing in it, and what a token of that realm says.
/// </summary>
public abstract class FormerFilesTests(RealmUnderTest realm) : RealmTests(realm)
{
    private static readonly Dictionary<string, JsonObject> Cases = JsonNode.Parse(
            File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Realm", "former-realms.json")))!.AsArray()
        .ToDictionary(each => each!["what"]!.GetValue<string>(), each => each!.AsObject(), StringComparer.Ordinal);

    public static TheoryData<string> Files => [.. Cases.Keys];

    [Theory]
    [MemberData(nameof(Files))]
    public async Task A_file_means_what_it_means_to_Keycloak(string what)
    {
        var given = Cases[what];
        var issuer = await ServeAsync($"former-{Cases.Keys.ToList().IndexOf(what)}", given["file"]!.AsObject());

        var answer = await AskAsync($"{issuer}/protocol/openid-connect/token", given["ask"]!.GetValue<string>());

        Assert.Equal(given["status"]?.GetValue<int>() ?? 200, (int)answer.Status);
        if (given["error"]?.GetValue<string>() is { } error)
        {
            Assert.Equal(error, answer["error_description"]);
            return;
        }

        CheckClaims(given, Jwt.Decode(answer["access_token"]));
        if (given["introspected"] is JsonObject introspected)
        {
            var inspection = await Realm.PostAsync(
                $"{issuer}/protocol/openid-connect/token/introspect",
                clientId: null,
                ("client_id", "app"),
                ("client_secret", "s"),
                ("token", answer["access_token"]));
            CheckClaims(introspected, JsonNode.Parse(inspection.Json.GetRawText())!.AsObject());
        }
    }

    // Keycloak's adapters of old read it there.
    [Fact]
    public async Task The_address_of_a_realm_shows_an_RSA_key_whatever_it_signs_with()
    {
        var issuer = await ServeAsync("former-ec", JsonNode.Parse(
            """
            {
              "defaultSignatureAlgorithm": "ES256",
              "components": {
                "org.keycloak.keys.KeyProvider": [
                  { "name": "ec", "providerId": "ecdsa-generated", "config": { "ecdsaEllipticCurveKey": ["P-256"], "priority": ["100"] } }
                ]
              }
            }
            """)!.AsObject());

        Assert.Equal(["EC"], await KeyTypesAsync(issuer));
        using var key = RSA.Create();
        key.ImportSubjectPublicKeyInfo(Convert.FromBase64String((await Realm.GetAsync(issuer))["public_key"]), out _);
        Assert.Equal(["EC", "RSA"], await KeyTypesAsync(issuer));
    }

    [Theory]
    [InlineData("", "/*", "{server}/signed-in", true)]
    [InlineData("https://app.example.test", "/*", "https://app.example.test/signed-in", true)]
    [InlineData("https://app.example.test", "/*", "{server}/signed-in", false)]
    [InlineData(null, "com.example.app:*", "com.example.app:signed-in", true)]
    [InlineData(null, "com.example.app:*", "com.example.app:/signed/in", true)]
    [InlineData(null, "com.example.app:*", "com.example.other:signed-in", false)]
    [InlineData(null, "http://localhost:*", "http://localhost:8080/signed-in", true)]
    public async Task An_address_to_return_to_is_good_as_the_file_has_it(string? root, string registered, string asked, bool good)
    {
        var client = new JsonObject { ["redirectUris"] = new JsonArray(registered), ["standardFlowEnabled"] = true };
        if (root is not null)
        {
            client["rootUrl"] = root;
        }

        var issuer = await ServeAsync(
            $"former-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{root} {registered} {asked}")))[..8]}",
            new JsonObject { ["client"] = client });
        var server = new Uri(issuer).GetLeftPart(UriPartial.Authority);
        var uri = Uri.EscapeDataString(asked.Replace("{server}", server, StringComparison.Ordinal));

        var answer = await Realm.GetAsync(
            $"{issuer}/protocol/openid-connect/auth?client_id=app&response_type=code&scope=openid&redirect_uri={uri}");

        Assert.Equal(good ? HttpStatusCode.OK : HttpStatusCode.BadRequest, answer.Status);
    }

    private async Task<string> ServeAsync(string name, JsonObject given)
    {
        var folder = Directory.CreateTempSubdirectory("former-");
        var file = Path.Combine(folder.FullName, "former.json");
        await File.WriteAllTextAsync(file, RealmOf(given, name).ToJsonString(), TestContext.Current.CancellationToken);
        var server = await Realm.ServeAsync(file);
        folder.Delete(recursive: true);
        return $"{server.GetLeftPart(UriPartial.Authority)}/realms/{name}";
    }

    private async Task<RealmAnswer> AskAsync(string endpoint, string ask)
    {
        if (ask is not "permissions")
        {
            return await Realm.PostAsync(endpoint, clientId: null, FormOf(ask));
        }

        var signedIn = await Realm.PostAsync(endpoint, clientId: null, FormOf("password"));
        return await Realm.PostAsync(
            endpoint,
            clientId: null,
            ("grant_type", "urn:ietf:params:oauth:grant-type:uma-ticket"),
            ("client_id", "app"),
            ("client_secret", "s"),
            ("subject_token", signedIn["access_token"]),
            ("audience", "app"));
    }

    private async Task<string[]> KeyTypesAsync(string issuer) =>
        [.. (await Realm.GetAsync($"{issuer}/protocol/openid-connect/certs")).Json.GetProperty("keys").EnumerateArray()
            .Select(key => key.GetProperty("kty").GetString()!)
            .Order(StringComparer.Ordinal)];

    private static void CheckClaims(JsonObject given, Jwt token)
    {
        CheckClaims(given, JsonNode.Parse(token.Payload.GetRawText())!.AsObject());
        var kid = token.Header.GetProperty("kid").GetString();
        Assert.True(given["kid"] is null || given["kid"]!.GetValue<string>() == kid, "signed with another key");
        Assert.True(given["notKid"] is null || given["notKid"]!.GetValue<string>() != kid, "signed with the key");
        Assert.StartsWith(given["jti"]?.GetValue<string>() ?? "", token.Payload.GetProperty("jti").GetString(), StringComparison.Ordinal);
    }

    private static void CheckClaims(JsonObject given, JsonObject claims)
    {
        foreach (var (claim, expected) in given["has"]?.AsObject() ?? [])
        {
            Assert.Equal(Sorted(expected!), Sorted(claims[claim]!));
        }

        foreach (var (claim, expected) in given["sorted"]?.AsObject() ?? [])
        {
            var found = claim.Split('.').Aggregate((JsonNode)claims, (inner, step) => inner[step]!);
            Assert.Equal(Sorted(expected!), Sorted(found));
        }

        Assert.All(Names(given["exists"]), claim => Assert.Contains(claim, (IDictionary<string, JsonNode?>)claims));
        Assert.All(Names(given["hasNot"]), claim => Assert.DoesNotContain(claim, (IDictionary<string, JsonNode?>)claims));
        Assert.All(Names(given["roles"]), role => Assert.Contains(role, Names(claims["realm_access"]!["roles"])));
        Assert.All(Names(given["lacksRoles"]), role => Assert.DoesNotContain(role, Names(claims["realm_access"]!["roles"])));
    }

    private static List<string> Names(JsonNode? list) => [.. list?.AsArray().Select(each => each!.GetValue<string>()) ?? []];

    private static string Sorted(JsonNode value) => value is JsonArray list
        ? string.Join(' ', list.Select(each => each!.ToJsonString()).Order(StringComparer.Ordinal))
        : value.ToJsonString();

    private static (string, string)[] FormOf(string ask) => ask switch
    {
        "service" => [("grant_type", "client_credentials"), ("client_id", "app"), ("client_secret", "s")],
        "other" => [("grant_type", "client_credentials"), ("client_id", "other"), ("client_secret", "s")],
        "admin-cli" => [("grant_type", "password"), ("client_id", "admin-cli"), ("username", "ann"), ("password", "pw")],
        _ => [("grant_type", "password"), ("client_id", "app"), ("client_secret", "s"), ("username", "ann"), ("password", "pw")],
    };

    /// <summary>What every case has, with what this one has besides.</summary>
    private static JsonObject RealmOf(JsonObject given, string name)
    {
        var client = new JsonObject
        {
            ["clientId"] = "app",
            ["secret"] = "s",
            ["serviceAccountsEnabled"] = true,
            ["directAccessGrantsEnabled"] = true,
        };
        var person = new JsonObject
        {
            ["username"] = "ann",
            ["enabled"] = true,
            ["email"] = "ann@example.test",
            ["firstName"] = "Ann",
            ["lastName"] = "Other",
            ["credentials"] = new JsonArray(new JsonObject { ["type"] = "password", ["value"] = "pw" }),
        };
        var realm = new JsonObject { ["realm"] = name, ["enabled"] = true };
        JsonArray clients = [client];
        foreach (var (member, value) in given)
        {
            switch (member)
            {
                case "client":
                    Merge(client, value!.AsObject());
                    break;
                case "person":
                    Merge(person, value!.AsObject());
                    break;
                case "mappers":
                    client["protocolMappers"] = value!.DeepClone();
                    break;
                case "credentials":
                    person["credentials"] = value!.DeepClone();
                    break;
                case "clients+":
                    value!.AsArray().ToList().ForEach(each => clients.Add(each!.DeepClone()));
                    break;
                default:
                    realm[member] = value?.DeepClone();
                    break;
            }
        }

        realm["clients"] = clients;
        realm["users"] = new JsonArray(person);
        return realm;
    }

    private static void Merge(JsonObject target, JsonObject given)
    {
        foreach (var (member, value) in given)
        {
            target[member] = value?.DeepClone();
        }
    }
}

public sealed class EmbeddedFormerFilesTests(EmbeddedRealmUnderTest realm) : FormerFilesTests(realm);

public sealed class KeycloakFormerFilesTests(KeycloakUnderTest realm) : FormerFilesTests(realm);
