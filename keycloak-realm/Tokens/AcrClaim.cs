using KeycloakRealm.Model;
using KeycloakRealm.Sessions;

namespace KeycloakRealm.Tokens;

/// <summary><c>acr</c> (OpenID Connect Core 1.0, section 2).</summary>
internal static class AcrClaim
{
    /// <summary>
    /// The best of the essential names, else of the requested ones, else of the client's, else the number. Without levels: 1, or 0 if
    /// reused.
    /// </summary>
    public static string Of(Realm realm, Client client, ClientSession? part)
    {
        var reached = 1;
        var request = AcrRequest.Nothing;
        if (part is not null)
        {
            reached = part.Level >= 0 ? part.Level : part.Reused ? 0 : 1;
            request = part.Acr ?? request;
        }

        var levels = client.AcrLevels(realm);
        return levels.Highest(request.Essential, reached)
            ?? levels.Highest(request.Voluntary, reached)
            ?? levels.Highest(levels.Names, reached)
            ?? reached.ToString(System.Globalization.CultureInfo.InvariantCulture);
    }
}
