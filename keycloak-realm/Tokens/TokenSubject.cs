using System.Text.Json.Nodes;
using KeycloakRealm.Model;
using KeycloakRealm.Sessions;

namespace KeycloakRealm.Tokens;

/// <summary>Everything that decides what a token says: who, through which client, with which scopes, in which session.</summary>
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

    /// <summary>Null for a service token, which lives without a session.</summary>
    public UserSession? Session { get; }

    public ClientSession? ClientSession { get; }

    public IReadOnlyList<ClientScope> Scopes { get; }

    public bool OpenId { get; }

    public IReadOnlyList<ProtocolMapper> Mappers { get; }

    public ResolvedRoles Roles { get; }

    /// <summary>Facts about this sign-in that mappers may write: <c>AUTH_TIME</c>, <c>client_id</c>, <c>clientHost</c>, …</summary>
    public Dictionary<string, string> Notes { get; init; } = new(StringComparer.Ordinal);

    /// <summary>The thumbprint of the key that the tokens are bound to (RFC 9449, section 6); null for bearer tokens.</summary>
    public string? KeyThumbprint { get; init; }

    /// <summary>The client has no part in the session that lasts: what an exchange or a permission request yields.</summary>
    public bool IsTransient { get; init; }

    /// <summary>The clients that the access token is narrowed to; null for all that it names anyway.</summary>
    public IReadOnlyList<string>? Audience { get; init; }

    /// <summary>Whom the tokens are issued to, where that is another client than the one they are made for.</summary>
    public string AuthorizedParty { get => field ?? Client.ClientId; init; }

    /// <summary>Permissions that the tokens carry (User-Managed Access); the access token is then for <see cref="Client"/> alone.</summary>
    public JsonObject? Permissions { get; init; }

    public string ScopeText(bool hidden = false) => ScopeSelection.Text(Scopes, OpenId, hidden);

    public string? Note(string name) =>
        Notes.TryGetValue(name, out var value) ? value : Session?.Notes.GetValueOrDefault(name);
}
