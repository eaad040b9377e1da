using System.Security.Cryptography;
using System.Text.Json.Nodes;

namespace KeycloakRealm.Tokens;

/// <summary><c>HS</c> algorithms (RFC 7518, section 3.2), for what only the realm reads: refresh tokens, cookies, tickets.</summary>
internal sealed class HmacSigningKey(byte[] secret, string kid, string algorithm) : SigningKey(algorithm, "sig")
{
    public override string Kid => kid;

    public override string Type => "OCT";

    public override byte[] Export() => secret;

    public override byte[] Sign(byte[] data) => Algorithm switch
    {
        "HS384" => HMACSHA384.HashData(secret, data),
        "HS512" => HMACSHA512.HashData(secret, data),
        _ => HMACSHA256.HashData(secret, data),
    };

    public override bool Verify(byte[] data, byte[] signature) => CryptographicOperations.FixedTimeEquals(Sign(data), signature);

    public override JsonObject? ToJson() => null;
}
