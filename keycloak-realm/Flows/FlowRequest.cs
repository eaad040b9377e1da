using KeycloakRealm.Endpoints;
using KeycloakRealm.Model;
using KeycloakRealm.Sessions;

namespace KeycloakRealm.Flows;

/// <summary>One request that takes a sign-in a step further.</summary>
internal sealed record FlowRequest(RealmSite Site, Client Client, string? Scope)
{
    /// <summary>What was sent with a form, or to the token endpoint.</summary>
    public ProtocolForm Form { get; init; } = new([]);

    /// <summary>Of a browser; null for a password grant.</summary>
    public AuthorizationRequest? Authorization { get; init; }

    /// <summary>The session of the browser's cookie.</summary>
    public UserSession? Session { get; init; }
}
