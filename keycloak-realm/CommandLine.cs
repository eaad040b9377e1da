using System.Net;
using System.Runtime.InteropServices;

namespace KeycloakRealm;

/// <summary>
/// <c>dotnet run --project keycloak-realm [-- FILE …] [--urls URL] [--state FOLDER] [--watch] [--faults] [--environment NAME]</c>.
/// </summary>
internal static class CommandLine
{
    private const string Usage =
        "Usage: KeycloakRealm [FILE …] [--urls http://localhost:PORT] [--state FOLDER] [--watch] [--faults] [--environment Development]";

    public static async Task<int> RunAsync(string[] arguments)
    {
        using var loggers = LoggerFactory.Create(logging => logging
            .AddSimpleConsole(console => console.SingleLine = true)
            .AddFilter("Microsoft", LogLevel.Warning));
        try
        {
            var options = Read(arguments);
            options.LoggerFactory = loggers;
            await using var realm = await EmbeddedRealm.StartAsync(options);
            await Console.Out.WriteLineAsync(Describe(realm));
            await StoppedAsync();
            return 0;
        }
        catch (EmbeddedRealmException exception)
        {
            await Console.Error.WriteLineAsync(exception.Message);
            return 1;
        }
    }

    private static EmbeddedRealmOptions Read(string[] arguments)
    {
        var options = new EmbeddedRealmOptions
        {
            EnvironmentName = Environment.GetEnvironmentVariable("DOTNET_ENVIRONMENT")
                ?? Environment.GetEnvironmentVariable("ASPNETCORE_ENVIRONMENT")
                ?? "Production",
            Administrator = Administrator(),
            StateFolder = Path.Combine(ProjectFolder() ?? AppContext.BaseDirectory, "data"),
        };
        var files = new List<string>();
        for (var i = 0; i < arguments.Length; i++)
        {
            string Value() => ++i < arguments.Length ? arguments[i] : throw new EmbeddedRealmException(Usage);
            switch (arguments[i])
            {
                case "--urls":
                    var url = Value();
                    options.Url = Uri.TryCreate(url, UriKind.Absolute, out var address)
                        ? address
                        : throw new EmbeddedRealmException($"{url} is not an address. Use --urls http://localhost:PORT.");
                    break;
                case "--state":
                    options.StateFolder = Value();
                    break;
                case "--watch":
                    options.Watch = true;
                    break;
                case "--faults":
                    options.Faults = true;
                    break;
                case "--environment":
                    options.EnvironmentName = Value();
                    break;
                case "--help" or "-h":
                    throw new EmbeddedRealmException(Usage);
                case var option when option.StartsWith('-'):
                    throw new EmbeddedRealmException($"Unknown option {option}. {Usage}");
                default:
                    files.Add(Path.GetFullPath(arguments[i]));
                    break;
            }
        }

        if (files.Count > 0)
        {
            options.RealmFiles = files;
        }

        return options;
    }

    /// <summary>Keycloak's own variables.</summary>
    private static NetworkCredential? Administrator() =>
        Environment.GetEnvironmentVariable("KC_BOOTSTRAP_ADMIN_USERNAME") is { Length: > 0 } name
            ? new NetworkCredential(name, Environment.GetEnvironmentVariable("KC_BOOTSTRAP_ADMIN_PASSWORD"))
            : null;

    /// <summary>Run from the sources, keys are kept in the project's folder, which version control ignores.</summary>
    private static string? ProjectFolder()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "KeycloakRealm.csproj")))
            {
                return folder.FullName;
            }
        }

        return null;
    }

    private static string Describe(EmbeddedRealm realm)
    {
        var lines = new List<string> { "" };
        foreach (var served in realm.Realms)
        {
            lines.AddRange([$"Realm {served.Name}: {served.Issuer}", ""]);
            foreach (var person in served.People)
            {
                var password = person.Password is null ? "(no password)" : $"password {person.Password}";
                lines.Add(
                    $"  {person.Username,-20} {password,-28} {person.DisplayName}{(person.Enabled ? "" : " (disabled)")}  {person.Roles}");
            }

            lines.Add("");
            foreach (var client in served.Clients)
            {
                var secret = client.PublicClient ? "(public)" : client.Secret is null ? "(no secret)" : $"secret {client.Secret}";
                lines.Add($"  {client.ClientId,-20} {secret,-28} {client.Name}{(client.Enabled ? "" : " (disabled)")}");
            }

            lines.Add("");
        }

        lines.Add("For development only. Press Ctrl+C to stop.");
        return string.Join(Environment.NewLine, lines);
    }

    private static async Task StoppedAsync()
    {
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            stopped.TrySetResult();
        }

        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        await stopped.Task;
    }
}
