using System.Text.Json.Nodes;
using KeycloakRealm.Model;
using static KeycloakRealm.Admin.AdminRoles;

namespace KeycloakRealm.Admin;

internal static class GroupsResource
{
    public static AdminAnswer NotFound => AdminAnswer.NotFound("Could not find group by id");

    /// <summary>Top-level groups; a search returns the matching groups below them too.</summary>
    public static AdminAnswer Find(AdminRequest request)
    {
        if (request.Query("search") is not { } text)
        {
            return AdminAnswer.Ok(request.Page(request.Realm.Groups).Select(group => WithAccess(request, Representations.Of(group, []))));
        }

        return AdminAnswer.Ok(
            request.Page(request.Realm.Groups.Where(group => Contains(group, text))).Select(group => Tree(request, group, text)));
    }

    public static AdminAnswer Read(AdminRequest request) =>
        request.Group is { } group ? AdminAnswer.Ok(Complete(request, group)) : NotFound;

    public static AdminAnswer Children(AdminRequest request) => request.Group is { } group
        ? AdminAnswer.Ok(request.Page(group.SubGroups).Select(child => Complete(request, child)))
        : NotFound;

    public static AdminAnswer Members(AdminRequest request) => request.Group is { } group
        ? AdminAnswer.Ok(
            request.Page(request.Realm.Users.Values.Where(user => user.Groups.Contains(group)))
                .Select(user => Representations.Of(request.Realm, user)))
        : NotFound;

    private static bool Contains(Group group, string text) =>
        group.Name.Contains(text, StringComparison.OrdinalIgnoreCase) || group.SubGroups.Exists(child => Contains(child, text));

    private static JsonObject Tree(AdminRequest request, Group group, string text) => WithAccess(
        request,
        Representations.Of(group, group.SubGroups.Where(child => Contains(child, text)).Select(child => Tree(request, child, text))));

    private static JsonObject Complete(AdminRequest request, Group group)
    {
        var json = Representations.Of(group, []);
        Representations.AddDetails(json, group);
        return WithAccess(request, json);
    }

    private static JsonObject WithAccess(AdminRequest request, JsonObject json)
    {
        var view = request.May(ViewUsers, ManageUsers);
        var manage = request.May(ManageUsers);
        json["access"] = new JsonObject
        {
            ["view"] = view,
            ["viewMembers"] = view,
            ["manageMembers"] = manage,
            ["manage"] = manage,
            ["manageMembership"] = manage,
        };
        return json;
    }
}
