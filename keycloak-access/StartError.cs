using System.Net.Sockets;
using System.Runtime.CompilerServices;
using KeycloakAccess.Authentication;
using KeycloakAccess.Data;
using KeycloakAccess.Models;
using KeycloakAccess.Permissions;
using Microsoft.Extensions.Options;

namespace KeycloakAccess;

/// <summary>
/// Failures of the start that a setting or a declaration causes, and no bug: each is explained in a few lines, without a stack trace.
/// </summary>
public static class StartError
{
    /// <summary>Until the service listens, keeps the host from logging what <see cref="Explain"/> says without a stack trace.</summary>
    internal static void ReplaceHostLog(WebApplicationBuilder builder)
    {
        var started = new StrongBox<bool>();
        builder.Logging.AddFilter(
            "Microsoft.Extensions.Hosting.Internal.Host",
            level => level >= LogLevel.Information && (started.Value || level < LogLevel.Error));
        builder.Services.AddHostedService(provider => new StartWatch(provider.GetRequiredService<IHostApplicationLifetime>(), started));
    }

    /// <returns>The explanation, or <see langword="null"/> if the exception is a bug.</returns>
    public static string? Explain(Exception exception) => exception switch
    {
        OptionsValidationException options => Lines("The configuration cannot be used:", options.Failures),
        PermissionNameException names => Lines("Names that do not exist:", names.Mistakes),
        KeycloakConfigurationException or DatabaseException or ModelException => Lines("The service cannot start:", [exception.Message]),
        // A value of another type, or a name that is not known, in one of the small sections.
        InvalidOperationException { Source: "Microsoft.Extensions.Configuration.Binder" } binding =>
            Lines("The configuration cannot be used:", [binding.Message]),
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

    private sealed class StartWatch(IHostApplicationLifetime lifetime, StrongBox<bool> started) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken)
        {
            lifetime.ApplicationStarted.Register(() => started.Value = true);
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
