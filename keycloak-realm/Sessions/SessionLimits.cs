using KeycloakRealm.Model;

namespace KeycloakRealm.Sessions;

/// <summary>All values are Unix seconds.</summary>
internal static class SessionLimits
{
    public static bool IsAlive(Realm realm, UserSession session, long now) => session.Offline
        ? session.LastRefresh + realm.OfflineSessionIdleTimeout >= now
        : session.LastRefresh + realm.SsoSessionIdleTimeout >= now && session.Started + realm.SsoSessionMaxLifespan >= now;

    public static bool IsAlive(Realm realm, UserSession session, ClientSession clientSession, long now) => session.Offline
        || (clientSession.LastRefresh + IdleOf(realm, clientSession.Client) >= now && MaximumOf(realm, session, clientSession) >= now);

    public static long MaximumOf(Realm realm, UserSession session, ClientSession clientSession)
    {
        var end = session.Started + realm.SsoSessionMaxLifespan;
        var lifespan = clientSession.Client.AttributeNumber("client.session.max.lifespan") ?? realm.ClientSessionMaxLifespan;
        return lifespan > 0 ? Math.Min(end, clientSession.Started + lifespan) : end;
    }

    public static long RefreshExpiry(Realm realm, UserSession session, ClientSession clientSession, long now) =>
        Math.Min(now + IdleOf(realm, clientSession.Client), MaximumOf(realm, session, clientSession));

    private static int IdleOf(Realm realm, Client client)
    {
        var idle = client.AttributeNumber("client.session.idle.timeout") ?? realm.ClientSessionIdleTimeout;
        return idle > 0 ? Math.Min(idle, realm.SsoSessionIdleTimeout) : realm.SsoSessionIdleTimeout;
    }
}
