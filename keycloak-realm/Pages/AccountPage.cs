using KeycloakRealm.Account;
using KeycloakRealm.Endpoints;
using KeycloakRealm.Sessions;

namespace KeycloakRealm.Pages;

/// <summary>In the place of Keycloak's account console, and much smaller. Changes are made in the sign-in's own forms.</summary>
internal static class AccountPage
{
    private const string Title = "Your account";

    public static string RenderSignedOut(RealmSite site) => PageParts.Frame(
        site,
        Title,
        $"""
        <p class="instruction">Sign in to see your account.</p>
        <p><a id="sign-in" href="{PageParts.Encode(AccountPageEndpoint.SignInAddress(site))}">Sign in</a></p>
        """,
        "account-signed-out");

    public static string Render(RealmSite site, UserSession session, string? stateChecker)
    {
        var user = session.User;
        var sessions = site.Sessions.List(each => each.User == user).OrderByDescending(each => each.LastRefresh);
        return PageParts.Frame(
            site,
            Title,
            $"""
            <section aria-labelledby="profile-title">
                <h2 id="profile-title">Personal info</h2>
                <dl>
                    {Term("Username", user.Username)}
                    {Term("Name", user.FullName)}
                    {Term("Email", user.Email is null ? "" : user.Email + (user.EmailVerified ? " (verified)" : " (not verified)"))}
                </dl>
                {Link(site, "UPDATE_PROFILE", "Change personal info")}
            </section>
            <section aria-labelledby="credentials-title">
                <h2 id="credentials-title">Signing in</h2>
                <dl>
                    {Term("Password", user.Password is null ? "not set" : "set")}
                    {string.Concat(user.Otps.Select(otp => Term("Authenticator", otp.Label is { Length: > 0 } label ? label : "unnamed")))}
                </dl>
                {Link(site, "UPDATE_PASSWORD", "Change password")}
                {Link(site, "CONFIGURE_TOTP", "Set up an authenticator")}
            </section>
            <section aria-labelledby="sessions-title">
                <h2 id="sessions-title">Sessions</h2>
                <ul id="sessions">
                    {string.Concat(sessions.Select(each => Session(each, isOwn: each == session, stateChecker)))}
                </ul>
            </section>
            <p><a id="sign-out" href="{PageParts.Encode(site.Issuer)}/protocol/openid-connect/logout">Sign out</a></p>
            """,
            "account");
    }

    private static string Term(string name, string value) =>
        value.Length == 0 ? "" : $"<dt>{name}</dt><dd>{PageParts.Encode(value)}</dd>";

    private static string Link(RealmSite site, string action, string text) => site.Realm.RequiredActions.Contains(action)
        ? $"""<p><a href="{PageParts.Encode(AccountPageEndpoint.SignInAddress(site, action))}">{text}</a></p>"""
        : "";

    private static string Session(UserSession session, bool isOwn, string? stateChecker)
    {
        var device = Device.Of(session.UserAgent);
        var clients = string.Join(", ", session.Clients.Values.Select(part => PageParts.NameOf(part.Client)));
        var started = DateTimeOffset.FromUnixTimeSeconds(session.Started).ToString("u", System.Globalization.CultureInfo.InvariantCulture);
        return $"""
            <li>
                <strong>{PageParts.Encode(device.Browser)}</strong>
                <span>{PageParts.Encode(device.System)}, {PageParts.Encode(session.Address)}, since
                    <time>{started}</time>{(clients.Length > 0 ? ": " + PageParts.Encode(clients) : "")}</span>
                {(isOwn
                    ? "<em>this browser</em>"
                    : $"""
                      <form method="post">
                          <input type="hidden" name="{AccountPageEndpoint.StateField}" value="{PageParts.Encode(stateChecker)}">
                          <input type="hidden" name="{AccountPageEndpoint.SessionField}" value="{PageParts.Encode(session.Id)}">
                          <button class="secondary" type="submit">Sign out</button>
                      </form>
                      """)}
            </li>
            """;
    }
}
