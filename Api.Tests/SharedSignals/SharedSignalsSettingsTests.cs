using System.Net;
using KeycloakAccess.Authentication;
using KeycloakAccess.Data;
using KeycloakAccess.SharedSignals;
using Microsoft.Extensions.Options;

namespace Api.Tests.SharedSignals;

/// <summary>A setting that cannot be meant ends the start, with the key and what it must be.</summary>
public sealed class SharedSignalsSettingsTests
{
    public static TheoryData<string, string> Mistakes => new()
    {
        { "Audiences is empty", "no-audience" },
        { "Audiences:0 is \"*\"", "*" },
        { "Audiences:0 is \"/*\"", "/*" },
        { "Audiences:0 is \"acme-*\"", "acme-*" },
        { "Audiences:0 is \"a/*/b\"", "a/*/b" },
    };

    [Theory]
    [MemberData(nameof(Mistakes))]
    public void Of_audiences(string says, string audience)
    {
        var options = Push();
        options.Audiences = audience == "no-audience" ? [] : [audience];

        Assert.Contains(says, Assert.Single(Failures(options)), StringComparison.Ordinal);
    }

    [Fact]
    public void Of_all_others()
    {
        AssertFails("SharedSignals:Issuer is \"signals\"", options => options.Issuer = "signals");
        AssertFails("SharedSignals:Issuer is \"ftp://x\"", options => options.Issuer = "ftp://x");
        AssertFails("SharedSignals:Issuer is \"https://a@x\"", options => options.Issuer = "https://a@x");
        AssertFails("remove it, or set SharedSignals:Issuer", options => options.MetadataAddress = "https://x/meta");
        AssertFails("has both Push:Authorization and Push:AuthorizationFile", options =>
            (options.Push.Authorization, options.Push.AuthorizationFile) = ("x", "y"));
        AssertFails("Push:AuthorizationFile cannot be read", options => options.Push.AuthorizationFile = "/nothing/here");
        AssertFails("holds a character", options => options.Push.Authorization = "Bearer ä");
        AssertFails("Poll:Endpoint is missing", options => options.Poll.Endpoint = "", Poll());
        AssertFails("Poll:Endpoint is \"/poll\"", options => options.Poll.Endpoint = "/poll", Poll());
        AssertFails("between 1 second and 1 hour", options => options.Poll.Interval = TimeSpan.Zero, Poll());
        AssertFails("between 1 second and 1 hour", options => options.Poll.Interval = TimeSpan.FromHours(2), Poll());
        AssertFails("between 1 and 1000", options => options.Poll.MaxEvents = 0, Poll());
        AssertFails("between 1 and 1000", options => options.Poll.MaxEvents = 1001, Poll());
        AssertFails("Poll:ClientId is missing", options => (options.Poll.ClientId, options.Poll.ClientSecret) = ("", ""), Poll());
        AssertFails("Poll:ClientSecret is missing", options => options.Poll.ClientSecret = "", Poll());
        AssertFails("has both Poll:ClientSecret", options => options.Poll.ClientSecretFile = "/x", Poll());
        AssertFails("Poll:TokenFile cannot be read", options =>
            (options.Poll.ClientId, options.Poll.ClientSecret, options.Poll.TokenFile) = ("", "", "/nothing/here"), Poll());
    }

    [Fact]
    public void What_can_be_meant_does_not()
    {
        Assert.Empty(Failures(new SharedSignalsOptions { Poll = { MaxEvents = -1 }, Issuer = "not read where nothing is taken" }));
        Assert.Empty(Failures(Push()));
        Assert.Empty(Failures(Poll()));
        var other = Push();
        (other.Issuer, other.MetadataAddress) = ("https://x.example.com/a", "https://x/meta");
        other.Audiences = ["https://api.example.com", "a/b/*"];
        Assert.Empty(Failures(other));
    }

    [Theory]
    [InlineData("https://x.example.com", "https://x.example.com/.well-known/ssf-configuration")]
    [InlineData("https://x.example.com/", "https://x.example.com/.well-known/ssf-configuration")]
    [InlineData("https://x.example.com:8443/a/b", "https://x.example.com:8443/.well-known/ssf-configuration/a/b")]
    public void The_metadata_are_where_SSF_has_them(string issuer, string address) =>
        Assert.Equal(address, Transmitter.MetadataAddressOf(issuer));

    [Theory]
    [InlineData("a", "a", true)]
    [InlineData("a", "A", false)]
    [InlineData("a", "a/1", false)]
    [InlineData("a/*", "a/1", true)]
    [InlineData("a/*", "a/", false)]
    [InlineData("a/*", "a", false)]
    [InlineData("a/*", "ab/1", false)]
    [InlineData("a/*", "a/b/1", false)]
    [InlineData("a/b/*", "a/b/1", true)]
    public void An_audience_is_that_of_the_client_with_any_stream(string pattern, string audience, bool matches) =>
        Assert.Equal(matches, SignalAudience.Matches(pattern, audience));

    [Fact]
    public async Task Whoever_is_refused_too_often_is_told_to_wait()
    {
        await using var realm = await RealmWithEvents.Start(DatabaseEngine.Sqlite, ("RateLimits:RefusedRequests", "2"));
        var answers = new List<int>();
        for (var i = 0; i < 3; i++)
        {
            answers.Add((await realm.SendAsync(request =>
            {
                request.HttpContext.Connection.RemoteIpAddress = IPAddress.Loopback;
                (request.Method, request.Scheme, request.Path) = ("POST", "http", "/ssf/events");
                request.Host = new("localhost");
            })).Response.StatusCode);
        }

        Assert.Equal([400, 400, 429], answers);
    }

    private static void AssertFails(string says, Action<SharedSignalsOptions> change, SharedSignalsOptions? options = null)
    {
        options ??= Push();
        change(options);
        Assert.Contains(says, Assert.Single(Failures(options)), StringComparison.Ordinal);
    }

    private static IEnumerable<string> Failures(SharedSignalsOptions options) =>
        new SharedSignalsValidator(Options.Create(new KeycloakOptions())).Validate(null, options).Failures ?? [];

    private static SharedSignalsOptions Push() => new() { Delivery = SignalDelivery.Push, Audiences = ["acme-signals/*"] };

    private static SharedSignalsOptions Poll() => new()
    {
        Delivery = SignalDelivery.Poll,
        Audiences = ["acme-signals/*"],
        Poll = { Endpoint = "https://keycloak.example.com/poll", ClientId = "acme-signals", ClientSecret = "secret" },
    };
}
