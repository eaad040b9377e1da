using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using KeycloakAccess.Authentication;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace Api.Tests.Keycloak;

/// <summary>Section Keycloak: both spellings, and messages that name the key, what is wrong and the remedy.</summary>
public sealed class KeycloakOptionsTests
{
    private const string Adapter = """
        {
          "auth-server-url": "https://sso.example.com/",
          "realm": "acme",
          "resource": "acme-api",
          "ssl-required": "external",
          "verify-token-audience": true,
          "credentials": { "secret": "s1" },
          "confidential-port": 0,
          "use-resource-role-mappings": true,
          "sign-in": { "resource": "acme-admin", "credentials": { "secret": "s2" } }
        }
        """;

    [Fact]
    public void The_JSON_of_Keycloaks_adapters_is_read_as_it_is()
    {
        var options = Read(Adapter);

        Assert.Equal("https://sso.example.com/realms/acme", options.Issuer);
        Assert.Equal("https://sso.example.com/realms/acme/.well-known/openid-configuration", options.MetadataAddress);
        Assert.Equal("acme-api", options.RequiredAudience);
        Assert.Equal("acme-admin", options.SignIn.Resource);
        Assert.Equal("s2", options.SignIn.Secret);
        Assert.Equal(SslRequired.External, options.SslRequired);
        Assert.Empty(Failures(options));
    }

    [Fact]
    public void PascalCase_as_Keycloak_AuthServices_has_it_means_the_same()
    {
        var options = Read("""
            {
              "AuthServerUrl": "https://sso.example.com/",
              "Realm": "acme",
              "Resource": "acme-api",
              "SslRequired": "External",
              "VerifyTokenAudience": true,
              "TokenClockSkew": "00:00:05",
              "Credentials": { "Secret": "s1" },
              "RoleClaimType": "role",
              "EnableRolesMapping": "All",
              "SignIn": { "Resource": "acme-admin", "Credentials": { "Secret": "s2" }, "SessionLifetime": "600" }
            }
            """);

        Assert.Equal("https://sso.example.com/realms/acme", options.Issuer);
        Assert.Equal("s2", options.SignIn.Secret);
        Assert.Equal(TimeSpan.FromSeconds(5), options.TokenClockSkew);
        Assert.Equal(TimeSpan.FromMinutes(10), options.SignIn.SessionLifetime);
        Assert.Empty(Failures(options));
    }

    [Theory]
    [InlineData("auth-server-url", "", "Keycloak:auth-server-url is missing")]
    [InlineData("auth-server-url", "sso.example.com", "must be an absolute http or https URL")]
    [InlineData("auth-server-url", "ftp://sso.example.com", "must be an absolute http or https URL")]
    [InlineData("auth-server-url", "https://sso.example.com/realms/acme", "leave out /realms")]
    [InlineData("auth-server-url", "https://user@sso.example.com/", "the server's address alone")]
    [InlineData("auth-server-url", "http://93.184.216.34/", "Use https, or lower ssl-required")]
    [InlineData("realm", "", "Keycloak:realm is missing")]
    [InlineData("resource", "", "Keycloak:resource is missing")]
    [InlineData("sign-in:resource", "", "Keycloak:sign-in:resource is missing")]
    [InlineData("sign-in:credentials:secret", "", "Keycloak:sign-in:credentials:secret is missing")]
    [InlineData("token-clock-skew", "3600", "between 0 and 5 minutes")]
    [InlineData("sign-in:session-lifetime", "1", "between 1 minute and 24 hours")]
    [InlineData("sign-in:session-idle", "30", "between 1 minute and 24 hours")]
    [InlineData("sign-in:session-grace", "02:00:00", "between 0 and 1 hour")]
    [InlineData("token-algorithms:0", "HS256", "Keycloak:token-algorithms names HS256")]
    [InlineData("token-algorithms:0", "none", "Keycloak:token-algorithms names none")]
    public void What_cannot_be_used_is_refused_by_name(string key, string value, string expected) =>
        Assert.Contains(Failures(Read(Adapter, (key, value))), failure => failure.Contains(expected, StringComparison.Ordinal));

