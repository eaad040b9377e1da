using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Api.Tests.Delivery;
using Api.Tests.Infrastructure;
using KeycloakAccess.Authentication.BoundTokens;
using KeycloakAccess.Data;
using KeycloakAccess.Hosting;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Api.Tests.BoundTokens;

/// <summary>Tokens that are bound to a client certificate (RFC 8705), which a proxy in front has seen and passes on (RFC 9440).</summary>
public sealed class CertificateBoundTests(CertificateBoundTests.BehindProxy place)
    : ForgingRealmTests(place), IClassFixture<CertificateBoundTests.BehindProxy>, IDisposable
{
    private const string Proxy = "10.0.0.7";
    private const string Stranger = "192.168.0.9";

    private readonly X509Certificate2 _certificate = NewCertificate();
    private readonly X509Certificate2 _other = NewCertificate();

    public void Dispose()
    {
        _certificate.Dispose();
        _other.Dispose();
    }

    [Fact]
    public async Task With_its_certificate_from_a_listed_proxy_the_token_is_taken_again_and_again()
    {
        var token = Mint(_certificate);

        for (var count = 0; count < 3; count++)
        {
            Assert.Equal(HttpStatusCode.OK, (await SendAsync(Proxy, token, Header(_certificate))).StatusCode);
        }

        // And never without it, though it is known.
        await AssertRefusedAsync(await SendAsync(Proxy, token), "has sent none in Client-Cert");
        await AssertRefusedAsync(await SendAsync(Proxy, token, Header(_other)), "another one came with the request");
        await AssertRefusedAsync(await SendAsync(Stranger, token, Header(_certificate)), "Proxies lists");
    }

    [Fact]
    public async Task A_header_of_another_form_is_no_certificate()
    {
        var token = Mint(_certificate);
        var good = Header(_certificate);
        string[] wrong =
        [
            "", ":", "::", good[1..], good[..^1], $"{good},{good}", $"{good};a=b",
            _certificate.ExportCertificatePem().ReplaceLineEndings(" "),
            Uri.EscapeDataString(_certificate.ExportCertificatePem()), $":{Convert.ToBase64String(RandomNumberGenerator.GetBytes(600))}:",
            $":{Convert.ToBase64String([.. _certificate.RawData, 0])}:", $":{new string('A', 20_000)}:",
        ];
        foreach (var header in wrong)
        {
            await AssertRefusedAsync(await SendAsync(Proxy, token, header), header.Length == 0 ? "certificate" : "has sent no certificate");
        }

        await AssertRefusedAsync(await SendAsync(Proxy, token, good, good), "has sent no certificate");
    }

    [Fact]
    public async Task A_token_that_is_bound_to_both_needs_both()
    {
        using var key = new DpopKey();
        var token = Realm.Mint(changes:
        [
            ("typ", "DPoP"),
            ("cnf", new Dictionary<string, object>(StringComparer.Ordinal)
            {
                ["jkt"] = key.Thumbprint,
                ["x5t#S256"] = TokenBinding.ThumbprintOf(_certificate.RawData),
            }),
        ]);

        foreach (var (certificate, proof, passes) in new[]
        {
            (_certificate, true, true), (_certificate, false, false), (_other, true, false),
        })
        {
            using var request = ForgedTokens.NewRequest(
                "GET",
                "http://localhost/api/me",
                $"{(proof ? "DPoP" : "Bearer")} {token}",
                key.Prove("GET", "http://localhost/api/me", token));
            request.Headers.Add(SenderFilter.Header, Proxy);
            request.Headers.Add("Client-Cert", Header(certificate));
            var answer = await Realm.NewClient(token: null).SendAsync(request, Cancel);
            Assert.Equal(passes ? HttpStatusCode.OK : HttpStatusCode.Unauthorized, answer.StatusCode);
        }
    }

    [Fact]
    public async Task Under_the_scheme_DPoP_it_is_refused()
    {
        using var request = ForgedTokens.NewRequest("GET", "http://localhost/api/me", $"DPoP {Mint(_certificate)}");
        request.Headers.Add(SenderFilter.Header, Proxy);
        request.Headers.Add("Client-Cert", Header(_certificate));

        await AssertProblemAsync(
            await Realm.NewClient(token: null).SendAsync(request, Cancel), 401, ProblemCode.InvalidToken);
    }

    [Fact]
    public async Task A_certificate_says_nothing_about_a_token_that_nothing_binds() =>
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(Proxy, Realm.Mint(), Header(_other))).StatusCode);

    [Fact]
    public async Task Metadata_say_that_certificates_are_taken()
    {
        var metadata = await JsonAsync(await Realm.NewClient(token: null).GetAsync("/.well-known/oauth-protected-resource", Cancel));

        Assert.True(metadata.GetProperty("tls_client_certificate_bound_access_tokens").GetBoolean());
    }

    [Fact]
    public async Task Where_TLS_ends_here_the_certificate_of_the_connection_counts_and_no_header()
    {
        var port = FreePort.Find();
        var folder = Directory.CreateTempSubdirectory("mtls-");
        var (file, keyFile) = (Path.Combine(folder.FullName, "tls.pem"), Path.Combine(folder.FullName, "tls.key"));
        await Nginx.WriteCertificateAsync(file, keyFile);
        await using var database = await TestDatabase.CreateMigratedAsync(DatabaseEngine.Sqlite);
        await using var factory = NewFactory(
            database,
            ("Kestrel:Endpoints:Https:Url", $"https://127.0.0.1:{port}"),
            ("Kestrel:Endpoints:Https:Certificate:Path", file),
            ("Kestrel:Endpoints:Https:Certificate:KeyPath", keyFile),
            ("Proxies", "127.0.0.1"),
            ("BoundTokens:ClientCertificates", "Connection"));
        factory.UseKestrel();
        factory.StartServer();
        await AskAsync(port);
        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task Behind_the_Caddy_of_the_documents()
    {
        Caddy.Find();
        var (port, apiPort) = (FreePort.Find(), FreePort.Find());
        await using var database = await TestDatabase.CreateMigratedAsync(DatabaseEngine.Sqlite);
        await using var factory = NewFactory(database, ("Proxies", "127.0.0.1"), ("BoundTokens:ClientCertificates", "Proxy"));
        factory.UseKestrel(apiPort);
        factory.StartServer();
        await using var caddy = await Caddy.StartAsync(
            Repository.Read("docs/bound-tokens.md").Split("```caddyfile\n")[1].Split("```")[0]
                .Replace("https://api.example.com", $"https://localhost:{port}", StringComparison.Ordinal)
                .Replace("/etc/caddy/api.pem /etc/caddy/api.key", "CERTIFICATE KEY", StringComparison.Ordinal)
                .Replace("127.0.0.1:5000", $"127.0.0.1:{apiPort}", StringComparison.Ordinal),
            port);
        await AskAsync(port);
    }

    private ApiUnderTest.Factory NewFactory(TestDatabase database, params (string Key, string? Value)[] settings) => new(
    [
        ("ConnectionStrings:Database", database.ConnectionString),
        ("Keycloak:auth-server-url", Realm.Url),
        ("Keycloak:realm", "acme"),
        ("Keycloak:resource", "acme-api"),
        ("Keycloak:sign-in:resource", "acme-admin"),
        ("Keycloak:sign-in:credentials:secret", "secret"),
        .. settings,
    ]);

    // What a caller writes into the header by itself counts nowhere.
    private async Task AskAsync(int port)
    {
        var token = Mint(_certificate);

        foreach (var (shown, header, passes) in new (X509Certificate2?, X509Certificate2?, bool)[]
        {
            (_certificate, null, true), (_other, null, false), (null, null, false), (null, _certificate, false),
            (_other, _certificate, false),
        })
        {
            using var handler = new SocketsHttpHandler { UseProxy = false };
            handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate?.Subject == "CN=localhost";
            handler.SslOptions.ClientCertificates = shown is null ? [] : [shown];
            using var client = new HttpClient(handler);
            using var request = ForgedTokens.NewRequest("GET", $"https://localhost:{port}/api/me", $"Bearer {token}");
            if (header is not null)
            {
                request.Headers.Add("Client-Cert", Header(header));
            }

            var answer = await client.SendAsync(request, Cancel);
            Assert.Equal(passes ? HttpStatusCode.OK : HttpStatusCode.Unauthorized, answer.StatusCode);
        }
    }

    internal static X509Certificate2 NewCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var now = DateTimeOffset.UtcNow;
        using var certificate = new CertificateRequest("CN=caller", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), password: null);
    }

    private static string Header(X509Certificate2 certificate) => $":{Convert.ToBase64String(certificate.RawData)}:";

    private string Mint(X509Certificate2 certificate) => Mint(Realm, certificate);

    internal static string Mint(ForgingRealm realm, X509Certificate2 certificate) => realm.Mint(changes:
    [
        ("cnf", new Dictionary<string, object>(StringComparer.Ordinal) { ["x5t#S256"] = TokenBinding.ThumbprintOf(certificate.RawData) }),
    ]);

    private async Task<HttpResponseMessage> SendAsync(string sender, string token, params string[] certificates)
    {
        using var request = ForgedTokens.NewRequest("GET", "http://localhost/api/me", $"Bearer {token}");
        request.Headers.Add(SenderFilter.Header, sender);
        foreach (var certificate in certificates)
        {
            request.Headers.TryAddWithoutValidation("Client-Cert", certificate);
        }

        return await Realm.NewClient(token: null).SendAsync(request, Cancel);
    }

    private static async Task AssertRefusedAsync(HttpResponseMessage answer, string because)
    {
        var problem = await AssertProblemAsync(answer, 401, ProblemCode.InvalidToken);
        Assert.Contains(because, problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    public sealed class BehindProxy() : ForgingRealmPlace(() => ForgingRealm.StartAsync(
        DatabaseEngine.Sqlite,
        services => services.AddSingleton<IStartupFilter, SenderFilter>(),
        mapEndpoints: null,
        ("Proxies", "10.0.0.0/8"),
        ("BoundTokens:ClientCertificates", "Proxy")));
}
