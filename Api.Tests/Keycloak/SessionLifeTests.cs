using System.Net;
using System.Text.Json;
using Api.Tests.Infrastructure;

namespace Api.Tests.Keycloak;

/// <summary>A session ends when nobody uses it, and after a time whatever is done with it.</summary>
public abstract class SessionLifeTests(ForgingRealmPlace place) : SessionClockTests(place)
{
    private static readonly TimeSpan Idle = TimeSpan.FromMinutes(30);

    [Fact]
    public async Task A_session_that_nobody_uses_ends_after_half_an_hour()
    {
        using var browser = await SignInAsync();
        Realm.Lives = (300, 36000);
        Realm.Clock.Advance(Idle - TimeSpan.FromSeconds(1));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(browser.Cookies["session"]!));

        Realm.Clock.Advance(Idle - TimeSpan.FromSeconds(1));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(browser.Cookies["session"]!));
        Realm.Clock.Advance(Idle);

        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(browser.Cookies["session"]!));
        Assert.Equal(2, Realm.Refreshes.Count);
    }

    [Fact]
    public async Task A_session_that_is_used_ends_after_ten_hours_all_the_same()
    {
        Realm.Lives = (300, null);
        using var browser = await SignInAsync();
        for (var minutes = 0; minutes < 590; minutes += 20)
        {
            Assert.Equal(HttpStatusCode.OK, await AskAsync(browser.Cookies["session"]!));
            Realm.Clock.Advance(TimeSpan.FromMinutes(20));
        }

        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(browser.Cookies["session"]!));
    }

    [Fact]
    public async Task A_use_on_one_instance_counts_on_the_others()
    {
        await using var other = await StartAnotherAsync();
        using var browser = await SignInAsync();
        var key = browser.Cookies["session"]!;
        using var there = other.Api.NewClient();
        Assert.Equal(HttpStatusCode.OK, await AskAsync(there, key));
        Realm.Clock.Advance(Idle - TimeSpan.FromMinutes(1));
        var usedAt = Realm.Clock.GetUtcNow().AddSeconds(-1);
        Assert.Equal(HttpStatusCode.OK, await AskAsync(key));
        await UntilAsync(async () =>
            await ScalarAsync<DateTimeOffset>("SELECT used_at FROM sessions WHERE subject = @Subject") > usedAt);

        Realm.Clock.Advance(Idle - TimeSpan.FromMinutes(1));

        Assert.Equal(HttpStatusCode.OK, await AskAsync(there, key));
    }

    [Fact]
    public async Task A_session_that_is_idle_is_no_more_listed()
    {
        using var browser = await SignInAsync();
        Realm.Clock.Advance(Idle);
        using var again = await SignInAsync();

        var page = await again.GetAsync(Page);

        Assert.Single(page.Page.QuerySelectorAll("form[action='/account/sessions/end']"));
    }

    [Fact]
    public async Task How_long_it_lasts_is_said_to_the_page_and_asking_is_no_use_of_it()
    {
        Realm.Lives = (300, null);
        using var browser = await SignInAsync();
        var page = await browser.GetAsync(Page);
        Assert.Equal("1800", page.Page.QuerySelector("#notice")!.GetAttribute("data-ends-in"));
        Realm.Clock.Advance(TimeSpan.FromMinutes(28));

        Assert.Equal((120, true), await FindLifeAsync(browser));
        Assert.Equal((120, true), await FindLifeAsync(browser));
        Assert.Empty(Realm.Refreshes);

        var token = page.Page.QuerySelector("[name=__RequestVerificationToken]")!.GetAttribute("value")!;
        var kept = await browser.PostAsync($"{Site}/account/session", [new("__RequestVerificationToken", token)]);
        Assert.Equal(1800, kept.Json.GetProperty("endsIn").GetInt32());
        Assert.Single(Realm.Refreshes);
        Assert.Equal((1800, true), await FindLifeAsync(browser));
        Assert.Equal(HttpStatusCode.BadRequest, (await browser.PostAsync($"{Site}/account/session", [])).Status);

        Realm.Clock.Advance(Idle);
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{Site}/account/session");
        Assert.Equal(HttpStatusCode.Unauthorized, (await browser.SendAsync(request)).Status);
    }

    [Fact]
    public async Task Where_Keycloaks_own_session_ends_before_that_is_what_is_said()
    {
        Realm.Lives = (300, 600);
        using var browser = await SignInAsync();

        Assert.Equal((600, true), await FindLifeAsync(browser));

        // Nothing makes it last longer than ten hours.
        Realm.Lives = (300, null);
        for (var minutes = 0; minutes < 580; minutes += 20)
        {
            Realm.Clock.Advance(TimeSpan.FromMinutes(20));
            Assert.Equal(HttpStatusCode.OK, await AskAsync(browser.Cookies["session"]!));
        }

        var (endsIn, canExtend) = await FindLifeAsync(browser);
        Assert.InRange(endsIn, 1100, 1200);
        Assert.False(canExtend);
    }

    private static async Task<(int EndsIn, bool CanExtend)> FindLifeAsync(RealmBrowser browser)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{Site}/account/session");
        request.Headers.Accept.ParseAdd("application/json");
        var answer = (await browser.SendAsync(request)).Json;
        return (answer.GetProperty("endsIn").GetInt32(), answer.GetProperty("canExtend").ValueKind == JsonValueKind.True);
    }
}

public sealed class SessionLifeOnSqliteTests(ForgingRealmWithClock place) : SessionLifeTests(place), IClassFixture<ForgingRealmWithClock>;

public sealed class SessionLifeOnPostgreSqlTests(ForgingRealmWithClockOnPostgreSql place)
    : SessionLifeTests(place), IClassFixture<ForgingRealmWithClockOnPostgreSql>;
