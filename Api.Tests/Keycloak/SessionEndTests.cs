using System.Net;
using System.Security.Cryptography;
using Api.Tests.Infrastructure;
using KeycloakAccess.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.IdentityModel.Tokens;

namespace Api.Tests.Keycloak;

/// <summary>A session ends here as soon as Keycloak says that it is over, and by nothing that Keycloak has not said.</summary>
public abstract class SessionEndTests(ForgingRealmPlace place) : SessionClockTests(place)
{
    private static readonly TimeSpan Over = TimeSpan.FromSeconds(301);
    private static readonly TimeSpan Grace = TimeSpan.FromMinutes(5);

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        Realm.ResetKeys();
    }

    [Fact]
    public async Task What_Keycloak_refuses_to_refresh_ends_at_once_and_is_audited()
    {
        using var browser = await SignInAsync();
        Realm.Refresh = _ => Refuse("invalid_grant", "User disabled");

        Realm.Clock.Advance(Over);

        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(browser.Cookies["session"]!));
        Assert.Equal(0, await ScalarAsync<long>("SELECT COUNT(*) FROM sessions WHERE subject = @Subject"));
        Assert.Equal("service Keycloak end invalid_grant: User disabled", await FindAuditAsync());
    }

    [Fact]
    public async Task It_ends_in_the_background_too_while_the_access_token_is_still_good()
    {
        using var browser = await SignInAsync();
        Realm.Refresh = _ => Refuse("invalid_grant", "Session not active");

        Realm.Clock.Advance(TimeSpan.FromSeconds(250));

        await UntilAsync(async () => await AskAsync(browser.Cookies["session"]!) == HttpStatusCode.Unauthorized);
        Assert.Single(Realm.Refreshes);
    }

    [Fact]
    public async Task Whoever_may_sign_in_again_does_so_without_a_question_even_in_the_same_session_at_Keycloak()
    {
        var session = Guid.NewGuid().ToString();
        Realm.IdClaims = [("sub", Subject), ("sid", session)];
        using var browser = await SignInAsync();
        var before = browser.Cookies["session"];
        // This client was taken out of the session, which goes on.
        Realm.Refresh = _ => Refuse("invalid_grant", "Session doesn't have required client");

        Realm.Clock.Advance(Over);
        var page = await browser.GetAsync(Page);

        Assert.Equal("/account", page.Url.AbsolutePath);
        Assert.NotEqual(before, browser.Cookies["session"]);
        Assert.Equal(session, await ScalarAsync<string>("SELECT session_id FROM sessions WHERE subject = @Subject"));
        Assert.Empty(Realm.Ended.Intersect(Realm.Refreshes));
    }

    [Fact]
    public async Task A_form_that_comes_when_Keycloak_has_ended_the_session_is_as_it_was_after_signing_in_again()
    {
        Realm.IdClaims = [("sub", Subject), ("realm_access", new Dictionary<string, object> { ["roles"] = new[] { "superuser" } })];
        using var browser = await SignInAsync();
        var form = await browser.GetAsync($"{Site}/admin/groups/new");
        Realm.Refresh = _ => Refuse("invalid_grant", "Session not active");
        Realm.Clock.Advance(Over);

        var answer = await browser.SubmitAsync(form, "form[action='/admin/groups/new']", ("name", "Typed with care"));

        Assert.Equal(HttpStatusCode.Unauthorized, answer.Status);
        Assert.Contains("nothing is lost", answer.Text, StringComparison.Ordinal);
        var again = new Uri(new Uri(Site), answer.Page.QuerySelector("a.button")!.GetAttribute("href")!).AbsoluteUri;
        Assert.Contains("Typed with care", (await browser.GetAsync(again)).Text, StringComparison.Ordinal);
    }

    public static TheoryData<string, object?, string> Mistakes => new()
    {
        { "sub", "somebody-else", "another person or of another session" },
        { "sid", "another-session", "another person or of another session" },
        { "sid", null, "another person or of another session" },
        { "iss", "http://localhost:1/realms/acme", "another issuer" },
        { "aud", "acme-api", "another client" },
        { "azp", "acme-spa", "not for this client" },
        { "azp", null, "lacks one of" },
        { "typ", "Bearer", "no ID token" },
        { "typ", "Logout", "no ID token" },
        { "exp", 1L, "not valid at this time" },
        { "iat", 4_000_000_000L, "in the future" },
        { "sub", null, "no sub" },
        { "at_hash", "AAAAAAAAAAAAAAAAAAAAAA", "not of that access token" },
    };

    [Theory]
    [MemberData(nameof(Mistakes))]
    public async Task An_ID_token_that_a_sign_in_would_not_take_ends_the_session(string claim, object? value, string because)
    {
        using var browser = await SignInAsync();
        Realm.RefreshClaims = [(claim, value)];

        Realm.Clock.Advance(Over);

        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(browser.Cookies["session"]!));
        Assert.Contains(because, await FindAuditAsync(), StringComparison.Ordinal);
        Assert.Equal(0, await ScalarAsync<long>("SELECT COUNT(*) FROM sessions WHERE subject = @Subject"));
    }

    public static TheoryData<string, object?> Answers => new()
    {
        { "id_token", null },
        { "id_token", "no.token" },
        { "id_token", 7 },
        { "access_token", null },
        { "token_type", "DPoP" },
        { "token_type", null },
    };

    [Theory]
    [MemberData(nameof(Answers))]
    public async Task An_answer_without_what_a_sign_in_needs_ends_the_session(string member, object? value)
    {
        using var browser = await SignInAsync();
        Realm.Refresh = members =>
        {
            members[member] = value;
            return Task.FromResult(Results.Json(members));
        };

        Realm.Clock.Advance(Over);

        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(browser.Cookies["session"]!));
        Assert.StartsWith("service Keycloak end ", await FindAuditAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_signature_that_is_not_the_realms_ends_the_session()
    {
        using var browser = await SignInAsync();
        using var rsa = RSA.Create(2048);
        var honest = Realm.Key;
        // Under the id of the key that the realm offers.
        Realm.Key = new RsaSecurityKey(rsa) { KeyId = honest.KeyId };

        Realm.Clock.Advance(Over);

        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(browser.Cookies["session"]!));
        Assert.Contains("signature", await FindAuditAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_new_key_of_the_realm_is_looked_up()
    {
        using var browser = await SignInAsync();
        using var rsa = RSA.Create(2048);
        Realm.Key = new RsaSecurityKey(rsa) { KeyId = "second" };
        Realm.Keys = [Realm.Key];

        Realm.Clock.Advance(Over);

        Assert.Equal(HttpStatusCode.OK, await AskAsync(browser.Cookies["session"]!));
    }

    [Fact]
    public async Task While_the_realm_is_away_sessions_go_on_for_the_grace_then_it_is_503_and_once_it_is_back_as_if_nothing_had_been()
    {
        using var browser = await SignInAsync();
        var key = browser.Cookies["session"]!;
        Realm.IsDown = true;

        Realm.Clock.Advance(Over);
        Assert.Equal(HttpStatusCode.OK, await AskAsync(key));
        Realm.Clock.Advance(Grace - TimeSpan.FromSeconds(5));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(key));

        Realm.Clock.Advance(TimeSpan.FromSeconds(10));
        using var request = new HttpRequestMessage(HttpMethod.Get, "/account");
        request.Headers.Add("Cookie", $"session={key}");
        using var answer = await Realm.NewClient(null).SendAsync(request, Cancel);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.NotNull(answer.Headers.RetryAfter);
        Assert.Contains("Not available right now", (await browser.GetAsync(Page)).Text, StringComparison.Ordinal);

        Realm.IsDown = false;
        Realm.Clock.Advance(SessionRefresher.RetryEvery);
        Assert.Equal(HttpStatusCode.OK, await AskAsync(key));
        Assert.Equal(1, await ScalarAsync<long>("SELECT COUNT(*) FROM sessions WHERE subject = @Subject"));
    }

    [Fact]
    public async Task A_realm_that_is_away_is_asked_once_in_five_seconds_for_all_sessions()
    {
        var browsers = new List<RealmBrowser>();
        for (var number = 0; number < 4; number++)
        {
            browsers.Add(await SignInAsync());
        }

        Realm.RefuseRefresh = () => Results.StatusCode(502);
        Realm.Clock.Advance(Over);
        for (var round = 1; round <= 3; round++)
        {
            foreach (var browser in browsers)
            {
                Assert.Equal(HttpStatusCode.OK, await AskAsync(browser.Cookies["session"]!));
                Assert.Equal(HttpStatusCode.OK, await AskAsync(browser.Cookies["session"]!));
            }

            Assert.Equal(round, Realm.Refreshes.Count);
            Realm.Clock.Advance(SessionRefresher.RetryEvery);
        }

        browsers.ForEach(browser => browser.Dispose());
    }

    [Fact]
    public async Task A_realm_that_hangs_holds_a_request_up_for_two_seconds_and_those_after_it_not_at_all()
    {
        using var browser = await SignInAsync();
        var gate = new TaskCompletionSource();
        Realm.Refresh = async members =>
        {
            await gate.Task;
            return Results.Json(members);
        };
        Realm.Clock.Advance(Over);
        var started = Realm.Clock.GetUtcNow();

        var asking = AskAsync(browser.Cookies["session"]!);
        // Quicker than the ten seconds of a real clock after which nobody waits for the realm any more.
        while (!asking.IsCompleted)
        {
            await Task.Delay(20, Cancel);
            if (!Realm.Refreshes.IsEmpty)
            {
                Realm.Clock.Advance(TimeSpan.FromMilliseconds(500));
            }
        }

        Assert.Equal(HttpStatusCode.OK, await asking);
        Assert.InRange(Realm.Clock.GetUtcNow() - started, KnownSessions.ShortPatience, KnownSessions.ShortPatience * 3);
        // The clock stands still now.
        Assert.Equal(HttpStatusCode.OK, await AskAsync(browser.Cookies["session"]!));
        gate.SetResult();
    }

    [Theory]
    [InlineData(401, "unauthorized_client")]
    [InlineData(401, "invalid_client")]
    [InlineData(400, "invalid_request")]
    [InlineData(403, "invalid_grant")]
    [InlineData(429, null)]
    [InlineData(200, null)]
    public async Task What_says_nothing_of_the_session_ends_none(int status, string? error)
    {
        using var browser = await SignInAsync();
        Realm.RefuseRefresh = () => error is null
            ? Results.Text("<p>A proxy</p>", "text/html", statusCode: status)
            : Results.Json(new { error }, statusCode: status);

        Realm.Clock.Advance(Over);
        Assert.Equal(HttpStatusCode.OK, await AskAsync(browser.Cookies["session"]!));
        Realm.Clock.Advance(Grace);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await AskAsync(browser.Cookies["session"]!));
        if (status == 401)
        {
            Assert.Contains("Look at its secret", (await browser.GetAsync(Page)).Text, StringComparison.Ordinal);
        }

        Realm.RefuseRefresh = null;
        Realm.Clock.Advance(SessionRefresher.RetryEvery);
        Assert.Equal(HttpStatusCode.OK, await AskAsync(browser.Cookies["session"]!));
    }

    [Fact]
    public async Task Whoever_signs_out_does_so_while_nobody_knows_whether_the_session_is_still_good()
    {
        foreach (var form in new[] { "/signout", "/account/sign-out-everywhere" })
        {
            Realm.IsDown = false;
            using var browser = await SignInAsync();
            var page = await browser.GetAsync(Page);
            var key = browser.Cookies["session"]!;
            Realm.IsDown = true;
            Realm.Clock.Advance(Over + Grace);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, await AskAsync(key));

            var signedOut = await browser.SubmitAsync(page, $"form[action='{form}']");

            Assert.Equal("/signed-out?keycloak=unreachable", signedOut.Url.PathAndQuery);
            Realm.IsDown = false;
            Realm.Clock.Advance(SessionRefresher.RetryEvery);
            Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(key));
        }
    }

    private static Task<IResult> Refuse(string error, string description) =>
        Task.FromResult(Results.Json(new { error, error_description = description }, statusCode: 400));

    private Task<string> FindAuditAsync() => ScalarAsync<string>("""
        SELECT method || ' ' || account || ' ' || action || ' ' || reason FROM audit_log
        WHERE model = 'session' AND action = 'end' AND method = 'service'
        ORDER BY at DESC LIMIT 1
        """);
}

public sealed class SessionEndOnSqliteTests(ForgingRealmWithClock place) : SessionEndTests(place), IClassFixture<ForgingRealmWithClock>;

public sealed class SessionEndOnPostgreSqlTests(ForgingRealmWithClockOnPostgreSql place)
    : SessionEndTests(place), IClassFixture<ForgingRealmWithClockOnPostgreSql>;
