using System.Text.Json.Nodes;
using KeycloakRealm.Model;

namespace KeycloakRealm.Admin;

internal static class RoleMappingsResource
{
    public static AdminAnswer Read(AdminRequest request) => For(request, holder =>
    {
        var answer = new JsonObject();
        var realmRoles = holder.Roles.Where(role => role.Client is null).ToList();
        if (realmRoles.Count > 0)
        {
            answer["realmMappings"] = List(request, realmRoles);
        }

        var byClient = holder.Roles.Where(role => role.Client is not null).GroupBy(role => role.Client!).ToList();
        if (byClient.Count > 0)
        {
            answer["clientMappings"] = new JsonObject(byClient.Select(each => KeyValuePair.Create(
                each.Key.ClientId,
                (JsonNode?)new JsonObject
                {
                    ["id"] = each.Key.Id,
                    ["client"] = each.Key.ClientId,
                    ["mappings"] = List(request, each),
                })));
        }

        return AdminAnswer.Ok(answer);
    });

    public static AdminAnswer ReadDirect(AdminRequest request) => InContainer(request, (holder, roles) =>
        AdminAnswer.Ok(List(request, holder.Roles.Where(roles.ContainsValue))));

    public static AdminAnswer ReadEffective(AdminRequest request) => InContainer(request, (holder, roles) =>
        AdminAnswer.Ok(List(request, holder.Effective.Where(roles.ContainsValue))));

    public static AdminAnswer ReadAvailable(AdminRequest request) => InContainer(request, (holder, roles) =>
        AdminAnswer.Ok(List(request, roles.Values.Where(role => !holder.Roles.Contains(role)))));

    public static AdminAnswer Add(AdminRequest request) => Change(request, (roles, named) => roles.UnionWith(named));

    public static AdminAnswer Remove(AdminRequest request) => Change(request, (roles, named) => roles.ExceptWith(named));

    /// <summary>
    /// A caller needs a role of <c>realm-management</c> to assign it. The set is replaced as a whole, because it is read without a
    /// lock.
    /// </summary>
    private static AdminAnswer Change(AdminRequest request, Action<HashSet<RealmRole>, List<RealmRole>> change) =>
        InContainer(request, (holder, roles) =>
    {
        if (request.Body is not JsonArray list || list.Any(item => item is not JsonObject))
        {
            return AdminAnswer.Unreadable;
        }

        var named = new List<RealmRole>();
        foreach (var item in list.OfType<JsonObject>())
        {
            if (item["name"]?.ToString() is not { } name
                || !roles.TryGetValue(name, out var role)
                || !string.Equals(item["id"]?.ToString(), role.Id, StringComparison.Ordinal))
            {
                return AdminAnswer.NotFound("Role not found");
            }

            if (role.Client?.ClientId is AdminRoles.Client && !request.May(role.Name))
            {
                return AdminAnswer.Forbidden;
            }

            named.Add(role);
        }

        var changed = new HashSet<RealmRole>(holder.Roles);
        change(changed, named);
        holder.Set(changed);
        return AdminAnswer.NoContent;
    });

    private static JsonArray List(AdminRequest request, IEnumerable<RealmRole> roles) =>
        [.. roles.Select(role => (JsonNode?)Representations.Of(request.Realm, role))];

    private static AdminAnswer For(AdminRequest request, Func<Holder, AdminAnswer> answer)
    {
        if (request.IsPresent("user"))
        {
            return request.User is { } user
                ? answer(new Holder(user.Roles, user.EffectiveRoles(), roles => user.Roles = roles))
                : UsersResource.NotFound;
        }

        return request.Group is { } group
            ? answer(new Holder(group.Roles, group.EffectiveRoles(), roles => group.Roles = roles))
            : GroupsResource.NotFound;
    }

    private static AdminAnswer InContainer(AdminRequest request, Func<Holder, Dictionary<string, RealmRole>, AdminAnswer> answer) =>
        For(request, holder =>
    {
        if (!request.IsPresent("client"))
        {
            return answer(holder, request.Realm.Roles);
        }

        return request.Client is { } client ? answer(holder, client.Roles) : AdminAnswer.NotFound("Client not found");
    });

    private sealed record Holder(IReadOnlySet<RealmRole> Roles, IReadOnlySet<RealmRole> Effective, Action<HashSet<RealmRole>> Set);
}
