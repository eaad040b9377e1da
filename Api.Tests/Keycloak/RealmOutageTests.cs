using System.Net;
using System.Security.Cryptography;
using KeycloakAccess.Authentication;
using Api.Tests.Infrastructure;
using Microsoft.Extensions.Time.Testing;
using Microsoft.IdentityModel.Tokens;

namespace Api.Tests.Keycloak;

/// <summary>The realm goes away, comes back, and changes its keys.</summary>
public sealed class RealmOutageTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Down_from_the_start_the_answer_is_503_and_the_service_is_alive_but_not_ready()
    {
        await using var realm = await ForgingRealm.StartAsync(isDown: true);
        using var client = realm.NewClient(realm.Mint());

        var response = await client.GetAsync("/api/me", Cancel);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.Contains("realm_unreachable", await response.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        Assert.Equal(TimeSpan.FromSeconds(5), response.Headers.RetryAfter?.Delta);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/health/live", Cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await client.GetAsync("/health/ready", Cancel)).StatusCode);
        // Who sends no token needs no realm to be refused.
        Assert.Equal(HttpStatusCode.Unauthorized, (await realm.NewClient(null).GetAsync("/api/me", Cancel)).StatusCode);
        // A sign-in cannot begin, and whoever tries is told so on a page.
        using var page = new HttpRequestMessage(HttpMethod.Get, "/signin");
        page.Headers.Accept.ParseAdd("text/html");
        var answer = await realm.NewClient(null).SendAsync(page, Cancel);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Contains("Not available right now", await answer.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await realm.NewClient(null).GetAsync("/signin", Cancel)).StatusCode);
    }

    [Fact]
    public async Task A_realm_that_hangs_holds_everybody_up_once_and_not_one_after_the_other()
    {
        await using var realm = await ForgingRealm.StartAsync(isDown: true);
        realm.Hang = TimeSpan.FromSeconds(3);
        realm.IsDown = false;
        await Task.Delay(1100, Cancel);
        var token = realm.Mint();
        // Those of the start do not count: a busy machine makes more of them.
        var before = realm.Reads;
        var started = Environment.TickCount64;

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => realm.NewClient(token).GetAsync("/api/me", Cancel)));

        Assert.All(answers, answer => Assert.Equal(HttpStatusCode.OK, answer.StatusCode));
        // Metadata and keys: two answers of three seconds, and not sixteen.
        Assert.InRange(Environment.TickCount64 - started, 0, 15_000);
        Assert.InRange(realm.Reads - before, 0, 5);
    }

    [Fact]
    public async Task Once_the_realm_answers_the_service_becomes_ready_by_itself()
    {
        await using var realm = await ForgingRealm.StartAsync(isDown: true);
        using var client = realm.NewClient(null);
        realm.IsDown = false;

        var ready = HttpStatusCode.ServiceUnavailable;
        for (var i = 0; i < 100 && ready != HttpStatusCode.OK; i++)
        {
            await Task.Delay(100, Cancel);
            ready = (await client.GetAsync("/health/ready", Cancel)).StatusCode;
        }

        Assert.Equal(HttpStatusCode.OK, ready);
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
    public async Task A_realm_that_answers_nonsense_is_as_good_as_unreachable(string nonsense)
    {
        await using var realm = await ForgingRealm.StartAsync(isDown: true);
        realm.Nonsense = nonsense;
        realm.IsDown = false;
        await Task.Delay(1100, Cancel);

        var response = await realm.NewClient(realm.Mint()).GetAsync("/api/me", Cancel);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
    }

    [Fact]
    public async Task A_realm_that_calls_itself_otherwise_is_not_believed()
    {
        await using var realm = await ForgingRealm.StartAsync(isDown: true);
        realm.ClaimedIssuer = "https://somebody-else.test/realms/acme";
        realm.IsDown = false;
        await Task.Delay(1100, Cancel);

        var response = await realm.NewClient(realm.Mint()).GetAsync("/api/me", Cancel);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
    }

    [Fact]
    public async Task An_outage_after_the_start_stops_nobody_for_an_hour_and_everybody_after_it()
    {
        var clock = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var realm = await ForgingRealm.StartAsync(clock);
        using var client = realm.NewClient(realm.Mint());
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/api/me", Cancel)).StatusCode);

        realm.IsDown = true;
        clock.Advance(RealmMetadata.UsableFor - TimeSpan.FromMinutes(1));
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/api/me", Cancel)).StatusCode);

        clock.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await client.GetAsync("/api/me", Cancel)).StatusCode);

        realm.IsDown = false;
        clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/api/me", Cancel)).StatusCode);
    }

    [Fact]
    public async Task The_first_token_of_a_new_key_passes()
    {
        var clock = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var realm = await ForgingRealm.StartAsync(clock);
        Assert.Equal(HttpStatusCode.OK, (await realm.NewClient(realm.Mint()).GetAsync("/api/me", Cancel)).StatusCode);
        clock.Advance(RealmMetadata.AtMostEvery);

        using var rsa = RSA.Create(2048);
        var old = realm.Key;
        realm.Key = new RsaSecurityKey(rsa) { KeyId = "second" };
        realm.Keys = [realm.Key, old];

        Assert.Equal(HttpStatusCode.OK, (await realm.NewClient(realm.Mint()).GetAsync("/api/me", Cancel)).StatusCode);
    }

    [Fact]
    public async Task A_removed_key_is_trusted_no_longer_than_the_metadata_are_fresh()
    {
        var clock = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var realm = await ForgingRealm.StartAsync(clock);
        // It outlives the test: nothing but the missing key can refuse it.
        var token = realm.Mint(changes: [("exp", clock.GetUtcNow().AddHours(1).ToUnixTimeSeconds())]);
        Assert.Equal(HttpStatusCode.OK, (await realm.NewClient(token).GetAsync("/api/me", Cancel)).StatusCode);

        using var rsa = RSA.Create(2048);
        realm.Keys = [new RsaSecurityKey(rsa) { KeyId = "second" }];
        clock.Advance(RealmMetadata.FreshFor);

        // The first request after that time starts the reading; it is done a moment later.
        var status = HttpStatusCode.OK;
        for (var i = 0; i < 100 && status == HttpStatusCode.OK; i++)
        {
            status = (await realm.NewClient(token).GetAsync("/api/me", Cancel)).StatusCode;
            await Task.Delay(20, Cancel);
            if (i % 25 == 24)
            {
                // On a busy machine a reading may fail for want of time. The next one may not come sooner than this.
                clock.Advance(RealmMetadata.AtMostEvery);
            }
        }

        Assert.Equal(HttpStatusCode.Unauthorized, status);
    }

    [Fact]
    public async Task Forged_key_ids_do_not_become_traffic_to_the_realm()
    {
        var clock = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var realm = await ForgingRealm.StartAsync(clock);
        var good = realm.Mint();
        Assert.Equal(HttpStatusCode.OK, (await realm.NewClient(good).GetAsync("/api/me", Cancel)).StatusCode);
        clock.Advance(RealmMetadata.AtMostEvery);
        var before = realm.Reads;

        using var rsa = RSA.Create(2048);
        for (var i = 0; i < 20; i++)
        {
            realm.Key = new RsaSecurityKey(rsa) { KeyId = $"forged-{i}" };
            Assert.Equal(HttpStatusCode.Unauthorized, (await realm.NewClient(realm.Mint()).GetAsync("/api/me", Cancel)).StatusCode);
        }

        Assert.Equal(before + 1, realm.Reads);
        Assert.Equal(HttpStatusCode.OK, (await realm.NewClient(good).GetAsync("/api/me", Cancel)).StatusCode);
    }
}
