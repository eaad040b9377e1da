using System.Net;
using System.Text;
using KeycloakAccess.Authentication;
using Microsoft.Extensions.Configuration;

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
