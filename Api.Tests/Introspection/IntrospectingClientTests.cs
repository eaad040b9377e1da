using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Api.Tests.Infrastructure;
using KeycloakAccess.Authentication;
using KeycloakAccess.Authentication.Introspection;
using KeycloakAccess.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace Api.Tests.Introspection;

/// <summary>How the client that asks authenticates, and how what it authenticates with is changed.</summary>
public sealed class IntrospectingClientTests : HttpTests, IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("introspecting-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task The_secret_is_in_the_header()
    {
        await using var realm = await StartAsync(("Introspection:Client:Credential:SecretFile", File("secret", "a:b+c\n")));
        string? header = null;
        realm.Introspect = (request, form) =>
        {
            header = request.Headers.Authorization;
            Assert.False(form.ContainsKey("client_secret"));
            return Active(form);
        };

        await AssertInAsync(realm);

        Assert.Equal($"Basic {Convert.ToBase64String("acme-api:a%3Ab%2Bc"u8)}", header);
    }

    [Fact]
    public async Task The_secret_is_in_the_form()
    {
        await using var realm = await StartAsync(
            ("Introspection:Client:Id", "asker"), ("Introspection:Client:Method", "ClientSecretPost"),
            ("Introspection:Client:Credential:Secret", "a:b"));
        realm.Introspect = (request, form) =>
            request.Headers.Authorization.Count == 0 && form["client_id"] == "asker" && form["client_secret"] == "a:b"
                ? Active(form)
                : Refuse();

        await AssertInAsync(realm);
    }

    [Theory]
    [InlineData("RS256", "")]
    [InlineData("PS384", "PS384")]
    [InlineData("ES256", "")]
    [InlineData("ES384", "")]
    [InlineData("HS256", "")]
    [InlineData("HS512", "HS512")]
    public async Task An_assertion_is_signed(string algorithm, string setting)
    {
        using AsymmetricAlgorithm key = algorithm switch
        {
            "ES256" => ECDsa.Create(ECCurve.NamedCurves.nistP256),
            "ES384" => ECDsa.Create(ECCurve.NamedCurves.nistP384),
            _ => RSA.Create(2048),
        };
        var secret = new string('s', 64);
        var isSecret = algorithm[0] == 'H';
        await using var realm = await StartAsync(
            ("Introspection:Client:Method", isSecret ? "ClientSecretJwt" : "PrivateKeyJwt"),
            ("Introspection:Client:Algorithm", setting),
            isSecret
                ? ("Introspection:Client:Credential:SecretFile", File("secret", secret))
                : ("Introspection:Client:Credential:KeyFile", File("key.pem", key.ExportPkcs8PrivateKeyPem())),
            ("Introspection:Client:Credential:KeyId", isSecret ? "" : "k1"));
        var ids = new List<string>();
        realm.Introspect = async (_, form) =>
        {
            var assertion = new JsonWebToken(form["client_assertion"]);
            ids.Add(assertion.Id);
            var result = await new JsonWebTokenHandler().ValidateTokenAsync(assertion, new TokenValidationParameters
            {
                ValidIssuer = "acme-api",
                ValidAudience = realm.Issuer,
                IssuerSigningKey = key switch
                {
                    _ when isSecret => new SymmetricSecurityKey(System.Text.Encoding.UTF8.GetBytes(secret)),
                    RSA rsa => new RsaSecurityKey(rsa),
                    _ => new ECDsaSecurityKey((ECDsa)key),
                },
                TryAllIssuerSigningKeys = true,
                LifetimeValidator = (_, expires, _, _) => expires is not null,
            });
            return result.IsValid && assertion.Alg == algorithm && assertion.Subject == "acme-api"
                && assertion.Kid == (isSecret ? "" : "k1")
                && assertion.ValidTo - assertion.IssuedAt <= TimeSpan.FromMinutes(1)
                && form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
                    ? await Active(form)
                    : await Refuse();
        };

        await AssertInAsync(realm);
        await AssertInAsync(realm);

        Assert.Equal(2, ids.Distinct(StringComparer.Ordinal).Count());
    }

    [Theory]
    [InlineData(401, "invalid_client")]
    [InlineData(401, "unauthorized_client")]
    [InlineData(400, "invalid_client")]
    public async Task Where_one_secret_is_refused_the_other_is_tried_and_kept_and_the_log_says_so(int status, string error)
    {
        var one = File("one", "old-secret");
        await using var realm = await StartAsync(
            ("Introspection:Client:Method", "ClientSecretPost"),
            ("Introspection:Client:Credential:SecretFile", one),
            ("Introspection:Client:OtherCredential:SecretFile", File("two", "new-secret")));
        var good = "old-secret";
        realm.Introspect = (_, form) => form["client_secret"] == good
            ? Active(form)
            : Task.FromResult(Results.Json(new { error }, statusCode: status));
        await AssertInAsync(realm);
        Assert.Equal(1, realm.Introspections);
        Assert.DoesNotContain("refused the introspecting client", realm.Log, StringComparison.Ordinal);

        good = "new-secret";
        await AssertInAsync(realm);
        Assert.Equal(3, realm.Introspections);
        Assert.Contains(
            "refused the introspecting client with Introspection:Client:Credential, and takes Introspection:Client:OtherCredential",
            realm.Log,
            StringComparison.Ordinal);
        await AssertInAsync(realm);
        Assert.Equal(4, realm.Introspections);

        // And back again, with what the file holds by now.
        good = "newest-secret";
        await System.IO.File.WriteAllTextAsync(one, good, Cancel);
        System.IO.File.SetLastWriteTimeUtc(one, DateTime.UtcNow.AddMinutes(1));
        await AssertInAsync(realm);
        Assert.Equal(6, realm.Introspections);
    }

    [Fact]
    public async Task By_mutual_TLS_each_credential_shows_its_own_certificate()
    {
        using var server = NewCertificate("localhost").Certificate;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(
            X509CertificateLoader.LoadPkcs12(server.Export(X509ContentType.Pkcs12), password: null),
            https =>
            {
                https.ClientCertificateMode = ClientCertificateMode.RequireCertificate;
                https.AllowAnyClientCertificate();
            })));
        await using var realm = builder.Build();
        realm.MapPost("/introspect", async (HttpContext context) =>
            $"{context.Connection.ClientCertificate?.Subject} {(await context.Request.ReadFormAsync())["client_id"]}");
        await realm.StartAsync(Cancel);
        var options = Read(
            ("Introspection:Client:Method", "Tls"),
            ("Introspection:Client:Credential:CertificateFile", File("one.pem", NewCertificate("one").Pem)),
            ("Introspection:Client:OtherCredential:CertificateFile", File("two.pem", NewCertificate("two").Pem)));
        var keycloak = Options.Create(new KeycloakOptions { Resource = "acme-api" });
        using var client = new IntrospectionClient(Options.Create(options), keycloak, TimeProvider.System);

        foreach (var (place, name) in new[] { (0, "one"), (1, "two") })
        {
            using var handler = BackchannelHandler.Create(keycloak);
            client.ShowCertificate(handler, place);
            handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate?.Subject == "CN=localhost";
            using var http = new HttpClient(handler);
            using var request = client.NewRequest($"{realm.Urls.First()}/introspect", "token", place);
            using var answer = await http.SendAsync(request, Cancel);
            Assert.Equal($"CN={name} acme-api", await answer.Content.ReadAsStringAsync(Cancel));
        }
    }

    [Fact]
    public void By_mutual_TLS_the_realm_is_asked_at_its_address_for_that()
    {
        Assert.Equal("https://mtls/introspect", RealmIntrospection.FindAlias(OpenIdConnectConfiguration.Create(
            """{"introspection_endpoint":"https://a","mtls_endpoint_aliases":{"introspection_endpoint":"https://mtls/introspect"}}""")));
        Assert.Null(RealmIntrospection.FindAlias(OpenIdConnectConfiguration.Create("""{"introspection_endpoint":"https://a"}""")));
    }

    [Fact]
    public async Task Where_both_are_refused_it_is_503_and_says_what_to_look_at()
    {
        await using var realm = await StartAsync(
            ("Introspection:Client:Credential:Secret", "one"), ("Introspection:Client:OtherCredential:Secret", "two"));
        realm.Introspect = (_, _) => Refuse();

        var problem = await AssertProblemAsync(await AskAsync(realm), 503, "realm_unreachable");

        Assert.Contains("Clients → acme-api", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Equal(2, realm.Introspections);
    }

    [Fact]
    public async Task A_file_that_goes_away_is_503()
    {
        var file = File("secret", "one");
        await using var realm = await StartAsync(("Introspection:Client:Credential:SecretFile", file));
        System.IO.File.Delete(file);

        await AssertProblemAsync(await AskAsync(realm), 503, "realm_unreachable");
        Assert.Equal(0, realm.Introspections);
    }

    [Theory]
    [InlineData("CacheFor", "00:11:00", "between 0 and 10 minutes")]
    [InlineData("CacheFor", "-00:00:01", "between 0 and 10 minutes")]
    [InlineData("Timeout", "00:00:00", "between 100 milliseconds and 10 seconds")]
    [InlineData("Timeout", "00:01:00", "between 100 milliseconds and 10 seconds")]
    [InlineData("BreakAfter", "0", "between 1 and 1000")]
    [InlineData("MostAtOnce", "0", "between 1 and 1000")]
    [InlineData("BreakFor", "00:00:00", "between 1 second and 5 minutes")]
    [InlineData("AfterForPaths:0", "api", "as in /api/groups")]
    [InlineData("InsteadForPaths:0", "/", "as in /api/groups")]
    [InlineData("Client:Algorithm", "RS256", "signs nothing")]
    [InlineData("Client:Credential:SecretFile", "/nowhere/secret", "Check the path")]
    [InlineData("Client:Credential:KeyFile", "/nowhere/key", "does not fit")]
    [InlineData("Client:OtherCredential:CertificateFile", "/nowhere/key", "does not fit")]
    public void A_setting_that_cannot_be_meant_ends_the_start(string key, string value, string says) =>
        Assert.Contains(says, FindFailure(($"Introspection:{key}", value)), StringComparison.Ordinal);

    [Fact]
    public void What_does_not_go_together_ends_the_start()
    {
        Assert.Contains(
            "Introspection:Client:Credential is missing", FindFailure(("Introspection:Use", "After")), StringComparison.Ordinal);
        Assert.Contains(
            "both name /api",
            FindFailure(
                ("Introspection:AfterForPaths:0", "/api"), ("Introspection:InsteadForPaths:0", "/API"),
                ("Introspection:Client:Credential:Secret", "x")),
            StringComparison.Ordinal);
        Assert.Contains(
            "both Secret and SecretFile",
            FindFailure(
                ("Introspection:Client:Credential:Secret", "x"), ("Introspection:Client:Credential:SecretFile", File("s", "x"))),
            StringComparison.Ordinal);
        Assert.Contains(
            "shorter than 32 bytes",
            FindFailure(("Introspection:Client:Method", "ClientSecretJwt"), ("Introspection:Client:Credential:Secret", "x")),
            StringComparison.Ordinal);
        using var key = RSA.Create(2048);
        Assert.Contains(
            "holds no private key",
            FindFailure(
                ("Introspection:Client:Method", "PrivateKeyJwt"),
                ("Introspection:Client:Credential:KeyFile", File("public.pem", key.ExportSubjectPublicKeyInfoPem()))),
            StringComparison.Ordinal);
        Assert.Contains(
            "not for ES256",
            FindFailure(
                ("Introspection:Client:Method", "PrivateKeyJwt"), ("Introspection:Client:Algorithm", "ES256"),
                ("Introspection:Client:Credential:KeyFile", File("rsa.pem", key.ExportPkcs8PrivateKeyPem()))),
            StringComparison.Ordinal);
        Assert.Contains(
            "asked over http",
            FindFailure(
                ("Introspection:Client:Method", "Tls"),
                ("Introspection:Client:Credential:CertificateFile", File("certificate.pem", NewCertificate("asker").Pem))),
            StringComparison.Ordinal);
        Assert.Null(FindFailure(("Introspection:Use", "Instead"), ("Introspection:Client:Credential:Secret", "x")));
    }

    [Fact]
    public void An_endpoint_that_asks_needs_a_client_that_does()
    {
        var endpoint = new Endpoint(requestDelegate: null, new(new RequiresIntrospection(IntrospectionUse.After)), "GET /live");
        using var without = Services(("Introspection:BreakAfter", "5"));
        using var with = Services(("Introspection:Client:Credential:Secret", "x"));

        var failure = Assert.Throws<OptionsValidationException>(() => IntrospectionSetup.CheckIntrospection(without, [endpoint]));
        Assert.Contains("GET /live", failure.Message, StringComparison.Ordinal);
        IntrospectionSetup.CheckIntrospection(with, [endpoint]);
        IntrospectionSetup.CheckIntrospection(without, [new Endpoint(requestDelegate: null, new(), "GET /any")]);
    }

    internal static (string Pem, X509Certificate2 Certificate) NewCertificate(string name)
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        return ($"{certificate.ExportCertificatePem()}\n{key.ExportPkcs8PrivateKeyPem()}\n", certificate);
    }

    private static ServiceProvider Services(params (string Key, string Value)[] settings)
    {
        var services = new ServiceCollection();
        services.AddSingleton(Options.Create(Read(settings)));
        return services.BuildServiceProvider();
    }

    private static IntrospectionOptions Read(params (string Key, string Value)[] settings) => new ConfigurationBuilder()
        .AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create(setting.Key, (string?)setting.Value)))
        .Build()
        .ReadSettings<IntrospectionOptions>(IntrospectionOptions.Section);

    private static string? FindFailure(params (string Key, string Value)[] settings)
    {
        try
        {
            var keycloak = new KeycloakOptions { AuthServerUrl = "http://localhost:8080", Realm = "acme" };
            return new IntrospectionValidator(Options.Create(keycloak))
                .Validate(name: null, Read(settings))
                .FailureMessage;
        }
        catch (OptionsValidationException exception)
        {
            return exception.Message;
        }
    }

    private static Task<ForgingRealm> StartAsync(params (string Key, string? Value)[] settings) =>
        ForgingRealm.StartAsync(_ => { }, [("Introspection:Use", "Instead"), .. settings]);

    private string File(string name, string content)
    {
        var path = Path.Combine(_folder.FullName, name);
        System.IO.File.WriteAllText(path, content);
        return path;
    }

    private static Task<HttpResponseMessage> AskAsync(ForgingRealm realm) =>
        realm.NewClient(realm.Mint(changes: [("jti", $"trrtcc:{Guid.NewGuid()}")])).GetAsync("/api/me", Cancel);

    private static async Task AssertInAsync(ForgingRealm realm)
    {
        var answer = await AskAsync(realm);
        Assert.True(answer.StatusCode == HttpStatusCode.OK, await answer.Content.ReadAsStringAsync(Cancel));
    }

    private static Task<IResult> Active(IFormCollection form) =>
        Task.FromResult(Results.Json(ForgingRealm.ActiveOf(form["token"].ToString())));

    private static Task<IResult> Refuse() => Task.FromResult(Results.Json(new { error = "invalid_client" }, statusCode: 401));
}
