using System.Globalization;
using KeycloakRealm.Model;
using KeycloakRealm.Pages;
using KeycloakRealm.RequiredActions;
using KeycloakRealm.Sessions;
using KeycloakRealm.Tokens;

namespace KeycloakRealm.Endpoints;

/// <summary>What follows when somebody has proved who they are: required actions, consent, the session, the answer to the client.</summary>
internal static class SignInCompletion
{
    /// <summary>To the next required action or the question for consent, else to the client.</summary>
    public static Task ContinueAsync(HttpContext context, RealmSite site, string authenticationId, AuthenticationTab tab, User user)
    {
        tab.Actions.LastProcessed = ProtocolForm.FromQuery(context.Request)["execution"];
        return PendingActions.Next(site.Realm, tab.Actions, user) is not null || ConsentEndpoint.Open(tab.Request, user).Count > 0
            ? RequiredActionEndpoint.AskAsync(context, site, tab, user)
            : SucceedAsync(context, site, authenticationId, tab, user);
    }

    public static async Task SucceedAsync(HttpContext context, RealmSite site, string authenticationId, AuthenticationTab tab, User user)
    {
        if (tab.IsPassing)
        {
            if (BrowserCookies.ReadIdentity(context, site) is { } known
                && known.User == user
                && site.Sessions.CloseTab(authenticationId, tab) is { } open)
            {
                if (open == 0)
                {
                    BrowserCookies.ClearRestart(context, site);
                }

                await AuthorizationEndpoint.PassAsync(
                    context, site, RequestOf(tab), known, site.Sessions.OpenAuthentication(authenticationId).Authentication);
                return;
            }

            await LoginActions.LostAsync(context, site, ProtocolForm.FromQuery(context.Request));
            return;
        }

        if (tab.ResetLink is { } link)
        {
            site.Sessions.Revoke(link.Id, link.Expires);
        }

        if (tab.EndsHere)
        {
            site.Sessions.CloseTab(authenticationId, tab);
            await Answer.PageAsync(context, StatusCodes.Status200OK, InfoPage.Render(
                site, "Account updated", "Your account has been updated.", tab.Request.Client));
            return;
        }

        if (site.Sessions.Find(authenticationId) is { } other && other.User != user)
        {
            await Answer.PageAsync(context, StatusCodes.Status400BadRequest, ErrorPage.Render(
                site,
                $"You are already authenticated as different user '{other.User.Username}' in this session. Please sign out first.",
                tab.Request.Client));
            return;
        }

        if (tab.Request.Acr.Essential.Count > 0
            && AuthorizationEndpoint.FlowOf(site, tab.Request).HasLevels
            && tab.Run.Levels.Current < tab.Request.Acr.Level)
        {
            await Answer.PageAsync(context, StatusCodes.Status400BadRequest, ErrorPage.Render(
                site, "Authentication requirements not fulfilled", tab.Request.Client));
            return;
        }

        if (site.Sessions.CloseTab(authenticationId, tab) is not { } openTabs)
        {
            await LoginActions.LostAsync(context, site, ProtocolForm.FromQuery(context.Request));
            return;
        }

        site.BruteForce.Succeed(user, tab.Run.Credentials);
        var isNew = site.Sessions.Find(authenticationId) is null;
        var (session, part) = site.Sessions.Enter(authenticationId, user, tab.Request.Client, reused: false, RemoteAddress.Of(context));
        part.Nonce = tab.Request.Nonce;
        part.BeganOffline = isNew && ScopeSelection.AsksOffline(tab.Request.Client, tab.Request.Scope);
        session.UserAgent ??= context.Request.Headers.UserAgent;
        session.Levels = tab.Run.Levels.Reached;
        session.Notes["AUTH_TIME"] = site.Now.ToString(CultureInfo.InvariantCulture);
        if (openTabs == 0)
        {
            BrowserCookies.ClearRestart(context, site);
        }

        BrowserCookies.WriteIdentity(context, site, session);
        await AuthorizationResponse.SucceedAsync(context, site, RequestOf(tab), session, reused: false, tab.Run.Levels.Current);
    }

    private static AuthorizationRequest RequestOf(AuthenticationTab tab) => tab.Request with { Outcome = tab.Actions.Outcome };
}
