using KeycloakRealm.Endpoints;
using KeycloakRealm.Loading;
using static KeycloakRealm.Admin.AdminRoles;

namespace KeycloakRealm.Admin;

/// <summary>What Keycloak's admin REST API has and this table lacks is answered with 501.</summary>
internal static class AdminRouting
{
    private const string Root = "/admin/realms/{realm}";

    // Parts of the API that are not served, and the role that Keycloak requires to read them.
    private static readonly Dictionary<string, string> Unserved = new(StringComparer.Ordinal)
    {
        ["admin-events"] = ViewEvents,
        ["attack-detection"] = ViewUsers,
        ["authentication"] = ViewRealm,
        ["client-policies"] = ViewRealm,
        ["client-scopes"] = ViewClients,
        ["client-types"] = ViewClients,
        ["clients"] = ManageClients,
        ["clients-initial-access"] = ViewClients,
        ["default-default-client-scopes"] = ViewClients,
        ["default-groups"] = ViewRealm,
        ["default-optional-client-scopes"] = ViewClients,
        ["events"] = ViewEvents,
        ["group-by-path"] = ViewUsers,
        ["groups"] = ManageUsers,
        ["identity-provider"] = ViewIdentityProviders,
        ["localization"] = ViewRealm,
        ["organizations"] = ViewRealm,
        ["partial-export"] = ManageRealm,
        ["partialImport"] = ManageRealm,
        ["roles"] = ManageRealm,
        ["roles-by-id"] = ViewRealm,
        ["users"] = ManageUsers,
        ["users-management-permissions"] = ManageUsers,
    };

    public static void MapAdministration(this IEndpointRouteBuilder routes, LiveRealms realms)
    {
        void Map(string path, params AdminCall[] calls) =>
            routes.Map(Root + path, context => DispatchAsync(context, realms.Current.Sites, calls));

        Map("", AdminCall.Get(RealmResource.Read, ViewRealm, ManageRealm), AdminCall.Put(RealmResource.Change, ManageRealm));
        Map("/push-revocation", AdminCall.Post(RealmResource.PushRevocation, ManageRealm));
        Map("/logout-all", AdminCall.Post(SessionsResource.EndAll, ManageUsers));
        Map("/sessions/{session}", AdminCall.Delete(SessionsResource.EndAsync, ManageUsers));
        Map("/client-session-stats", AdminCall.Get(SessionsResource.Count, ViewRealm, ManageRealm));

        Map("/keys", AdminCall.Get(KeysResource.List, ViewRealm, ManageRealm));
        Map(
            "/components",
            AdminCall.Get(KeysResource.ListComponents, ViewRealm, ManageRealm),
            AdminCall.Post(KeysResource.Add, ManageRealm));
        Map(
            "/components/{component}",
            AdminCall.Get(KeysResource.ReadComponent, ViewRealm, ManageRealm),
            AdminCall.Put(KeysResource.Change, ManageRealm),
            AdminCall.Delete(KeysResource.Remove, ManageRealm));

        Map("/users", AdminCall.Get(UsersResource.Find, ViewUsers, ManageUsers), AdminCall.Post(UsersResource.Add, ManageUsers));
        Map("/users/count", AdminCall.Get(UsersResource.Count, ViewUsers, ManageUsers));
        Map(
            "/users/{user}",
            AdminCall.Get(UsersResource.Read, ViewUsers, ManageUsers),
            AdminCall.Put(UsersResource.Change, ManageUsers),
            AdminCall.Delete(UsersResource.Remove, ManageUsers));
        Map("/users/{user}/groups", AdminCall.Get(UsersResource.Groups, ViewUsers, ManageUsers));
        Map("/users/{user}/sessions", AdminCall.Get(SessionsResource.OfUser, ViewUsers, ManageUsers));
        Map("/users/{user}/logout", AdminCall.Post(SessionsResource.LogOutAsync, ManageUsers));
        Map("/users/{user}/consents", AdminCall.Get(ConsentsResource.List, ViewUsers, ManageUsers));
        Map("/users/{user}/consents/{consented}", AdminCall.Delete(ConsentsResource.Revoke, ManageUsers));
        MapRoleMappings(Map, "/users/{user}/role-mappings");

        Map("/groups", AdminCall.Get(GroupsResource.Find, ViewUsers, ManageUsers, QueryGroups));
        Map("/groups/{group}", AdminCall.Get(GroupsResource.Read, ViewUsers, ManageUsers));
        Map("/groups/{group}/children", AdminCall.Get(GroupsResource.Children, ViewUsers, ManageUsers));
        Map("/groups/{group}/members", AdminCall.Get(GroupsResource.Members, ViewUsers, ManageUsers));
        MapRoleMappings(Map, "/groups/{group}/role-mappings");

        Map("/roles", AdminCall.Get(RolesResource.List, ViewRealm, ManageRealm));
        Map("/roles/{role}", AdminCall.Get(RolesResource.Read, ViewRealm, ManageRealm));
        Map("/roles/{role}/composites", AdminCall.Get(RolesResource.Composites, ViewRealm, ManageRealm));
        Map("/roles/{role}/users", AdminCall.Get(RolesResource.Users, ViewRealm, ManageRealm));

        Map("/clients", AdminCall.Get(ClientsResource.Find, ViewClients, ManageClients));
        Map(
            "/clients/{client}",
            AdminCall.Get(ClientsResource.Read, ViewClients, ManageClients),
            AdminCall.Put(ClientsResource.Change, ManageClients));
        Map("/clients/{client}/client-secret", AdminCall.Get(ClientsResource.ReadSecret, ViewClients, ManageClients));
        Map("/clients/{client}/service-account-user", AdminCall.Get(ClientsResource.ReadServiceAccount, ViewClients, ManageClients));
        Map("/clients/{client}/session-count", AdminCall.Get(SessionsResource.CountOfClient, ViewClients, ManageClients));
        Map("/clients/{client}/user-sessions", AdminCall.Get(SessionsResource.OfClient, ViewClients, ManageClients));
        Map("/clients/{client}/roles", AdminCall.Get(RolesResource.List, ViewClients, ManageClients));
        Map("/clients/{client}/roles/{role}", AdminCall.Get(RolesResource.Read, ViewClients, ManageClients));
        Map("/clients/{client}/roles/{role}/composites", AdminCall.Get(RolesResource.Composites, ViewClients, ManageClients));
        Map("/clients/{client}/roles/{role}/users", AdminCall.Get(RolesResource.Users, ViewClients, ManageClients));
        routes.Map(Root + "/{**path}", context => UnservedAsync(context, realms.Current.Sites));
    }

