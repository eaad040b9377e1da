using System.Globalization;
using System.Text.Json.Nodes;
using KeycloakRealm.Model;

namespace KeycloakRealm.Admin;

internal static class SessionsResource
{
    public static AdminAnswer OfUser(AdminRequest request) => request.User is { } user
        ? AdminAnswer.Ok(request.Site.Sessions.List(session => session.User == user).Select(Representations.Of))
        : UsersResource.NotFound;

    public static AdminAnswer OfClient(AdminRequest request) => request.Client is { } client
        ? AdminAnswer.Ok(
            request.Page(request.Site.Sessions.List(session => session.Clients.ContainsKey(client.Id))).Select(Representations.Of))
        : ClientsResource.NotFound;

    public static AdminAnswer CountOfClient(AdminRequest request) => request.Client is { } client
        ? AdminAnswer.Ok(new JsonObject { ["count"] = CountOf(request, client, offline: false) })
        : ClientsResource.NotFound;

    /// <summary>Keycloak writes the counts as strings.</summary>
    public static AdminAnswer Count(AdminRequest request) => AdminAnswer.Ok(request.Realm.Clients.Values
        .Select(client =>
            (Client: client, Active: CountOf(request, client, offline: false), Offline: CountOf(request, client, offline: true)))
        .Where(each => each.Active + each.Offline > 0)
        .Select(each => new JsonObject
        {
            ["offline"] = each.Offline.ToString(CultureInfo.InvariantCulture),
            ["clientId"] = each.Client.ClientId,
            ["active"] = each.Active.ToString(CultureInfo.InvariantCulture),
            ["id"] = each.Client.Id,
        }));

    public static async Task<AdminAnswer> EndAsync(AdminRequest request)
    {
        if (request.Site.Sessions.End(request.Route("session")) is not { } session)
        {
            // The spelling is Keycloak's.
            return AdminAnswer.NotFound("Sesssion not found");
        }

        await request.Site.Notifier.NotifyAsync(session);
        return AdminAnswer.NoContent;
    }

    /// <summary>Ends offline sessions too, and sets a not-before that no call removes.</summary>
    public static async Task<AdminAnswer> LogOutAsync(AdminRequest request)
    {
        if (request.User is not { } user)
        {
            return UsersResource.NotFound;
        }

        user.NotBefore = request.Site.Now;
        foreach (var session in request.Site.Sessions.EndAll(session => session.User == user))
        {
            await request.Site.Notifier.NotifyAsync(session);
        }

        return AdminAnswer.NoContent;
    }

    /// <summary>Keycloak notifies no relying party here, and sets the realm's not-before.</summary>
    public static AdminAnswer EndAll(AdminRequest request)
    {
        request.Realm.NotBefore = request.Site.Now;
        request.Site.Sessions.EndAll(_ => true);
        return AdminAnswer.Ok(new JsonObject());
    }

    private static int CountOf(AdminRequest request, Client client, bool offline) =>
        request.Site.Sessions.List(session => session.Clients.ContainsKey(client.Id), offline).Count;
}
