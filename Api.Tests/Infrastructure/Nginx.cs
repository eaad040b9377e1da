using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Api.Tests.Infrastructure;

/// <summary>A real nginx with servers of a test's own; it ends with its object.</summary>
internal sealed class Nginx : IAsyncDisposable
{
    private readonly Process _process;
    private readonly DirectoryInfo _folder;
    private readonly Task<string> _errors;

    private Nginx(Process process, DirectoryInfo folder)
    {
        _process = process;
        _folder = folder;
        _errors = process.StandardError.ReadToEndAsync();
        // Whoever interrupts the tests would otherwise leave a server behind.
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Kill();
    }

    /// <summary>Skips the calling test where there is no nginx.</summary>
    public static string Find()
    {
        // Debian keeps it where the path of an ordinary user does not lead.
        var path = Environment.GetEnvironmentVariable("NGINX_PATH") is { Length: > 0 } given
            ? given
            : $"{Environment.GetEnvironmentVariable("PATH")}{Path.PathSeparator}/usr/sbin"
                .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
                .Select(folder => Path.Combine(folder, "nginx"))
                .FirstOrDefault(File.Exists);
        Assert.SkipWhen(path is null, "There is no nginx: install one, or set NGINX_PATH to its program.");
        return path!;
    }

    /// <summary>Starts it with these server blocks. CERTIFICATE and KEY in them become the files of a certificate for localhost.</summary>
    /// <param name="servers">The blocks.</param>
    /// <param name="port">One of the ports that they listen on.</param>
    public static async Task<Nginx> StartAsync(string servers, int port)
    {
        var program = Find();
        var folder = Directory.CreateTempSubdirectory("nginx-");
        var (certificate, key) = (Path.Combine(folder.FullName, "tls.pem"), Path.Combine(folder.FullName, "tls.key"));
        await WriteCertificateAsync(certificate, key);
        servers = servers.Replace("CERTIFICATE", certificate, StringComparison.Ordinal).Replace("KEY", key, StringComparison.Ordinal);
        var configuration = Path.Combine(folder.FullName, "nginx.conf");
        await File.WriteAllTextAsync(
            configuration,
            $$"""
            daemon off;
            master_process off;
            pid {{folder.FullName}}/pid;
            error_log stderr warn;
            events { }
            http {
                access_log off;
                client_body_temp_path {{folder.FullName}}/body;
                proxy_temp_path {{folder.FullName}}/proxy;
                fastcgi_temp_path {{folder.FullName}}/fastcgi;
                uwsgi_temp_path {{folder.FullName}}/uwsgi;
                scgi_temp_path {{folder.FullName}}/scgi;
            {{servers}}
            }
            """);
        var start = new ProcessStartInfo(program, ["-p", folder.FullName, "-c", configuration, "-e", "stderr"])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardError = true,
        };
        var nginx = new Nginx(Process.Start(start)!, folder);
        for (var attempt = 0; !await ListensAsync(port); attempt++)
        {
            if (attempt == 200 || nginx._process.HasExited)
            {
                await nginx.DisposeAsync();
                throw new InvalidOperationException($"nginx does not listen on {port}: {await nginx._errors}");
            }

            await Task.Delay(50, TestContext.Current.CancellationToken);
        }

        return nginx;
    }

    public async ValueTask DisposeAsync()
    {
        Kill();
        await _process.WaitForExitAsync();
        await _errors;
        _process.Dispose();
        _folder.Delete(recursive: true);
    }

    internal static async Task<bool> ListensAsync(int port)
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(IPAddress.Loopback, port, TestContext.Current.CancellationToken);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    internal static async Task WriteCertificateAsync(string certificate, string key)
    {
        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", pair, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        using var signed = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        await File.WriteAllTextAsync(certificate, signed.ExportCertificatePem());
        await File.WriteAllTextAsync(key, pair.ExportPkcs8PrivateKeyPem());
    }

    private void Kill()
    {
        try
        {
            _process.Kill(entireProcessTree: true);
        }
        catch (InvalidOperationException)
        {
            // It has ended.
        }
    }
}
