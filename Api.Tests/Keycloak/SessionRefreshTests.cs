using System.Net;
using Api.Tests.Infrastructure;
using Dapper;
using KeycloakAccess.Authentication;
using KeycloakAccess.Data;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace Api.Tests.Keycloak;

/// <summary>
/// Whoever is signed in is who Keycloak says they are now: tokens are asked for anew before the access token ends, once at a time. The
/// realm revokes each refresh token that has been used, so that one which is sent twice ends the session.
/// </summary>
public abstract class SessionRefreshTests(ForgingRealmPlace place) : SessionClockTests(place)
{
    // Of an access token that lives for five minutes: when newer ones are asked for, and when they must have come.
    private static readonly TimeSpan Due = TimeSpan.FromSeconds(201);
    private static readonly TimeSpan Over = TimeSpan.FromSeconds(301);

    [Fact]
    public async Task What_Keycloak_says_anew_counts_before_the_access_token_ends_and_holds_up_no_request()
    {
        using var browser = await SignInAsync();
        var gate = new TaskCompletionSource();
        Realm.Refresh = async members =>
        {
            await gate.Task;
            return Results.Json(members);
        };
        Realm.RefreshClaims =
        [
            ("preferred_username", "renamed"), ("name", "Some Body Else"), ("email", "else@acme.test"), ("groups", new[] { "/new/group" }),
            ("realm_access", new Dictionary<string, object> { ["roles"] = new[] { "new-role" } }),
        ];

        Realm.Clock.Advance(Due);
        var before = await browser.GetAsync(Page);
        Assert.DoesNotContain("new-role", before.Text, StringComparison.Ordinal);
        await UntilAsync(() => Realm.Refreshes.Count == 1);
        Assert.DoesNotContain("new-role", (await browser.GetAsync(Page)).Text, StringComparison.Ordinal);
        gate.SetResult();
        await UntilAsync(async () => (await browser.GetAsync(Page)).Text.Contains("realm role new-role", StringComparison.Ordinal));

        var after = await browser.GetAsync(Page);
        Assert.Contains("Some Body Else", after.Text, StringComparison.Ordinal);
        Assert.Contains("else@acme.test", after.Text, StringComparison.Ordinal);
        Assert.Contains("Keycloak group /new/group", after.Text, StringComparison.Ordinal);
        Assert.Single(Realm.Refreshes);
        Assert.Equal("renamed", await ScalarAsync<string>("SELECT username FROM sessions WHERE subject = @Subject"));
    }

    [Fact]
    public async Task Once_the_access_token_has_ended_the_request_waits_for_newer_ones()
    {
        using var browser = await SignInAsync();
        Realm.RefreshClaims = [("realm_access", new Dictionary<string, object> { ["roles"] = new[] { "new-role" } })];

        Realm.Clock.Advance(Over);

        Assert.Contains("realm role new-role", (await browser.GetAsync(Page)).Text, StringComparison.Ordinal);
        Assert.Single(Realm.Refreshes);
    }

