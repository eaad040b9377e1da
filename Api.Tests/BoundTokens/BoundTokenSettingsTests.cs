using KeycloakAccess.Authentication;
using KeycloakAccess.Authentication.BoundTokens;
using KeycloakAccess.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace Api.Tests.BoundTokens;

/// <summary>A setting that cannot be meant ends the start, with the key and what it must be.</summary>
public sealed class BoundTokenSettingsTests
{
    [Theory]
    [InlineData("BoundTokens:Dpop:Algorithms:0", "HS256", "It may name RS256")]
    [InlineData("BoundTokens:Dpop:Algorithms:0", "none", "It may name RS256")]
    [InlineData("BoundTokens:Dpop:ProofLifetime", "60", "as in 00:01:00")]
    [InlineData("BoundTokens:Dpop:ProofLifetime", "00:00:00", "between 1 second and 5 minutes")]
    [InlineData("BoundTokens:Dpop:ClockSkew", "00:02:00", "between 0 and 1 minute")]
    [InlineData("BoundTokens:Dpop:ClockSkew", "-00:00:01", "between 0 and 1 minute")]
    [InlineData("BoundTokens:Dpop:NonceLifetime", "00:00:01", "between 10 seconds and 1 hour")]
    [InlineData("BoundTokens:RequiredForPaths:0", "api", "as in /api/groups")]
    [InlineData("BoundTokens:RequiredForPaths:0", "/", "as in /api/groups")]
    [InlineData("BoundTokens:RequiredForPaths:0", "/api/", "as in /api/groups")]
    [InlineData("BoundTokens:RequiredForPaths:0", "/api/*", "as in /api/groups")]
    [InlineData("BoundTokens:ClientCertificates", "Header", "None or Connection or Proxy")]
    [InlineData("BoundTokens:Requird", "true", "did you mean Required")]
    public void Of_bound_tokens(string key, string value, string says)
    {
        var failure = FindFailure<BoundTokenOptions>(key, value, BoundTokenOptions.Section, new BoundTokenValidator());

        Assert.Contains(says, failure, StringComparison.Ordinal);
        Assert.Contains(key.Split(":0")[0], failure, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("www.example.com")]
    [InlineData("ftp://www.example.com")]
    [InlineData("https://www.example.com/")]
    [InlineData("https://www.example.com/a?b")]
    [InlineData("https://www.example.com/a#b")]
    [InlineData("https://ada@www.example.com")]
    public void Of_the_resource(string identifier) => Assert.Contains(
        "It must be an absolute http or https URL",
        FindFailure<ProtectedResourceOptions>(
            "ProtectedResource:Identifier", identifier, ProtectedResourceOptions.Section, new ProtectedResourceValidator()),
        StringComparison.Ordinal);

    [Theory]
    [InlineData("BoundTokens:Dpop:Algorithms:0", "ES256")]
    [InlineData("BoundTokens:Dpop:ProofLifetime", "00:05:00")]
    [InlineData("BoundTokens:Dpop:ClockSkew", "00:00:00")]
    [InlineData("BoundTokens:RequiredForPaths:0", "/api/groups")]
    [InlineData("BoundTokens:ClientCertificates", "proxy")]
    [InlineData("BoundTokens:Required", "")]
    public void What_can_be_meant_does_not(string key, string value) =>
        Assert.Null(FindFailure<BoundTokenOptions>(key, value, BoundTokenOptions.Section, new BoundTokenValidator()));

    private static string? FindFailure<TOptions>(string key, string value, string section, IValidateOptions<TOptions> rules)
        where TOptions : class, new()
    {
        try
        {
            var configuration = new ConfigurationBuilder().AddInMemoryCollection([new(key, value)]).Build();
            var result = rules.Validate(name: null, configuration.ReadSettings<TOptions>(section));
            return result.Failed ? result.FailureMessage : null;
        }
        catch (OptionsValidationException exception)
        {
            return exception.Message;
        }
    }
}
