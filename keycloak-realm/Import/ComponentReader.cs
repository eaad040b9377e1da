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

    private static readonly (string Setting, string Name, string[] Choices)[] Choices =
    [
        ("keySize", "Key size", ["1024", "2048", "3072", "4096"]),
        ("secretSize", "Secret size", ["16", "24", "32", "64", "128", "256", "512"]),
        ("ecdsaEllipticCurveKey", "Elliptic Curve", ["P-256", "P-384", "P-521"]),
        ("ecdhEllipticCurveKey", "Elliptic Curve", ["P-256", "P-384", "P-521"]),
        ("eddsaEllipticCurveKey", "Elliptic Curve", ["Ed25519", "Ed448"]),
    ];

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
            if (!Providers.HasKind(kind))
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
                    case RegistrationPolicies when Providers.Has(kind, item.Text("providerId")):
                        break;
                    case UserStorage:
                        StorageReader.Check(item, warnings);
                        break;
                    case not null when !Providers.Has(kind, item.Text("providerId")):
                        warnings.Add(Providers.Missing(item, item.Text("providerId")));
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

        CheckChoices(item, config);
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

            CheckOther(item, config, provider);
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

    private static void CheckChoices(JsonPlace item, Dictionary<string, string> config)
    {
        foreach (var (setting, name, choices) in Choices)
        {
            if (config.TryGetValue(setting, out var value) && !choices.Contains(value, StringComparer.Ordinal))
            {
                throw item.Member("config")!.Value.Member(setting)!.Value.Refuse(
                    $"'{name}' should be {string.Join(", ", choices[..^1])} or {choices[^1]}");
            }
        }
    }

    private void CheckOther(JsonPlace item, Dictionary<string, string> config, string provider)
    {
        if (provider is "java-keystore")
        {
            foreach (var name in (ReadOnlySpan<string>)["keystore", "keystorePassword", "keyAlias", "keyPassword"])
            {
                if (config.GetValueOrDefault(name) is not { Length: > 0 })
                {
                    throw item.Refuse($"config.{name} is required");
                }
            }

            warnings.Add(
                $"{item.Path} (the key provider {provider}) is not honoured: tokens are signed with other keys. Keycloak imports the "
                    + $"file only where it has {config["keystore"]}, with that key");
            return;
        }

        warnings.Add($"{item.Path} (the key provider {provider}) is not honoured: tokens are signed with other keys");
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

        foreach (var flag in (ReadOnlySpan<string>)["enabled", "active"])
        {
            if (config.TryGetValue(flag, out var value) && value is not ("" or "true" or "false"))
            {
                throw Setting(flag).Refuse($"'{(flag is "enabled" ? "Enabled" : "Active")}' should be 'true' or 'false'");
            }
        }

        if (provider is "rsa" or "rsa-enc" && !config.ContainsKey("privateKey"))
        {
            throw item.Refuse("'Private RSA Key' is required");
        }
    }
}
