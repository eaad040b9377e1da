using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using KeycloakAccess.Data;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Api.Tests.Infrastructure;

/// <summary>
/// A realm that signs whatever a test asks for, changes its keys and goes away when told: for the tokens and the outages
/// that no honest realm makes. Whoever comes to sign in is signed in without a question, by the answers that a test gives.
/// </summary>
public sealed class ForgingRealm : IAsyncDisposable
{
    private readonly WebApplication _server;
    private readonly ConcurrentDictionary<string, ForgedSession> _sessions = new(StringComparer.Ordinal);
    private readonly RsaSecurityKey _first = new(RSA.Create(2048)) { KeyId = "first" };
    private TestDatabase? _database;
    private ApiUnderTest.Factory? _factory;
    private Func<(string Key, string? Value)[], ApiUnderTest.Factory>? _newFactory;

    private ForgingRealm(WebApplication server)
    {
        _server = server;
        Key = _first;
        Keys = [_first];
    }

    public string Url { get; private set; } = "";

    public string Issuer => $"{Url}/realms/acme";

    /// <summary>What the metadata call themselves; the address, unless a test says otherwise.</summary>
    public string? ClaimedIssuer { get; set; }

    /// <summary>The key that tokens are signed with.</summary>
    public SecurityKey Key { get; set; }

    /// <summary>The key set as it stands; <see langword="null"/> for that of <see cref="Keys"/>.</summary>
    public string? KeySet { get; set; }

    /// <summary>How often the keys were read.</summary>
    public int KeyReads { get; private set; }

    /// <summary>The keys that the realm offers.</summary>
    public IReadOnlyList<SecurityKey> Keys { get; set; }

    /// <summary>While true, every answer is 503.</summary>
    public bool IsDown { get; set; }

    /// <summary>What stands in the place of the metadata; <see langword="null"/> for the metadata themselves.</summary>
    public string? Nonsense { get; set; }

    /// <summary>What every answer waits for.</summary>
    public Task Gate { get; set; } = Task.CompletedTask;

    /// <summary>How often the metadata were read.</summary>
    public int Reads { get; private set; }

    /// <summary>The instant before which the realm has revoked everything, in seconds since 1970.</summary>
    public long NotBefore { get; set; }

    /// <summary>Whether the metadata say that the authorization response names its issuer (RFC 9207).</summary>
    public bool AnnouncesIssuer { get; set; } = true;

    /// <summary>The parameters of the authorization response, from those that it would have.</summary>
    public Func<Dictionary<string, string?>, IEnumerable<KeyValuePair<string, string?>>> Respond { get; set; } = honest => honest;

    /// <summary>What stands in the ID token otherwise than Keycloak would write it; null takes a claim away.</summary>
    public IReadOnlyList<(string Name, object? Value)> IdClaims { get; set; } = [];

    /// <summary>The answer of the token endpoint, from the members that it would have.</summary>
    public Func<Dictionary<string, object?>, IResult> Redeem { get; set; } = members => Results.Json(members);

    /// <summary>The refresh tokens whose sessions it was told to end.</summary>
    public ConcurrentBag<string> Ended { get; } = [];

    /// <summary>The answer of the token endpoint to a refresh token, from the members that it would have.</summary>
    public Func<Dictionary<string, object?>, Task<IResult>> Refresh { get; set; } = members => Task.FromResult(Results.Json(members));

    /// <summary>What a refresh token is answered with that stays as good as it was; <see langword="null"/> for newer tokens.</summary>
    public Func<IResult>? RefuseRefresh { get; set; }

    /// <summary>What stands in the ID token of a refresh otherwise than in that of the sign-in; null takes a claim away.</summary>
    public IReadOnlyList<(string Name, object? Value)> RefreshClaims { get; set; } = [];

    /// <summary>The refresh tokens that it was asked by for newer ones.</summary>
    public ConcurrentQueue<string> Refreshes { get; } = [];

    /// <summary>How long its access and refresh tokens live, in seconds; <see langword="null"/> where it does not say.</summary>
    public (int? Access, int? Refresh) Lives { get; set; } = (300, 1800);

    /// <summary>Whether a sign-in brings a refresh token.</summary>
    public bool GivesRefreshTokens { get; set; } = true;

