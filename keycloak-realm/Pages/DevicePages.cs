using KeycloakRealm.Endpoints;

namespace KeycloakRealm.Pages;

/// <summary>Ids, names and texts are those of Keycloak's own pages.</summary>
internal static class DevicePages
{
    public static string Enter(RealmSite site, string? alert) => PageParts.Frame(
        site,
        "Device Login",
        $"""
        {(alert is null
            ? ""
            : $"<div class=\"alert\" role=\"alert\"><span class=\"kc-feedback-text\">{PageParts.Encode(alert)}</span></div>")}
        <form id="kc-user-verify-device-user-code-form" action="{site.CookiePath}device" method="post">
            <label for="device_user_code">Enter the code provided by your device and click Submit</label>
            <input id="device_user_code" name="device_user_code" value="" type="text" autocomplete="off" autofocus>
            <button id="kc-login" type="submit">Submit</button>
        </form>
        """,
        "login-login-oauth2-device-verify-user-code");

    public static string Succeeded(RealmSite site) => PageParts.Frame(
        site,
        "Device Login Successful",
        """
        <div id="kc-info-message">
            <p class="instruction">You may close this browser window and go back to your device.</p>
        </div>
        """,
        "login-info");

    public static string Failed(RealmSite site, string reason) => PageParts.Frame(
        site,
        "Device Login Failed",
        $"""
        <div id="kc-info-message">
            <p class="instruction">{PageParts.Encode(reason)}</p>
            <p><a href="{PageParts.Encode(site.Issuer)}/device">» Click here to proceed</a></p>
        </div>
        """,
        "login-info");
}
