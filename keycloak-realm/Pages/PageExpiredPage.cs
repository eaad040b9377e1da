using KeycloakRealm.Endpoints;

namespace KeycloakRealm.Pages;

/// <summary>For a form that the sign-in is past.</summary>
internal static class PageExpiredPage
{
    public static string Render(RealmSite site, string restart, string current) => PageParts.Frame(
        site,
        "Page has expired",
        $"""
        <p id="instruction1" class="instruction">
            To restart the login process <a id="loginRestartLink" href="{PageParts.Encode(restart)}">Click here</a> .<br>
            To continue the login process <a id="loginContinueLink" href="{PageParts.Encode(current)}">Click here</a> .
        </p>
        """,
        "login-login-page-expired");
}
