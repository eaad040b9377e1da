using System.Text.Json.Nodes;
using KeycloakRealm.Model;
using KeycloakRealm.Sessions;

namespace KeycloakRealm.Tokens;

/// <summary>All input of a token.</summary>
internal sealed class TokenSubject
{
    public TokenSubject(Client client, User user, string? scope, UserSession? session, ClientSession? clientSession)
    {
        Client = client;
        User = user;
        Session = session;
        ClientSession = clientSession;
        Scopes = ScopeSelection.Select(client, user, scope);
        OpenId = ScopeSelection.Asks(scope, ScopeSelection.OpenId);
        Mappers = [.. client.Mappers.Concat(Scopes.SelectMany(each => each.Mappers)).OrderBy(mapper => ClaimMapping.Order(mapper.Kind))];
        Roles = ResolvedRoles.Of(this);
    }

    public Client Client { get; }

    public User User { get; }

    /// <summary>Null for a service account's token.</summary>
    public UserSession? Session { get; }

    public ClientSession? ClientSession { get; }

    public IReadOnlyList<ClientScope> Scopes { get; }

    public bool OpenId { get; }

    public IReadOnlyList<ProtocolMapper> Mappers { get; }

    public ResolvedRoles Roles { get; }

    /// <summary>Claims of this sign-in for mappers: <c>AUTH_TIME</c>, <c>client_id</c>, <c>clientHost</c>, …</summary>
    public Dictionary<string, string> Notes { get; init; } = new(StringComparer.Ordinal);

    /// <summary>The key that the tokens are bound to (RFC 9449, section 6); null for bearer tokens.</summary>
    public string? KeyThumbprint { get; init; }

    /// <summary>Of the access token, in seconds; null for the client's or the realm's.</summary>
    public int? Lifespan { get; init; }

    /// <summary>The client has no part in the session: a token exchange or a permission request.</summary>
    public bool IsTransient { get; init; }

    /// <summary>The audience requested in a token exchange; null for all.</summary>
    public IReadOnlyList<string>? Audience { get; init; }

    /// <summary>Set where tokens are issued to another client than the one they are made for. It says how long they live.</summary>
    public Client IssuedTo { get => field ?? Client; init; }

    /// <summary>With permissions (User-Managed Access), <see cref="Client"/> is an audience, and there is no ID token.</summary>
    public JsonObject? Permissions { get; init; }

    public string ScopeText(bool hidden = false) => ScopeSelection.Text(Scopes, OpenId, hidden);

    public string? Note(string name) =>
        Notes.TryGetValue(name, out var value) ? value : Session?.Notes.GetValueOrDefault(name);
}
