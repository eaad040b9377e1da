namespace KeycloakRealm.Model;

/// <summary>The authorization settings of a client: what it protects, and by which rules (Keycloak's authorization services).</summary>
internal sealed class ResourceServer
{
    /// <summary>The role of the client that lets its service account use the protection API.</summary>
    public const string ProtectionRole = "uma_protection";

    public required Client Client { get; init; }

    /// <summary><c>ENFORCING</c>: what no permission covers is denied; <c>PERMISSIVE</c>: granted; <c>DISABLED</c>: everything is.</summary>
    public string EnforcementMode { get; init; } = "ENFORCING";

    /// <summary>How permissions that disagree about one resource are put together.</summary>
    public DecisionStrategy Strategy { get; init; }

    /// <summary>Names of all scopes, in the order of the file.</summary>
    public List<string> Scopes { get; } = [];

    public List<ProtectedResource> Resources { get; } = [];

    public List<AuthorizationPolicy> Policies { get; } = [];

    /// <summary>Finds a resource by id or by name.</summary>
    public ProtectedResource? FindResource(string idOrName) =>
        Resources.Find(each => string.Equals(each.Id, idOrName, StringComparison.Ordinal))
        ?? Resources.Find(each => string.Equals(each.Name, idOrName, StringComparison.Ordinal));
}

/// <summary>Something that a resource server protects.</summary>
internal sealed record ProtectedResource(string Id, string Name, string? Type, IReadOnlyList<string> Uris, IReadOnlyList<string> Scopes);

/// <summary>How several decisions become one.</summary>
internal enum DecisionStrategy
{
    Unanimous,
    Affirmative,
    Consensus,
}

/// <summary>A rule (<c>role</c>, <c>user</c>, …), or a permission (<c>scope</c>, <c>resource</c>) that applies rules to resources.</summary>
internal sealed class AuthorizationPolicy
{
    public required string Name { get; init; }

    public required string Type { get; init; }

    /// <summary>The outcome is turned around.</summary>
    public bool IsNegative { get; init; }

    public DecisionStrategy Strategy { get; init; }

    public IReadOnlyDictionary<string, string> Config { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    public bool IsPermission => Type is "scope" or "resource";

    /// <summary>What a permission is about. None: every resource of its type, or every resource with its scopes.</summary>
    public List<ProtectedResource> Resources { get; } = [];

    public List<string> Scopes { get; } = [];

    /// <summary>The rules that a permission or an aggregate asks.</summary>
    public List<AuthorizationPolicy> Applied { get; } = [];
}
