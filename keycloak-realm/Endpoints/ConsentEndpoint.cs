using KeycloakRealm.Model;
using KeycloakRealm.Pages;
using KeycloakRealm.Sessions;
using KeycloakRealm.Tokens;

namespace KeycloakRealm.Endpoints;

internal static class ConsentEndpoint
{
    /// <summary>Keycloak treats consent as a required action.</summary>
    public const string Action = "OAUTH_GRANT";

    /// <summary>Everything, where the client sends <c>prompt=consent</c>, or where somebody signs a device in.</summary>
    public static List<ConsentItem> Open(AuthorizationRequest request, User user)
    {
        if (!request.Client.ConsentRequired && request.Device is null)
        {
            return [];
        }

        var granted = request.Device is not null || request.Prompts.Contains("consent", StringComparer.Ordinal)
            ? null
            : user.Consents.GetValueOrDefault(request.Client.Id);
        return [.. Asked(request, user).Where(item => granted is null || !granted.Items.Contains(item.Name, StringComparer.Ordinal))];
    }

    public static Task ShowAsync(HttpContext context, RealmSite site, AuthenticationTab tab, User user) => Answer.PageAsync(
        context,
        StatusCodes.Status200OK,
        ConsentPage.Render(site, tab, Open(tab.Request, user), LoginActions.Address(site, tab, withCode: false, "consent")));

    /// <summary>As in Keycloak, the code on the page is ignored: the cookie identifies the page.</summary>
    public static async Task PostAsync(HttpContext context, RealmSite site)
    {
        Answer.SetCache(context, Answer.LoginCache);
        var query = ProtocolForm.FromQuery(context.Request);
        var form = await ProtocolForm.ReadAsync(context);
        var authenticationId = BrowserCookies.ReadAuthentication(context, site);
        if (site.Sessions.FindTab(authenticationId, query["tab_id"]) is not { Authenticated: { } user } tab)
        {
            await LoginActions.LostAsync(context, site, query);
            return;
        }

        if (form["cancel"] is null)
        {
            Grant(site, tab.Request, user);
            await SignInCompletion.SucceedAsync(context, site, authenticationId!, tab, user);
            return;
        }

        if (site.Sessions.CloseTab(authenticationId!, tab) is 0)
        {
            BrowserCookies.ClearRestart(context, site);
        }

        await AuthorizationResponse.DenyAsync(context, site, tab.Request);
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

    /// <summary>
    /// The client itself is an item where it has a consent text of its own, and where a device asks for nothing else.
    /// </summary>
    private static IEnumerable<ConsentItem> Asked(AuthorizationRequest request, User user)
    {
        var scopes = ScopeSelection.Select(request.Client, user, request.Scope).Where(scope => scope.ConsentText is not null).ToList();
        if (request.Client.AttributeIs("display.on.consent.screen") || (request.Device is not null && scopes.Count == 0))
        {
            var text = request.Client.Attribute("consent.screen.text") ?? request.Client.Name ?? request.Client.ClientId;
            yield return new ConsentItem(Consent.ClientItself, Messages.Resolve(text));
        }

        foreach (var scope in scopes)
        {
            yield return new ConsentItem(scope.Name, Messages.Resolve(scope.ConsentText!));
        }
    }
}

internal sealed record ConsentItem(string Name, string Text);
