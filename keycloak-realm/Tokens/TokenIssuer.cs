using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using KeycloakRealm.Model;
using KeycloakRealm.Sessions;

namespace KeycloakRealm.Tokens;

/// <summary>Headers and claims are Keycloak's.</summary>
internal sealed class TokenIssuer(Realm realm, RealmKeys keys, TimeProvider clock, string serverUrl)
{
    // Keycloak's order of known claims; the others follow in the order of the mappers.
    private static readonly string[] Order =
        ["exp", "iat", "auth_time", "jti", "iss", "aud", "sub", "typ", "azp", "nonce", "sid", "at_hash", "c_hash", "acr", "s_hash",
            "allowed-origins", "realm_access", "resource_access", "authorization", "cnf", "scope"];

    private readonly ClaimMapping _mapping = new(realm, serverUrl);

    public string Issuer { get; } = $"{serverUrl}/realms/{realm.PathSegment}";

    public long Now => clock.GetUtcNow().ToUnixTimeSeconds();

    public JsonObject Respond(TokenSubject subject, string grant, RefreshPlan? refresh) => Respond(subject, grant, refresh, out _);

    public JsonObject Respond(TokenSubject subject, string grant, RefreshPlan? refresh, out JsonObject access)
    {
        var now = Now;
        access = AccessClaims(subject, grant, refresh, now);
        var renewal = refresh is null ? null : RefreshClaims(subject, refresh, access, now);
        if (subject.Permissions is not null
            && refresh?.IsRefresh is not true
            && !access.Texts("aud").Contains(subject.Client.ClientId, StringComparer.Ordinal))
        {
            // Keycloak puts it in the place of all others.
            access["aud"] = subject.Client.ClientId;
            access = Sorted(access);
        }

        var accessToken = Sign(access, subject.Client);
        var response = new JsonObject
        {
            ["access_token"] = accessToken,
            ["expires_in"] = access.Number("exp") - now,
            ["refresh_expires_in"] = 0,
        };
        if (renewal is not null)
        {
            response["refresh_expires_in"] = renewal.Number("exp") is { } expires ? expires - now : 0;
            response["refresh_token"] = keys.SignSymmetric(renewal);
        }

        response["token_type"] = access.Text("typ");
        if (subject.Permissions is null && (subject.OpenId || ScopeSelection.Asks(refresh?.Scope, ScopeSelection.OpenId)))
        {
            var claims = IdClaims(subject, refresh?.IsRefresh is true, access, [("at_hash", accessToken)], now);
            response["id_token"] = keys.Sign(claims, algorithm: IdTokenAlgorithm(subject.Client));
        }

        response["not-before-policy"] = Math.Max(realm.NotBefore, Math.Max(subject.Client.NotBefore, subject.User.NotBefore));
        if (subject.Session is { } session)
        {
            response["session_state"] = session.Id;
        }

        response["scope"] = subject.ScopeText();
        return response;
    }

    /// <summary>The tokens of an authorization response (OpenID Connect Core 1.0, sections 3.2.2.5 and 3.3.2.5).</summary>
    public IEnumerable<KeyValuePair<string, string>> Respond(TokenSubject subject, AuthorizationRequest request, string? code)
    {
        var now = Now;
        var offline = subject.Scopes.Any(each => each.Name is ScopeSelection.Offline);
        var access = AccessClaims(subject, "na", new RefreshPlan(offline), now);
        var accessToken = request.ResponseType.HasToken ? Sign(access, subject.Client) : null;
        if (request.ResponseType.HasIdToken)
        {
            var claims = IdClaims(
                subject, refreshed: false, access, [("at_hash", accessToken), ("c_hash", code), ("s_hash", request.State)], now);
            yield return new("id_token", keys.Sign(claims, algorithm: IdTokenAlgorithm(subject.Client)));
        }

        if (accessToken is not null)
        {
            yield return new("access_token", accessToken);
            yield return new("token_type", access.Text("typ")!);
            yield return new("expires_in", (access.Number("exp")! - now).Value.ToString(CultureInfo.InvariantCulture));
        }
    }

    /// <summary>For a token exchange.</summary>
    public string IdToken(TokenSubject subject, JsonObject access)
    {
        var claims = IdClaims(subject, refreshed: true, access, hashed: [], Now);
        return keys.Sign(claims, algorithm: IdTokenAlgorithm(subject.Client));
    }

    /// <summary>The claims as they would be issued now, except those of the token itself.</summary>
    public JsonObject Introspect(TokenSubject subject, JsonObject token)
    {
        var claims = new JsonObject();
        foreach (var name in (ReadOnlySpan<string>)["exp", "iat", "jti", "iss", "aud", "sub", "typ", "azp", "nonce", "sid", "cnf", "scope"])
        {
            if (token[name] is { } value && (name is not "scope" || value.ToString().Length > 0))
            {
                claims[name] = value.DeepClone();
            }
        }

        _mapping.Apply(subject, TokenKind.Introspection, claims);
        claims = Sorted(claims);
        claims["client_id"] = subject.Client.ClientId;
        claims["username"] = subject.User.Username;
        claims["token_type"] = token.Text("typ");
        claims["active"] = true;
        return claims;
    }

