using KeycloakRealm.Pages;
using KeycloakRealm.Sessions;
using KeycloakRealm.Tokens;

namespace KeycloakRealm.Endpoints;

internal static class AuthorizationResponse
{
    private const string AccessDenied = "access_denied";
    private const string Unexpected = "Unexpected error when handling authentication request to identity provider.";

    public static readonly string[] Modes = ["query", "fragment", "form_post", "jwt", "query.jwt", "fragment.jwt", "form_post.jwt"];

    public static Task SucceedAsync(
        HttpContext context, RealmSite site, AuthorizationRequest request, UserSession session, bool reused, int level)
    {
        if (request.Device is { } device)
        {
            return DeviceEndpoint.ApproveAsync(context, site, device, new DeviceApproval(session.Id, request, reused, level));
        }

        var type = request.ResponseType;
        var parameters = new List<KeyValuePair<string, string>>();
        Add(parameters, "state", request.State);
        if (!request.Client.AttributeIs("exclude.session.state.from.auth.response"))
        {
            Add(parameters, "session_state", session.Id);
        }

        AddIssuer(parameters, site, request.Target);
        Add(parameters, "kc_action", request.Outcome?.Action);
        Add(parameters, "kc_action_status", request.Outcome?.Status);
        var code = type.HasCode ? site.Sessions.AddCode(session, request, reused, level).Value : null;
        Add(parameters, "code", code);
        if (type.HasTokens)
        {
            var part = site.Sessions.Resume(session, request, reused, level);
            var subject = new TokenSubject(request.Client, session.User, request.Scope, session, part)
            {
                Lifespan = type.IsImplicit ? site.Realm.AccessTokenLifespanForImplicitFlow : null,
            };
            if (type.HasCode && OfflineAccess.IsRefused(subject, request.Scope))
            {
                return Answer.PageAsync(context, StatusCodes.Status400BadRequest, ErrorPage.Render(site, Unexpected, request.Client));
            }

            parameters.AddRange(site.Tokens.Respond(subject, request, code));
        }

        return SendAsync(context, site, request.Target, parameters);
    }

    /// <summary>The user has said no.</summary>
    public static Task DenyAsync(HttpContext context, RealmSite site, AuthorizationRequest request) => request.Device is { } device
        ? DeviceEndpoint.DenyAsync(context, site, device, AccessDenied)
        : FailAsync(context, site, request.Target, AccessDenied);

    public static Task FailAsync(HttpContext context, RealmSite site, ResponseTarget target, string error, string? description = null)
    {
        var parameters = new List<KeyValuePair<string, string>>();
        Add(parameters, "error", error);
        Add(parameters, "error_description", description);
        Add(parameters, "state", target.State);
        AddIssuer(parameters, site, target);
        return SendAsync(context, site, target, parameters);
    }

    private static void AddIssuer(List<KeyValuePair<string, string>> parameters, RealmSite site, ResponseTarget target)
    {
        if (!target.Client.AttributeIs("exclude.issuer.from.auth.response"))
        {
            Add(parameters, "iss", site.Issuer);
        }
    }

    private static void Add(List<KeyValuePair<string, string>> parameters, string name, string? value)
    {
        if (value is not null)
        {
            parameters.Add(new(name, value));
        }
    }

    private static Task SendAsync(HttpContext context, RealmSite site, ResponseTarget target, List<KeyValuePair<string, string>> parameters)
    {
        var (client, redirectUri, mode, _) = target;
        Answer.SetCache(context, Answer.LoginCache);
        if (mode.EndsWith("jwt", StringComparison.Ordinal))
        {
            // Signed responses (JARM) carry the issuer as a claim.
            var response = site.Tokens.AuthorizationResponse(client, parameters.Where(each => each.Key is not "iss"));
            parameters = [new("response", response)];
        }

        if (mode.StartsWith("form_post", StringComparison.Ordinal))
        {
            return Answer.PageAsync(
                context, StatusCodes.Status200OK, FormPostPage.Render(redirectUri, parameters), language: false, "text/html");
        }

        var mark = mode.StartsWith("fragment", StringComparison.Ordinal)
            ? '#'
            : redirectUri.Contains('?', StringComparison.Ordinal) ? '&' : '?';
        return Answer.RedirectAsync(context, $"{redirectUri}{mark}{ProtocolForm.Encode(parameters)}");
    }
}
