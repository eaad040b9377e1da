using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;

namespace Api.Tests.Infrastructure;

/// <summary>The codes that an authenticator app shows (RFC 4226, RFC 6238).</summary>
internal static class OneTimePassword
{
    public static string Now(byte[] secret, HashAlgorithmName? algorithm = null, int digits = 6, int period = 30) =>
        At(secret, DateTimeOffset.UtcNow.ToUnixTimeSeconds() / period, algorithm, digits);

    public static string At(byte[] secret, long counter, HashAlgorithmName? algorithm = null, int digits = 6)
    {
        var message = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(message, counter);
        var hash = CryptographicOperations.HmacData(algorithm ?? HashAlgorithmName.SHA1, secret, message);
        var number = BinaryPrimitives.ReadUInt32BigEndian(hash.AsSpan(hash[^1] & 0xF)) & 0x7FFFFFFF;
        return (number % (long)Math.Pow(10, digits)).ToString(CultureInfo.InvariantCulture).PadLeft(digits, '0');
    }
}
