using System.Text.Json.Nodes;
using KeycloakRealm.Model;
using KeycloakRealm.Tokens;

namespace KeycloakRealm.Endpoints;

/// <summary>RFC 7662.</summary>
internal static class IntrospectionEndpoint
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
            await Answer.ErrorAsync(context, authentication.Known is null
                ? authentication.Refusal!
                : Refusal.Unauthorized("invalid_client", "Client authentication failed."));
            return;
        }

        if (client.PublicClient)
        {
            await Answer.ErrorAsync(context, StatusCodes.Status403Forbidden, "invalid_request", "Client not allowed.");
            return;
        }

        if (form["token"] is not { } token)
        {
            await Answer.ErrorAsync(context, Refusal.BadRequest("invalid_request", "Token not provided."));
            return;
        }

        if (form.HasDuplicates)
        {
            await Answer.ErrorAsync(context, Refusal.BadRequest("invalid_request", "duplicated parameter"));
            return;
        }

        var hint = form["token_type_hint"];
        if (hint is not (null or "access_token" or "refresh_token" or "requesting_party_token"))
        {
            await Answer.ErrorAsync(context, Refusal.BadRequest("invalid_request", "Unsupported token type."));
            return;
        }

        Answer.SetCache(context, Answer.NoCache);
        var claims = hint is "requesting_party_token"
            ? TokenInspection.Read(site, token) is { } permitted ? TokenIssuer.IntrospectPermissions(permitted) : null
            : Introspect(site, client, token, refresh: hint is "refresh_token");
        await Answer.JsonAsync(context, StatusCodes.Status200OK, claims ?? new JsonObject { ["active"] = false });
    }

    private static JsonObject? Introspect(RealmSite site, Client asker, string token, bool refresh)
    {
        if (TokenInspection.Read(site, token, refresh) is not { } claims
            || claims.Text("typ") is "Logout"
            || TokenInspection.Resolve(site, claims).Subject is not { } subject)
        {
            return null;
        }

        var answer = site.Tokens.Introspect(subject, claims);

        // An access token is shown to its audience, any other token to its owner.
        return (!TokenInspection.IsAccessToken(claims) && string.Equals(claims.Text("azp"), asker.ClientId, StringComparison.Ordinal))
            || (TokenInspection.IsAccessToken(claims) && answer.Texts("aud").Contains(asker.ClientId, StringComparer.Ordinal))
            || asker.AttributeIs("allow.token.introspection.without.audience.check")
                ? answer
                : null;
    }
}
