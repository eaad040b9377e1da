using System.Text.Json;
using System.Threading.Channels;

namespace KeycloakAccess.Data;

/// <summary>One refusal of one request.</summary>
/// <param name="Actor">Who was refused.</param>
/// <param name="Model">The model of the permission that was asked for; <see langword="null"/> where any account that is enabled may call.</param>
/// <param name="Action">The action of that permission.</param>
/// <param name="RowId">The row that the address names, if it names one.</param>
/// <param name="Code">Why, as in problem details.</param>
/// <param name="Scope">The scope that the token lacks, where that is why.</param>
/// <param name="MissingPermissions">What the caller would have had to hold to hand it out, where that is why.</param>
/// <param name="HttpMethod">The method of the request.</param>
/// <param name="Path">The path as the route is written, so that calls of one kind have one path.</param>
internal sealed record DeniedRequest(
    Actor Actor,
    string? Model,
    string? Action,
    string? RowId,
    string Code,
    string? Scope,
    IReadOnlyList<string>? MissingPermissions,
    string HttpMethod,
    string Path);

/// <summary>
/// Writes refusals into the audit log, off the request path. A request leaves its refusal in a queue in memory and goes
/// on; half a second later at most, all that came together are written in one transaction. So a process that is killed
/// loses what the last second brought, and one that is stopped loses nothing.
/// </summary>
internal sealed partial class DeniedRequestLog : BackgroundService
{
    /// <summary>How many refusals may wait in the queue, and how many rows for the database. What comes on top is counted.</summary>
    public const int Most = 4096;

    // A batch of a second of an ordinary day is one. After an outage there may be more, and each is a step that stays done.
    private const int RowsOfATransaction = 500;
    private const int MostMissingPermissions = 20;

    private static readonly TimeSpan GatherFor = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan WriteFor = TimeSpan.FromSeconds(10);

    private readonly Channel<Waiting> _queue = Channel.CreateBounded<Waiting>(new BoundedChannelOptions(Most) { SingleReader = true });
    private readonly List<AuditRow> _unwritten = [];
    private readonly Lazy<Task> _lastWrite;
    private readonly Database _database;
    private readonly TimeProvider _clock;
    private readonly ILogger<DeniedRequestLog> _logger;
    private int _lost;
    private bool _failing;

    public DeniedRequestLog(Database database, TimeProvider clock, ILogger<DeniedRequestLog> logger)
    {
        _database = database;
        _clock = clock;
        _logger = logger;
        _lastWrite = new Lazy<Task>(WriteLastAsync);
    }

    /// <summary>Takes note of a refusal. Never waits, never fails: where there is no module it is counted, and the count written.</summary>
    public void Add(DeniedRequest refusal)
    {
        if (!_queue.Writer.TryWrite(new Waiting(refusal, _clock.GetUtcNow())))
        {
            Interlocked.Increment(ref _lost);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (await HasWorkAsync(stoppingToken))
        {
            await Task.Delay(_failing ? RetryAfter : GatherFor, _clock, stoppingToken);
            await WriteAsync();
        }
    }

    /// <summary>Writes what is left. The host stops the server first, so that nobody adds anything any more.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        // Here and not at the end of the loop: a service that is stopped as it starts never comes to the loop.
        await base.StopAsync(cancellationToken);
        if (ExecuteTask is { IsCompleted: false })
        {
            // A write is under way, and the host has no more time for it.
            return;
        }

        // Once: a host that is disposed while it stops stops its services twice, and at the same time.
        await _lastWrite.Value;
    }

    private async Task WriteLastAsync()
    {
        do
        {
            await WriteAsync();
        }
        while (_unwritten.Count == 0 && _queue.Reader.Count > 0);

        if (_unwritten.Count > 0)
        {
            LogLost(_unwritten.Sum(row => row.Count) + _queue.Reader.Count);
        }
    }

    private async ValueTask<bool> HasWorkAsync(CancellationToken stoppingToken) =>
        _unwritten.Count > 0 || await _queue.Reader.WaitToReadAsync(stoppingToken);

