using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Api.Tests.Commands;
using Api.Tests.Infrastructure;
using Dapper;
using KeycloakAccess;
using KeycloakAccess.Data;
using KeycloakAccess.ProtectionKeys;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Api.Tests.ProtectionKeys;

/// <summary>
/// The keys that protect sessions lie where all instances find them, encrypted if wanted, and none that cannot be opened is passed over.
/// </summary>
public abstract class ProtectionKeyTests : HttpTests, IAsyncLifetime
{
    private readonly DatabaseEngine _engine;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("protection-keys-");
    private TestDatabase _database = null!;

    private protected ProtectionKeyTests(DatabaseEngine engine) => _engine = engine;

    public async ValueTask InitializeAsync() => _database = await TestDatabase.CreateMigratedAsync(_engine);

    public async ValueTask DisposeAsync()
    {
        await _database.DisposeAsync();
        _folder.Delete(recursive: true);
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task What_one_instance_protects_another_one_reads_after_a_restart_too()
    {
        var text = await WithAsync([], ProtectAsync);

        Assert.Equal("text", await WithAsync([], instance => Task.FromResult(Unprotect(instance, text))));
        Assert.Single(await KeysAsync());
    }

    [Fact]
    public async Task Instances_that_start_at_once_make_one_key()
    {
        var instances = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => Instance.StartAsync(Settings()))));
        try
        {
            var texts = instances.Select(Protect).ToArray();

            Assert.Single(await KeysAsync());
            Assert.All(instances, instance => Assert.All(texts, text => Assert.Equal("text", Unprotect(instance, text))));
        }
        finally
        {
            foreach (var instance in instances)
            {
                await instance.DisposeAsync();
            }
        }
    }

    [Fact]
    public async Task Without_encryption_the_service_warns_and_in_Development_it_does_not()
    {
        await WithAsync([], instance =>
        {
            Assert.DoesNotContain("Warning", instance.Lines.Text, StringComparison.Ordinal);
            return Task.CompletedTask;
        });
        await WithAsync([("environment", "Production")], instance =>
        {
            Assert.Contains("Warning: The keys that protect sessions", instance.Lines.Text, StringComparison.Ordinal);
            return Task.CompletedTask;
        });
        Assert.Contains("<masterKey", Assert.Single(await KeysAsync()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("pfx")]
    [InlineData("pem")]
    [InlineData("pem in one file")]
    [InlineData("key file")]
    public async Task Keys_are_encrypted_by_what_is_set_and_whatever_comes_next_decrypts_them(string kind)
    {
        var first = Write(kind, "first");
        var second = Write(kind, "second");
        var text = await WithAsync([.. Current(kind, first), ("environment", "Production")], instance =>
        {
            Assert.DoesNotContain("The keys that protect sessions", instance.Lines.Text, StringComparison.Ordinal);
            return ProtectAsync(instance);
        });
        var key = Assert.Single(await KeysAsync());
        Assert.DoesNotContain("<masterKey", key, StringComparison.Ordinal);
        Assert.Contains("encryptedSecret", key, StringComparison.Ordinal);

        // Rotated, and given up for a key that is not encrypted.
        Assert.Equal("text", await WithAsync(
            [.. Current(kind, second), .. Former(kind, first)], instance => Task.FromResult(Unprotect(instance, text))));
        Assert.Equal("text", await WithAsync(Former(kind, first), instance => Task.FromResult(Unprotect(instance, text))));

        foreach (var settings in ((string, string?)[][])[Current(kind, second), []])
        {
            var message = (await Assert.ThrowsAsync<ProtectionKeyException>(() => WithAsync(settings, ProtectAsync))).Message;
            Assert.Contains("cannot be decrypted", message, StringComparison.Ordinal);
            Assert.Contains("DataProtection:FormerCertificates", message, StringComparison.Ordinal);
            Assert.Contains(KeyIdOf(key), message, StringComparison.Ordinal);
        }

        Assert.Equal([key], await KeysAsync());
    }

    [Theory]
    [InlineData("")]
    [InlineData("<key")]
    [InlineData("<other/>")]
    [InlineData("<key id=\"nothing\"/>")]
    [InlineData("<key id=\"7f1c6ad9-8a5e-4a3a-9b5a-111111111111\" version=\"1\"/>")]
    public async Task A_damaged_key_ends_the_start_and_no_other_one_is_made(string xml)
    {
        await WithAsync([], ProtectAsync);
        await ExecuteAsync("UPDATE protection_keys SET xml = @xml", new { xml });

        var message = (await Assert.ThrowsAsync<ProtectionKeyException>(() => WithAsync([], ProtectAsync))).Message;

        Assert.Contains("damaged", message, StringComparison.Ordinal);
        Assert.Contains("protection_keys", message, StringComparison.Ordinal);
        Assert.Contains("Restore it from a backup; or delete it", message, StringComparison.Ordinal);
        Assert.Equal([xml], await KeysAsync());
    }

    [Fact]
    public async Task Of_a_key_whose_secret_is_damaged_too()
    {
        await WithAsync([], ProtectAsync);
        await ExecuteAsync("UPDATE protection_keys SET xml = REPLACE(xml, '<value>', '<value>!')", new { });

        Assert.Contains(
            "cannot be decrypted",
            (await Assert.ThrowsAsync<ProtectionKeyException>(() => WithAsync([], ProtectAsync))).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task In_a_folder_the_keys_stay_there()
    {
        var settings = ((string, string?)[])[("DataProtection:KeysFolder", Path.Combine(_folder.FullName, "keys"))];

        var text = await WithAsync(settings, ProtectAsync);

        Assert.Equal("text", await WithAsync(settings, instance => Task.FromResult(Unprotect(instance, text))));
        Assert.Empty(await KeysAsync());
        var file = Assert.Single(Directory.GetFiles(Path.Combine(_folder.FullName, "keys")));

        await File.WriteAllTextAsync(file, "<key", Cancel);
        var message = (await Assert.ThrowsAsync<ProtectionKeyException>(() => WithAsync(settings, ProtectAsync))).Message;
        Assert.Contains(file, message, StringComparison.Ordinal);
        Assert.Contains("damaged", message, StringComparison.Ordinal);
        Assert.Single(Directory.GetFiles(Path.Combine(_folder.FullName, "keys")));
    }

    [Fact]
    public async Task A_folder_that_cannot_be_written_ends_the_start()
    {
        var file = Path.Combine(_folder.FullName, "file");
        await File.WriteAllTextAsync(file, "", Cancel);

        var message = (await Assert.ThrowsAsync<ProtectionKeyException>(
            () => WithAsync([("DataProtection:KeysFolder", Path.Combine(file, "keys"))], ProtectAsync))).Message;

        Assert.Contains("cannot be written", message, StringComparison.Ordinal);
        Assert.Contains("DataProtection:KeysFolder", message, StringComparison.Ordinal);
    }

    internal static string Protect(Instance instance) => Protector(instance).Protect("text");

    internal static string Unprotect(Instance instance, string text) => Protector(instance).Unprotect(text);

    private static Task<string> ProtectAsync(Instance instance) => Task.FromResult(Protect(instance));

    private static IDataProtector Protector(Instance instance) => instance.Services.GetDataProtector("test");

    private static string KeyIdOf(string xml) => xml.Split('"')[1];

    private static (string, string?)[] Current(string kind, string file) => kind switch
    {
        "key file" => [("DataProtection:KeyFile", file)],
        "pem" =>
        [
            ("DataProtection:Certificate:File", file), ("DataProtection:Certificate:Key", file + ".key"),
            ("DataProtection:Certificate:PasswordFile", file + ".password"),
        ],
        "pem in one file" => [("DataProtection:Certificate:File", file)],
        _ => [("DataProtection:Certificate:File", file), ("DataProtection:Certificate:Password", "secret")],
    };

    private static (string, string?)[] Former(string kind, string file) =>
        [.. Current(kind, file).Select(setting => (
            kind == "key file"
                ? "DataProtection:FormerKeyFiles:0"
                : setting.Item1.Replace("Certificate:", "FormerCertificates:0:", StringComparison.Ordinal),
            setting.Item2))];

    private string Write(string kind, string name)
    {
        var file = Path.Combine(_folder.FullName, name);
        if (kind == "key file")
        {
            File.WriteAllText(file, Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)) + "\n");
            return file;
        }

        using var rsa = RSA.Create(2048);
        using var certificate = new CertificateRequest($"CN={name}", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        if (kind == "pfx")
        {
            File.WriteAllBytes(file, certificate.Export(X509ContentType.Pfx, "secret"));
        }
        else if (kind == "pem")
        {
            File.WriteAllText(file, certificate.ExportCertificatePem());
            File.WriteAllText(file + ".password", "secret\n");
            File.WriteAllText(file + ".key", rsa.ExportEncryptedPkcs8PrivateKeyPem(
                "secret", new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000)));
        }
        else
        {
            File.WriteAllText(file, certificate.ExportCertificatePem() + "\n" + rsa.ExportPkcs8PrivateKeyPem());
        }

        return file;
    }

    private (string Key, string? Value)[] Settings(params (string Key, string? Value)[] settings) =>
    [
        ("ConnectionStrings:Database", _database.ConnectionString),
        ("Keycloak:auth-server-url", "http://localhost:1"),
        ("Keycloak:realm", "acme"),
        ("Keycloak:resource", "acme-api"),
        ("Keycloak:sign-in:resource", "acme-admin"),
        ("Keycloak:sign-in:credentials:secret", "secret"),
        .. settings,
    ];

    private async Task<T> WithAsync<T>((string Key, string? Value)[] settings, Func<Instance, Task<T>> use)
    {
        await using var instance = await Instance.StartAsync(Settings(settings));
        return await use(instance);
    }

    private Task<int> WithAsync((string Key, string? Value)[] settings, Func<Instance, Task> use) =>
        WithAsync(settings, async instance =>
        {
            await use(instance);
            return 0;
        });

    private async Task<IReadOnlyList<string>> KeysAsync()
    {
        await using var database = Database.From(_database.ConnectionString, AppContext.BaseDirectory);
        await using var connection = await database.OpenAsync(Cancel);
        return (await connection.QueryAsync<string>("SELECT xml FROM protection_keys")).AsList();
    }

    private async Task ExecuteAsync(string sql, object values)
    {
        await using var database = Database.From(_database.ConnectionString, AppContext.BaseDirectory);
        await database.WriteAsync(sql, values, Cancel);
    }
}

/// <summary>A service as far as its start goes before it listens.</summary>
internal sealed class Instance : IAsyncDisposable
{
    private readonly WebApplication _application;

    private Instance(WebApplication application, LogLines lines) => (_application, Lines) = (application, lines);

    public LogLines Lines { get; }

    public IServiceProvider Services => _application.Services;

    public static async Task<Instance> StartAsync((string Key, string? Value)[] settings)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions
        {
            EnvironmentName = settings.FirstOrDefault(setting => setting.Key == "environment").Value ?? "Development",
        });
        builder.Configuration.AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create(setting.Key, setting.Value)));
        var lines = new LogLines();
        builder.Logging.ClearProviders().AddProvider(lines);
        builder.AddKeycloakAccess();
        var application = builder.Build();
        try
        {
            await application.Services.GetRequiredService<StartUp>().StartAsync(TestContext.Current.CancellationToken);
            return new Instance(application, lines);
        }
        catch
        {
            await application.DisposeAsync();
            throw;
        }
    }

    public ValueTask DisposeAsync() => _application.DisposeAsync();
}

