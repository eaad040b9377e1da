using System.Text.Json.Nodes;
using KeycloakRealm.Pages;
using KeycloakRealm.Sessions;

namespace KeycloakRealm.Endpoints;

/// <summary>RFC 8628: a device asks for a code, and somebody enters it in a browser and signs in there.</summary>
internal static class DeviceEndpoint
{
    private const string Expired = "The code has expired. Please go back to your device and try connecting again.";

    public static async Task PostAsync(HttpContext context, RealmSite site)
    {
        var form = await ProtocolForm.ReadAsync(context);
        var authentication = ClientAuthentication.Authenticate(context, site, form);
        if (authentication.Client is not { } client)
        {
            await Answer.ErrorAsync(context, authentication.Refusal!);
            return;
        }

        if (!await Cors.AdmitsAsync(context, site, client))
        {
            return;
        }

        if (!client.DeviceGrantEnabled)
        {
            await Answer.ErrorAsync(context, Refusal.BadRequest(
                "unauthorized_client",
                "Client is not allowed to initiate OAuth 2.0 Device Authorization Grant. The flow is disabled for the client."));
            return;
        }

        Answer.SetCache(context, Answer.LoginCache);
        if (form.HasDuplicates)
        {
            await Answer.ErrorAsync(context, Refusal.BadRequest("invalid_grant", "duplicated parameter"));
            return;
        }

        var (challenge, method) = (form["code_challenge"], form["code_challenge_method"]);
        if (Pkce.CheckChallenge(client, challenge, method) is { } wrong)
        {
            await Answer.ErrorAsync(context, Refusal.BadRequest("invalid_request", wrong));
            return;
        }

        var code = site.Devices.Add(client, form["scope"], form["nonce"], challenge, Pkce.MethodOf(challenge, method));
        var address = site.Issuer + "/device";
        await Answer.JsonAsync(context, StatusCodes.Status200OK, new JsonObject
        {
            ["device_code"] = code.Value,
            ["user_code"] = code.UserCode,
            ["verification_uri"] = address,
            ["verification_uri_complete"] = $"{address}?user_code={code.UserCode}",
            ["expires_in"] = code.Expires - site.Now,
            ["interval"] = code.Interval,
        });
    }

    public static Task GetPageAsync(HttpContext context, RealmSite site) =>
        VerifyAsync(context, site, ProtocolForm.FromQuery(context.Request)["user_code"]);

    public static async Task PostPageAsync(HttpContext context, RealmSite site) =>
        await VerifyAsync(context, site, (await ProtocolForm.ReadAsync(context))["device_user_code"]);

    /// <summary>Where the browser is sent when the sign-in is over.</summary>
    public static Task GetStatusAsync(HttpContext context, RealmSite site) => Answer.PageAsync(
        context,
        StatusCodes.Status200OK,
        ProtocolForm.FromQuery(context.Request)["error"] switch
        {
            null or "" => DevicePages.Succeeded(site),
            "access_denied" => DevicePages.Failed(site, "Consent denied for connecting the device."),
            "expired_token" => DevicePages.Failed(site, Expired),
            _ => DevicePages.Failed(site, "You may close this browser window and go back to your device and try connecting again."),
        });

    public static Task ApproveAsync(HttpContext context, RealmSite site, DeviceCode code, DeviceApproval approval)
    {
        site.Devices.Approve(code, approval);
        return ToStatusAsync(context, site, query: "");
    }

    public static Task DenyAsync(HttpContext context, RealmSite site, DeviceCode code, string error)
    {
        site.Devices.Deny(code);
        return ToStatusAsync(context, site, "?error=" + error);
    }

    private static Task ToStatusAsync(HttpContext context, RealmSite site, string query)
    {
        Answer.SetCache(context, Answer.LoginCache);
        return Answer.RedirectAsync(context, $"{site.Issuer}/device/status{query}");
    }

    private static Task VerifyAsync(HttpContext context, RealmSite site, string? userCode)
    {
        Answer.SetCache(context, Answer.LoginCache);
        if (string.IsNullOrEmpty(userCode))
        {
            return Answer.PageAsync(context, StatusCodes.Status200OK, DevicePages.Enter(site, alert: null));
        }

        if (site.Devices.FindWaiting(userCode) is not { } code)
        {
            return Answer.PageAsync(context, StatusCodes.Status200OK, DevicePages.Enter(site, "Invalid code, please try again."));
        }

        return code.Expires < site.Now
            ? Answer.PageAsync(context, StatusCodes.Status200OK, DevicePages.Enter(site, Expired))
            : AuthorizationEndpoint.BeginAsync(context, site, RequestOf(site, code));
    }

    private static AuthorizationRequest RequestOf(RealmSite site, DeviceCode code) => new()
    {
        Target = new ResponseTarget(code.Client, site.Issuer + "/device/status", "query", State: null),
        ResponseType = ResponseType.Parse("code")!,
        Scope = code.Scope,
        Nonce = code.Nonce,
        Prompts = [],
        Acr = AcrRequest.Read(site.Realm, code.Client, claims: null, acrValues: null),
        Device = code,
    };
}
