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
        var folder = Directory.CreateTempSubdirectory("former-");
        var file = Path.Combine(folder.FullName, "former.json");
        var name = $"former-{Cases.Keys.ToList().IndexOf(what)}";
        await File.WriteAllTextAsync(file, RealmOf(given["file"]!.AsObject(), name).ToJsonString(), TestContext.Current.CancellationToken);
        var server = await Realm.ServeAsync(file);
        folder.Delete(recursive: true);
        var issuer = $"{server.GetLeftPart(UriPartial.Authority)}/realms/{name}";

        var answer = await Realm.PostAsync(
            $"{issuer}/protocol/openid-connect/token", clientId: null, FormOf(given["ask"]!.GetValue<string>()));

        Assert.Equal(given["status"]?.GetValue<int>() ?? 200, (int)answer.Status);
        if (given["error"]?.GetValue<string>() is { } error)
        {
            Assert.Equal(error, answer["error_description"]);
            return;
        }

        CheckClaims(given, Jwt.Decode(answer["access_token"]));
    }

    private static void CheckClaims(JsonObject given, Jwt token)
    {
        var claims = JsonNode.Parse(token.Payload.GetRawText())!.AsObject();
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
        var kid = token.Header.GetProperty("kid").GetString();
        Assert.True(given["kid"] is null || given["kid"]!.GetValue<string>() == kid, "signed with another key");
        Assert.True(given["notKid"] is null || given["notKid"]!.GetValue<string>() != kid, "signed with the key");
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
