using System.Text.Json.Nodes;
using KeycloakRealm.Flows;
using KeycloakRealm.Model;
using KeycloakRealm.Pages;
using KeycloakRealm.Sessions;
using KeycloakRealm.Tokens;

namespace KeycloakRealm.Endpoints;

/// <summary>RFC 6749, section 3.2.</summary>
internal static class TokenEndpoint
{
    private const string Ciba = "urn:openid:params:grant-type:ciba";

    public static async Task PostAsync(HttpContext context, RealmSite site)
    {
        Answer.SetCache(context, Answer.NoStore);
        context.Response.Headers.Pragma = "no-cache";
        var form = await ProtocolForm.ReadAsync(context, multipart: true);
        if (!site.Realm.Enabled)
        {
            await Answer.ErrorAsync(context, StatusCodes.Status403Forbidden, "access_denied", "Realm not enabled");
            return;
        }

        var grant = form["grant_type"];
        if (grant is UmaGrant.Name)
        {
            await UmaGrant.PostAsync(context, site, form);
            return;
        }

        Func<Request, GrantResult>? handle = grant switch
        {
            "client_credentials" => ClientCredentialsGrant.Grant,
            "authorization_code" => AuthorizationCodeGrant.Grant,
            "refresh_token" => RefreshTokenGrant.Grant,
            "password" => PasswordGrant.Grant,
            TokenExchangeGrant.Name => TokenExchangeGrant.Grant,
            DeviceGrant.Name => DeviceGrant.Grant,
            Ciba => _ => new(Refusal.Unauthorized("invalid_grant", "Client not allowed OIDC CIBA Grant")),
            _ => null,
        };
        if (handle is null)
        {
            Cors.AllowAny(context);
            await Answer.ErrorAsync(context, grant is null
                ? Refusal.BadRequest("invalid_request", "Missing form parameter: grant_type")
                : Refusal.BadRequest("unsupported_grant_type", "Unsupported grant_type"));
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

        if (grant is TokenExchangeGrant.Name ? form.HasDuplicatesBut("audience", "resource") : form.HasDuplicates)
        {
            await Answer.ErrorAsync(context, Refusal.BadRequest("invalid_request", "duplicated parameter"));
            return;
        }

        string? thumbprint = null;
        if (DpopProof.IsPresent(context) || client.AttributeIs("dpop.bound.access.tokens"))
        {
            (thumbprint, var error) = DpopProof.Check(context, site);
            if (error is not null)
            {
                await Answer.ErrorAsync(context, Refusal.BadRequest("invalid_request", error));
                return;
            }
        }

        GrantResult result;
        try
        {
            result = handle(new Request(site, client, form, Endpoints.RemoteAddress.Of(context))
            {
                KeyThumbprint = thumbprint,
                UserAgent = context.Request.Headers.UserAgent,
            });
        }
        catch (UnknownAlgorithmException)
        {
            // Keycloak answers the same where a client's settings name an unknown signature algorithm.
            await Answer.ErrorAsync(
                context, StatusCodes.Status500InternalServerError, "unknown_error", "For more on this error consult the server log.");
            return;
        }

        if (result.Denied is { } denied)
        {
            await Answer.PageAsync(context, denied.Status, ErrorPage.Render(site, denied.Message, client));
        }
        else if (result.Body is { } body)
        {
            await Answer.JsonAsync(context, StatusCodes.Status200OK, body);
        }
        else
        {
            await Answer.ErrorAsync(context, result.Refusal!);
        }
    }

    internal sealed record Request(RealmSite Site, Client Client, ProtocolForm Form, string RemoteAddress)
    {
        public Refusal? CheckScope() => ScopeSelection.IsValid(Client, Form["scope"])
            ? null
            : Refusal.BadRequest("invalid_scope", $"Invalid scopes: {Form["scope"]}");

        /// <summary>The key that a DPoP proof was signed with (RFC 9449); tokens are bound to it.</summary>
        public string? KeyThumbprint { get; init; }

        public string? UserAgent { get; init; }

        public bool GivesRefreshTokens => Client.Attribute("use.refresh.tokens") is not "false";
    }
}

internal sealed record GrantResult(JsonObject? Body, Refusal? Refusal)
{
    public GrantResult(Denied denied)
        : this(Body: null, Refusal: null) => Denied = denied;

    public GrantResult(Refusal refusal)
        : this(Body: null, refusal)
    {
    }

    public GrantResult(JsonObject body)
        : this(body, Refusal: null)
    {
    }

