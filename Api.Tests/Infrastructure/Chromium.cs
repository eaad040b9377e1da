using System.Collections.Concurrent;
using Api.Tests.Infrastructure;
using Microsoft.Playwright;

[assembly: AssemblyFixture(typeof(Chromium))]

namespace Api.Tests.Infrastructure;

/// <summary>A real Chromium for the whole test assembly, started when the first test asks for it.</summary>
public sealed class Chromium : IAsyncDisposable
{
    private static readonly string[] Names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

    private readonly Lazy<Task<(IPlaywright Playwright, IBrowser Browser)>> _start = new(LaunchAsync);
    private readonly ConcurrentBag<(string Class, string Test, IBrowserContext Context)> _open = [];
    private readonly ConcurrentDictionary<IBrowserContext, bool> _closed = [];

    /// <summary>Starts it once; skips the calling test where there is no Chromium.</summary>
    public Task StartAsync() => _start.Value;

    /// <summary>A page of a browser that has been nowhere; skips the calling test where there is no Chromium.</summary>
    public async Task<IPage> NewPageAsync(BrowserNewContextOptions? options = null)
    {
        var browser = (await _start.Value).Browser;
        await CloseEarlierAsync();
        var context = await browser.NewContextAsync(options);
        _open.Add((TestContext.Current.TestClass!.UniqueID, TestContext.Current.Test!.UniqueID, context));
        return await context.NewPageAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_start is { IsValueCreated: true, Value.IsCompletedSuccessfully: true })
        {
            var (playwright, browser) = await _start.Value;
            await browser.DisposeAsync();
            playwright.Dispose();
        }
    }

    // Pages that nobody looks at any more are drawn all the same: those of a class go with its next test.
    private async Task CloseEarlierAsync()
    {
        var (type, test) = (TestContext.Current.TestClass!.UniqueID, TestContext.Current.Test!.UniqueID);
        foreach (var open in _open.Where(open => open.Class == type && open.Test != test && _closed.TryAdd(open.Context, value: true)))
        {
            await open.Context.CloseAsync();
        }
    }

    private static async Task<(IPlaywright Playwright, IBrowser Browser)> LaunchAsync()
    {
        var path = Environment.GetEnvironmentVariable("CHROMIUM_PATH") is { Length: > 0 } given ? given : Find();
        Assert.SkipWhen(path is null, "There is no Chromium: install one, or set CHROMIUM_PATH to its program.");

        // As long as an action waits: a busy machine draws a page in more than the five seconds that are the default.
        Assertions.SetDefaultExpectTimeout(20_000);
        var playwright = await Playwright.CreateAsync();
        var browser = await playwright.Chromium.LaunchAsync(
            new()
            {
                ExecutablePath = path,
                // Without its sandbox, since a container or a root user gives it none; it only ever sees loopback.
                Args =
                [
                    "--no-sandbox",
                    "--disable-gpu",
                    "--disable-quic",
                    "--disable-background-networking",
                    "--disable-component-update",
                    "--disable-sync",
                ],
            });
        return (playwright, browser);
    }

    private static string? Find() => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .SelectMany(folder => Names.Select(name => Path.Combine(folder, name)))
        .FirstOrDefault(File.Exists);
}