    /// <summary>How far its clock is ahead of ours.</summary>
    public TimeSpan Ahead { get; set; }

    /// <summary>What it answers when it is told to end a session.</summary>
    public Func<Task<IResult>> End { get; set; } = () => Task.FromResult(Results.NoContent());

    /// <summary>The answer to whoever asks about a token.</summary>
    public Func<HttpRequest, IFormCollection, Task<IResult>> Introspect { get; set; } = NoToken;

    /// <summary>How often it was asked about a token.</summary>
    public int Introspections => Volatile.Read(ref _introspections);

    private int _introspections;

    private static Task<IResult> NoToken(HttpRequest request, IFormCollection form) =>
        Task.FromResult(Results.Json(new { active = false }));

    /// <summary>What Keycloak answers about a token that is active, with what a test changes; null takes a member away.</summary>
    public static JsonObject ActiveOf(string token, params (string Name, JsonNode? Value)[] changes)
    {
        var claims = JsonNode.Parse(Base64Url.DecodeFromChars(token.Split('.')[1]))!.AsObject();
        claims["client_id"] = claims["azp"]?.DeepClone();
        claims["username"] = $"service-account-{claims["azp"]}";
        claims["token_type"] = claims["typ"]?.DeepClone();
        claims["active"] = true;
        foreach (var (name, value) in changes)
        {
            claims.Remove(name);
            if (value is not null)
            {
                claims[name] = value.DeepClone();
            }
        }

        return claims;
    }

    /// <summary>A browser in front of the application and the realm.</summary>
    public RealmBrowser NewBrowser() => new(new Uri(Url), new Uri("http://localhost"), _factory!.Server.CreateHandler());

    /// <summary>The ID token of a sign-in with that nonce.</summary>
    public string MintId(string? nonce, params (string Name, object? Value)[] changes) => Mint(changes:
    [
        ("aud", "acme-admin"), ("azp", "acme-admin"), ("typ", "ID"), ("client_id", null), ("nonce", nonce),
        ("sid", Guid.NewGuid().ToString()), ("preferred_username", "somebody"), .. changes,
    ]);

    /// <summary>Answers as Keycloak does.</summary>
    public void ResetSignIn()
    {
        (AnnouncesIssuer, IdClaims, RefreshClaims, Ahead) = (true, [], [], TimeSpan.Zero);
        (Lives, GivesRefreshTokens, RefuseRefresh) = ((300, 1800), true, null);
        Refresh = members => Task.FromResult(Results.Json(members));
        Respond = honest => honest;
        Redeem = members => Results.Json(members);
        End = () => Task.FromResult(Results.NoContent());
    }

    /// <summary>Signs with the key that it began with, and offers that alone.</summary>
    public void ResetKeys()
    {
        Key = _first;
        Keys = [_first];
        KeySet = null;
    }

    public HttpClient NewClient(string? token) => ApiUnderTest.Client(_factory!, new Uri("http://localhost"), token);

    /// <summary>What the application wrote to its log.</summary>
    public string Log => _factory!.Lines.Text;

    /// <summary>One request as it is set up, past all that a client would put into order.</summary>
    public Task<HttpContext> SendAsync(Action<HttpRequest> setUp) =>
        _factory!.Server.SendAsync(context => setUp(context.Request), TestContext.Current.CancellationToken);

    public IServiceProvider Services => _factory!.Services;

    /// <summary>The application's clock, where it was started with one that a test moves.</summary>
    public FakeTimeProvider Clock =>
        Services.GetRequiredService<TimeProvider>() as FakeTimeProvider
        ?? throw new InvalidOperationException("It runs by the system's clock.");

    public static Task<ForgingRealm> StartAsync(FakeTimeProvider? clock = null, bool isDown = false) =>
        StartAsync(clock, realm => realm.IsDown = isDown, DatabaseEngine.Sqlite, addServices: null, mapEndpoints: null);

    /// <summary>In front of an application that finds the realm prepared when it starts.</summary>
    internal static Task<ForgingRealm> StartAsync(Action<ForgingRealm> prepare, params (string Key, string? Value)[] settings) =>
        StartAsync(clock: null, prepare, DatabaseEngine.Sqlite, addServices: null, mapEndpoints: null, settings);