    /// <summary>A page, although no browser asks.</summary>
    public Denied? Denied { get; }
}

/// <summary>RFC 6749, section 4.4.</summary>
internal static class ClientCredentialsGrant
{
    public static GrantResult Grant(TokenEndpoint.Request request)
    {
        var (site, client, form, address) = request;
        var (user, refusal) = Account(client);
        if (user is null)
        {
            return new(refusal!);
        }

        if (request.CheckScope() is { } invalid)
        {
            return new(invalid);
        }

        var notes = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["client_id"] = client.ClientId,
            // What clients of before Keycloak 22 map.
            ["clientId"] = client.ClientId,
            ["clientHost"] = address,
            ["clientAddress"] = address,
        };
        if (!client.AttributeIs("client_credentials.use_refresh_token"))
        {
            var subject = new TokenSubject(client, user, form["scope"], session: null, clientSession: null)
            {
                Notes = notes,
                KeyThumbprint = request.KeyThumbprint,
            };
            return new(site.Tokens.Respond(subject, "cc", refresh: null));
        }

        var (session, part) = site.Sessions.Enter(SessionStore.NewSessionId(), user, client, reused: false, address);
        foreach (var (name, value) in notes)
        {
            session.Notes[name] = value;
        }

        var lasting = new TokenSubject(client, user, form["scope"], session, part) { KeyThumbprint = request.KeyThumbprint };
        return new(site.Tokens.Respond(lasting, "cc", new RefreshPlan(Offline: false)));
    }

    public static (User? User, Refusal? Refusal) Account(Client client)
    {
        if (client.PublicClient)
        {
            return (null, Refusal.Unauthorized("unauthorized_client", "Public client not allowed to retrieve service account"));
        }

        if (!client.ServiceAccountsEnabled || client.ServiceAccount is not { } user)
        {
            return (null, Refusal.Unauthorized("unauthorized_client", "Client not enabled to retrieve service account"));
        }

        return user.Enabled ? (user, null) : (null, Refusal.Unauthorized("invalid_request", $"User '{user.Username}' disabled"));
    }
}

/// <summary>RFC 6749, section 4.3.</summary>
internal static class PasswordGrant
{
    public static GrantResult Grant(TokenEndpoint.Request request)
    {
        var (site, client, form, address) = request;
        if (!client.DirectAccessGrantsEnabled)
        {
            return new(Refusal.BadRequest("unauthorized_client", "Client not allowed for direct access grants"));
        }

        if (request.CheckScope() is { } refusal)
        {
            return new(refusal);
        }

        if (client.ConsentRequired)
        {
            return new(Refusal.BadRequest("invalid_client", "Client requires user consent"));
        }

        var run = new FlowRun(client.DirectGrantFlow ?? site.Realm.DirectGrantFlow, new AuthenticationLevels(AcrRequest.None));
        switch (run.Begin(new FlowRequest(site, client, form["scope"]) { Form = form }))
        {
            case null:
                break;
            case Refused refused:
                return new(refused.Refusal);
            case Denied denied:
                return new GrantResult(denied);
            default:
                // A step that somebody would have to set up first, or a form.
                return new(new Refusal(
                    StatusCodes.Status500InternalServerError, "unknown_error", "For more on this error consult the server log."));
        }

        var user = run.User!;
        if (user.IsUnfinished(site.Realm))
        {
            return new(Refusal.BadRequest("invalid_grant", "Account is not fully set up"));
        }

        site.BruteForce.Succeed(user, run.Credentials);
        var (session, part) = site.Sessions.Enter(SessionStore.NewSessionId(), user, client, reused: false, address);
        session.UserAgent = request.UserAgent;
        part.Nonce = null;
        part.BeganOffline = ScopeSelection.AsksOffline(client, form["scope"]);
        var subject = new TokenSubject(client, user, form["scope"], session, part) { KeyThumbprint = request.KeyThumbprint };
        return OfflineAccess.Respond(request, subject, "ro", form["scope"]);
    }
}

internal static class OfflineAccess
{
    /// <summary>Offline access is requested, and the user has none of the roles for it.</summary>
    public static bool IsRefused(TokenSubject subject, string? scope) =>
        ScopeSelection.AsksOffline(subject.Client, scope) && !subject.Scopes.Any(each => each.Name is ScopeSelection.Offline);

    public static GrantResult Respond(TokenEndpoint.Request request, TokenSubject subject, string grant, string? scope)
    {
        if (!ScopeSelection.AsksOffline(request.Client, scope) || !request.GivesRefreshTokens)
        {
            return new(request.Site.Tokens.Respond(subject, grant, request.GivesRefreshTokens ? new RefreshPlan(Offline: false) : null));
        }

        if (IsRefused(subject, scope))
        {
            return new(Refusal.BadRequest("not_allowed", "Offline tokens not allowed for the user or client"));
        }

        var (session, part) = request.Site.Sessions.EnterOffline(subject.Session!, subject.ClientSession!);
        if (subject.ClientSession!.BeganOffline)
        {
            request.Site.Sessions.End(subject.Session!.Id);
        }

        var offline = new TokenSubject(subject.Client, subject.User, scope, session, part) { KeyThumbprint = subject.KeyThumbprint };
        return new(request.Site.Tokens.Respond(offline, grant, new RefreshPlan(Offline: true)));
    }
}
