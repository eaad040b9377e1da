using KeycloakRealm.Endpoints;
using KeycloakRealm.Sessions;

namespace KeycloakRealm.Pages;

internal static class ResetPasswordPage
{
    public static string Render(RealmSite site, AuthenticationTab tab, string action, string? error)
    {
        string[] errors = error is null ? [] : [error];
        var what = site.Realm.DuplicateEmailsAllowed ? "username" : "username or email address";
        return PageParts.Frame(
            site,
            "Forgot Your Password?",
            $"""
            <form id="kc-reset-password-form" action="{PageParts.Encode(action)}" method="post">
                {FormParts.Field(
                    "username",
                    PageParts.LoginLabel(site.Realm),
                    $"<input id=\"username\" name=\"username\" type=\"text\" autocomplete=\"off\" autofocus{FormParts.Invalid(errors)}>",
                    errors)}
                <button id="kc-form-buttons" type="submit">Submit</button>
            </form>
            <p>{PageParts.BackToLogin(site, tab)}</p>
            <p id="kc-info">Enter your {what} and we will send you instructions on how to create a new password.</p>
            """,
            "login-login-reset-password");
    }
}
