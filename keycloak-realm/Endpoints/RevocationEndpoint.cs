using System.Text.Json.Nodes;
using KeycloakRealm.Model;
using KeycloakRealm.Tokens;

namespace KeycloakRealm.Endpoints;

/// <summary>RFC 7009.</summary>
internal static class RevocationEndpoint
{
    public static async Task PostAsync(HttpContext context, RealmSite site)
    {
        var form = await ProtocolForm.ReadAsync(context);
        if (!site.Realm.Enabled)
        {
            await Answer.ErrorAsync(context, StatusCodes.Status403Forbidden, "access_denied", "Realm not enabled");
            return;
        }

        var authentication = ClientAuthentication.Authenticate(context, site, form);
        if (authentication.Client is not { } client)
        {
            Cors.AllowAny(context);
            await Answer.ErrorAsync(context, authentication.Refusal!);
            return;
        }

        if (!await Cors.AdmitsAsync(context, site, client))
        {
            return;
        }

        if (form["token"] is not { } token)
        {
            await Answer.ErrorAsync(context, Refusal.BadRequest("invalid_request", "Token not provided"));
            return;
        }

        if (form.HasDuplicates)
        {
            await Answer.ErrorAsync(context, Refusal.BadRequest("invalid_request", "duplicated parameter"));
            return;
        }

        await (Revoke(site, client, token) is { } refusal
            ? Answer.ErrorAsync(context, refusal)
            : Answer.EmptyAsync(context, StatusCodes.Status200OK));
    }

    private static Refusal? Revoke(RealmSite site, Client client, string token)
    {
        var claims = RefreshTokenGrant.Read(site, token) ?? site.Keys.Read(token, symmetric: false);
        if (claims is null || (claims.Number("exp") is { } expires && expires < site.Now))
        {
            // Not an error to the caller by RFC 7009; Keycloak answers 200 with the body of an error.
            return new Refusal(StatusCodes.Status200OK, "invalid_token", "Invalid token");
        }

        if (!TokenInspection.IsAccessToken(claims) && claims.Text("typ") is not ("Refresh" or "Offline"))
        {
            return Refusal.BadRequest("unsupported_token_type", "Unsupported token type");
        }

        if (!string.Equals(claims.Text("azp"), client.ClientId, StringComparison.Ordinal))
        {
            return Refusal.BadRequest("invalid_request", "Unmatching clients");
        }

        if (TokenInspection.IsAccessToken(claims))
        {
            RevokeAccessToken(site, claims);
        }
        else if (site.Sessions.Find(claims.Text("sid"), offline: claims.Text("typ") is "Offline") is { } session)
        {
            site.Sessions.Detach(session, client, endIfLast: true);
        }

        return null;
    }

    private static void RevokeAccessToken(RealmSite site, JsonObject claims) =>
        site.Sessions.Revoke(claims.Text("jti")!, claims.Number("exp") ?? site.Now);
}
