using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using KeycloakRealm.Endpoints;
using KeycloakRealm.Model;
using KeycloakRealm.Pages;

namespace KeycloakRealm.RequiredActions;

internal sealed class ConfigureTotp : IRequiredAction
{
    public const string Name = "CONFIGURE_TOTP";
    private const string Letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVW1234567890";

    public bool CanBeRequested => true;

    public string Show(ActionContext action, ProtocolForm query) => ConfigureTotpPage.Render(action, SetupOf(action, query["mode"]) with
    {
        Alert = action.Demand("You need to set up Mobile Authenticator to activate your account."),
    });

    public async Task<ActionAnswer> TakeAsync(ActionContext action, ProtocolForm form)
    {
        var realm = action.Site.Realm;
        var setup = SetupOf(action, form["mode"]);
        var (code, label) = (form["totp"], form["userLabel"]);
        if (string.IsNullOrWhiteSpace(code))
        {
            return new(ConfigureTotpPage.Render(action, setup with { CodeError = "Please specify authenticator code." }));
        }

        var credential = OtpCredential.FromPolicy(realm.OtpPolicy, setup.Secret, label);
        if (!credential.Fits(code, realm.OtpPolicy, action.Site.Clock.GetUtcNow()))
        {
            return new(ConfigureTotpPage.Render(action, setup with { CodeError = "Invalid authenticator code." }));
        }

        if (string.IsNullOrWhiteSpace(label) && action.User.Otps.Count > 0)
        {
            return new(ConfigureTotpPage.Render(action, setup with { LabelError = "Please specify device name." }));
        }

        await action.EndOtherSessionsAsync(form);
        if (action.User.Otps.Any(other => NameOf(other.Label).Equals(NameOf(label), StringComparison.OrdinalIgnoreCase)))
        {
            return new(ConfigureTotpPage.Render(action, setup with { LabelError = "Device already exists with the same name" }));
        }

        // The code is used up by this.
        credential.Accept(code, realm.OtpPolicy, action.Site.Clock.GetUtcNow());
        action.User.AddOtp(credential);
        action.Tab.Actions.OtpSecret = null;
        return ActionAnswer.Done;
    }

    private static string NameOf(string? label) => label?.Trim() ?? "";

    private static OtpSetup SetupOf(ActionContext action, string? mode)
    {
        var secret = action.Tab.Actions.OtpSecret ??= RandomNumberGenerator.GetString(Letters, 20);
        var manual = LoginActions.Address(action.Site, action.Tab, withCode: false, "required-action", Name) + "&mode=manual";
        return new OtpSetup(secret, AddressOf(action.Site.Realm, action.User, secret), manual, mode);
    }

    /// <summary>The Key URI format of authenticator apps.</summary>
    private static string AddressOf(Realm realm, User user, string secret)
    {
        var policy = realm.OtpPolicy;
        var issuer = Uri.EscapeDataString((string.IsNullOrEmpty(realm.DisplayName) ? realm.Name : realm.DisplayName).Replace(':', ' '));
        var last = policy.Type is OtpPolicy.Hotp ? ("counter", policy.InitialCounter) : ("period", policy.Period);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"otpauth://{policy.Type}/{issuer}:{Uri.EscapeDataString(user.Username)}?secret={Base32.Encode(Encoding.UTF8.GetBytes(secret))}"
                + $"&digits={policy.Digits}&algorithm={policy.AlgorithmInAddress}&issuer={issuer}&{last.Item1}={last.Item2}");
    }
}
