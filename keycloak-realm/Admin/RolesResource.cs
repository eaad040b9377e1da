using System.Text.Json.Nodes;
using KeycloakRealm.Model;

namespace KeycloakRealm.Admin;

internal static class RolesResource
{
    public static AdminAnswer List(AdminRequest request) => Of(request, roles => AdminAnswer.Ok(
        request.Page(roles.Values).Select(role => Representations.Of(request.Realm, role))));

    public static AdminAnswer Read(AdminRequest request) => One(request, role =>
    {
        var json = Representations.Of(request.Realm, role);
        json["attributes"] = new JsonObject();
        return AdminAnswer.Ok(json);
    });

    public static AdminAnswer Composites(AdminRequest request) =>
        One(request, role => AdminAnswer.Ok(role.Composites.Select(member => Representations.Of(request.Realm, member))));

    /// <summary>Direct assignments only, service accounts included.</summary>
    public static AdminAnswer Users(AdminRequest request) => One(request, role => AdminAnswer.Ok(UsersResource.Listed(
        request, request.Page(request.Realm.Users.Values.Where(user => user.Roles.Contains(role))))));

    private static AdminAnswer Of(AdminRequest request, Func<Dictionary<string, RealmRole>, AdminAnswer> answer)
    {
        if (!request.IsPresent("client"))
        {
            return answer(request.Realm.Roles);
        }

        return request.Client is { } client ? answer(client.Roles) : ClientsResource.NotFound;
    }

    private static AdminAnswer One(AdminRequest request, Func<RealmRole, AdminAnswer> answer) => Of(request, roles =>
        roles.TryGetValue(request.Route("role")!, out var role) ? answer(role) : AdminAnswer.NotFound("Could not find role"));
}
