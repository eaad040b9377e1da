using System.Net;
using Api.Tests.Infrastructure;
using Dapper;
using KeycloakAccess.Authentication;
using KeycloakAccess.Data;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Api.Tests.Keycloak;

/// <summary>The session of a browser: a key in a cookie and a row in the database, from the sign-in until one of them is gone.</summary>
public abstract class SessionTests(ForgingRealmPlace place) : ForgingRealmTests(place)
{
    private const string Site = "http://localhost";
    private const string Page = Site + "/account";

    // nginx reads the head of an answer into one buffer of a memory page (proxy_buffer_size), and answers 502 where that is too small.
    private const int SmallestBuffer = 4096;

    private readonly string _subject = Guid.NewGuid().ToString();

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        Realm.ResetSignIn();
        Realm.IdClaims = [("sub", _subject)];
    }

    [Fact]
    public async Task The_cookie_is_short_whoever_signs_in_and_tells_nothing()
    {
        Realm.IdClaims =
        [
            ("sub", _subject),
            ("realm_access", new Dictionary<string, object> { ["roles"] = Enumerable.Range(0, 600).Select(n => $"role-{n}").ToArray() }),
        ];
        using var browser = Realm.NewBrowser();

        var answers = await WalkAsync(browser, Page);

        Assert.All(answers, answer => Assert.InRange(LengthOfHead(answer), 1, SmallestBuffer));
        var cookie = Assert.Single(answers.SelectMany(SetCookies), line => line.StartsWith("session=", StringComparison.Ordinal));
        Assert.InRange(cookie.Length, 1, 199);
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=lax", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("path=/", cookie, StringComparison.OrdinalIgnoreCase);
        // 256 bits.
        Assert.Equal(43, browser.Cookies["session"]!.Length);
        var page = await browser.GetAsync(Page);
        Assert.Contains("realm role role-599", page.Text, StringComparison.Ordinal);

        // Signing out works as well, and Keycloak does not ask.
        var ended = Realm.Ended.Count;
        var signedOut = await browser.SubmitAsync(page, "form[action='/signout']");
        Assert.Equal("/signed-out", signedOut.Url.AbsolutePath);
        Assert.Equal(ended + 1, Realm.Ended.Count);
        Assert.Null(browser.Cookies["session"]);
    }

    [Fact]
    public async Task The_database_holds_neither_the_key_nor_who_it_is_for()
    {
        Realm.IdClaims = [("sub", _subject), ("email", "somebody@kept.test")];
        using var browser = await SignInAsync();
        await using var connection = await ConnectAsync();

        var row = (IDictionary<string, object>)await connection.QuerySingleAsync(
            "SELECT * FROM sessions WHERE subject = @_subject", new { _subject });

        var text = string.Join('\n', row.Values);
        Assert.DoesNotContain(browser.Cookies["session"]!, text, StringComparison.Ordinal);
        Assert.DoesNotContain("kept.test", text, StringComparison.Ordinal);
        Assert.DoesNotContain("refresh-", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Each_sign_in_has_a_key_of_its_own_and_takes_the_one_before_away()
    {
        using var browser = await SignInAsync();
        var first = browser.Cookies["session"]!;

        await browser.GetAsync($"{Site}/signin");

        Assert.NotEqual(first, browser.Cookies["session"]);
        Assert.Equal(HttpStatusCode.OK, await AskAsync(browser.Cookies["session"]!));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(first));
        Assert.Equal(1, await CountAsync());
    }

    [Fact]
    public async Task A_session_is_good_while_its_row_is_there()
    {
        using var browser = await SignInAsync();
        await using var connection = await ConnectAsync();

        await connection.ExecuteAsync("DELETE FROM sessions WHERE subject = @_subject", new { _subject });

        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(browser.Cookies["session"]!));
    }

    [Fact]
    public async Task A_session_is_good_until_it_expires()
    {
        using var browser = await SignInAsync();
        await using var connection = await ConnectAsync();

        await connection.ExecuteAsync(
            "UPDATE sessions SET expires_at = @now WHERE subject = @_subject", new { _subject, now = DateTimeOffset.UtcNow });

        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(browser.Cookies["session"]!));
    }

    [Theory]
    [InlineData("")]
    [InlineData("chunks-2")]
    [InlineData("CfDJ8Nw5KzU0Zm9ybWVyIGNvb2tpZSBvZiBhIHRpY2tldCB0aGF0IHdhcyBwcm90ZWN0ZWQ")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!")]
    public async Task A_cookie_that_no_sign_in_has_set_is_no_session(string cookie) =>
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(cookie));

    [Fact]
    public async Task Of_a_cookie_in_pieces_as_they_were_before_nothing_is_left_after_a_sign_in()
    {
        using var browser = Realm.NewBrowser();
        browser.Cookies.Set(new Uri(Site), "session", "chunks-2");
        browser.Cookies.Set(new Uri(Site), "sessionC1", "CfDJ8");
        browser.Cookies.Set(new Uri(Site), "sessionC2", "CfDJ9");

        Assert.Equal("/account", (await browser.GetAsync(Page)).Url.AbsolutePath);

        Assert.Equal(43, browser.Cookies["session"]!.Length);
        Assert.Null(browser.Cookies["sessionC1"]);
        Assert.Null(browser.Cookies["sessionC2"]);
    }

    [Fact]
    public async Task Of_unfinished_sign_ins_the_newest_five_are_kept_and_each_of_them_can_be_finished()
    {
        using var browser = Realm.NewBrowser();
        var begun = new List<Uri>();
        for (var i = 0; i < 9; i++)
        {
            var start = await SendAsync(browser, $"{Site}/signin?returnUrl=/account?tab={i}");
            Assert.InRange(LengthOfHead(start), 1, SmallestBuffer);
            begun.Add(start.Location!);
            Assert.InRange(Unfinished(browser).Length, 1, SignInHandler.MostUnfinished);
            // Each began at a time of its own.
            await Task.Delay(2, Cancel);
        }

        Assert.Equal(5, Unfinished(browser).Length);
        Assert.InRange(browser.Cookies.HeaderFor(new Uri(Site)).Length, 1, 500);
        // The oldest are gone: without a session, the callback says so.
        foreach (var url in begun.Take(4))
        {
            Assert.Equal("/signin-failed?reason=expired", (await browser.GetAsync(url.AbsoluteUri)).Url.PathAndQuery);
        }

        foreach (var (url, tab) in begun.Skip(4).Select((url, index) => (url, index + 4)))
        {
            Assert.Equal($"/account?tab={tab}", (await browser.GetAsync(url.AbsoluteUri)).Url.PathAndQuery);
        }

        Assert.Empty(Unfinished(browser));
    }

    [Fact]
    public async Task What_a_sign_in_sends_the_browser_is_small_wherever_it_leads()
    {
        foreach (var length in new[] { 10, 900, 1001, 8000 })
        {
            using var browser = Realm.NewBrowser();
            var page = "/account?x=" + new string('y', length - 11 > 0 ? length - 11 : 1);

            var answers = await WalkAsync(browser, Site + page);

            Assert.All(answers, answer => Assert.InRange(LengthOfHead(answer), 1, SmallestBuffer));
            Assert.All(answers, answer => Assert.InRange(answer.Location?.AbsoluteUri.Length ?? 0, 0, SmallestBuffer - 500));
            // One that is too long is not where it leads.
            Assert.Equal(length > 1000 ? "/admin" : page, answers[^1].Url.PathAndQuery);
            Assert.NotNull(browser.Cookies["session"]);
        }
    }

    [Fact]
    public async Task The_browsers_Back_leads_on_for_whoever_is_signed_in()
    {
        using var browser = Realm.NewBrowser();
        var answers = await WalkAsync(browser, Page + "?from=bookmark");
        var callback = answers.Single(answer => answer.Url.AbsolutePath == "/signin-oidc").Url.AbsoluteUri;

        var back = await browser.GetAsync(callback);

        Assert.Equal("/account?from=bookmark", back.Url.PathAndQuery);
        Assert.Equal(HttpStatusCode.OK, back.Status);
        // Nobody else gets in by that address, and they themselves not without their session.
        using var stranger = Realm.NewBrowser();
        Assert.Equal("/signin-failed?reason=expired", (await stranger.GetAsync(callback)).Url.PathAndQuery);
        browser.Cookies.Remove("session");
        Assert.Equal("/signin-failed?reason=expired", (await browser.GetAsync(callback)).Url.PathAndQuery);
    }

    [Fact]
    public async Task A_tab_that_another_tab_has_signed_in_before_leads_on()
    {
        using var browser = Realm.NewBrowser();
        var late = (await SendAsync(browser, $"{Site}/signin?returnUrl=/account?tab=late")).Location!;
        var later = (await SendAsync(browser, $"{Site}/signin?returnUrl=/account?tab=later")).Location!;
        await browser.GetAsync(Page);
        var key = browser.Cookies["session"];

        // Keycloak's answer where the log-in form was of an authentication that another tab has finished.
        Realm.Respond = honest =>
            [new("error", "temporarily_unavailable"), new("error_description", "authentication_expired"),
             new("state", honest["state"]), new("iss", honest["iss"])];
        Assert.Equal("/account?tab=late", (await browser.GetAsync(late.AbsoluteUri)).Url.PathAndQuery);
        Assert.Equal(key, browser.Cookies["session"]);

        Realm.Respond = honest => honest;
        Assert.Equal("/account?tab=later", (await browser.GetAsync(later.AbsoluteUri)).Url.PathAndQuery);
        Assert.Equal(HttpStatusCode.OK, await AskAsync(browser.Cookies["session"]!));
    }

    [Fact]
    public async Task The_callback_of_a_sign_out_leads_to_the_signed_out_page_without_a_state_too()
    {
        using var browser = Realm.NewBrowser();

        Assert.Equal("/signed-out", (await browser.GetAsync($"{Site}/signout-callback-oidc")).Url.AbsolutePath);
        Assert.Equal("/signed-out", (await browser.GetAsync($"{Site}/signout-callback-oidc?state=abc")).Url.AbsolutePath);
    }

    [Fact]
    public async Task A_sign_in_without_a_session_id_ends_nobody_elses_and_can_be_ended_alone()
    {
        var other = Guid.NewGuid().ToString();
        Realm.IdClaims = [("sub", other), ("sid", null)];
        using var theirs = await SignInAsync();
        Realm.IdClaims = [("sub", _subject), ("sid", null)];
        using var first = await SignInAsync();
        using var second = await SignInAsync();
        using var third = await SignInAsync();
        Assert.Equal(HttpStatusCode.OK, await AskAsync(theirs.Cookies["session"]!));
        Assert.Equal(3, await CountAsync());

        // One of them, from another: the page says which is the own.
        var page = await second.GetAsync(Page);
        var own = Assert.Single(page.Page.QuerySelectorAll("tr"), row => row.TextContent.Contains("this one", StringComparison.Ordinal));
        var kept = own.QuerySelector("[name=id]")!.GetAttribute("value")!;
        var ended = page.Page.QuerySelectorAll("form[action='/account/sessions/end'] [name=id]")
            .Select(field => field.GetAttribute("value")!).First(id => id != kept);
        var answer = await second.SubmitAsync(page, "form[action='/account/sessions/end']", ("id", ended));
        Assert.Contains("has ended, here and in Keycloak", answer.Text, StringComparison.Ordinal);
        Assert.Equal(2, await CountAsync());
        Assert.Equal(HttpStatusCode.OK, await AskAsync(second.Cookies["session"]!));

        // And the own, by signing out.
        var key = second.Cookies["session"]!;
        await second.SubmitAsync(answer, "form[action='/signout']");
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(key));
        Assert.Equal(1, await CountAsync());
        Assert.Equal(HttpStatusCode.OK, await AskAsync(theirs.Cookies["session"]!));
    }

    [Fact]
    public async Task A_logout_token_ends_the_session_it_names_whatever_the_clocks_say()
    {
        var session = Guid.NewGuid().ToString();
        Realm.IdClaims = [("sub", _subject), ("sid", session)];
        using var browser = await SignInAsync();
        // It began on an instance whose clock is ahead.
        await using var connection = await ConnectAsync();
        await connection.ExecuteAsync(
            "UPDATE sessions SET started_at = @ahead, issued_at = @ahead WHERE subject = @_subject",
            new { _subject, ahead = DateTimeOffset.UtcNow.AddMinutes(10) });

        Assert.Equal(HttpStatusCode.OK, await LogOutAsync(("sid", session)));

        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(browser.Cookies["session"]!));
        // A token of the session that is issued afterwards is no better, whenever that is.
        var later = DateTimeOffset.UtcNow.AddMinutes(2).ToUnixTimeSeconds();
        Assert.Equal(HttpStatusCode.Unauthorized, await CallAsync(("sid", session), ("iat", later)));
    }

    [Fact]
    public async Task A_logout_token_of_a_subject_ends_what_began_until_it_was_issued_by_the_realms_own_clock()
    {
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        Realm.IdClaims = [("sub", _subject), ("iat", now - 20)];
        using var before = await SignInAsync();
        Realm.IdClaims = [("sub", _subject), ("iat", now)];
        using var after = await SignInAsync();

        Assert.Equal(HttpStatusCode.OK, await LogOutAsync(("iat", now - 10)));

        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(before.Cookies["session"]!));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(after.Cookies["session"]!));
        Assert.Equal(HttpStatusCode.Unauthorized, await CallAsync(("iat", now - 11)));
        Assert.Equal(HttpStatusCode.Unauthorized, await CallAsync(("iat", now - 10)));
        Assert.Equal(HttpStatusCode.OK, await CallAsync(("iat", now - 9)));
        // Without a time, nobody knows.
        Assert.Equal(HttpStatusCode.Unauthorized, await CallAsync(("iat", null)));
    }

    [Fact]
    public async Task A_logout_token_is_taken_once_on_all_instances()
    {
        var id = Guid.NewGuid().ToString();
        Assert.Equal(HttpStatusCode.OK, await LogOutAsync(("jti", id)));
        using var browser = await SignInAsync();

        Assert.Equal(HttpStatusCode.BadRequest, await LogOutAsync(("jti", id), ("iat", DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 5)));

        Assert.Equal(HttpStatusCode.OK, await AskAsync(browser.Cookies["session"]!));
        await using var connection = await ConnectAsync();
        Assert.Equal(1, await connection.ExecuteScalarAsync<long>("SELECT COUNT(*) FROM logout_tokens WHERE token_id = @id", new { id }));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(40)]
    [InlineData(-40)]
    [InlineData(55)]
    public async Task The_end_of_all_sessions_is_by_the_realms_clock(int ahead)
    {
        Realm.Ahead = TimeSpan.FromSeconds(ahead);
        using var there = await SignInAsync();
        using var here = await SignInAsync();
        var page = await here.GetAsync(Page);
        var before = Mint();
        Assert.Equal(HttpStatusCode.OK, await CallAsync(before));

        await here.SubmitAsync(page, "form[action='/account/sign-out-everywhere']");

        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(there.Cookies["session"]!));
        Assert.Equal(HttpStatusCode.Unauthorized, await CallAsync(before));
        // What the realm issues from the next seconds on is good, and does not wait for a minute to pass.
        var soon = (DateTimeOffset.UtcNow + Realm.Ahead).AddSeconds(4).ToUnixTimeSeconds();
        Assert.Equal(HttpStatusCode.OK, await CallAsync(("iat", soon)));
        // So is a sign-in.
        using var again = await SignInAsync();
        Assert.Equal(HttpStatusCode.OK, await AskAsync(again.Cookies["session"]!));
    }

    [Fact]
    public async Task All_sessions_of_somebody_are_ended_at_Keycloak_too_however_many_there_are()
    {
        using var browser = await SignInAsync();
        await CopySessionsAsync(130);
        var (most, now) = (0, 0);
        Realm.End = async () =>
        {
            most = Math.Max(most, Interlocked.Increment(ref now));
            await Task.Delay(10);
            Interlocked.Decrement(ref now);
            return Results.NoContent();
        };
        var told = Realm.Ended.Count;

        var outcome = await EndAllAsync();

        Assert.Equal((131, 0), (outcome.Ended, outcome.Open));
        Assert.Equal(told + 131, Realm.Ended.Count);
        Assert.InRange(most, 2, RealmLogout.AtOnce);
        Assert.Equal(0, await CountAsync());
    }

    [Fact]
    public async Task Of_sessions_that_Keycloak_does_not_end_it_is_said_how_many_there_are()
    {
        using var browser = await SignInAsync();
        await CopySessionsAsync(19);
        var asked = 0;
        Realm.End = () => Task.FromResult(
            Interlocked.Increment(ref asked) % 2 == 0 ? Results.NoContent() : Results.StatusCode(StatusCodes.Status400BadRequest));

        var outcome = await EndAllAsync();

        Assert.Equal((20, 10), (outcome.Ended, outcome.Open));
        Assert.Equal(0, await CountAsync());
    }

    [Fact]
    public async Task Who_signs_out_everywhere_is_told_what_Keycloak_could_not_end()
    {
        using var browser = await SignInAsync();
        await CopySessionsAsync(2);
        Realm.End = () => Task.FromResult(Results.StatusCode(StatusCodes.Status400BadRequest));

        var page = await browser.SubmitAsync(await browser.GetAsync(Page), "form[action='/account/sign-out-everywhere']");

        Assert.Equal("/signed-out?open=3", page.Url.PathAndQuery);
        Assert.Contains("Keycloak could not end 3 of its own sessions", page.Text, StringComparison.Ordinal);
        Assert.Equal(0, await CountAsync());
    }

    [Fact]
    public async Task A_session_that_has_ended_while_its_sign_in_was_under_way_is_ended_at_Keycloak_and_begun_anew()
    {
        var session = Guid.NewGuid().ToString();
        Assert.Equal(HttpStatusCode.OK, await LogOutAsync(("sid", session)));
        Realm.IdClaims = [("sub", _subject), ("sid", session)];
        // From the second time on the realm has another session.
        Realm.Redeem = members =>
        {
            Realm.IdClaims = [("sub", _subject)];
            return Results.Json(members);
        };
        using var browser = Realm.NewBrowser();

        var answers = await WalkAsync(browser, Page);

        var logout = Assert.Single(answers, answer => answer.Url.AbsolutePath == "/realms/acme/logout");
        Assert.Contains("id_token_hint=", logout.Url.Query, StringComparison.Ordinal);
        Assert.Equal("/account", answers[^1].Url.AbsolutePath);
        Assert.Equal(HttpStatusCode.OK, answers[^1].Status);
        Assert.Equal(1, await CountAsync());
    }

    private async Task<RealmBrowser> SignInAsync()
    {
        var browser = Realm.NewBrowser();
        var page = await browser.GetAsync(Page);
        Assert.True(page.Status == HttpStatusCode.OK && page.Url.AbsolutePath == "/account", page.ToString());
        return browser;
    }

    /// <summary>Every answer on the way, as a browser follows it.</summary>
    private static async Task<IReadOnlyList<RealmAnswer>> WalkAsync(RealmBrowser browser, string url)
    {
        List<RealmAnswer> answers = [await SendAsync(browser, url)];
        while (answers[^1].Location is { } next)
        {
            Assert.True(answers.Count < 20, $"Redirected without end, last to {next}");
            answers.Add(await SendAsync(browser, next.AbsoluteUri));
        }

        return answers;
    }

    private static async Task<RealmAnswer> SendAsync(RealmBrowser browser, string url)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        request.Headers.Accept.ParseAdd("text/html");
        return await browser.SendAsync(request);
    }

    private static IEnumerable<string> SetCookies(RealmAnswer answer) =>
        answer.Headers.TryGetValue("Set-Cookie", out var lines) ? lines : [];

    private static int LengthOfHead(RealmAnswer answer) =>
        answer.Headers.Sum(header => header.Value.Sum(value => header.Key.Length + value.Length + 4));

    private static string[] Unfinished(RealmBrowser browser) =>
        [.. browser.Cookies.HeaderFor(new Uri(Site)).Split("; ").Where(cookie => cookie.StartsWith("correlation.", StringComparison.Ordinal)
            || cookie.StartsWith("nonce.", StringComparison.Ordinal) || cookie.Contains("Nonce", StringComparison.Ordinal))];

    private async Task<HttpStatusCode> AskAsync(string key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/account");
        request.Headers.Add("Cookie", $"session={key}");
        return (await Realm.NewClient(null).SendAsync(request, Cancel)).StatusCode;
    }

    private string Mint(params (string Name, object? Value)[] claims) =>
        Realm.Mint(changes: [("sub", _subject), ("client_id", null), ("preferred_username", "somebody"), .. claims]);

    private Task<HttpStatusCode> CallAsync(params (string Name, object? Value)[] claims) => CallAsync(Mint(claims));

    private async Task<HttpStatusCode> CallAsync(string token) =>
        (await Realm.NewClient(token).GetAsync("/api/me", Cancel)).StatusCode;

    private async Task<HttpStatusCode> LogOutAsync(params (string Name, object? Value)[] claims)
    {
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        var token = Realm.Mint(type: "logout+jwt", changes:
        [
            ("aud", "acme-admin"), ("typ", "Logout"), ("sub", _subject), ("azp", null), ("client_id", null), ("resource_access", null),
            ("jti", Guid.NewGuid().ToString()), ("iat", now), ("exp", now + 120),
            ("events", new Dictionary<string, object>
            {
                ["http://schemas.openid.net/event/backchannel-logout"] = new Dictionary<string, object>(),
            }),
            .. claims,
        ]);
        using var form = new FormUrlEncodedContent([new("logout_token", token)]);
        return (await Realm.NewClient(null).PostAsync("/signout-backchannel", form, Cancel)).StatusCode;
    }

    private Task<System.Data.Common.DbConnection> ConnectAsync() => Realm.Services.GetRequiredService<Database>().OpenToWriteAsync(Cancel);

    private async Task<long> CountAsync()
    {
        await using var connection = await ConnectAsync();
        return await connection.ExecuteScalarAsync<long>("SELECT COUNT(*) FROM sessions WHERE subject = @_subject", new { _subject });
    }

    // As many browsers, without as many sign-ins.
    private async Task CopySessionsAsync(int count)
    {
        await using var connection = await ConnectAsync();
        await connection.ExecuteAsync(
            """
            INSERT INTO sessions (
                id, key_hash, issuer, session_id, subject, username, started_at, issued_at, expires_at, used_at, address, user_agent,
                refresh_token, ticket, tokens_at, tokens_until)
            SELECT @id, @key, issuer, @key, subject, username, started_at, issued_at, expires_at, used_at, address, user_agent,
                refresh_token, ticket, tokens_at, tokens_until
            FROM sessions
            WHERE subject = @_subject AND key_hash NOT LIKE 'copy%'
            """,
            Enumerable.Range(0, count).Select(_ => new { id = Guid.NewGuid(), key = $"copy-{Guid.NewGuid()}", _subject }));
    }

    private async Task<SessionsEnded> EndAllAsync()
    {
        await using var connection = await ConnectAsync();
        var account = await connection.QuerySingleAsync<Guid>("SELECT id FROM accounts WHERE subject = @_subject", new { _subject });
        return await Realm.Services.GetRequiredService<RealmLogout>().EndAllAsync(
            account, "somebody", Realm.Issuer, _subject, new Actor(account, "somebody", Actor.Session, RequestId: null), Cancel);
    }
}