    private async Task WriteAsync()
    {
        Take();
        try
        {
            while (_unwritten.Count > 0)
            {
                var rows = _unwritten.GetRange(0, Math.Min(RowsOfATransaction, _unwritten.Count));
                using var timeout = new CancellationTokenSource(WriteFor);
                await using var connection = await _database.OpenAsync(timeout.Token);
                await using var transaction = await Database.BeginWriteAsync(connection, timeout.Token);
                await AuditLog.InsertAsync(connection, transaction, rows, timeout.Token);
                await transaction.CommitAsync(timeout.Token);
                _unwritten.RemoveRange(0, rows.Count);
                if (_failing)
                {
                    _failing = false;
                    LogWrittenAgain();
                }
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or TimeoutException || DatabaseOutage.IsOutage(exception))
        {
            if (!_failing)
            {
                _failing = true;
                LogNotWritten(Most, exception.Message);
            }
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // A mistake in here, or rows that a broken connection has written already. Trying for ever would hold up all
            // others, and an exception that leaves this loop would end the service.
            var rows = _unwritten.GetRange(0, Math.Min(RowsOfATransaction, _unwritten.Count));
            LogGivenUp(exception, rows.Count);
            Interlocked.Add(ref _lost, rows.Sum(row => row.Count));
            _unwritten.RemoveRange(0, rows.Count);
        }
    }

    // What waits, with the same refusal made one row. A caller in a loop fills neither the log nor the memory; rows that
    // could not be written stay as they are, since nobody knows how far a broken commit came.
    private void Take()
    {
        var rows = new Dictionary<Key, AuditRow>();
        while (_unwritten.Count + rows.Count < Most && _queue.Reader.TryRead(out var waiting))
        {
            var key = Key.Of(waiting.Refusal);
            rows[key] = rows.TryGetValue(key, out var row) ? Again(row, waiting) : First(waiting);
        }

        _unwritten.AddRange(rows.Values);
        if (Interlocked.Exchange(ref _lost, 0) is > 0 and var lost)
        {
            _unwritten.Add(NotRecorded(lost));
        }
    }

    private static AuditRow First(Waiting waiting)
    {
        var (refusal, at) = waiting;
        return new AuditRow
        {
            Id = Guid.CreateVersion7(at),
            At = at,
            Kind = AuditRow.DeniedRequestKind,
            AccountId = refusal.Actor.AccountId,
            Account = refusal.Actor.Name,
            Method = refusal.Actor.Method,
            RequestId = refusal.Actor.RequestId,
            Model = refusal.Model,
            RowId = refusal.RowId,
            Action = refusal.Action,
            Permission = refusal.Model is null ? null : $"{refusal.Model}:{refusal.Action}",
            Code = refusal.Code,
            Scope = refusal.Scope,
            MissingPermissions = refusal.MissingPermissions is { } missing ? JsonSerializer.Serialize(missing.Take(MostMissingPermissions)) : null,
            HttpMethod = refusal.HttpMethod,
            Path = refusal.Path,
        };
    }

    // The row is named only where all of them were about it.
    private static AuditRow Again(AuditRow row, Waiting waiting) => row with
    {
        Count = row.Count + 1,
        LastAt = waiting.At,
        RowId = string.Equals(row.RowId, waiting.Refusal.RowId, StringComparison.Ordinal) ? row.RowId : null,
    };

    private AuditRow NotRecorded(int lost)
    {
        var at = _clock.GetUtcNow();
        return new AuditRow
        {
            Id = Guid.CreateVersion7(at),
            At = at,
            Kind = AuditRow.DeniedRequestKind,
            Account = "audit log",
            Method = Actor.Service,
            Code = "not_recorded",
            Count = lost,
        };
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Refusals cannot be written to the audit log. Up to {Most} rows are kept until they can: {Reason}")]
    private partial void LogNotWritten(int most, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Refusals are written to the audit log again")]
    private partial void LogWrittenAgain();

    [LoggerMessage(Level = LogLevel.Error, Message = "The database does not take {Rows} rows of refusals. The audit log counts them as not recorded.")]
    private partial void LogGivenUp(Exception exception, int rows);

    [LoggerMessage(Level = LogLevel.Error, Message = "The service stops while the database cannot be written: {Count} refusals are in no audit log")]
    private partial void LogLost(int count);

    private readonly record struct Waiting(DeniedRequest Refusal, DateTimeOffset At);

    private readonly record struct Key(
        Guid? AccountId, string Method, string? Model, string? Action, string Code, string? Scope, string Missing, string HttpMethod, string Path)
    {
        public static Key Of(DeniedRequest refusal) => new(
            refusal.Actor.AccountId,
            refusal.Actor.Method,
            refusal.Model,
            refusal.Action,
            refusal.Code,
            refusal.Scope,
            refusal.MissingPermissions is { } missing ? string.Join(' ', missing.Take(MostMissingPermissions)) : "",
            refusal.HttpMethod,
            refusal.Path);
    }
}
