using System.Text.Json;
using System.Text.Json.Nodes;
using Api.Tests.Infrastructure;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Playwright;

namespace Api.Tests.Cors;

/// <summary>A page at one of Keycloak's Web origins of acme-spa, and one elsewhere, in a real Chromium.</summary>
public sealed class CorsInBrowserTests(Chromium chromium)
{
    private const string Call = """
        async ([url, token, method]) => {
          const headers = { ...(token && { Authorization: `Bearer ${token}` }), ...(method !== 'GET' && { 'If-Match': '"1"' }) }
          try {
            const answer = await fetch(url, { method, headers })
            return {
              status: answer.status, code: (await answer.json()).code ?? null,
              challenge: answer.headers.get('WWW-Authenticate')
            }
          } catch (error) {
            return { status: 0, code: error.name }
          }
        }
        """;

    [Fact]
    public async Task A_page_of_a_web_origin_calls_and_reads_errors_and_one_of_a_third_origin_is_refused()
    {
        await using var pages = await ServeAsync();
        await using var others = await ServeAsync();
        await using var lent = await EmbeddedRealmUnderTest.WithChangesAsync(content =>
            content["clients"]!.AsArray().Single(client => client!["clientId"]!.GetValue<string>() == "acme-spa")!["webOrigins"] =
                new JsonArray(OriginOf(pages)));
        await chromium.StartAsync();
        await using var api = await ServedApi.StartAsync(lent.Realm, ("Keycloak:enable-cors", "true"));
        var token = (await lent.Realm.SignInAsync("acme-spa", "ada")).AccessToken;
        var row = $"{lent.Realm.ApiUrl}/api/books/00000000-0000-0000-0000-000000000000";
        var page = await OpenAsync(OriginOf(pages));
        var other = await OpenAsync(OriginOf(others));

        Assert.Equal(200, (await CallAsync(page, $"{lent.Realm.ApiUrl}/api/me", token)).Status);
        Assert.Equal((404, "not_found"), StatusAndCode(await CallAsync(page, row, token)));
        // These ask by a preflight whether they may.
        Assert.Equal((404, "not_found"), StatusAndCode(await CallAsync(page, row, token, "DELETE")));
        var refused = await CallAsync(page, row, token: null);
        Assert.Equal((401, "token_missing"), StatusAndCode(refused));
        Assert.StartsWith("Bearer realm=", refused.Challenge, StringComparison.Ordinal);
        refused = await CallAsync(page, row, token[..^3] + "AAA");
        Assert.Equal((401, "invalid_token"), StatusAndCode(refused));
        Assert.Contains("error_description", refused.Challenge, StringComparison.Ordinal);

        foreach (var method in new[] { "GET", "DELETE" })
        {
            Assert.Equal((0, "TypeError"), StatusAndCode(await CallAsync(other, row, token, method)));
        }

        Assert.Equal((0, "TypeError"), StatusAndCode(await CallAsync(page, $"{lent.Realm.ApiUrl}/health/live", token)));
        Assert.Equal((0, "TypeError"), StatusAndCode(await CallAsync(page, $"{lent.Realm.ApiUrl}/admin", token: null)));
    }

    private static (int, string?) StatusAndCode(Answer answer) => (answer.Status, answer.Code);

    private static async Task<Answer> CallAsync(IPage page, string url, string? token, string method = "GET") =>
        (await page.EvaluateAsync<JsonElement>(Call, new[] { url, token, method }))
            .Deserialize<Answer>(JsonSerializerOptions.Web)!;

    private async Task<IPage> OpenAsync(string url)
    {
        var page = await chromium.NewPageAsync();
        page.SetDefaultTimeout(20_000);
        await page.GotoAsync(url);
        return page;
    }

    private static async Task<WebApplication> ServeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseSetting("urls", "http://127.0.0.1:0");
        var application = builder.Build();
        application.MapGet("/", () => Results.Text("<!DOCTYPE html><title>page</title>", "text/html"));
        await application.StartAsync(TestContext.Current.CancellationToken);
        return application;
    }

    private static string OriginOf(WebApplication application) =>
        application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();

    private sealed record Answer(int Status, string? Code, string? Challenge = null);
}
