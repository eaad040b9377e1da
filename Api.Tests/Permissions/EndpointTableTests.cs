using System.Net;
using System.Text;
using Api.Permissions;
using Api.Tests.Infrastructure;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Api.Tests.Permissions;

/// <summary>One table over every endpoint of the application: who gets in, and who does not.</summary>
public abstract class EndpointTableTests(ApiUnderTest api) : ApiTests(api)
{
    // Open to everybody, each for a reason: probes, the doors to and from Keycloak, and pages about signing in.
    private static readonly string[] Open =
    [
        "/", "/.well-known/authzen-configuration", "/health/live", "/health/ready", "/openapi/{documentName}.json", "/reference/", "/reference/{documentName?}",
        "/signed-out", "/signin", "/signin-failed", "/signout", "/signout-backchannel",
    ];

    [Fact]
    public void Every_endpoint_says_who_may_call_it()
    {
        foreach (var endpoint in Endpoints())
        {
            var open = endpoint.Metadata.GetMetadata<IAllowAnonymous>() is not null;
            var schemes = endpoint.Metadata.OfType<AuthorizationPolicy>().SelectMany(policy => policy.AuthenticationSchemes).Distinct(StringComparer.Ordinal);
            var decided = endpoint.Metadata.GetMetadata<PermissionRequirement>() is not null;
            Assert.True(
                open ? Open.Contains(Path(endpoint), StringComparer.Ordinal) || Path(endpoint).StartsWith("/reference/", StringComparison.Ordinal) : decided && schemes.Count() == 1,
                $"{endpoint.DisplayName} ({Path(endpoint)}) is open or lacks one scheme or a permission.");
        }
    }

    [Fact]
    public async Task Anonymous_and_the_wrong_scheme_get_401_and_nobody_without_a_permission_gets_in()
    {
        var token = await Api.TokenOfAsync("acme-nobody");
        var pages = await Api.SignInAsync("nora");
        var rows = 0;
        foreach (var endpoint in Endpoints().Where(endpoint => endpoint.Metadata.GetMetadata<IAllowAnonymous>() is null))
        {
            var permission = endpoint.Metadata.GetOrderedMetadata<PermissionRequirement>().Select(required => required.Permission).OfType<Permission>().LastOrDefault();
            var isApi = TakesTokens(endpoint);
            foreach (var method in endpoint.Metadata.GetRequiredMetadata<HttpMethodMetadata>().HttpMethods)
            {
                rows++;
                var row = $"{method} {Path(endpoint)}";
                Assert.True(HttpStatusCode.Unauthorized == (await SendAsync(Api.NewClient(), method, endpoint)).StatusCode, $"anonymous: {row}");

                var withCookie = await pages.SendAsync(Request(method, endpoint, Api.Realm.ApiUrl));
                var withToken = await SendAsync(Api.NewClient(token), method, endpoint);
                Assert.True((isApi ? withCookie.Status : withToken.StatusCode) == HttpStatusCode.Unauthorized, $"wrong scheme: {row}");
                if (permission != default)
                {
                    Assert.True((isApi ? withToken.StatusCode : withCookie.Status) == HttpStatusCode.Forbidden, $"no permission: {row}");
                }
            }
        }

        Assert.InRange(rows, 25, 200);
    }

    [Fact]
    public async Task The_permission_that_an_endpoint_names_is_the_one_that_opens_it()
    {
        // A group of one permission after the other, for a service that has no other.
        var ada = await Api.PersonAsync("ada");
        var nobody = await Api.ServiceAsync("acme-nobody");
        var account = await AccountIdAsync(nobody);
        foreach (var endpoint in Endpoints().Where(endpoint => Path(endpoint).StartsWith("/api/", StringComparison.Ordinal)))
        {
            if (endpoint.Metadata.GetMetadata<PermissionRequirement>()?.Permission is not { } permission)
            {
                continue;
            }

            var name = $"only-{permission.Model}-{permission.Action}-{Guid.NewGuid():N}";
            var created = await ada.PostAsync("/api/groups", Json($$"""{"name":"{{name}}","permissions":["{{permission}}"]}"""), Cancel);
            Assert.Equal(HttpStatusCode.Created, created.StatusCode);
            var group = created.Headers.Location!.AbsolutePath;
            Assert.Equal(HttpStatusCode.NoContent, (await ada.PutAsync($"{group}/members/{account}", null, Cancel)).StatusCode);
            foreach (var method in endpoint.Metadata.GetRequiredMetadata<HttpMethodMetadata>().HttpMethods)
            {
                var status = (int)(await SendAsync(nobody, method, endpoint)).StatusCode;
                // Past the guard: the row is not there, the body is empty, or a precondition is missing.
                Assert.True(status is 200 or 201 or 204 or 400 or 404 or 428, $"{method} {Path(endpoint)} answered {status} to {permission}");
            }

            using var delete = new HttpRequestMessage(HttpMethod.Delete, group);
            delete.Headers.IfMatch.ParseAdd("*");
            Assert.Equal(HttpStatusCode.NoContent, (await ada.SendAsync(delete, Cancel)).StatusCode);
            Assert.Equal("""[]""", (await JsonAsync(await nobody.GetAsync("/api/me", Cancel))).GetProperty("permissions").GetRawText());
        }
    }

