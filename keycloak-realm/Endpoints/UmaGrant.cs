using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using KeycloakRealm.Authorization;
using KeycloakRealm.Model;
using KeycloakRealm.Sessions;
using KeycloakRealm.Tokens;

namespace KeycloakRealm.Endpoints;

/// <summary>User-Managed Access 2.0 Grant, section 3.3, with Keycloak's additions.</summary>
internal static class UmaGrant
{
    public const string Name = "urn:ietf:params:oauth:grant-type:uma-ticket";

    public static async Task PostAsync(HttpContext context, RealmSite site, ProtocolForm form)
    {
        var (caller, refusal) = Authenticate(context, site, form);
        if (caller is null)
        {
            Cors.AllowAny(context);
            await Answer.ErrorAsync(context, refusal!);
            return;
        }

        if (!await Cors.AdmitsAsync(context, site, caller.Client))
        {
            return;
        }

        if (form.HasDuplicatesBut("permission"))
        {
            await Answer.ErrorAsync(context, Refusal.BadRequest("invalid_request", "duplicated parameter"));
            return;
        }

        var (body, denied) = Decide(site, form, caller);
        await (body is null ? Answer.ErrorAsync(context, denied!) : Answer.JsonAsync(context, StatusCodes.Status200OK, body));
    }

    private static (Caller? Caller, Refusal? Refusal) Authenticate(HttpContext context, RealmSite site, ProtocolForm form)
    {
        if (AuthenticationHeaderValue.TryParse(context.Request.Headers.Authorization, out var header)
            && string.Equals(header.Scheme, "Bearer", StringComparison.OrdinalIgnoreCase))
        {
            return Read(site, header.Parameter) is { } bearer
                ? (bearer, null)
                : (null, Refusal.BadRequest("invalid_grant", "Invalid bearer token"));
        }

        var authentication = ClientAuthentication.Authenticate(context, site, form);
        if (authentication.Client is not { } client)
        {
            return (null, authentication.Refusal);
        }

        if (form["subject_token"] is { } token)
        {
            return Read(site, token) is { } subject ? (subject, null) : (null, Refusal.BadRequest("invalid_grant", "Invalid bearer token"));
        }

        var (account, refusal) = ClientCredentialsGrant.Account(client);
        if (account is null)
        {
            return (null, refusal);
        }

        var own = new TokenSubject(client, account, scope: null, session: null, clientSession: null);
        site.Tokens.Respond(own, "cc", refresh: null, out var claims);
        return (new Caller(client, own, claims), null);
    }

    private static Caller? Read(RealmSite site, string? token) =>
        TokenInspection.Read(site, token) is { } claims
        && TokenInspection.IsAccessToken(claims)
        && TokenInspection.Resolve(site, claims).Subject is { } subject
            ? new Caller(subject.Client, subject, claims)
            : null;