    public static JsonObject? IntrospectPermissions(JsonObject token)
    {
        if (token["authorization"] is not JsonObject authorization || authorization["permissions"] is not JsonArray permissions)
        {
            return null;
        }

        var claims = new JsonObject();
        foreach (var name in (ReadOnlySpan<string>)["exp", "iat", "jti", "aud", "typ", "acr"])
        {
            if (token[name] is { } value)
            {
                claims[name] = value.DeepClone();
            }
        }

        // Under both names: Keycloak's, and those of the UMA specification.
        claims["permissions"] = new JsonArray([.. permissions.OfType<JsonObject>().Select(permission =>
        {
            var both = permission.DeepClone().AsObject();
            both["resource_id"] = permission["rsid"]?.DeepClone();
            both["resource_scopes"] = permission["scopes"]?.DeepClone() ?? new JsonArray();
            return both;
        })]);
        claims["active"] = true;
        return claims;
    }

    public JsonObject UserInfo(TokenSubject subject)
    {
        var claims = new JsonObject { ["sub"] = subject.User.Id };
        _mapping.Apply(subject, TokenKind.UserInfo, claims);
        return claims;
    }

    public string LogoutToken(Client client, User user, string? sessionId)
    {
        var now = Now;
        var events = new JsonObject { ["http://schemas.openid.net/event/backchannel-logout"] = new JsonObject() };
        if (client.AttributeIs("backchannel.logout.revoke.offline.tokens"))
        {
            events["revoke_offline_access"] = true;
        }

        var claims = new JsonObject
        {
            ["exp"] = now + 120,
            ["iat"] = now,
            ["jti"] = Guid.NewGuid().ToString(),
            ["iss"] = Issuer,
            ["aud"] = client.ClientId,
            ["sub"] = user.Id,
            ["typ"] = "Logout",
        };
        if (sessionId is not null)
        {
            claims["sid"] = sessionId;
        }

        claims["events"] = events;
        return keys.Sign(claims, "logout+jwt", IdTokenAlgorithm(client));
    }

    /// <summary>JARM.</summary>
    public string AuthorizationResponse(Client client, IEnumerable<KeyValuePair<string, string>> parameters)
    {
        var claims = new JsonObject { ["exp"] = Now + realm.AccessCodeLifespan, ["iss"] = Issuer, ["aud"] = client.ClientId };
        foreach (var (name, value) in parameters)
        {
            claims[name] = value;
        }

        return keys.Sign(claims, algorithm: client.Attribute("authorization.signed.response.alg") ?? realm.DefaultSignatureAlgorithm);
    }

    private string Sign(JsonObject access, Client client) => keys.Sign(
        access,
        client.AttributeIs("access.token.header.type.rfc9068") ? "at+jwt" : "JWT",
        client.Attribute("access.token.signed.response.alg") ?? realm.DefaultSignatureAlgorithm);

    private string IdTokenAlgorithm(Client client) => client.Attribute("id.token.signed.response.alg") ?? realm.DefaultSignatureAlgorithm;

    private JsonObject AccessClaims(TokenSubject subject, string grant, RefreshPlan? refresh, long now)
    {
        var client = subject.Client;
        var lightweight = client.LightweightAccessToken;
        var lifespan = subject.Lifespan
            ?? subject.IssuedTo.AttributeNumber("access.token.lifespan")
            ?? realm.AccessTokenLifespan;
        var expires = now + lifespan;
        if (subject is { Session: { } session, ClientSession: { } clientSession } && refresh?.Offline is not true)
        {
            // A token never outlives its session.
            expires = Math.Min(expires, SessionLimits.MaximumOf(realm, session, clientSession));
        }

        var sessionType = subject.Session is null ? "tr" : subject.IsTransient ? "nt" : refresh?.Offline is true ? "of" : "on";
        var claims = new JsonObject
        {
            ["exp"] = expires,
            ["iat"] = now,
            ["jti"] = $"{sessionType}{(lightweight ? "lt" : "rt")}{grant}:{Guid.NewGuid()}",
            ["iss"] = Issuer,
            ["typ"] = subject.KeyThumbprint is null ? "Bearer" : "DPoP",
            ["azp"] = subject.IssuedTo.ClientId,
        };
        if (subject.Permissions is { } permissions)
        {
            claims["authorization"] = permissions.DeepClone();
        }

        if (subject.KeyThumbprint is { } thumbprint)
        {
            claims["cnf"] = Confirmation(thumbprint);
        }

        if (subject.Session is null)
        {
            // Without a session, only the subject tells whom the token stands for.
            claims["sub"] = subject.User.Id;
        }
        else
        {
            claims["sid"] = subject.Session.Id;
        }

        claims["scope"] = subject.ScopeText();
        _mapping.Apply(subject, lightweight ? TokenKind.LightweightAccess : TokenKind.Access, claims);
        if (subject.Audience is { } audience)
        {
            Narrow(claims, audience);
        }

        return Sorted(claims);
    }

