using System.Formats.Asn1;
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KeycloakRealm.Import;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Security;

namespace KeycloakRealm.Tokens;

/// <summary>A key with the settings of its Keycloak component.</summary>
internal sealed class KeyProvider
{
    private static readonly string[] RsaAlgorithms = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];

    private KeyProvider(string id, string name, string providerId, IReadOnlyDictionary<string, string> config, SigningKey key)
    {
        Id = id;
        Name = name;
        ProviderId = providerId;
        Config = config;
        Key = key;
    }

    public string Id { get; }

    public string Name { get; }

    public string ProviderId { get; }

    /// <summary>Without the private key.</summary>
    public IReadOnlyDictionary<string, string> Config { get; }

    public SigningKey Key { get; }

    public long Priority =>
        long.TryParse(Config.GetValueOrDefault("priority"), NumberStyles.Integer, CultureInfo.InvariantCulture, out var value) ? value : 0;

    /// <summary>A disabled key verifies nothing.</summary>
    public bool IsEnabled => Config.GetValueOrDefault("enabled") is not "false";

    /// <summary>A passive key verifies and does not sign.</summary>
    public bool IsActive => IsEnabled && Config.GetValueOrDefault("active") is not "false";

    public static bool Knows(string providerId) =>
        providerId is "rsa" or "rsa-generated" or "rsa-enc" or "rsa-enc-generated" or "ecdsa-generated" or "eddsa-generated"
            or "hmac-generated";

    /// <summary>The component that Keycloak creates where no key fits an algorithm; null for an unknown algorithm.</summary>
    public static KeyProvider? Fallback(string algorithm, string realm, DateTimeOffset now, byte[]? kept = null)
    {
        (string Provider, string Setting, string Value)? kind = algorithm switch
        {
            _ when RsaAlgorithms.Contains(algorithm, StringComparer.Ordinal) => ("rsa-generated", "algorithm", algorithm),
            "ES256" => ("ecdsa-generated", "ecdsaEllipticCurveKey", "P-256"),
            "ES384" => ("ecdsa-generated", "ecdsaEllipticCurveKey", "P-384"),
            "ES512" => ("ecdsa-generated", "ecdsaEllipticCurveKey", "P-521"),
            "EdDSA" => ("eddsa-generated", "eddsaEllipticCurveKey", "Ed25519"),
            "HS256" or "HS384" or "HS512" => ("hmac-generated", "algorithm", algorithm),
            _ => null,
        };
        if (kind is not var (provider, setting, value))
        {
            return null;
        }

        var config = new Dictionary<string, string>(StringComparer.Ordinal) { ["priority"] = "-100", [setting] = value };
        return Create(new KeyComponent(Guid.NewGuid().ToString(), $"fallback-{algorithm}", provider, config), realm, now, kept);
    }

    /// <exception cref="RealmFileException">The settings do not hold a valid key.</exception>
    public static KeyProvider Create(KeyComponent component, string realm, DateTimeOffset now, byte[]? kept = null)
    {
        var settings = new Dictionary<string, string>(component.Config, StringComparer.Ordinal);
        var key = Read(component.Provider, settings, realm, now, kept);
        if (component.Provider is "rsa" or "rsa-enc" && key.Certificate is { } certificate)
        {
            settings["certificate"] = Convert.ToBase64String(certificate);
        }

        return new KeyProvider(component.Id, component.Name, component.Provider, settings, key);
    }

    public KeyProvider With(string name, IReadOnlyDictionary<string, string> config) => new(Id, name, ProviderId, config, Key);

    private static SigningKey Read(string providerId, Dictionary<string, string> settings, string realm, DateTimeOffset now, byte[]? kept)
    {
        string? Take(string name) => settings.Remove(name, out var value) && value.Length > 0 && !value.All(c => c is '*') ? value : null;
        try
        {
            switch (providerId)
            {
                case "ecdsa-generated":
                    return ReadEcdsa(Take("ecdsaPrivateKey"), settings, kept);
                case "eddsa-generated":
                    return ReadEdDsa(Take("eddsaPrivateKey"), kept);
                case "hmac-generated":
                    var secret = Take("secret") is { } encoded && Base64Url.TryDecode(encoded, out var bytes)
                        ? bytes
                        : kept ?? RandomNumberGenerator.GetBytes(128);
                    return new HmacSigningKey(
                        secret, Take("kid") ?? Guid.NewGuid().ToString(), settings.GetValueOrDefault("algorithm") ?? "HS512");
                default:
                    var encrypts = providerId.StartsWith("rsa-enc", StringComparison.Ordinal);
                    var usual = encrypts ? "RSA-OAEP" : "RS256";
                    var algorithm = settings.GetValueOrDefault("algorithm") is { Length: > 0 } given ? given : usual;
                    var use = encrypts ? "enc" : settings.GetValueOrDefault("keyUse")?.ToLowerInvariant() ?? "sig";
                    var rsa = ReadRsa(Take("privateKey"), settings, kept);
                    try
                    {
                        var certificate = Take("certificate") is { } text ? ReadCertificate(text, rsa, now) : null;
                        return new RsaSigningKey(rsa, algorithm, use, realm, now, certificate);
                    }
                    catch
                    {
                        rsa.Dispose();
                        throw;
                    }
            }
        }
        catch (Exception exception) when (exception is CryptographicException or FormatException or ArgumentException)
        {
            var member = providerId switch
            {
                "ecdsa-generated" => "ecdsaPrivateKey",
                "eddsa-generated" => "eddsaPrivateKey",
                _ => "privateKey",
            };
            throw new RealmFileException(member, "Failed to decode private key");
        }
    }

    private static byte[] ReadCertificate(string text, RSA key, DateTimeOffset now)
    {
        X509Certificate2 certificate;
        try
        {
            // Of a chain, the first counts.
            var bytes = PemText.Decode(text);
            AsnDecoder.ReadSequence(bytes, AsnEncodingRules.DER, out var offset, out var length, out _);
            certificate = X509CertificateLoader.LoadCertificate(bytes.AsSpan(0, offset + length));
        }
        catch (Exception exception) when (exception is CryptographicException or FormatException or AsnContentException)
        {
            throw new RealmFileException("certificate", "Failed to decode certificate");
        }

        using (certificate)
        {
            using var publicKey = certificate.GetRSAPublicKey();
            if (publicKey is null || !publicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(key.ExportSubjectPublicKeyInfo()))
            {
                throw new RealmFileException("certificate", "Certificate does not match private key");
            }

            return now.UtcDateTime < certificate.NotAfter.ToUniversalTime()
                ? certificate.RawData
                : throw new RealmFileException("certificate", "Certificate has expired");
        }
    }

    private static RSA ReadRsa(string? text, Dictionary<string, string> settings, byte[]? kept)
    {
        if (text is not null)
        {
            return PemText.DecodeRsa(text);
        }

        var size = int.TryParse(settings.GetValueOrDefault("keySize"), NumberStyles.Integer, CultureInfo.InvariantCulture, out var bits)
            ? bits
            : 2048;
        var rsa = kept is null ? RSA.Create(size) : RSA.Create();
        try
        {
            if (kept is not null)
            {
                rsa.ImportPkcs8PrivateKey(kept, out _);
            }

            return rsa;
        }
        catch
        {
            rsa.Dispose();
            throw;
        }
    }

    private static EcdsaSigningKey ReadEcdsa(string? text, Dictionary<string, string> settings, byte[]? kept)
    {
        settings.Remove("ecdsaPublicKey");
        var curve = EcdsaSigningKey.CurveOf(settings.GetValueOrDefault("ecdsaEllipticCurveKey") ?? "P-256");
        var bytes = text is null ? kept : Convert.FromBase64String(text);
        if (bytes is null)
        {
            return new EcdsaSigningKey(ECDsa.Create(curve));
        }

        var key = ECDsa.Create();
        try
        {
            key.ImportPkcs8PrivateKey(bytes, out _);
            return new EcdsaSigningKey(key);
        }
        catch
        {
            key.Dispose();
            throw;
        }
    }

    /// <summary>PKCS#8, whose last bytes are the key itself (RFC 8410, section 7).</summary>
    private static EdDsaSigningKey ReadEdDsa(string? text, byte[]? kept)
    {
        if (text is null)
        {
            return new EdDsaSigningKey(kept ?? new Ed25519PrivateKeyParameters(new SecureRandom()).GetEncoded());
        }

        return PrivateKeyFactory.CreateKey(Convert.FromBase64String(text)) is Ed25519PrivateKeyParameters key
            ? new EdDsaSigningKey(key.GetEncoded())
            : throw new ArgumentException("not an Ed25519 key", nameof(text));
    }
}
