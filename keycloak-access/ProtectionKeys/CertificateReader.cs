using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace KeycloakAccess.ProtectionKeys;

internal static class CertificateReader
{
    /// <param name="setting">The setting that names the certificate, for messages.</param>
    /// <param name="certificate">What stands there.</param>
    /// <param name="folder">Where relative paths begin.</param>
    public static X509Certificate2 Read(string setting, CertificateFile certificate, string folder)
    {
        if (certificate.File.Length == 0)
        {
            throw new ProtectionKeyException($"{setting}:File is missing. Set it to a PFX or PEM file with an RSA private key.");
        }

        if (certificate is { Password: not null, PasswordFile: not null })
        {
            throw new ProtectionKeyException($"{setting} has both Password and PasswordFile. Remove one of them.");
        }

        try
        {
            var password = certificate.PasswordFile is { } file
                ? File.ReadAllText(Path.GetFullPath(file, folder)).TrimEnd('\r', '\n')
                : certificate.Password;
#pragma warning disable CA2000 // It lives as long as the application.
            var read = Read(
                Path.GetFullPath(certificate.File, folder),
                certificate.Key is { } key ? Path.GetFullPath(key, folder) : null,
                password);
#pragma warning restore CA2000
            using var rsa = read.GetRSAPrivateKey();
            return rsa is not null ? read : throw new ProtectionKeyException(
                $"{setting} ({certificate.File}) has no RSA private key. Name a PFX that holds it, or, for PEM, the file of the key in " +
                $"{setting}:Key.");
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException)
        {
            throw new ProtectionKeyException(
                $"{setting} ({certificate.File}) cannot be read: {exception.Message} Check the file, {setting}:Password and " +
                $"{setting}:PasswordFile.",
                exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ProtectionKeyException(
                $"{setting} cannot be read: {exception.Message} Check the paths and who may read them.", exception);
        }
    }

    private static X509Certificate2 Read(string file, string? key, string? password) =>
        !File.ReadAllText(file).Contains("-----BEGIN ", StringComparison.Ordinal)
            ? X509CertificateLoader.LoadPkcs12FromFile(file, password)
            : password is null
                ? X509Certificate2.CreateFromPemFile(file, key)
                : X509Certificate2.CreateFromEncryptedPemFile(file, password, key);
}
