using KeycloakRealm.Model;

namespace KeycloakRealm.Tokens;

internal static class ScopeSelection
{
    public const string OpenId = "openid";
    public const string Offline = "offline_access";

    // Organizations are disabled in every realm here, so this scope is never granted.
    private const string Organizations = "oidc-organization-membership-mapper";

    /// <summary>An absent parameter is valid, an empty one is not.</summary>
    public static bool IsValid(Client client, string? scope)
    {
        if (scope is null)
        {
            return true;
        }

        var names = scope.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return names.Length > 0 && names.All(name => name is OpenId
            || client.DefaultScopes.Concat(client.OptionalScopes).Any(each => string.Equals(each.Name, name, StringComparison.Ordinal)));
    }

    public static bool Asks(string? scope, string name) =>
        scope is not null && scope.Split(' ').Contains(name, StringComparer.Ordinal);

    /// <summary>The scope may be one that the client has by default.</summary>
    public static bool AsksOffline(Client client, string? scope) =>
        Asks(scope, Offline) || client.DefaultScopes.Exists(each => each.Name is Offline && !client.OptionalScopes.Contains(each));

    /// <summary>Requested optional scopes first, then the defaults. A scope with roles needs a user with one of them.</summary>
    public static List<ClientScope> Select(Client client, User user, string? scope)
    {
        var roles = user.EffectiveRoles();
        return
        [
            .. client.DefaultScopes.Where(each => !client.OptionalScopes.Contains(each) || Asks(scope, each.Name))
                .Concat(client.OptionalScopes.Where(each => Asks(scope, each.Name)))
                .Distinct()
                .Where(each => !each.Mappers.Exists(mapper => mapper.Kind is Organizations))
                .Where(each => each.ScopeMappings.Count == 0 || RealmRole.Expand(each.ScopeMappings).Overlaps(roles)),
        ];
    }

    /// <summary>With <c>hidden</c>, as refresh tokens have it: also scopes that are not shown in access tokens.</summary>
    public static string Text(IEnumerable<ClientScope> scopes, bool openId, bool hidden)
    {
        var shown = scopes.Where(each => hidden || each.IncludeInTokenScope)
            .OrderByDescending(each => each.IncludeInTokenScope)
            .Select(each => each.Name);
        return string.Join(' ', openId ? shown.Prepend(OpenId) : shown);
    }
}
