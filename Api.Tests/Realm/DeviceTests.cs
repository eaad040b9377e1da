using Api.Tests.Infrastructure;
using static System.Net.HttpStatusCode;

namespace Api.Tests.Realm;

/// <summary>The device authorization grant (RFC 8628): a device shows a code, and somebody signs it in from a browser.</summary>
public abstract class DeviceTests(RealmUnderTest realm) : RealmTests(realm.Flows)
{
    private const string Tv = "tv";
    private const string Alert = ".kc-feedback-text, .pf-v5-c-alert__title";
    private const string LongEnough = "0123456789012345678901234567890123456789012";
    private const string Pending = "The authorization request is still pending";

    // What the client named tv may ask once in.
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1.2);

    private string DeviceEndpoint => $"{Realm.Issuer}/protocol/openid-connect/auth/device";

    [Fact]
    public async Task A_device_is_told_what_to_show()
    {
        var answer = await AskAsync("box");

        Assert.Equal(OK, answer.Status);
        Assert.Equal("application/json", answer.Header("Content-Type"));
        Assert.Equal("no-store, must-revalidate, max-age=0", answer.Header("Cache-Control"));
        AssertMembers("device_code user_code verification_uri verification_uri_complete expires_in interval", answer.Json);
        Assert.Matches("^[A-Z]{4}-[A-Z]{4}$", answer["user_code"]);
        Assert.Equal($"{Realm.Issuer}/device", answer["verification_uri"]);
        Assert.Equal($"{Realm.Issuer}/device?user_code={answer["user_code"]}", answer["verification_uri_complete"]);
        Assert.Equal("120 7", $"{answer.Json.GetProperty("expires_in")} {answer.Json.GetProperty("interval")}");
    }

    [Fact]
    public async Task A_client_may_have_times_of_its_own() =>
        Assert.Equal("2 60", $"{(await AskAsync("short-tv")).Json.GetProperty("expires_in")} "
            + (await AskAsync("short-tv")).Json.GetProperty("interval"));

    [Fact]
    public async Task A_client_without_the_grant_is_refused()
    {
        AssertError(
            await AskAsync("code-ui"),
            BadRequest,
            "unauthorized_client",
            "Client is not allowed to initiate OAuth 2.0 Device Authorization Grant. The flow is disabled for the client.");
        AssertError(
            await PollAsync("code-ui", "anything"),
            BadRequest,
            "invalid_grant",
            "Client not allowed OAuth 2.0 Device Authorization Grant");
        AssertError(
            await Realm.PostAsync(DeviceEndpoint, clientId: null, ("client_id", "box")),
            Unauthorized,
            "unauthorized_client",
            "Invalid client or Invalid client credentials");
        AssertError(
            await Realm.PostAsync(DeviceEndpoint, clientId: null, ("client_id", "nobody")),
            Unauthorized,
            "invalid_client",
            "Invalid client or Invalid client credentials");
        AssertError(
            await AskAsync(Tv, ("scope", "a"), ("scope", "b")), BadRequest, "invalid_grant", "duplicated parameter");
    }

    [Fact]
    public async Task Whoever_enters_the_code_signs_the_device_in()
    {
        using var browser = Realm.NewBrowser();
        var device = await AskAsync(Tv, ("scope", "openid"), ("nonce", "of the device"));
        var page = await browser.GetAsync(device["verification_uri"]!);
        Assert.Equal("login-login-oauth2-device-verify-user-code", page.Page.Body!.GetAttribute("data-page-id"));
        Assert.Equal("Device Login", Words(page, "#kc-page-title"));

        page = await browser.SubmitAsync(
            page, "#kc-user-verify-device-user-code-form", ("device_user_code", device["user_code"]!.Replace("-", "").ToLowerInvariant()));
        Assert.Contains("/login-actions/authenticate?client_id=tv&tab_id=", page.Url.AbsoluteUri, StringComparison.Ordinal);
        Assert.EndsWith("&client_data=e30", page.Url.AbsoluteUri, StringComparison.Ordinal);
        AssertError(await PollAsync(Tv, device), BadRequest, "authorization_pending", Pending);
        AssertError(await PollAsync(Tv, device), BadRequest, "slow_down", "Slow down");
        page = await browser.SubmitLoginAsync(page, "ada", "ada");

        Assert.Equal("login-login-oauth-grant", page.Page.Body!.GetAttribute("data-page-id"));
        Assert.Equal("Grant Access to The <b>TV</b>", Words(page, "#kc-page-title"));
        page = await browser.SubmitAsync(page, "#kc-oauth form", ("accept", ""));
        Assert.Equal($"{Realm.Issuer}/device/status", page.Url.AbsoluteUri);
        Assert.Equal("login-info", page.Page.Body!.GetAttribute("data-page-id"));
        Assert.Equal("Device Login Successful", Words(page, "#kc-page-title"));
        Assert.Equal("You may close this browser window and go back to your device.", page.Instruction);

        await WaitAsync();
        var tokens = await PollAsync(Tv, device);
        Assert.Equal(OK, tokens.Status);
        AssertMembers(
            "access_token expires_in refresh_expires_in refresh_token token_type id_token not-before-policy session_state scope",
            tokens.Json);
        var token = Jwt.Decode(tokens["access_token"]);
        Assert.StartsWith("onrtdg:", token["jti"], StringComparison.Ordinal);
        Assert.Equal("1 tv ada", $"{token["acr"]} {token["azp"]} {token["preferred_username"]}");
        Assert.Equal("of the device", Jwt.Decode(tokens["id_token"])["nonce"]);
        AssertError(await PollAsync(Tv, device), BadRequest, "invalid_grant", "Device code not valid");
        Assert.Equal(OK, (await RefreshAsync(Tv, tokens["refresh_token"])).Status);
    }

    [Fact]
    public async Task Whoever_is_signed_in_is_asked_each_time()
    {
        using var browser = Realm.NewBrowser();
        var first = await AskAsync("bare-tv");
        var page = await browser.SubmitLoginAsync(await browser.GetAsync(first["verification_uri_complete"]!), "ada", "ada");
        Assert.Equal("bare-tv", Words(page, "#kc-oauth ul"));
        await browser.SubmitAsync(page, "#kc-oauth form", ("accept", ""));
        Assert.Equal("1", Jwt.Decode((await PollAsync("bare-tv", first))["access_token"])["acr"]);

        var second = await AskAsync("bare-tv");
        page = await browser.GetAsync(second["verification_uri_complete"]!);
        Assert.Equal("login-login-oauth-grant", page.Page.Body!.GetAttribute("data-page-id"));
        await browser.SubmitAsync(page, "#kc-oauth form", ("accept", ""));

        var tokens = await PollAsync("bare-tv", second);
        Assert.Equal("", tokens["scope"]);
        Assert.Equal("0", Jwt.Decode(tokens["access_token"])["acr"]);
    }

    [Fact]
    public async Task Whoever_says_no_keeps_the_device_out()
    {
        using var browser = Realm.NewBrowser();
        var device = await AskAsync(Tv);
        var page = await browser.SubmitLoginAsync(await browser.GetAsync(device["verification_uri_complete"]!), "ada", "ada");
        Assert.Equal(
            ["Email address", "User profile", "User roles"],
            page.Page.QuerySelectorAll("#kc-oauth li").Select(item => item.TextContent.Trim()).Order(StringComparer.Ordinal));

        page = await browser.SubmitAsync(page, "#kc-oauth form", ("cancel", ""));

        Assert.Equal($"{Realm.Issuer}/device/status?error=access_denied", page.Url.AbsoluteUri);
        Assert.Equal("Device Login Failed", Words(page, "#kc-page-title"));
        Assert.Equal("Consent denied for connecting the device.", page.Instruction);
        Assert.Equal($"{Realm.Issuer}/device", page.Page.QuerySelector("#kc-info-message a")!.GetAttribute("href"));
        AssertError(await PollAsync(Tv, device), BadRequest, "access_denied", "The end user denied the authorization request");
        Assert.Equal(
            "Invalid code, please try again.", Words(await browser.GetAsync(device["verification_uri_complete"]!), Alert));
    }

    [Theory]
    [InlineData("", "You may close this browser window and go back to your device.")]
    [InlineData("?error=expired_token", "The code has expired. Please go back to your device and try connecting again.")]
    [InlineData("?error=server_error", "You may close this browser window and go back to your device and try connecting again.")]
    public async Task The_last_page_tells_how_it_ended(string query, string instruction)
    {
        using var browser = Realm.NewBrowser();

        Assert.Equal(instruction, (await browser.GetAsync($"{Realm.Issuer}/device/status{query}")).Instruction);
        AssertError(
            await Realm.PostAsync($"{Realm.Issuer}/device/status", clientId: null), NotFound, "HTTP 404 Not Found", description: null);
    }

    [Theory]
    [InlineData("WHAT-EVER", "Invalid code, please try again.")]
    [InlineData("<b>", "Invalid code, please try again.")]
    [InlineData("", null)]
    public async Task Another_code_is_asked_for_again(string code, string? alert)
    {
        using var browser = Realm.NewBrowser();
        var page = await browser.GetAsync($"{Realm.Issuer}/device");

        page = await browser.SubmitAsync(page, "#kc-user-verify-device-user-code-form", ("device_user_code", code));

        Assert.Equal(OK, page.Status);
        Assert.Equal(alert, Words(page, Alert));
        Assert.Equal("", page.Page.QuerySelector("#device_user_code")!.GetAttribute("value"));
    }

    [Fact]
    public async Task A_code_ends_and_so_does_what_it_is_typed_for()
    {
        using var browser = Realm.NewBrowser();
        var device = await AskAsync("short-tv");
        AssertError(await PollAsync("short-tv", device), BadRequest, "authorization_pending", Pending);

        await Task.Delay(TimeSpan.FromSeconds(3.2), TestContext.Current.CancellationToken);

        // Sooner than the client may ask again, and told all the same.
        AssertError(await PollAsync("short-tv", device), BadRequest, "expired_token", "Device code is expired");
        Assert.Equal(
            "The code has expired. Please go back to your device and try connecting again.",
            Words(await browser.GetAsync(device["verification_uri_complete"]!), Alert));
    }

    [Fact]
    public async Task A_code_is_its_clients()
    {
        var device = await AskAsync(Tv);

        AssertError(await PollAsync("bare-tv", device), BadRequest, "invalid_grant", "unauthorized client");
        AssertError(await PollAsync(Tv, "anything"), BadRequest, "invalid_grant", "Device code not valid");
        AssertError(
            await TokensAsync(Tv, ("grant_type", "urn:ietf:params:oauth:grant-type:device_code")),
            BadRequest,
            "invalid_request",
            "Missing parameter: device_code");
    }

    [Theory]
    [InlineData(null, null, "Missing parameter: code_challenge_method")]
    [InlineData("plain", LongEnough, "Invalid parameter: code challenge method is not matching the configured one")]
    [InlineData("S256", null, "Missing parameter: code_challenge")]
    [InlineData("S256", "short", "Invalid parameter: code_challenge")]
    public async Task A_challenge_may_be_required(string? method, string? challenge, string description) => AssertError(
        await AskAsync(
            "challenged-tv",
            [
                .. method is null ? Array.Empty<(string, string)>() : [("code_challenge_method", method)],
                .. challenge is null ? Array.Empty<(string, string)>() : [("code_challenge", challenge)],
            ]),
        BadRequest,
        "invalid_request",
        description);

    [Fact]
    public async Task Only_who_knows_the_verifier_gets_the_tokens()
    {
        using var browser = Realm.NewBrowser();
        var verifier = AuthorizationRequest.RandomText();
        var device = await AskAsync(
            "challenged-tv", ("code_challenge", AuthorizationRequest.ChallengeOf(verifier)), ("code_challenge_method", "S256"));
        await ApproveAsync(browser, device, "ada");

        AssertError(await PollAsync("challenged-tv", device), BadRequest, "invalid_grant", "PKCE code verifier not specified");
        await WaitAsync();
        AssertError(
            await PollAsync("challenged-tv", device, ("code_verifier", AuthorizationRequest.RandomText())),
            BadRequest,
            "invalid_grant",
            "PKCE verification failed: Code mismatch");
        await WaitAsync();
        Assert.Equal(OK, (await PollAsync("challenged-tv", device, ("code_verifier", verifier))).Status);
    }

    [Fact]
    public async Task Offline_access_is_asked_about_and_lasts()
    {
        using var browser = Realm.NewBrowser();
        var device = await AskAsync(Tv, ("scope", "openid offline_access nonsense"));
        await ApproveAsync(browser, device, "ada");

        var tokens = await PollAsync(Tv, device);

        Assert.Equal("0", tokens.Json.GetProperty("refresh_expires_in").ToString());
        AssertWords("openid offline_access email profile", tokens["scope"]);
        Assert.StartsWith("ofrtdg:", Jwt.Decode(tokens["access_token"])["jti"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_signs_out_first_leaves_the_device_waiting()
    {
        using var browser = Realm.NewBrowser();
        var device = await AskAsync(Tv);
        await ApproveAsync(browser, device, "ben");
        await browser.SubmitAsync(await browser.GetAsync(Realm.EndSessionEndpoint), "form.form-actions", ("confirmLogout", "Logout"));

        AssertError(
            await PollAsync(Tv, device),
            BadRequest,
            "authorization_pending",
            "The authorization request is verified but can not lookup the user session yet");
    }

    [Fact]
    public async Task A_token_that_must_be_bound_needs_a_proof() => AssertError(
        await PollAsync("bound-tv", "anything"), BadRequest, "invalid_request", "DPoP proof is missing");

    private static string? Words(RealmAnswer page, string selector) => page.Page.QuerySelector(selector) is { } element
        ? string.Join(' ', element.TextContent.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
        : null;

    private static Task WaitAsync() => Task.Delay(Interval, TestContext.Current.CancellationToken);

    private static async Task ApproveAsync(RealmBrowser browser, RealmAnswer device, string person)
    {
        var page = await browser.SubmitLoginAsync(await browser.GetAsync(device["verification_uri_complete"]!), person, person);
        await browser.SubmitAsync(page, "#kc-oauth form", ("accept", ""));
    }

    private Task<RealmAnswer> AskAsync(string clientId, params (string Name, string Value)[] form) =>
        SendAsync(DeviceEndpoint, clientId, form);

    private Task<RealmAnswer> PollAsync(string clientId, RealmAnswer device, params (string Name, string Value)[] more) =>
        PollAsync(clientId, device["device_code"]!, more);

    private Task<RealmAnswer> PollAsync(string clientId, string code, params (string Name, string Value)[] more) => TokensAsync(
        clientId, [("grant_type", "urn:ietf:params:oauth:grant-type:device_code"), ("device_code", code), .. more]);

    private Task<RealmAnswer> RefreshAsync(string clientId, string? token) =>
        TokensAsync(clientId, ("grant_type", "refresh_token"), ("refresh_token", token!));

    private Task<RealmAnswer> TokensAsync(string clientId, params (string Name, string Value)[] form) =>
        SendAsync(Realm.TokenEndpoint, clientId, form);

    private Task<RealmAnswer> SendAsync(string url, string clientId, (string Name, string Value)[] form) =>
        clientId.EndsWith("tv", StringComparison.Ordinal)
            ? Realm.PostAsync(url, clientId: null, [.. form, ("client_id", clientId)])
            : Realm.PostAsync(url, clientId, form);
}

public sealed class EmbeddedDeviceTests(EmbeddedRealmUnderTest realm) : DeviceTests(realm);

public sealed class KeycloakDeviceTests(KeycloakUnderTest realm) : DeviceTests(realm);
