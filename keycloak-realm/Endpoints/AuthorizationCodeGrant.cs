using System.Security.Cryptography;
using System.Text;
using KeycloakRealm.Sessions;
using KeycloakRealm.Tokens;

namespace KeycloakRealm.Endpoints;

/// <summary>RFC 6749, section 4.1.3; RFC 7636.</summary>
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

        if (CheckVerifier(code, client.PkceMethod is not null, form["code_verifier"]) is { } reason)
        {
            return new(Refusal.BadRequest("invalid_grant", reason));
        }

        var subject = new TokenSubject(client, session.User, code.Request.Scope, session, part) { KeyThumbprint = request.KeyThumbprint };
        return OfflineAccess.Respond(request, subject, "ac", code.Request.Scope);
    }

    /// <summary>43 to 128 unreserved characters (RFC 7636, sections 4.1 and 4.2).</summary>
    public static bool IsWellFormed(string text) =>
        text.Length is >= 43 and <= 128 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_' or '~');

    private static string? CheckVerifier(AuthorizationCode code, bool enforced, string? verifier)
    {
        if (code.Request.Challenge is null && !enforced)
        {
            return verifier is null ? null : "PKCE code verifier specified but challenge not present in authorization";
        }

        if (verifier is null)
        {
            return "PKCE code verifier not specified";
        }

        if (!IsWellFormed(verifier))
        {
            return "PKCE verification failed: Invalid code verifier";
        }

        var computed = code.Request.ChallengeMethod is "S256"
            ? Base64Url.Encode(SHA256.HashData(Encoding.ASCII.GetBytes(verifier)))
            : verifier;
        return CryptographicOperations.FixedTimeEquals(
            Encoding.ASCII.GetBytes(computed), Encoding.ASCII.GetBytes(code.Request.Challenge ?? ""))
            ? null
            : "PKCE verification failed: Code mismatch";
    }
}
