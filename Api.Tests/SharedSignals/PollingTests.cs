using System.Net;
using Api.Tests.Infrastructure;
using Microsoft.AspNetCore.Http;

namespace Api.Tests.SharedSignals;

/// <summary>Events that are asked for (RFC 8936), by one instance at a time.</summary>
public abstract class PollingContract(ForgingRealmPlace place) : SignalTests(place)
{
    [Fact]
    public async Task Events_are_asked_for_done_and_acknowledged()
    {
        await using var transmitter = await EventTransmitter.StartAsync();
        await using var instance = Start(transmitter, ("SharedSignals:Poll:MaxEvents", "2"));
        var (token, other) = (Token(), Token(session: $"other-{Session}"));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(token));
        for (var i = 0; i < 4; i++)
        {
            transmitter.Add(Event("urn:example:lunch", new { }));
        }

        transmitter.Add(Revoked());

        await WaitAsync(() => !transmitter.Left.Any());

        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(token));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(other));
        Assert.All(transmitter.Requests, request =>
        {
            // The token of the client (RFC 6749, section 4.4).
            Assert.StartsWith("Bearer eyJ", request.Authorization, StringComparison.Ordinal);
            Assert.Equal(2, request.Body.GetProperty("maxEvents").GetInt32());
            Assert.False(request.Body.TryGetProperty("setErrs", out _));
        });
        Assert.Equal(5, transmitter.Requests.Sum(request => request.Body.TryGetProperty("ack", out var ack) ? ack.GetArrayLength() : 0));
    }

    [Fact]
    public async Task What_is_refused_is_said_with_the_error()
    {
        await using var transmitter = await EventTransmitter.StartAsync();
        await using var instance = Start(transmitter);
        var token = Token();
        var (elses, forged, without) = (Revoked(("aud", "acme-api")), Jwt.Forge(Revoked()), Revoked(("sub_id", null)));
        transmitter.Add(elses);
        transmitter.Add(forged);
        transmitter.Add(without);
        transmitter.Add(Revoked(), "another-jti");
        transmitter.Add("no token", "x");

        await WaitAsync(() => !transmitter.Left.Any());

        Assert.Equal(HttpStatusCode.OK, await AskAsync(token));
        var errors = transmitter.Requests
            .Where(request => request.Body.TryGetProperty("setErrs", out _))
            .SelectMany(request => request.Body.GetProperty("setErrs").EnumerateObject())
            .ToDictionary(each => each.Name, each => each.Value, StringComparer.Ordinal);
        Assert.Equal("invalid_audience", ErrorOf(Jwt.Decode(elses)["jti"]!));
        Assert.Equal("invalid_key", ErrorOf(Jwt.Decode(forged)["jti"]!));
        Assert.Equal("invalid_request", ErrorOf(Jwt.Decode(without)["jti"]!));
        Assert.Equal("invalid_request", ErrorOf("another-jti"));
        Assert.Equal("invalid_request", ErrorOf("x"));
        Assert.All(errors.Values, error => Assert.NotEmpty(error.GetProperty("description").GetString()!));

        string? ErrorOf(string id) => errors[id].GetProperty("err").GetString();
    }

    public static TheoryData<int, string> Failures => new()
    {
        { 500, "" }, { 503, "" }, { 401, "" }, { 404, "" }, { 302, "" }, { 202, "" }, { 200, "" }, { 200, "[]" }, { 200, "{}" },
        { 200, """{"sets":[]}""" }, { 200, """{"sets":{"a":1}}""" }, { 200, """{"sets":{},"moreAvailable":"no"}""" },
        { 200, """{"sets":{"a":"x","a":"y"}}""" }, { 200, """{"sets":{"a":"\ud800"}}""" },
    };

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task Whatever_the_transmitter_answers_it_is_asked_again(int status, string body)
    {
        await using var transmitter = await EventTransmitter.StartAsync();
        transmitter.Answer = () => Results.Content(body, "application/json", statusCode: status);
        await using var instance = Start(transmitter);
        await WaitAsync(() => instance.Log.Contains("Events cannot be asked for", StringComparison.Ordinal));
        var token = Token();

        transmitter.Answer = null;
        transmitter.Add(Revoked());

        await WaitAsync(() => !transmitter.Left.Any() && instance.Log.Contains("Events are asked for again", StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(token));
    }

    [Fact]
    public async Task One_instance_asks_and_another_one_when_it_has_gone()
    {
        await using var transmitter = await EventTransmitter.StartAsync();
        transmitter.KeepsRequests = true;
        var first = Start(transmitter);
        await WaitAsync(() => !transmitter.Requests.IsEmpty);
        await using var second = Start(transmitter);
        // It would ask by now, and both requests would be kept.
        await Task.Delay(TimeSpan.FromSeconds(2), Cancel);
        Assert.Equal(1, transmitter.MostAsking);

        await first.DisposeAsync();
        transmitter.Requests.Clear();

        await WaitAsync(() => !transmitter.Requests.IsEmpty);
    }

    [Fact]
    public async Task An_instance_that_died_is_followed_when_its_claim_has_run_out()
    {
        await using var transmitter = await EventTransmitter.StartAsync();
        var database = Service<KeycloakAccess.Data.Database>();
        var values = new { transmitter.Endpoint, by = "one that died", until = DateTimeOffset.UtcNow + TimeSpan.FromSeconds(4) };
        await database.WriteAsync(
            "INSERT INTO event_polls (endpoint, claimed_by, claimed_until) VALUES (@Endpoint, @by, @until)", values, Cancel);

        await using var instance = Start(transmitter);
        await WaitAsync(() => !transmitter.Requests.IsEmpty);

        Assert.True(DateTimeOffset.UtcNow >= values.until);
    }

    [Fact]
    public async Task A_transmitter_that_keeps_the_request_gives_events_as_they_come()
    {
        await using var transmitter = await EventTransmitter.StartAsync();
        transmitter.KeepsRequests = true;
        // Without that it would take an hour.
        await using var instance = Start(transmitter, ("SharedSignals:Poll:Interval", "01:00:00"));
        await WaitAsync(() => !transmitter.Requests.IsEmpty);
        for (var i = 0; i < 3; i++)
        {
            transmitter.Add(Event("urn:example:lunch", new { }));
            await WaitAsync(() => !transmitter.Left.Any());
        }

        Assert.Contains(transmitter.Requests, request => !request.Body.GetProperty("returnImmediately").GetBoolean());
    }

    [Fact]
    public async Task A_transmitter_that_gives_the_same_again_is_not_asked_without_a_pause()
    {
        await using var transmitter = await EventTransmitter.StartAsync();
        transmitter.Forgets = true;
        transmitter.Add(Revoked());
        await using var instance = Start(transmitter, ("SharedSignals:Poll:Interval", "01:00:00"));

        await WaitAsync(() => transmitter.Requests.Count == 2);
        await Task.Delay(TimeSpan.FromSeconds(1), Cancel);

        Assert.Equal(2, transmitter.Requests.Count);
    }

    [Fact]
    public async Task A_token_of_the_transmitters_own_is_read_from_its_file_each_time()
    {
        await using var transmitter = await EventTransmitter.StartAsync();
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, "first\n", Cancel);
        await using var instance = Start(
            transmitter,
            ("SharedSignals:Poll:ClientId", ""),
            ("SharedSignals:Poll:ClientSecret", ""),
            ("SharedSignals:Poll:TokenFile", file));
        await WaitAsync(() => transmitter.Requests.Any(request => request.Authorization == "Bearer first"));

        await File.WriteAllTextAsync(file, "second", Cancel);

        await WaitAsync(() => transmitter.Requests.Any(request => request.Authorization == "Bearer second"));
        File.Delete(file);
    }

    [Fact]
    public async Task A_token_that_is_not_taken_is_asked_for_anew()
    {
        await using var transmitter = await EventTransmitter.StartAsync();
        await using var instance = Start(transmitter);
        await WaitAsync(() => !transmitter.Requests.IsEmpty);
        var first = transmitter.Requests.First().Authorization;
        Assert.All(transmitter.Requests, request => Assert.Equal(first, request.Authorization));

        transmitter.Answer = () => Results.StatusCode(401);
        await WaitAsync(() => instance.Log.Contains("ssf.read", StringComparison.Ordinal));
        transmitter.Answer = null;

        // Of another second, so that it is another token.
        await WaitAsync(() => transmitter.Requests.Any(request => request.Authorization != first));
    }

    [Fact]
    public async Task Where_the_realm_gives_no_token_the_log_says_what_to_do()
    {
        await using var transmitter = await EventTransmitter.StartAsync();
        Realm.Redeem = _ => Results.Json(new { error = "invalid_scope" }, statusCode: 400);
        await using var instance = Start(transmitter);

        await WaitAsync(() => instance.Log.Contains("Clients → acme-signals → Client scopes", StringComparison.Ordinal));

        Assert.Empty(transmitter.Requests);
    }

    private ApiVariant Start(EventTransmitter transmitter, params (string Key, string? Value)[] settings)
    {
        var instance = Realm.StartAnother(
        [
            ("SharedSignals:Delivery", "Poll"),
            ("SharedSignals:Poll:Endpoint", transmitter.Endpoint),
            ("SharedSignals:Poll:Interval", "00:00:01"),
            ("SharedSignals:Poll:ClientId", "acme-signals"),
            ("SharedSignals:Poll:ClientSecret", "secret"),
            .. settings,
        ]);
        _ = instance.Services;
        return instance;
    }
}

public sealed class PollingTests(RealmWithEvents place) : PollingContract(place), IClassFixture<RealmWithEvents>;

public sealed class PollingOnPostgreSqlTests(RealmWithEventsOnPostgreSql place)
    : PollingContract(place), IClassFixture<RealmWithEventsOnPostgreSql>;
