using System.Collections.Immutable;
using System.Globalization;
using System.Security.Claims;
using System.Text.Json;
using KeycloakAccess.Data;
using Microsoft.IdentityModel.JsonWebTokens;

namespace KeycloakAccess.Authentication;

internal enum AccountKind
{
    Person,
    Service,
}

internal enum RoleKind
{
    RealmRole,
    ClientRole,
    KeycloakGroup,
}

/// <summary>A realm role, a role of a client (whose id is empty for the others), or a Keycloak group by its full path.</summary>
internal readonly record struct KeycloakRole(RoleKind Kind, string Client, string Name)
{
    public override string ToString() => Kind switch
    {
        RoleKind.RealmRole => $"realm role {Name}",
        RoleKind.ClientRole => $"role {Name} of client {Client}",
        _ => $"Keycloak group {Name}",
    };
}

internal sealed record KeycloakIdentity
{
    /// <summary>The claim of a session for <see cref="ClaimsLeftOut"/>.</summary>
    public const string ClaimsLeftOutClaim = "claims_left_out";

    /// <summary>The claims that say what a sign-in was like.</summary>
    public const string AcrClaim = "acr";
    public const string AuthTimeClaim = "auth_time";

    /// <summary>The claims that say roles.</summary>
    public static readonly string[] RoleClaims = ["realm_access", "resource_access", "groups"];

    /// <summary>The last second of DateTimeOffset, in Unix time.</summary>
    private const long LatestInstant = 253_402_300_799;

    public required string Issuer { get; init; }

    public required string Subject { get; init; }

    public required AccountKind Kind { get; init; }

    public string? Username { get; init; }

    public string? Email { get; init; }

    public string? Name { get; init; }

    public required string ClientId { get; init; }

    public string? SessionId { get; init; }

    public required ImmutableHashSet<KeycloakRole> Roles { get; init; }

    // Keycloak leaves out an empty claim: a token without realm_access, resource_access and groups may be one whose client lacks the scope
    // roles.
    public required bool HasRoleClaims { get; init; }

    public required DateTimeOffset IssuedAt { get; init; }

    public required bool IsSession { get; init; }

    public required ImmutableHashSet<string> Scopes { get; init; }

    public bool IsLightweight { get; init; }

    /// <summary>Of a sign-in, the claims of roles that only its access token had, between spaces.</summary>
    public string? ClaimsLeftOut { get; init; }

    /// <summary>The level of the sign-in (<c>acr</c>); none where the token names none, or not by one text.</summary>
    public string? Acr { get; init; }

    /// <summary>When somebody signed in (<c>auth_time</c>); none where the token does not say, or not by one whole number.</summary>
    public DateTimeOffset? AuthenticatedAt { get; init; }

    /// <summary>Reads a validated token. If a claim is missing or malformed, error says what is wrong, without a claim value.</summary>
    public static KeycloakIdentity? Read(ClaimsPrincipal principal, out string? error)
    {
        var issuer = Single(principal, "iss");
        var subject = Single(principal, "sub");
        var client = Single(principal, "azp");
        if (issuer is null || subject is null || client is null)
        {
            error = "The token lacks one of iss, sub and azp. " + TokenCauses.NoSubject(TokenCauses.AnyClient);
            return null;
        }

        if (new[] { subject, client, Single(principal, "sid") ?? "" }.Any(text => !ShortText.IsKey(text)))
        {
            error = $"One of the token's sub, azp and sid is longer than {ShortText.LongestKey} characters or holds a NUL, " +
                "which none of Keycloak's does. Look at the mappers of its client.";
            return null;
        }

        if (ReadScopes(principal) is not { } scopes || Of(principal, "sid").Take(2).Count() > 1)
        {
            error = "The token's scope or sid is not of the form that RFC 6749 and OpenID Connect give it. " +
                "Look at the mappers of its client.";
            return null;
        }

        var roles = ImmutableHashSet.CreateBuilder<KeycloakRole>();
        if (!ReadRealmRoles(principal, roles) || !ReadClientRoles(principal, roles))
        {
            error = "The token's realm_access or resource_access is not of Keycloak's form. Look at the role mappers of its client.";
            return null;
        }

        // A service account's token names its client twice (client scope service_account). A person's never does. Clients of before
        // Keycloak 22 have a mapper that writes clientId.
        var (named, formerly) = (Single(principal, "client_id"), Single(principal, "clientId"));
        if (named is not null && formerly is not null && named != formerly)
        {
            error = "The token's client_id and clientId differ. " +
                "In Keycloak: Clients → the calling client → Client scopes → its dedicated scope → Mappers: delete Client ID, " +
                "which the client scope service_account stands in for.";
            return null;
        }

        var service = string.Equals(named ?? formerly, client, StringComparison.Ordinal);
        roles.UnionWith(Of(principal, "groups").Select(claim => new KeycloakRole(RoleKind.KeycloakGroup, "", claim.Value)));
        if (roles.Any(role => ShortText.HasNul(role.Name) || ShortText.HasNul(role.Client)))
        {
            error = "A role or group of the token has a NUL in its name. Look at the mappers of its client.";
            return null;
        }

        error = null;
        return new KeycloakIdentity
        {
            Issuer = issuer,
            Subject = subject,
            Kind = service ? AccountKind.Service : AccountKind.Person,
            Username = service ? client : Text(principal, "preferred_username"),
            Email = Text(principal, "email"),
            Name = Text(principal, "name"),
            ClientId = client,
            SessionId = Single(principal, "sid"),
            Roles = roles.ToImmutable(),
            HasRoleClaims = principal.HasClaim(claim => RoleClaims.Contains(claim.Type, StringComparer.Ordinal)),
            IssuedAt = Instant(Single(principal, "iat")) ?? DateTimeOffset.UnixEpoch,
            IsSession = string.Equals(principal.Identity?.AuthenticationType, Schemes.SignIn, StringComparison.Ordinal),
            Scopes = scopes,
            IsLightweight = TokenCauses.IsLightweight(Single(principal, "jti")),
            ClaimsLeftOut = Single(principal, ClaimsLeftOutClaim),
            Acr = OfForm(principal, AcrClaim, type => type == ClaimValueTypes.String),
            AuthenticatedAt = Instant(OfForm(
                principal,
                AuthTimeClaim,
                type => type is ClaimValueTypes.Integer or ClaimValueTypes.Integer32 or ClaimValueTypes.Integer64)),
        };
    }

