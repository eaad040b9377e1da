using KeycloakRealm.Endpoints;
using KeycloakRealm.Model;
using KeycloakRealm.Sessions;

namespace KeycloakRealm.Pages;

/// <summary>Ids, names and texts are those of Keycloak's own page, so that one script works with both.</summary>
internal static class SignInPage
{
    private const int MostPeople = 30;

    public static string Render(
        RealmSite site, AuthenticationTab tab, string action, string? login, string? fieldError = null, string? alert = null)
    {
        var request = tab.Request;
        var form = tab.Levels.Next(site.Now)?.Form ?? SignInForm.UsernamePassword;
        var invalid = fieldError is null ? "" : " aria-invalid=\"true\" aria-describedby=\"input-error-username\"";
        var focusPassword = tab.SignedIn is not null || !string.IsNullOrEmpty(login);
        var passwordOnly = form is SignInForm.Password;
        var focus = focusPassword ? " autofocus" : "";
        var label = site.Realm.LoginWithEmailAllowed ? "Username or email" : "Username";
        alert ??= tab.SignedIn is null || passwordOnly ? null : "Please re-authenticate to continue";
        return PageParts.Frame(
            site,
            "Sign in to your account",
            $"""
            <p class="application">to continue to {PageParts.Encode(PageParts.NameOf(request.Client))}</p>
            {(alert is null
                ? ""
                : $"<div class=\"alert\" role=\"alert\"><span class=\"kc-feedback-text\">{PageParts.Encode(alert)}</span></div>")}
            <form id="kc-form-login" action="{PageParts.Encode(action)}" method="post" novalidate>
                <label for="{(tab.SignedIn is null ? "username" : "kc-attempted-username")}">{label}</label>
                {(tab.SignedIn is { } user
                    ? $"<input id=\"kc-attempted-username\" value=\"{PageParts.Encode(user.Username)}\" type=\"text\" readonly>"
                    : $"<input id=\"username\" name=\"username\" value=\"{PageParts.Encode(login)}\" type=\"text\""
                        + " autocomplete=\"username\" autocapitalize=\"none\" spellcheck=\"false\""
                        + $"{(focusPassword ? "" : " autofocus")}{invalid}>")}
                <div id="input-error-container-username" aria-live="polite">{FieldError(fieldError)}
                </div>
                <label for="password">Password</label>
                <input id="password" name="password" value="" type="password" autocomplete="current-password"{focus}{invalid}>
                {(passwordOnly ? "" : "<input type=\"hidden\" id=\"id-hidden-input\" name=\"credentialId\">")}
                <button name="login" id="kc-login" type="submit">Sign In</button>
            </form>
            {(site.OffersPeople ? People(site, tab, action) : "")}
            """,
            passwordOnly ? "login-login-password" : "login-login");
    }

    // Forms, because the page has no script.
    private static string People(RealmSite site, AuthenticationTab tab, string action)
    {
        var people = site.Realm.Users.Values
            .Where(user => user is { ServiceAccountOf: null, Password.Plain: not null } && (tab.SignedIn is null || tab.SignedIn == user))
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

    private static string FieldError(string? message) => message is null
        ? ""
        : $"""

                    <div class="field-error" id="input-error-username">
                        <span class="kc-feedback-text">{PageParts.Encode(message)}</span>
                    </div>
           """;
}
