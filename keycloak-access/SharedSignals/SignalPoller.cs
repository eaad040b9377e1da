using KeycloakAccess.Authentication;
using Microsoft.Extensions.Options;

namespace KeycloakAccess.SharedSignals;

/// <summary>
/// Asks for events (RFC 8936), where that is how they come. What was taken is acknowledged with the next request, and given again where
/// that is lost: it counts once.
/// </summary>
internal sealed partial class SignalPoller(
    SignalPollClient client,
    PollClaimStore claims,
    SignalReceiver receiver,
    IOptions<SharedSignalsOptions> options,
    TimeProvider clock,
    ILogger<SignalPoller> logger) : BackgroundService
{
    /// <summary>The longest pause after failures.</summary>
    public static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(5);

    private readonly List<string> _taken = [];
    private readonly Dictionary<string, SharedSignalsEndpoints.SetError> _refused = new(StringComparer.Ordinal);
    private int _failures;

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        if (options.Value.Delivery != SignalDelivery.Poll)
        {
            return;
        }

        try
        {
            await claims.ReleaseAsync(options.Value.Poll.Endpoint, cancellationToken);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // Another instance waits until the claim has run out.
            LogFailing(exception.Message.ReplaceLineEndings(" "));
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (options.Value.Delivery != SignalDelivery.Poll)
        {
            await Task.Delay(Timeout.Infinite, stoppingToken);
            return;
        }

        while (!stoppingToken.IsCancellationRequested)
        {
            var pause = await TryPollAsync(stoppingToken);
            await Task.Delay(pause, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<TimeSpan> TryPollAsync(CancellationToken stoppingToken)
    {
        try
        {
            var pause = await PollAsync(stoppingToken);
            if (_failures > 0)
            {
                _failures = 0;
                LogAgain();
            }

            return pause;
        }
        // A background service that fails would end the host.
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            if (stoppingToken.IsCancellationRequested)
            {
                return TimeSpan.Zero;
            }

            if (_failures++ == 0)
            {
                LogFailing((exception as RealmUnreachableException)?.Fault ?? exception.Message.ReplaceLineEndings(" "));
            }

            return PauseAfter(_failures, (exception as PollFailedException)?.RetryAfter);
        }
    }

    /// <returns>How long to wait.</returns>
    private async Task<TimeSpan> PollAsync(CancellationToken stoppingToken)
    {
        var poll = options.Value.Poll;
        if (!await claims.TryClaimAsync(poll.Endpoint, stoppingToken))
        {
            // What it took may be given again to whoever asks now.
            _taken.Clear();
            _refused.Clear();
            return poll.Interval;
        }

        var said = _taken.Concat(_refused.Keys).ToHashSet(StringComparer.Ordinal);
        var answer = await client.AskAsync(
            new PollRequest
            {
                MaxEvents = poll.MaxEvents,
                // What has to be said is said at once.
                ReturnImmediately = !poll.LongPoll || said.Count > 0,
                Taken = _taken.Count > 0 ? [.. _taken] : null,
                Refused = _refused.Count > 0 ? _refused.ToDictionary(StringComparer.Ordinal) : null,
            },
            stoppingToken);
        if (answer is null)
        {
            return TimeSpan.Zero;
        }

        _taken.Clear();
        _refused.Clear();
        foreach (var (id, token) in answer.Tokens)
        {
            if (await receiver.ReceiveAsync(token, requestId: null, id, stoppingToken) is { } refusal)
            {
                _refused[id] = new SharedSignalsEndpoints.SetError(refusal.Error, refusal.Description);
            }
            else
            {
                _taken.Add(id);
            }
        }

        // The request that said something was not one that may be kept. A transmitter that gives again what it was told of is not asked
        // without a pause.
        return answer.Tokens.Any(token => !said.Contains(token.Key)) || (poll.LongPoll && said.Count > 0 && answer.Tokens.Count == 0)
            ? TimeSpan.Zero
            : poll.Interval;
    }

    private TimeSpan PauseAfter(int failures, TimeSpan? asked)
    {
        var pause = options.Value.Poll.Interval * Math.Pow(2, Math.Min(failures, 12));
        pause = asked > pause ? asked.Value : pause;
        return pause < LongestPause ? pause : LongestPause;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Events cannot be asked for: {Reason}")]
    private partial void LogFailing(string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Events are asked for again")]
    private partial void LogAgain();
}
