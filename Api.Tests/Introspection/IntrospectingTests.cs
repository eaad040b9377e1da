using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Api.Tests.Infrastructure;
using KeycloakAccess.Data;
using KeycloakAccess.Hosting;
using Microsoft.IdentityModel.Tokens;

namespace Api.Tests.Introspection;

/// <summary>The application asks the realm about its tokens.</summary>
public abstract class IntrospectingTests(RealmUnderTest realm) : HttpTests, IAsyncLifetime
{
    private static readonly (string, string?)[] Instead = Using("Instead");

    private static readonly (string, string?)[] After = Using("After");

    public ValueTask InitializeAsync() => new(realm.StartAsync());

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Tokens_of_services_and_of_people_are_what_they_were()
    {
        await using var api = await StartAsync(realm, Instead);
        foreach (var settings in new[] { Instead, After })
        {
            await using var asking = api.Variant(settings);
            var reader = asking.NewClient(await api.TokenOfAsync("acme-reader"));
            var me = await reader.GetFromJsonAsync<JsonElement>("/api/me", Cancel);
            Assert.Equal("service", me.GetProperty("kind").GetString());
            Assert.Equal("acme-reader", me.GetProperty("username").GetString());
            Assert.Equal(HttpStatusCode.OK, (await reader.GetAsync("/api/books", Cancel)).StatusCode);
            var nobody = asking.NewClient(await api.TokenOfAsync("acme-nobody"));
            await AssertProblemAsync(await nobody.GetAsync("/api/books", Cancel), 403, ProblemCode.PermissionMissing);
            var grace = asking.NewClient((await realm.SignInAsync("acme-spa", "grace")).AccessToken);
            me = await grace.GetFromJsonAsync<JsonElement>("/api/me", Cancel);
            Assert.Equal("person", me.GetProperty("kind").GetString());
            Assert.Equal("grace", me.GetProperty("username").GetString());
        }
    }

    [Fact]
    public async Task A_lightweight_token_is_taken_instead_and_refused_otherwise()
    {
        await using var added = await realm.AddClientAsync(Lightweight());
        await using var api = await StartAsync(added.Realm, Instead);
        var ada = (await added.Realm.SignInAsync(RealmUnderTest.ShortLived, "ada")).AccessToken;
        var service = (await added.Realm.GetServiceTokenAsync(RealmUnderTest.ShortLived))["access_token"];
        Assert.Null(Jwt.Decode(ada)["realm_access"]);

        var me = await api.NewClient(ada).GetFromJsonAsync<JsonElement>("/api/me", Cancel);
        Assert.Equal("person", me.GetProperty("kind").GetString());
        Assert.Equal("ada", me.GetProperty("username").GetString());
        Assert.Equal(HttpStatusCode.OK, (await api.NewClient(ada).GetAsync("/api/groups", Cancel)).StatusCode);
        me = await api.NewClient(service).GetFromJsonAsync<JsonElement>("/api/me", Cancel);
        Assert.Equal("service", me.GetProperty("kind").GetString());
        await using var after = api.Variant(After);
        await AssertProblemAsync(await after.NewClient(ada).GetAsync("/api/me", Cancel), 401, ProblemCode.InvalidToken);
        await using var local = api.Variant(("Introspection:Use", "None"));
        await AssertProblemAsync(await local.NewClient(ada).GetAsync("/api/me", Cancel), 401, ProblemCode.InvalidToken);
    }

    [Fact]
    public async Task A_token_that_Keycloak_has_ended_is_refused_at_once()
    {
        await using var api = await StartAsync(realm, Instead);
        await using var after = api.Variant(After);
        await using var local = api.Variant(("Introspection:Use", "None"));
        var signedIn = await realm.SignInAsync("acme-spa", "grace");
        var revoked = (await realm.GetServiceTokenAsync("acme-reader"))["access_token"];
        foreach (var token in new[] { signedIn.AccessToken, revoked })
        {
            Assert.Equal(HttpStatusCode.OK, (await api.NewClient(token).GetAsync("/api/me", Cancel)).StatusCode);
            Assert.Equal(HttpStatusCode.OK, (await after.NewClient(token).GetAsync("/api/me", Cancel)).StatusCode);
        }

        await realm.GetAsync(AuthorizationRequest.Append(realm.EndSessionEndpoint, ("id_token_hint", signedIn.IdToken)));
        await realm.PostAsync(realm.RevocationEndpoint, "acme-reader", ("token", revoked));

        foreach (var token in new[] { signedIn.AccessToken, revoked })
        {
            await AssertProblemAsync(await api.NewClient(token).GetAsync("/api/me", Cancel), 401, ProblemCode.InvalidToken);
            await AssertProblemAsync(await after.NewClient(token).GetAsync("/api/me", Cancel), 401, ProblemCode.InvalidToken);
            Assert.Equal(HttpStatusCode.OK, (await local.NewClient(token).GetAsync("/api/me", Cancel)).StatusCode);
        }
    }

