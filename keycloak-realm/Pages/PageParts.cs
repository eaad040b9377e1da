using System.Net;
using System.Text.Encodings.Web;
using System.Text.RegularExpressions;
using KeycloakRealm.Endpoints;
using KeycloakRealm.Model;
using KeycloakRealm.Sessions;

namespace KeycloakRealm.Pages;

internal static partial class PageParts
{
    public const string StylesheetPath = "/resources/embedded/pages.css";

    public static byte[] Stylesheet { get; } = LoadStylesheet();

    public static string Encode(string? text) => HtmlEncoder.Default.Encode(text ?? "");

    public static string Frame(RealmSite? site, string heading, string body, string id) =>
        $"""
        <!DOCTYPE html>
        <html lang="en">
        <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>{(site is null ? "" : $"Sign in to {Encode(site.Realm.Title)}")}</title>
            <link rel="icon" href="data:,">
            <link rel="stylesheet" href="{StylesheetPath}">
        </head>
        <body data-page-id="{id}">
            <header id="kc-header">{(site is null ? "Keycloak" : Encode(Heading(site.Realm)))}</header>
            <main>
                <h1 id="kc-page-title">{heading}</h1>
                {body}
            </main>
            <footer>Embedded realm for development. Not Keycloak, and never for production.</footer>
        </body>
        </html>
        """;

    /// <summary>The names of built-in clients are keys of Keycloak's message bundles.</summary>
    public static string NameOf(Client client) =>
        string.IsNullOrWhiteSpace(client.Name) || client.Name.StartsWith("${", StringComparison.Ordinal) ? client.ClientId : client.Name;

    public static string LoginLabel(Realm realm) => !realm.LoginWithEmailAllowed
        ? "Username"
        : realm.RegistrationEmailAsUsername ? "Email" : "Username or email";

    public static string BackToLogin(RealmSite site, AuthenticationTab tab) =>
        $"""<a href="{Encode(LoginActions.Address(site, tab, withCode: false))}">« Back to Login</a>""";

    /// <summary>What Keycloak sends by mail, and this realm shows instead.</summary>
    public static string Unsent(string? link) => link is null
        ? ""
        : $"""<p id="unsent-mail">No mail goes out of the embedded realm. <a href="{Encode(link)}">The link that it would have</a></p>""";

    public static string BackToApplication(RealmSite? site, Client? client, string? id = null) =>
        site is null || client is null || AddressOf(site, client) is not { } url
            ? ""
            : $"""<p><a{(id is null ? "" : $" id=\"{id}\"")} href="{Encode(url)}">« Back to Application</a></p>""";

    /// <summary>Where the client is at home; null where its base URL is missing.</summary>
    public static string? AddressOf(RealmSite site, Client client)
    {
        if (client.BaseUrl is not { Length: > 0 } url || !url.StartsWith('/'))
        {
            return string.IsNullOrEmpty(client.BaseUrl) ? null : client.BaseUrl;
        }

        var root = client.RootUrl is null or "${authBaseUrl}" or "${authAdminUrl}" ? site.ServerUrl : client.RootUrl;
        return root.TrimEnd('/') + url;
    }

    /// <summary>Keycloak cleans the markup; here only its text is kept.</summary>
    private static string Heading(Realm realm) =>
        string.IsNullOrWhiteSpace(realm.DisplayNameHtml)
            ? realm.Title
            : WebUtility.HtmlDecode(Markup().Replace(realm.DisplayNameHtml, "")).Trim();

    [GeneratedRegex("<[^>]*>", RegexOptions.None, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Markup();

    private static byte[] LoadStylesheet()
    {
        using var stream = typeof(PageParts).Assembly.GetManifestResourceStream("pages.css")!;
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }
}
