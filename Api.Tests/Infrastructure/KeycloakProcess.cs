using System.Diagnostics;

namespace Api.Tests.Infrastructure;

/// <summary>A Keycloak started from an unpacked distribution, with an import folder of its own and its database in memory.</summary>
internal sealed class KeycloakProcess : IDisposable
{
    private readonly Process _process;
    private readonly DirectoryInfo _folder;
    private readonly Queue<string> _log = [];
    private readonly Lock _lock = new();

    private KeycloakProcess(Process process, DirectoryInfo folder)
    {
        _process = process;
        _folder = folder;
        // Whoever interrupts the tests would otherwise leave a server behind.
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Kill();
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
    }

    public bool HasExited => _process.HasExited;

    /// <summary>The number of kc.sh's process, which starts the server's.</summary>
    public int Id => _process.Id;

    /// <param name="home">The distribution's folder.</param>
    /// <param name="realmFile">What it imports.</param>
    /// <param name="url">Where it listens.</param>
    /// <param name="managementPort">Where it says whether it is ready.</param>
    /// <param name="apiUrl">The value of ACME_API_URL in the realm file.</param>
    /// <param name="isShortLived">Whether it is to start sooner, and to be slower from then on.</param>
    /// <param name="options">Options that the distribution was not built with: it is built anew then, which takes longer.</param>
    public static KeycloakProcess Start(
        string home,
        string realmFile,
        Uri url,
        int managementPort,
        string apiUrl,
        bool isShortLived = true,
        params string[] options)
    {
        if (OperatingSystem.IsWindows())
        {
            throw new PlatformNotSupportedException("On Windows, start Keycloak yourself and set KEYCLOAK_URL.");
        }

        var script = Path.Combine(home, "bin", "kc.sh");
        if (!File.Exists(script))
        {
            throw new FileNotFoundException($"KEYCLOAK_HOME={home} holds no bin/kc.sh.", script);
        }

        // Keycloak finds its home by the real path of kc.sh. A folder with a copy of that script, links to what is only
        // read, and data of its own lets several runs share one distribution.
        var folder = Directory.CreateTempSubdirectory("keycloak-");
        var copy = Path.Combine(folder.CreateSubdirectory("bin").FullName, "kc.sh");
        File.Copy(script, copy);
        string[] parts = options.Length == 0 ? ["lib", "conf", "providers", "themes"] : ["conf", "providers", "themes"];
        foreach (var part in parts)
        {
            Directory.CreateSymbolicLink(Path.Combine(folder.FullName, part), Path.GetFullPath(Path.Combine(home, part)));
        }

        if (options.Length > 0)
        {
            CopyWhatIsBuilt(Path.GetFullPath(Path.Combine(home, "lib")), folder.CreateSubdirectory("lib").FullName);
        }

        var import = Directory.CreateDirectory(Path.Combine(folder.FullName, "data", "import"));
        File.Copy(realmFile, Path.Combine(import.FullName, "acme-realm.json"));

        var start = new ProcessStartInfo("/bin/sh")
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in (string[])
        [
            copy, "start", .. options.Length == 0 ? (string[])["--optimized"] : ["--db=dev-mem", "--health-enabled=true", .. options],
            "--import-realm", "--cache=local",
            "--http-enabled=true", "--http-host=127.0.0.1", $"--http-port={url.Port}",
            $"--http-management-port={managementPort}", $"--hostname={url.GetLeftPart(UriPartial.Authority)}",
        ])
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var name in start.Environment.Keys.Where(IsOurs).ToList())
        {
            start.Environment.Remove(name);
        }

        start.Environment["ACME_API_URL"] = apiUrl;
        start.Environment["KC_BOOTSTRAP_ADMIN_USERNAME"] = "admin";
        start.Environment["KC_BOOTSTRAP_ADMIN_PASSWORD"] = "admin";
        start.Environment["JAVA_OPTS_KC_HEAP"] = "-Xms64m -Xmx512m";
        if (isShortLived)
        {
            // Half the time to readiness on a busy machine; a test run never reaches the second compiler's gains.
            start.Environment["JAVA_OPTS_APPEND"] = "-XX:TieredStopAtLevel=1";
        }

        var running = new KeycloakProcess(new Process { StartInfo = start }, folder);
        running._process.Start();
        running._process.StandardInput.Close();
        running._process.BeginOutputReadLine();
        running._process.BeginErrorReadLine();
        return running;

        // The realm file's placeholders and Keycloak's options are what this class sets, whatever the caller's environment says.
        static bool IsOurs(string name) =>
            name.StartsWith("ACME_", StringComparison.Ordinal) || name.StartsWith("KC_", StringComparison.Ordinal);
    }

    // A build writes here, and nowhere else.
    private static void CopyWhatIsBuilt(string lib, string copy)
    {
        foreach (var folder in Directory.GetDirectories(lib).Where(folder => Path.GetFileName(folder) != "quarkus"))
        {
            Directory.CreateSymbolicLink(Path.Combine(copy, Path.GetFileName(folder)), folder);
        }

        Directory.CreateDirectory(Path.Combine(copy, "quarkus"));
        foreach (var file in Directory.GetFiles(lib).Concat(Directory.GetFiles(Path.Combine(lib, "quarkus"))))
        {
            File.Copy(file, Path.Combine(copy, Path.GetRelativePath(lib, file)));
        }
    }

    public string TailOfLog()
    {
        lock (_lock)
        {
            return string.Join('\n', _log);
        }
    }

    public static string Tail(string log) => string.Join('\n', log.Split('\n').TakeLast(40));

    public void Dispose()
    {
        Kill();
        _process.Dispose();
        try
        {
            _folder.Delete(recursive: true);
        }
        catch (IOException)
        {
            // A file that the dying process still writes stays in the temporary folder.
        }
    }

    private void Kill()
    {
        try
        {
            _process.Kill(entireProcessTree: true);
            _process.WaitForExit(TimeSpan.FromSeconds(10));
        }
        catch (InvalidOperationException)
        {
            // It has ended, or was never started.
        }
    }

    private void Keep(string? line)
    {
        if (line is null)
        {
            return;
        }

        lock (_lock)
        {
            _log.Enqueue(line);
            if (_log.Count > 40)
            {
                _log.Dequeue();
            }
        }
    }
}
