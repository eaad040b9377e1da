using KeycloakRealm.Model;
using KeycloakRealm.Sessions;
using KeycloakRealm.Tokens;

namespace KeycloakRealm.Endpoints;

/// <summary>A realm as it is served: what it is, what it remembers, and under which address.</summary>
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
        Tokens = new TokenIssuer(realm, keys, clock, serverUrl);
        foreach (var user in realm.Users.Values.Where(user => user.CreatedTimestamp == 0))
        {
            // An account whose file does not say when it was made is made at its import.
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

        Notifier = new LogoutNotifier(Tokens, loggers.CreateLogger<LogoutNotifier>());
    }

    public Realm Realm { get; }

    public RealmKeys Keys { get; }

    public TimeProvider Clock { get; }

    /// <summary>The server's own address, without a slash at the end.</summary>
    public string ServerUrl { get; }

    public SessionStore Sessions { get; }

    public TokenIssuer Tokens { get; }

    public LogoutNotifier Notifier { get; }

    public ClientKeys ClientKeys { get; }

    /// <summary>A hash of what the realm was made of.</summary>
    public byte[] Source { get; init; } = [];

    /// <summary>Whether the sign-in page offers the people of the file, whose passwords it holds: in development only.</summary>
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
