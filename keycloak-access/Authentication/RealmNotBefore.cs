using System.Text.Json;
using Microsoft.Extensions.Options;

namespace KeycloakAccess.Authentication;

/// <summary>
/// What was issued before the instant that the realm names is refused (in Keycloak: Sessions, Action, Revocation). The realm publishes it
/// beside its keys; it is read at the start and every 20 seconds, and what was read last holds while the realm does not answer. Tokens and
/// sessions that Keycloak would not take any more are refused here within that time, without being asked about one by one.
/// </summary>
internal sealed partial class RealmNotBefore(
    IHttpClientFactory clients, IOptions<KeycloakOptions> options, TimeProvider clock, ILogger<RealmNotBefore> logger) : BackgroundService
{
    public static readonly TimeSpan ReadEvery = TimeSpan.FromSeconds(20);

    public const string Refusal = "Everything that the realm issued before a certain instant has been revoked in Keycloak, and this token "
        + "was. Get a new one, or sign in again.";

    // Keycloak answers in some hundred bytes.
    private const int LongestAnswer = 64 * 1024;

    // In seconds since 1970; 0 for none.
    private long _notBefore;

    /// <summary>As Keycloak compares: what does not say when it was issued, or was issued in an earlier second, is refused.</summary>
    public bool Refuses(DateTimeOffset issuedAt) =>
        Volatile.Read(ref _notBefore) is > 0 and var notBefore && issuedAt.ToUnixTimeSeconds() < notBefore;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(ReadEvery, clock);
        do
        {
            try
            {
                await ReadAsync(stoppingToken);
            }
            // RealmMetadata says that the realm is away. A background service that fails would end the host.
            catch (Exception exception) when (exception is not OutOfMemoryException && !stoppingToken.IsCancellationRequested)
            {
                LogUnread(exception.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        using var http = clients.CreateClient(KeycloakSetup.Backchannel);
        http.MaxResponseContentBufferSize = LongestAnswer;
        using var document = JsonDocument.Parse(await http.GetStringAsync(new Uri(options.Value.RealmAddress), cancellationToken));
        // A realm without it, behind a proxy that answers otherwise for instance, has said nothing.
        if (document.RootElement is not { ValueKind: JsonValueKind.Object } realm
            || !realm.TryGetProperty("tokens-not-before", out var said)
            || said.ValueKind != JsonValueKind.Number
            || !said.TryGetInt64(out var notBefore)
            || notBefore < 0
            || notBefore > DateTimeOffset.MaxValue.ToUnixTimeSeconds())
        {
            LogUnread("The realm's address does not say tokens-not-before.");
            return;
        }

        if (Interlocked.Exchange(ref _notBefore, notBefore) != notBefore)
        {
            LogChanged(DateTimeOffset.FromUnixTimeSeconds(notBefore));
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The realm has revoked what it issued before {NotBefore:u}")]
    private partial void LogChanged(DateTimeOffset notBefore);

    [LoggerMessage(Level = LogLevel.Debug, Message = "The realm's not-before was not read, and the last one holds: {Reason}")]
    private partial void LogUnread(string reason);
}