    /// <summary>In front of an application on the engine, with models, scopes and endpoints of the test's own.</summary>
    internal static Task<ForgingRealm> StartAsync(
        DatabaseEngine engine,
        Action<IServiceCollection>? addServices = null,
        Action<IEndpointRouteBuilder>? mapEndpoints = null,
        params (string Key, string? Value)[] settings) =>
        StartAsync(clock: null, prepare: null, engine, addServices, mapEndpoints, settings);

    /// <summary>Signs the two parts as they are given, whatever they hold.</summary>
    public string Sign(string header, string claims)
    {
        var signature = ((RsaSecurityKey)Key).Rsa.SignData(
            Encoding.UTF8.GetBytes($"{header}.{claims}"), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        return $"{header}.{claims}.{Base64Url.EncodeToString(signature)}";
    }

    /// <summary>The claims of a service's access token as Keycloak writes it, with what a test changes; null takes a claim away.</summary>
    public string Mint(string? algorithm = null, string? type = "JWT", params (string Name, object? Value)[] changes)
    {
        var now = (DateTimeOffset.UtcNow + Ahead).ToUnixTimeSeconds();
        var claims = new Dictionary<string, object>(StringComparer.Ordinal)
        {
            ["iss"] = Issuer,
            ["aud"] = "acme-api",
            ["sub"] = "11111111-1111-1111-1111-111111111111",
            ["typ"] = "Bearer",
            ["azp"] = "acme-reader",
            ["client_id"] = "acme-reader",
            ["iat"] = now,
            ["exp"] = now + 300,
            ["resource_access"] = new Dictionary<string, object>(StringComparer.Ordinal)
            {
                ["acme-api"] = new Dictionary<string, object>(StringComparer.Ordinal) { ["roles"] = new[] { "book-reader" } },
            },
        };
        foreach (var (name, value) in changes)
        {
            claims.Remove(name);
            if (value is not null)
            {
                claims[name] = value;
            }
        }

        algorithm ??= Key is ECDsaSecurityKey ? SecurityAlgorithms.EcdsaSha256 : SecurityAlgorithms.RsaSha256;
        return new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(new SecurityTokenDescriptor
        {
            Claims = claims,
            TokenType = type,
            SigningCredentials = new SigningCredentials(Key, algorithm),
        });
    }

    public async ValueTask DisposeAsync()
    {
        if (_factory is not null)
        {
            await _factory.DisposeAsync();
        }

        await _server.DisposeAsync();
        if (_database is not null)
        {
            await _database.DisposeAsync();
        }
    }

    internal static async Task<ForgingRealm> StartAsync(
        FakeTimeProvider? clock,
        Action<ForgingRealm>? prepare,
        DatabaseEngine engine,
        Action<IServiceCollection>? addServices,
        Action<IEndpointRouteBuilder>? mapEndpoints,
        params (string Key, string? Value)[] settings)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseSetting("urls", "http://127.0.0.1:0");
        var realm = new ForgingRealm(builder.Build());
        prepare?.Invoke(realm);
        await realm.ServeAsync();
        realm._database = await TestDatabase.CreateMigratedAsync(engine);
        realm._newFactory = more => new ApiUnderTest.Factory(
        [
            ("ConnectionStrings:Database", realm._database.ConnectionString),
            ("Keycloak:auth-server-url", realm.Url),
            ("Keycloak:realm", "acme"),
            ("Keycloak:resource", "acme-api"),
            ("Keycloak:sign-in:resource", "acme-admin"),
            ("Keycloak:sign-in:credentials:secret", "secret"),
            .. settings,
            .. more,
        ])
        {
            Clock = clock,
            AddServices = addServices,
            MapEndpoints = mapEndpoints,
        };
        realm._factory = realm._newFactory([]);
        _ = realm._factory.Server;
        return realm;
    }

    /// <summary>Another instance of the application, on the same database.</summary>
    public ApiVariant StartAnother(params (string Key, string? Value)[] settings) =>
        new(_newFactory!(settings), new Uri("http://localhost"));