public sealed class SessionOnSqliteTests(ForgingRealmOnSqlite place) : SessionTests(place), IClassFixture<ForgingRealmOnSqlite>;

public sealed class SessionOnPostgreSqlTests(ForgingRealmOnPostgreSql place) : SessionTests(place), IClassFixture<ForgingRealmOnPostgreSql>
{
    [Fact]
    public async Task A_sign_in_that_another_transaction_was_in_the_way_of_is_written_again()
    {
        Realm.IdClaims = [("sub", "conflicting")];
        await ExecuteAsync("CREATE SEQUENCE tries");
        await TriggerAsync("IF nextval('tries') < 3 THEN RAISE EXCEPTION 'in the way' USING ERRCODE = '40001'; END IF;");
        try
        {
            using var browser = Realm.NewBrowser();

            Assert.Equal("/account", (await browser.GetAsync("http://localhost/account")).Url.AbsolutePath);
        }
        finally
        {
            await ExecuteAsync("DROP TRIGGER in_the_way ON sessions; DROP SEQUENCE tries");
        }
    }

    [Fact]
    public async Task A_database_that_takes_no_writes_at_the_callback_is_an_outage()
    {
        await TriggerAsync("RAISE EXCEPTION 'read only' USING ERRCODE = '25006';");
        try
        {
            using var browser = Realm.NewBrowser();

            var page = await browser.GetAsync("http://localhost/account");

            Assert.Equal(HttpStatusCode.ServiceUnavailable, page.Status);
            Assert.Equal("/signin-oidc", page.Url.AbsolutePath);
            Assert.Contains("Not available right now", page.Text, StringComparison.Ordinal);
            Assert.Equal("5", page.Header("Retry-After"));
            Assert.Null(browser.Cookies["session"]);
        }
        finally
        {
            await ExecuteAsync("DROP TRIGGER in_the_way ON sessions");
        }
    }

