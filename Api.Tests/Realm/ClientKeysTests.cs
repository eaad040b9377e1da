using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Api.Tests.Infrastructure;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using static System.Net.HttpStatusCode;

namespace Api.Tests.Realm;

/// <summary>Where the realm finds the key that a client signs its assertions with: at an address of the client's, or in its attributes.</summary>
public abstract class ClientKeysTests(RealmUnderTest realm) : RealmTests(realm)
{
    private const string NoKey = "Unable to load public key";
    private const string BadSignature = "Client authentication with signed JWT failed: Signature on JWT token failed validation";

    [Fact]
    public async Task A_key_set_is_fetched_once()
    {
        using var key = RSA.Create(2048);
        await using var served = await KeySet.ServeAsync(Realm, Public(key, "one"));
        await using var client = await AddAsync(("use.jwks.url", "true"), ("jwks.url", served.Address));

        Assert.Equal(OK, (await AskAsync(client, key, "one")).Status);
        Assert.Equal(OK, (await AskAsync(client, key, "one")).Status);
        Assert.Equal(OK, (await AskAsync(client, key, kid: null)).Status);
        using var other = RSA.Create(2048);
        AssertError(await AskAsync(client, other, "one"), BadRequest, "invalid_client", BadSignature);

        Assert.Equal(1, served.Count);
    }

    [Fact]
    public async Task An_unknown_key_is_looked_for_again_and_not_at_once()
    {
        using var key = RSA.Create(2048);
        using var next = RSA.Create(2048);
        await using var served = await KeySet.ServeAsync(Realm, Public(key, "one"));
        await using var client = await AddAsync(("use.jwks.url", "true"), ("jwks.url", served.Address));
        Assert.Equal(OK, (await AskAsync(client, key, "one")).Status);
        served.Keys = [Public(next, "two")];

        AssertError(await AskAsync(client, next, "two"), BadRequest, "invalid_client", NoKey);
        Assert.Equal(1, served.Count);
        // Keycloak counts ten whole seconds.
        await client.Added.PassAsync(TimeSpan.FromSeconds(11.2));

        // As long as nobody asks for another, a key that was taken back is good.
        Assert.Equal(OK, (await AskAsync(client, key, "one")).Status);
        Assert.Equal(OK, (await AskAsync(client, next, "two")).Status);
        Assert.Equal(2, served.Count);
        AssertError(await AskAsync(client, key, "one"), BadRequest, "invalid_client", NoKey);
    }

    [Fact]
    public async Task A_key_for_encryption_signs_nothing_and_one_that_names_no_use_does()
    {
        using var sealing = RSA.Create(2048);
        using var plain = RSA.Create(2048);
        var enc = Public(sealing, "enc");
        enc["use"] = "enc";
        var free = Public(plain, "plain");
        free.Remove("use");
        await using var served = await KeySet.ServeAsync(Realm, enc, free);
        await using var client = await AddAsync(("use.jwks.url", "true"), ("jwks.url", served.Address));

        AssertError(await AskAsync(client, sealing, "enc"), BadRequest, "invalid_client", NoKey);
        Assert.Equal(OK, (await AskAsync(client, plain, "plain")).Status);
    }

    [Fact]
    public async Task An_address_that_fails_is_asked_each_time()
    {
        using var key = RSA.Create(2048);
        await using var served = await KeySet.ServeAsync(Realm, Public(key, "one"));
        await using var client = await AddAsync(("use.jwks.url", "true"), ("jwks.url", served.Address + "/nothing-here"));

        foreach (var _ in Enumerable.Range(0, 2))
        {
            var answer = await AskAsync(client, key, "one");
            Assert.Equal(BadRequest, answer.Status);
            Assert.Equal("invalid_client", answer["error"]);
            Assert.StartsWith(
                "Client authentication with signed JWT failed: Error when loading public keys: ", answer["error_description"], StringComparison.Ordinal);
        }

        Assert.Equal(2, served.Count);
    }

    [Fact]
    public async Task An_address_that_is_not_switched_on_is_not_asked()
    {
        using var key = RSA.Create(2048);
        await using var served = await KeySet.ServeAsync(Realm, Public(key, "one"));
        await using var client = await AddAsync(("jwks.url", served.Address));

        AssertError(await AskAsync(client, key, "one"), BadRequest, "invalid_client", NoKey);
        Assert.Equal(0, served.Count);
    }

    [Fact]
    public async Task A_public_key_of_the_attributes_has_the_id_that_Keycloak_computes()
    {
        using var key = RSA.Create(2048);
        var info = key.ExportSubjectPublicKeyInfo();
        await using var client = await AddAsync(("jwt.credential.public.key", Convert.ToBase64String(info)));

        Assert.Equal(OK, (await AskAsync(client, key, kid: null)).Status);
        Assert.Equal(OK, (await AskAsync(client, key, Base64Url.EncodeToString(SHA256.HashData(info)))).Status);
        AssertError(await AskAsync(client, key, "one"), BadRequest, "invalid_client", NoKey);
        using var other = RSA.Create(2048);
        AssertError(await AskAsync(client, other, kid: null), BadRequest, "invalid_client", BadSignature);
    }