    /// <summary>A browser in front of another instance, and the realm.</summary>
    public RealmBrowser NewBrowser(ApiVariant instance) => new(new Uri(Url), new Uri("http://localhost"), instance.NewHandler());

    // As Keycloak does with "Revoke Refresh Token": each is good once, and one that comes again ends the session of its client.
    private Task<IResult> RefreshAsync(string token)
    {
        Refreshes.Enqueue(token);
        if (RefuseRefresh is { } refuse)
        {
            return Task.FromResult(refuse());
        }

        if (!_sessions.TryGetValue(token, out var session) || session.IsOver || session.Newest != token)
        {
            session?.IsOver = true;
            return Task.FromResult(Results.Json(
                new { error = "invalid_grant", error_description = "Session doesn't have required client" }, statusCode: 400));
        }

        return Refresh(Issue(nonce: null, [.. session.Claims, ("nonce", null), .. RefreshClaims], session));
    }

    private Dictionary<string, object?> Issue(
        string? nonce, IReadOnlyList<(string Name, object? Value)> claims, ForgedSession? session = null)
    {
        session ??= new ForgedSession(claims);
        session.Newest = $"refresh-{Guid.NewGuid()}";
        _sessions[session.Newest] = session;
        var members = new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["access_token"] = Mint(),
            ["token_type"] = "Bearer",
            ["expires_in"] = Lives.Access,
            ["refresh_expires_in"] = Lives.Refresh,
            ["refresh_token"] = GivesRefreshTokens ? session.Newest : null,
            ["id_token"] = MintId(nonce, [.. claims]),
        };
        return members.Where(member => member.Value is not null).ToDictionary(StringComparer.Ordinal);
    }

    private sealed class ForgedSession(IReadOnlyList<(string Name, object? Value)> claims)
    {
        public IReadOnlyList<(string Name, object? Value)> Claims => claims;

        public string? Newest { get; set; }

        public bool IsOver { get; set; }
    }

    private async Task ServeAsync()
    {
        _server.MapGet("/realms/acme", () => IsDown ? Results.StatusCode(503)
            : Results.Json(new Dictionary<string, long>(StringComparer.Ordinal) { ["tokens-not-before"] = NotBefore }));
        _server.MapGet("/realms/acme/.well-known/openid-configuration", async () =>
        {
            Reads++;
            await Gate;
            return IsDown ? Results.StatusCode(503)
                : Nonsense is not null ? Results.Text(Nonsense, "application/json")
                : Results.Json(new
                {
                    issuer = ClaimedIssuer ?? Issuer,
                    jwks_uri = $"{Issuer}/certs",
                    authorization_endpoint = $"{Issuer}/auth",
                    token_endpoint = $"{Issuer}/token",
                    end_session_endpoint = $"{Issuer}/logout",
                    introspection_endpoint = $"{Issuer}/introspect",
                    authorization_response_iss_parameter_supported = AnnouncesIssuer,
                });
        });
        // The code is the nonce, which the ID token names again.
        _server.MapGet("/realms/acme/auth", (string redirect_uri, string state, string nonce) => Results.Redirect(
            QueryHelpers.AddQueryString(redirect_uri, Respond(new(StringComparer.Ordinal)
            {
                ["state"] = state,
                ["session_state"] = "session",
                ["iss"] = Issuer,
                ["code"] = nonce,
            }))));
        _server.MapPost("/realms/acme/token", async (HttpRequest request) =>
        {
            var form = await request.ReadFormAsync();
            return IsDown ? Results.StatusCode(503)
                : form["grant_type"] == "refresh_token" ? await RefreshAsync(form["refresh_token"].ToString())
                : Redeem(Issue(form["code"], [("sid", Guid.NewGuid().ToString()), .. IdClaims]));
        });
        _server.MapGet("/realms/acme/logout", (string post_logout_redirect_uri, string? state) => Results.Redirect(
            QueryHelpers.AddQueryString(post_logout_redirect_uri, "state", state ?? "")));
        _server.MapPost("/realms/acme/logout", async (HttpRequest request) =>
        {
            if (IsDown)
            {
                return Results.StatusCode(503);
            }

            Ended.Add((await request.ReadFormAsync())["refresh_token"].ToString());
            return await End();
        });
        _server.MapPost("/realms/acme/introspect", async (HttpRequest request) =>
        {
            Interlocked.Increment(ref _introspections);
            return IsDown ? Results.StatusCode(503) : await Introspect(request, await request.ReadFormAsync());
        });
        _server.MapGet("/realms/acme/certs", async () =>
        {
            await Gate;
            KeyReads++;
            return IsDown ? Results.StatusCode(503)
                : KeySet is not null ? Results.Text(KeySet, "application/json")
                : Results.Json(new { keys = Keys.Select(Describe) });
        });
        await _server.StartAsync();
        Url = _server.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
    }

    public static IReadOnlyDictionary<string, string> Describe(SecurityKey key)
    {
        var jwk = JsonWebKeyConverter.ConvertFromSecurityKey(key);
        var text = new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["kid"] = key.KeyId,
            ["kty"] = jwk.Kty,
            ["use"] = "sig",
            ["n"] = jwk.N,
            ["e"] = jwk.E,
            ["crv"] = jwk.Crv,
            ["x"] = jwk.X,
            ["y"] = jwk.Y,
        };
        return text.Where(entry => entry.Value is not null).ToDictionary(entry => entry.Key, entry => entry.Value!, StringComparer.Ordinal);
    }
}

