using System.Net;
using System.Net.Sockets;
using Api.Tests.Infrastructure;
using KeycloakRealm;
using Microsoft.Extensions.Logging;

namespace Api.Tests.Realm;

/// <summary>What the embedded realm has to itself: how it starts, where it refuses to, and what it says about the file.</summary>
public sealed class EmbeddedRealmTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("Production")]
    [InlineData("Staging")]
    [InlineData("development")]
    [InlineData("")]
    public async Task It_does_not_start_outside_development_and_tests(string environment)
    {
        var exception = await Assert.ThrowsAsync<EmbeddedRealmException>(() => EmbeddedRealm.StartAsync(Options(environment), Cancel));

        Assert.Contains("Development", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://0.0.0.0:0")]
    [InlineData("http://example.com:0")]
    [InlineData("https://localhost:0")]
    public async Task It_listens_on_loopback_only(string url)
    {
        var options = Options();
        options.Url = new(url);

        await Assert.ThrowsAsync<EmbeddedRealmException>(() => EmbeddedRealm.StartAsync(options, Cancel));
    }

    [Fact]
    public async Task A_taken_port_is_named_with_the_setting_that_moves_it()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var options = Options();
        options.Url = new($"http://localhost:{((IPEndPoint)taken.LocalEndpoint).Port}");

        var exception = await Assert.ThrowsAsync<EmbeddedRealmException>(() => EmbeddedRealm.StartAsync(options, Cancel));

        Assert.Contains($"Port {options.Url.Port} is taken", exception.Message, StringComparison.Ordinal);
        Assert.Contains("--urls", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_from_before_a_restart_still_verifies()
    {
        var folder = Directory.CreateTempSubdirectory("realm-state-");
        try
        {
            string token;
            string url;
            await using (var first = await EmbeddedRealm.StartAsync(Options(stateFolder: folder.FullName), Cancel))
            {
                url = first.Url.AbsoluteUri;
                token = await TokenAsync(first);
            }

            var again = Options(stateFolder: folder.FullName);
            again.Url = new(url);
            await using var second = await EmbeddedRealm.StartAsync(again, Cancel);
            using var http = new HttpClient();
            var certs = System.Text.Json.JsonElement.Parse(await http.GetStringAsync(
                $"{second.Issuer}/protocol/openid-connect/certs", Cancel));
            Assert.True(Jwt.Decode(token).IsSignedBy(certs));

            // Without a state folder it would not.
            var without = Options();
            without.StateFolder = null;
            await using var other = await EmbeddedRealm.StartAsync(without, Cancel);
            var otherCerts = await http.GetStringAsync($"{other.Issuer}/protocol/openid-connect/certs", Cancel);
            Assert.DoesNotContain(Jwt.Decode(token).Header.GetProperty("kid").GetString()!, otherCerts, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task The_realm_file_of_the_project_is_honoured_without_a_warning()
    {
        using var lines = new LogLines();
        using var loggers = LoggerFactory.Create(logging => logging.AddProvider(lines));
        var options = Options();
        options.LoggerFactory = loggers;

        await using var realm = await EmbeddedRealm.StartAsync(options, Cancel);

        Assert.DoesNotContain("Warning", lines.Text, StringComparison.Ordinal);
        Assert.Equal(["ada", "grace", "linus", "nora", "dennis"], realm.People.Select(person => person.Username));
        Assert.Equal(
            ["acme-api", "acme-reader", "acme-writer", "acme-nobody", "acme-retired", "acme-admin", "acme-spa"],
            realm.Clients.Select(client => client.ClientId));
    }

    [Fact]
    public async Task In_development_one_click_on_the_sign_in_page_signs_somebody_in()
    {
        await using var realm = await EmbeddedRealm.StartAsync(Options("Development"), Cancel);
        using var browser = new RealmBrowser(realm.Url);
        var page = await browser.GetAsync(SignInUrl(realm));
        var names = page.Page.QuerySelectorAll("#people button").Select(button => button.TextContent.Trim());
        Assert.Equal(
            [
                "ada Ada Lovelace", "grace Grace Hopper", "linus Linus Torvalds", "nora Nora Roberts",
                "dennis Dennis Ritchie · disabled in Keycloak",
            ],
            names);

        var answer = await browser.SubmitAsync(page, "#people form:nth-of-type(2)");

        Assert.Contains("code=", answer.Location!.Query, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Elsewhere_the_sign_in_page_names_nobody()
    {
        await using var realm = await EmbeddedRealm.StartAsync(Options(), Cancel);
        using var browser = new RealmBrowser(realm.Url);

        var page = await browser.GetAsync(SignInUrl(realm));

        Assert.NotNull(page.Page.QuerySelector("#kc-form-login"));
        Assert.Null(page.Page.QuerySelector("#people"));
        Assert.DoesNotContain("ada", page.Page.Body!.TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_not_honoured_is_named_with_its_place_in_the_file()
    {
        using var lines = new LogLines();
        using var loggers = LoggerFactory.Create(logging => logging.AddProvider(lines));

        await using var realm = await StartWithAsync("""{"realm":"other","enabled":true,"scimApiEnabled":true}""", loggers);

        Assert.Contains("scimApiEnabled", lines.Text, StringComparison.Ordinal);
        Assert.Contains("Warning", lines.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"realm":"other","colour":"red"}""", "colour")]
    [InlineData("""{"realm":"other","users":[{"username":"u","groups":["/nowhere"]}]}""", "/nowhere")]
    [InlineData("{", "JSON")]
    [InlineData("[]", "realm")]
    public async Task What_Keycloak_refuses_is_refused_with_its_place_in_the_file(string json, string expected)
    {
        var exception = await Assert.ThrowsAsync<EmbeddedRealmException>(() => StartWithAsync(json));

        Assert.Contains(expected, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Placeholders_take_what_they_are_given_else_their_default()
    {
        var options = Options();
        options.Placeholders = new Dictionary<string, string> { ["ACME_READER_SECRET"] = "another" };

        await using var realm = await EmbeddedRealm.StartAsync(options, Cancel);

        Assert.Equal("another", realm.Clients.Single(client => client.ClientId == "acme-reader").Secret);
        Assert.Equal("acme-writer-secret", realm.Clients.Single(client => client.ClientId == "acme-writer").Secret);
    }

    [Fact]
    public async Task A_placeholder_without_a_variable_is_named_with_its_place()
    {
        using var lines = new LogLines();
        using var loggers = LoggerFactory.Create(logging => logging.AddProvider(lines));
        await using var realm = await StartWithAsync(
            """
            { "realm": "other", "enabled": true, "displayName": "a $${X} b ${NOT_SET_HERE} c ${NOT_SET_HERE:d}",
              "clients": [{ "clientId": "app", "secret": "${NOT_SET_HERE}", "description": "${role_x} ${authBaseUrl}" }] }
            """,
            loggers);

        Assert.Equal(
            ["$.clients[0].secret: ${NOT_SET_HERE}", "$.displayName: ${NOT_SET_HERE}"],
            lines.Text.Split('\n').Where(line => line.Contains("${", StringComparison.Ordinal))
                .Select(line => line[line.IndexOf('$', StringComparison.Ordinal)..line.IndexOf(" stays", StringComparison.Ordinal)])
                .Order(StringComparer.Ordinal));
    }

    private static string SignInUrl(EmbeddedRealm realm) =>
        $"{realm.Issuer}/protocol/openid-connect/auth?client_id=acme-spa&response_type=code&scope=openid"
        + "&redirect_uri=http%3A%2F%2Flocalhost%3A5173%2F&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&"
            + "code_challenge_method=S256";

    private static EmbeddedRealmOptions Options(string environment = "Testing", string? stateFolder = null) => new()
    {
        RealmFile = RealmUnderTest.RealmFile,
        Url = new("http://localhost:0"),
        EnvironmentName = environment,
        StateFolder = stateFolder ?? RealmFileUnderTest.KeptKeys,
    };

    private static async Task<EmbeddedRealm> StartWithAsync(string json, ILoggerFactory? loggers = null)
    {
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, json, Cancel);
            var options = Options();
            options.RealmFile = file;
            options.LoggerFactory = loggers;
            return await EmbeddedRealm.StartAsync(options, Cancel);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static async Task<string> TokenAsync(EmbeddedRealm realm)
    {
        using var http = new HttpClient();
        using var form = new FormUrlEncodedContent(
        [
            new("grant_type", "client_credentials"), new("client_id", "acme-reader"), new("client_secret", "acme-reader-secret"),
        ]);
        var response = await http.PostAsync($"{realm.Issuer}/protocol/openid-connect/token", form, Cancel);
        return System.Text.Json.JsonElement.Parse(await response.Content.ReadAsStringAsync(Cancel))
            .GetProperty("access_token")
            .GetString()!;
    }
}
