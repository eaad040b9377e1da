using KeycloakAccess.Data;
using KeycloakAccess.Hosting;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.Extensions.Options;

namespace KeycloakAccess.ProtectionKeys;

/// <summary>Without a folder, the keys lie in the database.</summary>
internal sealed record ProtectionKeyPlace(string? Folder, bool IsEncrypted)
{
    /// <summary>What is wrong with a certificate or a key file, for when the settings have been checked as a whole.</summary>
    public ProtectionKeyException? Failure { get; init; }
}

internal static class ProtectionKeySetup
{
    private static readonly string[] Keys =
    [
        "KeysFolder", "Certificate:File", "Certificate:Key", "Certificate:Password", "Certificate:PasswordFile",
        "FormerCertificates:*:File", "FormerCertificates:*:Key", "FormerCertificates:*:Password", "FormerCertificates:*:PasswordFile",
        "KeyFile", "FormerKeyFiles:*",
    ];

    public static void AddProtectionKeys(this WebApplicationBuilder builder)
    {
        builder.Services.AddSettings(ProtectionKeyOptions.Section, Keys);
        var options = Read(builder.Configuration.GetSection(ProtectionKeyOptions.Section));
        var root = builder.Environment.ContentRootPath;
        var folder = options.KeysFolder is null ? null : Path.GetFullPath(options.KeysFolder, root);
        var protection = builder.Services.AddDataProtection().SetApplicationName("Api");
        if (folder is not null)
        {
            protection.PersistKeysToFileSystem(new DirectoryInfo(folder));
        }
        else
        {
            builder.Services.AddSingleton<IConfigureOptions<KeyManagementOptions>>(provider => new ConfigureOptions<KeyManagementOptions>(
                management => management.XmlRepository = new ProtectionKeyStore(
                    provider.GetRequiredService<Database>(), provider.GetRequiredService<TimeProvider>())));
        }

        var isEncrypted = options.Certificate is not null || options.KeyFile is not null;
        if (!isEncrypted && builder.Environment.IsDevelopment())
        {
            // That the first key is not encrypted, as everywhere in Development.
            builder.Logging.AddFilter("Microsoft.AspNetCore.DataProtection.KeyManagement.XmlKeyManager", LogLevel.Error);
        }

        builder.Services.AddSingleton(new ProtectionKeyPlace(folder, isEncrypted)
        {
            Failure = TryAddEncryption(protection, options, root),
        });
        builder.Services.AddSingleton<ProtectionKeyCheck>();
    }

    // Before there are services. What is of another form is found out when the settings are checked as a whole.
    private static ProtectionKeyOptions Read(IConfigurationSection section) => new()
    {
        KeysFolder = Text(section, nameof(ProtectionKeyOptions.KeysFolder)),
        Certificate = section.GetSection(nameof(ProtectionKeyOptions.Certificate)) is var certificate && certificate.GetChildren().Any()
            ? ReadCertificate(certificate)
            : null,
        FormerCertificates =
            [.. section.GetSection(nameof(ProtectionKeyOptions.FormerCertificates)).GetChildren().Select(ReadCertificate)],
        KeyFile = Text(section, nameof(ProtectionKeyOptions.KeyFile)),
        FormerKeyFiles =
            [.. section.GetSection(nameof(ProtectionKeyOptions.FormerKeyFiles)).GetChildren().Select(file => file.Value).OfType<string>()],
    };

    private static CertificateFile ReadCertificate(IConfigurationSection section) => new()
    {
        File = Text(section, nameof(CertificateFile.File)) ?? "",
        Key = Text(section, nameof(CertificateFile.Key)),
        Password = Text(section, nameof(CertificateFile.Password)),
        PasswordFile = Text(section, nameof(CertificateFile.PasswordFile)),
    };

    private static string? Text(IConfigurationSection section, string key) => section[key] is { Length: > 0 } text ? text : null;

    private static ProtectionKeyException? TryAddEncryption(IDataProtectionBuilder protection, ProtectionKeyOptions options, string root)
    {
        try
        {
            AddEncryption(protection, options, root);
            return null;
        }
        catch (ProtectionKeyException exception)
        {
            return exception;
        }
    }

    private static void AddEncryption(IDataProtectionBuilder protection, ProtectionKeyOptions options, string root)
    {
        if (options is { Certificate: not null, KeyFile: not null })
        {
            throw new ProtectionKeyException(
                "DataProtection has both Certificate and KeyFile. Keep the one that shall encrypt, and name the other one in " +
                "FormerCertificates or FormerKeyFiles.");
        }

        if (options.Certificate is { } certificate)
        {
#pragma warning disable CA2000 // It lives as long as the application.
            protection.ProtectKeysWithCertificate(CertificateReader.Read("DataProtection:Certificate", certificate, root));
#pragma warning restore CA2000
        }

        protection.UnprotectKeysWithAnyCertificate([.. options.FormerCertificates
            .Select((former, index) => CertificateReader.Read($"DataProtection:FormerCertificates:{index}", former, root))]);

        var keys = options.FormerKeyFiles
            .Select((file, index) => KeyFileEncryption.ReadKey($"DataProtection:FormerKeyFiles:{index}", file, root));
        var all = options.KeyFile is { } current
            ? keys.Prepend(KeyFileEncryption.ReadKey("DataProtection:KeyFile", current, root)).ToArray()
            : [.. keys];
        if (all.Length > 0)
        {
            var encryption = new KeyFileEncryption(all);
            protection.Services.AddSingleton(encryption);
            if (options.KeyFile is not null)
            {
                protection.Services.Configure<KeyManagementOptions>(management => management.XmlEncryptor = encryption);
            }
        }
    }
}
