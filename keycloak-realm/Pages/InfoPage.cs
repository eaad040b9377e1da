using KeycloakRealm.Endpoints;
using KeycloakRealm.Model;

namespace KeycloakRealm.Pages;

internal static class InfoPage
{
    /// <summary>With a link to what is next, or back to the client.</summary>
    public static string Render(RealmSite site, string title, string message, Client? client, string? onward = null) => PageParts.Frame(
        site,
        title,
        $"""
        <div id="kc-info-message">
            <p class="instruction">{PageParts.Encode(message)}</p>
            {(onward is null
                ? PageParts.BackToApplication(site, client)
                : $"<p><a href=\"{PageParts.Encode(onward)}\">» Click here to proceed</a></p>")}
        </div>
        """,
        "login-info");
}
