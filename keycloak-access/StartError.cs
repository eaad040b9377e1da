using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using KeycloakAccess.Authentication;
using KeycloakAccess.Data;
using KeycloakAccess.Hosting;
using KeycloakAccess.Models;
using KeycloakAccess.Permissions;
using KeycloakAccess.ProtectionKeys;
using Microsoft.Extensions.Options;

namespace KeycloakAccess;

/// <summary>
/// Failures of the start that a setting or a declaration causes, and no bug: each is explained in a few lines, without a stack trace.
/// </summary>
public static partial class StartError
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
        KeycloakConfigurationException or DatabaseException or ModelException or ProtectionKeyException =>
            Lines("The service cannot start:", [exception.Message]),
        // A value of another type in a section of the framework, such as Kestrel.
        InvalidOperationException { Source: "Microsoft.Extensions.Configuration.Binder" } binding =>
            Lines("The configuration cannot be used:", [ExplainBinding(binding.Message)]),
        IOException { InnerException: { } inner } taken when IsTaken(inner) => Lines(
            "The service cannot start:",
            [$"{taken.Message} End what uses it, or choose another address: --urls http://localhost:5001, or ASPNETCORE_URLS."]),
        _ => null,
    };

    private static string ExplainBinding(string message) => Binding().Match(message) is { Success: true } match
        ? SettingsReader.Mistake(
            match.Groups["path"].Value,
            match.Groups["value"].Value,
            SettingsReader.FormOf(Type.GetType(match.Groups["type"].Value) ?? typeof(object)))
        : message;

    private static bool IsTaken(Exception exception) =>
        exception is SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse or SocketError.AccessDenied }
        || (exception.InnerException is { } inner && IsTaken(inner));

    private static string Lines(string title, IEnumerable<string> lines) =>
        string.Join(Environment.NewLine, lines.Select(line => "  " + line).Prepend(title));

    [GeneratedRegex(
        "^Failed to convert configuration value '(?<value>.*)' at '(?<path>.*)' to type '(?<type>.*)'",
        RegexOptions.ExplicitCapture | RegexOptions.Singleline,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex Binding();

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
