using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Api.Tests.Infrastructure;
using Microsoft.Playwright;

namespace Api.Tests.Delivery;

/// <summary>What <c>docker compose up</c> starts: people sign in and out, services are answered, what is written is kept.</summary>
[Collection(ContainerEngine.Collection)]
[Trait(ContainerEngine.Trait, ContainerEngine.Needed)]
public sealed class ComposeUpTests(ComposeStack stack, Chromium chromium) : IClassFixture<ComposeStack>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Both_health_checks_succeed()
    {
        await stack.StartAsync();
        var service = JsonSerializer.Deserialize<string[]>(Dockerfile.Instance.Only("HEALTHCHECK").Split("CMD ")[1])!;
        var keycloak = new ComposeFile().List("services", "keycloak", "healthcheck", "test").Skip(1);

        var healthy = await stack.ExecuteAsync("api", service);
        Assert.True(healthy.Code == 0, healthy.Output);
        var ready = await stack.ExecuteAsync("keycloak", keycloak);
        Assert.True(ready.Code == 0, ready.Output);
    }

    [Fact]
    public async Task A_person_signs_in_and_out()
    {
        await chromium.StartAsync();
        await stack.StartAsync();
        var page = await NewPageAsync();
        await page.GotoAsync($"{stack.Url}/admin/accounts");
        Assert.StartsWith(stack.Realm(), page.Url, StringComparison.Ordinal);

        await SignInAsync(page, "ada");
        await page.WaitForURLAsync($"{stack.Url}/admin/accounts");
        await Assertions.Expect(page.GetByRole(AriaRole.Row, new() { Name = "ada" })).ToBeVisibleAsync();

        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out", Exact = true }).ClickAsync();
        await Assertions.Expect(page.GetByText("signed out here and at Keycloak")).ToBeVisibleAsync();

        await page.GotoAsync($"{stack.Url}/admin");
        await Assertions.Expect(page.Locator("#kc-form-login")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task A_sign_out_at_Keycloak_reaches_the_service_by_its_name_in_the_network()
    {
        await chromium.StartAsync();
        await stack.StartAsync();
        var page = await NewPageAsync();
        await page.GotoAsync($"{stack.Url}/account");
        await SignInAsync(page, "grace");
        await Assertions.Expect(page.GetByText("Grace Hopper").First).ToBeVisibleAsync();

        await page.GotoAsync($"{stack.Realm()}/protocol/openid-connect/logout");
        await page.Locator("#kc-logout").ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "You are logged out" })).ToBeVisibleAsync();

        await page.GotoAsync($"{stack.Url}/account");
        await Assertions.Expect(page.Locator("#kc-form-login")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task Services_get_what_their_roles_allow()
    {
        await stack.StartAsync();

        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(HttpMethod.Get, token: null));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(HttpMethod.Get, await TokenAsync("acme-reader")));
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(HttpMethod.Post, await TokenAsync("acme-reader")));
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(HttpMethod.Get, await TokenAsync("acme-nobody")));
        Assert.Equal(HttpStatusCode.Created, await StatusAsync(HttpMethod.Post, await TokenAsync("acme-writer")));
    }

    [Fact]
    public async Task What_was_written_and_who_is_signed_in_outlive_the_container()
    {
        await chromium.StartAsync();
        await stack.StartAsync();
        var token = await TokenAsync("acme-writer");
        var added = await stack.SendAsync(HttpMethod.Post, "/api/authors", token, """{"name":"Ursula K. Le Guin"}""");
        var page = await NewPageAsync();
        await page.GotoAsync($"{stack.Url}/account");
        await SignInAsync(page, "linus");
        await Assertions.Expect(page.GetByText("Linus Torvalds").First).ToBeVisibleAsync();

        await stack.ReplaceServiceAsync();

        var kept = await stack.SendAsync(HttpMethod.Get, added.Headers.Location!.AbsolutePath, token);
        Assert.Equal(HttpStatusCode.OK, kept.StatusCode);
        await page.GotoAsync($"{stack.Url}/account");
        await Assertions.Expect(page.GetByText("Linus Torvalds").First).ToBeVisibleAsync();
    }

    [Fact]
    public async Task The_administrator_has_the_password_of_the_environment_and_not_that_of_the_file()
    {
        await stack.StartAsync();

        Assert.Equal(HttpStatusCode.OK, await SignInAsync(stack.AdministratorPassword));
        Assert.Equal(HttpStatusCode.BadRequest, await SignInAsync("admin"));

        async Task<HttpStatusCode> SignInAsync(string password)
        {
            using var answer = await stack.PostForTokenAsync(
                "master", ("grant_type", "password"), ("client_id", "admin-cli"), ("username", "admin"), ("password", password));
            return answer.StatusCode;
        }
    }

    private static async Task SignInAsync(IPage page, string person)
    {
        await page.FillAsync("#kc-form-login [name=username]", person);
        await page.FillAsync("#kc-form-login [name=password]", person);
        await page.PressAsync("#kc-form-login [name=password]", "Enter");
    }

    private async Task<IPage> NewPageAsync()
    {
        var page = await chromium.NewPageAsync();
        page.SetDefaultTimeout(30_000);
        return page;
    }

    private async Task<HttpStatusCode> StatusAsync(HttpMethod method, string? token)
    {
        using var answer = await stack.SendAsync(
            method, "/api/authors", token, method == HttpMethod.Post ? """{"name":"Octavia E. Butler"}""" : null);
        return answer.StatusCode;
    }

    private async Task<string> TokenAsync(string client)
    {
        using var answer = await stack.PostForTokenAsync(
            "acme", ("grant_type", "client_credentials"), ("client_id", client), ("client_secret", $"{client}-secret"));
        return (await answer.Content.ReadFromJsonAsync<JsonElement>(Cancel)).GetProperty("access_token").GetString()!;
    }
}
