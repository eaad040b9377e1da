using System.Security.Cryptography;
using System.Text;

namespace KeycloakRealm.Model;

/// <summary>A user's password: plain as realm files for development have it, or the PBKDF2 hash of an export.</summary>
internal sealed class Password
{
    private readonly byte[] _expected;
    private readonly byte[] _salt;
    private readonly int _iterations;
    private readonly HashAlgorithmName? _algorithm;

    private Password(string? plain, byte[] expected, byte[] salt, int iterations, HashAlgorithmName? algorithm)
    {
        Plain = plain;
        _expected = expected;
        _salt = salt;
        _iterations = iterations;
        _algorithm = algorithm;
    }

    /// <summary>The password itself, where the file has it.</summary>
    public string? Plain { get; }

    public static Password FromPlain(string value) =>
        new(value, SHA256.HashData(Encoding.UTF8.GetBytes(value)), [], 0, algorithm: null);

    public static Password FromHash(byte[] hash, byte[] salt, int iterations, HashAlgorithmName algorithm) =>
        new(plain: null, hash, salt, iterations, algorithm);

    public bool Matches(string offered)
    {
        var bytes = Encoding.UTF8.GetBytes(offered);
        var actual = _algorithm is { } algorithm
            ? Rfc2898DeriveBytes.Pbkdf2(bytes, _salt, _iterations, algorithm, _expected.Length)
            : SHA256.HashData(bytes);
        return CryptographicOperations.FixedTimeEquals(actual, _expected);
    }
}
