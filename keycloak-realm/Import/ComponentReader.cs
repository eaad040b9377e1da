using System.Globalization;
using KeycloakRealm.Model;
using KeycloakRealm.Tokens;

namespace KeycloakRealm.Import;

internal sealed class ComponentReader(Realm realm, KnownFields known, List<string> warnings)
{
    private const string KeyProviders = "org.keycloak.keys.KeyProvider";
    private const string UserProfile = "org.keycloak.userprofile.UserProfileProvider";
    private const string RegistrationPolicies = "org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy";

    private const string UserStorage = "org.keycloak.storage.UserStorageProvider";

    private static readonly HashSet<string> Kinds = new(
        [
            KeyProviders, UserProfile, RegistrationPolicies, UserStorage,
            "org.keycloak.storage.ldap.mappers.LDAPStorageMapper",
        ],
        StringComparer.Ordinal);

    // Keycloak's key providers that are not served.
    private static readonly HashSet<string> OtherKeys = new(["java-keystore", "ecdh-generated"], StringComparer.Ordinal);

    private static readonly HashSet<string> Fields = new(
        ["id", "name", "providerId", "subType", "subComponents", "config"], StringComparer.Ordinal);

    public IReadOnlyList<KeyComponent> Read(JsonPlace file)
    {
        var keys = new List<KeyComponent>();
        if (file.Member("components") is { } components)
        {
            ReadComponents(components, keys);
        }

        // Keycloak before 2.3 wrote the one key of a realm there.
        if (keys.Count == 0 && file.Text("privateKey") is { } own)
        {
            AddOwnKey(own, file.Text("certificate"), keys);
        }

        return keys;
    }

    private void AddOwnKey(string privateKey, string? certificate, List<KeyComponent> keys)
    {
        var config = new Dictionary<string, string>(StringComparer.Ordinal) { ["priority"] = "100", ["privateKey"] = privateKey };
        if (certificate is not null)
        {
            config["certificate"] = certificate;
        }

        foreach (var provider in (ReadOnlySpan<string>)["rsa", "rsa-enc"])
        {
            keys.Add(new KeyComponent(StableId.For(realm.Name, "component", provider), provider, provider, config) { Place = "$" });
        }
    }

    private void ReadComponents(JsonPlace components, List<KeyComponent> keys)
    {

        foreach (var (kind, list) in components.Members())
        {
            if (!Kinds.Contains(kind))
            {
                throw list.Refuse($"Invalid provider type '{kind}'");
            }

            foreach (var item in list.Items())
            {
                known.Check(item, "component", Fields, warnings);
                switch (kind)
                {
                    case KeyProviders:
                        ReadKey(item, keys);
                        break;
                    case UserProfile:
                        realm.Profile = UserProfileReader.Read(item) ?? realm.Profile;
                        break;
                    case RegistrationPolicies:
                        break;
                    case UserStorage:
                        warnings.Add(
                            $"{item.Path} (the user storage {item.Text("name") ?? item.Text("providerId")}) is not honoured: whoever is in "
                                + "it alone cannot sign in");
                        break;
                    default:
                        warnings.Add($"{item.Path} is not honoured by the embedded realm");
                        break;
                }
            }
        }
    }

    private void ReadKey(JsonPlace item, List<KeyComponent> keys)
    {
        var provider = item.Text("providerId") ?? throw item.Refuse("No such provider: a component without \"providerId\"");
        var config = item.TextListMap("config")
            .Where(each => each.Value.Count > 0)
            .ToDictionary(each => each.Key, each => each.Value[0], StringComparer.Ordinal);
        if (config.TryGetValue("privateKey", out var masked) && masked.Length > 0 && masked.All(c => c is '*'))
        {
            warnings.Add($"{item.Path}.config.privateKey is masked, as partial exports have it: a key is made instead");
            return;
        }

        if (provider is "aes-generated" || (provider is "hmac-generated" && !config.ContainsKey("secret")))
        {
            // Nothing is encrypted here, and a secret that an export leaves out is generated, as in Keycloak.
            return;
        }

        if (!KeyProvider.Knows(provider))
        {
            if (!OtherKeys.Contains(provider))
            {
                throw item.Member("providerId")!.Value.Refuse($"No such provider '{provider}'");
            }

            warnings.Add($"{item.Path} (the key provider {provider}) is not honoured: tokens are signed with other keys");
            return;
        }

        if (config.TryGetValue("keyUse", out var use) && use.ToUpperInvariant() is not ("SIG" or "ENC"))
        {
            warnings.Add($"{item.Path}.config.keyUse is neither SIG nor ENC: Keycloak imports such a key and cannot use it");
            return;
        }

        Check(item, config, provider);
        var name = item.Text("name") ?? provider;
        var id = item.Text("id") ?? StableId.For(realm.Name, "component", name);
        keys.Add(new KeyComponent(id, name, provider, config) { Place = item.Path + ".config" });
    }

    private static void Check(JsonPlace item, Dictionary<string, string> config, string provider)
    {
        JsonPlace Setting(string name) => item.Member("config")!.Value.Member(name)!.Value;
        if (config.TryGetValue("priority", out var priority)
            && priority.Length > 0
            && !long.TryParse(priority, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _))
        {
            throw Setting("priority").Refuse("'Priority' should be a number");
        }

        if (config.TryGetValue("keySize", out var size) && size is not ("1024" or "2048" or "3072" or "4096"))
        {
            throw Setting("keySize").Refuse("'Key size' should be 1024, 2048, 3072 or 4096");
        }

        if (config.TryGetValue("ecdsaEllipticCurveKey", out var curve) && curve is not ("P-256" or "P-384" or "P-521"))
        {
            throw Setting("ecdsaEllipticCurveKey").Refuse("'Elliptic Curve' should be P-256, P-384 or P-521");
        }

        if (provider is "rsa" or "rsa-enc" && !config.ContainsKey("privateKey"))
        {
            throw item.Refuse("'Private RSA Key' is required");
        }
    }
}
