using KeycloakRealm.Flows;
using KeycloakRealm.Links;
using KeycloakRealm.Model;
using KeycloakRealm.Pages;
using KeycloakRealm.RequiredActions;
using KeycloakRealm.Sessions;

namespace KeycloakRealm.Endpoints;

/// <summary>RFC 6749, section 3.1; OpenID Connect Core 1.0, section 3.1.2.</summary>
internal static class AuthorizationEndpoint
{
    private const string PushedPrefix = "urn:ietf:params:oauth:request_uri:";

    public static Task GetAsync(HttpContext context, RealmSite site) =>
        AuthorizeAsync(context, site, ProtocolForm.FromQuery(context.Request));

    public static async Task PostAsync(HttpContext context, RealmSite site) =>
        await AuthorizeAsync(context, site, await ProtocolForm.ReadAsync(context));

    /// <summary>Keycloak's own address for what <c>prompt=create</c> asks for.</summary>
    public static Task GetRegistrationAsync(HttpContext context, RealmSite site) =>
        AuthorizeAsync(context, site, ForRegistration(ProtocolForm.FromQuery(context.Request)));

    public static async Task PostRegistrationAsync(HttpContext context, RealmSite site) =>
        await AuthorizeAsync(context, site, ForRegistration(await ProtocolForm.ReadAsync(context)));

    /// <summary>The parameters were checked when the sign-in began.</summary>
    public static Task RestartAsync(HttpContext context, RealmSite site, ProtocolForm parameters, string message) =>
        AuthorizeAsync(context, site, parameters, message);

    /// <summary>For a sign-in that no authorization request of a client began.</summary>
    public static Task BeginAsync(HttpContext context, RealmSite site, AuthorizationRequest request) =>
        ContinueAsync(context, site, request, new ProtocolForm([]), redirect: true, notice: null);

    private static ProtocolForm ForRegistration(ProtocolForm parameters) =>
        new(parameters.All.Where(each => each.Key is not "prompt").Append(new("prompt", "create")));

    private static async Task AuthorizeAsync(HttpContext context, RealmSite site, ProtocolForm parameters, string? message = null)
    {
        if (!site.Realm.Enabled)
        {
            await Answer.PageAsync(context, StatusCodes.Status400BadRequest, ErrorPage.Render(site, "Realm not enabled"));
            return;
        }

        // A restart comes from a form post, so it is redirected to the page as well.
        var redirect = message is not null;
        var foreign = false;
        if (parameters["request_uri"] is { } uri
            && uri.StartsWith(PushedPrefix, StringComparison.Ordinal)
            && parameters["client_id"] is { } clientId)
        {
            if (site.Realm.FindClient(clientId) is not null && site.Sessions.TakePushed(uri, clientId) is { } remembered)
            {
                parameters = new ProtocolForm(remembered.Where(each => each.Key is not "client_id").Append(new("client_id", clientId)));
                foreign = !string.Equals(remembered["client_id"], clientId, StringComparison.Ordinal);
                redirect = true;
            }
        }

        var reading = AuthorizationRequestReader.Read(site, parameters);
        if (reading.Request is not { } request)
        {
            await (reading.Target is { } target
                ? AuthorizationResponse.FailAsync(context, site, target, reading.Error!, reading.Description)
                : Answer.PageAsync(context, reading.Status, ErrorPage.Render(site, reading.Error!, reading.Client)));
            return;
        }

        if (foreign)
        {
            // The redirect URI is registered for both clients, but the request was pushed by the other one.
            await Answer.PageAsync(context, StatusCodes.Status400BadRequest, ErrorPage.Render(site, "Invalid Request", request.Client));
            return;
        }

        await ContinueAsync(context, site, request, parameters, redirect, message);
    }

