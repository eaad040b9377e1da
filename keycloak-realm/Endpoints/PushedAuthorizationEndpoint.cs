using System.Text.Json.Nodes;

namespace KeycloakRealm.Endpoints;

/// <summary>RFC 9126.</summary>
internal static class PushedAuthorizationEndpoint
{
    public static async Task PostAsync(HttpContext context, RealmSite site)
    {
        var form = await ProtocolForm.ReadAsync(context);
        var authentication = ClientAuthentication.Authenticate(context, site, form);
        if (authentication.Client is not { } client)
        {
            await Answer.ErrorAsync(context, Refusal.Unauthorized("invalid_request", "Authentication failed."));
            return;
        }

        if (!await Cors.AdmitsAsync(context, site, client))
        {
            return;
        }

        if (form["request_uri"] is not null)
        {
            await Answer.ErrorAsync(context, Refusal.BadRequest("invalid_request", "It is not allowed to include request_uri to PAR."));
            return;
        }

        var parameters = form.All.Where(each => each.Key is not ("client_id" or "client_secret")).Append(new("client_id", client.ClientId));
        var pushed = new ProtocolForm(parameters);
        var reading = AuthorizationRequestReader.Read(site, pushed);
        if (reading.Request is null)
        {
            var refusal = reading switch
            {
                { Target: null } => Refusal.BadRequest("invalid_request", reading.Error),
                { Error: "unsupported_response_type" } => Refusal.BadRequest("invalid_request", "Unsupported response type"),
                { Error: "unauthorized_client" } => Refusal.Unauthorized(reading.Error, reading.Description!),
                _ => Refusal.BadRequest("invalid_request", reading.Description),
            };
            await Answer.ErrorAsync(context, refusal);
            return;
        }

        var uri = site.Sessions.Push(client.ClientId, pushed.All.ToDictionary(StringComparer.Ordinal));
        await Answer.JsonAsync(
            context,
            StatusCodes.Status201Created,
            new JsonObject { ["request_uri"] = uri, ["expires_in"] = site.Realm.PushedRequestLifespan });
    }
}
