using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.WebUtilities;

namespace Api.Tests.Infrastructure;

/// <summary>An authorization request with PKCE, state and nonce; a test changes what it is about.</summary>
public sealed class AuthorizationRequest
{
    private readonly RealmUnderTest _realm;
    private readonly List<KeyValuePair<string, string>> _parameters;

    public AuthorizationRequest(RealmUnderTest realm, string clientId)
    {
        _realm = realm;
        ClientId = clientId;
        _parameters =
        [
            new("response_type", "code"),
            new("client_id", clientId),
            new("redirect_uri", realm.RedirectUriOf(clientId)),
            new("scope", "openid"),
            new("state", RandomText()),
            new("nonce", RandomText()),
            new("code_challenge", ChallengeOf(CodeVerifier)),
            new("code_challenge_method", "S256"),
        ];
    }

    public string ClientId { get; }

    public string CodeVerifier { get; } = RandomText();

    public string Url => Append(_realm.AuthorizationEndpoint, _parameters);

    public IReadOnlyList<KeyValuePair<string, string>> Parameters => _parameters;

    public string? this[string name] =>
        _parameters.Find(parameter => string.Equals(parameter.Key, name, StringComparison.Ordinal)).Value;

    /// <summary>Sets a parameter, or takes it away.</summary>
    public AuthorizationRequest With(string name, string? value)
    {
        _parameters.RemoveAll(parameter => string.Equals(parameter.Key, name, StringComparison.Ordinal));
        return value is null ? this : WithAnother(name, value);
    }

    /// <summary>Adds a parameter even if there is one of that name.</summary>
    public AuthorizationRequest WithAnother(string name, string value)
    {
        _parameters.Add(new(name, value));
        return this;
    }

    public AuthorizationRequest Without(params string[] names)
    {
        foreach (var name in names)
        {
            With(name, value: null);
        }

        return this;
    }

    /// <summary>The code of a successful redirect to the client.</summary>
    public string CodeFrom(Uri callback)
    {
        Assert.StartsWith(this["redirect_uri"] + "?", callback.AbsoluteUri, StringComparison.Ordinal);
        var query = QueryHelpers.ParseQuery(callback.Query);
        Assert.True(query.TryGetValue("code", out var code), $"No code in {callback}");
        Assert.Equal(this["state"], query["state"].ToString());
        return code.ToString();
    }

    public static string Append(string url, IEnumerable<KeyValuePair<string, string>> parameters) =>
        url + "?" + string.Join('&', parameters.Select(parameter =>
            $"{Uri.EscapeDataString(parameter.Key)}={Uri.EscapeDataString(parameter.Value)}"));

    public static string Append(string url, params (string Name, string Value)[] parameters) =>
        Append(url, parameters.Select(parameter => KeyValuePair.Create(parameter.Name, parameter.Value)));

    /// <summary>RFC 7636 section 4.2, method S256.</summary>
    public static string ChallengeOf(string verifier) =>
        Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(verifier)));

    public static string RandomText() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
}
