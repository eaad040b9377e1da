using System.Globalization;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace KeycloakAccess.Authentication;

/// <summary>
/// A token of the realm that is refused, with one of the codes of <see cref="ClientToken"/>, or, at a sign-in, of
/// <see cref="SignInFailure"/>.
/// </summary>
internal sealed class TokenRefusedException : SecurityTokenException
{
    public TokenRefusedException()
    {
    }

    public TokenRefusedException(string message)
        : base(message)
    {
    }

    public TokenRefusedException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    public TokenRefusedException(string code, string message)
        : base(message) => Code = code;

    public string Code { get; } = ClientToken.Malformed;

    public TimeSpan? ClockAhead { get; init; }

    /// <summary>Whether it is the realm's own word about the token that it is refused for.</summary>
    public bool ByRealm { get; init; }
}

/// <summary>
/// Why a token is refused or says less than it could, and the switch for it, by the names of Keycloak 26's console. No text holds a
/// claim value of the token.
/// </summary>
internal static class TokenCauses
{
    /// <summary>How far the clocks of Keycloak and of this service may be apart.</summary>
    public static readonly TimeSpan ClockDifference = TimeSpan.FromMinutes(1);

    /// <summary>In texts that must not name the client.</summary>
    public const string AnyClient = "the calling client";

    public const string SetClocks = "Let both machines follow the same time (NTP).";

    public static string Lightweight(string client) =>
        "The token is a lightweight one, which leaves out audience, roles, and who somebody is. "
        + $"In Keycloak: Clients → {client} → Advanced → Advanced settings → Always use lightweight access token: off; "
        + "or, in each mapper that is needed here, Add to lightweight access token: on.";

    public static string NoAudience(string client, string audience) =>
        "The token is not meant for this API: it has no audience. " + AudienceMapper(client, audience);

    public static string OtherAudience(string client, string audience) =>
        "The token is not meant for this API: it has another audience. " + AudienceMapper(client, audience);

    public static string NoSubject(string client, string setting = "Add to access token") =>
        "It is the client scope basic that brings sub. "
        + $"In Keycloak: Clients → {client} → Client scopes → Add client scope → basic (Default); "
        + $"if it is there, Client scopes → basic → Mappers → sub → {setting}: on.";

    public static string Bound(string client) =>
        "The token is bound to something that this API does not check: to a client certificate while BoundTokens:ClientCertificates is "
        + "None, or to what it does not know. Set that to where certificates come from, or ask for the token without one. "
        + $"In Keycloak: Clients → {client} → Advanced → Advanced settings → "
        + "OAuth 2.0 Mutual TLS Certificate Bound Access Tokens Enabled: off.";

    public const string NotAccessToken = "This is not an access token. Send the access_token of the token response.";

    public static string IssuedAhead(TimeSpan ahead) =>
        $"The token was issued {Format(ahead)} in the future: Keycloak's clock is ahead of this service's by that. {SetClocks}";

    public static string NotYetValid(TimeSpan ahead) =>
        $"The token is not valid yet, for another {Format(ahead)}: Keycloak's clock is ahead of this service's. {SetClocks}";

    public static string Expired(TimeSpan ago) =>
        $"The token has expired, {Format(ago)} ago by this service's clock. Get a new one. "
        + $"If it was new, Keycloak's clock is behind this service's. {SetClocks}";

    /// <summary>For a service's or a person's access token without any claim of roles.</summary>
    public static string NoRoles(string client) =>
        "Keycloak gives default roles to everybody, so it is most likely the client's mappers that leave them out. "
        + $"In Keycloak: Clients → {client} → Client scopes → Add client scope → roles (Default); if it is there, "
        + "Client scopes → roles → Mappers → realm roles and client roles → Add to access token: on; and "
        + $"Clients → {client} → Client scopes → {Dedicated(client)} → Scope → Full scope allowed: on, or the roles assigned there.";

    public static string NoClientRoles(string client) =>
        "It carries no client role. If some are assigned, in Keycloak: Client scopes → roles → Mappers → client roles → "
        + $"Add to access token: on; and Clients → {client} → Client scopes → {Dedicated(client)} → Scope → Full scope allowed: on.";

    /// <param name="claims">Of realm_access, resource_access and groups, those that the access token had and the ID token has not.</param>
    /// <param name="client">The client of the sign-in.</param>
    public static string OnlyInAccessToken(string claims, string client) =>
        "Keycloak put what it knows of your roles into the access token only, and a session here is made of the ID token. "
        + $"In Keycloak: {string.Join("; ", claims.Split(' ').Select(claim => Mapper(claim, client)))}. Then sign out and in again.";

    /// <summary>For a sign-in of which neither token has a claim of roles.</summary>
    public static string NoRolesAtSignIn(string client) =>
        $"In Keycloak: Clients → {client} → Client scopes → Add client scope → roles (Default), and Client scopes → roles → Mappers → "
        + "realm roles and client roles → Add to ID token: on. Then sign out and in again.";

