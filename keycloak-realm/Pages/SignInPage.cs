using KeycloakRealm.Endpoints;
using KeycloakRealm.Flows;
using KeycloakRealm.Links;
using KeycloakRealm.Model;
using KeycloakRealm.Sessions;

namespace KeycloakRealm.Pages;

/// <summary>The forms for name and password: both, or one of them.</summary>
internal static class SignInPage
{
    private const int MostPeople = 30;

    public static string Render(RealmSite site, AuthenticationTab tab, string action, Shown shown)
    {
        var asksName = shown.Form is not FlowForm.Password && tab.Run.User is null;
        var asksPassword = shown.Form is not FlowForm.Username;
        var login = tab.Run.AttemptedName ?? tab.Request.LoginHint;
        var passwordFirst = !asksName || !string.IsNullOrEmpty(login);
        IReadOnlyList<string> errors = shown.Error is null ? [] : [shown.Error];

        // The form for both shows all errors at the name. One about a field that is not there stands above the form.
        var isPlaced = asksName || shown.Field is "password";
        return PageParts.Frame(
            site,
            shown.Form is FlowForm.Password ? "Sign In" : "Sign in to your account",
            $"""
            <p class="application">to continue to {PageParts.Encode(PageParts.NameOf(tab.Request.Client))}</p>
            {FormParts.Alert(shown.Alert ?? (isPlaced ? null : shown.Error))}
            {(asksName ? "" : SignInForms.AttemptedUser(site, tab))}
            <form id="kc-form-login" action="{PageParts.Encode(action)}" method="post" novalidate>
                {(asksName ? Name(site, login, errors, focus: !passwordFirst || !asksPassword) : "")}
                {(asksPassword ? Password(asksName || !isPlaced ? [] : errors, invalid: errors.Count > 0, focus: passwordFirst) : "")}
                {(asksPassword && site.Realm.ResetPasswordAllowed
                    ? Link(site, tab, ResetCredentialsEndpoint.Path, "Forgot Password?")
                    : "")}
                {(shown.Form is FlowForm.UsernamePassword ? "<input type=\"hidden\" id=\"id-hidden-input\" name=\"credentialId\">" : "")}
                <button name="login" id="kc-login" type="submit">Sign In</button>
            </form>
            {SignInForms.AnotherWay(site, tab, action)}
            {PageParts.Unsent(tab.SentLink)}
            {(asksName && site.Realm.RegistrationAllowed
                ? $"<p id=\"kc-registration\">New user? {Link(site, tab, RegistrationEndpoint.Path, "Register")}</p>"
                : "")}
            {(site.OffersPeople ? People(site, tab, action) : "")}
            {(asksName ? IdentityProviders(site.Realm) : "")}
            """,
            shown.Form switch
            {
                FlowForm.Password => "login-login-password",
                FlowForm.Username => "login-login-username",
                _ => "login-login",
            });
    }

    private static string Link(RealmSite site, AuthenticationTab tab, string path, string text) =>
        $"<a href=\"{PageParts.Encode(LoginActions.Address(site, tab, withCode: false, path))}\">{text}</a>";

    private static string Name(RealmSite site, string? login, IReadOnlyList<string> errors, bool focus) => FormParts.Field(
        "username",
        PageParts.LoginLabel(site.Realm),
        $"<input id=\"username\" name=\"username\" value=\"{PageParts.Encode(login)}\" type=\"text\" autocomplete=\"username\""
            + $" autocapitalize=\"none\" spellcheck=\"false\"{(focus ? " autofocus" : "")}{Described("username", errors.Count > 0)}>",
        errors);

    private static string Password(IReadOnlyList<string> errors, bool invalid, bool focus) => FormParts.Field(
        "password",
        "Password",
        "<input id=\"password\" name=\"password\" value=\"\" type=\"password\" autocomplete=\"current-password\""
            + $"{(focus ? " autofocus" : "")}{Described(errors.Count > 0 ? "password" : "username", invalid)}>",
        errors);

    private static string Described(string name, bool invalid) =>
        invalid ? $" aria-invalid=\"true\" aria-describedby=\"input-error-{name}\"" : "";

    // Forms, because the page has no script.
    private static string People(RealmSite site, AuthenticationTab tab, string action)
    {
        var people = site.Realm.Users.Values
            .Where(user => user is { ServiceAccountOf: null, Password.Plain: not null } && (tab.Run.User is null || tab.Run.User == user))
            .ToList();
        return people.Count == 0
            ? ""
            : $"""
              <section id="people" aria-labelledby="people-title">
                  <h2 id="people-title">Development only: sign in as</h2>
                  {string.Concat(people.Take(MostPeople).Select(Person))}
              </section>
              """;

        string Person(User user) =>
            $"""
            <form action="{PageParts.Encode(action)}" method="post">
                <input type="hidden" name="username" value="{PageParts.Encode(user.Username)}">
                <input type="hidden" name="password" value="{PageParts.Encode(user.Password!.Plain)}" autocomplete="off">
                <button type="submit"><strong>{PageParts.Encode(user.Username)}</strong> <span>{Description(site, user)}</span></button>
            </form>
            """;
    }

    private static string Description(RealmSite site, User user)
    {
        var words = new[]
        {
            user.FullName,
            user.Enabled ? "" : "disabled in Keycloak",
            user.PendingAction(site.Realm) is { } pending ? $"has {pending} to do" : "",
        };
        return PageParts.Encode(string.Join(" · ", words.Where(word => word.Length > 0)));
    }

    private static string IdentityProviders(Realm realm)
    {
        var shown = realm.IdentityProviders.Where(provider => provider is { IsEnabled: true, IsHidden: false }).ToList();
        return shown.Count == 0
            ? ""
            : $"""
              <section id="kc-social-providers" aria-labelledby="providers-title">
                  <h2 id="providers-title">Or sign in with</h2>
                  {string.Concat(shown.Select(provider =>
                      $"<button id=\"social-{PageParts.Encode(provider.Alias)}\" class=\"secondary\" type=\"button\" disabled"
                          + $" aria-describedby=\"providers-reason\">{PageParts.Encode(provider.Name)}</button>"))}
                  <p id="providers-reason">The embedded realm does not broker: nobody signs in through another identity provider.</p>
              </section>
              """;
    }
}