/// <summary>One forging realm, and the application in front of it, for all tests of a class; started when the first asks for it.</summary>
public abstract class ForgingRealmPlace : IAsyncDisposable
{
    private readonly Lazy<Task<ForgingRealm>> _realm;

    private protected ForgingRealmPlace(Func<Task<ForgingRealm>> start) => _realm = new(start);

    /// <summary>Starts it once; skips the calling test if the engine is not there.</summary>
    public Task<ForgingRealm> StartAsync() => _realm.Value;

    public async ValueTask DisposeAsync()
    {
        if (_realm is { IsValueCreated: true, Value.IsCompletedSuccessfully: true })
        {
            await (await _realm.Value).DisposeAsync();
        }

        GC.SuppressFinalize(this);
    }
}

/// <summary>Reached, in front of an application whose clock a test moves.</summary>
public sealed class ForgingRealmWithClock() : ForgingRealmPlace(() => ForgingRealm.StartAsync(new FakeTimeProvider(DateTimeOffset.UtcNow)));

/// <summary>Down from the start on, in front of an application whose clock a test moves.</summary>
public sealed class ForgingRealmThatIsDown()
    : ForgingRealmPlace(() => ForgingRealm.StartAsync(new FakeTimeProvider(DateTimeOffset.UtcNow), isDown: true));

/// <summary>The same on PostgreSQL.</summary>
public sealed class ForgingRealmWithClockOnPostgreSql() : ForgingRealmPlace(() => ForgingRealm.StartAsync(
    new FakeTimeProvider(DateTimeOffset.UtcNow), prepare: null, DatabaseEngine.PostgreSql, addServices: null, mapEndpoints: null));

public sealed class ForgingRealmOnSqlite() : ForgingRealmPlace(() => ForgingRealm.StartAsync(DatabaseEngine.Sqlite));

public sealed class ForgingRealmOnPostgreSql() : ForgingRealmPlace(() => ForgingRealm.StartAsync(DatabaseEngine.PostgreSql));

/// <summary>The base of tests that share a forging realm.</summary>
public abstract class ForgingRealmTests(ForgingRealmPlace place) : HttpTests, IAsyncLifetime
{
    protected ForgingRealm Realm { get; private set; } = null!;

    public virtual async ValueTask InitializeAsync()
    {
        Realm = await place.StartAsync();
        // What an earlier test left to be said again to the realm would be counted in this one.
        var clearing = Realm.Services.GetRequiredService<Database>().WriteAsync("DELETE FROM realm_logouts", new { }, Cancel);
        // A write of the application that is before it may wait for a lock, by a clock that stands still.
        while (!clearing.IsCompleted)
        {
            await Task.Delay(20, Cancel);
            (Realm.Services.GetRequiredService<TimeProvider>() as FakeTimeProvider)?.Advance(TimeSpan.FromMilliseconds(20));
        }

        await clearing;
    }

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }
}