    private static Task ContinueAsync(
        HttpContext context, RealmSite site, AuthorizationRequest request, ProtocolForm parameters, bool redirect, string? notice)
    {
        var session = BrowserCookies.ReadIdentity(context, site);
        if (session is null && BrowserCookies.HasIdentity(context))
        {
            BrowserCookies.ClearIdentity(context, site);
        }

        var (authentication, isNew) = site.Sessions.OpenAuthentication(session?.Id ?? BrowserCookies.ReadAuthentication(context, site));
        if (isNew)
        {
            BrowserCookies.WriteAuthentication(context, site, authentication.Id, withHash: true);
        }

        if (request.Acr.IsUnknown)
        {
            return Answer.PageAsync(
                context, StatusCodes.Status400BadRequest, ErrorPage.Render(site, "Invalid parameter: claims", request.Client));
        }

        Answer.SetCache(context, Answer.LoginCache);
        var silent = request.Prompts.Contains("none", StringComparer.Ordinal);
        var registers = !silent && request.Prompts.Contains("create", StringComparer.Ordinal);
        if (registers && !site.Realm.RegistrationAllowed)
        {
            return Answer.PageAsync(
                context, StatusCodes.Status400BadRequest, ErrorPage.Render(site, RegistrationEndpoint.NotAllowed, request.Client));
        }

        // Another open page of this browser may need the cookie.
        var hadRestart = BrowserCookies.HasRestart(context) && authentication.Tabs.Count == 0;
        if (!silent)
        {
            BrowserCookies.WriteRestart(context, site, parameters);
        }

        if (redirect && !silent)
        {
            // A pushed request's address works once; the page needs one that can be reloaded.
            var waiting = site.Sessions.OpenTab(authentication, request, NewRun(site, request), notice);
            return Answer.RedirectAsync(context, LoginActions.Address(site, waiting, withCode: false));
        }

        if (registers)
        {
            return RegistrationEndpoint.ShowAsync(
                context, site, site.Sessions.OpenTab(authentication, request, NewRun(site, request), notice));
        }

        var run = NewRun(site, request);
        var step = run.Begin(RequestFor(site, request, session));
        if (step is null && run is { Session: { } known, SetupActions.Count: 0 })
        {
            if (PendingActions.HasAny(site, request, known.User))
            {
                return AskAsync(context, site, request, run, authentication, silent);
            }

            if (hadRestart)
            {
                BrowserCookies.ClearRestart(context, site);
            }

            return PassAsync(context, site, PendingActions.Settle(site.Realm, request, known.User), known, authentication);
        }

        if (silent && step is null or Shown)
        {
            if (hadRestart)
            {
                BrowserCookies.ClearRestart(context, site);
            }

            site.Sessions.CloseAuthentication(authentication);
            return AuthorizationResponse.FailAsync(context, site, request.Target, "login_required");
        }

        var tab = site.Sessions.OpenTab(authentication, request, run, notice);
        return SignInEndpoint.AnswerAsync(context, site, authentication.Id, tab, step);
    }

    public static FlowRequest RequestFor(RealmSite site, AuthorizationRequest request, UserSession? session) =>
        new(site, request.Client, request.Scope) { Authorization = request, Session = session };

    public static AuthenticationFlow FlowOf(RealmSite site, AuthorizationRequest request) =>
        request.Client.BrowserFlow ?? site.Realm.BrowserFlow;

    public static Task PassAsync(
        HttpContext context, RealmSite site, AuthorizationRequest request, UserSession session, Authentication authentication)
    {
        site.Sessions.Enter(session.Id, session.User, request.Client, reused: true).Client.BeganOffline = false;
        site.Sessions.CloseAuthentication(authentication);
        BrowserCookies.WriteIdentity(context, site, session);
        return AuthorizationResponse.SucceedAsync(
            context, site, request, session, reused: true, AuthenticationLevels.HighestOf(session, FlowOf(site, request), site.Now));
    }

    /// <summary>With <c>prompt=none</c>, asking for anything is an error.</summary>
    private static Task AskAsync(
        HttpContext context, RealmSite site, AuthorizationRequest request, FlowRun run, Authentication authentication, bool silent)
    {
        if (silent)
        {
            site.Sessions.CloseAuthentication(authentication);
            return AuthorizationResponse.FailAsync(context, site, request.Target, "interaction_required");
        }

        var tab = site.Sessions.OpenTab(authentication, request, run);
        tab.IsPassing = true;
        return RequiredActionEndpoint.AskAsync(context, site, tab, run.User!);
    }

    public static FlowRun NewRun(RealmSite site, AuthorizationRequest request) =>
        new(FlowOf(site, request), new AuthenticationLevels(request.Acr.Level));

    public static bool MustProveAgain(RealmSite site, AuthorizationRequest request, UserSession session) =>
        request.Prompts.Contains("login", StringComparer.Ordinal)
        || !IsRecent(site, session, request.MaxAge)
        || !IsRecent(site, session, PendingActions.MaxAuthAge(site.Realm, request));

    private static bool IsRecent(RealmSite site, UserSession session, long? maxAge) =>
        maxAge is not { } seconds
        || (session.Notes.TryGetValue("AUTH_TIME", out var time)
            && long.TryParse(time, System.Globalization.CultureInfo.InvariantCulture, out var at)
            && at + seconds > site.Now);
}
