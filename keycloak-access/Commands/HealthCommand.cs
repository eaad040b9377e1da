using System.CommandLine;
using System.Globalization;
using KeycloakAccess.Hosting;

namespace KeycloakAccess.Commands;

/// <summary>For container health checks: the image holds no other program that could ask whether the service is ready.</summary>
internal static class HealthCommand
{
    public static Command Create()
    {
        var address = new Argument<Uri>("address")
        {
            Description = "Where the service is: on this machine, on the port of ASPNETCORE_URLS, ASPNETCORE_HTTP_PORTS or else 5000.",
            DefaultValueFactory = _ => DefaultAddress(),
            CustomParser = result =>
            {
                if (Uri.TryCreate(result.Tokens[0].Value, UriKind.Absolute, out var url) && url.Scheme is "http" or "https")
                {
                    return url;
                }

                result.AddError($"{result.Tokens[0].Value} is not an address, as in http://localhost:5000.");
                return null;
            },
        };
        var command = new Command("health", "Ask the running service whether it is ready: 0 if it is, 1 if not.") { address };
        command.SetAction(line => RunAsync(line.GetRequiredValue(address)));
        return command;
    }

    // The service listens where the first of them says, which may be all addresses of the machine: http://+:5000, http://[::]:5000.
    private static Uri DefaultAddress()
    {
        var url = Read("ASPNETCORE_URLS").FirstOrDefault(url => url.StartsWith("http://", StringComparison.OrdinalIgnoreCase));
        return new Uri("http://localhost:" + (url is null
            ? Read("ASPNETCORE_HTTP_PORTS").FirstOrDefault() ?? "5000"
            : BindingAddress.Parse(url).Port.ToString(CultureInfo.InvariantCulture)));
    }

    private static string[] Read(string name) => (Environment.GetEnvironmentVariable(name) ?? "")
        .Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static async Task<int> RunAsync(Uri address)
    {
        // A proxy for what leaves the machine knows nothing of what is on it.
        using var handler = new SocketsHttpHandler { UseProxy = !address.IsLoopback };
        using var client = new HttpClient(handler) { Timeout = TimeSpan.FromSeconds(5) };
        try
        {
            using var response = await client.GetAsync(new Uri(address, HealthEndpoints.ReadyPath));
            Terminal.WriteLines(await response.Content.ReadAsStringAsync());
            return response.IsSuccessStatusCode ? ExitCode.Done : ExitCode.Failed;
        }
        catch (Exception exception) when (exception is HttpRequestException or TaskCanceledException)
        {
            Terminal.Say($"{address} does not answer: {exception.Message}");
            return ExitCode.Failed;
        }
    }
}
