using KeycloakRealm.RequiredActions;

namespace KeycloakRealm.Pages;

internal static class VerifyEmailPage
{
    public static string Render(ActionContext action, string? alert)
    {
        var address = PageParts.Encode(action.User.Email);
        var isSent = action.Tab.SentLink is not null;
        return PageParts.Frame(
            action.Site,
            "Email verification",
            $"""
            {FormParts.Alert(alert)}
            <p class="instruction">{(isSent
                ? $"An email with instructions to verify your email address has been sent to your address {address}."
                : $"To verify your email address, we are about to send you email with instructions to the address {address}.")}</p>
            {(action.IsCancellable
                ? $"""
                  <form id="kc-verify-email-form" action="{PageParts.Encode(action.Address)}" method="post">
                      <input type="submit" value="{(isSent ? "Re-send verification email" : "Send verification email")}">
                      {FormParts.Cancel(action.IsCancellable)}
                  </form>
                  """
                : $"""
                  <p class="instruction">Haven't received a verification code in your email?<br>
                      <a href="{PageParts.Encode(action.Address)}">Click here</a> to re-send the email.</p>
                  """)}
            {PageParts.Unsent(action.Tab.SentLink)}
            """,
            "login-login-verify-email");
    }
}