    [Fact]
    public async Task The_secret_is_changed_without_a_refusal()
    {
        await using var api = await StartAsync(realm,
        [
            ("Introspection:Use", "After"), ("Introspection:Client:Method", "ClientSecretPost"),
            ("Introspection:Client:Credential:Secret", "former-secret"), ("Introspection:Client:OtherCredential:Secret", "acme-api-secret"),
        ]);

        var reader = await api.ServiceAsync("acme-reader");
        Assert.Equal(HttpStatusCode.OK, (await reader.GetAsync("/api/me", Cancel)).StatusCode);

        Assert.Contains("and takes Introspection:Client:OtherCredential", api.Log, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("client-jwt", "RS256")]
    [InlineData("client-jwt", "ES384")]
    [InlineData("client-secret-jwt", "HS256")]
    public async Task The_client_authenticates_by_an_assertion(string authenticator, string algorithm)
    {
        using AsymmetricAlgorithm key = algorithm == "ES384" ? ECDsa.Create(ECCurve.NamedCurves.nistP384) : RSA.Create(2048);
        var secret = Convert.ToHexString(RandomNumberGenerator.GetBytes(32));
        var jwk = JsonWebKeyConverter.ConvertFromSecurityKey(
            key is RSA rsa ? new RsaSecurityKey(rsa.ExportParameters(includePrivateParameters: false)) : new ECDsaSecurityKey((ECDsa)key));
        var published = new JsonObject
        {
            ["kty"] = jwk.Kty,
            ["kid"] = "k1",
            ["use"] = "sig",
            ["n"] = jwk.N,
            ["e"] = jwk.E,
            ["crv"] = jwk.Crv,
            ["x"] = jwk.X,
            ["y"] = jwk.Y,
        };
        foreach (var (name, _) in published.Where(member => member.Value is null).ToList())
        {
            published.Remove(name);
        }

        await using var added = await realm.AddClientAsync(new JsonObject
        {
            ["clientId"] = "asker",
            ["secret"] = secret,
            ["clientAuthenticatorType"] = authenticator,
            ["attributes"] = new JsonObject
            {
                ["use.jwks.string"] = "true",
                ["jwks.string"] = new JsonObject { ["keys"] = new JsonArray(published) }.ToJsonString(),
                ["allow.token.introspection.without.audience.check"] = "true",
            },
        });
        var folder = Directory.CreateTempSubdirectory("introspecting-");
        try
        {
            var file = Path.Combine(folder.FullName, "credential");
            var isSecret = authenticator == "client-secret-jwt";
            await File.WriteAllTextAsync(file, isSecret ? secret : key.ExportPkcs8PrivateKeyPem(), Cancel);
            await using var api = await StartAsync(added.Realm,
            [
                ("Introspection:Use", "Instead"), ("Introspection:Client:Id", "asker"), ("Introspection:CacheFor", "00:00:00"),
                ("Introspection:Client:Method", isSecret ? "ClientSecretJwt" : "PrivateKeyJwt"),
                (isSecret ? "Introspection:Client:Credential:SecretFile" : "Introspection:Client:Credential:KeyFile", file),
                ("Introspection:Client:Credential:KeyId", isSecret ? null : "k1"),
            ]);
            var reader = await api.ServiceAsync("acme-reader");
            for (var count = 0; count < 2; count++)
            {
                var answer = await reader.GetAsync("/api/me", Cancel);
                Assert.True(answer.StatusCode == HttpStatusCode.OK, await answer.Content.ReadAsStringAsync(Cancel));
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static (string, string?)[] Using(string use) =>
    [
        ("Introspection:Use", use),
        ("Introspection:CacheFor", "00:00:00"),
        ("Introspection:Client:Credential:Secret", "acme-api-secret"),
    ];

    private static JsonObject Lightweight() => new()
    {
        ["clientId"] = RealmUnderTest.ShortLived,
        ["secret"] = RealmUnderTest.SecretOf(RealmUnderTest.ShortLived),
        ["serviceAccountsEnabled"] = true,
        ["redirectUris"] = new JsonArray("*"),
        ["defaultClientScopes"] = new JsonArray("acr", "basic", "profile", "email", "roles", "acme-api", "service_account"),
        ["attributes"] = new JsonObject { ["client.use.lightweight.access.token.enabled"] = "true" },
    };

    private static async Task<ApiUnderTest> StartAsync(RealmUnderTest realm, (string, string?)[] settings)
    {
        var api = new AskingApi(realm, settings);
        await api.StartAsync();
        return api;
    }

    private sealed class AskingApi(RealmUnderTest realm, (string, string?)[] settings) : ApiUnderTest(realm, DatabaseEngine.Sqlite)
    {
        private protected override IEnumerable<(string Key, string? Value)> MoreSettings => settings;
    }
}

public sealed class IntrospectingOnEmbeddedRealmTests(EmbeddedRealmUnderTest realm) : IntrospectingTests(realm);

public sealed class IntrospectingOnKeycloakTests(KeycloakUnderTest realm) : IntrospectingTests(realm);
