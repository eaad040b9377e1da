using KeycloakRealm.RequiredActions;

namespace KeycloakRealm.Pages;

internal static class TermsPage
{
    public static string Render(ActionContext action) => PageParts.Frame(
        action.Site,
        "Terms and Conditions",
        $"""
        <p>Terms and conditions to be defined</p>
        <form action="{PageParts.Encode(action.Address)}" method="POST">
            <button name="accept" id="kc-accept" type="submit">Accept</button>
            <button class="secondary" name="cancel" id="kc-decline" type="submit">Decline</button>
        </form>
        """,
        "login-terms");
}
