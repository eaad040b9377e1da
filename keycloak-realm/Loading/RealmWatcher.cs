using System.Globalization;
using KeycloakRealm.Import;

namespace KeycloakRealm.Loading;

/// <summary>
/// Loads the realm files again when they have changed. It looks at them several times a second instead of waiting to be told:
/// that sees renames, links and shared folders of virtual machines alike, and needs none of the few watches that a Linux user has.
/// A change is taken up once the files have been the same for two looks, because editors write in several steps.
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

    /// <summary>What the files look like from outside: which there are, of what size, written when.</summary>
    public static string Stamp(IReadOnlyList<string> files)
    {
        try
        {
            return string.Join('\n', files.SelectMany(file => RealmFiles.UserFilesOf(file).Prepend(file)).Select(StampOf));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // A file went while it was looked at. The next look sees what has come of it.
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
        return string.Create(CultureInfo.InvariantCulture, $"{info.FullName}|{(info.Exists ? info.Length : -1)}|{info.LastWriteTimeUtc.Ticks}");
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
            // What is served no more is not disposed of: requests may be under way in it, and the garbage collector knows when not.
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
            // Whatever is wrong with a file, the watching goes on: the next change may mend it.
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
