using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace KeycloakAccess.Authentication.BoundTokens;

/// <summary>
/// What a token is bound to, by its claim <c>cnf</c> (RFC 7800): a key (RFC 9449, section 6.1), a certificate (RFC 8705, section 3.1), or
/// both, each by its SHA-256 thumbprint.
/// </summary>
internal sealed record TokenBinding(string? Key, string? Certificate)
{
    private const string KeyMember = "jkt";
    private const string CertificateMember = "x5t#S256";

    // Keycloak says here what the thumbprint is of.
    private const string KeyType = "kc-jkt-type";

    /// <returns>Null where something in it is not known or of another form: such a token is bound, and nobody can say to what.</returns>
    public static TokenBinding? Read(JsonElement confirmation)
    {
        if (confirmation.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        string? key = null;
        string? certificate = null;
        foreach (var member in confirmation.EnumerateObject())
        {
            var isKnown = member.Name switch
            {
                KeyMember => TryReadThumbprint(member.Value, out key),
                CertificateMember => TryReadThumbprint(member.Value, out certificate),
                KeyType => member.Value.ValueKind == JsonValueKind.String && member.Value.ValueEquals("DPoP"),
                _ => false,
            };
            if (!isKnown)
            {
                return null;
            }
        }

        return key is null && certificate is null ? null : new TokenBinding(key, certificate);
    }

    /// <summary>In a time that says nothing of where they differ.</summary>
    public static bool AreEqual(string thumbprint, string other) =>
        CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(thumbprint), Encoding.ASCII.GetBytes(other));

    private static bool TryReadThumbprint(JsonElement value, out string? thumbprint)
    {
        thumbprint = value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        return thumbprint is { Length: 43 } && CompactToken.Decode(thumbprint) is { Length: SHA256.HashSizeInBytes };
    }

    public static string ThumbprintOf(ReadOnlySpan<byte> content) => Base64Url.EncodeToString(SHA256.HashData(content));
}
