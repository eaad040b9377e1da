using System.Security.Claims;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Benchmarks.Calls;

/// <summary>
/// A realm that serves its metadata and its keys and signs as many tokens as are asked for, of Keycloak's form: a real one would need
/// minutes for ten thousand.
/// </summary>
internal sealed class TokenIssuer : IAsyncDisposable
{
    private static readonly JsonWebTokenHandler Handler = new();
    private static readonly string[] Audiences = ["acme-api", "account"];
    private static readonly string[] AccountRoles = ["manage-account", "manage-account-links", "view-profile"];

    private readonly WebApplication _app;
    private readonly string _issuer;
    private readonly RsaSecurityKey _rsa = new(RSA.Create(2048)) { KeyId = "rs" };
    private readonly ECDsaSecurityKey _ec = new(ECDsa.Create(ECCurve.NamedCurves.nistP256)) { KeyId = "es" };

    private TokenIssuer(WebApplication app, Uri address) => (_app, _issuer) = (app, $"{address}realms/acme");

    public static async Task<TokenIssuer> StartAsync(Uri address)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(address.GetLeftPart(UriPartial.Authority));
        var issuer = new TokenIssuer(builder.Build(), address);
        var endpoint = $"{issuer._issuer}/protocol/openid-connect";
        issuer._app.MapGet("/realms/acme/.well-known/openid-configuration", () => Results.Text(JsonSerializer.Serialize(new
        {
            issuer = issuer._issuer,
            authorization_endpoint = $"{endpoint}/auth",
            token_endpoint = $"{endpoint}/token",
            end_session_endpoint = $"{endpoint}/logout",
            jwks_uri = $"{endpoint}/certs",
        })));
        issuer._app.MapGet("/realms/acme/protocol/openid-connect/certs", () => Results.Text(JsonSerializer.Serialize(new
        {
            keys = new object[] { issuer.RsaKey(), issuer.EcKey() },
        })));
        await issuer._app.StartAsync();
        return issuer;
    }

    /// <summary>Of a service account with the roles, and a number of its own.</summary>
    public string Sign(string algorithm, int number, params string[] roles) => Handler.CreateToken(new SecurityTokenDescriptor
    {
        Issuer = _issuer,
        Subject = new ClaimsIdentity(),
        IssuedAt = DateTime.UtcNow,
        Expires = DateTime.UtcNow.AddHours(10),
        TokenType = "JWT",
        SigningCredentials = new SigningCredentials(algorithm.StartsWith('R') ? _rsa : _ec, algorithm),
        Claims = new Dictionary<string, object>(StringComparer.Ordinal)
        {
            ["jti"] = $"trrtcc:{Guid.NewGuid()}",
            ["aud"] = Audiences,
            ["sub"] = $"5f1c9a52-0000-4000-8000-{number:000000000000}",
            ["typ"] = "Bearer",
            ["azp"] = $"service-{number}",
            ["acr"] = "1",
            ["realm_access"] = new Dictionary<string, string[]>(StringComparer.Ordinal)
            {
                ["roles"] = ["default-roles-acme", "offline_access", "uma_authorization", .. roles],
            },
            ["resource_access"] = new Dictionary<string, object>(StringComparer.Ordinal)
            {
                ["account"] = new Dictionary<string, string[]>(StringComparer.Ordinal)
                {
                    ["roles"] = AccountRoles,
                },
            },
            ["scope"] = "profile email",
            ["clientHost"] = "127.0.0.1",
            ["email_verified"] = false,
            ["preferred_username"] = $"service-account-service-{number}",
            ["clientAddress"] = "127.0.0.1",
            ["client_id"] = $"service-{number}",
        },
    });

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _rsa.Rsa.Dispose();
        _ec.ECDsa.Dispose();
    }

    private object RsaKey()
    {
        var parameters = _rsa.Rsa.ExportParameters(includePrivateParameters: false);
        return new { kid = "rs", kty = "RSA", alg = "RS256", use = "sig", n = Text(parameters.Modulus), e = Text(parameters.Exponent) };
    }

    private object EcKey()
    {
        var point = _ec.ECDsa.ExportParameters(includePrivateParameters: false).Q;
        return new { kid = "es", kty = "EC", alg = "ES256", use = "sig", crv = "P-256", x = Text(point.X), y = Text(point.Y) };
    }

    private static string Text(byte[]? bytes) => Base64UrlEncoder.Encode(bytes);
}
