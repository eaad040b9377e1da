using System.Security.Cryptography;
using System.Text;
using Org.BouncyCastle.Crypto.Generators;
using Org.BouncyCastle.Crypto.Parameters;

namespace KeycloakRealm.Model;

/// <summary>Plain as in realm files for development, or the PBKDF2 or Argon2 hash of an export.</summary>
internal sealed class Password
{
    private readonly byte[] _expected;
    private readonly Func<byte[], byte[]> _hash;

    private Password(string? plain, byte[] expected, Func<byte[], byte[]> hash)
    {
        Plain = plain;
        _expected = expected;
        _hash = hash;
    }

    /// <summary>Null for a hash.</summary>
    public string? Plain { get; }

    /// <summary>The name that the user gave it.</summary>
    public string? Label { get; set; }

    public static Password FromPlain(string value) => new(value, SHA256.HashData(Encoding.UTF8.GetBytes(value)), SHA256.HashData);

    public static Password FromPbkdf2(byte[] hash, byte[] salt, int iterations, HashAlgorithmName algorithm) =>
        new(plain: null, hash, bytes => Rfc2898DeriveBytes.Pbkdf2(bytes, salt, iterations, algorithm, hash.Length));

    /// <summary>Argon2 (RFC 9106), Keycloak's default.</summary>
    public static Password FromArgon2(byte[] hash, byte[] salt, Argon2Settings settings) => new(plain: null, hash, bytes =>
    {
        var parameters = new Argon2Parameters.Builder(settings.Type switch
        {
            "d" => Argon2Parameters.Argon2d,
            "i" => Argon2Parameters.Argon2i,
            _ => Argon2Parameters.Argon2id,
        })
            .WithVersion(settings.Version is "1.0" ? Argon2Parameters.Version10 : Argon2Parameters.Version13)
            .WithIterations(settings.Iterations)
            .WithMemoryAsKB(settings.Memory)
            .WithParallelism(settings.Parallelism)
            .WithSalt(salt)
            .Build();
        var generator = new Argon2BytesGenerator();
        generator.Init(parameters);
        var output = new byte[hash.Length];
        generator.GenerateBytes(bytes, output);
        return output;
    });

    public bool Matches(string offered) => CryptographicOperations.FixedTimeEquals(_hash(Encoding.UTF8.GetBytes(offered)), _expected);
}

/// <summary><c>Memory</c> is in KiB.</summary>
internal sealed record Argon2Settings(string Type, string Version, int Iterations, int Memory, int Parallelism);
