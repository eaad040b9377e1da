using KeycloakRealm.Endpoints;
using KeycloakRealm.Model;
using KeycloakRealm.Pages;

namespace KeycloakRealm.RequiredActions;

internal sealed class UpdatePassword : IRequiredAction
{
    public const string Name = "UPDATE_PASSWORD";

    public bool CanBeRequested => true;

    public string Show(ActionContext action, ProtocolForm query) => UpdatePasswordPage.Render(
        action,
        action.Demand(action.User.RequiredActions.Contains(Name, StringComparer.Ordinal)
            ? "You need to change your password to activate your account."
            : "You need to change your password."));

    public async Task<ActionAnswer> TakeAsync(ActionContext action, ProtocolForm form)
    {
        var password = form["password-new"];
        if (string.IsNullOrWhiteSpace(password))
        {
            return new(UpdatePasswordPage.Render(action, alert: null, passwordError: "Please specify password."));
        }

        if (!string.Equals(password, form["password-confirm"], StringComparison.Ordinal))
        {
            return new(UpdatePasswordPage.Render(action, alert: null, confirmError: "Passwords don't match."));
        }

        // As in Keycloak, sessions end even if the password is refused then.
        await action.EndOtherSessionsAsync(form);
        var policy = action.Site.Realm.PasswordPolicy;
        if (policy.Violation(password, action.User) is { } violation)
        {
            return new(UpdatePasswordPage.Render(action, violation));
        }

        action.User.ChangePassword(Password.FromPlain(password), policy);
        return ActionAnswer.Done;
    }
}
