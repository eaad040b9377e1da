using KeycloakRealm.Endpoints;
using KeycloakRealm.Flows;
using KeycloakRealm.Model;
using KeycloakRealm.Sessions;

namespace KeycloakRealm.Pages;

/// <summary>The pages of a sign-in. Ids, names and texts are those of Keycloak's own pages, so that one script works with both.</summary>
internal static class SignInForms
{
    public static string Render(RealmSite site, AuthenticationTab tab, string action, Shown shown) => shown.Form switch
    {
        FlowForm.Otp => Otp(site, tab, action, shown),
        FlowForm.Choice => Choice(site, tab, action),
        FlowForm.Broker => Broker(site, tab, shown.Alert!),
        _ => SignInPage.Render(site, tab, action, shown),
    };

    /// <summary>Who is signing in, with a way to be somebody else.</summary>
    public static string AttemptedUser(RealmSite site, AuthenticationTab tab) => tab.Run.User is not { } user
        ? ""
        : $"""
           <label for="kc-attempted-username">{(site.Realm.LoginWithEmailAllowed ? "Username or email" : "Username")}</label>
           <input id="kc-attempted-username" value="{PageParts.Encode(tab.Run.AttemptedName ?? user.Username)}" type="text" readonly>
           {Link("reset-login", LoginActions.Address(site, tab, withCode: false, "restart"), "Restart login")}
           """;

    public static string AnotherWay(RealmSite site, AuthenticationTab tab, string action) =>
        tab.Run.Current is not { } current || tab.Run.Choices(RequestOf(site, tab), current).Count < 2
            ? ""
            : $"""
               <form id="kc-select-try-another-way-form" action="{PageParts.Encode(action)}" method="post" novalidate>
                   <input type="hidden" name="tryAnotherWay" value="on">
                   <button id="try-another-way" class="secondary" type="submit">Try Another Way</button>
               </form>
               """;

    private static FlowRequest RequestOf(RealmSite site, AuthenticationTab tab) =>
        AuthorizationEndpoint.RequestFor(site, tab.Request, session: null);

    private static string Otp(RealmSite site, AuthenticationTab tab, string action, Shown shown)
    {
        IReadOnlyList<string> errors = shown.Error is null ? [] : [shown.Error];
        var devices = tab.Run.User!.Otps;
        return PageParts.Frame(
            site,
            "Sign In",
            $"""
            {FormParts.Alert(shown.Alert)}
            {AttemptedUser(site, tab)}
            <form id="kc-otp-login-form" action="{PageParts.Encode(action)}" method="post">
                {(devices.Count > 1
                    ? $"<fieldset><legend>Device</legend>{string.Concat(devices.Select(Device))}</fieldset>"
                    : $"<input id=\"selectedCredentialId\" type=\"hidden\" name=\"selectedCredentialId\" value=\"{devices[0].Id}\">")}
                {FormParts.Field(
                    "otp",
                    "One-time code",
                    "<input id=\"otp\" name=\"otp\" value=\"\" type=\"text\" autocomplete=\"one-time-code\" autofocus"
                        + $" inputmode=\"numeric\"{FormParts.Invalid(errors)}>",
                    errors)}
                <button name="login" id="kc-login" type="submit">Sign In</button>
            </form>
            {AnotherWay(site, tab, action)}
            """,
            "login-login-otp");

        // Radio buttons, because the page has no script.
        static string Device(OtpCredential device, int index) =>
            $"""
            <div class="choice">
                <input type="radio" id="kc-otp-credential-{index}" name="selectedCredentialId" value="{PageParts.Encode(device.Id)}"{(
                    index == 0 ? " checked" : "")}>
                <label for="kc-otp-credential-{index}">{PageParts.Encode(device.Label is { Length: > 0 } label ? label : "unnamed")}</label>
            </div>
            """;
    }

    private static string Choice(RealmSite site, AuthenticationTab tab, string action)
    {
        return PageParts.Frame(
            site,
            "Select login method",
            string.Concat(tab.Run.Choices(RequestOf(site, tab), tab.Run.Current!).Select(Form)),
            "login-select-authenticator");

        string Form(AuthenticationExecution execution)
        {
            var (name, help) = Messages.OfAuthenticator(execution.Authenticator!);
            return $"""
                <form class="kc-select-credential-form" action="{PageParts.Encode(action)}" method="post">
                    <input type="hidden" name="authenticationExecution" value="{PageParts.Encode(execution.Id)}">
                    <button class="secondary" type="submit"><strong>{PageParts.Encode(name)}</strong> {PageParts.Encode(help)}</button>
                </form>
                """;
        }
    }

    private static string Broker(RealmSite site, AuthenticationTab tab, string alias) => PageParts.Frame(
        site,
        "Sign in to your account",
        $"""
        <p class="instruction">Keycloak would send the browser to the identity provider {PageParts.Encode(alias)} now. The embedded
            realm does not broker.</p>
        {Link("continue", LoginActions.Address(site, tab, withCode: false), "Sign in with an account of the realm file")}
        """,
        "login-identity-provider");

    private static string Link(string id, string address, string text) =>
        $"""<p><a id="{id}" href="{PageParts.Encode(address)}">{text}</a></p>""";
}
