using System.Collections.Concurrent;
using Api.Tests.Infrastructure;
using Microsoft.Playwright;

namespace Api.Tests.Admin;

/// <summary>
/// The base of tests in a real Chromium: the application is served for each, and no page may break the policy for content.
/// </summary>
public abstract class PagesInBrowserTests(RealmUnderTest realm, Chromium chromium) : IAsyncLifetime
{
    private readonly List<IBrowserContext> _contexts = [];
    private readonly ConcurrentQueue<string> _violations = new();
    private ServedApi? _served;

    protected RealmUnderTest Realm => realm;

    protected string Url => realm.ApiUrl;

    protected ServedApi Served => _served!;

    /// <summary>What the policy for content has kept pages from. A test that looks at one on purpose takes it out.</summary>
    protected ConcurrentQueue<string> Violations => _violations;

    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>Settings of a class's own.</summary>
    protected virtual (string Key, string? Value)[] Settings => [];

    public virtual async ValueTask InitializeAsync()
    {
        await chromium.StartAsync();
        _served = await ServedApi.StartAsync(realm, Settings);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var context in _contexts)
        {
            await context.CloseAsync();
        }

        if (_served is not null)
        {
            await _served.DisposeAsync();
        }

        GC.SuppressFinalize(this);
        Assert.Empty(_violations);
    }

    /// <summary>A page of a browser that has been nowhere.</summary>
    protected async Task<IPage> NewPageAsync(BrowserNewContextOptions? options = null)
    {
        var page = await chromium.NewPageAsync(options);
        _contexts.Add(page.Context);
        page.SetDefaultTimeout(20_000);
        // Whatever the strict policy forbids shows up as an error of the console.
        page.Console += (_, message) =>
        {
            if (message.Text.Contains("Content Security Policy", StringComparison.Ordinal))
            {
                _violations.Enqueue($"{page.Url}: {message.Text}");
            }
        };
        return page;
    }

    /// <summary>A page of somebody who has signed in, where they wanted to go.</summary>
    protected async Task<IPage> SignedInAsync(string person, string path = "/admin", BrowserNewContextOptions? options = null)
    {
        var page = await NewPageAsync(options);
        await page.GotoAsync(Url + path);
        await SignInAsync(page, person);
        return page;
    }

    // Until the browser is there, whatever of the page has been loaded: events of loading are missed now and then when
    // redirects follow each other closely, and what a test expects to see waits for itself.
    protected static async Task ArriveAsync(IPage page, Func<string, bool> isThere)
    {
        for (var waited = 0; !isThere(page.Url); waited++)
        {
            Assert.True(waited < 600, $"The browser is still at {page.Url}.");
            await Task.Delay(50, Cancel);
        }
    }

    protected async Task SignInAsync(IPage page, string person)
    {
        await page.FillAsync("#kc-form-login [name=username]", person);
        await page.FillAsync("#kc-form-login [name=password]", person);
        await page.PressAsync("#kc-form-login [name=password]", "Enter");
        await ArriveAsync(page, url => !url.StartsWith(realm.Url.AbsoluteUri, StringComparison.Ordinal));
        // A key that is pressed while redirects still follow each other is lost.
        await Assertions.Expect(page.Locator("main h1")).ToBeVisibleAsync();
        await ReadyAsync(page);
    }

    /// <summary>Waits until the scripts of a page have run: what is typed before is typed for nobody.</summary>
    protected static async Task ReadyAsync(IPage page)
    {
        for (var waited = 0; await page.EvaluateAsync<string>("document.readyState") != "complete"; waited++)
        {
            Assert.True(waited < 600, $"{page.Url} is not complete.");
            await Task.Delay(50, Cancel);
        }
    }

    /// <summary>The application over HTTP, as a service calls it.</summary>
    protected async Task<HttpClient> ServiceAsync(string clientId)
    {
        var token = (await realm.GetServiceTokenAsync(clientId))["access_token"];
        return new HttpClient(new SocketsHttpHandler { UseProxy = false })
        {
            BaseAddress = new Uri(Url),
            DefaultRequestHeaders = { Authorization = new("Bearer", token) },
        };
    }
}
