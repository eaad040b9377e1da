using System.Net.Http.Headers;
using Api.Tests.Infrastructure;

namespace Api.Tests.BoundTokens;

internal static class ForgedTokens
{
    /// <summary>A token that is bound to the key, as Keycloak writes it.</summary>
    public static string MintBound(this ForgingRealm realm, DpopKey key, params (string Name, object? Value)[] changes) =>
        realm.MintBound(key.Thumbprint, changes);

    public static string MintBound(this ForgingRealm realm, string thumbprint, params (string Name, object? Value)[] changes) =>
        realm.Mint(changes:
        [
            ("typ", "DPoP"),
            ("cnf", new Dictionary<string, object>(StringComparer.Ordinal) { ["jkt"] = thumbprint, ["kc-jkt-type"] = "DPoP" }),
            .. changes,
        ]);

    /// <summary>A request with a token and a proof; each header may be left out or stand several times.</summary>
    public static HttpRequestMessage NewRequest(string method, string url, string? authorization, params string[] proofs)
    {
        var request = new HttpRequestMessage(new HttpMethod(method), url);
        if (authorization is not null)
        {
            request.Headers.TryAddWithoutValidation("Authorization", authorization);
        }

        foreach (var proof in proofs)
        {
            request.Headers.TryAddWithoutValidation("DPoP", proof);
        }

        return request;
    }

    /// <summary>The challenge of one scheme.</summary>
    public static string ChallengeOf(this HttpResponseMessage response, string scheme) =>
        Assert.Single(response.Headers.WwwAuthenticate, (AuthenticationHeaderValue header) => header.Scheme == scheme).ToString();
}
