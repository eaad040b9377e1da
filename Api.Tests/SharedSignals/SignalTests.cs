using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Api.Tests.Infrastructure;
using Dapper;
using KeycloakAccess.Data;
using Microsoft.Extensions.DependencyInjection;

namespace Api.Tests.SharedSignals;

/// <summary>Takes pushed events of the realm, for the streams of one client.</summary>
public sealed class RealmWithEvents() : ForgingRealmPlace(() => Start(DatabaseEngine.Sqlite))
{
    internal static Task<ForgingRealm> Start(DatabaseEngine engine, params (string Key, string? Value)[] settings) =>
        ForgingRealm.StartAsync(engine, null, null,
        [
            ("SharedSignals:Delivery", "Push"),
            ("SharedSignals:Audiences:0", "acme-signals/*"),
            ("SharedSignals:Push:Authorization", SignalTests.Secret),
            ("RateLimits:RefusedRequests", "0"),
            .. settings,
        ]);
}

/// <summary>The same on PostgreSQL.</summary>
public sealed class RealmWithEventsOnPostgreSql() : ForgingRealmPlace(() => RealmWithEvents.Start(DatabaseEngine.PostgreSql));

/// <summary>The base of tests that send events.</summary>
public abstract class SignalTests(ForgingRealmPlace place) : ForgingRealmTests(place)
{
    public const string Secret = "Bearer push-secret";

    protected const string Caep = "https://schemas.openid.net/secevent/caep/event-type/";
    protected const string Risc = "https://schemas.openid.net/secevent/risc/event-type/";
    protected const string Ssf = "https://schemas.openid.net/secevent/ssf/event-type/";

    // What has ended in one test shall not be missing in the next.
    protected string Session { get; } = $"session-{Guid.NewGuid()}";

    protected string Subject { get; } = Guid.NewGuid().ToString();