    private Task TriggerAsync(string body) => ExecuteAsync(
        $"""
        CREATE OR REPLACE FUNCTION be_in_the_way() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} RETURN NEW; END $$;
        CREATE TRIGGER in_the_way BEFORE INSERT ON sessions FOR EACH ROW EXECUTE FUNCTION be_in_the_way()
        """);

    private async Task ExecuteAsync(string sql)
    {
        await using var connection = await Realm.Services.GetRequiredService<Database>().OpenToWriteAsync(Cancel);
        await connection.ExecuteAsync(sql);
    }
}

/// <summary>The realm goes away after it has been reached: nobody is sent to where nobody answers.</summary>
public sealed class SignInOutageTests(ForgingRealmWithClock place) : ForgingRealmTests(place), IClassFixture<ForgingRealmWithClock>
{
    private const string Page = "http://localhost/account";

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        Realm.ResetSignIn();
        (Realm.IsDown, Realm.Gate) = (false, Task.CompletedTask);
    }

    [Fact]
    public async Task A_realm_that_is_away_is_noticed_before_the_redirect()
    {
        using var browser = Realm.NewBrowser();
        Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync(Page)).Status);
        browser.Cookies.Clear();

        Realm.IsDown = true;
        var page = await browser.GetAsync(Page);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, page.Status);
        Assert.Equal("/signin", page.Url.AbsolutePath);
        Assert.Equal("5", page.Header("Retry-After"));
        Assert.Contains("Not available right now", page.Text, StringComparison.Ordinal);
        var data = await Realm.NewClient(null).GetAsync("/signin", Cancel);
        await AssertProblemAsync(data, 503);
        Assert.NotNull(data.Headers.RetryAfter);

        // It is back as soon as the realm is.
        Realm.IsDown = false;
        Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync(Page)).Status);
    }

    [Fact]
    public async Task A_realm_that_hangs_is_waited_for_no_longer_than_two_seconds_and_asked_once()
    {
        using var browser = Realm.NewBrowser();
        Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync(Page)).Status);
        var answers = new TaskCompletionSource();
        Realm.Gate = answers.Task;
        var before = Realm.Reads;

        var waiting = Enumerable.Range(0, 5).Select(_ => Realm.NewClient(null).GetAsync("/signin", Cancel)).ToList();
        while (Realm.Reads == before)
        {
            await Task.Delay(20, Cancel);
        }

        while (!waiting.TrueForAll(each => each.IsCompleted))
        {
            await Task.Delay(20, Cancel);
            Realm.Clock.Advance(RealmReachability.Patience);
        }

        Assert.All(await Task.WhenAll(waiting), answer => Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode));
        Assert.InRange(Realm.Reads, before + 1, before + 4);
        answers.SetResult();
    }

    [Fact]
    public async Task Who_signs_out_while_the_realm_is_away_is_told_so_and_signed_out_here()
    {
        foreach (var form in new[] { "/signout", "/account/sign-out-everywhere" })
        {
            Realm.IsDown = false;
            using var browser = Realm.NewBrowser();
            var page = await browser.GetAsync(Page);
            Realm.IsDown = true;

            var signedOut = await browser.SubmitAsync(page, $"form[action='{form}']");

            Assert.Equal("/signed-out?keycloak=unreachable", signedOut.Url.PathAndQuery);
            Assert.Null(browser.Cookies["session"]);
        }
    }

    [Fact]
    public async Task For_a_realm_that_hangs_the_end_of_all_sessions_waits_ten_seconds_and_says_what_may_be_open()
    {
        var subject = Guid.NewGuid().ToString();
        Realm.IdClaims = [("sub", subject)];
        using var here = Realm.NewBrowser();
        using var there = Realm.NewBrowser();
        Assert.Equal("/account", (await here.GetAsync(Page)).Url.AbsolutePath);
        Assert.Equal("/account", (await there.GetAsync(Page)).Url.AbsolutePath);
        var answers = new TaskCompletionSource();
        Realm.End = async () =>
        {
            await answers.Task;
            return Results.NoContent();
        };
        var actor = new Actor(AccountId: null, "somebody", Actor.Session, RequestId: null);
        var told = Realm.Ended.Count;
        var started = Realm.Clock.GetUtcNow();

        var ending = Realm.Services.GetRequiredService<RealmLogout>().EndAllAsync(
            Guid.NewGuid(), "somebody", Realm.Issuer, subject, actor, Cancel);
        while (!ending.IsCompleted)
        {
            await Task.Delay(20, Cancel);
            if (Realm.Ended.Count >= told + 2)
            {
                Realm.Clock.Advance(TimeSpan.FromSeconds(1));
            }
        }

        var outcome = await ending;
        answers.SetResult();
        Assert.Equal((2, 2), (outcome.Ended, outcome.Open));
        Assert.InRange(Realm.Clock.GetUtcNow() - started, RealmLogout.Patience, RealmLogout.Patience * 3);
        // They are over here.
        Assert.Equal(HttpStatusCode.Unauthorized, (await SendAsync(here)).Status);
    }

    [Fact]
    public async Task A_database_that_another_process_has_locked_is_an_outage_at_the_callback()
    {
        using var browser = Realm.NewBrowser();
        var redeemed = false;
        Realm.Redeem = members =>
        {
            redeemed = true;
            return Results.Json(members);
        };
        await using var other = await Realm.Services.GetRequiredService<Database>().OpenToWriteAsync(Cancel);
        await using var writing = await Database.BeginWriteAsync(other, Cancel);

        var signingIn = browser.GetAsync(Page);
        while (!signingIn.IsCompleted)
        {
            await Task.Delay(20, Cancel);
            if (redeemed)
            {
                Realm.Clock.Advance(TimeSpan.FromSeconds(1));
            }
        }

        var page = await signingIn;
        Assert.Equal("/signin-oidc", page.Url.AbsolutePath);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, page.Status);
        Assert.Equal("5", page.Header("Retry-After"));
        Assert.Null(browser.Cookies["session"]);

        // What else waits for the lock, by this clock, goes on before the next test.
        await writing.RollbackAsync(Cancel);
        var next = Realm.Services.GetRequiredService<Database>().WriteAsync("DELETE FROM logout_tokens", new { }, Cancel);
        while (!next.IsCompleted)
        {
            await Task.Delay(20, Cancel);
            Realm.Clock.Advance(TimeSpan.FromMilliseconds(100));
        }

        await next;
    }

    [Fact]
    public async Task A_realm_that_goes_away_before_the_callback_is_an_outage_there()
    {
        using var browser = Realm.NewBrowser();
        Realm.Respond = honest =>
        {
            Realm.IsDown = true;
            return honest;
        };

        var page = await browser.GetAsync(Page);

        Assert.Equal("/signin-oidc", page.Url.AbsolutePath);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, page.Status);
        Assert.Equal("5", page.Header("Retry-After"));
    }

    private static async Task<RealmAnswer> SendAsync(RealmBrowser browser)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, Page);
        return await browser.SendAsync(request);
    }
}
