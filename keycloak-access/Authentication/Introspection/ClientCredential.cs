using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace KeycloakAccess.Authentication.Introspection;

/// <summary>A secret, a key or a certificate cannot be used. The message names the file and the remedy.</summary>
internal sealed class ClientCredentialException : Exception
{
    public ClientCredentialException()
    {
    }

    public ClientCredentialException(string message)
        : base(message)
    {
    }

    public ClientCredentialException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

/// <summary>What a client authenticates with, as it has been read.</summary>
internal sealed record ClientCredential : IDisposable
{
    // HS256 with a shorter one is weaker than its name says (RFC 7518, section 3.2), and the library refuses it.
    private const int ShortestForSignatures = 32;

    public string Secret { get; private init; } = "";

    public SigningCredentials? Signing { get; private init; }

    public X509Certificate2? Certificate { get; private init; }

    /// <exception cref="ClientCredentialException">A file cannot be read, or does not hold what it should.</exception>
    public static ClientCredential Read(ClientCredentialOptions options, IntrospectionClientOptions client)
    {
        try
        {
            return client.Method switch
            {
                ClientAuthenticationMethod.PrivateKeyJwt => new() { Signing = ReadKey(options, client.Algorithm) },
                ClientAuthenticationMethod.Tls => new() { Certificate = ReadCertificate(options) },
                ClientAuthenticationMethod.ClientSecretJwt => new() { Signing = KeyOf(ReadSecret(options), client.Algorithm) },
                _ => new() { Secret = ReadSecret(options) },
            };
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ClientCredentialException($"{exception.Message} Check the path and who may read it.", exception);
        }
    }

    public void Dispose()
    {
        Certificate?.Dispose();
        ((Signing?.Key as RsaSecurityKey)?.Rsa as IDisposable ?? (Signing?.Key as ECDsaSecurityKey)?.ECDsa)?.Dispose();
    }

    private static string ReadSecret(ClientCredentialOptions options)
    {
        var secret = options.SecretFile.Length > 0 ? File.ReadAllText(options.SecretFile).Trim() : options.Secret;
        return secret.Length > 0 ? secret : throw new ClientCredentialException($"{options.SecretFile} is empty. It must hold the secret.");
    }

    private static SigningCredentials KeyOf(string secret, string algorithm)
    {
        var bytes = Encoding.UTF8.GetBytes(secret);
        var needed = algorithm switch
        {
            SecurityAlgorithms.HmacSha512 => 64,
            SecurityAlgorithms.HmacSha384 => 48,
            _ => ShortestForSignatures,
        };
        return bytes.Length >= needed
            ? new(new SymmetricSecurityKey(bytes), algorithm.Length > 0 ? algorithm : SecurityAlgorithms.HmacSha256)
            : throw new ClientCredentialException(
                $"the secret is shorter than {needed} bytes, which an assertion is not signed with. Let Keycloak make a new one: "
                + "Clients → the client → Credentials → Regenerate.");
    }

    private static SigningCredentials ReadKey(ClientCredentialOptions options, string algorithm)
    {
        var pem = File.ReadAllText(options.KeyFile);
        var keyId = options.KeyId.Length > 0 ? options.KeyId : null;
        if (TryImport(RSA.Create, rsa => rsa.ImportFromPem(pem)) is { } rsa)
        {
            return new(new RsaSecurityKey(rsa) { KeyId = keyId }, Fitting(algorithm, SecurityAlgorithms.RsaSha256, "RS", "PS"));
        }

        if (TryImport(ECDsa.Create, each => each.ImportFromPem(pem)) is { } ec)
        {
            var own = ec.KeySize switch
            {
                384 => SecurityAlgorithms.EcdsaSha384,
                521 => SecurityAlgorithms.EcdsaSha512,
                _ => SecurityAlgorithms.EcdsaSha256,
            };
            return new(new ECDsaSecurityKey(ec) { KeyId = keyId }, Fitting(algorithm, own, own));
        }

        throw new ClientCredentialException(
            $"{options.KeyFile} holds no private key that can be read. It must be PEM, RSA or EC, and not encrypted.");
    }

    private static string Fitting(string algorithm, string otherwise, params string[] starts) =>
        algorithm.Length == 0 ? otherwise
        : starts.Any(start => algorithm.StartsWith(start, StringComparison.Ordinal)) ? algorithm
        : throw new ClientCredentialException($"the key is not for {algorithm}. Set Introspection:Client:Algorithm to {otherwise}.");

    // A public key alone is PEM too, and signs nothing.
    private static TKey? TryImport<TKey>(Func<TKey> create, Action<TKey> import)
        where TKey : AsymmetricAlgorithm
    {
        var key = create();
        try
        {
            import(key);
            _ = key.ExportPkcs8PrivateKey();
            return key;
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException)
        {
            key.Dispose();
            return null;
        }
    }

    private static X509Certificate2 ReadCertificate(ClientCredentialOptions options)
    {
        try
        {
            return X509Certificate2.CreateFromPemFile(options.CertificateFile, options.KeyFile.Length > 0 ? options.KeyFile : null);
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException)
        {
            throw new ClientCredentialException(
                $"{options.CertificateFile} holds no certificate with its private key. Both must be PEM, and not encrypted; a key of its "
                + "own file is named in KeyFile.",
                exception);
        }
    }
}

/// <summary>The assertion by which a client authenticates (RFC 7523, section 2.2).</summary>
internal static class ClientAssertion
{
    public const string Type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

    // Keycloak takes none that is older than a minute.
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(30);

    private static readonly JsonWebTokenHandler Handler = new() { SetDefaultTimesOnTokenCreation = false };

    public static string Create(string clientId, string audience, SigningCredentials signing, DateTimeOffset now) =>
        Handler.CreateToken(new SecurityTokenDescriptor
        {
            Claims = new Dictionary<string, object>(StringComparer.Ordinal)
            {
                ["iss"] = clientId,
                ["sub"] = clientId,
                ["aud"] = audience,
                ["jti"] = Guid.NewGuid().ToString(),
                ["iat"] = now.ToUnixTimeSeconds(),
                ["exp"] = (now + Lifetime).ToUnixTimeSeconds(),
            },
            SigningCredentials = signing,
        });

    /// <summary>What is wrong with the algorithm, by the method alone.</summary>
    public static string? FindMistake(IntrospectionClientOptions client)
    {
        string[] accepted = client.Method switch
        {
            ClientAuthenticationMethod.ClientSecretJwt =>
                [SecurityAlgorithms.HmacSha256, SecurityAlgorithms.HmacSha384, SecurityAlgorithms.HmacSha512],
            ClientAuthenticationMethod.PrivateKeyJwt => [.. SignatureAlgorithms.Verifiable],
            _ => [],
        };
        return client.Algorithm.Length == 0 || accepted.Contains(client.Algorithm, StringComparer.Ordinal) ? null
            : accepted.Length == 0 ? $"The method {client.Method} signs nothing. Remove it."
            : $"It may be {string.Join(", ", accepted)}.";
    }
}
