using KeycloakRealm.Model;

namespace KeycloakRealm.Tokens;

/// <summary>The client scopes that a request ends up with: the defaults, and the optional ones that were asked for.</summary>
internal static class ScopeSelection
{
    public const string OpenId = "openid";
    public const string Offline = "offline_access";

    // Organizations are switched off in every realm here, and then this scope comes to nothing.
    private const string Organizations = "oidc-organization-membership-mapper";

    /// <summary>Whether every scope asked for is the client's. An empty parameter is not, an absent one is.</summary>
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

    /// <summary>Optional scopes asked for come first, then the defaults; a scope with roles goes only to who has one of them.</summary>
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

    /// <summary>The value of <c>scope</c>. Refresh tokens also list the scopes that do not show in access tokens.</summary>
    public static string Text(IEnumerable<ClientScope> scopes, bool openId, bool hidden)
    {
        var shown = scopes.Where(each => hidden || each.IncludeInTokenScope).OrderByDescending(each => each.IncludeInTokenScope).Select(each => each.Name);
        return string.Join(' ', openId ? shown.Prepend(OpenId) : shown);
    }
}
