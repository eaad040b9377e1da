using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Api.Tests.Infrastructure;
using static System.Net.HttpStatusCode;

namespace Api.Tests.Realm;

/// <summary>Clients that prove who they are by a signed assertion (RFC 7523), and people whose password is hashed.</summary>
public abstract class ClientAssertionTests(RealmUnderTest realm) : RealmTests(realm.Features)
{
    [Fact]
    public async Task A_client_signs_with_its_key_or_its_secret()
    {
        Assert.Equal(OK, (await AskAsync(Sign("key-worker"))).Status);
        Assert.Equal(OK, (await AskAsync(Sign("key-worker", ("aud", Realm.TokenEndpoint)))).Status);
        Assert.Equal(OK, (await AskAsync(Sign("shared-key-worker"))).Status);
    }

    [Theory]
    [InlineData("aud", "elsewhere", "Invalid token audience")]
    [InlineData("aud", null, "Invalid token audience")]
    [InlineData("jti", null, "Token jti claim is required")]
    [InlineData("exp", null, "Token exp claim is required")]
    [InlineData("exp", "-100", "Token is not active")]
    [InlineData("iat", "1000", "Token was issued in the future")]
    public async Task A_claim_that_is_wrong_or_missing_is_refused(string claim, string? value, string reason)
    {
        JsonNode? given = value is null ? null : claim is "aud" ? value : Now + int.Parse(value, CultureInfo.InvariantCulture);

        AssertError(await AskAsync(Sign("key-worker", (claim, given))), BadRequest, "invalid_client", reason);
    }

    [Fact]
    public async Task An_assertion_is_good_once()
    {
        var assertion = Sign("key-worker");

        Assert.Equal(OK, (await AskAsync(assertion)).Status);
        AssertError(await AskAsync(assertion), BadRequest, "invalid_client", "Token reuse detected");
    }

    [Fact]
    public async Task A_signature_that_is_not_the_clients_is_refused()
    {
        AssertError(
            await AskAsync(Jwt.Tamper(Sign("key-worker"))),
            BadRequest,
            "invalid_client",
            "Client authentication with signed JWT failed: Signature on JWT token failed validation");
        AssertError(
            await AskAsync(Jwt.Tamper(Sign("shared-key-worker"))),
            BadRequest,
            "unauthorized_client",
            "Client authentication with client secret signed JWT failed: Signature on JWT token by client secret  failed validation");
    }

    [Fact]
    public async Task A_secret_is_no_assertion() => AssertError(
        await Realm.PostAsync(Realm.TokenEndpoint, "key-worker", ("grant_type", "client_credentials")),
        BadRequest,
        "invalid_client",
        "Parameter client_assertion_type is missing");

    [Theory]
    [InlineData("hal", true)]
    [InlineData("wrong", false)]
    public async Task A_password_that_is_hashed_with_Argon2_is_known(string password, bool good)
    {
        var answer = await Realm.PostAsync(
            Realm.TokenEndpoint, clientId: null, ("client_id", "cli"), ("grant_type", "password"), ("username", "hal"),
            ("password", password));

        Assert.Equal(good ? OK : BadRequest, answer.Status);
    }

    private static long Now => DateTimeOffset.UtcNow.ToUnixTimeSeconds();

    private string Sign(string clientId, params (string Name, JsonNode? Value)[] changes)
    {
        var claims = new JsonObject
        {
            ["iss"] = clientId,
            ["sub"] = clientId,
            ["aud"] = Realm.Issuer,
            ["jti"] = Guid.NewGuid().ToString(),
            ["iat"] = Now,
            ["exp"] = Now + 60,
        };
        foreach (var (name, value) in changes)
        {
            claims.Remove(name);
            if (value is not null)
            {
                claims[name] = value;
            }
        }

        var withSecret = clientId is "shared-key-worker";
        var header = new JsonObject { ["alg"] = withSecret ? "HS256" : "RS256", ["typ"] = "JWT", ["kid"] = withSecret ? null : "features" };
        var content = $"{Encode(header)}.{Encode(claims)}";
        var bytes = Encoding.ASCII.GetBytes(content);
        if (withSecret)
        {
            return $"{content}.{Base64Url.EncodeToString(HMACSHA256.HashData("shared-key-worker-secret-of-thirty-two"u8, bytes))}";
        }

        using var rsa = RSA.Create();
        rsa.ImportFromPem(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Realm", "features-client-key.pem")));
        return $"{content}.{Base64Url.EncodeToString(rsa.SignData(bytes, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1))}";
    }

    private static string Encode(JsonObject part) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(part.ToJsonString()));

    private Task<RealmAnswer> AskAsync(string assertion) => Realm.PostAsync(
        Realm.TokenEndpoint,
        clientId: null,
        ("grant_type", "client_credentials"),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", assertion));
}

public sealed class EmbeddedClientAssertionTests(EmbeddedRealmUnderTest realm) : ClientAssertionTests(realm);

public sealed class KeycloakClientAssertionTests(KeycloakUnderTest realm) : ClientAssertionTests(realm);
