using System.Security.Cryptography;
using System.Text;

namespace KeycloakRealm.Import;

/// <summary>Derived from names, so that a user without an id in the file keeps the same <c>sub</c> over restarts.</summary>
internal static class StableId
{
    public static string For(string realm, string kind, string name)
    {
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(Encoding.UTF8.GetBytes($"{realm}\n{kind}\n{name}"), hash);
        hash[6] = (byte)((hash[6] & 0x0F) | 0x80);
        hash[8] = (byte)((hash[8] & 0x3F) | 0x80);
        return new Guid(hash[..16], bigEndian: true).ToString();
    }
}
