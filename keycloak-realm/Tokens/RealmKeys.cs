using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using KeycloakRealm.Import;

namespace KeycloakRealm.Tokens;

/// <summary>
/// Generated keys are kept in the state folder, so that tokens survive a restart. The list is replaced as a whole, because it is read
/// without a lock.
/// </summary>
internal sealed class RealmKeys : IDisposable
{
    private const string Symmetric = "HS512";
    /// <summary>Keycloak signs with it where nothing else is set, and shows such a key at the address of every realm.</summary>
    public const string Usual = "RS256";

    private readonly Lock _lock = new();
    private readonly List<SigningKey> _owned = [];
    private readonly string _realm;
    private readonly TimeProvider _clock;
    private List<KeyProvider> _providers = [];
    private List<KeyProvider> _onDemand = [];
    private KeyFile? _made;

    private RealmKeys(string realm, TimeProvider clock)
    {
        _realm = realm;
        _clock = clock;
    }

    /// <summary>In the order of preference.</summary>
    public IReadOnlyList<KeyProvider> All => _providers;

    /// <summary>The enabled public keys, passive ones too.</summary>
    public IEnumerable<SigningKey> Published =>
        _providers.Where(each => each.IsEnabled && each.Key.PublicKey is not null).Select(each => each.Key);

    // previous: generated keys are kept when the realm's file is loaded again.
    public static RealmKeys Create(ImportedRealm imported, string? stateFolder, TimeProvider clock, RealmKeys? previous = null)
    {
        var realm = imported.Realm.Name;
        var now = clock.GetUtcNow();
        var keys = new RealmKeys(realm, clock);
        try
        {
            foreach (var component in imported.Keys)
            {
                keys.Add(Read(component, realm, now));
            }

            var kept = previous?._made ?? KeyFile.Read(stateFolder, realm);
            byte[]? signing = null;
            byte[]? encryption = null;
            if (!keys._providers.Exists(each => each is { IsActive: true, Key.Use: "sig" }))
            {
                // Keycloak creates an encryption key with the signing key. Both are generated in parallel, because each takes long.
                var other = Task.Run(() => Made("rsa-enc-generated", realm, now, kept?.Encryption));
                var main = Made("rsa-generated", realm, now, kept?.Signing);
                var sealing = other.GetAwaiter().GetResult();
                keys.Add(main);
                keys.Add(sealing);
                (signing, encryption) = (main.Key.Export(), sealing.Key.Export());
            }

            var secret = kept?.Secret ?? RandomNumberGenerator.GetBytes(128);
            var secretKid = kept?.SecretKid ?? Guid.NewGuid().ToString();
            if (keys.FindActive(Symmetric) is null)
            {
                var settings = new Dictionary<string, string>(StringComparer.Ordinal)
                {
                    ["priority"] = "-100",
                    ["algorithm"] = Symmetric,
                    ["kid"] = secretKid,
                };
                var component = new KeyComponent(Guid.NewGuid().ToString(), $"fallback-{Symmetric}", "hmac-generated", settings);
                keys.Add(KeyProvider.Create(component, realm, now, secret));
            }

            keys._made = new KeyFile(signing ?? kept?.Signing, encryption ?? kept?.Encryption, secret, secretKid);
            KeyFile.Write(stateFolder, realm, keys._made);
            previous?._onDemand.ForEach(keys.AddOnDemand);
            return keys;
        }
        catch
        {
            keys.Dispose();
            throw;
        }
    }

    /// <summary>Created if there is none, as in Keycloak. Throws <see cref="UnknownAlgorithmException"/>.</summary>
    public SigningKey Active(string algorithm)
    {
        lock (_lock)
        {
            if (FindActive(algorithm) is { } known)
            {
                return known;
            }

            var made = KeyProvider.Fallback(algorithm, _realm, _clock.GetUtcNow()) ?? throw new UnknownAlgorithmException(algorithm);
            AddOnDemand(made);
            return made.Key;
        }
    }

    public string Sign(JsonObject payload, string type = "JWT", string algorithm = Usual)
    {
        var key = Active(algorithm);
        return Write(key, type, payload);
    }

    /// <summary>For tokens that only the realm reads: HS512.</summary>
    public string SignSymmetric(JsonObject payload) => Write(Active(Symmetric), "JWT", payload);

    public byte[] Hash(string text) => Active(Symmetric).Sign(Encoding.UTF8.GetBytes(text));

    /// <summary>Null if the signature is wrong; the kind of token and its expiry are not checked.</summary>
    public JsonObject? Read(string? token, bool symmetric)
    {
        if (SignedToken.Parse(token) is not { } parsed || (symmetric && parsed.Algorithm is not Symmetric))
        {
            return null;
        }

        var key = _providers.Find(each =>
            each is { IsEnabled: true, Key.Use: "sig" } && string.Equals(each.Key.Kid, parsed.Kid, StringComparison.Ordinal))?.Key;
        return key is not null
            && string.Equals(key.Algorithm, parsed.Algorithm, StringComparison.Ordinal)
            && key.Verify(parsed.SignedBytes, parsed.Signature)
            ? parsed.Payload
            : null;
    }

    public void Add(KeyProvider provider)
    {
        lock (_lock)
        {
            _owned.Add(provider.Key);
            _providers = [.. _providers.Append(provider).OrderByDescending(each => each.Priority)];
        }
    }

    private void AddOnDemand(KeyProvider provider)
    {
        _onDemand = [.. _onDemand, provider];
        Add(provider);
    }

    public void Replace(KeyProvider provider)
    {
        lock (_lock)
        {
            _providers = [.. _providers.Where(each => !IsSame(each, provider)).Append(provider).OrderByDescending(each => each.Priority)];
        }
    }

    /// <summary>Disposed with the realm only, because a request may be signing with it.</summary>
    public void Remove(KeyProvider provider)
    {
        lock (_lock)
        {
            _providers = [.. _providers.Where(each => !IsSame(each, provider))];
        }
    }

    public void Dispose()
    {
        foreach (var key in _owned)
        {
            key.Dispose();
        }
    }

    private static bool IsSame(KeyProvider one, KeyProvider other) => string.Equals(one.Id, other.Id, StringComparison.Ordinal);

    private static KeyProvider Made(string provider, string realm, DateTimeOffset now, byte[]? kept)
    {
        var settings = new Dictionary<string, string>(StringComparer.Ordinal) { ["priority"] = "100" };
        var component = new KeyComponent(StableId.For(realm, "component", provider), provider, provider, settings);
        return KeyProvider.Create(component, realm, now, kept);
    }

    private static KeyProvider Read(KeyComponent component, string realm, DateTimeOffset now)
    {
        try
        {
            return KeyProvider.Create(component, realm, now);
        }
        catch (RealmFileException exception)
        {
            throw new RealmFileException($"{component.Place}.{exception.Place}", exception.Reason);
        }
    }

    private static string Write(SigningKey key, string type, JsonObject payload)
    {
        var header = new JsonObject { ["alg"] = key.Algorithm, ["typ"] = type, ["kid"] = key.Kid };
        var unsigned = $"{Base64Url.Encode(Json.Bytes(header))}.{Base64Url.Encode(Json.Bytes(payload))}";
        return $"{unsigned}.{Base64Url.Encode(key.Sign(Encoding.ASCII.GetBytes(unsigned)))}";
    }

    private SigningKey? FindActive(string algorithm) => _providers.Find(each =>
        each is { IsActive: true, Key.Use: "sig" } && string.Equals(each.Key.Algorithm, algorithm, StringComparison.Ordinal))?.Key;
}
