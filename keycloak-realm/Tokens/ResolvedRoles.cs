using KeycloakRealm.Model;

namespace KeycloakRealm.Tokens;

/// <summary>The user's roles in the client's scope, with those that mappers hardcode or rename.</summary>
internal sealed class ResolvedRoles
{
    public List<string> Realm { get; } = [];

    public Dictionary<string, List<string>> Clients { get; } = new(StringComparer.Ordinal);

    public static ResolvedRoles Of(TokenSubject subject)
    {
        var result = new ResolvedRoles();
        foreach (var role in InScope(subject))
        {
            result.Add(role.Client?.ClientId, role.Name);
        }

        foreach (var mapper in subject.Mappers)
        {
            switch (mapper.Kind)
            {
                case "oidc-hardcoded-role-mapper" when mapper["role"] is { } role:
                    var (client, name) = Split(role);
                    result.Add(client, name);
                    break;
                case "oidc-role-name-mapper" when mapper["role"] is { } oldName && mapper["new.role.name"] is { } newName:
                    var (oldClient, oldRole) = Split(oldName);
                    if (result.Remove(oldClient, oldRole))
                    {
                        var (newClient, newRole) = Split(newName);
                        result.Add(newClient ?? oldClient, newRole);
                    }

                    break;
                default:
                    break;
            }
        }

        return result;
    }

    private static IEnumerable<RealmRole> InScope(TokenSubject subject)
    {
        var roles = subject.User.EffectiveRoles();
        if (subject.Client.FullScopeAllowed)
        {
            return roles;
        }

        var allowed = RealmRole.Expand(
            subject.Client.Roles.Values.Concat(subject.Client.ScopeMappings)
                .Concat(subject.Scopes.SelectMany(scope => scope.ScopeMappings)));
        return roles.Where(allowed.Contains);
    }

    /// <summary>Split at the last dot, as in Keycloak: client ids may contain dots.</summary>
    private static (string? Client, string Role) Split(string text)
    {
        var dot = text.LastIndexOf('.');
        return dot < 0 ? (null, text) : (text[..dot], text[(dot + 1)..]);
    }

    private void Add(string? client, string role)
    {
        var list = Realm;
        if (client is not null && !Clients.TryGetValue(client, out list!))
        {
            Clients[client] = list = [];
        }

        if (!list.Contains(role, StringComparer.Ordinal))
        {
            list.Add(role);
        }
    }

    private bool Remove(string? client, string role) =>
        client is null ? Realm.Remove(role) : Clients.TryGetValue(client, out var list) && list.Remove(role);
}
