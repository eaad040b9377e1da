using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using KeycloakRealm.Import;

namespace KeycloakRealm.Tokens;

/// <summary>
/// The realm's keys: RSA for what others verify, HS512 for refresh tokens and cookies. Keys of the file are used as they
/// are; the others are made, and kept in the state folder if there is one, so that tokens survive a restart.
/// </summary>
internal sealed class RealmKeys : IDisposable
{
    private const string SymmetricSignature = "HS512";

    private readonly List<SigningKey> _keys;
    private readonly byte[] _secret;
    private readonly string _secretKid;

    private RealmKeys(List<SigningKey> keys, SigningKey active, byte[] secret, string secretKid)
    {
        _keys = keys;
        Active = active;
        _secret = secret;
        _secretKid = secretKid;
    }

    /// <summary>The key that signs.</summary>
    public SigningKey Active { get; }

    public IReadOnlyList<SigningKey> All => _keys;

    [System.Diagnostics.CodeAnalysis.SuppressMessage("Reliability", "CA2000", Justification = "The keys own the RSA objects, and this class disposes of the keys.")]
    public static RealmKeys Create(ImportedRealm imported, string? stateFolder, TimeProvider clock)
    {
        var realm = imported.Realm.Name;
        var now = clock.GetUtcNow();
        var keys = new List<SigningKey>();
        SigningKey? active = null;
        foreach (var component in imported.Keys.Where(key => key is { Enabled: true, PrivateKey: not null }).OrderByDescending(key => key.Priority))
        {
            var key = new SigningKey(Read(component), component.Algorithm, component.Use, realm, now, component.Certificate);
            keys.Add(key);
            active ??= component is { Active: true, Use: "sig" } ? key : null;
        }

        var kept = KeyFile.Read(stateFolder, realm);
        if (active is null)
        {
            // Nothing to sign with in the file: a key of our own, and the encryption key that Keycloak also makes then.
            var made = kept?.Signing is { } signing ? Import(signing) : RSA.Create(2048);
            active = new SigningKey(made, "RS256", "sig", realm, now, certificate: null);
            var encryption = kept?.Encryption is { } encrypting ? Import(encrypting) : RSA.Create(2048);
            keys.Insert(0, active);
            keys.Add(new SigningKey(encryption, "RSA-OAEP", "enc", realm, now, certificate: null));
        }

        var secret = kept?.Secret ?? RandomNumberGenerator.GetBytes(128);
        var secretKid = kept?.SecretKid ?? Guid.NewGuid().ToString();
        KeyFile.Write(stateFolder, realm, new KeyFile(
            active.ExportPrivateKey(),
            keys.Find(key => key.Use is "enc")?.ExportPrivateKey(),
            secret,
            secretKid));
        return new RealmKeys(keys, active, secret, secretKid);
    }

    /// <summary>A token signed with the realm's RSA key.</summary>
    public string Sign(JsonObject payload, string type = "JWT") =>
        Write(Active.Algorithm, type, Active.Kid, payload, Active.Sign);

    /// <summary>A token that only the realm itself reads, signed with HS512.</summary>
    public string SignSymmetric(JsonObject payload) =>
        Write(SymmetricSignature, "JWT", _secretKid, payload, data => HMACSHA512.HashData(_secret, data));

    /// <summary>A keyed hash, for cookie values.</summary>
    public byte[] Hash(string text) => HMACSHA512.HashData(_secret, Encoding.UTF8.GetBytes(text));

    /// <summary>The payload of a token whose signature is good, whatever kind it is and whether or not it has expired.</summary>
    public JsonObject? Read(string? token, bool symmetric)
    {
        return SignedToken.Parse(token) is { } parsed && IsGenuine(parsed, symmetric) ? parsed.Payload : null;
    }

    public void Dispose()
    {
        foreach (var key in _keys)
        {
            key.Dispose();
        }
    }

    private static RSA Read(KeyComponent component)
    {
        var rsa = RSA.Create();
        try
        {
            var text = component.PrivateKey!;
            if (text.Contains("-----BEGIN", StringComparison.Ordinal))
            {
                rsa.ImportFromPem(text);
                return rsa;
            }

            var bytes = Convert.FromBase64String(text);
            try
            {
                rsa.ImportPkcs8PrivateKey(bytes, out _);
            }
            catch (CryptographicException)
            {
                // Exports hold PKCS#1 keys; PKCS#8 is what openssl writes today.
                rsa.ImportRSAPrivateKey(bytes, out _);
            }

            return rsa;
        }
        catch (Exception exception) when (exception is CryptographicException or FormatException or ArgumentException)
        {
            rsa.Dispose();
            throw new RealmFileException($"{component.Place}.config.privateKey", "Failed to decode private key");
        }
    }

    private static RSA Import(byte[] pkcs8)
    {
        var rsa = RSA.Create();
        rsa.ImportPkcs8PrivateKey(pkcs8, out _);
        return rsa;
    }

    private static string Write(string algorithm, string type, string kid, JsonObject payload, Func<byte[], byte[]> sign)
    {
        var header = new JsonObject { ["alg"] = algorithm, ["typ"] = type, ["kid"] = kid };
        var unsigned = $"{Base64Url.Encode(Json.Bytes(header))}.{Base64Url.Encode(Json.Bytes(payload))}";
        return $"{unsigned}.{Base64Url.Encode(sign(Encoding.ASCII.GetBytes(unsigned)))}";
    }

    private bool IsGenuine(SignedToken token, bool symmetric)
    {
        if (symmetric)
        {
            return string.Equals(token.Algorithm, SymmetricSignature, StringComparison.Ordinal)
                && CryptographicOperations.FixedTimeEquals(HMACSHA512.HashData(_secret, token.SignedBytes), token.Signature);
        }

        var key = _keys.Find(candidate => candidate.Use is "sig" && string.Equals(candidate.Kid, token.Kid, StringComparison.Ordinal));
        return key is not null && string.Equals(key.Algorithm, token.Algorithm, StringComparison.Ordinal) && key.Verify(token.SignedBytes, token.Signature);
    }
}
