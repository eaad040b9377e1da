using System.Security.Cryptography;
using System.Text;
using KeycloakRealm.Endpoints;
using KeycloakRealm.Pages;
using KeycloakRealm.Tokens;

namespace KeycloakRealm.Account;

/// <summary>A page for people about their own account, for whom the browser is signed in as.</summary>
internal static class AccountPageEndpoint
{
    public const string StateField = "stateChecker";
    public const string SessionField = "session";

    public static Task DispatchAsync(HttpContext context, RealmSite site, IReadOnlyDictionary<string, RealmSite> sites) =>
        context.Request.Method switch
        {
            "GET" or "HEAD" => GetAsync(context, site),
            "POST" when ProtocolForm.IsForm(context.Request) => PostAsync(context, site),
            _ => RealmRouting.NotAllowedAsync(context, site),
        };

    /// <summary>The way to the sign-in and back, by way of what the person wants to do.</summary>
    public static string SignInAddress(RealmSite site, string? action = null)
    {
        var client = site.Realm.FindClient("account-console") ?? site.Realm.FindClient(AccountRoles.Client);
        var parameters = new List<KeyValuePair<string, string>>
        {
            new("client_id", client?.ClientId ?? AccountRoles.Client),
            new("redirect_uri", Address(site)),
            new("response_type", "code"),
            new("scope", ScopeSelection.OpenId),

            // Nobody redeems the code: the cookie is enough. A client may insist on a challenge all the same.
            new("code_challenge", Base64Url.Encode(RandomNumberGenerator.GetBytes(32))),
            new("code_challenge_method", "S256"),
        };
        if (action is not null)
        {
            parameters.Add(new("kc_action", action));
        }

        return $"{site.Issuer}/protocol/openid-connect/auth?{ProtocolForm.Encode(parameters)}";
    }

    private static string Address(RealmSite site) => site.Issuer + "/account/";

    private static Task GetAsync(HttpContext context, RealmSite site)
    {
        Answer.SetCache(context, Answer.NoCache);
        if (context.Request.Query.ContainsKey("code"))
        {
            return Answer.RedirectAsync(context, Address(site));
        }

        var page = BrowserCookies.ReadIdentity(context, site) is { } session
            ? AccountPage.Render(site, session, BrowserCookies.ReadStateChecker(context, site))
            : AccountPage.RenderSignedOut(site);
        return Answer.PageAsync(context, StatusCodes.Status200OK, page);
    }

    /// <summary>Ends one of the person's sessions. The state checker proves that the form is from the page.</summary>
    private static async Task PostAsync(HttpContext context, RealmSite site)
    {
        Answer.SetCache(context, Answer.NoCache);
        var form = await ProtocolForm.ReadAsync(context);
        if (BrowserCookies.ReadIdentity(context, site) is { } own
            && IsSame(form[StateField], BrowserCookies.ReadStateChecker(context, site))
            && site.Sessions.Find(form[SessionField]) is { } session
            && session.User == own.User
            && site.Sessions.End(session.Id) is { } ended)
        {
            await site.Notifier.NotifyAsync(ended);
        }

        await Answer.RedirectAsync(context, Address(site));
    }

    private static bool IsSame(string? sent, string? expected) => sent is not null && expected is not null
        && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(sent), Encoding.UTF8.GetBytes(expected));
}
