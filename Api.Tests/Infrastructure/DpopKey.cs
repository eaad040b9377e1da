using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.IdentityModel.Tokens;

namespace Api.Tests.Infrastructure;

/// <summary>A key that signs DPoP proofs (RFC 9449, section 4), with ES256 unless a test asks for something else.</summary>
public sealed class DpopKey(string algorithm = "ES256", int rsaBits = 2048) : IDisposable
{
    private readonly AsymmetricAlgorithm _key = algorithm switch
    {
        "ES256" => ECDsa.Create(ECCurve.NamedCurves.nistP256),
        "ES384" => ECDsa.Create(ECCurve.NamedCurves.nistP384),
        "ES512" => ECDsa.Create(ECCurve.NamedCurves.nistP521),
        _ => RSA.Create(rsaBits),
    };

    /// <summary>The public key (RFC 7517).</summary>
    public JsonObject PublicKey
    {
        get
        {
            var key = JsonWebKeyConverter.ConvertFromSecurityKey(
                _key is ECDsa elliptic ? new ECDsaSecurityKey(elliptic) : new RsaSecurityKey((RSA)_key));
            return key.Kty == "EC"
                ? new JsonObject { ["kty"] = "EC", ["crv"] = key.Crv, ["x"] = key.X, ["y"] = key.Y }
                : new JsonObject { ["kty"] = "RSA", ["n"] = key.N, ["e"] = key.E };
        }
    }

    /// <summary>The key's thumbprint (RFC 7638).</summary>
    public string Thumbprint
    {
        get
        {
            // The members in the order of their names, and no others.
            var members = string.Join(',', PublicKey
                .OrderBy(member => member.Key, StringComparer.Ordinal)
                .Select(member => $"\"{member.Key}\":\"{member.Value}\""));
            return Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes($"{{{members}}}")));
        }
    }

    /// <summary>A proof for a request, with what a test writes otherwise into its header and its claims.</summary>
    public string Prove(
        string method, string url, string? accessToken = null, long age = 0, Action<JsonObject, JsonObject>? change = null)
    {
        var header = new JsonObject { ["typ"] = "dpop+jwt", ["alg"] = algorithm, ["jwk"] = PublicKey };
        var claims = new JsonObject
        {
            ["jti"] = Guid.NewGuid().ToString(),
            ["htm"] = method,
            ["htu"] = url,
            ["iat"] = DateTimeOffset.UtcNow.ToUnixTimeSeconds() - age,
        };
        if (accessToken is not null)
        {
            claims["ath"] = Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(accessToken)));
        }

        change?.Invoke(header, claims);
        return Sign(header.ToJsonString(), claims.ToJsonString());
    }

    /// <summary>Signs the two parts as they are given, whatever they hold.</summary>
    public string Sign(string header, string claims)
    {
        var content = $"{Encode(header)}.{Encode(claims)}";
        var bytes = Encoding.ASCII.GetBytes(content);
        var hash = algorithm[2..] switch
        {
            "256" => HashAlgorithmName.SHA256,
            "384" => HashAlgorithmName.SHA384,
            _ => HashAlgorithmName.SHA512,
        };
        var signature = _key is ECDsa elliptic ? elliptic.SignData(bytes, hash)
            : ((RSA)_key).SignData(bytes, hash, algorithm[0] == 'P' ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1);
        return $"{content}.{Base64Url.EncodeToString(signature)}";
    }

    public void Dispose() => _key.Dispose();

    private static string Encode(string part) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(part));
}