    [Fact]
    public async Task A_role_that_is_taken_away_is_gone_and_with_it_what_it_gave()
    {
        Realm.IdClaims = [("sub", Subject), ("realm_access", new Dictionary<string, object> { ["roles"] = new[] { "superuser" } })];
        using var browser = await SignInAsync();
        Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync($"{Site}/admin/accounts")).Status);
        Realm.RefreshClaims = [("realm_access", new Dictionary<string, object> { ["roles"] = new[] { "nothing" } })];

        Realm.Clock.Advance(Over);

        Assert.Equal(HttpStatusCode.Forbidden, (await browser.GetAsync($"{Site}/admin/accounts")).Status);
        Assert.Single(Realm.Refreshes);
    }

    [Fact]
    public async Task Nobody_is_asked_while_the_tokens_are_new_nor_for_a_session_that_nobody_uses()
    {
        using var browser = await SignInAsync();
        Realm.Clock.Advance(Due - TimeSpan.FromSeconds(2));
        Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync(Page)).Status);

        Realm.Clock.Advance(TimeSpan.FromMinutes(20));

        Assert.Empty(Realm.Refreshes);
    }

    [Fact]
    public async Task However_many_requests_come_to_however_many_instances_one_asks()
    {
        await using var other = await StartAnotherAsync();
        await using var third = await StartAnotherAsync();
        using var browser = await SignInAsync();
        var key = browser.Cookies["session"]!;
        HttpClient[] instances = [Realm.NewClient(null), other.Api.NewClient(), third.Api.NewClient()];
        foreach (var instance in instances)
        {
            Assert.Equal(HttpStatusCode.OK, await AskAsync(instance, key));
        }

        // Again and again: each newer token is used up by the next refresh, and one that came twice would end the session.
        for (var round = 1; round <= 3; round++)
        {
            Realm.Clock.Advance(Over);
            var asking = Enumerable.Range(0, 30).Select(number => AskAsync(instances[number % instances.Length], key)).ToList();
            Assert.All(await Task.WhenAll(asking), status => Assert.Equal(HttpStatusCode.OK, status));
            Assert.Equal(round, Realm.Refreshes.Count);
            Assert.Equal(round, Realm.Refreshes.Distinct(StringComparer.Ordinal).Count());
        }
    }

    [Fact]
    public async Task What_one_instance_was_told_the_others_decide_by()
    {
        await using var other = await StartAnotherAsync();
        Realm.IdClaims = [("sub", Subject), ("realm_access", new Dictionary<string, object> { ["roles"] = new[] { "superuser" } })];
        using var browser = await SignInAsync();
        var there = Realm.NewBrowser(other.Api);
        there.Cookies.Set(new Uri(Site), "session", browser.Cookies["session"]!);
        Assert.Equal(HttpStatusCode.OK, (await there.GetAsync($"{Site}/admin/accounts")).Status);
        Realm.RefreshClaims = [("realm_access", new Dictionary<string, object> { ["roles"] = new[] { "nothing" } })];

        Realm.Clock.Advance(Over);
        Assert.Equal(HttpStatusCode.Forbidden, (await browser.GetAsync($"{Site}/admin/accounts")).Status);

        // It was over there too, so that one looks before it answers.
        Assert.Equal(HttpStatusCode.Forbidden, (await there.GetAsync($"{Site}/admin/accounts")).Status);
        Assert.Single(Realm.Refreshes);
    }

    [Fact]
    public async Task An_instance_that_went_away_while_it_asked_holds_up_the_others_for_a_time_only()
    {
        using var browser = await SignInAsync();
        Realm.Clock.Advance(Over);
        var until = Realm.Clock.GetUtcNow() + SessionRefreshStore.ClaimFor;
        await ExecuteAsync("UPDATE sessions SET refreshing_by = 'gone', refreshing_until = @until WHERE subject = @Subject", new { until });

        var waiting = AskAsync(browser.Cookies["session"]!);
        await WhileAsync([waiting]);
        // What Keycloak said last is good for the grace.
        Assert.Equal(HttpStatusCode.OK, await waiting);
        Assert.Empty(Realm.Refreshes);

        Realm.Clock.Advance(SessionRefreshStore.ClaimFor);
        await UntilAsync(async () =>
        {
            Realm.Clock.Advance(TimeSpan.FromSeconds(1));
            return await AskAsync(browser.Cookies["session"]!) == HttpStatusCode.OK && Realm.Refreshes.Count == 1;
        });
    }

    [Fact]
    public async Task Tokens_that_have_come_are_not_asked_for_again_where_they_could_not_be_written()
    {
        using var browser = await SignInAsync();
        await RefuseUpdatesAsync();
        try
        {
            Realm.Clock.Advance(Over);
            // Within the grace it goes on.
            Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync(Page)).Status);
            Assert.Single(Realm.Refreshes);
        }
        finally
        {
            await AllowUpdatesAsync();
        }

        Realm.RefreshClaims = [("realm_access", new Dictionary<string, object> { ["roles"] = new[] { "too-late" } })];
        Realm.Clock.Advance(SessionRefresher.RetryEvery);
        Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync(Page)).Status);
        Assert.Single(Realm.Refreshes);
        Assert.True(await ScalarAsync<bool>("SELECT tokens_at > started_at FROM sessions WHERE subject = @Subject"));

        // And the next time by what came then.
        Realm.Clock.Advance(Over);
        Assert.Contains("too-late", (await browser.GetAsync(Page)).Text, StringComparison.Ordinal);
        Assert.Equal(2, Realm.Refreshes.Count);
    }

    [Fact]
    public async Task An_instance_that_ends_waits_for_the_tokens_that_it_has_asked_for()
    {
        var other = await StartAnotherAsync();
        using var browser = await SignInAsync();
        var gate = new TaskCompletionSource();
        Realm.Refresh = async members =>
        {
            await gate.Task;
            return Results.Json(members);
        };
        Realm.Clock.Advance(Due);
        using var there = other.Api.NewClient();
        Assert.Equal(HttpStatusCode.OK, await AskAsync(there, browser.Cookies["session"]!));
        await UntilAsync(() => Realm.Refreshes.Count == 1);

        var ending = other.DisposeAsync().AsTask();
        await Task.Delay(100, Cancel);
        gate.SetResult();
        await ending;

        Assert.True(await ScalarAsync<bool>("SELECT tokens_at > started_at FROM sessions WHERE subject = @Subject"));
        Realm.Clock.Advance(Over);
        Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync(Page)).Status);
        Assert.Equal(2, Realm.Refreshes.Count);
    }

    [Fact]
    public async Task Without_a_refresh_token_a_session_ends_with_its_access_token()
    {
        Realm.GivesRefreshTokens = false;
        using var browser = await SignInAsync();

        Realm.Clock.Advance(Over - TimeSpan.FromSeconds(2));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(browser.Cookies["session"]!));
        Realm.Clock.Advance(TimeSpan.FromSeconds(2));

        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(browser.Cookies["session"]!));
        Assert.Empty(Realm.Refreshes);
    }

    [Theory]
    [InlineData(60, 41, 61)]
    // Nothing is heard of a long one for as long as five minutes.
    [InlineData(3600, 201, 301)]
    [InlineData(null, 201, 301)]
    public async Task Newer_tokens_are_asked_for_by_how_long_the_access_token_lives(int? lives, int due, int over)
    {
        Realm.Lives = (lives, null);
        using var browser = await SignInAsync();
        Realm.Clock.Advance(TimeSpan.FromSeconds(due - 2));
        await AskAsync(browser.Cookies["session"]!);
        Assert.Empty(Realm.Refreshes);

        Realm.Clock.Advance(TimeSpan.FromSeconds(over - due + 2));

        Assert.Equal(HttpStatusCode.OK, await AskAsync(browser.Cookies["session"]!));
        Assert.Single(Realm.Refreshes);
    }

    private Task RefuseUpdatesAsync() => ExecuteAsync(IsPostgreSql
        ? """
            CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused'; END $$;
            CREATE TRIGGER refused BEFORE UPDATE OF ticket ON sessions FOR EACH ROW EXECUTE FUNCTION refuse()
            """
        : "CREATE TRIGGER refused BEFORE UPDATE OF ticket ON sessions BEGIN SELECT RAISE(ABORT, 'refused'); END");

    private Task AllowUpdatesAsync() => ExecuteAsync(IsPostgreSql ? "DROP TRIGGER refused ON sessions" : "DROP TRIGGER refused");
}

