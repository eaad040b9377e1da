using System.Text.Json.Nodes;
using KeycloakRealm.Model;
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

        var offline = request.Site.Sessions.List(session => session.User == user && session.Clients.ContainsKey(client.Id), offline: true);
        if (!user.Consents.TryRemove(client.Id, out _) && offline.Count == 0)
        {
            return AdminAnswer.NotFound("Consent nor offline token not found");
        }

        foreach (var session in offline.Concat(request.Site.Sessions.List(session =>
            session.User == user && session.Clients.ContainsKey(client.Id))))
        {
            request.Site.Sessions.Detach(session, client, endIfLast: session.Offline);
        }

        return AdminAnswer.NoContent;
    }

    private static JsonArray Additional(Client client, bool isOffline) =>
        isOffline ? [new JsonObject { ["client"] = client.Id, ["key"] = "Offline Token" }] : [];
}
