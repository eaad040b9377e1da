using System.Net;
using Api.Tests.Infrastructure;
using Dapper;
using KeycloakAccess.Data;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace Api.Tests.Keycloak;

/// <summary>
/// A session follows the realm without a new sign-in. The realm revokes refresh tokens, its access tokens live for five minutes, and the
/// application's clock is moved past that.
/// </summary>
public abstract class FollowingRealmTests(RealmUnderTest realm) : HttpTests
{
    private static readonly TimeSpan Over = TimeSpan.FromSeconds(301);

    [Fact]
    public async Task A_role_that_is_taken_away_and_given_again_counts_without_a_new_sign_in()
    {
        await realm.StartAsync();
        await using var lent = await realm.AddPersonAsync();
        await using var api = new ApiWithClock(lent.Realm);
        await api.StartAsync();
        var browser = await api.SignInAsync(lent.Username);
        var (admin, key) = ($"{lent.Realm.ApiUrl}/admin", browser.Cookies["session"]);
        Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync(admin)).Status);

        await lent.ChangeRoleAsync("staff", has: false);
        Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync(admin)).Status);
        api.Clock.Advance(Over);
        Assert.Equal(HttpStatusCode.Forbidden, (await browser.GetAsync(admin)).Status);

        await lent.ChangeRoleAsync("staff", has: true);
        api.Clock.Advance(Over);
        Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync(admin)).Status);
        Assert.Equal(key, browser.Cookies["session"]);
    }

    [Fact]
    public async Task Somebody_who_is_disabled_there_loses_the_session_at_the_next_refresh()
    {
        await realm.StartAsync();
        await using var lent = await realm.AddPersonAsync();
        await using var api = new ApiWithClock(lent.Realm);
        await api.StartAsync();
        var browser = await api.SignInAsync(lent.Username);

        await lent.DisableAsync();
        api.Clock.Advance(Over);
        var page = await browser.GetAsync($"{lent.Realm.ApiUrl}/account");

        Assert.StartsWith(lent.Realm.Issuer, page.Url.AbsoluteUri, StringComparison.Ordinal);
        await using var connection = await api.Services.GetRequiredService<Database>().OpenAsync(Cancel);
        Assert.Equal(0, await connection.ExecuteScalarAsync<long>(
            "SELECT COUNT(*) FROM sessions WHERE username = @Username", new { lent.Username }));
        Assert.Equal("invalid_grant: User disabled", await connection.ExecuteScalarAsync<string>(
            "SELECT reason FROM audit_log WHERE model = 'session' AND action = 'end'"));
    }

    [Fact]
    public async Task However_many_requests_come_to_two_instances_the_session_lives_on()
    {
        await realm.StartAsync();
        await using var lent = await realm.AddPersonAsync();
        await using var api = new ApiWithClock(lent.Realm);
        await api.StartAsync();
        var browser = await api.SignInAsync(lent.Username);
        await using var other = new AnotherInstance(api.Variant(), api.Clock);
        HttpClient[] instances = [api.NewClient(), await Task.Run(() => other.Api.NewClient(), Cancel)];
        // Keycloak takes an older token within a second of the last refresh.
        for (var round = 0; round < 3; round++)
        {
            api.Clock.Advance(Over);
            var statuses = await Task.WhenAll(Enumerable.Range(0, 20).Select(number => AskAsync(instances[number % 2])));
            Assert.All(statuses, status => Assert.Equal(HttpStatusCode.OK, status));
            await Task.Delay(1500, Cancel);
        }

        async Task<HttpStatusCode> AskAsync(HttpClient client)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/account");
            request.Headers.Add("Cookie", $"session={browser.Cookies["session"]}");
            return (await client.SendAsync(request, Cancel)).StatusCode;
        }
    }

    private sealed class ApiWithClock(RealmUnderTest realm) : ApiUnderTest(realm, DatabaseEngine.Sqlite)
    {
        public FakeTimeProvider Clock { get; } = new(DateTimeOffset.UtcNow);

        private protected override void AddServices(IServiceCollection services) => services.AddSingleton<TimeProvider>(Clock);
    }
}

public sealed class FollowingEmbeddedRealmTests(EmbeddedRealmUnderTest realm) : FollowingRealmTests(realm);

public sealed class FollowingKeycloakRealmTests(KeycloakUnderTest realm) : FollowingRealmTests(realm);
