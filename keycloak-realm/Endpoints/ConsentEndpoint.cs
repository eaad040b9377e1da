using KeycloakRealm.Model;
using KeycloakRealm.Pages;
using KeycloakRealm.Sessions;
using KeycloakRealm.Tokens;

namespace KeycloakRealm.Endpoints;

/// <summary>The question whether a client may have what it asks for, where the client's setting <c>consentRequired</c> says that it is asked.</summary>
internal static class ConsentEndpoint
{
    /// <summary>Keycloak treats the question as something that the user has to do before the sign-in is complete.</summary>
    public const string Action = "OAUTH_GRANT";

    /// <summary>What the user has not granted this client yet; everything, where the client asks for the question itself.</summary>
    public static List<ConsentItem> Open(AuthorizationRequest request, User user)
    {
        if (!request.Client.ConsentRequired)
        {
            return [];
        }

        var granted = request.Prompts.Contains("consent", StringComparer.Ordinal) ? null : user.Consents.GetValueOrDefault(request.Client.Id);
        return [.. Asked(request, user).Where(item => granted is null || !granted.Items.Contains(item.Name, StringComparer.Ordinal))];
    }

    /// <summary>Sends the browser to the question.</summary>
    public static Task AskAsync(HttpContext context, RealmSite site, AuthenticationTab tab, User user)
    {
        tab.Authenticated = user;
        return Answer.RedirectAsync(context, SignInEndpoint.Address(site, tab, withCode: false, "required-action", Action));
    }

    /// <summary>Shows the question.</summary>
    public static Task ShowAsync(HttpContext context, RealmSite site, AuthenticationTab tab, User user) => Answer.PageAsync(
        context,
        StatusCodes.Status200OK,
        ConsentPage.Render(site, tab, Open(tab.Request, user), SignInEndpoint.Address(site, tab, withCode: false, "consent")));

    /// <summary>Takes the answer. As in Keycloak, the code on the page is not looked at: the cookie says which page it was.</summary>
    public static async Task PostAsync(HttpContext context, RealmSite site)
    {
        Answer.SetCache(context, Answer.LoginCache);
        var query = ProtocolForm.FromQuery(context.Request);
        var form = await ProtocolForm.ReadAsync(context);
        var authenticationId = BrowserCookies.ReadAuthentication(context, site);
        if (site.Sessions.FindTab(authenticationId, query["tab_id"]) is not { Authenticated: { } user } tab)
        {
            await SignInEndpoint.LostAsync(context, site, query);
            return;
        }

        if (form["cancel"] is null)
        {
            Grant(site, tab.Request, user);
            await SignInEndpoint.SucceedAsync(context, site, authenticationId!, tab, user);
            return;
        }

        if (site.Sessions.CloseTab(authenticationId!, tab) is 0)
        {
            BrowserCookies.ClearRestart(context, site);
        }

        var request = tab.Request;
        await AuthorizationResponse.FailAsync(
            context, site, request.Client, request.RedirectUri, request.ResponseMode, request.State, "access_denied");
    }

    private static void Grant(RealmSite site, AuthorizationRequest request, User user)
    {
        var now = site.Clock.GetUtcNow().ToUnixTimeMilliseconds();
        var asked = Asked(request, user).Select(item => item.Name);
        user.Consents.AddOrUpdate(
            request.Client.Id,
            _ => new Consent(request.Client, [.. asked], now, now),
            (_, known) => known with { Items = [.. known.Items.Union(asked, StringComparer.Ordinal)], Updated = now });
    }

    /// <summary>The scopes of the request that are shown, and the client itself where it has a text of its own.</summary>
    private static IEnumerable<ConsentItem> Asked(AuthorizationRequest request, User user)
    {
        if (request.Client.AttributeIs("display.on.consent.screen"))
        {
            var text = request.Client.Attribute("consent.screen.text") ?? request.Client.Name ?? request.Client.ClientId;
            yield return new ConsentItem(Consent.ClientItself, Messages.Resolve(text));
        }

        foreach (var scope in ScopeSelection.Select(request.Client, user, request.Scope).Where(scope => scope.ConsentText is not null))
        {
            yield return new ConsentItem(scope.Name, Messages.Resolve(scope.ConsentText!));
        }
    }
}

/// <summary>One line of the question.</summary>
internal sealed record ConsentItem(string Name, string Text);
