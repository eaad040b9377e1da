using System.Collections.Concurrent;

namespace KeycloakAccess.Authentication;

internal enum RefreshResult
{
    /// <summary>The session has newer tokens, in its row.</summary>
    Refreshed,

    /// <summary>Its row is gone.</summary>
    Ended,

    /// <summary>Nobody knows whether it is still good.</summary>
    Unknown,
}

internal readonly record struct RefreshOutcome(RefreshResult Result, RealmUnreachableException? Failure = null);

/// <summary>
/// Refreshes sessions, each once at a time. It goes on whether a request waits for it or not: what comes in the place of a refresh token
/// must not be lost. While the realm does not answer, one session in five seconds asks for all.
/// </summary>
internal sealed partial class SessionRefresher(
    SessionRefreshStore store, SessionStore sessions, TokenRefresh tokens, TimeProvider clock, ILogger<SessionRefresher> logger)
    : BackgroundService
{
    public static readonly TimeSpan RetryEvery = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(100);

    // What has come and could not be written.
    private static readonly TimeSpan KeepFor = TimeSpan.FromHours(1);

    private readonly Lock _lock = new();
    private readonly ConcurrentDictionary<Guid, Lazy<Task<RefreshOutcome>>> _running = new();
    private readonly ConcurrentDictionary<Guid, (ClaimedSession Session, TokenResponse Response)> _received = new();
    private Failure? _failure;

    /// <summary>Never fails, and is not cancelled with whoever waits.</summary>
    public Task<RefreshOutcome> RefreshAsync(KeptSession session)
    {
        // While the realm is away, most requests cost nothing but this.
        if (!_running.ContainsKey(session.Id) && FindFailure(takesTurn: false) is { } failure)
        {
            return Task.FromResult(new RefreshOutcome(RefreshResult.Unknown, failure));
        }

        return _running.GetOrAdd(
            session.Id,
            static (_, all) => new(() => Task.Run(() => all.Refresher.RunAsync(all.Session))),
            (Refresher: this, Session: session)).Value;
    }

    /// <summary>The host stops the server first, so nothing is begun any more.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        Task running = Task.WhenAll(_running.Values.Select(each => each.Value));
        await running.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    // It has nothing to do by itself, but to be waited for at a stop.
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.Delay(Timeout.Infinite, stoppingToken);

    private async Task<RefreshOutcome> RunAsync(KeptSession session)
    {
        try
        {
            return await RefreshAsync(session.Id, session.Tokens.At);
        }
        catch (RealmUnreachableException exception)
        {
            return Fail(exception);
        }
        // The database, most likely. Whatever it is, it ends no session.
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            return Fail(new RealmUnreachableException(exception.Message, exception));
        }
        finally
        {
            _running.TryRemove(session.Id, out _);
        }
    }

    private async Task<RefreshOutcome> RefreshAsync(Guid id, DateTimeOffset tokensAt)
    {
        if (FindFailure(takesTurn: true) is { } failure)
        {
            return new RefreshOutcome(RefreshResult.Unknown, failure);
        }

        if (!_received.TryGetValue(id, out var received))
        {
            var (result, claimed) = await store.TryClaimAsync(id, tokensAt, CancellationToken.None);
            if (claimed is null)
            {
                return await WaitForOtherAsync(result, id, tokensAt);
            }

            if (sessions.RefreshTokenOf(claimed.Session) is not { } token)
            {
                await store.EndAsync(claimed, because: null, CancellationToken.None);
                return new RefreshOutcome(RefreshResult.Ended);
            }

            try
            {
                received = (claimed, await tokens.AskAsync(token, CancellationToken.None));
            }
            catch (RefreshRefusedException exception)
            {
                return await EndAsync(claimed, exception.Message);
            }
            catch (RealmUnreachableException)
            {
                await store.ReleaseAsync(claimed, CancellationToken.None);
                throw;
            }

            Keep(id, received);
        }

        // The refresh token of before may be worth nothing by now: what follows is tried again with what has come.
        var (session, response) = received;
        RefreshedTokens refreshed;
        try
        {
            refreshed = await tokens.ValidateAsync(response, session.Session, CancellationToken.None);
        }
        catch (RefreshRefusedException exception)
        {
            _received.TryRemove(id, out _);
            return await EndAsync(session, exception.Message);
        }

        var isWritten = await store.WriteAsync(session, refreshed, CancellationToken.None);
        _received.TryRemove(id, out _);
        Succeed();
        return new RefreshOutcome(isWritten ? RefreshResult.Refreshed : RefreshResult.Ended);
    }

    private async Task<RefreshOutcome> EndAsync(ClaimedSession session, string because)
    {
        LogEnded(because);
        await store.EndAsync(session, because, CancellationToken.None);
        Succeed();
        return new RefreshOutcome(RefreshResult.Ended);
    }

    // Another instance asks. Where it gives up, or is gone, the next request tries.
    private async Task<RefreshOutcome> WaitForOtherAsync(ClaimResult result, Guid id, DateTimeOffset tokensAt)
    {
        while (result == ClaimResult.Busy)
        {
            await Task.Delay(LookEvery);
            result = await store.LookAsync(id, tokensAt, CancellationToken.None);
        }

        return result switch
        {
            ClaimResult.Refreshed => new RefreshOutcome(RefreshResult.Refreshed),
            ClaimResult.Ended => new RefreshOutcome(RefreshResult.Ended),
            _ => new RefreshOutcome(RefreshResult.Unknown, new RealmUnreachableException("another instance has not reached the realm")),
        };
    }

    private void Keep(Guid id, (ClaimedSession Session, TokenResponse Response) received)
    {
        var now = clock.GetUtcNow();
        foreach (var (old, _) in _received.Where(each => now - each.Value.Response.AskedAt > KeepFor))
        {
            _received.TryRemove(old, out _);
        }

        _received[id] = received;
    }

    // Of an outage that is known, unless it is time to try again, which one does for all.
    private RealmUnreachableException? FindFailure(bool takesTurn)
    {
        lock (_lock)
        {
            if (_failure is null)
            {
                return null;
            }

            var now = clock.GetUtcNow();
            if (now - _failure.At < RetryEvery)
            {
                return _failure.ToException();
            }

            if (takesTurn)
            {
                _failure = _failure with { At = now };
            }

            return null;
        }
    }

    private RefreshOutcome Fail(RealmUnreachableException exception)
    {
        bool isNew;
        lock (_lock)
        {
            isNew = _failure is null;
            _failure = new Failure(exception.Message.ReplaceLineEndings(" "), exception.Fault, clock.GetUtcNow());
        }

        if (isNew)
        {
            LogFailing(exception.Fault ?? exception.Message.ReplaceLineEndings(" "));
        }

        return new RefreshOutcome(RefreshResult.Unknown, exception);
    }

    private void Succeed()
    {
        lock (_lock)
        {
            if (_failure is null)
            {
                return;
            }

            _failure = null;
        }

        LogRefreshedAgain();
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "A session has ended, since Keycloak does not refresh it: {Because}")]
    private partial void LogEnded(string because);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "Sessions cannot be refreshed, and go on for Keycloak:sign-in:session-grace after their access tokens end: {Reason}")]
    private partial void LogFailing(string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Sessions are refreshed again")]
    private partial void LogRefreshedAgain();

    private sealed record Failure(string Message, string? Fault, DateTimeOffset At)
    {
        public RealmUnreachableException ToException() => new(Message) { Fault = Fault };
    }
}
