using KeycloakRealm.Tokens;

namespace KeycloakRealm.Endpoints;

/// <summary>
/// Standard token exchange (RFC 8693), as in Keycloak since 26.2. The subject token must name the client in its audience.
/// </summary>
internal static class TokenExchangeGrant
{
    public const string Name = "urn:ietf:params:oauth:grant-type:token-exchange";

    private const string AccessToken = "urn:ietf:params:oauth:token-type:access_token";
    private const string IdToken = "urn:ietf:params:oauth:token-type:id_token";
    private const string InvalidRequest = "invalid_request";

    public static GrantResult Grant(TokenEndpoint.Request request)
    {
        var (site, client, form, _) = request;
        foreach (var name in (ReadOnlySpan<string>)["requested_subject", "requested_issuer", "subject_issuer"])
        {
            if (form[name] is not null)
            {
                return Invalid($"Parameter '{name}' is not supported for standard token exchange");
            }
        }

        if (!client.AttributeIs("standard.token.exchange.enabled"))
        {
            return Invalid("Standard token exchange is not enabled for the requested client");
        }

        foreach (var name in (ReadOnlySpan<string>)["subject_token", "subject_token_type"])
        {
            if (form[name] is null)
            {
                return Invalid($"Parameter '{name}' required for standard token exchange");
            }
        }

        if (form["subject_token_type"] is not AccessToken)
        {
            return Invalid("Parameter 'subject_token' supports access tokens only");
        }

        var requested = form["requested_token_type"] ?? AccessToken;
        if (requested is not (AccessToken or IdToken))
        {
            return Invalid("requested_token_type unsupported");
        }

        if (TokenInspection.Read(site, form["subject_token"]) is not { } claims
            || !TokenInspection.IsAccessToken(claims)
            || TokenInspection.Resolve(site, claims).Subject is not { } subject)
        {
            return Invalid("Invalid token");
        }

        if (!string.Equals(claims.Text("azp"), client.ClientId, StringComparison.Ordinal)
            && !claims.Texts("aud").Contains(client.ClientId, StringComparer.Ordinal))
        {
            return new(new Refusal(StatusCodes.Status403Forbidden, "access_denied", "Client is not within the token audience"));
        }

        return Exchange(request, subject, requested);
    }

    private static GrantResult Exchange(TokenEndpoint.Request request, TokenSubject from, string requested)
    {
        var (site, client, form, _) = request;
        var audience = form.Values("audience");
        if (audience.Exists(name => site.Realm.FindClient(name) is null))
        {
            return new(Refusal.BadRequest("invalid_client", "Audience not found"));
        }

        if (request.CheckScope() is { } refusal)
        {
            return new(refusal);
        }

        var subject = new TokenSubject(client, from.User, form["scope"], from.Session, from.ClientSession)
        {
            IsTransient = true,
            KeyThumbprint = request.KeyThumbprint,
            Audience = audience.Count > 0 ? audience : null,
        };
        var body = site.Tokens.Respond(subject, "te", refresh: null, out var access);
        var missing = audience.Where(name => !access.Texts("aud").Contains(name, StringComparer.Ordinal)).ToList();
        if (missing.Count > 0)
        {
            return Invalid($"Requested audience not available: {string.Join(' ', missing)}");
        }

        if (requested is IdToken)
        {
            body["access_token"] = site.Tokens.IdToken(subject, access);
            body["token_type"] = "N_A";
            body.Remove("id_token");
        }

        body["issued_token_type"] = requested;
        return new(body);
    }

    private static GrantResult Invalid(string reason) => new(Refusal.BadRequest(InvalidRequest, reason));
}
