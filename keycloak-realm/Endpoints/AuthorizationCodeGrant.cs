using KeycloakRealm.Tokens;

namespace KeycloakRealm.Endpoints;

/// <summary>RFC 6749, section 4.1.3.</summary>
internal static class AuthorizationCodeGrant
{
    public static GrantResult Grant(TokenEndpoint.Request request)
    {
        var (site, client, form, _) = request;
        if (form["code"] is not { } value)
        {
            return new(Refusal.BadRequest("invalid_request", "Missing parameter: code"));
        }

        if (site.Sessions.TakeCode(value) is not { } redeemed)
        {
            return new(Refusal.BadRequest("invalid_grant", "Code not valid"));
        }

        var (code, session, part) = redeemed;

        if (!session.User.Enabled)
        {
            return new(Refusal.BadRequest("invalid_grant", "User disabled"));
        }

        if (!string.Equals(code.Request.RedirectUri, form["redirect_uri"], StringComparison.Ordinal))
        {
            return new(Refusal.BadRequest("invalid_grant", "Incorrect redirect_uri"));
        }

        if (code.Request.Client != client)
        {
            return new(Refusal.BadRequest("invalid_grant", "Auth error: Found different client_id in clientSession"));
        }

        if (!client.StandardFlowEnabled)
        {
            return new(Refusal.BadRequest("invalid_grant", "Client not allowed to exchange code"));
        }

        if (Pkce.CheckVerifier(client, code.Request.Challenge, code.Request.ChallengeMethod, form["code_verifier"]) is { } reason)
        {
            return new(Refusal.BadRequest("invalid_grant", reason));
        }

        var subject = new TokenSubject(client, session.User, code.Request.Scope, session, part) { KeyThumbprint = request.KeyThumbprint };
        return OfflineAccess.Respond(request, subject, "ac", code.Request.Scope);
    }
}
