namespace KeycloakAccess.ProtectionKeys;

/// <summary>
/// Where the keys of ASP.NET Core's Data Protection are kept, and what they are encrypted with: section <c>DataProtection</c>. They
/// protect session cookies, refresh tokens and forms that are kept over a sign-in.
/// </summary>
public sealed class ProtectionKeyOptions
{
    /// <summary>The name of the configuration section.</summary>
    public const string Section = "DataProtection";

    /// <summary>A folder for the keys. Without it they lie in the database, which all instances share.</summary>
    public string? KeysFolder { get; set; }

    /// <summary>Encrypts the keys, and decrypts them.</summary>
    public CertificateFile? Certificate { get; set; }

    /// <summary>Decrypt what earlier certificates have encrypted.</summary>
    public IReadOnlyList<CertificateFile> FormerCertificates { get; set; } = [];

    /// <summary>
    /// Encrypts the keys, and decrypts them, in the place of a certificate: a file with 32 random bytes in base64
    /// (<c>openssl rand -base64 32</c>).
    /// </summary>
    public string? KeyFile { get; set; }

    /// <summary>Decrypt what earlier key files have encrypted.</summary>
    public IReadOnlyList<string> FormerKeyFiles { get; set; } = [];
}

/// <summary>A certificate with its RSA private key.</summary>
public sealed class CertificateFile
{
    /// <summary>A PFX (PKCS #12), or PEM.</summary>
    public string File { get; set; } = "";

    /// <summary>A PEM file with the private key, where it is not in the first one.</summary>
    public string? Key { get; set; }

    /// <summary>What the PFX or the private key is encrypted with.</summary>
    public string? Password { get; set; }

    /// <summary>A file that holds the password.</summary>
    public string? PasswordFile { get; set; }
}