    /// <summary>What can be said once the signature is known to be good.</summary>
    public static TokenRefusedException? FindRefusal(JsonWebToken token, bool isBoundToKey, DateTimeOffset now)
    {
        // Plain JwtBearer takes an ID token whose audience matches. Keycloak says what a token is in the payload's typ.
        // One that is bound by DPoP is of a type of its own.
        var type = token.TryGetPayloadValue<string>("typ", out var text) ? text : null;
        if (type != (isBoundToKey ? "DPoP" : "Bearer"))
        {
            return new(ClientToken.NotAccessToken, NotAccessToken);
        }

        if (IssuedAt(token) - now is var ahead && ahead > ClockDifference)
        {
            return new(ClientToken.IssuedAhead, IssuedAhead(ahead));
        }

        return string.IsNullOrEmpty(token.Subject) && IsLightweight(token)
            ? new(ClientToken.Lightweight, Lightweight(AnyClient))
            : null;
    }

    public static TokenRefusedException ForAudience(JsonWebToken token, string audience) =>
        IsLightweight(token) ? new(ClientToken.Lightweight, "The token is not meant for this API. " + Lightweight(AnyClient))
        : token.Audiences.Any() ? new(ClientToken.WrongAudience, OtherAudience(AnyClient, audience))
        : new(ClientToken.WrongAudience, NoAudience(AnyClient, audience));

    /// <summary>Of what a sign-in has brought, before the signature is checked.</summary>
    public static TokenRefusedException? FindRefusalOfIdToken(CompactToken token, JsonWebToken claims, KeycloakOptions options)
    {
        var client = options.SignIn.Resource;
        return FindAlgorithmOfIdToken(token, options) is { } mistake
                ? new(SignInFailure.Algorithm, mistake)
            // OpenID Connect Core 1.0, section 2.
            : string.IsNullOrEmpty(claims.Subject)
                ? new(SignInFailure.NoSubject, "The ID token has no sub. " + NoSubject(client, "Add to ID token"))
            : null;
    }

    /// <summary>What is wrong with the algorithm of an ID token or of a logout token, if anything is.</summary>
    public static string? FindAlgorithmOfIdToken(CompactToken token, KeycloakOptions options) => SignatureAlgorithms.FindMistake(
        token.Algorithm,
        options.TokenAlgorithms,
        $"Clients → {options.SignIn.Resource} → Advanced → Fine grain OpenID Connect configuration → ID token signature algorithm");

    /// <summary>The claims of roles that the access token of a sign-in has and its ID token has not, between spaces.</summary>
    public static string? FindClaimsLeftOut(JsonWebToken idToken, string? accessToken)
    {
        if (accessToken is null || CompactToken.Parse(accessToken, out _) is null)
        {
            return null;
        }

        var access = new JsonWebToken(accessToken);
        var leftOut = KeycloakIdentity.RoleClaims
            .Where(claim => access.TryGetPayloadValue<object>(claim, out _) && !idToken.TryGetPayloadValue<object>(claim, out _));
        return string.Join(' ', leftOut) is { Length: > 0 } claims ? claims : null;
    }

    public static bool IsLightweight(JsonWebToken token) =>
        IsLightweight(token.TryGetPayloadValue<string>("jti", out var id) ? id : null);

    /// <summary>Keycloak begins the id of a token with the kinds of session, token and grant, two letters each, and a colon.</summary>
    public static bool IsLightweight(string? tokenId) => tokenId is [_, _, 'l', 't', _, _, ':', ..];

    public static DateTimeOffset IssuedAt(JsonWebToken token) => new(token.IssuedAt, TimeSpan.Zero);

    public static string Format(TimeSpan time) => time.TotalSeconds switch
    {
        < 2 => "1 second",
        < 120 => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0} seconds"),
        < 7200 => string.Create(CultureInfo.InvariantCulture, $"{time.TotalMinutes:0} minutes"),
        < 172_800 => string.Create(CultureInfo.InvariantCulture, $"{time.TotalHours:0.#} hours"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{time.TotalDays:0} days"),
    };

    private static string AudienceMapper(string client, string audience) =>
        $"In Keycloak: Clients → {client} → Client scopes → {Dedicated(client)} → Add mapper → By configuration → Audience, "
        + $"with {audience} as Included Client Audience and Add to access token: on.";

    private static string Mapper(string claim, string client) => claim switch
    {
        "realm_access" => "Client scopes → roles → Mappers → realm roles → Add to ID token: on",
        "resource_access" => "Client scopes → roles → Mappers → client roles → Add to ID token: on",
        _ => $"Clients → {client} → Client scopes → {Dedicated(client)} → the mapper Group Membership → Add to ID token: on",
    };

    private static string Dedicated(string client) => client == AnyClient ? "its dedicated scope" : $"{client}-dedicated";
}