    /// <summary>Whether a token has the claim of the sign-in in the form that OpenID Connect Core 1.0, section 2, gives it.</summary>
    public static bool IsWellFormed(JsonWebToken token, string claim) =>
        token.TryGetPayloadValue<object>(claim, out var value) && (claim == AcrClaim ? value is string : value is int or long);

    /// <summary>Without what a token says of the sign-in in another form.</summary>
    public KeycloakIdentity OfWellFormed(JsonWebToken token) => this with
    {
        Acr = IsWellFormed(token, AcrClaim) ? Acr : null,
        AuthenticatedAt = IsWellFormed(token, AuthTimeClaim) ? AuthenticatedAt : null,
    };

    private static string? OfForm(ClaimsPrincipal principal, string type, Func<string, bool> isForm)
    {
        var claims = Of(principal, type).Take(2).ToArray();
        return claims is [{ Value.Length: > 0 } claim] && isForm(claim.ValueType) ? claim.Value : null;
    }

    private static DateTimeOffset? Instant(string? text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds <= LatestInstant
            ? DateTimeOffset.FromUnixTimeSeconds(seconds)
            : null;

    // RFC 6749, section 3.3. A malformed scope is refused: ignored, it would narrow nothing.
    private static ImmutableHashSet<string>? ReadScopes(ClaimsPrincipal principal)
    {
        var claims = Of(principal, "scope").Take(2).ToArray();
        return claims switch
        {
            [] => [],
            [{ Value: var text }] when text.All(character => character is >= ' ' and <= '~' and not '"' and not '\\') =>
                [.. text.Split(' ', StringSplitOptions.RemoveEmptyEntries)],
            _ => null,
        };
    }

    // The framework's own search takes "Groups" for "groups".
    private static IEnumerable<Claim> Of(ClaimsPrincipal principal, string type) =>
        principal.Claims.Where(claim => string.Equals(claim.Type, type, StringComparison.Ordinal));

    // A claim that stands twice counts as missing.
    private static string? Single(ClaimsPrincipal principal, string type)
    {
        var claims = Of(principal, type).Take(2).ToArray();
        return claims is [{ Value.Length: > 0 } claim] ? claim.Value : null;
    }

    // What is shown, and no more: a mapper may write any text.
    private static string? Text(ClaimsPrincipal principal, string type) =>
        Single(principal, type)?.Replace("\0", "", StringComparison.Ordinal) is { Length: > 0 } text
            ? ShortText.Cut(text, ShortText.LongestKey)
            : null;

    private static bool ReadRealmRoles(ClaimsPrincipal principal, ImmutableHashSet<KeycloakRole>.Builder roles) =>
        ReadObjects(principal, "realm_access", access => ReadRoles(access, RoleKind.RealmRole, "", roles));

    private static bool ReadClientRoles(ClaimsPrincipal principal, ImmutableHashSet<KeycloakRole>.Builder roles) =>
        ReadObjects(principal, "resource_access", clients => clients.EnumerateObject()
            .All(client => client.Name.Length > 0
                && client.Value.ValueKind == JsonValueKind.Object
                && ReadRoles(client.Value, RoleKind.ClientRole, client.Name, roles)));

    private static bool ReadObjects(ClaimsPrincipal principal, string type, Func<JsonElement, bool> read)
    {
        foreach (var claim in Of(principal, type))
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
