using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

namespace Api.Tests.Infrastructure;

/// <summary>
/// The realm of acme-realm.json, as one of its two servers answers for it: the embedded realm or a real Keycloak.
/// One instance serves the whole test assembly; it starts when the first test asks for it.
/// </summary>
public abstract class RealmUnderTest : IAsyncDisposable
{
    public const string RealmName = "acme";

    /// <summary>The realm JSON that both servers load, copied beside the tests by the build.</summary>
    public static readonly string RealmFile = Path.Combine(AppContext.BaseDirectory, "acme-realm.json");

    /// <summary>How long an answer may take on a busy machine, where no test is about it.</summary>
    private protected static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private readonly Lazy<Task> _start;
    private readonly HttpClient _http = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        // A redirect or an error of a proxy is no answer of the realm.
        UseProxy = false,
    })
    {
        Timeout = Patience,
    };

    private Uri? _url;
    private string? _apiUrl;

    private readonly Lazy<FeaturesUnderTest> _features;
    private readonly Lazy<UnusualUnderTest> _unusual;
    private readonly Lazy<FlowsUnderTest> _flows;
    private readonly Lazy<ActionsUnderTest> _actions;
    private readonly Lazy<SignInUnderTest> _signIn;
    private readonly Lazy<AccountUnderTest> _account;
    private readonly ConcurrentDictionary<string, Lazy<Task<Uri>>> _served = new(StringComparer.Ordinal);

    protected RealmUnderTest()
    {
        _start = new(StartServerAsync);
        _features = new(() => new FeaturesUnderTest(this));
        _unusual = new(() => new UnusualUnderTest(this));
        _flows = new(() => new FlowsUnderTest(this));
        _actions = new(() => new ActionsUnderTest(this));
        _signIn = new(() => new SignInUnderTest(this));
        _account = new(() => new AccountUnderTest(this));
    }

    /// <summary>A second realm of the same kind of server, for what the acme realm has no use for.</summary>
    public RealmUnderTest Features => _features.Value;

    /// <summary>A realm whose names and settings are unlike those of the others.</summary>
    public RealmUnderTest Unusual => _unusual.Value;

    /// <summary>A realm whose clients get their tokens otherwise than by a code.</summary>
    public RealmUnderTest Flows => _flows.Value;

    /// <summary>A realm of people who have something to do before they get to the client.</summary>
    public RealmUnderTest Actions => _actions.Value;

    /// <summary>A realm with authentication flows of its own, and a client for each.</summary>
    public RealmUnderTest SignIn => _signIn.Value;

    /// <summary>A realm in which people look after their own accounts.</summary>
    public RealmUnderTest Account => _account.Value;

    /// <summary>The realm's name.</summary>
    public virtual string Name => RealmName;

    /// <summary>Base URL of the server, without the realm's path.</summary>
    public Uri Url
    {
        get => _url ?? throw new InvalidOperationException("The realm has not been started.");
        protected set => _url = value;
    }

    /// <summary>The value of ACME_API_URL that this realm was started with, on which redirect URIs and the back-channel URL rest.</summary>
    public string ApiUrl
    {
        get => _apiUrl ?? throw new InvalidOperationException("The realm has not been started.");
        protected set => _apiUrl = value;
    }

    /// <summary>The address under which the realm sees these tests, or null where something stands in between.</summary>
    public virtual string? CallerAddress => "127.0.0.1";

    /// <summary>The address on which a back-channel listener must be reachable for the realm.</summary>
    public virtual IPAddress BackChannelAddress => IPAddress.Loopback;

    public string Issuer => $"{Url.GetLeftPart(UriPartial.Authority)}/realms/{Segment}";

    public string AdminEndpoint => $"{Url.GetLeftPart(UriPartial.Authority)}/admin/realms/{Segment}";

    // Java leaves an apostrophe in a path as it is.
    private string Segment => Uri.EscapeDataString(Name).Replace("%27", "'", StringComparison.Ordinal);

    public string DiscoveryEndpoint => $"{Issuer}/.well-known/openid-configuration";

    public string AuthorizationEndpoint => $"{Issuer}/protocol/openid-connect/auth";

    public string TokenEndpoint => $"{Issuer}/protocol/openid-connect/token";

    public string IntrospectionEndpoint => $"{Issuer}/protocol/openid-connect/token/introspect";

    public string UserInfoEndpoint => $"{Issuer}/protocol/openid-connect/userinfo";

    public string RevocationEndpoint => $"{Issuer}/protocol/openid-connect/revoke";

    public string EndSessionEndpoint => $"{Issuer}/protocol/openid-connect/logout";

    public string CertsEndpoint => $"{Issuer}/protocol/openid-connect/certs";

    public string ParEndpoint => $"{Issuer}/protocol/openid-connect/ext/par/request";

    /// <summary>Starts the server once; skips the calling test if none is configured, and fails it if the start fails.</summary>
    public Task StartAsync() => _start.Value;

    /// <summary>
    /// Adds a client, given as a realm file or the admin API describes it, that acme-realm.json has not. The answer names
    /// the realm that knows it: the embedded realm lends a second one, a real Keycloak keeps the client until the answer is
    /// disposed.
    /// </summary>
    public abstract Task<RealmWithClient> AddClientAsync(JsonObject client);

    /// <summary>A client that a test adds, whose tokens end soon.</summary>
    public const string ShortLived = "short-lived";

    public static string SecretOf(string clientId) => $"{clientId}-secret";

    public virtual string RedirectUriOf(string clientId) => clientId switch
    {
        "acme-admin" or ShortLived => $"{ApiUrl}/signin-oidc",
        "acme-spa" => $"{ApiUrl}/reference/",
        _ => throw new ArgumentOutOfRangeException(nameof(clientId), clientId, "This client signs nobody in."),
    };

    public string PostLogoutRedirectUriOf(string clientId) => clientId switch
    {
        "acme-admin" or ShortLived => $"{ApiUrl}/signout-callback-oidc",
        "acme-spa" => $"{ApiUrl}/reference/",
        _ => throw new ArgumentOutOfRangeException(nameof(clientId), clientId, "This client signs nobody out."),
    };

    public RealmBrowser NewBrowser() => new(Url);

    /// <summary>One exchange without cookies, redirects not followed.</summary>
    public async Task<RealmAnswer> SendAsync(HttpRequestMessage request)
    {
        using var response = await _http.SendAsync(request, TestContext.Current.CancellationToken);
        return await RealmAnswer.ReadAsync(response, request.RequestUri!);
    }

    public Task<RealmAnswer> GetAsync(string url, params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, url);
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return SendAsync(request);
    }

    /// <summary>Posts a form; a confidential client authenticates by its secret in the header, a public one names itself.</summary>
    public Task<RealmAnswer> PostAsync(string url, string? clientId, params (string Name, string Value)[] form) =>
        SendAsync(FormRequest(url, clientId, form));

    public static HttpRequestMessage FormRequest(string url, string? clientId, params (string Name, string Value)[] form)
    {
        var fields = form.Select(field => KeyValuePair.Create(field.Name, field.Value)).ToList();
        var request = new HttpRequestMessage(HttpMethod.Post, url);
        if (clientId is "acme-spa")
        {
            fields.Add(new("client_id", clientId));
        }
        else if (clientId is not null)
        {
            request.Headers.Authorization = Basic(clientId, SecretOf(clientId));
        }

        request.Content = new FormUrlEncodedContent(fields);
        return request;
    }

    public static AuthenticationHeaderValue Basic(string clientId, string secret) =>
        new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{clientId}:{secret}")));

    /// <summary>A token of a service client by client_credentials.</summary>
    public async Task<RealmAnswer> GetServiceTokenAsync(string clientId, string? scope = null)
    {
        var answer = await PostAsync(
            TokenEndpoint,
            clientId,
            [("grant_type", "client_credentials"), .. scope is null ? Array.Empty<(string, string)>() : [("scope", scope)]]);
        Assert.True(answer.Status is HttpStatusCode.OK, answer.ToString());
        return answer;
    }

    /// <summary>Signs a person in through the browser and redeems the code.</summary>
    public async Task<SignedIn> SignInAsync(
        string clientId,
        string person,
        string scope = "openid",
        RealmBrowser? browser = null)
    {
        browser ??= NewBrowser();
        var request = new AuthorizationRequest(this, clientId).With("scope", scope);
        var callback = await browser.SignInAsync(request.Url, person, person);
        var tokens = await RedeemAsync(request, request.CodeFrom(callback));
        Assert.True(tokens.Status is HttpStatusCode.OK, tokens.ToString());
        return new(browser, request, callback, tokens);
    }

    /// <summary>A second client of a session: the browser comes back without a login page.</summary>
    public async Task<SignedIn> SignInAgainAsync(SignedIn first, string clientId)
    {
        var request = new AuthorizationRequest(this, clientId);
        var callback = (await first.Browser.GetAsync(request.Url)).Location!;
        return new(first.Browser, request, callback, await RedeemAsync(request, request.CodeFrom(callback)));
    }

    public Task<RealmAnswer> RedeemAsync(AuthorizationRequest request, string code) => PostAsync(
        TokenEndpoint,
        request.ClientId,
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", request["redirect_uri"]!),
        ("code_verifier", request.CodeVerifier));

    public Task<RealmAnswer> RefreshAsync(string clientId, string refreshToken, params (string Name, string Value)[] more) =>
        PostAsync(TokenEndpoint, clientId, [("grant_type", "refresh_token"), ("refresh_token", refreshToken), .. more]);

    public Task<RealmAnswer> IntrospectAsync(string token, string clientId = "acme-api") =>
        PostAsync(IntrospectionEndpoint, clientId, ("token", token));

    public Task<RealmAnswer> GetUserInfoAsync(string token) =>
        GetAsync(UserInfoEndpoint, ("Authorization", $"Bearer {token}"));

    public async ValueTask DisposeAsync()
    {
        if (_start.IsValueCreated)
        {
            await StopServerAsync();
        }

        _http.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Lends a realm with one person more, who has the realm role <c>staff</c>; gone when the answer is disposed.</summary>
    public virtual Task<RealmWithPerson> AddPersonAsync() => throw new NotSupportedException("People are added to the acme realm.");

    /// <summary>Gives somebody a realm role by the admin REST API, or takes it away.</summary>
    protected async Task ChangeRoleAsync(string username, string role, bool has)
    {
        var authorization = $"Bearer {await GetAdministratorTokenAsync()}";
        var id = await FindPersonAsync(username, authorization);
        var representation = await GetAsync($"{AdminEndpoint}/roles/{role}", ("Authorization", authorization));
        using var change = new HttpRequestMessage(
            has ? HttpMethod.Post : HttpMethod.Delete,
            $"{AdminEndpoint}/users/{id}/role-mappings/realm")
        {
            Content = new StringContent($"[{representation.Text}]", Encoding.UTF8, "application/json"),
        };
        change.Headers.Add("Authorization", authorization);
        var changed = await SendAsync(change);
        Assert.True(changed.Status == HttpStatusCode.NoContent, changed.ToString());
    }

    /// <summary>Disables somebody by the admin REST API.</summary>
    protected async Task DisableAsync(string username)
    {
        var authorization = $"Bearer {await GetAdministratorTokenAsync()}";
        var id = await FindPersonAsync(username, authorization);
        using var change = new HttpRequestMessage(HttpMethod.Put, $"{AdminEndpoint}/users/{id}")
        {
            Content = new StringContent("""{"enabled":false}""", Encoding.UTF8, "application/json"),
        };
        change.Headers.Add("Authorization", authorization);
        var changed = await SendAsync(change);
        Assert.True(changed.Status == HttpStatusCode.NoContent, changed.ToString());
    }

    private async Task<string?> FindPersonAsync(string username, string authorization) =>
        (await GetAsync($"{AdminEndpoint}/users?username={username}&exact=true", ("Authorization", authorization)))
            .Json[0]
            .GetProperty("id")
            .GetString();

    /// <summary>Serves one more realm, imported once, and returns the address of the server that does.</summary>
    public Task<Uri> ServeAsync(string realmFile) => _served.GetOrAdd(realmFile, file => new(async () =>
    {
        await StartAsync();
        return await ImportAsync(file);
    })).Value;

    /// <summary>A person as the admin API and a realm file have them.</summary>
    protected static JsonObject PersonNamed(string name) => new()
    {
        ["username"] = name,
        ["enabled"] = true,
        ["email"] = $"{name}@acme.test",
        ["emailVerified"] = true,
        ["firstName"] = "Some",
        ["lastName"] = "Body",
        ["credentials"] = new JsonArray(new JsonObject { ["type"] = "password", ["value"] = name, ["temporary"] = false }),
    };

    /// <summary>The name and the password of the administrator in the realm master.</summary>
    protected virtual (string Name, string Password) Administrator => ("admin", "admin");

    /// <summary>An access token of the administrator, for the admin REST API.</summary>
    protected async Task<string> GetAdministratorTokenAsync()
    {
        var answer = await PostAsync(
            $"{Url.GetLeftPart(UriPartial.Authority)}/realms/master/protocol/openid-connect/token",
            clientId: null,
            ("grant_type", "password"), ("client_id", "admin-cli"), ("username", Administrator.Name), ("password", Administrator.Password));
        return answer["access_token"];
    }

    /// <summary>Offers a realm for import, and removes it again. The answer is what the server says against it, if anything.</summary>
    public abstract Task<string?> TryImportAsync(string realm);

    protected abstract Task<Uri> ImportAsync(string realmFile);

    protected abstract Task StartServerAsync();

    protected abstract ValueTask StopServerAsync();
}

