using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Api.Tests.Infrastructure;
using Invoices;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Api.Tests.Samples;

/// <summary>An application that existed before, with a database and pages of its own, which has taken the engine in three lines.</summary>
public sealed class InvoicesTests(InvoicesOnEmbeddedRealm invoices) : HttpTests, IClassFixture<InvoicesOnEmbeddedRealm>
{
    [Fact]
    public async Task Nobody_calls_without_a_token()
    {
        var response = await (await invoices.ClientAsync()).GetAsync("/invoices", Cancel);

        await AssertProblemAsync(response, 401);
        Assert.StartsWith("Bearer", Challenge(response), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whoever_lacks_the_permission_is_told_which_and_the_denied_call_is_in_the_audit_log()
    {
        var nobody = await invoices.ServiceAsync("acme-nobody");
        var problem = await AssertProblemAsync(await nobody.GetAsync("/invoices", Cancel), 403, "permission_missing");
        Assert.Equal("invoice:view", problem.GetProperty("missingPermission").GetString());

        var ada = await invoices.PersonAsync("ada");
        for (var attempt = 0; ; attempt++)
        {
            // Denied calls are written a moment later.
            var log = await ada.GetFromJsonAsync<JsonElement>("/api/audit?kind=denied-request", Cancel);
            if (log.GetProperty("items").EnumerateArray().Any(row => row.GetProperty("path").GetString() == "/invoices/"
                && row.GetProperty("permission").GetString() == "invoice:view"))
            {
                break;
            }

            Assert.True(attempt < 100, log.ToString());
            await Task.Delay(TimeSpan.FromMilliseconds(100), Cancel);
        }
    }

    [Fact]
    public async Task A_group_and_a_role_mapping_let_a_service_in_and_everything_explains_why()
    {
        var ada = await invoices.PersonAsync("ada");
        var writer = await invoices.ServiceAsync("acme-writer");
        Assert.Equal(HttpStatusCode.Forbidden, (await writer.GetAsync("/invoices", Cancel)).StatusCode);
        await using var group = await GroupUnderTest.CreateAsync(ada, ["invoice:view"]);
        await group.WithRoleAsync("client-role", "book-editor", "acme-api");

        var list = await JsonAsync(await writer.GetAsync("/invoices", Cancel));
        Assert.Equal("Babbage & Sons", list[0].GetProperty("customer").GetString());
        Assert.Equal(HttpStatusCode.Forbidden, (await writer.PostAsync("/invoices/1/approve", content: null, Cancel)).StatusCode);

        // The group's page has the resource in its matrix.
        var page = await (await invoices.SignInAsync("ada")).GetAsync($"{invoices.Address}/admin/groups/{group.Id}/edit");
        var matrix = page.Page;
        Assert.Contains("Invoices", matrix.Body!.TextContent, StringComparison.Ordinal);
        Assert.NotEmpty(matrix.QuerySelectorAll("[value='invoice:approve'], [name*='invoice:approve']"));

        const string writerId = "365f145c-7a76-54b7-a85d-c2d58126e81b";
        var explained = await ada.GetFromJsonAsync<JsonElement>($"/api/access/explain?subject={writerId}&permission=invoice:view", Cancel);
        Assert.True(explained.GetProperty("decision").GetBoolean(), explained.ToString());
        Assert.Contains(group.Name, explained.ToString(), StringComparison.Ordinal);

        var subject = $$"""{"type":"service","id":"{{writerId}}"}""";
        var mayView = await AskAsync(
            ada, "evaluation", $$$"""{"subject":{{{subject}}},"action":{"name":"view"},"resource":{"type":"invoice","id":"*"}}""");
        Assert.True(mayView.GetProperty("decision").GetBoolean());
        var actions = await AskAsync(ada, "search/action", $$$"""{"subject":{{{subject}}},"resource":{"type":"invoice","id":"*"}}""");
        Assert.Equal("view", Assert.Single(actions.GetProperty("results").EnumerateArray()).GetProperty("name").GetString());
        var subjects = await AskAsync(
            ada,
            "search/subject",
            """{"subject":{"type":"service"},"action":{"name":"view"},"resource":{"type":"invoice","id":"*"}}""");
        Assert.Contains(subjects.GetProperty("results").EnumerateArray(), found => found.GetProperty("id").GetString() == writerId);
    }

    [Fact]
    public async Task What_the_application_changes_is_in_the_audit_log()
    {
        var ada = await invoices.PersonAsync("ada");

        Assert.Equal(HttpStatusCode.OK, (await ada.PostAsync("/invoices/2/approve", content: null, Cancel)).StatusCode);

        var log = await ada.GetFromJsonAsync<JsonElement>("/api/audit?model=invoice", Cancel);
        var row = log.GetProperty("items").EnumerateArray().First(row => row.GetProperty("kind").GetString() == "change");
        Assert.Equal("2", row.GetProperty("rowId").GetString());
        Assert.Equal("approve", row.GetProperty("action").GetString());
        Assert.Equal("ada", row.GetProperty("account").GetString());
        await AssertProblemAsync(await ada.PostAsync("/invoices/9/approve", content: null, Cancel), 404);
    }

    [Fact]
    public async Task Pages_of_the_application_stay_as_they_are()
    {
        var client = await invoices.ClientAsync();
        client.DefaultRequestHeaders.Accept.ParseAdd("text/html");

        var page = await client.GetAsync("/", Cancel);
        Assert.Contains("style=", await page.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        Assert.False(page.Headers.Contains("Content-Security-Policy"));
        Assert.Equal("nosniff", page.Headers.GetValues("X-Content-Type-Options").Single());

        // Those of the engine are as strict as ever, and so is an error page in place of the application's.
        var error = await client.GetAsync("/nothing-here", Cancel);
        Assert.Contains("default-src 'none'", error.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        var admin = await (await invoices.SignInAsync("ada")).GetAsync($"{invoices.Address}/admin");
        Assert.Contains("default-src 'none'", admin.Header("Content-Security-Policy"), StringComparison.Ordinal);
    }

    private static async Task<JsonElement> AskAsync(HttpClient asker, string question, string body) =>
        await JsonAsync(await asker.PostAsync($"/access/v1/{question}", JsonBody(body), Cancel));

    [Fact]
    public async Task A_header_that_the_application_sets_stays()
    {
        await using var variant = await invoices.WithEndpointAsync(routes => routes.MapGet("/framed", (HttpContext context) =>
        {
            context.Response.Headers.XFrameOptions = "SAMEORIGIN";
            context.Response.Headers["Cross-Origin-Resource-Policy"] = "cross-origin";
            context.Response.Headers.CacheControl = "max-age=60";
            return "framed";
        }).AllowAnonymous());

        var response = await variant.CreateClient().GetAsync("/framed", Cancel);

        Assert.Equal("SAMEORIGIN", response.Headers.GetValues("X-Frame-Options").Single());
        Assert.Equal("cross-origin", response.Headers.GetValues("Cross-Origin-Resource-Policy").Single());
        Assert.Equal("max-age=60", response.Headers.CacheControl?.ToString());
    }
}

/// <summary>The sample in this process, in front of the embedded realm, with databases of its own.</summary>
public sealed class InvoicesOnEmbeddedRealm(EmbeddedRealmUnderTest realm) : IAsyncDisposable
{
    private readonly List<RealmBrowser> _browsers = [];
    private TestDatabase? _access;
    private TestDatabase? _own;
    private Factory? _factory;

    public string Address => realm.ApiUrl;

    public async Task<HttpClient> ClientAsync(string? token = null)
    {
        await StartAsync();
        var client = _factory!.CreateClient(new() { BaseAddress = new Uri(Address), AllowAutoRedirect = false, HandleCookies = false });
        client.DefaultRequestHeaders.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
        return client;
    }

    public async Task<HttpClient> ServiceAsync(string clientId)
    {
        await StartAsync();
        return await ClientAsync((await realm.GetServiceTokenAsync(clientId))["access_token"]);
    }

    public async Task<HttpClient> PersonAsync(string person)
    {
        await StartAsync();
        return await ClientAsync((await realm.SignInAsync("acme-spa", person, "openid")).AccessToken);
    }

    public async Task<RealmBrowser> SignInAsync(string person)
    {
        await StartAsync();
        var browser = new RealmBrowser(realm.Url, new Uri(Address), _factory!.Server.CreateHandler());
        _browsers.Add(browser);
        await browser.SignInAsync($"{Address}/account", person, person);
        return browser;
    }

    /// <summary>A second one, with an endpoint more.</summary>
    internal async Task<Factory> WithEndpointAsync(Action<IEndpointRouteBuilder> map)
    {
        await StartAsync();
        return new(Settings(), map);
    }

    public async ValueTask DisposeAsync()
    {
        _browsers.ForEach(browser => browser.Dispose());
        if (_factory is not null)
        {
            await _factory.DisposeAsync();
            await _access!.DisposeAsync();
            await _own!.DisposeAsync();
        }
    }

    private async Task StartAsync()
    {
        if (_factory is null)
        {
            await realm.StartAsync();
            _access = await TestDatabase.CreateAsync(KeycloakAccess.Data.DatabaseEngine.Sqlite);
            _own = await TestDatabase.CreateAsync(KeycloakAccess.Data.DatabaseEngine.Sqlite);
            _factory = new Factory(Settings(), map: null);
            _ = _factory.Server;
        }
    }

    private IEnumerable<(string Key, string? Value)> Settings() =>
        ApiUnderTest.Settings(realm, _access!.ConnectionString).Append(("ConnectionStrings:Invoices", _own!.ConnectionString));

    internal sealed class Factory(
        IEnumerable<(string Key, string? Value)> settings, Action<IEndpointRouteBuilder>? map) : WebApplicationFactory<Invoice>
    {
        protected override void ConfigureWebHost(IWebHostBuilder builder)
        {
            foreach (var (key, value) in settings)
            {
                builder.UseSetting(key, value);
            }

            builder.ConfigureLogging(logging => logging.ClearProviders());
            if (map is not null)
            {
                builder.ConfigureTestServices(services => services.AddSingleton<IStartupFilter>(new MoreEndpoints(map)));
            }
        }
    }
}
