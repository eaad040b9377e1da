using System.Text.Json.Nodes;
using KeycloakRealm.Admin;
using KeycloakRealm.Sessions;

namespace KeycloakRealm.Account;

/// <summary>The person's sessions, as such and by device. Times are Unix seconds.</summary>
internal static class OwnSessionsResource
{
    public static AdminAnswer List(AccountRequest request) =>
        AdminAnswer.Ok(Sessions(request).Select(session => Describe(request, session)));

    public static AdminAnswer ListDevices(AccountRequest request) => AdminAnswer.Ok(Sessions(request)
        .Select(session => (Session: session, Device: Device.Of(session.UserAgent)))
        .GroupBy(each => each.Device.System + each.Device.SystemVersion, StringComparer.Ordinal)
        .Select(group =>
        {
            var device = group.First().Device;
            var json = new JsonObject
            {
                ["os"] = device.System,
                ["osVersion"] = device.SystemVersion,
                ["device"] = device.Name,
                ["lastAccess"] = group.Max(each => each.Session.LastRefresh),
            };
            if (group.Any(each => request.IsCurrent(each.Session)))
            {
                json["current"] = true;
            }

            json["sessions"] = new JsonArray([.. group.Select(each => Describe(request, each.Session))]);
            json["mobile"] = device.IsMobile;
            return json;
        }));

    /// <summary>All but that of the token, unless it is asked for too.</summary>
    public static async Task<AdminAnswer> EndAllAsync(AccountRequest request)
    {
        var withCurrent = request.Query("current") is "true";
        foreach (var session in Sessions(request).Where(session => withCurrent || !request.IsCurrent(session)))
        {
            await EndAsync(request, session.Id);
        }

        return AdminAnswer.NoContent;
    }

    /// <summary>One that is over, or somebody else's, is answered alike.</summary>
    public static async Task<AdminAnswer> EndAsync(AccountRequest request)
    {
        if (request.Site.Sessions.Find(request.Route("session")) is { } session && session.User == request.User)
        {
            await EndAsync(request, session.Id);
        }

        return AdminAnswer.NoContent;
    }

    private static async Task EndAsync(AccountRequest request, string id)
    {
        if (request.Site.Sessions.End(id) is { } ended)
        {
            await request.Site.Notifier.NotifyAsync(ended);
        }
    }

    private static List<UserSession> Sessions(AccountRequest request) =>
        request.Site.Sessions.List(session => session.User == request.User);

    private static JsonObject Describe(AccountRequest request, UserSession session)
    {
        var json = new JsonObject
        {
            ["id"] = session.Id,
            ["ipAddress"] = session.Address,
            ["started"] = session.Started,
            ["lastAccess"] = session.LastRefresh,
            ["expires"] = session.Started + request.Site.Realm.SsoSessionMaxLifespan,
            ["clients"] = new JsonArray([.. session.Clients.Values.Select(part => ApplicationsResource.Describe(part.Client))]),
        };
        if (session.UserAgent is { Length: > 0 })
        {
            json["browser"] = Device.Of(session.UserAgent).Browser;
        }

        if (request.IsCurrent(session))
        {
            json["current"] = true;
        }

        return json;
    }
}