/// <summary>A realm with one client more than acme-realm.json gives it.</summary>
public sealed class RealmWithClient(RealmUnderTest realm, Func<TimeSpan, Task> pass, Func<ValueTask> restore) : IAsyncDisposable
{
    public RealmUnderTest Realm => realm;

    /// <summary>Returns when that much time has gone by for the realm.</summary>
    public Task PassAsync(TimeSpan time) => pass(time);

    public ValueTask DisposeAsync() => restore();
}

/// <summary>A realm with one person more, who is nobody else's: their roles may change while a test runs.</summary>
public sealed class RealmWithPerson(
    RealmUnderTest realm, string username, Func<string, bool, Task> changeRole, Func<Task> disable, Func<ValueTask> restore)
    : IAsyncDisposable
{
    public RealmUnderTest Realm => realm;

    /// <summary>The name to sign in with, which is the password too.</summary>
    public string Username => username;

    /// <summary>Gives the person a realm role in Keycloak, or takes it away.</summary>
    public Task ChangeRoleAsync(string role, bool has) => changeRole(role, has);

    /// <summary>Disables the person in Keycloak.</summary>
    public Task DisableAsync() => disable();

    public ValueTask DisposeAsync() => restore();
}

/// <summary>A person whom the browser signed in, with the answer of the token endpoint.</summary>
public sealed record SignedIn(RealmBrowser Browser, AuthorizationRequest Request, Uri Callback, RealmAnswer Tokens)
{
    public string AccessToken => Tokens["access_token"];

    public string RefreshToken => Tokens["refresh_token"];

    public string IdToken => Tokens["id_token"];

    public string SessionId => Tokens["session_state"];
}
