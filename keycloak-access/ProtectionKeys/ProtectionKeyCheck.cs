using System.Runtime.ExceptionServices;
using System.Security.Cryptography;
using System.Xml;
using System.Xml.Linq;
using KeycloakAccess.Data;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.Extensions.Options;

namespace KeycloakAccess.ProtectionKeys;

/// <summary>
/// Opens every key before the application listens. The framework passes over a key that it cannot open and makes a new one, which would
/// sign everybody out without a word.
/// </summary>
internal sealed partial class ProtectionKeyCheck(
    IOptions<KeyManagementOptions> management,
    IKeyManager manager,
    ProtectionKeyPlace place,
    Database database,
    IServiceProvider services,
    ILogger<ProtectionKeyCheck> logger)
{
    private const string Remedy =
        "Restore it from a backup; or delete it, which ends the sessions, refresh tokens and kept forms that it protects.";

    // A session lasts a day at most, so nothing needs a key that expired before.
    private static readonly TimeSpan NeededAfterEnd = TimeSpan.FromDays(2);

    public static ProtectionKeyException Damaged(string what, Exception? exception) =>
        new(string.Join(' ', $"A key of Data Protection is damaged: {what}.", exception?.Message ?? "It is no key.", Remedy), exception!);

    public void Check()
    {
        if (place.Failure is { } failure)
        {
            ExceptionDispatchInfo.Throw(failure);
        }

        CheckFolder();
        var elements = management.Value.XmlRepository!.GetAllElements();
        var keys = manager.GetAllKeys().ToDictionary(key => key.KeyId);
        foreach (var element in elements)
        {
            if (element.Name == "revocation")
            {
                continue;
            }

            if (element.Name != "key" || !Guid.TryParse((string?)element.Attribute("id"), out var id) || !keys.TryGetValue(id, out var key))
            {
                throw Damaged($"{Describe(element)} in {PlaceName}", exception: null);
            }

            if (!key.IsRevoked && key.ExpirationDate > Now - NeededAfterEnd)
            {
                Open(key);
            }
        }

        // Makes the first key, and the next one where it is time.
        services.GetDataProtector("start").Protect("start");
        if (!place.IsEncrypted && !services.GetRequiredService<IHostEnvironment>().IsDevelopment())
        {
            LogUnencrypted(PlaceName);
        }
    }

    private DateTimeOffset Now => services.GetRequiredService<TimeProvider>().GetUtcNow();

    private string PlaceName => place.Folder is { } folder
        ? $"the folder {folder} (DataProtection:KeysFolder)"
        : $"the table protection_keys ({database.Place})";

    private static string Describe(XElement element) =>
        (string?)element.Attribute("id") is { Length: > 0 and < 100 } id ? $"the key {id}" : $"an element <{element.Name.LocalName}>";

    private void CheckFolder()
    {
        if (place.Folder is not { } folder)
        {
            return;
        }

        try
        {
            Directory.CreateDirectory(folder);
            var probe = Path.Combine(folder, $".{Guid.NewGuid()}.tmp");
            File.WriteAllText(probe, "");
            File.Delete(probe);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ProtectionKeyException(
                $"The folder {folder} (DataProtection:KeysFolder) cannot be written: {exception.Message} Give this process the right to " +
                "write there, or leave the setting out: then the keys lie in the database.",
                exception);
        }

        // As the framework chooses them.
        foreach (var file in Directory.EnumerateFiles(folder, "*.xml"))
        {
            try
            {
                XElement.Load(file);
            }
            catch (Exception exception) when (exception is XmlException or IOException or UnauthorizedAccessException)
            {
                throw Damaged($"the file {file} (DataProtection:KeysFolder)", exception);
            }
        }
    }

    private void Open(IKey key)
    {
        try
        {
            // Decrypts it.
            _ = key.CreateEncryptor() ?? throw new CryptographicException("It has no encryptor.");
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            throw new ProtectionKeyException(
                $"The key {key.KeyId} of Data Protection, in {PlaceName}, cannot be decrypted: {exception.GetBaseException().Message} " +
                "Set DataProtection:Certificate or DataProtection:KeyFile to what encrypted it, or name that in " +
                $"DataProtection:FormerCertificates or DataProtection:FormerKeyFiles. If it is lost: {Remedy}",
                exception);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The keys that protect sessions and refresh tokens lie unencrypted in {Place}. " +
        "Set DataProtection:Certificate or DataProtection:KeyFile, so that whoever reads them there cannot make a session")]
    private partial void LogUnencrypted(string place);
}
