using System.Text.Json;
using KeycloakRealm.Endpoints;
using KeycloakRealm.Model;
using KeycloakRealm.Sessions;

namespace KeycloakRealm.Pages;

internal static class LogoutPages
{
    public static string Confirm(RealmSite site, PendingLogout logout, Client? client)
    {
        var query = ProtocolForm.Encode([new("client_id", logout.Client.ClientId), new("tab_id", logout.TabId)]);
        var action = $"{site.CookiePath}protocol/openid-connect/logout/logout-confirm?{query}";
        return PageParts.Frame(
            site,
            "Logging out",
            $"""
            <div id="kc-logout-confirm">
                <p class="instruction">Do you want to log out?</p>
                <form class="form-actions" action="{PageParts.Encode(action)}" method="POST">
                    <input type="hidden" name="session_code" value="{PageParts.Encode(logout.SessionCode)}">
                    <input name="confirmLogout" id="kc-logout" type="submit" value="Logout">
                </form>
                <div id="kc-info-message">{PageParts.BackToApplication(site, client)}</div>
            </div>
            """,
            "login-logout-confirm");
    }

    public static string Done(RealmSite site, Client? client) => PageParts.Frame(
        site,
        "You are logged out",
        $"""
        <div id="kc-info-message">
            <p class="instruction">You are logged out</p>
            {PageParts.BackToApplication(site, client)}
        </div>
        """,
        "login-info");

    /// <summary>Calls every front-channel client in a hidden frame. The script is Keycloak's own.</summary>
    public static string FrontChannel(RealmSite site, IEnumerable<(string Name, string Url)> frames, string? target)
    {
        var list = string.Concat(frames.Select(frame =>
            $"<li>{PageParts.Encode(frame.Name)}<iframe src=\"{PageParts.Encode(frame.Url)}\" style=\"display:none;\"></iframe></li>"));
        var onward = target is null
            ? ""
            : $$"""
               <script>
                   function readystatechange(event) {
                       if (document.readyState=='complete') {
                           window.location.replace({{JsonSerializer.Serialize(target)}});
                       }
                   }
                   document.addEventListener('readystatechange', readystatechange);
               </script>
               <a id="continue" href="{{PageParts.Encode(target)}}">Continue</a>
               """;
        return PageParts.Frame(
            site,
            "Logging out",
            $"""
            <p>You are logging out from following apps</p>
            <ul>{list}</ul>
            {onward}
            """,
            "login-frontchannel-logout");
    }
}
