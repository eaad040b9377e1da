using System.Net;
using Api.Tests.Infrastructure;
using KeycloakAccess.Authentication;
using Microsoft.AspNetCore.Http;

namespace Api.Tests.Keycloak;

/// <summary>What ends here while Keycloak is away ends there as soon as it answers.</summary>
public abstract class RealmLogoutQueueTests(ForgingRealmPlace place) : SessionClockTests(place)
{
    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        Realm.Ended.Clear();
        await ExecuteAsync("DELETE FROM realm_logouts");
    }

    [Fact]
    public async Task Whoever_signs_out_while_Keycloak_is_away_is_signed_out_there_once_it_is_back()
    {
        using var browser = await SignInAsync();
        var page = await browser.GetAsync(Page);
        var key = browser.Cookies["session"]!;
        Realm.IsDown = true;

        var signedOut = await browser.SubmitAsync(page, "form[action='/signout']");

        Assert.Equal("/signed-out?keycloak=unreachable", signedOut.Url.PathAndQuery);
        Assert.Contains("ends as soon as it answers", signedOut.Text, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(key));
        Assert.Equal("queue-logout HTTP 503", await FindAuditAsync());
        // It is kept as it came: protected.
        Assert.DoesNotContain("refresh-", await ScalarAsync<string>("SELECT refresh_token FROM realm_logouts"), StringComparison.Ordinal);
        await GoOnAsync(TimeSpan.FromMinutes(2));
        Assert.Empty(Realm.Ended);

        Realm.IsDown = false;
        await UntilGoneAsync();

        Assert.Single(Realm.Ended);
        Assert.StartsWith("refresh-", Assert.Single(Realm.Ended), StringComparison.Ordinal);
        Assert.Equal("send-logout", await FindAuditAsync());
    }

    [Fact]
    public async Task What_ends_while_Keycloak_answers_is_told_at_once_and_leaves_nothing()
    {
        using var browser = await SignInAsync();

        await browser.SubmitAsync(await browser.GetAsync(Page), "form[action='/signout']");

        Assert.Single(Realm.Ended);
        Assert.Equal(0, await CountAsync());
    }

    [Fact]
    public async Task An_instance_that_goes_away_before_it_has_told_Keycloak_leaves_it_to_the_others()
    {
        using var browser = await SignInAsync();
        // As its transaction left it.
        await ExecuteAsync("""
            INSERT INTO realm_logouts (id, issuer, refresh_token, queued_at, next_at, tries)
            SELECT id, issuer, refresh_token, started_at, started_at, 0 FROM sessions WHERE subject = @Subject
            """);
        await using var other = await StartAnotherAsync();

        await UntilGoneAsync();

        Assert.Single(Realm.Ended);
    }

    [Fact]
    public async Task What_Keycloak_refuses_is_given_up_and_so_is_what_it_has_not_answered_for_a_day()
    {
        using var first = await SignInAsync();
        Realm.End = () => Task.FromResult(Results.Json(new { error = "invalid_grant" }, statusCode: 400));
        await first.SubmitAsync(await first.GetAsync(Page), "form[action='/signout']");
        Assert.Equal(0, await CountAsync());
        Assert.Equal("give-up-logout HTTP 400", await FindAuditAsync());

        using var second = await SignInAsync();
        var page = await second.GetAsync(Page);
        Realm.IsDown = true;
        await second.SubmitAsync(page, "form[action='/signout']");
        Assert.Equal(1, await CountAsync());
        Realm.Clock.Advance(RealmLogoutStore.KeepFor);
        await UntilGoneAsync();

        Assert.StartsWith("give-up-logout ", await FindAuditAsync(), StringComparison.Ordinal);
    }

    private async Task UntilGoneAsync()
    {
        while (await CountAsync() > 0)
        {
            await GoOnAsync(RealmLogoutQueue.LookEvery);
        }
    }

    // In steps, so that who waits by the clock sees each of them.
    private async Task GoOnAsync(TimeSpan time)
    {
        for (var passed = TimeSpan.Zero; passed < time; passed += TimeSpan.FromSeconds(1))
        {
            Realm.Clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(10, Cancel);
        }
    }

    private Task<long> CountAsync() => ScalarAsync<long>("SELECT COUNT(*) FROM realm_logouts");

    private Task<string> FindAuditAsync() => ScalarAsync<string>("""
        SELECT action || COALESCE(' ' || reason, '') FROM audit_log WHERE model = 'session' AND action LIKE '%-logout'
        ORDER BY at DESC LIMIT 1
        """);
}

public sealed class RealmLogoutQueueOnSqliteTests(ForgingRealmWithClock place)
    : RealmLogoutQueueTests(place), IClassFixture<ForgingRealmWithClock>;

public sealed class RealmLogoutQueueOnPostgreSqlTests(ForgingRealmWithClockOnPostgreSql place)
    : RealmLogoutQueueTests(place), IClassFixture<ForgingRealmWithClockOnPostgreSql>;
