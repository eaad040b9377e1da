using System.Globalization;

namespace KeycloakRealm.Model;

internal sealed class Client
{
    public required string Id { get; init; }

    public required string ClientId { get; init; }

    public string? Name { get; set; }

    public string? Description { get; set; }

    public string? Secret { get; set; }

    public bool Enabled { get; set; } = true;

    /// <summary><c>client-secret</c>, <c>client-jwt</c> or <c>client-secret-jwt</c>.</summary>
    public string AuthenticatorType { get; init; } = "client-secret";

    public bool IsBuiltIn { get; init; }

    /// <summary>Its roles count, but it cannot use any endpoint: SAML is not spoken.</summary>
    public bool IsSaml { get; init; }

    public bool ConsentRequired { get; set; }

    public bool PublicClient { get; init; }

    public bool BearerOnly { get; init; }

    public bool StandardFlowEnabled { get; set; } = true;

    public bool ImplicitFlowEnabled { get; init; }

    public bool DirectAccessGrantsEnabled { get; set; }

    public bool ServiceAccountsEnabled { get; init; }

    public bool FrontchannelLogout { get; set; }

    /// <summary>Among a person's applications even if they have not used it.</summary>
    public bool AlwaysDisplayInConsole { get; init; }

    public bool FullScopeAllowed { get; set; } = true;

    public long NotBefore { get; set; }

    public string? RootUrl { get; set; }

    public string? BaseUrl { get; set; }

    public IReadOnlyList<string> RedirectUris { get; set; } = [];

    public IReadOnlyList<string> WebOrigins { get; set; } = [];

    public IReadOnlyDictionary<string, string> Attributes { get; set; } = new Dictionary<string, string>(StringComparer.Ordinal);

    public List<ProtocolMapper> Mappers { get; } = [];

    public List<ClientScope> DefaultScopes { get; } = [];

    public List<ClientScope> OptionalScopes { get; } = [];

    public Dictionary<string, RealmRole> Roles { get; } = new(StringComparer.Ordinal);

    /// <summary>Roles in scope although full scope is off.</summary>
    public HashSet<RealmRole> ScopeMappings { get; } = [];

    public User? ServiceAccount { get; set; }

    /// <summary>Also where the file says no, but has settings for them.</summary>
    public bool AuthorizationServicesEnabled { get; init; }

    /// <summary>Null without authorization services.</summary>
    public ResourceServer? Authorization { get; set; }

    /// <summary>Null for the realm's.</summary>
    public AuthenticationFlow? BrowserFlow { get; set; }

    /// <summary>RFC 8628.</summary>
    public bool DeviceGrantEnabled => AttributeIs("oauth2.device.authorization.grant.enabled");

    /// <summary>Null for the realm's.</summary>
    public AuthenticationFlow? DirectGrantFlow { get; set; }

    public string? PkceMethod => Attribute("pkce.code.challenge.method");

    public bool LightweightAccessToken => AttributeIs("client.use.lightweight.access.token.enabled");

    /// <summary>The realm's, where the client has none.</summary>
    public AcrLevels AcrLevels(Realm realm) =>
        Model.AcrLevels.Parse(Attribute("acr.loa.map")) is { Names.Count: > 0 } own
            ? own
            : Model.AcrLevels.Parse(realm.AcrLoaMap) ?? new AcrLevels();

    public string? Attribute(string name) => Attributes.TryGetValue(name, out var value) && value.Length > 0 ? value : null;

    public bool AttributeIs(string name) => string.Equals(Attribute(name), "true", StringComparison.OrdinalIgnoreCase);

    public int? AttributeNumber(string name) =>
        int.TryParse(Attribute(name), NumberStyles.Integer, CultureInfo.InvariantCulture, out var value) ? value : null;
}
