using KeycloakRealm.Links;
using KeycloakRealm.Model;
using KeycloakRealm.Sessions;
using KeycloakRealm.Tokens;

namespace KeycloakRealm.Endpoints;

internal sealed class RealmSite : IDisposable
{
    public RealmSite(Realm realm, RealmKeys keys, TimeProvider clock, string serverUrl, ILoggerFactory loggers)
    {
        Realm = realm;
        Keys = keys;
        Clock = clock;
        ServerUrl = serverUrl;
        ClientKeys = new ClientKeys(clock);
        Sessions = new SessionStore(realm, clock);
        Devices = new DeviceStore(realm, clock);
        BruteForce = new BruteForceProtection(realm.BruteForce, clock);
        Tokens = new TokenIssuer(realm, keys, clock, serverUrl);
        foreach (var user in realm.Users.Values.Where(user => user.CreatedTimestamp == 0))
        {
            // An account without a creation time is as old as the import.
            user.CreatedTimestamp = clock.GetUtcNow().ToUnixTimeMilliseconds();
        }

        foreach (var user in realm.Users.Values)
        {
            var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
            foreach (var (client, consent) in user.Consents)
            {
                user.Consents[client] = consent with { Created = now, Updated = now };
            }
        }

        Mail = new UnsentMail(loggers.CreateLogger<UnsentMail>());
        Notifier = new LogoutNotifier(Tokens, loggers.CreateLogger<LogoutNotifier>());
    }

    public Realm Realm { get; }

    public RealmKeys Keys { get; }

    public TimeProvider Clock { get; }

    /// <summary>Without a trailing slash.</summary>
    public string ServerUrl { get; }

    public SessionStore Sessions { get; }

    public DeviceStore Devices { get; }

    public BruteForceProtection BruteForce { get; }

    public TokenIssuer Tokens { get; }

    public UnsentMail Mail { get; }

    public LogoutNotifier Notifier { get; }

    public ClientKeys ClientKeys { get; }

    /// <summary>A hash of the realm's files.</summary>
    public byte[] Source { get; init; } = [];

    /// <summary>In Development only: the page lists the people whose plain passwords are in the file.</summary>
    public bool OffersPeople { get; init; }

    public string Issuer => Tokens.Issuer;

    public string CookiePath => $"/realms/{Realm.PathSegment}/";

    public long Now => Clock.GetUtcNow().ToUnixTimeSeconds();

    public void Dispose()
    {
        Notifier.Dispose();
        ClientKeys.Dispose();
        Keys.Dispose();
    }
}
