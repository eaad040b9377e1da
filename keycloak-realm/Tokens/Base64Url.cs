using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace KeycloakRealm.Tokens;

/// <summary>Without padding (RFC 7515, section 2).</summary>
internal static class Base64Url
{
    public static string Encode(ReadOnlySpan<byte> bytes) => System.Buffers.Text.Base64Url.EncodeToString(bytes);

    public static string EncodeText(string text) => Encode(Encoding.UTF8.GetBytes(text));

    public static bool TryDecode(ReadOnlySpan<char> text, [NotNullWhen(true)] out byte[]? bytes)
    {
        bytes = null;
        if (!System.Buffers.Text.Base64Url.IsValid(text))
        {
            return false;
        }

        try
        {
            bytes = System.Buffers.Text.Base64Url.DecodeFromChars(text);
            return true;
        }
        catch (FormatException)
        {
            return false;
        }
    }
}
