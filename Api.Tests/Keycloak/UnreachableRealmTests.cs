using System.Net;
using Api.Tests.Infrastructure;

namespace Api.Tests.Keycloak;

/// <summary>A realm that has not been reached yet, whatever the reason.</summary>
public sealed class UnreachableRealmTests(ForgingRealmThatIsDown place) : ForgingRealmTests(place), IClassFixture<ForgingRealmThatIsDown>
{
    [Fact]
    public async Task The_answer_is_503_and_the_service_is_alive_but_not_ready()
    {
        using var client = Realm.NewClient(Realm.Mint());

        var response = await client.GetAsync("/api/me", Cancel);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.Contains("realm_unreachable", await response.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        Assert.Equal(TimeSpan.FromSeconds(5), response.Headers.RetryAfter?.Delta);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/health/live", Cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await client.GetAsync("/health/ready", Cancel)).StatusCode);
        // Who sends no token needs no realm to be refused.
        Assert.Equal(HttpStatusCode.Unauthorized, (await Realm.NewClient(null).GetAsync("/api/me", Cancel)).StatusCode);
        // A sign-in cannot begin, and whoever tries is told so on a page.
        using var page = new HttpRequestMessage(HttpMethod.Get, "/signin");
        page.Headers.Accept.ParseAdd("text/html");
        var answer = await Realm.NewClient(null).SendAsync(page, Cancel);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Contains("Not available right now", await answer.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await Realm.NewClient(null).GetAsync("/signin", Cancel)).StatusCode);
    }

    [Theory]
    [InlineData("")]
    [InlineData("<html>maintenance</html>")]
    [InlineData("{\"issuer\":")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("{\"issuer\":7,\"jwks_uri\":[]}")]
    [InlineData("{\"issuer\":\"x\",\"jwks_uri\":\"not an address\"}")]
    [InlineData("{\"issuer\":\"ISSUER\"}")]
    [InlineData("{\"issuer\":\"ISSUER\",\"jwks_uri\":null}")]
    [InlineData("{\"issuer\":\"ISSUER\",\"jwks_uri\":\"\"}")]
    [InlineData("{\"issuer\":\"ISSUER\",\"jwks_uri\":\"not an address\"}")]
    [InlineData("{\"issuer\":\"ISSUER\",\"jwks_uri\":\"http://[\"}")]
    [InlineData("{\"issuer\":\"ISSUER\",\"jwks_uri\":\"file:///etc/hostname\"}")]
    [InlineData("{\"issuer\":\"ISSUER\",\"jwks_uri\":\"ISSUER/.well-known/openid-configuration\"}")]
    public Task A_realm_that_answers_nonsense_is_as_good_as_unreachable(string nonsense) =>
        AssertUnreachableAsync(() => Realm.Nonsense = nonsense.Replace("ISSUER", Realm.Issuer, StringComparison.Ordinal));

    [Fact]
    public Task A_realm_that_calls_itself_otherwise_is_not_believed() =>
        AssertUnreachableAsync(() => Realm.ClaimedIssuer = "https://somebody-else.test/realms/acme");

    // It stays unreached, and the next test has the same to begin with.
    private async Task AssertUnreachableAsync(Action change)
    {
        change();
        Realm.IsDown = false;
        try
        {
            var before = Realm.Reads;
            var status = HttpStatusCode.OK;
            // A reading may be under way since before the change; then the next request begins another.
            for (var i = 0; i < 10 && Realm.Reads == before; i++)
            {
                Realm.Clock.Advance(TimeSpan.FromSeconds(1));
                status = (await Realm.NewClient(Realm.Mint()).GetAsync("/api/me", Cancel)).StatusCode;
            }

            Assert.True(Realm.Reads > before);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
        }
        finally
        {
            Realm.IsDown = true;
            Realm.Nonsense = null;
            Realm.ClaimedIssuer = null;
        }
    }
}