    private static (JsonNode? Body, Refusal? Refusal) Decide(RealmSite site, ProtocolForm form, Caller caller)
    {
        if (form["claim_token"] is not null && caller.Client.PublicClient)
        {
            return (null, Forbidden("invalid_grant", "Public clients are not allowed to send claims"));
        }

        if (form["response_mode"] is not (null or "decision" or "permissions"))
        {
            return (null, Refusal.BadRequest("invalid_request", "Invalid response_mode"));
        }

        var (server, asked, refusal) = ReadRequest(site, form);
        if (server is null)
        {
            return (null, refusal);
        }

        var evaluation = new PermissionEvaluation(site.Realm, server, new PolicySubject(caller.Subject.User, caller.Claims));
        var limit = int.TryParse(form["response_permissions_limit"], NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            ? count
            : int.MaxValue;
        var granted = new JsonArray([.. asked
            .Select(each => evaluation.Evaluate(each.Resource, each.Scopes))
            .OfType<GrantedPermission>()
            .Take(limit)
            .Select(each => Describe(each, form["response_include_resource_name"] is not "false"))]);
        if (granted.Count == 0)
        {
            return (null, Forbidden("access_denied", "not_authorized"));
        }

        var upgraded = Upgrade(site, form["rpt"], granted);
        return form["response_mode"] switch
        {
            "decision" => (new JsonObject { ["result"] = true }, null),
            "permissions" => (granted, null),
            _ => (Issue(site, caller, server.Client, granted, upgraded), null),
        };
    }

    /// <summary>The resource server is named by the audience, or by a ticket of its own.</summary>
    private static (ResourceServer? Server, List<(ProtectedResource Resource, List<string> Scopes)> Asked, Refusal? Refusal) ReadRequest(
        RealmSite site, ProtocolForm form)
    {
        var audience = form["audience"];
        JsonObject? ticket = null;
        if (form["ticket"] is { } text)
        {
            ticket = site.Keys.Read(text, symmetric: true);
            if (ticket?["permissions"] is not JsonArray)
            {
                return (null, [], Forbidden("invalid_ticket", "Ticket verification failed"));
            }

            if (ticket.Number("exp") < site.Now)
            {
                return (null, [], Forbidden("invalid_ticket", "Invalid permission ticket."));
            }

            audience = ticket.Text("azp");
        }

        if (audience is null)
        {
            return (null, [], Refusal.BadRequest("invalid_request", "You must provide the issuedFor"));
        }

        if (site.Realm.FindClient(audience) is not { } client)
        {
            return (null, [], Refusal.BadRequest("invalid_request", $"Unknown resource server id: [{audience}]"));
        }

        if (client.Authorization is not { } server)
        {
            return (null, [], Refusal.BadRequest("invalid_request", "Client does not support permissions"));
        }

        if (ticket is null)
        {
            var (read, refusal) = PermissionRequest.Read(server, form);
            return refusal is null ? (server, read, null) : (null, [], refusal);
        }

        var asked = new List<(ProtectedResource Resource, List<string> Scopes)>();
        foreach (var permission in ticket["permissions"]!.AsArray().OfType<JsonObject>())
        {
            if (PermissionRequest.Add(server, asked, permission.Text("rsid"), permission.Texts("scopes")) is { } refusal)
            {
                return (null, [], refusal);
            }
        }

        return (server, asked, null);
    }

    private static JsonObject Describe(GrantedPermission permission, bool withName)
    {
        var json = new JsonObject();
        if (permission.Scopes.Count > 0)
        {
            json["scopes"] = Json.List(permission.Scopes);
        }

        json["rsid"] = permission.Resource.Id;
        if (withName)
        {
            json["rsname"] = permission.Resource.Name;
        }

        return json;
    }

    /// <summary>Adds the permissions of an earlier token that are not among the new ones.</summary>
    private static bool Upgrade(RealmSite site, string? earlier, JsonArray granted)
    {
        if (earlier is null || TokenInspection.Read(site, earlier)?["authorization"] is not JsonObject authorization)
        {
            return false;
        }

        foreach (var permission in authorization["permissions"]?.AsArray().OfType<JsonObject>().ToList() ?? [])
        {
            if (!granted.OfType<JsonObject>()
                .Any(each => string.Equals(each.Text("rsid"), permission.Text("rsid"), StringComparison.Ordinal)))
            {
                granted.Add(permission.DeepClone());
            }
        }

        return true;
    }

    /// <summary>The requesting party token: the caller's, with the resource server as its client.</summary>
    private static JsonObject Issue(RealmSite site, Caller caller, Client target, JsonArray granted, bool upgraded)
    {
        var session = caller.Subject.Session;
        var part = session?.Clients.GetValueOrDefault(target.Id);
        var isTransient = part is null;
        part ??= session is null ? null : new ClientSession { Client = target, Started = session.Started, LastRefresh = site.Now };
        var scope = isTransient || caller.Client != target ? null : caller.Claims.Text("scope");
        var subject = new TokenSubject(target, caller.Subject.User, scope, session, part)
        {
            IsTransient = isTransient,
            IssuedTo = caller.Client,
            Permissions = new JsonObject { ["permissions"] = granted },
        };
        var body = site.Tokens.Respond(subject, "na", session is null ? null : new RefreshPlan(Offline: session.Offline));
        body.Remove("session_state");
        body.Remove("scope");
        body.Insert(0, "upgraded", upgraded);
        return body;
    }

    private static Refusal Forbidden(string error, string description) => new(StatusCodes.Status403Forbidden, error, description);

    private sealed record Caller(Client Client, TokenSubject Subject, JsonObject Claims);
}