public sealed class ProtectionKeyOnSqliteTests() : ProtectionKeyTests(DatabaseEngine.Sqlite)
{
    [Fact]
    public async Task A_damaged_key_is_explained_in_a_line_and_the_exit_code_is_1()
    {
        await using var service = await Executable.CreateAsync();
        await service.ExecuteAsync(
            "INSERT INTO protection_keys (id, xml, added_at) VALUES ('key-1', '<key', '2026-01-01T00:00:00.0000000+00:00')");

        var ended = (await service.RunAsync(Keycloak, input: null, "--urls", "http://127.0.0.1:0")).With(1);

        Assert.Contains("damaged: the row key-1 of the table protection_keys", ended.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", ended.Output + ended.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_that_is_not_there_is_explained_in_a_line_and_the_exit_code_is_1()
    {
        await using var service = await Executable.CreateAsync();
        var settings = new Dictionary<string, string>(Keycloak, StringComparer.Ordinal)
        {
            ["DataProtection__Certificate__File"] = "nowhere.pfx",
        };

        var ended = (await service.RunAsync(settings, input: null, "--urls", "http://127.0.0.1:0")).With(1);

        Assert.Contains("DataProtection:Certificate cannot be read", ended.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", ended.Output + ended.Errors, StringComparison.Ordinal);
    }

    private static readonly Dictionary<string, string> Keycloak = new(StringComparer.Ordinal)
    {
        ["Keycloak__AuthServerUrl"] = "http://localhost:1",
        ["Keycloak__Realm"] = "acme",
        ["Keycloak__Resource"] = "acme-api",
        ["Keycloak__SignIn__Resource"] = "acme-admin",
        ["Keycloak__SignIn__Credentials__Secret"] = "secret",
    };
}

public sealed class ProtectionKeyOnPostgreSqlTests() : ProtectionKeyTests(DatabaseEngine.PostgreSql);

/// <summary>What is wrong with the section is said at the start, by the name of the setting.</summary>
public sealed class ProtectionKeyOptionsTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("protection-keys-");

    public ProtectionKeyOptionsTests()
    {
        using var rsa = RSA.Create(2048);
        using var ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=a", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        using var curve = new CertificateRequest("CN=b", ecdsa, HashAlgorithmName.SHA256)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        File.WriteAllBytes(PathOf("good.pfx"), certificate.Export(X509ContentType.Pfx, "secret"));
        File.WriteAllBytes(PathOf("public.pfx"), new X509Certificate2Collection(
            X509CertificateLoader.LoadCertificate(certificate.RawData)).Export(X509ContentType.Pfx, "secret")!);
        File.WriteAllText(PathOf("public.pem"), certificate.ExportCertificatePem());
        File.WriteAllText(PathOf("curve.pem"), curve.ExportCertificatePem() + "\n" + ecdsa.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(PathOf("good.key"), Convert.ToBase64String(new byte[32]));
        File.WriteAllText(PathOf("short.key"), Convert.ToBase64String(new byte[16]));
        File.WriteAllText(PathOf("text.key"), "not base64!");
    }

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData("has both Certificate and KeyFile", "KeyFile=good.key", "Certificate:File=good.pfx", "Certificate:Password=secret")]
    [InlineData("DataProtection:Certificate (good.pfx) cannot be read", "Certificate:File=good.pfx", "Certificate:Password=wrong")]
    [InlineData("DataProtection:Certificate (good.pfx) cannot be read", "Certificate:File=good.pfx")]
    [InlineData("DataProtection:Certificate (public.pfx) has no RSA", "Certificate:File=public.pfx", "Certificate:Password=secret")]
    [InlineData("DataProtection:Certificate (public.pem) cannot be read", "Certificate:File=public.pem")]
    [InlineData("DataProtection:Certificate (curve.pem) has no RSA", "Certificate:File=curve.pem")]
    [InlineData("DataProtection:Certificate cannot be read", "Certificate:File=nowhere.pfx")]
    [InlineData("DataProtection:Certificate:File is missing", "Certificate:Password=secret")]
    [InlineData("both Password and PasswordFile", "Certificate:File=good.pfx", "Certificate:Password=a", "Certificate:PasswordFile=b")]
    [InlineData("DataProtection:FormerCertificates:0 cannot be read", "FormerCertificates:0:File=nowhere.pfx")]
    [InlineData("DataProtection:KeyFile (short.key) must hold 32 random bytes in base64", "KeyFile=short.key")]
    [InlineData("DataProtection:KeyFile (text.key) must hold 32 random bytes in base64", "KeyFile=text.key")]
    [InlineData("DataProtection:KeyFile cannot be read", "KeyFile=nowhere.key")]
    [InlineData("DataProtection:FormerKeyFiles:1 cannot be read", "FormerKeyFiles:0=good.key", "FormerKeyFiles:1=nowhere.key")]
    public void A_mistake_ends_the_start(string says, params string[] settings)
    {
        Assert.Contains(says, StartError.Explain(Add(settings)!), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_right_is_taken()
    {
        Assert.Null(Add("Certificate:File=good.pfx", "Certificate:Password=secret", "FormerKeyFiles:0=good.key"));
        Assert.Null(Add("KeyFile=good.key", "FormerCertificates:0:File=good.pfx", "FormerCertificates:0:Password=secret"));
    }

    private ProtectionKeyException? Add(params string[] settings)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ContentRootPath = _folder.FullName });
        builder.Configuration.AddInMemoryCollection(settings.Select(setting => setting.Split('=', 2))
            .Select(pair => KeyValuePair.Create($"DataProtection:{pair[0]}", (string?)pair[1])));
        builder.AddProtectionKeys();
        return builder.Services.Select(service => service.ImplementationInstance).OfType<ProtectionKeyPlace>().Single().Failure;
    }

    private string PathOf(string name) => Path.Combine(_folder.FullName, name);
}
