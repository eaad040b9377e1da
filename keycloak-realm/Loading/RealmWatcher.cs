using System.Globalization;
using KeycloakRealm.Import;

namespace KeycloakRealm.Loading;

/// <summary>
/// Polls, because file notifications miss renames, links and shared folders, and Linux limits their number. A change is loaded once two
/// looks agree, because editors write in several steps.
/// </summary>
internal sealed partial class RealmWatcher : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(150);

    private readonly CancellationTokenSource _stopping = new();
    private readonly IReadOnlyList<string> _files;
    private readonly RealmLoader _loader;
    private readonly LiveRealms _realms;
    private readonly ILogger<RealmWatcher> _logger;
    private readonly Task _watching;

    public RealmWatcher(IReadOnlyList<string> files, string stamp, RealmLoader loader, LiveRealms realms, ILoggerFactory loggers)
    {
        _files = files;
        _loader = loader;
        _realms = realms;
        _logger = loggers.CreateLogger<RealmWatcher>();
        _watching = WatchAsync(stamp);
    }

    /// <summary>The files, their sizes and times of change.</summary>
    public static string Stamp(IReadOnlyList<string> files)
    {
        try
        {
            return string.Join('\n', files.SelectMany(file => RealmFiles.UserFilesOf(file).Prepend(file)).Select(StampOf));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // A file was removed during the look; the next look sees the result.
            return exception.Message;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _watching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stopping.Dispose();
    }

    private static string StampOf(string file)
    {
        var target = new FileInfo(file) is { LinkTarget: not null } link ? link.ResolveLinkTarget(returnFinalTarget: true) : null;
        var info = new FileInfo(target?.FullName ?? file);
        return string.Create(
            CultureInfo.InvariantCulture, $"{info.FullName}|{(info.Exists ? info.Length : -1)}|{info.LastWriteTimeUtc.Ticks}");
    }

    private async Task WatchAsync(string loaded)
    {
        var seen = loaded;
        using var timer = new PeriodicTimer(Interval);
        while (await timer.WaitForNextTickAsync(_stopping.Token))
        {
            var now = Stamp(_files);
            if (now == seen && now != loaded)
            {
                loaded = now;
                LoadAgain();
            }

            seen = now;
        }
    }

    private void LoadAgain()
    {
        var before = _realms.Current;
        try
        {
            var after = _loader.Load(before);
            // The old set is not disposed: requests may still use it, and the garbage collector frees it after them.
            _realms.Current = after;
            foreach (var site in after.Loaded.Except(before.Loaded))
            {
                LogLoaded(site.Realm.Name, site.Issuer);
            }

            foreach (var site in before.Loaded.Where(site => after.Find(site.Realm.Name) is null))
            {
                LogGone(site.Realm.Name);
            }
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            // Watching continues after any error: the next change may correct the file.
            LogRefused(exception.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The realm {Realm} was loaded again: {Issuer}. Its sessions are gone.")]
    private partial void LogLoaded(string realm, string issuer);

    [LoggerMessage(Level = LogLevel.Information, Message = "The realm {Realm} is in no file any more, and served no more.")]
    private partial void LogGone(string realm);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Reason} Until then everything is served as it was.")]
    private partial void LogRefused(string reason);
}
