using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.XmlEncryption;

namespace KeycloakAccess.ProtectionKeys;

/// <summary>AES-256-GCM with the bytes of a file: the first of them encrypts, all decrypt.</summary>
internal sealed class KeyFileEncryption(IReadOnlyList<byte[]> keys) : IXmlEncryptor
{
    private const int KeySize = 32;

    private static readonly int NonceSize = AesGcm.NonceByteSizes.MaxSize;
    private static readonly int TagSize = AesGcm.TagByteSizes.MaxSize;

    public static byte[] ReadKey(string setting, string file, string folder)
    {
        try
        {
            var key = Convert.FromBase64String(File.ReadAllText(Path.GetFullPath(file, folder)));
            return key.Length == KeySize ? key : throw new FormatException($"It holds {key.Length} bytes.");
        }
        catch (FormatException exception)
        {
            throw new ProtectionKeyException(
                $"{setting} ({file}) must hold {KeySize} random bytes in base64, as openssl rand -base64 {KeySize} writes them. " +
                exception.Message,
                exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ProtectionKeyException(
                $"{setting} cannot be read: {exception.Message} Check the path and who may read it.", exception);
        }
    }

    public EncryptedXmlInfo Encrypt(XElement plaintextElement)
    {
        var text = Encoding.UTF8.GetBytes(plaintextElement.ToString(SaveOptions.DisableFormatting));
        var sealedBytes = new byte[NonceSize + TagSize + text.Length];
        var nonce = sealedBytes.AsSpan(0, NonceSize);
        var rest = sealedBytes.AsSpan(NonceSize);
        RandomNumberGenerator.Fill(nonce);
        using var aes = new AesGcm(keys[0], TagSize);
        aes.Encrypt(nonce, text, rest[TagSize..], rest[..TagSize]);
        return new EncryptedXmlInfo(new XElement("encryptedByKeyFile", Convert.ToBase64String(sealedBytes)), typeof(KeyFileDecryption));
    }

    public XElement Decrypt(XElement encryptedElement)
    {
        var sealedBytes = Convert.FromBase64String(encryptedElement.Value);
        if (sealedBytes.Length < NonceSize + TagSize)
        {
            throw new CryptographicException("What is encrypted is too short.");
        }

        var text = new byte[sealedBytes.Length - NonceSize - TagSize];
        var nonce = sealedBytes.AsSpan(0, NonceSize);
        var rest = sealedBytes.AsSpan(NonceSize);
        foreach (var key in keys)
        {
            try
            {
                using var aes = new AesGcm(key, TagSize);
                aes.Decrypt(nonce, rest[TagSize..], rest[..TagSize], text);
                return XElement.Parse(Encoding.UTF8.GetString(text));
            }
            catch (AuthenticationTagMismatchException)
            {
                // Another file has encrypted it.
            }
        }

        throw new CryptographicException("No key file that is set has encrypted it.");
    }
}

/// <summary>Named in the keys that are kept; the framework makes it, by this constructor.</summary>
internal sealed class KeyFileDecryption(IServiceProvider services) : IXmlDecryptor
{
    public XElement Decrypt(XElement encryptedElement) =>
        (services.GetService<KeyFileEncryption>()
            ?? throw new CryptographicException("A key file has encrypted it, and DataProtection:KeyFile names none."))
        .Decrypt(encryptedElement);
}
