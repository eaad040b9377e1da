using System.Text.Json.Nodes;
using KeycloakRealm.Endpoints;
using KeycloakRealm.Model;
using KeycloakRealm.Sessions;
using KeycloakRealm.Tokens;

namespace KeycloakRealm.Admin;

internal static class ConsentsResource
{
    public static AdminAnswer List(AdminRequest request)
    {
        if (request.User is not { } user)
        {
            return UsersResource.NotFound;
        }

        var offline = request.Site.Sessions.List(session => session.User == user, offline: true)
            .SelectMany(session => session.Clients.Values.Select(part => part.Client)).Distinct().ToList();
        return AdminAnswer.Ok(user.Consents.Values
            .Select(consent => new JsonObject
            {
                ["lastUpdatedDate"] = consent.Updated,
                ["clientId"] = consent.Client.ClientId,
                ["createdDate"] = consent.Created,
                ["grantedClientScopes"] = Json.List(consent.Items.Select(item =>
                    item is Consent.ClientItself ? consent.Client.ClientId : item)),
                ["additionalGrants"] = Additional(consent.Client, offline.Contains(consent.Client)),
            })
            .Concat(offline.Where(client => !user.Consents.ContainsKey(client.Id)).Select(client => new JsonObject
            {
                ["clientId"] = client.ClientId,
                ["grantedClientScopes"] = new JsonArray(),
                ["additionalGrants"] = Additional(client, isOffline: true),
            })));
    }

    /// <summary>Also takes the client out of every session of the user.</summary>
    public static AdminAnswer Revoke(AdminRequest request)
    {
        if (request.User is not { } user)
        {
            return UsersResource.NotFound;
        }

        // This address names the client by clientId, not by its internal id.
        if (request.Realm.FindClient(request.Route("consented")) is not { } client)
        {
            return AdminAnswer.NotFound("Client not found");
        }

        return Revoke(request.Site, user, client) ? AdminAnswer.NoContent : AdminAnswer.NotFound("Consent nor offline token not found");
    }

    /// <summary>False if there was nothing to take back.</summary>
    public static bool Revoke(RealmSite site, User user, Client client)
    {
        List<UserSession> Sessions(bool offline) =>
            site.Sessions.List(session => session.User == user && session.Clients.ContainsKey(client.Id), offline);

        var lasting = Sessions(offline: true);
        if (!user.Consents.TryRemove(client.Id, out _) && lasting.Count == 0)
        {
            return false;
        }

        foreach (var session in lasting.Concat(Sessions(offline: false)))
        {
            site.Sessions.Detach(session, client, endIfLast: session.Offline);
        }

        return true;
    }

    private static JsonArray Additional(Client client, bool isOffline) =>
        isOffline ? [new JsonObject { ["client"] = client.Id, ["key"] = "Offline Token" }] : [];
}
