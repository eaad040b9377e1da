using System.Globalization;
using System.Text.Json;
using KeycloakRealm.Model;

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
        var config = item.TextListMap("config");
        string? Value(string name) => config.TryGetValue(name, out var values) && values.Count > 0 && values[0].Length > 0 ? values[0] : null;
        switch (provider)
        {
            case "rsa" or "rsa-generated" or "rsa-enc" or "rsa-enc-generated":
                if (Value("privateKey") is { } masked && masked.All(c => c is '*'))
                {
                    warnings.Add($"{item.Path}.config.privateKey is masked, as partial exports have it: a key is made instead");
                    break;
                }

                var algorithm = Value("algorithm") ?? (provider.StartsWith("rsa-enc", StringComparison.Ordinal) ? "RSA-OAEP" : "RS256");
                keys.Add(new KeyComponent(
                    item.Path,
                    provider,
                    Value("privateKey"),
                    Value("certificate"),
                    algorithm,
                    algorithm.StartsWith("RSA", StringComparison.Ordinal) ? "enc" : "sig",
                    int.TryParse(Value("priority"), NumberStyles.Integer, CultureInfo.InvariantCulture, out var priority) ? priority : 0,
                    Value("enabled") is not "false",
                    Value("active") is not "false"));
                break;
            case "hmac-generated" or "aes-generated":
                // Made anew, as Keycloak does where an export leaves the secret out.
                break;
            default:
                warnings.Add($"{item.Path} (the key provider {provider}) is not honoured: tokens are signed with RSA and HMAC keys");
                break;
        }
    }

    /// <summary>Which profile attributes a user needs before signing in is complete.</summary>
    private void ReadProfile(JsonPlace item)
    {
        if (!item.TextListMap("config").TryGetValue("kc.user.profile.config", out var values) || values.Count == 0)
        {
            return;
        }

        try
        {
            using var document = JsonDocument.Parse(values[0]);
            realm.RequiredProfileAttributes =
            [
                .. document.RootElement.GetProperty("attributes").EnumerateArray()
                    .Where(IsRequiredOfUsers)
                    .Select(attribute => attribute.GetProperty("name").GetString()!)
                    .Where(name => name is not "username"),
            ];
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw item.Refuse($"kc.user.profile.config is not a user profile ({exception.Message})");
        }
    }

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
