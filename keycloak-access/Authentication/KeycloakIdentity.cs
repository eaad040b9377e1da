using System.Collections.Immutable;
using System.Globalization;
using System.Security.Claims;
using System.Text.Json;

namespace KeycloakAccess.Authentication;

/// <summary>Who stands behind an account.</summary>
internal enum AccountKind
{
    Person,
    Service,
}

/// <summary>The three kinds of things in Keycloak that can put somebody into a local group. They never share a namespace.</summary>
internal enum RoleKind
{
    RealmRole,
    ClientRole,
    KeycloakGroup,
}

/// <summary>A realm role, a role of one client, or a Keycloak group by its full path.</summary>
/// <param name="Kind">Which of the three.</param>
/// <param name="Client">The client id of a client role; empty for the others.</param>
/// <param name="Name">The role's name or the group's path, exactly as Keycloak writes it.</param>
internal readonly record struct KeycloakRole(RoleKind Kind, string Client, string Name)
{
    public override string ToString() => Kind switch
    {
        RoleKind.RealmRole => $"realm role {Name}",
        RoleKind.ClientRole => $"role {Name} of client {Client}",
        _ => $"Keycloak group {Name}",
    };
}

/// <summary>
/// Who is calling, as Keycloak's token says: read by one pure function from an access token or an ID token, and from
/// nothing else.
/// </summary>
internal sealed record KeycloakIdentity
{
    /// <summary>The last second that .NET can say, in Unix time.</summary>
    private const long LatestInstant = 253_402_300_799;

    public required string Issuer { get; init; }

    public required string Subject { get; init; }

    public required AccountKind Kind { get; init; }

    /// <summary>The name to sign in with, or the client id of a service; <see langword="null"/> if the token does not say.</summary>
    public string? Username { get; init; }

    public string? Email { get; init; }

    public string? Name { get; init; }

    /// <summary>The client that the token was issued to (<c>azp</c>).</summary>
    public required string ClientId { get; init; }

    /// <summary>The session at Keycloak (<c>sid</c>); services have none.</summary>
    public string? SessionId { get; init; }

    public required ImmutableHashSet<KeycloakRole> Roles { get; init; }

    /// <summary>
    /// Whether the token could say roles at all. Keycloak leaves out an empty claim, so a token without any of
    /// <c>realm_access</c>, <c>resource_access</c> and <c>groups</c> may be one whose client lacks the scope <c>roles</c>.
    /// </summary>
    public required bool HasRoleClaims { get; init; }

    /// <summary>When the token was issued (<c>iat</c>), to the second; the beginning of time if it does not say.</summary>
    public required DateTimeOffset IssuedAt { get; init; }

    /// <summary>Whether a sign-in in the browser vouches for it, rather than an access token.</summary>
    public required bool IsSession { get; init; }

    /// <summary>The scopes of the token (RFC 6749, section 3.3). A session has none.</summary>
    public required ImmutableHashSet<string> Scopes { get; init; }