    protected static long Now => DateTimeOffset.UtcNow.ToUnixTimeSeconds();

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        Realm.ResetSignIn();
    }

    /// <summary>A session that has ended, as Keycloak tells it, with what a test changes; null takes a claim away.</summary>
    protected string Revoked(params (string Name, object? Value)[] changes) => Event(Caep + "session-revoked", new { }, changes);

    protected string Event(string type, object details, params (string Name, object? Value)[] changes) => Realm.Mint(
        type: "secevent+jwt",
        changes:
        [
            .. NoAccessToken, ("aud", $"acme-signals/{Guid.NewGuid()}"), ("jti", Guid.NewGuid().ToString()),
            ("txn", Guid.NewGuid().ToString()), ("sub_id", Complex(Person(), Opaque(Session))),
            ("events", new Dictionary<string, object> { [type] = Members(details) }), .. changes,
        ]);

    // What Mint has of its own.
    protected static readonly (string Name, object? Value)[] NoAccessToken =
        [("sub", null), ("typ", null), ("azp", null), ("client_id", null), ("exp", null), ("resource_access", null)];

    protected IDictionary<string, object> Person(string? subject = null, string? issuer = null) =>
        new Dictionary<string, object> { ["format"] = "iss_sub", ["iss"] = issuer ?? Realm.Issuer, ["sub"] = subject ?? Subject };

    protected static IDictionary<string, object> Opaque(string id) => new Dictionary<string, object> { ["format"] = "opaque", ["id"] = id };

    protected static IDictionary<string, object> Complex(object? user, object? session = null, object? tenant = null)
    {
        var subject = new Dictionary<string, object> { ["format"] = "complex" };
        foreach (var (name, value) in new[] { ("user", user), ("session", session), ("tenant", tenant) })
        {
            if (value is not null)
            {
                subject[name] = value;
            }
        }

        return subject;
    }

    protected Task<HttpResponseMessage> PushAsync(string token, HttpClient? client = null) =>
        PushAsync(Encoding.UTF8.GetBytes(token), "application/secevent+jwt", Secret, client);

    protected async Task<HttpResponseMessage> PushAsync(byte[] body, string? type, string? authorization, HttpClient? client = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/ssf/events") { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = type is null ? null : MediaTypeHeaderValue.Parse(type);
        if (authorization is not null)
        {
            request.Headers.TryAddWithoutValidation("Authorization", authorization);
        }

        return await (client ?? Realm.NewClient(null)).SendAsync(request, Cancel);
    }

    protected async Task AcceptAsync(string token, HttpClient? client = null)
    {
        using var answer = await PushAsync(token, client);
        Assert.True(
            answer.StatusCode == HttpStatusCode.Accepted, $"{answer.StatusCode}: {await answer.Content.ReadAsStringAsync(Cancel)}");
        Assert.Empty(await answer.Content.ReadAsByteArrayAsync(Cancel));
    }

    /// <summary>RFC 8935, section 2.4.</summary>
    protected static async Task<string> AssertRefusedAsync(HttpResponseMessage answer, string error)
    {
        var text = await answer.Content.ReadAsStringAsync(Cancel);
        Assert.True(answer.StatusCode == HttpStatusCode.BadRequest, $"{answer.StatusCode}: {text}");
        Assert.Equal("application/json", answer.Content.Headers.ContentType?.MediaType);
        Assert.Equal(["en"], answer.Content.Headers.ContentLanguage);
        Assert.True(answer.Headers.CacheControl?.NoStore);
        var members = JsonElement.Parse(text);
        Assert.Equal(["err", "description"], members.EnumerateObject().Select(member => member.Name));
        Assert.True(error == members.GetProperty("err").GetString(), text);
        Assert.NotEmpty(members.GetProperty("description").GetString()!);
        return members.GetProperty("description").GetString()!;
    }

    /// <summary>An access token of a person's, in the session.</summary>
    protected string Token(string? session = null, string? subject = null, long? issuedAt = null, string? email = null) => Realm.Mint(
        changes:
        [
            ("sid", session ?? Session), ("sub", subject ?? Subject), ("client_id", null), ("iat", issuedAt ?? Now), ("email", email),
            ("preferred_username", $"person-{subject ?? Subject}"),
        ]);

    protected async Task<HttpStatusCode> AskAsync(string token, HttpClient? client = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/me");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var answer = await (client ?? Realm.NewClient(null)).SendAsync(request, Cancel);
        return answer.StatusCode;
    }

    /// <summary>Signs somebody in to the pages, and returns what the cookie holds.</summary>
    protected async Task<string> SignInAsync(string? subject = null, string? session = null, string? email = null, long? issuedAt = null)
    {
        Realm.IdClaims =
        [
            ("sub", subject ?? Subject), ("sid", session ?? Session), ("email", email), ("iat", issuedAt ?? Now),
            ("preferred_username", $"person-{subject ?? Subject}"),
        ];
        using var browser = Realm.NewBrowser();
        Assert.Equal("/account", (await browser.GetAsync("http://localhost/account")).Url.AbsolutePath);
        return browser.Cookies["session"]!;
    }

    protected async Task<HttpStatusCode> LookAsync(string cookie, HttpClient? client = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/account");
        request.Headers.Add("Cookie", $"session={cookie}");
        using var answer = await (client ?? Realm.NewClient(null)).SendAsync(request, Cancel);
        return answer.StatusCode;
    }

    protected T Service<T>()
        where T : notnull => Realm.Services.GetRequiredService<T>();

    protected static Task WaitAsync(Func<bool> condition) => WaitAsync(() => Task.FromResult(condition()));

    /// <summary>Until it is so: the machine may be busy.</summary>
    protected static async Task WaitAsync(Func<Task<bool>> condition)
    {
        using var late = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        late.CancelAfter(TimeSpan.FromMinutes(1));
        while (!await condition())
        {
            await Task.Delay(50, late.Token);
        }
    }

    /// <summary>What the audit log has by the transmitter of an account, or of a session, the oldest first.</summary>
    protected async Task<string[]> AuditAsync(string username)
    {
        await using var connection = await Realm.Services.GetRequiredService<Database>().OpenAsync(Cancel);
        return
        [
            .. await connection.QueryAsync<string>(
                "SELECT account || ' ' || method || ' ' || model || ' ' || action || ' ' || reason FROM audit_log "
                    + "WHERE old_values LIKE @name AND method = 'service' ORDER BY at",
                new { name = $"%\"username\":\"{username}\"%" }),
        ];
    }

    private static JsonElement Members(object details) => JsonSerializer.SerializeToElement(details);
}
