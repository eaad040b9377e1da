using System.Buffers.Text;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Web;
using Api.Tests.Infrastructure;

namespace Benchmarks.Pages;

/// <summary>The service as a process over one database, and a signed-in user of its pages.</summary>
internal sealed partial class Site : IAsyncDisposable
{
    private readonly Process _process;
    private readonly CookieJar _cookies = new();
    private readonly Uri _address;
    private readonly HttpMessageInvoker _http = new(
        new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = false });

    private Site(Process process, Uri address)
    {
        _process = process;
        _address = address;
    }

    /// <summary>Returns when the service is ready. The realm's redirect URIs must contain <c>address</c>.</summary>
    public static async Task<Site> StartAsync(string program, Uri address, IReadOnlyDictionary<string, string> settings)
    {
        var process = Start(program, settings, ["--urls", address.GetLeftPart(UriPartial.Authority), "--Logging:LogLevel:Default=Warning"]);
        var site = new Site(process, address);
        while (await site.TryStatusAsync("/health/ready") != HttpStatusCode.OK)
        {
            if (process.HasExited)
            {
                throw new InvalidOperationException($"The service ended with {process.ExitCode}.");
            }

            await Task.Delay(100);
        }

        return site;
    }

    /// <summary>By the built <c>Seeding.dll</c>.</summary>
    public static async Task SeedAsync(string program, IReadOnlyDictionary<string, string> settings, Amount amount)
    {
        using var process = Start(program, settings, amount.Arguments);
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"Seeding ended with {process.ExitCode}.");
        }
    }

    /// <summary>As a user who may view every page.</summary>
    public async Task SignInAsync()
    {
        var (_, url, login) = await FollowAsync(new Uri(_address, "/admin"), form: null);
        var action = new Uri(url, WebUtility.HtmlDecode(LoginForm().Match(login).Groups["action"].Value));
        var (status, _, page) = await FollowAsync(action, new(StringComparer.Ordinal) { ["username"] = "ada", ["password"] = "ada" });
        if (status != HttpStatusCode.OK || !page.Contains("/admin/accounts", StringComparison.Ordinal))
        {
            throw new InvalidOperationException($"The sign-in ended with {(int)status}: {page[..Math.Min(page.Length, 500)]}");
        }
    }

    /// <summary>An access token of whoever has signed in: the realm asks for no password again.</summary>
    public async Task<string> TokenAsync(Uri realm)
    {
        const string client = "acme-spa";
        var verifier = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
        var challenge = Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(verifier)));
        var back = new Uri(_address, "/reference/").ToString();
        using var ask = new HttpRequestMessage(HttpMethod.Get, new Uri(
            realm,
            $"/realms/acme/protocol/openid-connect/auth?client_id={client}&response_type=code&scope=openid&state=s&nonce=n"
                + $"&redirect_uri={Uri.EscapeDataString(back)}&code_challenge={challenge}&code_challenge_method=S256"));
        _cookies.AddTo(ask);
        using var asked = await _http.SendAsync(ask, CancellationToken.None);
        var code = HttpUtility.ParseQueryString(asked.Headers.Location!.Query)["code"]!;
        using var form = new FormUrlEncodedContent(
            [
                new("grant_type", "authorization_code"),
                new("client_id", client),
                new("code", code),
                new("redirect_uri", back),
                new("code_verifier", verifier),
            ]);
        using var exchange = new HttpRequestMessage(HttpMethod.Post, new Uri(realm, "/realms/acme/protocol/openid-connect/token"))
        {
            Content = form,
        };
        using var answer = await _http.SendAsync(exchange, CancellationToken.None);
        using var json = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        return json.RootElement.GetProperty("access_token").GetString()!;
    }

    /// <summary>The time includes the whole body. With a token it is a call of the API, else one of a page.</summary>
    public async Task<(TimeSpan Time, string Text)> GetAsync(string path, string? token = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(_address, path));
        if (token is null)
        {
            request.Headers.Accept.ParseAdd("text/html");
            _cookies.AddTo(request);
        }
        else
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        var started = Stopwatch.GetTimestamp();
        using var response = await _http.SendAsync(request, CancellationToken.None);
        var text = await response.Content.ReadAsStringAsync();
        var time = Stopwatch.GetElapsedTime(started);
        return response.StatusCode == HttpStatusCode.OK
            ? (time, text)
            : throw new InvalidOperationException($"{path} answered {(int)response.StatusCode}.");
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static Process Start(string program, IReadOnlyDictionary<string, string> settings, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo("dotnet", [program, .. arguments]) { WorkingDirectory = Path.GetDirectoryName(program) };
        foreach (var (name, value) in settings)
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }

    private async Task<(HttpStatusCode Status, Uri Url, string Text)> FollowAsync(Uri url, Dictionary<string, string>? form)
    {
        for (var count = 0; count < 20; count++)
        {
            using var request = new HttpRequestMessage(form is null ? HttpMethod.Get : HttpMethod.Post, url);
            request.Content = form is null ? null : new FormUrlEncodedContent(form);
            request.Headers.Accept.ParseAdd("text/html");
            _cookies.AddTo(request);
            using var response = await _http.SendAsync(request, CancellationToken.None);
            _cookies.Store(url, response);
            if (response.Headers.Location is not { } next)
            {
                return (response.StatusCode, url, await response.Content.ReadAsStringAsync());
            }

            (url, form) = (new Uri(url, next), null);
        }

        throw new InvalidOperationException($"Redirected without end, last to {url}.");
    }

    private async Task<HttpStatusCode?> TryStatusAsync(string path)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(_address, path));
            using var response = await _http.SendAsync(request, CancellationToken.None);
            return response.StatusCode;
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    [GeneratedRegex(
        "<form id=\"kc-form-login\" action=\"(?<action>[^\"]*)\"", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex LoginForm();
}