    /// <param name="principal">What a handler made of a validated token: claims under their own names, objects as JSON text.</param>
    /// <param name="error">What is wrong with the token, in words that hold no claim value.</param>
    /// <returns>The identity, or <see langword="null"/> if a claim is missing or malformed. What is malformed is denied.</returns>
    public static KeycloakIdentity? Read(ClaimsPrincipal principal, out string? error)
    {
        var issuer = Single(principal, "iss");
        var subject = Single(principal, "sub");
        var client = Single(principal, "azp");
        if (issuer is null || subject is null || client is null)
        {
            error = "The token lacks one of iss, sub and azp. Give its client the client scope \"basic\" in Keycloak.";
            return null;
        }

        if (ReadScopes(principal) is not { } scopes || principal.FindAll("sid").Take(2).Count() > 1)
        {
            error = "The token's scope or sid is not of the form that RFC 6749 and OpenID Connect give it. Look at the mappers of its client.";
            return null;
        }

        var roles = ImmutableHashSet.CreateBuilder<KeycloakRole>();
        if (!ReadRealmRoles(principal, roles) || !ReadClientRoles(principal, roles))
        {
            error = "The token's realm_access or resource_access is not of Keycloak's form. Look at the role mappers of its client.";
            return null;
        }

        // A service account's token names its client twice (client scope service_account). A person's never does.
        var service = string.Equals(Single(principal, "client_id"), client, StringComparison.Ordinal);
        roles.UnionWith(principal.FindAll("groups").Select(claim => new KeycloakRole(RoleKind.KeycloakGroup, "", claim.Value)));
        error = null;
        return new KeycloakIdentity
        {
            Issuer = issuer,
            Subject = subject,
            Kind = service ? AccountKind.Service : AccountKind.Person,
            Username = service ? client : Single(principal, "preferred_username"),
            Email = Single(principal, "email"),
            Name = Single(principal, "name"),
            ClientId = client,
            SessionId = Single(principal, "sid"),
            Roles = roles.ToImmutable(),
            HasRoleClaims = principal.HasClaim(claim => claim.Type is "realm_access" or "resource_access" or "groups"),
            IssuedAt = long.TryParse(Single(principal, "iat"), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds <= LatestInstant
                ? DateTimeOffset.FromUnixTimeSeconds(seconds)
                : DateTimeOffset.UnixEpoch,
            IsSession = string.Equals(principal.Identity?.AuthenticationType, Schemes.SignIn, StringComparison.Ordinal),
            Scopes = scopes,
        };
    }

    // RFC 6749, section 3.3: one text of printable words between spaces. Read loosely, a malformed one would narrow nothing.
    private static ImmutableHashSet<string>? ReadScopes(ClaimsPrincipal principal)
    {
        var claims = principal.FindAll("scope").Take(2).ToArray();
        return claims switch
        {
            [] => [],
            [{ Value: var text }] when text.All(character => character is >= ' ' and <= '~' and not '"' and not '\\') =>
                [.. text.Split(' ', StringSplitOptions.RemoveEmptyEntries)],
            _ => null,
        };
    }

    // A claim that should stand once and stands twice is nobody's.
    private static string? Single(ClaimsPrincipal principal, string type)
    {
        var claims = principal.FindAll(type).Take(2).ToArray();
        return claims is [{ Value.Length: > 0 } claim] ? claim.Value : null;
    }

    private static bool ReadRealmRoles(ClaimsPrincipal principal, ImmutableHashSet<KeycloakRole>.Builder roles) =>
        ReadObjects(principal, "realm_access", access => ReadRoles(access, RoleKind.RealmRole, "", roles));

    private static bool ReadClientRoles(ClaimsPrincipal principal, ImmutableHashSet<KeycloakRole>.Builder roles) =>
        ReadObjects(principal, "resource_access", clients => clients.EnumerateObject()
            .All(client => client.Name.Length > 0
                && client.Value.ValueKind == JsonValueKind.Object
                && ReadRoles(client.Value, RoleKind.ClientRole, client.Name, roles)));

    private static bool ReadObjects(ClaimsPrincipal principal, string type, Func<JsonElement, bool> read)
    {
        foreach (var claim in principal.FindAll(type))
        {
            try
            {
                using var json = JsonDocument.Parse(claim.Value);
                if (json.RootElement.ValueKind != JsonValueKind.Object || !read(json.RootElement))
                {
                    return false;
                }
            }
            catch (Exception exception) when (exception is JsonException or InvalidOperationException)
            {
                return false;
            }
        }

        return true;
    }

    private static bool ReadRoles(JsonElement access, RoleKind kind, string client, ImmutableHashSet<KeycloakRole>.Builder roles)
    {
        if (!access.TryGetProperty("roles", out var names))
        {
            return true;
        }

        if (names.ValueKind != JsonValueKind.Array)
        {
            return false;
        }

        foreach (var name in names.EnumerateArray())
        {
            if (name.ValueKind != JsonValueKind.String)
            {
                return false;
            }

            roles.Add(new KeycloakRole(kind, client, name.GetString()!));
        }

        return true;
    }
}
