namespace KeycloakRealm.Model;

/// <summary>A client's settings for Keycloak's authorization services.</summary>
internal sealed class ResourceServer
{
    /// <summary>Lets the client's service account use the protection API.</summary>
    public const string ProtectionRole = "uma_protection";

    public required Client Client { get; init; }

    /// <summary>Without a permission: <c>ENFORCING</c> denies, <c>PERMISSIVE</c> grants; <c>DISABLED</c> grants everything.</summary>
    public string EnforcementMode { get; init; } = "ENFORCING";

    public DecisionStrategy Strategy { get; init; }

    /// <summary>In the order of the file.</summary>
    public List<string> Scopes { get; } = [];

    public List<ProtectedResource> Resources { get; } = [];

    public List<AuthorizationPolicy> Policies { get; } = [];

    public ProtectedResource? FindResource(string idOrName) =>
        Resources.Find(each => string.Equals(each.Id, idOrName, StringComparison.Ordinal))
        ?? Resources.Find(each => string.Equals(each.Name, idOrName, StringComparison.Ordinal));
}

internal sealed record ProtectedResource(string Id, string Name, string? Type, IReadOnlyList<string> Uris, IReadOnlyList<string> Scopes);

internal enum DecisionStrategy
{
    Unanimous,
    Affirmative,
    Consensus,
}

/// <summary>
/// A rule (<c>role</c>, <c>user</c>, …), or a permission (<c>scope</c>, <c>resource</c>) that applies rules to resources.
/// </summary>
internal sealed class AuthorizationPolicy
{
    public required string Name { get; init; }

    public required string Type { get; init; }

    public bool IsNegative { get; init; }

    public DecisionStrategy Strategy { get; init; }

    public IReadOnlyDictionary<string, string> Config { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    public bool IsPermission => Type is "scope" or "resource";

    /// <summary>None: every resource of its type, or every resource with its scopes.</summary>
    public List<ProtectedResource> Resources { get; } = [];

    public List<string> Scopes { get; } = [];

    /// <summary>The rules of a permission or an aggregate.</summary>
    public List<AuthorizationPolicy> Applied { get; } = [];
}
