using System.Net;
using Api.Tests.Infrastructure;

namespace Api.Tests.Keycloak;

/// <summary>The back-channel logout endpoint ends a session for a logout token that Keycloak signed, and for nothing else.</summary>
public sealed class BackChannelLogoutReceiverTests(ForgingRealmOnSqlite place) : ForgingRealmTests(place),
IClassFixture<ForgingRealmOnSqlite>
{
    private const string Event = "http://schemas.openid.net/event/backchannel-logout";

    // What is told to have ended in one test shall not be missing in the next.
    private readonly string _session = $"session-{Guid.NewGuid()}";
    private readonly string _subject = Guid.NewGuid().ToString();

    [Fact]
    public async Task A_logout_token_ends_the_session_for_every_token_of_it()
    {
        var token = Realm.Mint(changes: [("sid", _session), ("sub", _subject), ("client_id", null)]);
        var other = Realm.Mint(changes: [("sid", "other"), ("sub", _subject), ("client_id", null)]);
        Assert.Equal(HttpStatusCode.OK, await AskAsync(token));

        var answer = await PostAsync(LogoutToken());

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.True(answer.Headers.CacheControl?.NoStore);
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(token));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(other));
        // Told by another token that it has ended is nothing new.
        Assert.Equal(HttpStatusCode.OK, (await PostAsync(LogoutToken())).StatusCode);
    }

    [Fact]
    public async Task Without_a_session_id_every_session_of_the_subject_ends()
    {
        var token = Realm.Mint(changes: [("sid", "other"), ("sub", _subject), ("client_id", null)]);
        var somebodyElse = Realm.Mint(changes: [("sid", "somebody-elses"), ("client_id", null), ("sub", Guid.NewGuid().ToString())]);

        Assert.Equal(HttpStatusCode.OK, (await PostAsync(LogoutToken(("sid", null)))).StatusCode);

        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(token));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(somebodyElse));
    }

    [Fact]
    public async Task A_session_id_is_enough_and_so_is_a_subject()
    {
        var token = Realm.Mint(changes: [("sid", _session), ("sub", _subject), ("client_id", null)]);
        Assert.Equal(HttpStatusCode.OK, await AskAsync(token));

        Assert.Equal(HttpStatusCode.OK, (await PostAsync(LogoutToken(("sub", null)))).StatusCode);

        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(token));
        Assert.Equal(HttpStatusCode.BadRequest, (await PostAsync(LogoutToken(("sub", null), ("sid", null)))).StatusCode);
    }

    [Fact]
    public async Task A_logout_token_whose_subject_is_not_that_of_its_session_ends_nothing()
    {
        Realm.ResetSignIn();
        Realm.IdClaims = [("sub", _subject), ("sid", _session)];
        using var browser = Realm.NewBrowser();
        Assert.Equal("/account", (await browser.GetAsync("http://localhost/account")).Url.AbsolutePath);
        var key = browser.Cookies["session"];

        var answer = await PostAsync(LogoutToken(("sub", Guid.NewGuid().ToString())));

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains("another subject", await answer.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, await LookAsync());
        Assert.Equal(HttpStatusCode.OK, (await PostAsync(LogoutToken())).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, await LookAsync());

        async Task<HttpStatusCode> LookAsync()
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/account");
            request.Headers.Add("Cookie", $"session={key}");
            return (await Realm.NewClient(null).SendAsync(request, Cancel)).StatusCode;
        }
    }

    [Fact]
    public async Task While_the_realm_is_restarted_its_logout_tokens_are_taken_all_the_same()
    {
        var token = Realm.Mint(changes: [("sid", _session), ("sub", _subject), ("client_id", null)]);
        Assert.Equal(HttpStatusCode.OK, await AskAsync(token));
        Realm.IsDown = true;
        try
        {
            Assert.Equal(HttpStatusCode.OK, (await PostAsync(LogoutToken())).StatusCode);
            Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(token));
        }
        finally
        {
            Realm.IsDown = false;
        }
    }

    [Theory]
    [InlineData("multipart/form-data", "x")]
    [InlineData("application/x-www-form-urlencoded", "")]
    public async Task A_body_that_is_no_form_is_refused_as_the_senders_mistake(string type, string body)
    {
        using var content = new StringContent(body.Length > 0 ? body : string.Concat(Enumerable.Repeat("a&", 5000)));
        content.Headers.ContentType = System.Net.Http.Headers.MediaTypeHeaderValue.Parse(type);

        var answer = await Realm.NewClient(null).PostAsync("/signout-backchannel", content, Cancel);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
    }

    public static TheoryData<string, object?> Mistakes => new()
    {
        { "aud", "acme-api" },
        { "iss", "http://localhost:1/realms/acme" },
        { "exp", 1L },
        { "exp", null },
        { "iat", 1L },
        { "events", null },
        { "events", new Dictionary<string, object> { ["other"] = new Dictionary<string, object>() } },
        { "events", new Dictionary<string, object> { [Event] = "yes" } },
        { "nonce", "n" },
        { "jti", null },
        { "jti", "" },
        { "jti", 7 },
        { "sid", "" },
        { "sid", 7 },
        { "sub", 7 },
        { "aud", new[] { "acme-admin", "acme-api" } },
        { "azp", "acme-spa" },
    };

    [Theory]
    [MemberData(nameof(Mistakes))]
    public async Task A_token_that_is_no_logout_token_for_this_client_ends_nothing(string claim, object? value)
    {
        var token = Realm.Mint(changes: [("sid", _session), ("sub", _subject), ("client_id", null)]);

        var answer = await PostAsync(LogoutToken((claim, value)));

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains("invalid_request", await answer.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        Assert.True(answer.Headers.CacheControl?.NoStore);
        Assert.Equal(HttpStatusCode.OK, await AskAsync(token));
    }

    [Fact]
    public async Task A_logout_token_that_is_sent_again_ends_nothing_more()
    {
        var logout = LogoutToken();
        Assert.Equal(HttpStatusCode.OK, (await PostAsync(logout)).StatusCode);

        var answer = await PostAsync(logout);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains("sent before", await answer.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"alg":"RS256","typ":"logout+jwt","kid":"first","crit":["b64"],"b64":true}""")]
    [InlineData("""{"alg":"RS256","typ":"logout+jwt","kid":"first","crit":[]}""")]
    [InlineData("""{"alg":"none","typ":"logout+jwt","kid":"first"}""")]
    [InlineData("""{"alg":"RS256","typ":"JWT","kid":"first"}""")]
    [InlineData("""{"alg":"RS256","kid":"first"}""")]
    public async Task A_logout_token_with_another_header_is_refused(string header)
    {
        var token = Realm.Mint(changes: [("sid", _session), ("sub", _subject), ("client_id", null)]);
        var forged = Realm.Sign(
            System.Buffers.Text.Base64Url.EncodeToString(System.Text.Encoding.UTF8.GetBytes(header)), LogoutToken().Split('.')[1]);

        Assert.Equal(HttpStatusCode.BadRequest, (await PostAsync(forged)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, await AskAsync(token));
    }

    [Theory]
    [InlineData("EdDSA", "signed with EdDSA, which this service cannot verify")]
    [InlineData("none", "not signed")]
    [InlineData("X", "an algorithm that this service does not know")]
    public async Task An_algorithm_that_cannot_be_verified_is_named_with_the_switch_for_it(string algorithm, string says)
    {
        var header = System.Buffers.Text.Base64Url.EncodeToString(System.Text.Encoding.UTF8.GetBytes(
            $$"""{"alg":"{{algorithm}}","typ":"logout+jwt","kid":"first"}"""));

        var answer = await PostAsync(Realm.Sign(header, LogoutToken().Split('.')[1]));

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        var description = (await JsonAsync(answer)).GetProperty("error_description").GetString();
        Assert.Contains(says, description, StringComparison.Ordinal);
        if (algorithm != "none")
        {
            Assert.Contains("Clients → acme-admin → Advanced", description, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Neither_an_access_token_nor_a_foreign_signature_nor_an_empty_form_is_taken()
    {
        var access = Realm.Mint(changes: [("aud", "acme-admin"), ("sid", _session), ("events", Events())]);
        Assert.Equal(HttpStatusCode.BadRequest, (await PostAsync(access)).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await PostAsync(LogoutToken()[..^4] + "AAAA")).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await PostAsync("")).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await PostAsync("garbage")).StatusCode);
        using var twice = new StringContent(
            $"logout_token={LogoutToken()}&logout_token={LogoutToken()}", System.Text.Encoding.UTF8, "application/x-www-form-urlencoded");
        Assert.Equal(HttpStatusCode.BadRequest, (await Realm.NewClient(null).PostAsync("/signout-backchannel", twice, Cancel)).StatusCode);
        using var json = new StringContent("{}", System.Text.Encoding.UTF8, "application/json");
        Assert.Equal(HttpStatusCode.BadRequest, (await Realm.NewClient(null).PostAsync("/signout-backchannel", json, Cancel)).StatusCode);
    }

    private string LogoutToken(params (string Name, object? Value)[] changes)
    {
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        return Realm.Mint(type: "logout+jwt", changes:
        [
            ("aud", "acme-admin"), ("typ", "Logout"), ("sub", _subject), ("sid", _session), ("azp", null), ("client_id", null),
            ("resource_access", null), ("jti", Guid.NewGuid().ToString()),
            ("iat", now), ("exp", now + 120), ("events", Events()), .. changes,
        ]);
    }

    private static Dictionary<string, object> Events() => new() { [Event] = new Dictionary<string, object>() };

    private Task<HttpResponseMessage> PostAsync(string token) => Realm.NewClient(null).PostAsync(
        "/signout-backchannel", new FormUrlEncodedContent([new("logout_token", token)]), Cancel);

    private async Task<HttpStatusCode> AskAsync(string token) => (await Realm.NewClient(token).GetAsync("/api/me", Cancel)).StatusCode;
}
