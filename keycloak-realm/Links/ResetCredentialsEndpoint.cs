using KeycloakRealm.Endpoints;
using KeycloakRealm.Pages;
using KeycloakRealm.Sessions;

namespace KeycloakRealm.Links;

/// <summary>For whoever has forgotten the password. The answer is the same whether there is such a person or not.</summary>
internal static class ResetCredentialsEndpoint
{
    public const string Path = "reset-credentials";

    private const string Sent = "You should receive an email shortly with further instructions.";

    public static async Task GetAsync(HttpContext context, RealmSite site)
    {
        if (await OpenAsync(context, site) is var (_, tab))
        {
            await ShowAsync(context, site, tab);
        }
    }

    public static async Task PostAsync(HttpContext context, RealmSite site)
    {
        var form = await ProtocolForm.ReadAsync(context);
        if (await OpenAsync(context, site) is not var (authenticationId, tab))
        {
            return;
        }

        if (!string.Equals(ProtocolForm.FromQuery(context.Request)["session_code"], tab.SessionCode, StringComparison.Ordinal))
        {
            await LoginActions.RepeatAsync(context, site, tab);
            return;
        }

        var login = form["username"]?.Trim() ?? "";
        if (login.Length == 0)
        {
            await ShowAsync(context, site, tab, "Please specify username.");
            return;
        }

        if (site.Realm.FindUserByLogin(login) is { Enabled: true, ServiceAccountOf: null, Email.Length: > 0 } user)
        {
            tab.SentLink = ActionLink.Make(site, ActionLink.ResetCredentials, user, authenticationId, tab);
            site.Mail.Write("Reset password", user, tab.SentLink);
        }

        tab.Notice = Sent;
        await SignInEndpoint.GetAsync(context, site);
    }

    private static async Task<(string AuthenticationId, AuthenticationTab Tab)?> OpenAsync(HttpContext context, RealmSite site)
    {
        Answer.SetCache(context, Answer.LoginCache);
        var query = ProtocolForm.FromQuery(context.Request);
        var authenticationId = BrowserCookies.ReadAuthentication(context, site);
        if (!site.Realm.ResetPasswordAllowed)
        {
            await Answer.PageAsync(context, StatusCodes.Status400BadRequest, ErrorPage.Render(site, "Reset Credential not allowed"));
            return null;
        }

        if (site.Sessions.FindTab(authenticationId, query["tab_id"]) is { } tab)
        {
            return (authenticationId!, tab);
        }

        await LoginActions.LostAsync(context, site, query);
        return null;
    }

    private static Task ShowAsync(HttpContext context, RealmSite site, AuthenticationTab tab, string? error = null)
    {
        tab.SessionCode = SessionStore.NewSessionCode();
        return Answer.PageAsync(
            context,
            StatusCodes.Status200OK,
            ResetPasswordPage.Render(site, tab, LoginActions.Address(site, tab, withCode: true, Path), error));
    }
}
