using System.Buffers;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace KeycloakAccess.Authentication;

/// <summary>
/// SHA-256 of a token or of the key of a session: of all of it, so that nobody finds another text that is taken for it. The text itself is
/// not kept.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct TokenHash
{
    private const int OnStack = 4096;

    private readonly long _first;
    private readonly long _second;
    private readonly long _third;
    private readonly long _fourth;

    private TokenHash(ReadOnlySpan<byte> hash)
    {
        var parts = MemoryMarshal.Cast<byte, long>(hash);
        (_first, _second, _third, _fourth) = (parts[0], parts[1], parts[2], parts[3]);
    }

    public static TokenHash Of(string text)
    {
        var length = Encoding.UTF8.GetMaxByteCount(text.Length);
        var rented = length > OnStack ? ArrayPool<byte>.Shared.Rent(length) : null;
        Span<byte> bytes = rented ?? stackalloc byte[OnStack];
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(bytes[..Encoding.UTF8.GetBytes(text, bytes)], hash);
        if (rented is not null)
        {
            // It holds a credential.
            ArrayPool<byte>.Shared.Return(rented, clearArray: true);
        }

        return new TokenHash(hash);
    }

    public override int GetHashCode() => (int)_first;
}
