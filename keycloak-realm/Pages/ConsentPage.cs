using KeycloakRealm.Endpoints;
using KeycloakRealm.Model;
using KeycloakRealm.Sessions;

namespace KeycloakRealm.Pages;

/// <summary>Ids, names and texts are those of Keycloak's own page.</summary>
internal static class ConsentPage
{
    public static string Render(RealmSite site, AuthenticationTab tab, IEnumerable<ConsentItem> items, string action)
    {
        var client = tab.Request.Client;
        var name = PageParts.Encode(PageParts.NameOf(client));
        return PageParts.Frame(
            site,
            $"Grant Access to {name}",
            $"""
            <div id="kc-oauth" class="content-area">
                <h3>Do you grant these access privileges?</h3>
                <ul>{string.Concat(items.Select(item => $"<li><span>{PageParts.Encode(item.Text)}</span></li>"))}</ul>
                {Terms(client, name)}
                <form action="{PageParts.Encode(action)}" method="POST">
                    <input type="hidden" name="code" value="{PageParts.Encode(tab.SessionCode)}">
                    <button name="accept" id="kc-login" type="submit">Yes</button>
                    <button name="cancel" id="kc-cancel" type="submit">No</button>
                </form>
            </div>
            """,
            "login-login-oauth-grant");
    }

    private static string Terms(Client client, string name)
    {
        var terms = Link(client.Attribute("tosUri"), "terms of service.");
        var policy = Link(client.Attribute("policyUri"), "privacy policy.");
        return terms.Length + policy.Length == 0
            ? ""
            : $"<h3>Make sure you trust {name} by learning how {name} will handle your data. {terms} {policy}</h3>";
    }

    private static string Link(string? url, string what) =>
        url is null ? "" : $"""You could review the <a href="{PageParts.Encode(url)}" target="_blank">{what}</a>""";
}
