using KeycloakRealm.Endpoints;
using KeycloakRealm.Links;
using KeycloakRealm.Model;
using KeycloakRealm.Sessions;

namespace KeycloakRealm.Pages;

internal static class RegistrationPage
{
    public static string Render(
        RealmSite site,
        AuthenticationTab tab,
        IEnumerable<ProfileField> fields,
        IReadOnlyList<string> passwordErrors,
        IReadOnlyList<string> confirmationErrors)
    {
        // The password is asked for below the name that it belongs to.
        var name = site.Realm.RegistrationEmailAsUsername ? ProfileAttribute.Email : ProfileAttribute.Username;
        var all = fields.ToList();
        var split = all.FindIndex(field => string.Equals(field.Attribute.Name, name, StringComparison.Ordinal)) + 1;
        return PageParts.Frame(
            site,
            "Register",
            $"""
            <form id="kc-register-form" action="{PageParts.Encode(
                LoginActions.Address(site, tab, withCode: true, RegistrationEndpoint.Path))}" method="post" novalidate>
                {ProfileFields.Render(all.Take(split))}
                {Password("password", "Password", passwordErrors)}
                {Password("password-confirm", "Confirm password", confirmationErrors)}
                {ProfileFields.Render(all.Skip(split))}
                <input type="submit" value="Register">
            </form>
            <p>{PageParts.BackToLogin(site, tab)}</p>
            """,
            "login-register");
    }

    private static string Password(string name, string label, IReadOnlyList<string> errors) => FormParts.Field(
        name,
        label,
        $"""<input id="{name}" name="{name}" value="" type="password" autocomplete="new-password"{FormParts.Invalid(errors)}>""",
        errors,
        required: true);
}
