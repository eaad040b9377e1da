using System.Security.Claims;
using Microsoft.IdentityModel.JsonWebTokens;

namespace KeycloakAccess.Authentication;

/// <summary>What a session keeps of an ID token that has been validated: of the one of its sign-in, and of each newer one.</summary>
internal static class SessionClaims
{
    private static readonly string[] Kept =
        ["iss", "sub", "azp", "sid", "iat", "preferred_username", "email", "name", "realm_access", "resource_access", "groups"];

    private static readonly string[] OfSignIn = [KeycloakIdentity.AcrClaim, KeycloakIdentity.AuthTimeClaim];

    public static ClaimsPrincipal Keep(IEnumerable<Claim> claims, JsonWebToken idToken, string? accessToken)
    {
        var kept = claims.Where(claim => Kept.Contains(claim.Type, StringComparer.Ordinal)
            || (OfSignIn.Contains(claim.Type, StringComparer.Ordinal) && KeycloakIdentity.IsWellFormed(idToken, claim.Type)));
        if (TokenCauses.FindClaimsLeftOut(idToken, accessToken) is { } leftOut)
        {
            kept = kept.Append(new Claim(KeycloakIdentity.ClaimsLeftOutClaim, leftOut));
        }

        return new ClaimsPrincipal(new ClaimsIdentity(kept, Schemes.SignIn, "preferred_username", "none"));
    }

    /// <summary>What is wrong with an ID token whose signature and whose times are good.</summary>
    public static TokenRefusedException? FindRefusal(JsonWebToken idToken, DateTimeOffset now)
    {
        if (!idToken.TryGetPayloadValue<string>("typ", out var type) || type != "ID")
        {
            return new(SignInFailure.Token, "Keycloak answered with a token that is no ID token.");
        }

        return TokenCauses.IssuedAt(idToken) - now is var ahead && ahead > TokenCauses.ClockDifference
            ? new(SignInFailure.Clock, TokenCauses.IssuedAhead(ahead)) { ClockAhead = ahead }
            : null;
    }
}
