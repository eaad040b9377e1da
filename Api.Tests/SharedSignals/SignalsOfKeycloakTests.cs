using System.Net;
using System.Text.Json.Nodes;
using Api.Tests.Infrastructure;
using Dapper;
using KeycloakAccess.Data;
using Microsoft.Extensions.DependencyInjection;

namespace Api.Tests.SharedSignals;

/// <summary>What a real Keycloak 26.7 sends is taken as it sends it, pushed and asked for.</summary>
public sealed class SignalsOfKeycloakTests(ApiOnKeycloakWithSignals api) : ApiTests(api), IClassFixture<ApiOnKeycloakWithSignals>
{
    private KeycloakWithSignals Keycloak => (KeycloakWithSignals)Api.Realm;

    [Fact]
    public async Task Pushed_events_end_what_Keycloak_has_ended()
    {
        await using var receiver = Api.Variant(
            ("SharedSignals:Delivery", "Push"),
            ("SharedSignals:Audiences:0", "pushed-signals/*"),
            ("SharedSignals:Push:Authorization", SignalTests.Secret));
        var url = $"http://localhost:{receiver.Listen()}/ssf/events";
        await Keycloak.AddReceiverAsync("pushed-signals", url);
        var stream = await Keycloak.CreateStreamAsync("pushed-signals", new JsonObject
        {
            ["method"] = "urn:ietf:rfc:8935",
            ["endpoint_url"] = url,
            ["authorization_header"] = SignalTests.Secret,
        });

        // Keycloak sends it before it answers.
        var id = stream.GetProperty("stream_id").GetString();
        var verified = await Keycloak.ManageAsync(
            "pushed-signals", "/verify", new JsonObject { ["stream_id"] = id, ["state"] = "does-it-work" });
        Assert.True(verified.Status == HttpStatusCode.NoContent, verified.ToString());
        Assert.Contains("with the state does-it-work", receiver.Log, StringComparison.Ordinal);

        await CheckWhatEndsAsync();

        var paused = await Keycloak.ManageAsync(
            "pushed-signals", "/streams/status", new JsonObject { ["stream_id"] = id, ["status"] = "paused", ["reason"] = "lunch" });
        Assert.True(paused.Status == HttpStatusCode.OK, paused.ToString());
        await WaitAsync(() => Task.FromResult(receiver.Log.Contains(
            "set the stream of events to paused (reason: lunch)", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Events_that_are_asked_for_end_it_too_and_are_no_other_token()
    {
        await Keycloak.AddReceiverAsync("polled-signals");
        var stream = await Keycloak.CreateStreamAsync("polled-signals", new JsonObject { ["method"] = "urn:ietf:rfc:8936" });
        var endpoint = stream.GetProperty("delivery").GetProperty("endpoint_url").GetString()!;
        await using var person = await Keycloak.AddPersonAsync();
        await Keycloak.LogOutAsync(person.Username);
        var sets = (await Keycloak.ManageAsync("polled-signals", endpoint, [])).Json.GetProperty("sets");
        var token = sets.EnumerateObject().Last().Value.GetString()!;
        Assert.Equal("secevent+jwt", Jwt.Decode(token).Header.GetProperty("typ").GetString());
        Assert.Equal(HttpStatusCode.Unauthorized, (await Api.NewClient(token).GetAsync("/api/me", Cancel)).StatusCode);

        await using var receiver = Api.Variant(
            ("SharedSignals:Delivery", "Poll"),
            ("SharedSignals:Audiences:0", "polled-signals/*"),
            ("SharedSignals:Poll:Endpoint", endpoint),
            ("SharedSignals:Poll:Interval", "00:00:01"),
            ("SharedSignals:Poll:ClientId", "polled-signals"),
            ("SharedSignals:Poll:ClientSecret", RealmUnderTest.SecretOf("polled-signals")));
        _ = receiver.Services;

        await CheckWhatEndsAsync();

        // All of them have been acknowledged.
        await WaitAsync(async () =>
            !(await Keycloak.ManageAsync("polled-signals", endpoint, [])).Json.GetProperty("sets").EnumerateObject().Any());
        Assert.DoesNotContain("An event was refused", receiver.Log, StringComparison.Ordinal);
    }

    private async Task CheckWhatEndsAsync()
    {
        await using var person = await Keycloak.AddPersonAsync();
        var browser = await Api.SignInAsync(person.Username);
        await Keycloak.LogOutAsync(person.Username);
        await WaitForEndAsync(browser, person.Username, "session-revoked");

        browser = await Api.SignInAsync(person.Username);
        // What begins in the second of the change goes on.
        await Task.Delay(TimeSpan.FromSeconds(1.1), Cancel);
        await Keycloak.ResetPasswordAsync(person.Username, "another");
        await WaitForEndAsync(browser, person.Username, "credential-change");
    }

    private async Task WaitForEndAsync(RealmBrowser browser, string username, string type)
    {
        // Nobody asks Keycloak about a session in these minutes, so it is the event that ends it.
        await using var connection = await Api.Services.GetRequiredService<Database>().OpenAsync(Cancel);
        await WaitAsync(async () => await connection.ExecuteScalarAsync<long>(
            "SELECT COUNT(*) FROM audit_log WHERE old_values LIKE @name AND reason LIKE @type AND account = 'Keycloak'",
            new { name = $"%\"username\":\"{username}\"%", type = $"{type}%" }) > 0);
        Assert.Equal(0, await connection.ExecuteScalarAsync<long>(
            "SELECT COUNT(*) FROM sessions WHERE username = @username", new { username }));
        using var request = new HttpRequestMessage(HttpMethod.Get, "/account");
        request.Headers.Add("Cookie", $"session={browser.Cookies["session"]}");
        using var answer = await Api.NewClient().SendAsync(request, Cancel);
        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
    }

    private static async Task WaitAsync(Func<Task<bool>> condition)
    {
        using var late = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        late.CancelAfter(TimeSpan.FromMinutes(1));
        while (!await condition())
        {
            await Task.Delay(100, late.Token);
        }
    }
}
