using System.Text;

namespace KeycloakRealm.Model;

/// <summary>RFC 4648, section 6, without padding: as authenticator apps show and take secrets.</summary>
internal static class Base32
{
    private const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

    public static string Encode(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder();
        var (bits, count) = (0, 0);
        foreach (var each in bytes)
        {
            bits = (bits << 8) | each;
            for (count += 8; count >= 5; count -= 5)
            {
                text.Append(Alphabet[(bits >> (count - 5)) & 31]);
            }

            bits &= (1 << count) - 1;
        }

        return count == 0 ? text.ToString() : text.Append(Alphabet[(bits << (5 - count)) & 31]).ToString();
    }

    /// <summary>As Keycloak reads it: in either case, and past anything else, such as spaces.</summary>
    public static byte[] Decode(string text)
    {
        var bytes = new List<byte>();
        var (bits, count) = (0, 0);
        foreach (var digit in text.Select(c => Alphabet.IndexOf(char.ToUpperInvariant(c), StringComparison.Ordinal)))
        {
            if (digit < 0)
            {
                continue;
            }

            bits = (bits << 5) | digit;
            count += 5;
            if (count >= 8)
            {
                count -= 8;
                bytes.Add((byte)(bits >> count));
                bits &= (1 << count) - 1;
            }
        }

        return [.. bytes];
    }
}
