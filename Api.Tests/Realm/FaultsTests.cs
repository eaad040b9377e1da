using System.Net;
using System.Text;
using System.Text.Json;
using Api.Tests.Infrastructure;
using KeycloakRealm;
using KeycloakRealm.Faults;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Api.Tests.Realm;

/// <summary>Fault injection in process and over HTTP, and its absence where it is not enabled.</summary>
public sealed class FaultsTests : IAsyncDisposable
{
    private const string Token = "/realms/acme/protocol/openid-connect/token";
    private const string Certs = "/realms/acme/protocol/openid-connect/certs";
    private const string FaultsPath = "/_faults";

    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false });
    private readonly FakeTimeProvider _clock = new(DateTimeOffset.UtcNow);
    private readonly LogLines _lines = new();
    private readonly ILoggerFactory _loggers;
    private EmbeddedRealm? _realm;

    public FaultsTests() => _loggers = LoggerFactory.Create(logging => logging.AddProvider(_lines));

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private RealmFaults Faults => _realm!.Faults;

    [Fact]
    public async Task An_endpoint_fails_as_often_as_it_is_told_and_others_do_not()
    {
        await StartAsync();
        using var outage = Faults.Add(new Fault("token") { Status = 503, Times = 2 });

        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await AskTokenAsync()).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(Certs)).StatusCode);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await AskTokenAsync()).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await AskTokenAsync()).StatusCode);
        Assert.Equal(2, outage.Hits);
        Assert.Empty(Faults.Active);
    }

    [Fact]
    public async Task An_endpoint_fails_as_long_as_it_is_told()
    {
        await StartAsync();
        Faults.Add(new Fault("token") { Status = 500, For = TimeSpan.FromSeconds(10) });

        _clock.Advance(TimeSpan.FromSeconds(9));
        Assert.Equal(HttpStatusCode.InternalServerError, (await AskTokenAsync()).StatusCode);
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(HttpStatusCode.OK, (await AskTokenAsync()).StatusCode);
        Assert.Empty(Faults.Active);
    }

    [Fact]
    public async Task A_fault_ends_with_its_object()
    {
        await StartAsync();
        using (Faults.Add(new Fault("*") { Status = 503 }))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, (await GetAsync("/realms/acme")).StatusCode);
        }

        Assert.Equal(HttpStatusCode.OK, (await GetAsync("/realms/acme")).StatusCode);
    }

    [Fact]
    public async Task A_fault_may_keep_to_one_realm()
    {
        var folder = Directory.CreateTempSubdirectory("faults-");
        try
        {
            var second = Path.Combine(folder.FullName, "second.json");
            await File.WriteAllTextAsync(second, RealmFileUnderTest.Realm("second", "zoe"), Cancel);
            await StartAsync(second);
            Faults.Add(new Fault("certs") { Realm = "second", Status = 500 });

            Assert.Equal(HttpStatusCode.OK, (await GetAsync(Certs)).StatusCode);
            Assert.Equal(HttpStatusCode.InternalServerError, (await GetAsync("/realms/second/protocol/openid-connect/certs")).StatusCode);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData("/realms/acme/.well-known/openid-configuration", ".well-known/openid-configuration")]
    [InlineData("/.well-known/oauth-authorization-server/realms/acme", ".well-known/oauth-authorization-server")]
    [InlineData("/realms/acme", "realm")]
    [InlineData("/realms/acme/protocol/openid-connect/auth", "auth")]
    [InlineData("/realms/acme/login-actions/authenticate", "login-actions/*")]
    [InlineData("/admin/realms/acme/users/7", "admin/users/{user}")]
    [InlineData("/admin/realms/acme/users/7", "admin/*")]
    public async Task An_endpoint_is_named_by_the_end_of_its_address(string address, string endpoint)
    {
        await StartAsync();
        Faults.Add(new Fault(endpoint) { Status = 418 });

        Assert.Equal(418, (int)(await GetAsync(address)).StatusCode);
        Assert.Equal(1, Faults.CallsOf(endpoint));
    }

    [Fact]
    public async Task A_slow_endpoint_keeps_its_caller_waiting_and_not_the_end_of_the_realm()
    {
        await StartAsync();
        Faults.Add(new Fault("token") { Delay = TimeSpan.FromHours(1) });
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var impatient = AskTokenAsync(patience.Token);
        await UntilCalledAsync(1);
        await patience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => impatient);

        var waiting = AskTokenAsync();
        await UntilCalledAsync(2);

        await _realm!.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20), Cancel);
        await Assert.ThrowsAsync<HttpRequestException>(() => waiting);

        async Task UntilCalledAsync(int times)
        {
            for (var i = 0; i < 3000 && Faults.CallsOf("token") < times; i++)
            {
                await Task.Delay(10, Cancel);
            }

            Assert.Equal(times, Faults.CallsOf("token"));
        }
    }

    [Fact]
    public async Task A_delay_alone_changes_nothing_else()
    {
        await StartAsync();
        Faults.Add(new Fault("token") { Delay = TimeSpan.FromMilliseconds(1) });

        Assert.Equal(HttpStatusCode.OK, (await AskTokenAsync()).StatusCode);
    }

    [Fact]
    public async Task A_body_is_cut_off_in_the_middle()
    {
        await StartAsync();
        Faults.Add(new Fault("certs") { CutAfter = 20, Times = 1 });

        using var answer = await _http.GetAsync(Url(Certs), HttpCompletionOption.ResponseHeadersRead, Cancel);
        await using var body = await answer.Content.ReadAsStreamAsync(Cancel);
        var received = new byte[20];
        await body.ReadExactlyAsync(received, Cancel);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.True(answer.Content.Headers.ContentLength > 20);
        Assert.StartsWith("{\"keys\":[", Encoding.UTF8.GetString(received), StringComparison.Ordinal);
        await Assert.ThrowsAnyAsync<IOException>(async () => await body.ReadExactlyAsync(new byte[1], Cancel));
        // It was asked for, and is no mistake to be reported.
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(Certs)).StatusCode);
        Assert.DoesNotContain("Error", _lines.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_connection_is_closed_without_an_answer()
    {
        await StartAsync();
        Faults.Add(new Fault("token") { Close = true });

        await Assert.ThrowsAsync<HttpRequestException>(() => AskTokenAsync());
    }

    [Fact]
    public async Task An_endpoint_sends_elsewhere()
    {
        await StartAsync();
        Faults.Add(new Fault("certs") { Location = "http://elsewhere.test/" });

        var answer = await GetAsync(Certs);

        Assert.Equal(HttpStatusCode.Found, answer.StatusCode);
        Assert.Equal("http://elsewhere.test/", answer.Headers.Location?.AbsoluteUri);
    }

    [Fact]
    public async Task An_answer_comes_under_the_wrong_content_type()
    {
        await StartAsync();
        var right = await (await GetAsync(Certs)).Content.ReadAsStringAsync(Cancel);
        Faults.Add(new Fault("certs") { ContentType = "text/html" });

        var answer = await GetAsync(Certs);

        Assert.Equal("text/html", answer.Content.Headers.ContentType?.ToString());
        Assert.Equal(right, await answer.Content.ReadAsStringAsync(Cancel));
    }

    [Fact]
    public async Task Something_else_stands_in_the_place_of_an_answer()
    {
        await StartAsync();
        Faults.Add(new Fault("certs") { Body = "<h1>maintenance</h1>", ContentType = "text/html" });

        var answer = await GetAsync(Certs);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("<h1>maintenance</h1>", await answer.Content.ReadAsStringAsync(Cancel));
    }

    [Fact]
    public async Task The_clock_goes_forward_and_back()
    {
        await StartAsync();
        var token = (await TokenOfAsync()).Encoded;
        Assert.Equal("true", await IsActiveAsync(token));

        Faults.ClockOffset = TimeSpan.FromHours(1);
        Assert.Equal("false", await IsActiveAsync(token));
        Assert.Equal(_clock.GetUtcNow().ToUnixTimeSeconds() + 3600, (await TokenOfAsync()).Decoded.Payload.GetProperty("iat").GetInt64());

        Faults.ClockOffset = TimeSpan.FromHours(-1);
        Assert.Equal(_clock.GetUtcNow().ToUnixTimeSeconds() - 3600, (await TokenOfAsync()).Decoded.Payload.GetProperty("iat").GetInt64());
        Assert.Throws<ArgumentOutOfRangeException>(() => Faults.ClockOffset = TimeSpan.FromDays(10_000));
    }

    [Fact]
    public async Task Calls_are_counted_those_that_met_a_fault_too()
    {
        await StartAsync();
        await GetAsync(Certs);
        using (Faults.Add(new Fault("certs") { Status = 503 }))
        {
            await GetAsync(Certs);
        }

        await AskTokenAsync();

        Assert.Equal([new("acme", "certs", 2), new("acme", "token", 1)], Faults.Calls);
        Assert.Equal(2, Faults.CallsOf("certs", "acme"));
        Assert.Equal(0, Faults.CallsOf("certs", "other"));
        Assert.Equal(3, Faults.CallsOf("*"));

        Faults.Reset();
        Assert.Empty(Faults.Calls);
    }

    [Fact]
    public async Task Without_the_option_faults_cannot_be_injected()
    {
        _realm = await EmbeddedRealm.StartAsync(Options(), Cancel);
        var unknown = await (await GetAsync("/_anything")).Content.ReadAsStringAsync(Cancel);

        foreach (var method in new[] { HttpMethod.Get, HttpMethod.Post, HttpMethod.Delete })
        {
            var answer = await _http.SendAsync(new(method, Url(FaultsPath)), Cancel);
            Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
            Assert.Equal(unknown, await answer.Content.ReadAsStringAsync(Cancel));
        }

        var exception = Assert.Throws<InvalidOperationException>(() => Faults);
        Assert.Contains("EmbeddedRealmOptions.Faults", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Over_HTTP_a_fault_is_made_listed_and_ended()
    {
        await StartAsync();
        var made = await PostAsync("""{"endpoint":"token","realm":"acme","status":503,"delay":0.001,"times":7,"for":60}""");

        Assert.Equal(HttpStatusCode.Created, made.StatusCode);
        Assert.Equal("/_faults/1", made.Headers.Location?.ToString());
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await AskTokenAsync()).StatusCode);
        Assert.Equal(
            """{"faults":[{"id":1,"endpoint":"token","realm":"acme","delay":0.001,"status":503,"times":7,"for":60,"hits":1}],"""
            + $$"""
            "clock":{"offset":0,"now":"{{_clock.GetUtcNow():O}}"},"calls":[{"realm":"acme","endpoint":"token","calls":1}]}
            """,
            await FaultsAsync());

        Assert.Equal(HttpStatusCode.NoContent, (await _http.DeleteAsync(Url("/_faults/1"), Cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await AskTokenAsync()).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await _http.DeleteAsync(Url("/_faults/1"), Cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await _http.DeleteAsync(Url("/_faults/x"), Cancel)).StatusCode);
    }

    [Theory]
    [InlineData("""{"endpoint":"certs","location":"http://elsewhere.test/"}""", 302)]
    [InlineData("""{"endpoint":"certs","body":"{\"keys\":","contentType":"text/plain"}""", 200)]
    [InlineData("""{"endpoint":"certs","close":true}""", 0)]
    [InlineData("""{"endpoint":"certs","cutAfter":3}""", 0)]
    public async Task Over_HTTP_there_are_all_kinds_of_faults(string fault, int expected)
    {
        await StartAsync();
        Assert.Equal(HttpStatusCode.Created, (await PostAsync(fault)).StatusCode);

        var status = 0;
        try
        {
            status = (int)(await GetAsync(Certs)).StatusCode;
        }
        catch (HttpRequestException)
        {
            // The connection ended.
        }

        Assert.Equal(expected, status);
    }

    [Fact]
    public async Task Over_HTTP_the_clock_is_moved_and_everything_put_right()
    {
        await StartAsync();
        await PostAsync("""{"endpoint":"*","status":503}""");

        var moved = await _http.PutAsync(Url("/_faults/clock"), Json("""{"offset":-90.5}"""), Cancel);

        Assert.Equal(HttpStatusCode.OK, moved.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(-90.5), Faults.ClockOffset);
        Assert.Equal(HttpStatusCode.NoContent, (await _http.DeleteAsync(Url(FaultsPath), Cancel)).StatusCode);
        Assert.Equal(TimeSpan.Zero, Faults.ClockOffset);
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(Certs)).StatusCode);
    }

    [Theory]
    [InlineData("{", "not JSON")]
    [InlineData("[]", "one JSON object")]
    [InlineData("null", "one JSON object")]
    [InlineData("{}", "endpoint is missing")]
    [InlineData("""{"endpoint":"tokens","status":503}""", "token, token/introspect")]
    [InlineData("""{"endpoint":"token"}""", "does nothing")]
    [InlineData("""{"endpoint":"token","code":503}""", "\"code\"")]
    [InlineData("""{"endpoint":7,"status":503}""", "endpoint must be text")]
    [InlineData("""{"endpoint":"token","status":"503"}""", "status must be a whole number")]
    [InlineData("""{"endpoint":"token","status":100}""", "200 to 599")]
    [InlineData("""{"endpoint":"token","status":204,"body":"x"}""", "no body")]
    [InlineData("""{"endpoint":"token","close":1}""", "true or false")]
    [InlineData("""{"endpoint":"token","delay":"1s"}""", "number of seconds")]
    [InlineData("""{"endpoint":"token","delay":-1}""", "delay must be 0 to 3600 seconds")]
    [InlineData("""{"endpoint":"token","delay":1e300}""", "too many seconds")]
    [InlineData("""{"endpoint":"token","cutAfter":-1}""", "cutAfter")]
    [InlineData("""{"endpoint":"token","status":503,"times":0}""", "times must be 1 or more")]
    [InlineData("""{"endpoint":"token","status":503,"for":0}""", "for must be more than 0")]
    [InlineData("""{"endpoint":"token","location":"a\r\nb"}""", "without line breaks")]
    [InlineData("""{"endpoint":"token","contentType":""}""", "contentType must be")]
    public async Task What_makes_no_sense_is_refused_with_what_to_write_instead(string fault, string expected)
    {
        await StartAsync();

        var refused = await PostAsync(fault);

        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        Assert.Contains(
            expected,
            JsonElement.Parse(await refused.Content.ReadAsStringAsync(Cancel)).GetProperty("error").GetString(),
            StringComparison.Ordinal);
        Assert.Empty(Faults.Active);
    }

    [Theory]
    [InlineData("{}", "offset is missing")]
    [InlineData("""{"offset":"1h"}""", "number of seconds")]
    [InlineData("""{"offset":9e8}""", "ten years")]
    [InlineData("""{"ahead":1}""", "\"ahead\"")]
    public async Task A_clock_that_makes_no_sense_is_refused(string body, string expected)
    {
        await StartAsync();

        var refused = await _http.PutAsync(Url("/_faults/clock"), Json(body), Cancel);

        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        Assert.Contains(
            expected,
            JsonElement.Parse(await refused.Content.ReadAsStringAsync(Cancel)).GetProperty("error").GetString(),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_page_of_another_site_cannot_inject_a_fault()
    {
        await StartAsync();
        using var text = new StringContent("""{"endpoint":"token","status":503}""", Encoding.UTF8, "text/plain");

        Assert.Equal(HttpStatusCode.UnsupportedMediaType, (await _http.PostAsync(Url(FaultsPath), text, Cancel)).StatusCode);
        using var preflight = new HttpRequestMessage(HttpMethod.Options, Url(FaultsPath));
        preflight.Headers.Add("Origin", "https://elsewhere.test");
        preflight.Headers.Add("Access-Control-Request-Method", "POST");
        Assert.False((await _http.SendAsync(preflight, Cancel)).Headers.Contains("Access-Control-Allow-Origin"));
        Assert.Empty(Faults.Active);
    }

    [Fact]
    public async Task In_process_too_what_makes_no_sense_is_refused()
    {
        await StartAsync();

        Assert.Contains(
            "There is no endpoint",
            Assert.Throws<ArgumentException>(() => Faults.Add(new Fault("tokens") { Status = 503 })).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "does nothing", Assert.Throws<ArgumentException>(() => Faults.Add(new Fault("token"))).Message, StringComparison.Ordinal);
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        _loggers.Dispose();
        _lines.Dispose();
        if (_realm is not null)
        {
            await _realm.DisposeAsync();
        }
    }

    private static StringContent Json(string body) => new(body, Encoding.UTF8, "application/json");

    private EmbeddedRealmOptions Options(params string[] files)
    {
        var options = RealmFileUnderTest.Options([RealmUnderTest.RealmFile, .. files]);
        options.TimeProvider = _clock;
        options.LoggerFactory = _loggers;
        return options;
    }

    private async Task StartAsync(params string[] files)
    {
        var options = Options(files);
        options.Faults = true;
        _realm = await EmbeddedRealm.StartAsync(options, Cancel);
    }

    private Uri Url(string path) => new(_realm!.Url, path);

    private Task<HttpResponseMessage> GetAsync(string path) => _http.GetAsync(Url(path), Cancel);

    private Task<HttpResponseMessage> PostAsync(string fault) => _http.PostAsync(Url(FaultsPath), Json(fault), Cancel);

    private async Task<string> FaultsAsync() => await (await GetAsync(FaultsPath)).Content.ReadAsStringAsync(Cancel);

    private Task<HttpResponseMessage> AskTokenAsync(CancellationToken? cancellationToken = null) =>
        SendFormAsync(Token, "acme-reader", cancellationToken ?? Cancel, ("grant_type", "client_credentials"));

    private async Task<(string Encoded, Jwt Decoded)> TokenOfAsync()
    {
        var answer = JsonElement.Parse(await (await AskTokenAsync()).Content.ReadAsStringAsync(Cancel));
        var token = answer.GetProperty("access_token").GetString()!;
        return (token, Jwt.Decode(token));
    }

    private async Task<string> IsActiveAsync(string token)
    {
        var answer = await SendFormAsync(Token + "/introspect", "acme-api", Cancel, ("token", token));
        return JsonElement.Parse(await answer.Content.ReadAsStringAsync(Cancel)).GetProperty("active").GetRawText();
    }

    private async Task<HttpResponseMessage> SendFormAsync(
        string path, string client, CancellationToken cancellationToken, params (string Name, string Value)[] fields)
    {
        using var form = new FormUrlEncodedContent(
            [
                .. fields.Select(field => KeyValuePair.Create(field.Name, field.Value)), new("client_id", client),
                new("client_secret", client + "-secret"),
            ]);
        return await _http.PostAsync(Url(path), form, cancellationToken);
    }
}
