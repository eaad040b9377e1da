using KeycloakRealm.RequiredActions;

namespace KeycloakRealm.Pages;

internal static class UpdatePasswordPage
{
    public static string Render(ActionContext action, string? alert, string? passwordError = null, string? confirmError = null)
    {
        string[] ofPassword = passwordError is null ? [] : [passwordError];
        string[] ofConfirmation = confirmError is null ? [] : [confirmError];
        return PageParts.Frame(
            action.Site,
            "Update password",
            $"""
            {FormParts.Alert(alert)}
            <form id="kc-passwd-update-form" action="{PageParts.Encode(action.Address)}" method="post" novalidate>
                {FormParts.Field("password-new", "New Password", Input("password-new", " autofocus", ofPassword), ofPassword)}
                {FormParts.Field("password-confirm", "Confirm password", Input("password-confirm", "", ofConfirmation), ofConfirmation)}
                {FormParts.LogoutSessions}
                <button name="login" id="kc-submit" type="submit">Submit</button>
                {FormParts.Cancel(action.IsCancellable, "kc-cancel")}
            </form>
            """,
            "login-login-update-password");
    }

    private static string Input(string name, string focus, string[] errors) =>
        $"""<input id="{name}" name="{name}" value="" type="password" autocomplete="new-password"{focus}{FormParts.Invalid(errors)}>""";
}
