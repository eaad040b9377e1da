using System.Diagnostics;

namespace Api.Tests.Infrastructure;

/// <summary>A real Caddy with a configuration of a test's own; it ends with its object.</summary>
internal sealed class Caddy : IAsyncDisposable
{
    private readonly Process _process;
    private readonly DirectoryInfo _folder;
    private readonly Task<string> _log;

    private Caddy(Process process, DirectoryInfo folder)
    {
        _process = process;
        _folder = folder;
        _log = process.StandardError.ReadToEndAsync();
        // Whoever interrupts the tests would otherwise leave a server behind.
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Kill();
    }

    /// <summary>Skips the calling test where there is no Caddy.</summary>
    public static string Find()
    {
        var path = Environment.GetEnvironmentVariable("CADDY_PATH") is { Length: > 0 } given
            ? given
            : Environment.GetEnvironmentVariable("PATH")!.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
                .Select(folder => Path.Combine(folder, "caddy"))
                .FirstOrDefault(File.Exists);
        Assert.SkipWhen(path is null, "There is no Caddy: install one, or set CADDY_PATH to its program.");
        return path!;
    }

    /// <summary>Starts it with these sites. CERTIFICATE and KEY in them become the files of a certificate for localhost.</summary>
    /// <param name="sites">The blocks of sites.</param>
    /// <param name="port">One of the ports that they listen on.</param>
    public static async Task<Caddy> StartAsync(string sites, int port)
    {
        var program = Find();
        var folder = Directory.CreateTempSubdirectory("caddy-");
        var (certificate, key) = (Path.Combine(folder.FullName, "tls.pem"), Path.Combine(folder.FullName, "tls.key"));
        await Nginx.WriteCertificateAsync(certificate, key);
        var configuration = Path.Combine(folder.FullName, "Caddyfile");
        await File.WriteAllTextAsync(
            configuration,
            "{\n\tadmin off\n\tauto_https disable_redirects\n\tskip_install_trust\n}\n"
                + sites.Replace("CERTIFICATE", certificate, StringComparison.Ordinal).Replace("KEY", key, StringComparison.Ordinal));
        var start = new ProcessStartInfo(program, ["run", "--config", configuration, "--adapter", "caddyfile"])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardError = true,
        };
        start.Environment["HOME"] = folder.FullName;
        start.Environment["XDG_DATA_HOME"] = folder.FullName;
        start.Environment["XDG_CONFIG_HOME"] = folder.FullName;
        var caddy = new Caddy(Process.Start(start)!, folder);
        for (var attempt = 0; !await Nginx.ListensAsync(port); attempt++)
        {
            if (attempt == 200 || caddy._process.HasExited)
            {
                await caddy.DisposeAsync();
                throw new InvalidOperationException($"Caddy does not listen on {port}: {await caddy._log}");
            }

            await Task.Delay(50, TestContext.Current.CancellationToken);
        }

        return caddy;
    }

    public async ValueTask DisposeAsync()
    {
        Kill();
        await _process.WaitForExitAsync();
        await _log;
        _process.Dispose();
        _folder.Delete(recursive: true);
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
