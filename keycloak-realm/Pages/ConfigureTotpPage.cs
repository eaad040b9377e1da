using System.Globalization;
using System.Text;
using KeycloakRealm.Model;
using KeycloakRealm.RequiredActions;

namespace KeycloakRealm.Pages;

/// <summary>Shows the secret as text in either mode, and as a link for an app on the same device; there is no picture to scan.</summary>
internal static class ConfigureTotpPage
{
    private static readonly (string Name, Func<OtpPolicy, bool> Supports)[] Apps =
    [
        ("Google Authenticator", policy => policy is { Type: OtpPolicy.Hotp } or { Period: 30 }),
        ("Microsoft Authenticator", policy => policy is { Type: OtpPolicy.Totp, Digits: 6, Period: 30, Algorithm: "HmacSHA1" }),
        ("FreeOTP", _ => true),
    ];

    public static string Render(ActionContext action, OtpSetup setup)
    {
        var policy = action.Site.Realm.OtpPolicy;
        string[] ofCode = setup.CodeError is { } wrongCode ? [wrongCode] : [];
        var code = FormParts.Invalid(ofCode);
        string[] ofLabel = setup.LabelError is { } wrongLabel ? [wrongLabel] : [];
        var key = Base32.Encode(Encoding.UTF8.GetBytes(setup.Secret)).Chunk(4).Select(part => new string(part));
        var manual = setup.Mode is "manual"
            ? ""
            : $"<p><a href=\"{PageParts.Encode(setup.ManualAddress)}\" id=\"mode-manual\">Unable to scan?</a></p>";
        var mode = setup.Mode is null
            ? ""
            : $"<input type=\"hidden\" id=\"mode\" name=\"mode\" value=\"{PageParts.Encode(setup.Mode)}\">";
        return PageParts.Frame(
            action.Site,
            "Mobile Authenticator Setup",
            $"""
            {FormParts.Alert(setup.Alert)}
            <ol id="kc-totp-settings">
                <li>
                    <p>Install one of the following applications on your mobile:</p>
                    <ul id="kc-totp-supported-apps">{string.Concat(
                        Apps.Where(app => app.Supports(policy)).Select(app => $"<li>{app.Name}</li>"))}</ul>
                </li>
                <li>
                    <p>Open the application and enter the key:</p>
                    <p><span id="kc-totp-secret-key">{string.Join(' ', key)}</span></p>
                    <p><a id="kc-totp-address" href="{PageParts.Encode(setup.Address)}">Open in an application on this device</a></p>
                    {manual}
                </li>
                <li>
                    <p>Use the following configuration values if the application allows setting them:</p>
                    <ul>
                        <li id="kc-totp-type">Type: {(policy.Type is OtpPolicy.Totp ? "Time-based" : "Counter-based")}</li>
                        <li id="kc-totp-algorithm">Algorithm: {PageParts.Encode(policy.AlgorithmInAddress ?? policy.Algorithm)}</li>
                        <li id="kc-totp-digits">Digits: {policy.Digits.ToString(CultureInfo.InvariantCulture)}</li>
                        {(policy.Type is OtpPolicy.Totp
                            ? $"<li id=\"kc-totp-period\">Interval: {policy.Period.ToString(CultureInfo.InvariantCulture)}</li>"
                            : $"<li id=\"kc-totp-counter\">Counter: {policy.InitialCounter.ToString(CultureInfo.InvariantCulture)}</li>")}
                    </ul>
                </li>
                <li>
                    <p>Enter the one-time code provided by the application and click Submit to finish the setup.</p>
                    <p>Provide a Device Name to help you manage your OTP devices.</p>
                </li>
            </ol>
            <form action="{PageParts.Encode(action.Address)}" id="kc-totp-settings-form" method="post" novalidate>
                <label for="totp">One-time code <span aria-hidden="true">*</span></label>
                <input type="text" required id="totp" name="totp" autocomplete="one-time-code" inputmode="numeric"{code}>
                <div aria-live="polite">{FormParts.Errors("input-error-otp-code", ofCode)}</div>
                <input type="hidden" id="totpSecret" name="totpSecret" value="{PageParts.Encode(setup.Secret)}">
                {mode}
                <label for="userLabel">Device Name{(action.User.Otps.Count > 0 ? " <span aria-hidden=\"true\">*</span>" : "")}</label>
                <input type="text" id="userLabel" name="userLabel" autocomplete="off"{FormParts.Invalid(ofLabel)}>
                <div aria-live="polite">{FormParts.Errors("input-error-otp-label", ofLabel)}</div>
                {FormParts.LogoutSessions}
                <input type="submit" id="saveTOTPBtn" value="Submit">
                {FormParts.Cancel(action.IsCancellable, "cancelTOTPBtn")}
            </form>
            """,
            "login-login-config-totp");
    }
}

/// <summary><c>Address</c> is what an authenticator app opens, <c>ManualAddress</c> that of the page for a person who types.</summary>
internal sealed record OtpSetup(string Secret, string Address, string ManualAddress, string? Mode)
{
    public string? Alert { get; init; }

    public string? CodeError { get; init; }

    public string? LabelError { get; init; }
}
