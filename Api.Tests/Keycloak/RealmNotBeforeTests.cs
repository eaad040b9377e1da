using System.Net;
using Api.Tests.Infrastructure;
using KeycloakAccess.Authentication;
using Microsoft.AspNetCore.Http;

namespace Api.Tests.Keycloak;

/// <summary>What Keycloak has revoked by its not-before is refused here soon, without Keycloak being asked about each.</summary>
public sealed class RealmNotBeforeTests(ForgingRealmWithClock place) : SessionClockTests(place), IClassFixture<ForgingRealmWithClock>
{
    private long Now => Realm.Clock.GetUtcNow().ToUnixTimeSeconds();

    [Fact]
    public async Task What_was_issued_before_it_is_refused_also_where_it_is_known_and_what_comes_later_is_not()
    {
        var (before, at) = (Token(Now - 1), Token(Now));
        Assert.Equal(HttpStatusCode.OK, await CallAsync(before));
        Assert.Equal(HttpStatusCode.OK, await CallAsync(at));

        await SetAsync(Now);

        await UntilAsync(async () => await CallAsync(before) == HttpStatusCode.Unauthorized);
        using var refused = await Realm.NewClient(before).GetAsync("/api/me", Cancel);
        Assert.Contains("revoked in Keycloak", await refused.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, await CallAsync(at));
        Assert.Equal(HttpStatusCode.Unauthorized, await CallAsync(Token(issuedAt: null)));

        await SetAsync(0);
        await UntilAsync(async () => await CallAsync(before) == HttpStatusCode.OK);
    }

    [Fact]
    public async Task While_the_realm_is_away_the_last_one_holds()
    {
        var before = Token(Now - 1);
        await SetAsync(Now);
        await UntilAsync(async () => await CallAsync(before) == HttpStatusCode.Unauthorized);

        Realm.IsDown = true;
        Realm.Clock.Advance(RealmNotBefore.ReadEvery);
        Assert.Equal(HttpStatusCode.Unauthorized, await CallAsync(before));
        Realm.IsDown = false;
        await SetAsync(0);
        await UntilAsync(async () => await CallAsync(before) == HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_session_from_before_goes_on_only_if_Keycloak_renews_it()
    {
        using var lasting = await SignInAsync();
        using var over = await SignInAsync();
        await SetAsync(DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 1);
        Realm.Ahead = TimeSpan.FromSeconds(2);
        var refreshes = Realm.Refreshes.Count;

        await UntilAsync(async () =>
        {
            Assert.Equal(HttpStatusCode.OK, await AskAsync(lasting.Cookies["session"]!));
            return Realm.Refreshes.Count > refreshes;
        });
        Realm.Refresh = _ => Task.FromResult(Results.Json(
            new { error = "invalid_grant", error_description = "Stale token" }, statusCode: 400));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(over.Cookies["session"]!));

        Realm.Ahead = default;
        await SetAsync(0);
    }

    private async Task SetAsync(long notBefore)
    {
        Realm.NotBefore = notBefore;
        Realm.Clock.Advance(RealmNotBefore.ReadEvery);
        // It is read beside this.
        await Task.Delay(50, Cancel);
    }

    private string Token(long? issuedAt) => Realm.Mint(changes:
        [("sub", Guid.NewGuid().ToString()), ("iat", issuedAt), ("exp", Now + 86_400), ("jti", Guid.NewGuid().ToString())]);

    private async Task<HttpStatusCode> CallAsync(string token)
    {
        using var answer = await Realm.NewClient(token).GetAsync("/api/me", Cancel);
        return answer.StatusCode;
    }
}