    private static void MapRoleMappings(Action<string, AdminCall[]> map, string path)
    {
        map(path, [AdminCall.Get(RoleMappingsResource.Read, ViewUsers, ManageUsers)]);
        foreach (var container in (ReadOnlySpan<string>)["/realm", "/clients/{client}"])
        {
            map(
                path + container,
                [
                    AdminCall.Get(RoleMappingsResource.ReadDirect, ViewUsers, ManageUsers),
                    AdminCall.Post(RoleMappingsResource.Add, ManageUsers),
                    AdminCall.Delete(RoleMappingsResource.Remove, ManageUsers),
                ]);
            map(path + container + "/available", [AdminCall.Get(RoleMappingsResource.ReadAvailable, ViewUsers, ManageUsers)]);
            map(path + container + "/composite", [AdminCall.Get(RoleMappingsResource.ReadEffective, ViewUsers, ManageUsers)]);
        }
    }

    private static async Task DispatchAsync(HttpContext context, IReadOnlyDictionary<string, RealmSite> sites, AdminCall[] calls)
    {
        if (AdminCaller.Authenticate(context, sites) is not { } caller)
        {
            await AdminAnswer.Unauthorized.WriteAsync(context);
            return;
        }

        if (context.Request.RouteValues["realm"] is not string name || !sites.TryGetValue(name, out var site))
        {
            await AdminAnswer.NotFound("Realm not found.").WriteAsync(context);
            return;
        }

        if (Array.Find(calls, each => string.Equals(each.Method, context.Request.Method, StringComparison.Ordinal)) is not { } call)
        {
            // Keycloak has POST and DELETE calls that this table lacks; its GET and PUT calls at these addresses are all here.
            await (HttpMethods.IsPost(context.Request.Method) || HttpMethods.IsDelete(context.Request.Method)
                ? UnservedAsync(context, sites)
                : AdminAnswer.Failed(StatusCodes.Status405MethodNotAllowed, "HTTP 405 Method Not Allowed").WriteAsync(context));
            return;
        }

        if (!caller.HasAny(site, call.Roles))
        {
            await AdminAnswer.Forbidden.WriteAsync(context);
            return;
        }

        var (body, isJson) = await AdminRequest.ReadBodyAsync(context);
        var answer = isJson
            ? await call.HandleAsync(new AdminRequest(context, site, caller, body))
            : AdminAnswer.Unreadable;
        await answer.WriteAsync(context);
    }

    /// <summary>401 and 403 as in Keycloak, so that a caller's roles can be tested, before the 501.</summary>
    private static Task UnservedAsync(HttpContext context, IReadOnlyDictionary<string, RealmSite> sites)
    {
        if (AdminCaller.Authenticate(context, sites) is not { } caller)
        {
            return AdminAnswer.Unauthorized.WriteAsync(context);
        }

        if (context.Request.RouteValues["realm"] is not string name || !sites.TryGetValue(name, out var site))
        {
            return AdminAnswer.NotFound("Realm not found.").WriteAsync(context);
        }

        var segments = context.Request.Path.Value!.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (segments.Length < 4 || !Unserved.TryGetValue(segments[3], out var role))
        {
            return AdminAnswer.NotFound("HTTP 404 Not Found").WriteAsync(context);
        }

        return (caller.HasAny(site, [role])
            ? AdminAnswer.Failed(StatusCodes.Status501NotImplemented, "The embedded realm does not serve this part of the admin REST API")
            : AdminAnswer.Forbidden).WriteAsync(context);
    }
}
