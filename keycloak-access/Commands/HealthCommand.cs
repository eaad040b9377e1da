using System.CommandLine;
using KeycloakAccess.Hosting;

namespace KeycloakAccess.Commands;

/// <summary>For container health checks: the image holds no other program that could ask whether the service is ready.</summary>
internal static class HealthCommand
{
    public static Command Create()
    {
        var address = new Argument<Uri>("address")
        {
            Description = "Where the service is: on this machine, on the port of ASPNETCORE_HTTP_PORTS or else 5000.",
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

    private static Uri DefaultAddress()
    {
        var port = Environment.GetEnvironmentVariable("ASPNETCORE_HTTP_PORTS")?.Split(';')[0];
        return new Uri($"http://localhost:{(string.IsNullOrEmpty(port) ? "5000" : port)}");
    }

    private static async Task<int> RunAsync(Uri address)
    {
        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
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
