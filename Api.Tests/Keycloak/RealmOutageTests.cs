using System.Net;
using System.Security.Cryptography;
using Api.Tests.Infrastructure;
using KeycloakAccess.Authentication;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Microsoft.IdentityModel.Tokens;

namespace Api.Tests.Keycloak;

/// <summary>The realm goes away, comes back, and changes its keys.</summary>
public sealed class RealmOutageTests(ForgingRealmWithClock place) : ForgingRealmTests(place), IClassFixture<ForgingRealmWithClock>
{
    [Fact]
    public async Task A_realm_that_hangs_holds_everybody_up_once_and_not_one_after_the_other()
    {
        var clock = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var realm = await ForgingRealm.StartAsync(clock, isDown: true);
        using var client = realm.NewClient(realm.Mint());
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await client.GetAsync("/api/me", Cancel)).StatusCode);
        var answers = new TaskCompletionSource();
        realm.Gate = answers.Task;
        realm.IsDown = false;
        var before = realm.Reads;
        clock.Advance(TimeSpan.FromSeconds(1));

        var waiting = Enumerable.Range(0, 8).Select(_ => client.GetAsync("/api/me", Cancel)).ToList();
        await UntilAsync(() => realm.Reads > before);
        answers.SetResult();

        Assert.All(await Task.WhenAll(waiting), answer => Assert.Equal(HttpStatusCode.OK, answer.StatusCode));
        Assert.Equal(before + 1, realm.Reads);
    }

    [Fact]
    public async Task Once_the_realm_answers_the_service_becomes_ready_by_itself()
    {
        var clock = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var realm = await ForgingRealm.StartAsync(clock, isDown: true);
        var metadata = realm.Services.GetRequiredService<RealmMetadata>();
        await UntilAsync(() => metadata.LastFailure is not null);
        realm.IsDown = false;
        Assert.False(metadata.HasBeenReached);

        await UntilAsync(() =>
        {
            clock.Advance(TimeSpan.FromSeconds(2));
            return metadata.HasBeenReached;
        });

        using var client = realm.NewClient(null);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/health/ready", Cancel)).StatusCode);
    }

    [Fact]
    public async Task An_outage_after_the_start_stops_nobody_for_an_hour_and_everybody_after_it()
    {
        await BeginAsync();
        using var client = Realm.NewClient(Realm.Mint());

        Realm.IsDown = true;
        Realm.Clock.Advance(RealmMetadata.UsableFor - TimeSpan.FromMinutes(1));
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/api/me", Cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/health/ready", Cancel)).StatusCode);

        Realm.Clock.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await client.GetAsync("/api/me", Cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await client.GetAsync("/health/ready", Cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/health/live", Cancel)).StatusCode);

        Realm.IsDown = false;
        Realm.Clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/api/me", Cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/health/ready", Cancel)).StatusCode);
    }

    [Fact]
    public async Task The_first_token_of_a_new_key_passes()
    {
        await BeginAsync();
        Realm.Clock.Advance(RealmMetadata.AtMostEvery);

        using var rsa = RSA.Create(2048);
        var old = Realm.Key;
        Realm.Key = new RsaSecurityKey(rsa) { KeyId = "second" };
        Realm.Keys = [Realm.Key, old];

        Assert.Equal(HttpStatusCode.OK, (await Realm.NewClient(Realm.Mint()).GetAsync("/api/me", Cancel)).StatusCode);
    }

    [Fact]
    public async Task A_removed_key_is_trusted_no_longer_than_the_metadata_are_fresh()
    {
        await BeginAsync();
        // It outlives the test: nothing but the missing key can refuse it.
        var token = Realm.Mint(changes: [("exp", Realm.Clock.GetUtcNow().AddHours(1).ToUnixTimeSeconds())]);
        Assert.Equal(HttpStatusCode.OK, (await Realm.NewClient(token).GetAsync("/api/me", Cancel)).StatusCode);

        using var rsa = RSA.Create(2048);
        Realm.Keys = [new RsaSecurityKey(rsa) { KeyId = "second" }];
        var before = Realm.Reads;
        Realm.Clock.Advance(RealmMetadata.FreshFor);

        // The keys are read by the clock, whether anybody calls or not.
        await UntilAsync(() =>
        {
            Realm.Clock.Advance(TimeSpan.FromSeconds(2));
            return Realm.Reads > before;
        });
        HttpStatusCode status;
        do
        {
            var asking = StatusAsync(token);
            await UntilAsync(() =>
            {
                // For the look-up of a key that is not there any more.
                Realm.Clock.Advance(TimeSpan.FromSeconds(1));
                return asking.IsCompleted;
            });
            status = await asking;
        }
        while (status == HttpStatusCode.OK);
        Assert.Equal(HttpStatusCode.Unauthorized, status);
    }

    [Fact]
    public async Task Forged_key_ids_do_not_become_traffic_to_the_realm_and_cost_no_honest_one_its_look_up()
    {
        await BeginAsync();
        Realm.Clock.Advance(RealmMetadata.AtMostEvery);
        using var forged = RSA.Create(2048);
        string[] tokens = [.. Enumerable.Range(0, 21).Select(number => Forge(forged, number))];
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(tokens[0]));
        var before = Realm.Reads;

        // The one read of these seconds is used up. Then the realm changes its key.
        var waiting = tokens.Skip(1).Select(StatusAsync).ToList();
        using var rsa = RSA.Create(2048);
        var second = new RsaSecurityKey(rsa) { KeyId = "second" };
        (Realm.Key, Realm.Keys) = (second, [second]);
        var honest = StatusAsync(Realm.Mint());
        await UntilAsync(() =>
        {
            Realm.Clock.Advance(TimeSpan.FromSeconds(1));
            return honest.IsCompleted && waiting.TrueForAll(each => each.IsCompleted);
        });

        Assert.Equal(HttpStatusCode.OK, await honest);
        Assert.All(await Task.WhenAll(waiting), status => Assert.Equal(HttpStatusCode.Unauthorized, status));
        Assert.InRange(Realm.Reads, before + 1, before + 5);
    }

    [Fact]
    public async Task A_key_that_cannot_be_looked_up_is_an_outage_and_no_fault_of_the_token()
    {
        await BeginAsync();
        Realm.Clock.Advance(RealmMetadata.AtMostEvery);
        using var rsa = RSA.Create(2048);
        Realm.Key = new RsaSecurityKey(rsa) { KeyId = "second" };
        Realm.IsDown = true;

        var answer = await Realm.NewClient(Realm.Mint()).GetAsync("/api/me", Cancel);
        using var form = new FormUrlEncodedContent([new("logout_token", Realm.Mint(type: "logout+jwt"))]);
        Realm.Clock.Advance(RealmMetadata.AtMostEvery);
        var logout = await Realm.NewClient(null).PostAsync("/signout-backchannel", form, Cancel);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.NotNull(answer.Headers.RetryAfter);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, logout.StatusCode);
        Assert.NotNull(logout.Headers.RetryAfter);
    }

    private async Task<HttpStatusCode> StatusAsync(string token) => (await Realm.NewClient(token).GetAsync("/api/me", Cancel)).StatusCode;

    private string Forge(RSA key, int number)
    {
        var honest = Realm.Key;
        Realm.Key = new RsaSecurityKey(key) { KeyId = $"forged-{number}" };
        var token = Realm.Mint();
        Realm.Key = honest;
        return token;
    }

    // The realm answers with its first key, and that has just been read.
    private async Task BeginAsync()
    {
        Realm.IsDown = false;
        Realm.ResetKeys();
        Realm.Clock.Advance(RealmMetadata.UsableFor);
        Assert.Equal(HttpStatusCode.OK, (await Realm.NewClient(Realm.Mint()).GetAsync("/api/me", Cancel)).StatusCode);
    }

    private static Task UntilAsync(Func<bool> condition) => UntilAsync(() => Task.FromResult(condition()));

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        while (!await condition())
        {
            await Task.Delay(20, Cancel);
        }
    }
}