    [Fact]
    public async Task Or_the_id_that_the_client_gives_it()
    {
        using var key = RSA.Create(2048);
        await using var client = await AddAsync(
            ("jwt.credential.public.key", Convert.ToBase64String(key.ExportSubjectPublicKeyInfo())), ("jwt.credential.kid", "mine"));

        Assert.Equal(OK, (await AskAsync(client, key, "mine")).Status);
        AssertError(await AskAsync(client, key, "other"), BadRequest, "invalid_client", NoKey);
    }

    private static JsonObject Public(RSA key, string kid)
    {
        var parameters = key.ExportParameters(includePrivateParameters: false);
        return new JsonObject
        {
            ["kty"] = "RSA",
            ["kid"] = kid,
            ["use"] = "sig",
            ["n"] = Base64Url.EncodeToString(parameters.Modulus),
            ["e"] = Base64Url.EncodeToString(parameters.Exponent),
        };
    }

    private async Task<Signer> AddAsync(params (string Name, string Value)[] attributes)
    {
        var clientId = "signer-" + Guid.NewGuid();
        return new Signer(clientId, await Realm.AddClientAsync(new JsonObject
        {
            ["clientId"] = clientId,
            ["clientAuthenticatorType"] = "client-jwt",
            ["serviceAccountsEnabled"] = true,
            ["standardFlowEnabled"] = false,
            ["attributes"] = new JsonObject(attributes.Select(each => KeyValuePair.Create(each.Name, (JsonNode?)each.Value))),
        }));
    }

    private static Task<RealmAnswer> AskAsync(Signer client, RSA key, string? kid)
    {
        var realm = client.Realm;
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        var header = new JsonObject { ["alg"] = "RS256", ["typ"] = "JWT" };
        if (kid is not null)
        {
            header["kid"] = kid;
        }

        var claims = new JsonObject
        {
            ["iss"] = client.Id,
            ["sub"] = client.Id,
            ["aud"] = realm.Issuer,
            ["jti"] = Guid.NewGuid().ToString(),
            ["iat"] = now,
            ["exp"] = now + 60,
        };
        var content = $"{Encode(header)}.{Encode(claims)}";
        var signature = key.SignData(Encoding.ASCII.GetBytes(content), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        return realm.PostAsync(
            realm.TokenEndpoint,
            clientId: null,
            ("grant_type", "client_credentials"),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", $"{content}.{Base64Url.EncodeToString(signature)}"));

        static string Encode(JsonObject part) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(part.ToJsonString()));
    }

    private sealed record Signer(string Id, RealmWithClient Added) : IAsyncDisposable
    {
        public RealmUnderTest Realm => Added.Realm;

        public ValueTask DisposeAsync() => Added.DisposeAsync();
    }

    /// <summary>A client's key set, served where the realm can fetch it.</summary>
    private sealed class KeySet : IAsyncDisposable
    {
        private readonly WebApplication _application;
        private int _count;

        private KeySet(WebApplication application, string address)
        {
            _application = application;
            Address = address;
        }

        public string Address { get; }

        public IReadOnlyList<JsonObject> Keys { get; set; } = [];

        /// <summary>How often it was asked for.</summary>
        public int Count => _count;

        public static async Task<KeySet> ServeAsync(RealmUnderTest realm, params JsonObject[] keys)
        {
            Assert.SkipWhen(realm.CallerAddress is null, "The realm's server does not reach an address of these tests.");
            var port = FreePort.Find();
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(realm.BackChannelAddress, port));
            var served = new KeySet(builder.Build(), $"http://127.0.0.1:{port}/keys") { Keys = keys };
            served._application.Run(served.AnswerAsync);
            await served._application.StartAsync(TestContext.Current.CancellationToken);
            return served;
        }

        public ValueTask DisposeAsync() => _application.DisposeAsync();

        private Task AnswerAsync(HttpContext context)
        {
            Interlocked.Increment(ref _count);
            context.Response.Headers.Connection = "close";
            if (context.Request.Path.Value is not "/keys")
            {
                context.Response.StatusCode = StatusCodes.Status404NotFound;
                return Task.CompletedTask;
            }

            return context.Response.WriteAsJsonAsync(new JsonObject { ["keys"] = new JsonArray([.. Keys.Select(key => key.DeepClone())]) });
        }
    }
}

public sealed class EmbeddedClientKeysTests(EmbeddedRealmUnderTest realm) : ClientKeysTests(realm);

public sealed class KeycloakClientKeysTests(KeycloakUnderTest realm) : ClientKeysTests(realm);
