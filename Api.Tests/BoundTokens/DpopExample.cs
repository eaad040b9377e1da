using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Api.Tests.BoundTokens;

/// <summary>Gets tokens by client credentials that are bound to a key of this process, and proves the key at each request.</summary>
public sealed class DpopHandler(Uri tokenEndpoint, string clientId, string secret, HttpMessageHandler inner) : DelegatingHandler(inner)
{
    private static readonly JsonWebTokenHandler Jwt = new() { SetDefaultTimesOnTokenCreation = false };

    private readonly ECDsaSecurityKey _key = new(ECDsa.Create(ECCurve.NamedCurves.nistP256));
    private readonly HttpClient _realm = new();
    private string? _token;
    private DateTimeOffset _tokenEnds;
    private string? _nonce;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var answer = await SendProvenAsync(request, cancellationToken);
        // Only where BoundTokens:Dpop:RequireNonce is set: the first call learns the nonce.
        return answer.StatusCode == HttpStatusCode.Unauthorized
            && answer.Headers.WwwAuthenticate.ToString().Contains("use_dpop_nonce", StringComparison.Ordinal)
                ? await SendProvenAsync(request, cancellationToken)
                : answer;
    }

    private async Task<HttpResponseMessage> SendProvenAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var token = await GetTokenAsync(cancellationToken);
        request.Headers.Authorization = new AuthenticationHeaderValue("DPoP", token);
        request.Headers.Remove("DPoP");
        request.Headers.Add("DPoP", Prove(request.Method, request.RequestUri!, token));
        var answer = await base.SendAsync(request, cancellationToken);
        _nonce = answer.Headers.TryGetValues("DPoP-Nonce", out var nonces) ? nonces.First() : _nonce;
        return answer;
    }

    private async Task<string> GetTokenAsync(CancellationToken cancellationToken)
    {
        if (_token is null || _tokenEnds < DateTimeOffset.UtcNow.AddSeconds(10))
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, tokenEndpoint)
            {
                Content = new FormUrlEncodedContent([new("grant_type", "client_credentials")]),
            };
            var credentials = Encoding.UTF8.GetBytes($"{Uri.EscapeDataString(clientId)}:{Uri.EscapeDataString(secret)}");
            request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(credentials));
            request.Headers.Add("DPoP", Prove(HttpMethod.Post, tokenEndpoint, token: null));
            using var answer = await _realm.SendAsync(request, cancellationToken);
            answer.EnsureSuccessStatusCode();
            var tokens = await answer.Content.ReadFromJsonAsync<JsonElement>(cancellationToken);
            _token = tokens.GetProperty("access_token").GetString();
            _tokenEnds = DateTimeOffset.UtcNow.AddSeconds(tokens.GetProperty("expires_in").GetInt32());
        }

        return _token!;
    }

    private string Prove(HttpMethod method, Uri url, string? token)
    {
        var key = JsonWebKeyConverter.ConvertFromECDsaSecurityKey(_key);
        var claims = new Dictionary<string, object>
        {
            ["jti"] = Guid.NewGuid().ToString(),
            ["htm"] = method.Method,
            // Without the query.
            ["htu"] = url.GetLeftPart(UriPartial.Path),
            ["iat"] = DateTimeOffset.UtcNow.ToUnixTimeSeconds(),
        };
        if (token is not null)
        {
            claims["ath"] = Base64UrlEncoder.Encode(SHA256.HashData(Encoding.ASCII.GetBytes(token)));
            if (_nonce is not null)
            {
                claims["nonce"] = _nonce;
            }
        }

        return Jwt.CreateToken(new SecurityTokenDescriptor
        {
            TokenType = "dpop+jwt",
            Claims = claims,
            AdditionalHeaderClaims = new Dictionary<string, object>
            {
                ["jwk"] = new Dictionary<string, string> { ["kty"] = "EC", ["crv"] = key.Crv, ["x"] = key.X, ["y"] = key.Y },
            },
            SigningCredentials = new SigningCredentials(_key, SecurityAlgorithms.EcdsaSha256),
        });
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _realm.Dispose();
            _key.ECDsa.Dispose();
        }

        base.Dispose(disposing);
    }
}
