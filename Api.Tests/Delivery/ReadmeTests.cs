using System.Text;
using System.Text.RegularExpressions;
using Api.Tests.Infrastructure;
using KeycloakAccess.Authentication;
using Microsoft.Extensions.Configuration;

namespace Api.Tests.Delivery;

/// <summary>What README.md and docs tell somebody to configure is what the code reads.</summary>
public sealed partial class ReadmeTests
{
    private static readonly string Settings = Document.Configuration.Text;

    [Fact]
    public void The_example_of_section_Keycloak_can_be_used_as_it_stands()
    {
        var secret = Path.GetTempFileName();
        try
        {
            File.WriteAllText(secret, "a-secret\n");
            var json = JsonBlock()
                .Match(Document.Keycloak.Text).Groups["json"].Value.Replace("/run/secrets/acme-admin", secret, StringComparison.Ordinal);
            using var stream = new MemoryStream(Encoding.UTF8.GetBytes(json));

            var options = Read(new ConfigurationBuilder().AddJsonStream(stream));

            var result = new KeycloakOptionsValidator().Validate(name: null, options);
            Assert.True(result.Succeeded, result.FailureMessage);
            Assert.Equal("https://sso.example.com/realms/example", options.Issuer);
            Assert.Equal("a-secret", options.SignIn.Secret);
        }
        finally
        {
            File.Delete(secret);
        }
    }

    [Theory]
    [InlineData("Keycloak:")]
    [InlineData("Keycloak:sign-in:")]
    [InlineData("Keycloak:sign-in:credentials:")]
    public void The_table_of_settings_names_every_key_that_is_read(string section)
    {
        var known = KnownIn(section);

        Assert.True(known.Length > 1);
        Assert.All(known, key => Assert.Contains($"| `{section}{key}", Settings, StringComparison.Ordinal));
    }

    [Fact]
    public void The_table_of_settings_names_no_key_that_is_not_read()
    {
        foreach (var key in TableRow().Matches(Settings).Select(row => "Keycloak:" + row.Groups["dashed"].Value))
        {
            var end = key.LastIndexOf(':') + 1;
            Assert.Contains(key[end..], KnownIn(key[..end]));
        }
    }

    [Fact]
    public void Both_spellings_of_each_key_in_the_table_are_one_key()
    {
        var rows = TableRow().Matches(Settings);

        Assert.NotEmpty(rows);
        Assert.All(rows, row => Assert.Equal(
            row.Groups["dashed"].Value.Replace("-", "", StringComparison.Ordinal),
            row.Groups["pascal"].Value,
            StringComparer.OrdinalIgnoreCase));
    }

    [Fact]
    public void The_versions_of_Keycloak_are_those_of_the_tests()
    {
        var version = KeycloakUnderTest.Image.Split(':')[1];
        // A decision names the version that it was made with.
        var texts = Document.All.Where(document => !document.Path.StartsWith("docs/adr/", StringComparison.Ordinal))
            .Select(document => document.Text);

        Assert.Equal(
            [version],
            texts.SelectMany(text => KeycloakVersion().Matches(text))
                .Select(match => match.Groups["version"].Value)
                .Distinct(StringComparer.Ordinal),
            StringComparer.Ordinal);
    }

    // The refusal of an unknown key lists the known ones.
    private static string[] KnownIn(string section)
    {
        var exception = Assert.Throws<KeycloakConfigurationException>(() => Read(new ConfigurationBuilder().AddInMemoryCollection(
            new Dictionary<string, string?>(StringComparer.Ordinal) { [section + "nonsense"] = "x" })));
        return exception.Message[(exception.Message.IndexOf("Known here: ", StringComparison.Ordinal) + "Known here: ".Length)..]
            .TrimEnd('.')
            .Split(", ");
    }

    private static KeycloakOptions Read(IConfigurationBuilder builder)
    {
        var options = new KeycloakOptions();
        new KeycloakOptionsReader(builder.Build()).Configure(options);
        return options;
    }

    [GeneratedRegex(@"```json\n(?<json>.*?)```", RegexOptions.Singleline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex JsonBlock();

    [GeneratedRegex(
        @"^\| `Keycloak:(?<dashed>[a-z:-]+)(:0)?`[^|]*\| `(?<pascal>[A-Za-z:]+?)(:0)?`",
        RegexOptions.Multiline | RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex TableRow();

    [GeneratedRegex(@"Keycloak (?<version>\d+\.\d+\.\d+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex KeycloakVersion();
}
