using System.Text.Json.Nodes;
using KeycloakRealm.Model;
using KeycloakRealm.Tokens;

namespace KeycloakRealm.Authorization;

internal sealed class PolicySubject(User user, JsonObject token)
{
    public User User => user;

    public string? ClientId => token.Text("azp");

    public bool HasScope(string name) => ScopeSelection.Asks(token.Text("scope"), name);

    public bool HasRole(RealmRole role)
    {
        var container = role.Client is { } client ? (token["resource_access"] as JsonObject)?[client.ClientId] : token["realm_access"];
        return container is JsonObject access && access.Texts("roles").Contains(role.Name, StringComparer.Ordinal);
    }
}