public sealed class SessionRefreshOnSqliteTests(ForgingRealmWithClock place)
    : SessionRefreshTests(place), IClassFixture<ForgingRealmWithClock>;

public sealed class SessionRefreshOnPostgreSqlTests(ForgingRealmWithClockOnPostgreSql place)
    : SessionRefreshTests(place), IClassFixture<ForgingRealmWithClockOnPostgreSql>;

/// <summary>The base of tests about what time does to a session.</summary>
public abstract class SessionClockTests(ForgingRealmPlace place) : ForgingRealmTests(place)
{
    protected const string Site = "http://localhost";
    protected const string Page = Site + "/account";

    protected string Subject { get; } = Guid.NewGuid().ToString();

    protected bool IsPostgreSql => Realm.Services.GetRequiredService<Database>().Engine == DatabaseEngine.PostgreSql;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        Realm.ResetSignIn();
        Realm.IdClaims = [("sub", Subject)];
        Realm.IsDown = false;
        Realm.Refreshes.Clear();
        // What was not to be had in one test is asked for in the next.
        Realm.Clock.Advance(SessionRefresher.RetryEvery);
    }

    /// <summary>
    /// Another instance on the same database. While it is there, the clock goes on: the two wait for each other's locks by it.
    /// </summary>
    protected async Task<AnotherInstance> StartAnotherAsync(params (string Key, string? Value)[] settings)
    {
        var instance = new AnotherInstance(Realm.StartAnother(settings), Realm.Clock);
        await Task.Run(() => instance.Api.NewHandler().Dispose(), Cancel);
        return instance;
    }

    protected async Task<RealmBrowser> SignInAsync()
    {
        var browser = Realm.NewBrowser();
        var page = await browser.GetAsync(Page);
        Assert.True(page.Status == HttpStatusCode.OK && page.Url.AbsolutePath == "/account", page.ToString());
        return browser;
    }

    protected Task<HttpStatusCode> AskAsync(string key) => AskAsync(Realm.NewClient(null), key);

    protected static async Task<HttpStatusCode> AskAsync(HttpClient client, string key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/account");
        request.Headers.Add("Cookie", $"session={key}");
        using var answer = await client.SendAsync(request, Cancel);
        return answer.StatusCode;
    }

    protected async Task ExecuteAsync(string sql, object? values = null)
    {
        var parameters = new DynamicParameters(values);
        parameters.Add(nameof(Subject), Subject);
        // In its turn: on SQLite the application would wait for the lock by the clock, which stands still.
        await Realm.Services.GetRequiredService<Database>().WriteAsync(sql, parameters, Cancel);
    }

    protected async Task<T> ScalarAsync<T>(string sql)
    {
        await using var connection = await Realm.Services.GetRequiredService<Database>().OpenAsync(Cancel);
        return (await connection.QuerySingleOrDefaultAsync<T>(sql, new { Subject }))!;
    }

    /// <summary>Lets the clock go on until all of them are done: what waits for a lock or for an answer, waits by it.</summary>
    protected Task WhileAsync(IReadOnlyCollection<Task> tasks) => UntilAsync(() => tasks.All(task => task.IsCompleted));

    protected Task UntilAsync(Func<bool> condition) => UntilAsync(() => Task.FromResult(condition()));

    // No quicker than time itself: what is given a time does it in that.
    protected async Task UntilAsync(Func<Task<bool>> condition)
    {
        while (!await condition())
        {
            await Task.Delay(20, Cancel);
            Realm.Clock.Advance(TimeSpan.FromMilliseconds(20));
        }
    }
}

public sealed class AnotherInstance : IAsyncDisposable
{
    private readonly CancellationTokenSource _end = new();
    private readonly Task _time;

    public AnotherInstance(ApiVariant api, FakeTimeProvider clock)
    {
        Api = api;
        _time = Task.Run(async () =>
        {
            while (!_end.IsCancellationRequested)
            {
                await Task.Delay(20);
                clock.Advance(TimeSpan.FromMilliseconds(20));
            }
        });
    }

    public ApiVariant Api { get; }

    public async ValueTask DisposeAsync()
    {
        await Api.DisposeAsync();
        await _end.CancelAsync();
        await _time;
        _end.Dispose();
    }
}
