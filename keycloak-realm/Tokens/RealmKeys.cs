using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using KeycloakRealm.Import;

namespace KeycloakRealm.Tokens;

/// <summary>
/// The realm's keys: those of the file as they are, and others made where there are none — at the start, or on demand when a
/// client asks for an algorithm. What was made at the start is kept in the state folder, if there is one, so that tokens
/// survive a restart. The list is replaced as a whole when it changes, because it is read without a lock.
/// </summary>
internal sealed class RealmKeys : IDisposable
{
    private const string Symmetric = "HS512";
    private const string Usual = "RS256";

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

    /// <summary>Every key, the first choice first.</summary>
    public IReadOnlyList<KeyProvider> All => _providers;

    /// <summary>What <c>certs</c> shows: all public keys that are switched on, passive ones too.</summary>
    public IEnumerable<SigningKey> Published => _providers.Where(each => each.IsEnabled && each.Key.PublicKey is not null).Select(each => each.Key);

    /// <param name="imported">The realm, with the keys of its file.</param>
    /// <param name="stateFolder">Where keys are kept that were made; null for nowhere.</param>
    /// <param name="clock">The realm's clock.</param>
    /// <param name="previous">The keys that the realm had before its file was loaded again: what was made then lives on.</param>
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
                // Nothing to sign with in the file: a key of our own, and the encryption key that Keycloak also makes then.
                // Where they have to be made that takes a while, and both can be made at once.
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
                var settings = new Dictionary<string, string>(StringComparer.Ordinal) { ["priority"] = "-100", ["algorithm"] = Symmetric, ["kid"] = secretKid };
                keys.Add(KeyProvider.Create(Guid.NewGuid().ToString(), $"fallback-{Symmetric}", "hmac-generated", settings, realm, now, secret));
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

    /// <summary>The key that signs with an algorithm; made if there is none, as Keycloak does.</summary>
    /// <exception cref="UnknownAlgorithmException">There is no such algorithm.</exception>
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

    /// <summary>A token that others verify with the realm's public keys.</summary>
    public string Sign(JsonObject payload, string type = "JWT", string algorithm = Usual)
    {
        var key = Active(algorithm);
        return Write(key, type, payload);
    }

    /// <summary>A token that only the realm itself reads, signed with HS512.</summary>
    public string SignSymmetric(JsonObject payload) => Write(Active(Symmetric), "JWT", payload);

    /// <summary>A keyed hash, for cookie values.</summary>
    public byte[] Hash(string text) => Active(Symmetric).Sign(Encoding.UTF8.GetBytes(text));

    /// <summary>The payload of a token whose signature is good, whatever kind it is and whether or not it has expired.</summary>
    public JsonObject? Read(string? token, bool symmetric)
    {
        if (SignedToken.Parse(token) is not { } parsed || (symmetric && parsed.Algorithm is not Symmetric))
        {
            return null;
        }

        var key = _providers.Find(each => each is { IsEnabled: true, Key.Use: "sig" } && string.Equals(each.Key.Kid, parsed.Kid, StringComparison.Ordinal))?.Key;
        return key is not null && string.Equals(key.Algorithm, parsed.Algorithm, StringComparison.Ordinal) && key.Verify(parsed.SignedBytes, parsed.Signature)
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

    /// <summary>Takes a key away. It is disposed of with the realm only, because somebody may be signing with it.</summary>
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
        return KeyProvider.Create(StableId.For(realm, "component", provider), provider, provider, settings, realm, now, kept);
    }

    private static KeyProvider Read(KeyComponent component, string realm, DateTimeOffset now)
    {
        try
        {
            return KeyProvider.Create(component.Id, component.Name, component.Provider, component.Config, realm, now);
        }
        catch (RealmFileException)
        {
            throw new RealmFileException($"{component.Place}.config.privateKey", "Failed to decode private key");
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
