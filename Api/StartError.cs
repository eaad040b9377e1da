using System.Net.Sockets;
using Api.Data;
using Api.Keycloak;
using Microsoft.Extensions.Options;

namespace Api;

/// <summary>
/// What ends the start and is no bug: somebody must change a setting. It is said in a few lines, without a stack trace.
/// </summary>
internal static class StartError
{
    /// <returns>The explanation, or <see langword="null"/> if the exception is a bug.</returns>
    public static string? Explain(Exception exception) => exception switch
    {
        OptionsValidationException options => Lines("The configuration cannot be used:", options.Failures),
        KeycloakConfigurationException or DatabaseException => Lines("The service cannot start:", [exception.Message]),
        IOException { InnerException: { } inner } taken when IsTaken(inner) => Lines(
            "The service cannot start:",
            [$"{taken.Message} End what uses it, or choose another address: --urls http://localhost:5001, or ASPNETCORE_URLS."]),
        _ => null,
    };

    private static bool IsTaken(Exception exception) =>
        exception is SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse or SocketError.AccessDenied }
        || (exception.InnerException is { } inner && IsTaken(inner));

    private static string Lines(string title, IEnumerable<string> lines) =>
        string.Join(Environment.NewLine, lines.Select(line => "  " + line).Prepend(title));
}
