using KeycloakRealm.Model;
using KeycloakRealm.Sessions;

namespace KeycloakRealm.Tokens;

/// <summary>The level of authentication as a token names it (<c>acr</c>; OpenID Connect Core 1.0, section 2).</summary>
internal static class AcrClaim
{
    /// <summary>
    /// The best name among those that were insisted on, else among those that were asked for, else among all that the client
    /// knows, else the number. Without levels it is 1 after a sign-in and 0 in a session that was merely reused.
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
