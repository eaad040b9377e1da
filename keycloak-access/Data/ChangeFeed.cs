using System.Collections.Concurrent;
using System.Data.Common;
using System.Diagnostics;
using System.Text;
using Dapper;
using Microsoft.Extensions.Options;

namespace KeycloakAccess.Data;

/// <summary>Up to which change memory has been brought. Never changed, only replaced.</summary>
/// <param name="Epoch">Another one where the numbers have gone back, as when a backup was restored.</param>
/// <param name="Rules">The version of groups, permissions and mappings.</param>
/// <param name="Changes">The number of the last change of an account or a session.</param>
internal sealed record ChangeState(long Epoch, long Rules, long Changes);

/// <summary>
/// Says whether what memory holds of accounts, sessions and rules is still what the database says. Triggers write what has changed, in
/// the transaction of the change. A change of this process counts from its commit on. Others are heard of: on SQLite by asking for the
/// number of the file's last change at each request, on PostgreSQL by LISTEN, with a poll for what a broken connection has missed.
/// </summary>
internal sealed partial class ChangeFeed(Database database, IOptions<DatabaseOptions> options, ILogger<ChangeFeed> logger)
    : BackgroundService
{
    /// <summary>The key of all access tokens.</summary>
    public const string EveryToken = "everything";

    /// <summary>How late another instance's change is seen at most, where PostgreSQL's notification is lost.</summary>
    public static readonly TimeSpan PollEvery = TimeSpan.FromMilliseconds(500);

    /// <summary>Changes that are remembered: as many as the database keeps.</summary>
    private const int MostRemembered = 10_000;

    private static readonly TimeSpan PauseAfterFailure = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly SqliteFileVersion? _file = database.NewFileVersion();
    private volatile Confirmation? _confirmed;
    private volatile Remembered _remembered = new(new(StringComparer.Ordinal), 0);
    private Task<ChangeState>? _reading;
    private long _notifications;
    private bool _failing;

    public static string Account(Guid id) => $"account {id:D}";

    public static string Browser(Guid id) => $"browser {id:D}";

    public static string Session(string sessionId) => $"session {sessionId}";

    /// <summary>The last two bytes of it, in the place of all that end so.</summary>
    public static string Subject(string subject) => $"subject {LastBytes(subject)}";

    /// <summary>Of an access token, by its <c>jti</c>: the last two bytes of that.</summary>
    public static string Token(string tokenId) => $"token {LastBytes(tokenId)}";

    public static string Client(string clientId) => $"client {clientId}";

    /// <summary>What memory may be compared with. Costs next to nothing where nothing has changed.</summary>
    /// <exception cref="DbException">Nobody knows what has changed: the database does not answer.</exception>
    public ValueTask<ChangeState> CurrentAsync(CancellationToken cancellationToken) =>
        Confirmed() is { } state ? new(state) : new(ReadAsync(cancellationToken));

    /// <summary>The same where nobody needs to be asked: nothing has changed.</summary>
    public ChangeState? Confirmed() => _confirmed is { } confirmed && IsGood(confirmed) ? confirmed.State : null;

    /// <summary>Whether something has changed under this key, or may have, since memory was brought up to that state.</summary>
    public bool HasChanged(string key, ChangeState since, ChangeState now)
    {
        var remembered = _remembered;
        return since.Epoch != now.Epoch
            || since.Changes < remembered.From
            || (remembered.Changes.TryGetValue(key, out var change) && change > since.Changes);
    }

    public override void Dispose()
    {
        base.Dispose();
        _file?.Dispose();
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => database.Engine == DatabaseEngine.PostgreSql
        ? Task.WhenAll(ListenAsync(stoppingToken), PollAsync(stoppingToken))
        // SQLite tells at each request.
        : Task.Delay(Timeout.Infinite, stoppingToken);

    private static string LastBytes(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        return Convert.ToHexString(bytes.AsSpan(Math.Max(0, bytes.Length - 2)));
    }

    private bool IsGood(Confirmation confirmed) =>
        confirmed.Commits == database.Commits
        && confirmed.Notifications == Interlocked.Read(ref _notifications)
        && (_file is null
            ? Stopwatch.GetElapsedTime(confirmed.At) < options.Value.TrustMemoryFor
            : _file.Read() is { } version && version == confirmed.FileVersion);

    // One read at a time. One that is under way may have begun before a change that the caller knows of; where it fails, so would the next.
    private async Task<ChangeState> ReadAsync(CancellationToken cancellationToken)
    {
        Task<ChangeState>? before;
        lock (_lock)
        {
            before = _reading;
        }

        if (before is not null)
        {
            await before.WaitAsync(cancellationToken);
            if (Confirmed() is { } state)
            {
                return state;
            }
        }

        Task<ChangeState> reading;
        lock (_lock)
        {
            reading = _reading is null || ReferenceEquals(_reading, before) ? _reading = Task.Run(ReadOnceAsync) : _reading;
        }

        return await reading.WaitAsync(cancellationToken);
    }

    private async Task<ChangeState> ReadOnceAsync()
    {
        try
        {
            // All of it is asked before the database is: what comes meanwhile is asked for again.
            var (at, commits, notifications, file) =
                (Stopwatch.GetTimestamp(), database.Commits, Interlocked.Read(ref _notifications), _file?.Read());
            var state = await ReadAsync(_confirmed?.State, CancellationToken.None);
            _confirmed = new Confirmation(state, at, commits, notifications, file);
            return state;
        }
        finally
        {
            lock (_lock)
            {
                _reading = null;
            }
        }
    }

    private async Task<ChangeState> ReadAsync(ChangeState? before, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        var (rules, changes) = await connection.QuerySingleAsync<(long Rules, long Changes)>(new CommandDefinition(
            "SELECT version, changes FROM access_version", cancellationToken: cancellationToken));
        if (before is null || changes < before.Changes || rules < before.Rules)
        {
            _remembered = new(new(StringComparer.Ordinal), changes);
            return new ChangeState((before?.Epoch ?? 0) + 1, rules, changes);
        }

        if (changes == before.Changes)
        {
            return rules == before.Rules ? before : before with { Rules = rules };
        }

        var missed = (await connection.QueryAsync<(long Version, string Key)>(new CommandDefinition(
            "SELECT version, key FROM access_changes WHERE version > @Changes ORDER BY version",
            new { before.Changes },
            cancellationToken: cancellationToken))).AsList();
        Remember(missed, before.Changes);
        return before with { Rules = rules, Changes = missed[^1].Version };
    }

    private void Remember(List<(long Version, string Key)> missed, long known)
    {
        var (changes, from) = _remembered;
        if (missed[0].Version > known + 1)
        {
            // More has happened than is kept.
            _remembered = new(new(StringComparer.Ordinal), missed[^1].Version);
            return;
        }

        foreach (var (version, key) in missed)
        {
            changes[key] = version;
        }

        if (changes.Count > 2 * MostRemembered)
        {
            from = Math.Max(from, missed[^1].Version - MostRemembered);
            _remembered = new(
                new(changes.Where(change => change.Value > from), StringComparer.Ordinal), from);
        }
    }

    private async Task PollAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(PollEvery);
        do
        {
            await TryAsync(() => ReadAsync(stoppingToken), stoppingToken);
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task ListenAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            await TryAsync(
                async () =>
                {
                    await using var connection = await database.OpenListenerAsync(stoppingToken);
                    connection.Notification += (_, _) => Interlocked.Increment(ref _notifications);
                    await connection.ExecuteAsync(new CommandDefinition("LISTEN access_changes", cancellationToken: stoppingToken));
                    // What came before it listened.
                    Interlocked.Increment(ref _notifications);
                    while (true)
                    {
                        await connection.WaitAsync(stoppingToken);
                    }
                },
                stoppingToken);
            await Task.Delay(PauseAfterFailure, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    // A background service that fails would end the host.
    private async Task TryAsync(Func<Task> attempt, CancellationToken stoppingToken)
    {
        try
        {
            await attempt();
            _failing = false;
        }
        catch (Exception exception) when (exception is not OutOfMemoryException && !stoppingToken.IsCancellationRequested)
        {
            if (!_failing)
            {
                _failing = true;
                LogUnheard(exception.Message);
            }
        }
    }

    [LoggerMessage(
        Level = LogLevel.Warning, Message = "The database does not say what has changed, so it is asked at each request: {Reason}")]
    private partial void LogUnheard(string reason);

    private sealed record Confirmation(ChangeState State, long At, long Commits, long Notifications, long? FileVersion);

    /// <summary>The last change under each key, of all that came after a number.</summary>
    private sealed record Remembered(ConcurrentDictionary<string, long> Changes, long From);
}
