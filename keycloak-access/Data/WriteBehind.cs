using System.Data.Common;

namespace KeycloakAccess.Data;

/// <summary>Items are merged by their key and written in batches, and at a stop. A process that is killed loses what came since.</summary>
internal abstract partial class WriteBehind<TKey, TItem>(
    Database database, TimeProvider clock, ILogger logger, string items, TimeSpan interval) : BackgroundService
    where TKey : notnull
{
    /// <summary>How many items wait, and as many again whose write has failed. What comes on top is lost, and counted.</summary>
    public const int Bound = 131_072;

    /// <summary>How often an item is tried alone that the database refuses for a reason other than an outage.</summary>
    public const int MostTries = 3;

    public static readonly TimeSpan WriteFor = TimeSpan.FromSeconds(10);

    private const int LargestBatch = 500;

    // So many are not left to wait for the interval. Fewer are merged until then, which costs less than to write each of them.
    private const int Many = Bound / 2;

    private readonly Lock _lock = new();
    private Dictionary<TKey, TItem> _waiting = [];
    private Dictionary<TKey, TItem> _unwritten = [];
    private Task _flushing = Task.CompletedTask;
    private long _lost;
    private long _said;
    private long _written;
    private Exception? _lostBecauseOf;
    private int _batch = LargestBatch;
    private int _tries;
    private bool _failing;
    private volatile bool _stopping;

    protected Database Database => database;

    protected TimeProvider Clock => clock;

    /// <summary>Never fails: what could not be written waits on, and a caller that gives up waiting stops nothing.</summary>
    public Task FlushAsync(CancellationToken cancellationToken) => QueueFlush(CancellationToken.None).WaitAsync(cancellationToken);

    /// <summary>The host stops the server first, so nothing is added any more.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        _stopping = true;
        // A host that is disposed while it stops stops its services twice, at the same time: flushes take turns.
        await QueueFlush(cancellationToken).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        lock (_lock)
        {
            _lost += _waiting.Concat(_unwritten).Sum(item => CountOf(item.Value));
            _waiting.Clear();
            _unwritten.Clear();
            SayLost();
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(interval, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            // A service that fails would end the host.
            await QueueFlush(CancellationToken.None).WaitAsync(stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Never waits, never fails.</summary>
    protected void Add(TKey key, TItem item)
    {
        lock (_lock)
        {
            if (_waiting.TryGetValue(key, out var earlier))
            {
                _waiting[key] = Merge(earlier, item);
            }
            else if (_waiting.Count < Bound)
            {
                _waiting.Add(key, item);
                if (_waiting.Count == Many && ExecuteTask is not null)
                {
                    _ = QueueFlush(CancellationToken.None);
                }
            }
            else
            {
                _lost += CountOf(item);
            }
        }
    }

    protected TItem? Waiting(TKey key)
    {
        lock (_lock)
        {
            return _waiting.TryGetValue(key, out var item) || _unwritten.TryGetValue(key, out item) ? item : default;
        }
    }

    protected abstract TItem Merge(TItem earlier, TItem later);

    /// <summary>In one order, so that two instances never wait for each other. A batch whose commit broke off comes again.</summary>
    protected abstract Task WriteAsync(
        DbConnection connection,
        DbTransaction transaction,
        IReadOnlyList<KeyValuePair<TKey, TItem>> batch,
        CancellationToken cancellationToken);

    protected virtual long CountOf(TItem item) => 1;

    protected virtual Task WriteLostAsync(
        DbConnection connection, DbTransaction transaction, long count, CancellationToken cancellationToken) => Task.CompletedTask;

    private Task QueueFlush(CancellationToken giveUp)
    {
        lock (_lock)
        {
            // Not on the caller's thread: SQLite writes without giving it back.
            var before = _flushing;
            return _flushing = Task.Run(() => FlushAfterAsync(before, giveUp), CancellationToken.None);
        }
    }

    private async Task FlushAfterAsync(Task before, CancellationToken giveUp)
    {
        await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!await TryWriteAsync(giveUp))
        {
            return;
        }

        lock (_lock)
        {
            if (!_stopping)
            {
                SayLost();
            }

            (_unwritten, _waiting) = (_waiting, _unwritten);
        }

        await TryWriteAsync(giveUp);
    }

    // False while something is left whose write has failed.
    private async Task<bool> TryWriteAsync(CancellationToken giveUp)
    {
        while (NextBatch() is { Count: > 0 } batch)
        {
            try
            {
                await WriteAsync(batch, giveUp);
                Remove(batch);
                _batch = Math.Min(_batch * 2, LargestBatch);
                _tries = 0;
                if (_failing)
                {
                    _failing = false;
                    LogWrittenAgain(items);
                }
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                if (!_failing)
                {
                    _failing = true;
                    LogNotWritten(items, Bound, exception.Message);
                }

                if (exception is OperationCanceledException or TimeoutException
                    || DatabaseOutage.IsOutage(exception)
                    || DatabaseOutage.IsConflict(exception))
                {
                    return false;
                }

                // One of them may be what the database does not take: it is found by halves.
                _batch = Math.Max(batch.Count / 2, 1);
                if (batch.Count == 1)
                {
                    if (++_tries < MostTries && !_stopping)
                    {
                        return false;
                    }

                    _tries = 0;
                    Lose(batch[0], exception);
                }
            }
        }

        return true;
    }

    private async Task WriteAsync(List<KeyValuePair<TKey, TItem>> batch, CancellationToken giveUp)
    {
        using var late = new CancellationTokenSource(WriteFor, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, giveUp);
        var lost = Interlocked.Read(ref _lost);
        await database.WriteAsync(
            async write =>
            {
                await WriteAsync(write.Connection, write.Transaction, batch, either.Token);
                if (lost > _written)
                {
                    await WriteLostAsync(write.Connection, write.Transaction, lost - _written, either.Token);
                }

                await write.CommitAsync();
            },
            either.Token);
        _written = lost;
    }

    private List<KeyValuePair<TKey, TItem>> NextBatch()
    {
        lock (_lock)
        {
            return [.. _unwritten.Take(_batch)];
        }
    }

    private void Remove(List<KeyValuePair<TKey, TItem>> batch)
    {
        lock (_lock)
        {
            batch.ForEach(item => _unwritten.Remove(item.Key));
        }
    }

    private void Lose(KeyValuePair<TKey, TItem> item, Exception exception)
    {
        lock (_lock)
        {
            _unwritten.Remove(item.Key);
            _lost += CountOf(item.Value);
            _lostBecauseOf = exception;
        }
    }

    private void SayLost()
    {
        if (_lost > _said)
        {
            LogLost(_lostBecauseOf, items, _lost - _said);
            (_said, _lostBecauseOf) = (_lost, null);
        }
    }

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "{Items} cannot be written to the database. Up to {Bound} are kept in memory until they can: {Reason}")]
    private partial void LogNotWritten(string items, int bound, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Items} are written to the database again")]
    private partial void LogWrittenAgain(string items);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Items}: {Count} could not be written to the database and are lost")]
    private partial void LogLost(Exception? exception, string items, long count);
}