    [Theory]
    [InlineData("ssl-required", "sometimes", "Keycloak:ssl-required is \"sometimes\". It must be none, external, all.")]
    [InlineData("ssl-required", "1", "Keycloak:ssl-required is \"1\"")]
    [InlineData("verify-token-audience", "yes", "It must be true or false.")]
    [InlineData("token-clock-skew", "soon", "a number of seconds, or hh:mm:ss")]
    [InlineData("verify-token-audence", "false", "did you mean verify-token-audience?")]
    [InlineData("disable-trust-manager", "true", "disable a protection")]
    [InlineData("sign-in:credentials:secret-file", "/nowhere/at/all", "both secret and secret-file")]
    [InlineData("sign-in:credentials:password", "x", "Keycloak:sign-in:credentials:password is not a known key")]
    public void What_cannot_be_read_is_refused_by_name(string key, string value, string expected)
    {
        var exception = Assert.Throws<KeycloakConfigurationException>(() => Read(Adapter, (key, value)));

        Assert.Contains(expected, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void CORS_is_read_as_Keycloaks_adapters_have_it_and_as_lists()
    {
        var options = Read("""
            {
              "enable-cors": true,
              "cors-max-age": 1000,
              "cors-allowed-methods": "POST, PUT,GET",
              "cors-exposed-headers": "WWW-Authenticate, ETag",
              "CorsAllowedHeaders": [ "Authorization", "If-Match" ]
            }
            """);

        Assert.True(options.EnableCors);
        Assert.Equal(TimeSpan.FromSeconds(1000), options.CorsMaxAge);
        Assert.Equal(["POST", "PUT", "GET"], options.CorsAllowedMethods);
        Assert.Equal(["WWW-Authenticate", "ETag"], options.CorsExposedHeaders);
        Assert.Equal(["Authorization", "If-Match"], options.CorsAllowedHeaders);
        Assert.Null(Read("""{"cors-max-age":-1}""").CorsMaxAge);
        Assert.Empty(Read("{}").CorsAllowedMethods);
    }

    [Fact]
    public void Every_key_of_Keycloaks_adapters_is_accepted_and_those_without_meaning_are_named()
    {
        // AdapterConfig and its base classes of keycloak-core 26, and the keys that earlier versions had.
        var options = Read("""
            {
              "realm": "acme", "realm-public-key": "MIIB", "auth-server-url": "https://sso.example.com/", "ssl-required": "external",
              "confidential-port": 0, "resource": "acme-api", "use-resource-role-mappings": true, "enable-cors": true, "cors-max-age": 1000,
              "cors-allowed-headers": "X-A", "cors-allowed-methods": "GET", "cors-exposed-headers": "ETag", "expose-token": false,
              "bearer-only": true, "autodetect-bearer-only": true, "enable-basic-auth": false, "public-client": false,
              "credentials": { "secret": "s1", "jwt": { "client-key-password": "x" }, "provider": "secret" },
              "connection-pool-size": 20, "socket-timeout-millis": 5000, "connection-timeout-millis": 6000, "connection-ttl-millis": 500,
              "allow-any-hostname": false, "disable-trust-manager": false, "truststore": "a.jks", "truststore-password": "x",
              "client-keystore": "b.jks", "client-keystore-password": "x", "client-key-password": "x", "always-refresh-token": false,
              "register-node-at-startup": false, "register-node-period": -1, "token-store": "session", "adapter-state-cookie-path": "/",
              "principal-attribute": "sub", "proxy-url": "http://localhost:3128", "turn-off-change-session-id-on-login": false,
              "token-minimum-time-to-live": 0, "min-time-between-jwks-requests": 10, "public-key-cache-ttl": 86400, "enable-pkce": true,
              "policy-enforcer": { "enforcement-mode": "ENFORCING", "paths": [ { "path": "/a", "methods": [ { "method": "GET" } ] } ] },
              "ignore-oauth-query-parameter": false, "verify-token-audience": true, "redirect-rewrite-rules": { "^/a/(.*)$": "/b/$1" },
              "scope": "openid",
              "sign-in": { "resource": "acme-admin", "credentials": { "secret": "s2" } }
            }
            """);

        Assert.Empty(Failures(options));
        Assert.Equal("http://localhost:3128", options.ProxyUrl);
        Assert.Contains("policy-enforcer", options.WithoutMeaning.Select(key => key.Key));
        Assert.Contains("truststore", options.WithoutMeaning.Where(key => key.Value is not null).Select(key => key.Key));
        Assert.DoesNotContain("proxy-url", options.WithoutMeaning.Select(key => key.Key));
        Assert.DoesNotContain("expose-token", options.WithoutMeaning.Select(key => key.Key));
    }

    [Fact]
    public void Every_option_of_Keycloak_AuthServices_is_accepted_in_either_spelling()
    {
        const string sets = """
            "Audience": "acme-api", "AdditionalAudiences": [ "other" ], "RoleClaimType": "role", "NameClaimType": "preferred_username",
            "MetadataAddress": "https://x/", "DisableRolesAccessTokenMapping": true, "EnableRolesMapping": "All", "RolesResource": "r",
            "OrganizationClaimType": "organization", "SourceAuthenticationScheme": "Bearer", "SourceTokenName": "access_token",
            "DisableHeaderPropagation": false, "UseProtectedResourcePolicyProvider": true, "ScopesValidationMode": "AnyOf",
            "CacheDuration": "00:01:00", "TokenClockSkew": "00:00:05", "VerifyTokenAudience": true, "SslRequired": "none"
            """;
        var pascal = Read($"{{{sets}}}");
        var withHyphens = Regex.Replace(
            sets,
            "(?<=\"[A-Za-z]*[a-z])(?<upper>[A-Z])(?=[A-Za-z]*\":)",
            "-${upper}",
            RegexOptions.ExplicitCapture,
            TimeSpan.FromSeconds(10));
        var kebab = Read($"{{{withHyphens.ToLowerInvariant()}}}");

        Assert.Equal(TimeSpan.FromSeconds(5), kebab.TokenClockSkew);
        Assert.Equal(14, pascal.WithoutMeaning.Count);
        Assert.Equal(pascal.WithoutMeaning, kebab.WithoutMeaning);
    }

    [Theory]
    [InlineData("realm:0", "acme", "Keycloak:realm is a list or a section, which has Keycloak:realm:0. It must be one value.")]
    [InlineData("sign-in", "acme-admin", "Keycloak:sign-in is \"acme-admin\". It must be a section, with keys of its own.")]
    [InlineData("sign-in:credentials", "s", "Keycloak:sign-in:credentials is \"s\". It must be a section")]
    [InlineData("verify-token-audience:0", "true", "Keycloak:verify-token-audience is a list or a section")]
    [InlineData("token-algorithms:first", "RS256", "Keycloak:token-algorithms must be a list")]
    [InlineData("cors-allowed-methods:0:x", "GET", "Keycloak:cors-allowed-methods must be a list")]
    public void A_value_where_a_section_is_expected_and_the_reverse_is_said(string key, string value, string expected)
    {
        var exception = Assert.Throws<KeycloakConfigurationException>(() => Read("{}", (key, value)));

        Assert.Contains(expected, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_list_may_be_written_as_names_with_commas_between_them_and_keeps_its_order()
    {
        Assert.Equal(["PS256", "ES256"], Read("""{"token-algorithms":"PS256, ES256"}""").TokenAlgorithms);
        var many = Enumerable.Range(0, 12).Select(index => ($"cors-allowed-headers:{index}", $"X-{index}")).ToArray();
        Assert.Equal(many.Select(entry => entry.Item2), Read("{}", many).CorsAllowedHeaders);
    }

    [Theory]
    [InlineData("proxy.example.com:3128", "external", "Keycloak:proxy-url is \"proxy.example.com:3128\". It must be an absolute http")]
    [InlineData("http://proxy.example.com:3128", "none", null)]
    [InlineData("http://proxy.example.com:3128", "external", "Ask Keycloak over https")]
    public void A_proxy_is_an_address_and_hides_which_address_a_name_leads_to(string proxy, string required, string? expected)
    {
        var failures = Failures(Read(
            Adapter, ("proxy-url", proxy), ("ssl-required", required), ("auth-server-url", "http://sso.example.com/"))).ToList();

        Assert.Equal(expected is not null, failures.Exists(failure => failure.Contains(expected ?? "proxy", StringComparison.Ordinal)));
        Assert.Empty(Failures(Read(Adapter, ("proxy-url", "http://proxy.example.com:3128"))));
    }

    [Fact]
    public async Task Keycloak_is_asked_through_the_proxy()
    {
        using var proxy = new TcpListener(IPAddress.Loopback, 0);
        proxy.Start();
        var options = new KeycloakOptions { ProxyUrl = $"http://127.0.0.1:{((IPEndPoint)proxy.LocalEndpoint).Port}" };
        using var client = new HttpClient(BackchannelHandler.Create(Options.Create(options)));

        var asked = client.GetAsync("https://sso.example.test/realms/acme", TestContext.Current.CancellationToken);
        var accepting = proxy.AcceptTcpClientAsync(TestContext.Current.CancellationToken).AsTask();
        Assert.Same(accepting, await Task.WhenAny(accepting, asked));
        using var connection = await accepting;
        using var reader = new StreamReader(connection.GetStream());

        Assert.Equal("CONNECT sso.example.test:443 HTTP/1.1", await reader.ReadLineAsync(TestContext.Current.CancellationToken));
        await connection.GetStream().WriteAsync("HTTP/1.1 502 Bad Gateway\r\n\r\n"u8.ToArray(), TestContext.Current.CancellationToken);
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => asked);
    }

    [Fact]
    public void A_later_source_overrides_an_earlier_one_in_either_spelling()
    {
        var options = Read(
            Adapter,
            ("AuthServerUrl", "https://other.example.com"),
            ("SignIn:Credentials:Secret", "from-the-environment"),
            ("SignIn:SessionLifetime", "00:05:00"));

        Assert.Equal("https://other.example.com/realms/acme", options.Issuer);
        Assert.Equal("acme-admin", options.SignIn.Resource);
        Assert.Equal("from-the-environment", options.SignIn.Secret);
        Assert.Equal(TimeSpan.FromMinutes(5), options.SignIn.SessionLifetime);
    }

    [Fact]
    public void One_source_that_says_two_things_under_one_key_is_refused()
    {
        var exception = Assert.Throws<KeycloakConfigurationException>(() =>
            Read("""{"auth-server-url":"https://a.test","AuthServerUrl":"https://b.test"}"""));

        Assert.Contains("which are the same key", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_secret_can_come_from_a_file()
    {
        var file = Path.GetTempFileName();
        File.WriteAllText(file, "from-a-file\n");
        try
        {
            var options = Read("""{"sign-in":{"resource":"r"}}""", ("sign-in:credentials:secret-file", file));
            Assert.Equal("from-a-file", options.SignIn.Secret);
        }
        finally
        {
            File.Delete(file);
        }

        var missing = Assert.Throws<KeycloakConfigurationException>(
            () => Read("""{"sign-in":{"resource":"r"}}""", ("sign-in:credentials:secret-file", file)));
        Assert.Contains("secret-file cannot be read", missing.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("credentials:secret-file", "/nowhere/at/all")]
    [InlineData("credentials:jwt:client-key-password", "x")]
    [InlineData("Credentials:Secret", "s3")]
    public void The_secret_of_the_API_s_own_client_is_not_needed_and_not_looked_at(string key, string value)
    {
        var options = Read(Adapter, (key, value));

        Assert.Equal("s2", options.SignIn.Secret);
        Assert.Empty(Failures(options));
    }

    [Fact]
    public void The_back_channel_may_have_an_address_of_its_own_while_the_issuer_stays()
    {
        var options = Read(Adapter, ("backchannel-url", "http://keycloak:8080"));

        Assert.Equal("https://sso.example.com/realms/acme", options.Issuer);
        Assert.Equal("http://keycloak:8080/realms/acme/.well-known/openid-configuration", options.MetadataAddress);
    }

    [Theory]
    [InlineData("127.0.0.1", true)]
    [InlineData("::1", true)]
    [InlineData("::ffff:10.1.2.3", true)]
    [InlineData("10.255.0.1", true)]
    [InlineData("172.16.0.1", true)]
    [InlineData("172.31.255.255", true)]
    [InlineData("172.32.0.1", false)]
    [InlineData("172.15.0.1", false)]
    [InlineData("192.168.3.4", true)]
    [InlineData("192.169.3.4", false)]
    [InlineData("169.254.1.1", true)]
    [InlineData("fe80::1", true)]
    [InlineData("fd00::1", true)]
    [InlineData("2001:db8::1", false)]
    [InlineData("93.184.216.34", false)]
    public void Ssl_required_means_what_Keycloak_means_by_it(string address, bool local)
    {
        var parsed = IPAddress.Parse(address);

        Assert.Equal(!local, BackchannelHandler.IsSslRequired(SslRequired.External, parsed));
        Assert.True(BackchannelHandler.IsSslRequired(SslRequired.All, parsed));
        Assert.False(BackchannelHandler.IsSslRequired(SslRequired.None, parsed));
    }

    private static KeycloakOptions Read(string json, params (string Key, string Value)[] more)
    {
        var configuration = new ConfigurationBuilder()
            .AddJsonStream(new MemoryStream(Encoding.UTF8.GetBytes($$"""{"Keycloak":{{json}}}""")))
            .AddInMemoryCollection(more.Select(entry => KeyValuePair.Create($"Keycloak:{entry.Key}", (string?)entry.Value)))
            .Build();
        var options = new KeycloakOptions();
        new KeycloakOptionsReader(configuration).Configure(options);
        return options;
    }

    private static IEnumerable<string> Failures(KeycloakOptions options) =>
        new KeycloakOptionsValidator().Validate(null, options).Failures ?? [];
}