    [Fact]
    public void The_action_that_a_call_needs_fits_its_method()
    {
        Dictionary<string, string> actions = new() { ["GET"] = "view", ["POST"] = "add", ["PUT"] = "change", ["PATCH"] = "change", ["DELETE"] = "delete" };
        foreach (var endpoint in Endpoints().Where(endpoint => Path(endpoint).StartsWith("/api/", StringComparison.Ordinal)
            // About the caller alone, or about access itself.
            && Path(endpoint) is not ("/api/me" or "/api/access/explain")))
        {
            var permission = endpoint.Metadata.GetMetadata<PermissionRequirement>()!.Permission!.Value;
            var method = Assert.Single(endpoint.Metadata.GetRequiredMetadata<HttpMethodMetadata>().HttpMethods);
            // Who is in a group is a change of the group, and a preview changes nothing.
            var expected = Path(endpoint).Contains("/members/", StringComparison.Ordinal) ? "change"
                : Path(endpoint).EndsWith("/preview", StringComparison.Ordinal) ? "view"
                : actions[method];
            Assert.True(expected == permission.Action, $"{method} {Path(endpoint)} asks for {permission}");
            Assert.StartsWith(permission.Model, Path(endpoint).Split('/')[2], StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_switched_off_account_gets_in_nowhere()
    {
        var writer = await Api.ServiceAsync("acme-writer");
        var ada = await Api.PersonAsync("ada");
        var id = await AccountIdAsync(writer);
        await ada.PatchAsync($"/api/accounts/{id}", Json("""{"active":false}"""), Cancel);
        try
        {
            foreach (var endpoint in Endpoints().Where(TakesTokens))
            {
                foreach (var method in endpoint.Metadata.GetRequiredMetadata<HttpMethodMetadata>().HttpMethods)
                {
                    await AssertProblemAsync(await SendAsync(writer, method, endpoint), 403, "account_inactive");
                }
            }
        }
        finally
        {
            await ada.PatchAsync($"/api/accounts/{id}", Json("""{"active":true}"""), Cancel);
        }
    }

    [Fact]
    public async Task An_unknown_address_is_404_for_everybody()
    {
        foreach (var client in new[] { Api.NewClient(), await Api.ServiceAsync("acme-writer") })
        {
            await AssertProblemAsync(await client.GetAsync("/api/nothing-here", Cancel), 404);
            await AssertProblemAsync(await client.GetAsync("/nothing-here", Cancel), 404);
        }
    }

    private IEnumerable<RouteEndpoint> Endpoints() =>
        Api.Services.GetServices<EndpointDataSource>().SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()
            .Where(endpoint => endpoint.Metadata.GetMetadata<HttpMethodMetadata>() is not null || endpoint.Metadata.GetMetadata<IAllowAnonymous>() is null)
            .DistinctBy(endpoint => endpoint);

    private static bool TakesTokens(RouteEndpoint endpoint) =>
        Path(endpoint).StartsWith("/api/", StringComparison.Ordinal) || Path(endpoint).StartsWith("/access/", StringComparison.Ordinal);

    private static string Path(RouteEndpoint endpoint) => "/" + endpoint.RoutePattern.RawText!.Trim('/');

    private static Task<HttpResponseMessage> SendAsync(HttpClient client, string method, RouteEndpoint endpoint) =>
        client.SendAsync(Request(method, endpoint, client.BaseAddress!.GetLeftPart(UriPartial.Authority)), Cancel);

    private static HttpRequestMessage Request(string method, RouteEndpoint endpoint, string origin)
    {
        var path = Path(endpoint)
            .Replace("{id:guid}", Guid.Empty.ToString(), StringComparison.Ordinal)
            .Replace("{accountId:guid}", Guid.Empty.ToString(), StringComparison.Ordinal);
        var request = new HttpRequestMessage(new HttpMethod(method), origin + path);
        if (method is "POST" or "PUT" or "PATCH" && TakesTokens(endpoint))
        {
            request.Content = Json("{}");
        }

        return request;
    }

    private static StringContent Json(string json) => new(json, Encoding.UTF8, "application/json");
}

public sealed class EndpointTableOnEmbeddedRealmTests(ApiOnEmbeddedRealm api) : EndpointTableTests(api), IClassFixture<ApiOnEmbeddedRealm>;

public sealed class EndpointTableOnPostgreSqlTests(ApiOnPostgreSql api) : EndpointTableTests(api), IClassFixture<ApiOnPostgreSql>;

public sealed class EndpointTableOnKeycloakTests(ApiOnKeycloak api) : EndpointTableTests(api), IClassFixture<ApiOnKeycloak>;