    /// <summary>Also drops the client roles of other audiences.</summary>
    private static void Narrow(JsonObject claims, IReadOnlyList<string> audience)
    {
        claims.SetTexts("aud", [.. claims.Texts("aud").Where(name => audience.Contains(name, StringComparer.Ordinal))]);
        if (claims["resource_access"] is JsonObject byClient)
        {
            foreach (var clientId in byClient.Select(each => each.Key)
                .Where(name => !audience.Contains(name, StringComparer.Ordinal))
                .ToList())
            {
                byClient.Remove(clientId);
            }
        }
    }

    /// <summary>RFC 7800, section 3.1; Keycloak adds where it got the key from.</summary>
    private static JsonObject Confirmation(string thumbprint) => new() { ["jkt"] = thumbprint, ["kc-jkt-type"] = "DPoP" };

    private JsonObject IdClaims(
        TokenSubject subject, bool refreshed, JsonObject access, (string Claim, string? Text)[] hashed, long now)
    {
        var claims = new JsonObject
        {
            ["exp"] = access.Number("exp"),
            ["iat"] = now,
            ["jti"] = Guid.NewGuid().ToString(),
            ["iss"] = Issuer,
            ["aud"] = subject.Client.ClientId,
            ["sub"] = subject.User.Id,
            ["typ"] = "ID",
            ["azp"] = subject.Client.ClientId,
        };
        if (!refreshed && subject.ClientSession?.Nonce is { } nonce)
        {
            claims["nonce"] = nonce;
        }

        if (subject.Session is { } session)
        {
            claims["sid"] = session.Id;
        }

        foreach (var (claim, text) in hashed)
        {
            if (text is not null)
            {
                claims[claim] = HalfHash(text, IdTokenAlgorithm(subject.Client));
            }
        }

        _mapping.Apply(subject, TokenKind.Id, claims);
        return Sorted(claims);
    }

    private JsonObject RefreshClaims(TokenSubject subject, RefreshPlan plan, JsonObject access, long now)
    {
        var claims = new JsonObject();
        if (!plan.Offline)
        {
            claims["exp"] = SessionLimits.RefreshExpiry(realm, subject.Session!, subject.ClientSession!, now);
        }

        claims["iat"] = now;
        claims["jti"] = Guid.NewGuid().ToString();
        claims["iss"] = Issuer;
        claims["aud"] = Issuer;
        if (access["sub"] is { } sub)
        {
            claims["sub"] = sub.DeepClone();
        }

        claims["typ"] = plan.Offline ? "Offline" : "Refresh";
        claims["azp"] = subject.IssuedTo.ClientId;
        claims["sid"] = subject.Session!.Id;
        if (subject.Permissions is { } permissions)
        {
            claims["authorization"] = permissions.DeepClone();
        }

        if (subject is { KeyThumbprint: { } thumbprint, Client.PublicClient: true })
        {
            // A confidential client's refresh token is bound to its authentication instead (RFC 9449, section 5).
            claims["cnf"] = Confirmation(thumbprint);
        }

        claims["scope"] = plan.Scope ?? subject.ScopeText(hidden: true);
        if (realm.RevokeRefreshToken)
        {
            claims["reuse_id"] = plan.ReuseId ?? Guid.NewGuid().ToString();
        }

        if (access["aud"] is { } audience)
        {
            claims["aud_x"] = audience.DeepClone();
        }

        claims["prov"] = "default";
        return claims;
    }

    /// <summary>The left half of the hash of the ID token's algorithm (OpenID Connect Core 1.0, section 3.1.3.6).</summary>
    private static string HalfHash(string text, string algorithm)
    {
        var hash = CryptographicOperations.HashData(SigningKey.HashOf(algorithm), Encoding.UTF8.GetBytes(text));
        return Base64Url.Encode(hash.AsSpan(0, hash.Length / 2));
    }

    private static JsonObject Sorted(JsonObject claims)
    {
        var sorted = new JsonObject();
        foreach (var name in Order)
        {
            if (claims.Remove(name, out var value))
            {
                sorted[name] = value;
            }
        }

        foreach (var (name, value) in claims.ToList())
        {
            claims.Remove(name);
            sorted[name] = value;
        }

        return sorted;
    }
}

/// <summary>
/// After a refresh the ID token has no nonce. <c>Scope</c> is that of the old token; <c>ReuseId</c> the family of rotated tokens.
/// </summary>
internal sealed record RefreshPlan(bool Offline, bool IsRefresh = false, string? Scope = null, string? ReuseId = null);
