using KeycloakRealm.Sessions;
using KeycloakRealm.Tokens;

namespace KeycloakRealm.Endpoints;

/// <summary>RFC 8628, sections 3.4 and 3.5.</summary>
internal static class DeviceGrant
{
    public const string Name = "urn:ietf:params:oauth:grant-type:device_code";

    public static GrantResult Grant(TokenEndpoint.Request request)
    {
        var (site, client, form, _) = request;
        if (!client.DeviceGrantEnabled)
        {
            return Refuse("invalid_grant", "Client not allowed OAuth 2.0 Device Authorization Grant");
        }

        if (form["device_code"] is not { } value)
        {
            return Refuse("invalid_request", "Missing parameter: device_code");
        }

        if (site.Devices.Find(value) is not { } code)
        {
            return Refuse("invalid_grant", NotValid);
        }

        if (code.Client != client)
        {
            return Refuse("invalid_grant", "unauthorized client");
        }

        if (code.Expires < site.Now)
        {
            return Refuse("expired_token", "Device code is expired");
        }

        if (!site.Devices.MayPoll(code))
        {
            return Refuse("slow_down", "Slow down");
        }

        if (code.IsDenied)
        {
            return Refuse("access_denied", "The end user denied the authorization request");
        }

        return code.Approval is { } approval
            ? Redeem(request, code, approval)
            : Refuse("authorization_pending", "The authorization request is still pending");
    }

    private const string NotValid = "Device code not valid";

    private static GrantResult Redeem(TokenEndpoint.Request request, DeviceCode code, DeviceApproval approval)
    {
        var (site, client, form, _) = request;
        if (Pkce.CheckVerifier(client, code.Challenge, code.ChallengeMethod, form["code_verifier"]) is { } reason)
        {
            return Refuse("invalid_grant", reason);
        }

        if (site.Sessions.Find(approval.SessionId) is not { } session)
        {
            return Refuse("authorization_pending", "The authorization request is verified but can not lookup the user session yet");
        }

        if (!session.User.Enabled)
        {
            return Refuse("invalid_grant", "User disabled");
        }

        if (!site.Devices.Take(code))
        {
            return Refuse("invalid_grant", NotValid);
        }

        var part = site.Sessions.Resume(session, approval.Request, approval.Reused, approval.Level);
        var subject = new TokenSubject(client, session.User, code.Scope, session, part) { KeyThumbprint = request.KeyThumbprint };
        return OfflineAccess.Respond(request, subject, "dg", code.Scope);
    }

    private static GrantResult Refuse(string error, string description) => new(Refusal.BadRequest(error, description));
}
