using System.Net;
using KeycloakRealm.Endpoints;
using KeycloakRealm.Import;
using KeycloakRealm.Tokens;

namespace KeycloakRealm.Loading;

internal sealed partial class RealmLoader(EmbeddedRealmOptions options, TimeProvider clock, string serverUrl, ILoggerFactory loggers)
{
    private readonly ILogger _logger = loggers.CreateLogger<EmbeddedRealm>();
    private RealmSite? _master;

    /// <summary>A realm of <c>previous</c> whose files are unchanged is kept, with its sessions.</summary>
    public RealmSet Load(RealmSet? previous = null)
    {
        var loaded = new List<RealmSite>();
        foreach (var source in RealmFiles.Load(options.RealmFiles, options.Placeholders))
        {
            var before = previous?.Find(source.Imported.Realm.Name);
            if (before is not null && before.Source.AsSpan().SequenceEqual(source.Content))
            {
                loaded.Add(before);
                continue;
            }

            foreach (var warning in source.Imported.Warnings)
            {
                LogNotHonoured(Path.GetFileName(source.File), warning);
            }

            loaded.Add(CreateSite(source, before?.Keys));
        }

        var hasMaster = loaded.Exists(each => each.Realm.Name is MasterRealm.Name);
        return new RealmSet(
            loaded, options.Administrator is { } administrator && !hasMaster ? _master ??= CreateMaster(administrator) : null);
    }

    private RealmSite CreateSite(RealmSource source, RealmKeys? previous) =>
        new(source.Imported.Realm, CreateKeys(source, previous), clock, serverUrl, loggers)
        {
            Source = source.Content,
            OffersPeople = options.EnvironmentName is "Development",
        };

    private RealmSite CreateMaster(NetworkCredential administrator)
    {
        var imported = MasterRealm.Create(administrator);
        return new RealmSite(imported.Realm, RealmKeys.Create(imported, options.StateFolder, clock), clock, serverUrl, loggers);
    }

    private RealmKeys CreateKeys(RealmSource source, RealmKeys? previous)
    {
        try
        {
            return RealmKeys.Create(source.Imported, options.StateFolder, clock, previous);
        }
        catch (RealmFileException exception)
        {
            throw RealmFiles.Refused(source.File, exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new EmbeddedRealmException(
                $"The keys cannot be kept in {options.StateFolder} ({exception.Message}). Set StateFolder to a folder that can be written.",
                exception);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{File}: {Warning}.")]
    private partial void LogNotHonoured(string file, string warning);
}
