using System.Text.Json;
using KeycloakRealm.Model;
using KeycloakRealm.Tokens;

namespace KeycloakRealm.Import;

/// <summary>Reads the components that matter here: key providers and the user profile.</summary>
internal sealed class ComponentReader(Realm realm, KnownFields known, List<string> warnings)
{
    private const string KeyProviders = "org.keycloak.keys.KeyProvider";
    private const string UserProfile = "org.keycloak.userprofile.UserProfileProvider";
    private const string RegistrationPolicies = "org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy";

    private static readonly HashSet<string> Fields = new(
        ["id", "name", "providerId", "subType", "subComponents", "config"], StringComparer.Ordinal);

    public IReadOnlyList<KeyComponent> Read(JsonPlace file)
    {
        var keys = new List<KeyComponent>();
        if (file.Member("components") is not { } components)
        {
            return keys;
        }

        foreach (var (kind, list) in components.Members())
        {
            foreach (var item in list.Items())
            {
                known.Check(item, "component", Fields, warnings);
                switch (kind)
                {
                    case KeyProviders:
                        ReadKey(item, keys);
                        break;
                    case UserProfile:
                        ReadProfile(item);
                        break;
                    case RegistrationPolicies:
                        break;
                    default:
                        warnings.Add($"{item.Path} is not honoured by the embedded realm");
                        break;
                }
            }
        }

        return keys;
    }

    private void ReadKey(JsonPlace item, List<KeyComponent> keys)
    {
        var provider = item.Text("providerId") ?? throw item.Refuse("a component without \"providerId\"");
        var config = item.TextListMap("config").Where(each => each.Value.Count > 0).ToDictionary(each => each.Key, each => each.Value[0], StringComparer.Ordinal);
        if (config.TryGetValue("privateKey", out var masked) && masked.Length > 0 && masked.All(c => c is '*'))
        {
            warnings.Add($"{item.Path}.config.privateKey is masked, as partial exports have it: a key is made instead");
            return;
        }

        if (provider is "aes-generated" || (provider is "hmac-generated" && !config.ContainsKey("secret")))
        {
            // Nothing is encrypted here; and a secret that an export leaves out is made anew, as Keycloak does.
            return;
        }

        if (!KeyProvider.Knows(provider))
        {
            warnings.Add($"{item.Path} (the key provider {provider}) is not honoured: tokens are signed with other keys");
            return;
        }

        var name = item.Text("name") ?? provider;
        keys.Add(new KeyComponent(item.Path, item.Text("id") ?? StableId.For(realm.Name, "component", name), name, provider, config));
    }

    /// <summary>What a user's account needs before signing in is complete.</summary>
    private void ReadProfile(JsonPlace item)
    {
        if (!item.TextListMap("config").TryGetValue("kc.user.profile.config", out var values) || values.Count == 0)
        {
            return;
        }

        try
        {
            using var document = JsonDocument.Parse(values[0]);
            realm.Profile = new UserProfile(
            [
                .. document.RootElement.GetProperty("attributes").EnumerateArray()
                    .Select(attribute => new ProfileAttribute(
                        attribute.GetProperty("name").GetString()!, IsRequiredOfUsers(attribute), [.. Validations(attribute)]))
                    .Where(attribute => attribute.Name is not "username"),
            ]);
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw item.Refuse($"kc.user.profile.config is not a user profile ({exception.Message})");
        }
    }

    private static IEnumerable<(string Name, JsonElement Settings)> Validations(JsonElement attribute) =>
        attribute.TryGetProperty("validations", out var validations) && validations.ValueKind is JsonValueKind.Object
            ? validations.EnumerateObject().Select(each => (each.Name, each.Value.Clone()))
            : [];

    private static bool IsRequiredOfUsers(JsonElement attribute)
    {
        if (!attribute.TryGetProperty("required", out var required) || required.ValueKind is not JsonValueKind.Object)
        {
            return false;
        }

        var roles = required.TryGetProperty("roles", out var listed) && listed.ValueKind is JsonValueKind.Array
            ? listed.EnumerateArray().Select(role => role.GetString()).ToList()
            : [];
        return roles.Count == 0 || roles.Contains("user", StringComparer.Ordinal);
    }
}
