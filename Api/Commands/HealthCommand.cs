using Api.Hosting;

namespace Api.Commands;

/// <summary>
/// <c>Api health</c>: asks the running service whether it is ready, for container health checks: the image holds no
/// other program that could. Exit code 0 if ready, 1 if not.
/// </summary>
internal static class HealthCommand
{
    public static bool Matches(string[] args) => args is ["health", ..];

    /// <param name="args">The verb, and the service's address if it is not the port of ASPNETCORE_HTTP_PORTS.</param>
    public static async Task<int> RunAsync(string[] args)
    {
        var port = Environment.GetEnvironmentVariable("ASPNETCORE_HTTP_PORTS")?.Split(';')[0];
        var address = args.Length > 1 ? args[1] : $"http://localhost:{(string.IsNullOrEmpty(port) ? "5000" : port)}";
        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        try
        {
            using var response = await client.GetAsync(new Uri(new Uri(address), HealthEndpoints.ReadyPath));
            Console.WriteLine(await response.Content.ReadAsStringAsync());
            return response.IsSuccessStatusCode ? 0 : 1;
        }
        catch (Exception exception) when (exception is HttpRequestException or TaskCanceledException)
        {
            await Console.Error.WriteLineAsync($"{address} does not answer: {exception.Message}");
            return 1;
        }
    }
}
