using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using AngleSharp.Dom;
using Api.Tests.Infrastructure;
using KeycloakAccess.Authentication;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Api.Tests.Hosting;

/// <summary>The service under a path prefix: one that it takes off itself, and one that a proxy takes off.</summary>
public sealed partial class PrefixTests(ApiUnderPrefix api) : ApiTests(api), IClassFixture<ApiUnderPrefix>
{
    private const string Prefix = ApiUnderPrefix.Prefix;

    // What holds texts, drawings or the values of forms, which are read by the service itself.
    private static readonly string[] NoAddresses = ["value", "content", "d", "title", "aria-label", "placeholder", "data-label"];

    // Addresses that show no page of their own: files, parts of others, and those at which a form is taken up again.
    private static readonly string[] WithoutPages =
        ["/export", "/names", "/bulk", "/preview", "/disable", "/enable", "/sessions/end", "/sign-out-everywhere", "/members", "/actions"];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Every_address_on_every_page_begins_with_it(bool isBehindProxy)
    {
        await using var group = await (await GroupUnderTest.CreateAsync(await AdaAsync(), ["realm:view"]))
            .WithRoleAsync("keycloak-group", "/operations/*");
        await (await AdaAsync()).PostAsJsonAsync("api/authors", new { name = "Some author" }, Cancel);
        var (lent, browser) = Reach(isBehindProxy);
        await using var _ = lent;
        await browser.SignInAsync($"{Api.Realm.ApiUrl}/account", "ada", "ada");
        var wrong = new List<string>();
        var opened = new HashSet<string>(StringComparer.Ordinal);
        var waiting = new Queue<string>(
            [.. PagesWithoutParameters().Append("/account").Append("/signed-out").Append("/nothing-here").Select(path => Prefix + path)]);
        while (waiting.TryDequeue(out var path))
        {
            if (!opened.Add(Ids().Replace(path.Split('?', '#')[0], "{id}")))
            {
                continue;
            }

            var page = await browser.GetAsync(new Uri(Api.BaseAddress, path).AbsoluteUri);
            var expected = path.EndsWith("/nothing-here", StringComparison.Ordinal) ? HttpStatusCode.NotFound : HttpStatusCode.OK;
            if (page.Status != expected || page.Url.AbsolutePath != path.Split('?', '#')[0])
            {
                wrong.Add($"{path}: {(int)page.Status} at {page.Url}");
            }

            foreach (var address in page.Header("Content-Type")!.StartsWith("text/html", StringComparison.Ordinal)
                ? Addresses(page.Page)
                : [])
            {
                if (!address.Value.StartsWith(Prefix + "/", StringComparison.Ordinal))
                {
                    wrong.Add($"{path} has {address.Name}=\"{address.Value}\"");
                }
                else if (address.Name is "href" or "src" or "hx-get" && !address.Value.Contains("/export", StringComparison.Ordinal))
                {
                    waiting.Enqueue(address.Value);
                }
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
        Assert.Contains($"{Prefix}/admin/groups/{{id}}/edit", opened);
        Assert.Contains($"{Prefix}/admin/audit/{{id}}", opened);
        Assert.Contains($"{Prefix}/admin.css", opened);
        Assert.Contains($"{Prefix}/admin/models/authors/{{id}}/history", opened);
        Assert.True(opened.Count > 38, string.Join('\n', opened));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_form_is_sent_and_leads_on_under_it(bool isBehindProxy)
    {
        var (lent, browser) = Reach(isBehindProxy);
        await using var _ = lent;
        await browser.SignInAsync($"{Api.Realm.ApiUrl}/admin/groups/new", "ada", "ada");
        var form = await browser.GetAsync($"{Api.Realm.ApiUrl}/admin/groups/new");

        var made = await browser.SubmitAsync(form, "main form", ("name", $"g-{Guid.NewGuid():N}"));

        Assert.Equal(HttpStatusCode.OK, made.Status);
        Assert.StartsWith($"{Prefix}/admin/groups/", made.Url.AbsolutePath, StringComparison.Ordinal);
        Assert.Single(made.Page.QuerySelectorAll(".banner.good"));
        // The message is shown once: its cookie is deleted by the path that it was set with.
        Assert.Empty((await browser.GetAsync(made.Url.AbsoluteUri)).Page.QuerySelectorAll(".banner.good"));

        var out_ = await browser.SubmitAsync(made, $"form[action='{Prefix}/signout']");

        Assert.Equal($"{Prefix}/signed-out", out_.Url.AbsolutePath);
        Assert.Contains("signed out here and at Keycloak", out_.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/", "/admin")]
    [InlineData("", "/admin")]
    [InlineData("/admin/sessions/end", "/admin/sessions")]
    [InlineData("/account/sign-out-everywhere", "/account")]
    [InlineData("/admin/accounts/bulk", "/admin/accounts")]
    public async Task A_redirect_leads_on_under_it(string from, string to)
    {
        var browser = await Api.SignInAsync("ada");

        var answer = await browser.SendAsync(new HttpRequestMessage(HttpMethod.Get, Api.Realm.ApiUrl + from));

        Assert.Equal(Prefix + to, answer.Header("Location"));
    }

    [Theory]
    [InlineData("/staff/admin/groups?search=x", "/staff/admin/groups")]
    [InlineData("/admin/groups", "/staff/admin")]
    [InlineData("//evil.test", "/staff/admin")]
    [InlineData("/staff/../evil", "/staff/admin")]
    [InlineData("https://evil.test", "/staff/admin")]
    [InlineData("", "/staff/admin")]
    public async Task A_sign_in_ends_under_it_whatever_is_asked_for(string returnUrl, string path)
    {
        var browser = Api.NewBrowser();

        var end = await browser.SignInAsync($"{Api.Realm.ApiUrl}/signin?returnUrl={Uri.EscapeDataString(returnUrl)}", "ada", "ada");

        Assert.Equal(path, end.AbsolutePath);
    }

    [Fact]
    public async Task A_sign_in_that_fails_and_a_form_without_a_session_stay_under_it()
    {
        var browser = Api.NewBrowser();
        var failed = await browser.GetAsync($"{Api.Realm.ApiUrl}/signin-oidc?state=x&code=y");
        Assert.Equal($"{Prefix}/signin-failed", failed.Url.AbsolutePath);

        browser = await Api.SignInAsync("ada");
        var form = await browser.GetAsync($"{Api.Realm.ApiUrl}/admin/groups/new");
        var newest = (await Api.Services.GetRequiredService<SessionStore>().ListAsync(search: null, 1, after: null, Cancel)).Items[0];
        await Api.Services.GetRequiredService<EndedSessionStore>().EndAsync(newest, Cancel);
        var again = await browser.SubmitAsync(form, "main form", ("name", "kept"));

        Assert.Equal(HttpStatusCode.Unauthorized, again.Status);
        var link = again.Page.QuerySelector("main a.button")!.GetAttribute("href")!;
        var back = Uri.EscapeDataString($"{Prefix}/admin/groups/new?draft=");
        Assert.StartsWith($"{Prefix}/signin?returnUrl={back}", link, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Script_is_told_to_go_on_under_it()
    {
        var browser = await Api.SignInAsync("ada");
        var page = await browser.GetAsync($"{Api.Realm.ApiUrl}/admin/groups/new");
        var token = page.Page.QuerySelector("main [name=__RequestVerificationToken]")!.GetAttribute("value")!;
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{Api.Realm.ApiUrl}/admin/groups/new")
        {
            Content = new FormUrlEncodedContent([new("name", $"g-{Guid.NewGuid():N}"), new("__RequestVerificationToken", token)]),
        };
        request.Headers.Add("HX-Request", "true");

        Assert.StartsWith($"{Prefix}/admin/groups/", (await browser.SendAsync(request)).Header("HX-Redirect"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Programs_are_given_addresses_under_it()
    {
        var ada = await AdaAsync();
        var group = new { name = $"g-{Guid.NewGuid():N}", permissions = Array.Empty<string>() };
        var made = await ada.PostAsJsonAsync("api/groups", group, Cancel);
        Assert.StartsWith($"{Prefix}/api/groups/", made.Headers.Location!.IsAbsoluteUri
            ? made.Headers.Location.AbsolutePath
            : made.Headers.Location.OriginalString, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await ada.GetAsync(made.Headers.Location, Cancel)).StatusCode);

        var document = await ada.GetFromJsonAsync<JsonElement>("openapi/v1.json", Cancel);
        Assert.Equal(Api.Realm.ApiUrl, document.GetProperty("servers")[0].GetProperty("url").GetString()!.TrimEnd('/'));

        var authzen = await ada.GetFromJsonAsync<JsonElement>(".well-known/authzen-configuration", Cancel);
        Assert.All(
            authzen.EnumerateObject().Where(member => member.Value.GetString()!.StartsWith("http", StringComparison.Ordinal)),
            member => Assert.StartsWith(Api.Realm.ApiUrl, member.Value.GetString(), StringComparison.Ordinal));

        var reference = await ada.GetStringAsync("reference/", Cancel);
        Assert.Contains($"{Api.Realm.ApiUrl}/reference/", reference, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Probes_and_callers_within_need_no_prefix()
    {
        Assert.Equal(HttpStatusCode.OK, (await Api.NewClient().GetAsync("/health/ready", Cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await Api.NewClient().GetAsync("/api/me", Cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await Api.NewClient().GetAsync("/STAFF/api/me", Cancel)).StatusCode);
    }

    [Fact]
    public async Task Nobody_but_a_listed_proxy_sets_it()
    {
        await using var variant = Api.Variant(("PathBase", null));
        using var request = new HttpRequestMessage(HttpMethod.Get, "/");
        request.Headers.Add("X-Forwarded-Prefix", "/evil");
        Assert.Equal("/admin", (await variant.NewClient().SendAsync(request, Cancel)).Headers.Location!.OriginalString);
    }

    private (ApiVariant? Lent, RealmBrowser Browser) Reach(bool isBehindProxy) =>
        isBehindProxy ? api.BehindProxy() : (null, Api.NewBrowser());

    private async Task<HttpClient> AdaAsync()
    {
        var client = await Api.PersonAsync("ada");
        client.BaseAddress = new Uri(Api.Realm.ApiUrl + "/");
        return client;
    }

    private static IEnumerable<(string Name, string Value)> Addresses(IDocument page) => page.All
        .SelectMany(element => element.Attributes)
        .Where(attribute => attribute.Value.StartsWith('/') && !NoAddresses.Contains(attribute.Name, StringComparer.Ordinal))
        .Select(attribute => (attribute.Name, attribute.Value));

    // What the service itself says that it has.
    private IEnumerable<string> PagesWithoutParameters() => Api.Services.GetRequiredService<EndpointDataSource>().Endpoints
        .OfType<RouteEndpoint>()
        .Where(route => route.Metadata.GetMetadata<SignInAgain>() is not null
            && route.Metadata.GetMetadata<IHttpMethodMetadata>()!.HttpMethods.Contains("GET"))
        .Select(route => route.RoutePattern.RawText!.TrimEnd('/'))
        .Where(path => !path.Contains('{', StringComparison.Ordinal)
            && !WithoutPages.Any(part => path.Contains(part, StringComparison.Ordinal)));

    [GeneratedRegex("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9]+$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Ids();
}
