using System.Text.Json;
using Api.Tests.Infrastructure;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Logging;
using Microsoft.Playwright;

namespace Api.Tests.Clients;

/// <summary>
/// A page of Clients/node/pages at the redirect URI of acme-spa, with the packages beside it. The port belongs to the
/// realm, see <see cref="KeycloakCollection"/> for classes that use it.
/// </summary>
internal sealed class ServedPage : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly Chromium _chromium;

    private ServedPage(WebApplication application, Chromium chromium, string url)
    {
        _application = application;
        _chromium = chromium;
        Url = url;
    }

    public string Url { get; }

    public static async Task<ServedPage> StartAsync(RealmUnderTest realm, NodeClients node, Chromium chromium, string page, object config)
    {
        await node.InstallAsync();
        var port = new Uri(realm.ApiUrl).Port;
        await FreePort.WaitAsync(port, TestContext.Current.CancellationToken);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenLocalhost(port));
        var application = builder.Build();
        application.Use((context, next) =>
        {
            // What listens at this port next must not meet connections of a browser that is still open.
            context.Response.Headers.Connection = "close";
            return next(context);
        });
        application.UseStaticFiles(new StaticFileOptions
        {
            FileProvider = new PhysicalFileProvider(Path.Combine(NodeClients.Folder, "node_modules")),
            RequestPath = "/reference/node_modules",
        });
        application.MapGet("/reference/", () => Results.File(Path.Combine(NodeClients.Folder, "pages", page), "text/html"));
        application.MapGet("/reference/config.json", () => Results.Text(JsonSerializer.Serialize(config), "application/json"));
        await application.StartAsync(TestContext.Current.CancellationToken);
        return new(application, chromium, realm.RedirectUriOf("acme-spa"));
    }

    /// <summary>Opens the page, or what it leads to, in a browser that has been nowhere, or in that of another page.</summary>
    public async Task<IPage> OpenAsync(IPage? beside = null)
    {
        var page = beside is null ? await _chromium.NewPageAsync() : await beside.Context.NewPageAsync();
        page.SetDefaultTimeout(20_000);
        await page.GotoAsync(Url);
        await ArriveAsync(page);
        return page;
    }

    /// <summary>Runs a script that leaves the page, and waits until it is back or the realm shows its login page.</summary>
    public static async Task LeaveAsync(IPage page, string script)
    {
        await page.EvaluateAsync($"window.isLeft = true; void {script}");
        await ArriveAsync(page);
    }

    /// <summary>Fills in the realm's login page, and waits until the browser is back.</summary>
    public static async Task SignInAsync(IPage page, string person)
    {
        await page.FillAsync("#kc-form-login [name=username]", person);
        await page.FillAsync("#kc-form-login [name=password]", person);
        await page.EvaluateAsync("window.isLeft = true");
        await page.PressAsync("#kc-form-login [name=password]", "Enter");
        await ArriveAsync(page);
    }

    public ValueTask DisposeAsync() => _application.DisposeAsync();

    private static async Task ArriveAsync(IPage page) => await page.WaitForFunctionAsync(
        "!window.isLeft && Boolean(window.outcome || document.getElementById('kc-form-login'))");
}
