using KeycloakRealm.Endpoints;
using KeycloakRealm.Model;

namespace KeycloakRealm.Pages;

internal static class ErrorPage
{
    public static string Render(RealmSite? site, string message, Client? client = null) => PageParts.Frame(
        site,
        "We are sorry...",
        $"""
        <div id="kc-error-message">
            <p class="instruction">{PageParts.Encode(message)}</p>
            {PageParts.BackToApplication(site, client, "backToApplication")}
        </div>
        """,
        "login-error");
}
