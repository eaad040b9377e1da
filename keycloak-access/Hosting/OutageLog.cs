namespace KeycloakAccess.Hosting;

/// <summary>
/// An outage is a line at its begin, at most one a second with how many requests have been answered with 503, and one when it is over:
/// not a stack trace for each of them.
/// </summary>
internal sealed partial class OutageLog(TimeProvider clock, ILogger<OutageLog> logger) : IDisposable
{
    public static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    /// <summary>After so long without another one, an outage is over.</summary>
    public static readonly TimeSpan OverAfter = TimeSpan.FromSeconds(10);

    private const int LongestReason = 300;

    private readonly Lock _lock = new();
    private ITimer? _timer;
    private DateTimeOffset _since;
    private DateTimeOffset _last;
    private long _count;
    private long _said;
    private string _reason = "";

    public void Add(string reason)
    {
        lock (_lock)
        {
            _last = clock.GetUtcNow();
            _reason = Line(reason);
            _count++;
            if (_timer is null)
            {
                _since = _last;
                Say();
                // The lines to come are not about the request that came first.
                using (ExecutionContext.SuppressFlow())
                {
                    _timer = clock.CreateTimer(_ => SayMore(), state: null, Every, Every);
                }
            }
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _timer?.Dispose();
        }
    }

    private void SayMore()
    {
        lock (_lock)
        {
            if (_count > _said)
            {
                Say();
            }
            else if (_timer is not null && clock.GetUtcNow() - _last >= OverAfter)
            {
                LogOver(_count, _since, _last);
                _timer.Dispose();
                (_timer, _count, _said) = (null, 0, 0);
            }
        }
    }

    private void Say()
    {
        LogOutage(_count, _since, _reason);
        _said = _count;
    }

    private static string Line(string reason)
    {
        var line = reason.ReplaceLineEndings(" ");
        return line.Length <= LongestReason ? line : line[..LongestReason] + "…";
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Answered with 503 since {Since:O}: {Count}. The last one, because {Reason}")]
    private partial void LogOutage(long count, DateTimeOffset since, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Nothing more is answered with 503: {Count} were, from {Since:O} to {Last:O}")]
    private partial void LogOver(long count, DateTimeOffset since, DateTimeOffset last);
}
