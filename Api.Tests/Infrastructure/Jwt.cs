using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Api.Tests.Infrastructure;

/// <summary>A signed JSON Web Token taken apart. Nothing is checked but on request.</summary>
public sealed record Jwt(string Text, JsonElement Header, JsonElement Payload)
{
    public static Jwt Decode(string text)
    {
        var parts = text.Split('.');
        Assert.Equal(3, parts.Length);
        return new(text, Parse(parts[0]), Parse(parts[1]));

        static JsonElement Parse(string part) => JsonElement.Parse(Base64Url.DecodeFromChars(part));
    }

    /// <summary>A text claim.</summary>
    public string? this[string claim] => Payload.TryGetProperty(claim, out var value) ? value.GetString() : null;

    public long Number(string claim) => Payload.GetProperty(claim).GetInt64();

    /// <summary>The token with another signature.</summary>
    public static string Tamper(string text)
    {
        var dot = text.LastIndexOf('.');
        var signature = Base64Url.DecodeFromChars(text.AsSpan(dot + 1));
        signature[0] ^= 1;
        return $"{text[..dot]}.{Base64Url.EncodeToString(signature)}";
    }

    /// <summary>True if the RS256 signature is that of the key which the key set names by the token's kid.</summary>
    public bool IsSignedBy(JsonElement keySet)
    {
        var key = keySet.GetProperty("keys").EnumerateArray().Single(candidate =>
            string.Equals(candidate.GetProperty("kid").GetString(), Header.GetProperty("kid").GetString(), StringComparison.Ordinal));
        using var rsa = RSA.Create(new RSAParameters
        {
            Modulus = Base64Url.DecodeFromChars(key.GetProperty("n").GetString()),
            Exponent = Base64Url.DecodeFromChars(key.GetProperty("e").GetString()),
        });
        var dot = Text.LastIndexOf('.');
        return rsa.VerifyData(
            Encoding.ASCII.GetBytes(Text[..dot]),
            Base64Url.DecodeFromChars(Text.AsSpan(dot + 1)),
            HashAlgorithmName.SHA256,
            RSASignaturePadding.Pkcs1);
    }
}
