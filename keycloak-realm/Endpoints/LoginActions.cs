using System.Text.Json;
using System.Text.Json.Nodes;
using KeycloakRealm.Model;
using KeycloakRealm.Pages;
using KeycloakRealm.Sessions;
using KeycloakRealm.Tokens;

namespace KeycloakRealm.Endpoints;

/// <summary>Addresses below <c>login-actions/</c>, and what a request there is answered whose sign-in is over or unknown.</summary>
internal static class LoginActions
{
    private const string NoCookie =
        "Restart login cookie not found. It may have expired; it may have been deleted or cookies are disabled in your browser. "
        + "If cookies are disabled then enable them. Click Back to Application to login again.";

    private const string TimedOut = "Your login attempt timed out. Login will start from the beginning.";

    public static string Address(
        RealmSite site, AuthenticationTab tab, bool withCode, string action = "authenticate", string? execution = null)
    {
        var parameters = new List<KeyValuePair<string, string>>();
        if (withCode)
        {
            parameters.Add(new("session_code", tab.SessionCode));
        }

        if (withCode || execution is not null)
        {
            parameters.Add(new("execution", execution ?? tab.Run.Current?.Id ?? ""));
        }

        parameters.Add(new("client_id", tab.Request.Client.ClientId));
        parameters.Add(new("tab_id", tab.Id));
        parameters.Add(new("client_data", ClientData(tab.Request)));
        return $"{site.Issuer}/login-actions/{action}?{ProtocolForm.Encode(parameters)}";
    }

    /// <summary>A sign-in that is over or unknown restarts, unless the user is signed in by now and can return to the client.</summary>
    public static Task LostAsync(HttpContext context, RealmSite site, ProtocolForm query)
    {
        var client = site.Realm.FindClient(query["client_id"]);
        if (BrowserCookies.ReadIdentity(context, site) is not null
            && client is not null
            && ReadClientData(query["client_data"]) is { } data
            && data.Text("ru") is { } redirectUri
            && RedirectUriRules.IsRegistered(client, site.ServerUrl, redirectUri))
        {
            var mode = data.Text("rm") ?? ResponseType.Parse(data.Text("rt") ?? "")?.UsualMode ?? "query";
            var target = new ResponseTarget(client, redirectUri, mode, data.Text("st"));
            return AuthorizationResponse.FailAsync(context, site, target, "temporarily_unavailable", "authentication_expired");
        }

        return BrowserCookies.ReadRestart(context, site) is { } parameters
            ? AuthorizationEndpoint.RestartAsync(context, site, parameters, TimedOut)
            : Answer.PageAsync(context, StatusCodes.Status400BadRequest, ErrorPage.Render(site, NoCookie, client));
    }

    /// <summary>To the page of the sign-in: the form was sent before, or the page is from the browser's history.</summary>
    public static Task RepeatAsync(HttpContext context, RealmSite site, AuthenticationTab tab)
    {
        tab.Notice = "Action expired. Please continue with login now.";
        return Answer.RedirectAsync(context, Address(site, tab, withCode: false, execution: tab.Run.Current?.Id));
    }

    private static string ClientData(AuthorizationRequest request)
    {
        if (request.Device is not null)
        {
            // Nothing to return to.
            return Base64Url.Encode(Json.Bytes(new JsonObject()));
        }

        var data = new JsonObject { ["ru"] = request.RedirectUri, ["rt"] = request.ResponseType.Text };
        if (!string.Equals(request.ResponseMode, request.ResponseType.UsualMode, StringComparison.Ordinal))
        {
            data["rm"] = request.ResponseMode;
        }

        if (request.State is { } state)
        {
            data["st"] = state;
        }

        return Base64Url.Encode(Json.Bytes(data));
    }

    private static JsonObject? ReadClientData(string? text)
    {
        if (text is null || !Base64Url.TryDecode(text, out var bytes))
        {
            return null;
        }

        try
        {
            return JsonNode.Parse(bytes) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
