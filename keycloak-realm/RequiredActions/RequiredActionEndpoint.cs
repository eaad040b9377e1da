using KeycloakRealm.Endpoints;
using KeycloakRealm.Model;
using KeycloakRealm.Pages;
using KeycloakRealm.Sessions;

namespace KeycloakRealm.RequiredActions;

/// <summary>What somebody has to do after they have proved who they are, one page after the other.</summary>
internal static class RequiredActionEndpoint
{
    private const string Path = "required-action";

    private static readonly Dictionary<string, IRequiredAction> Served = new(StringComparer.Ordinal)
    {
        [AcceptTerms.Name] = new AcceptTerms(),
        [UpdateProfile.Name] = new UpdateProfile(verifies: false),
        [ConfigureTotp.Name] = new ConfigureTotp(),
        [UpdatePassword.Name] = new UpdatePassword(),
        [VerifyEmail.Name] = new VerifyEmail(),
        [UpdateProfile.VerifyName] = new UpdateProfile(verifies: true),
    };

    /// <summary>Keycloak's actions without a page of their own to ask for.</summary>
    private static readonly HashSet<string> NotRequestable = new(["update_user_locale"], StringComparer.Ordinal);

    /// <summary>To the first page.</summary>
    public static Task AskAsync(HttpContext context, RealmSite site, AuthenticationTab tab, User user)
    {
        tab.Authenticated = user;
        tab.Actions.Current = PendingActions.Next(site.Realm, tab.Actions, user) ?? ConsentEndpoint.Action;
        return Answer.RedirectAsync(context, CurrentAddress(site, tab));
    }

    public static Task GetAsync(HttpContext context, RealmSite site)
    {
        Answer.SetCache(context, Answer.LoginCache);
        var query = ProtocolForm.FromQuery(context.Request);
        if (site.Sessions.FindTab(BrowserCookies.ReadAuthentication(context, site), query["tab_id"]) is not { Authenticated: { } user } tab)
        {
            return LoginActions.LostAsync(context, site, query);
        }

        return query["execution"] is { } execution && !string.Equals(execution, tab.Actions.Current, StringComparison.Ordinal)
            ? ExpiredAsync(context, site, tab)
            : ShowNextAsync(context, site, tab, user);
    }

    public static async Task PostAsync(HttpContext context, RealmSite site)
    {
        Answer.SetCache(context, Answer.LoginCache);
        var query = ProtocolForm.FromQuery(context.Request);
        var form = await ProtocolForm.ReadAsync(context);
        if (site.Sessions.FindTab(BrowserCookies.ReadAuthentication(context, site), query["tab_id"]) is not { Authenticated: { } user } tab)
        {
            await LoginActions.LostAsync(context, site, query);
            return;
        }

        var isCurrent = string.Equals(query["execution"], tab.Actions.Current, StringComparison.Ordinal);
        var isNew = string.Equals(query["session_code"], tab.SessionCode, StringComparison.Ordinal);
        if (!isNew && !isCurrent)
        {
            await ExpiredAsync(context, site, tab);
        }
        else if (!isNew || !isCurrent)
        {
            await Answer.RedirectAsync(context, CurrentAddress(site, tab));
        }
        else
        {
            await TakeAsync(new ActionContext(context, site, tab, user, tab.Actions.Current!), form);
        }
    }

    private static async Task TakeAsync(ActionContext action, ProtocolForm form)
    {
        var (context, site, tab, user, name) = action;
        tab.Actions.LastProcessed = name;
        tab.SessionCode = SessionStore.NewSessionCode();
        if (action.IsCancellable && form["cancel-aia"] is not null)
        {
            tab.Actions.Finish(name, "cancelled");
            await ShowNextAsync(context, site, tab, user);
            return;
        }

        var answer = Served.TryGetValue(name, out var served) ? await served.TakeAsync(action, form) : new ActionAnswer(Missing(action));
        if (answer.Page is { } page)
        {
            await Answer.PageAsync(context, StatusCodes.Status200OK, page);
            return;
        }

        if (answer.Refusal is { } refusal)
        {
            if (site.Sessions.CloseTab(BrowserCookies.ReadAuthentication(context, site)!, tab) is 0)
            {
                BrowserCookies.ClearRestart(context, site);
            }

            await AuthorizationResponse.FailAsync(context, site, tab.Request.Target, "access_denied", refusal);
            return;
        }

        user.FinishAction(name);
        tab.Actions.Finish(name, "success");
        await ShowNextAsync(context, site, tab, user);
    }

    /// <summary>The page of what is next, else the question for consent, else the client.</summary>
    private static Task ShowNextAsync(HttpContext context, RealmSite site, AuthenticationTab tab, User user)
    {
        while (PendingActions.Next(site.Realm, tab.Actions, user) is { } name)
        {
            var served = Served.GetValueOrDefault(name);
            if (string.Equals(name, tab.Actions.Requested, StringComparison.Ordinal)
                && !tab.Actions.IsEnforced
                && (NotRequestable.Contains(name) || served is { CanBeRequested: false }))
            {
                tab.Actions.Finish(name, "error");
                continue;
            }

            tab.Actions.Current = name;
            tab.SessionCode = SessionStore.NewSessionCode();
            var action = new ActionContext(context, site, tab, user, name);
            return Answer.PageAsync(
                context,
                StatusCodes.Status200OK,
                served?.Show(action, ProtocolForm.FromQuery(context.Request)) ?? Missing(action));
        }

        if (ConsentEndpoint.Open(tab.Request, user).Count > 0)
        {
            tab.Actions.Current = ConsentEndpoint.Action;
            return ConsentEndpoint.ShowAsync(context, site, tab, user);
        }

        return SignInCompletion.SucceedAsync(context, site, BrowserCookies.ReadAuthentication(context, site)!, tab, user);
    }

    private static string CurrentAddress(RealmSite site, AuthenticationTab tab) =>
        LoginActions.Address(site, tab, withCode: false, Path, tab.Actions.Current);

    private static Task ExpiredAsync(HttpContext context, RealmSite site, AuthenticationTab tab) => Answer.PageAsync(
        context,
        StatusCodes.Status200OK,
        PageExpiredPage.Render(site, LoginActions.Address(site, tab, withCode: false, "restart"), CurrentAddress(site, tab)));

    /// <summary>Without a form, the page says what to change in the file.</summary>
    private static string Missing(ActionContext action) => ErrorPage.Render(
        action.Site,
        $"The account {action.User.Username} has the required action {action.Action}. Take it out of the realm file; Keycloak would "
            + "ask for it here.",
        action.Tab.Request.Client);
}
