using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Api.Tests.Infrastructure;
using KeycloakAccess.Authentication;
using KeycloakAccess.Permissions;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Api.Tests.Permissions;

/// <summary>
/// One table over every endpoint of the application: who gets in, and who does not. It is made of what the endpoints say of
/// themselves, so that a new one is in it.
/// <code>
///                     anonymous   wrong scheme   no permission   wrong scope         disabled   all that it names
/// API, a permission   401         401            403             403                 403            in
/// API, any account    401         401            in              in                  403            in
/// page                401         401            403             (sessions: none)    403            in
/// </code>
/// </summary>
public abstract class EndpointTableTests(ApiUnderTest api) : ApiTests(api)
{
    // Open to everybody, each for a reason: probes, what Keycloak and signing in need, and pages about signing in.
    private static readonly string[] Open =
    [
        "/", "/.well-known/authzen-configuration", "/.well-known/oauth-protected-resource",
        "/.well-known/oauth-protected-resource/{**path}", "/health/live", "/health/ready", "/openapi/{documentName}.json", "/reference/",
        "/reference/{documentName?}",
        "/break-glass", "/signed-out", "/signin", "/signin-failed", "/signout", "/signout-backchannel",
    ];

    private readonly List<string> _surprises = [];
    private int _cells;

    [Fact]
    public void Every_endpoint_says_who_may_call_it()
    {
        foreach (var endpoint in Endpoints())
        {
            var open = endpoint.Metadata.GetMetadata<IAllowAnonymous>() is not null;
            var schemes = endpoint.Metadata.OfType<AuthorizationPolicy>()
                .SelectMany(policy => policy.AuthenticationSchemes)
                .Distinct(StringComparer.Ordinal);
            var decided = endpoint.Metadata.GetMetadata<PermissionRequirement>() is not null;
            Assert.True(
                open
                    ? Open.Contains(Path(endpoint), StringComparer.Ordinal)
                        || Path(endpoint).StartsWith("/reference/", StringComparison.Ordinal)
                    : decided && schemes.Count() == 1,
                $"{endpoint.DisplayName} ({Path(endpoint)}) is open or lacks one scheme or a permission.");
        }
    }

    [Fact]
    public async Task Nobody_gets_in_without_what_the_endpoint_asks_for()
    {
        var callers = await CallersAsync();
        foreach (var row in Rows())
        {
            await ExpectAsync(row, "anonymous", 401, await SendAsync(row, Api.NewClient()));
            // A page takes no token, and the API no cookie, but for what says so.
            if (!row.TakesBoth)
            {
                await ExpectAsync(
                    row, "wrong scheme", 401, row.IsApi ? await SendAsync(row, callers.Pages) : await SendAsync(row, callers.Nobody));
            }

            if (row.Permissions.Length > 0)
            {
                await ExpectAsync(
                    row, "no permission", 403, row.IsApi ? await SendAsync(row, callers.Nobody) : await SendAsync(row, callers.Pages));
            }
        }

        Assert.InRange(_cells, 60, 1000);
        AssertNoSurprise();
    }

    [Fact]
    public async Task A_scope_of_ours_that_does_not_cover_the_call_keeps_out_whoever_holds_everything()
    {
        var ada = await Api.PersonAsync("ada");
        await using var everything = await GroupUnderTest.CreateAsync(ada, ["*:*"]);
        await everything.WithAsync(await AccountIdAsync(await Api.ServiceAsync("acme-nobody")));
        foreach (var row in Rows())
        {
            if (!row.IsApi)
            {
                // A session has no scopes: there, the cell is empty for every page.
                continue;
            }

            var wrong = new[] { "books:read", "books:write" }.FirstOrDefault(scope => !row.IsCoveredBy(scope));
            if (row.Scopes.Length == 0)
            {
                // What any account may has no scope to need.
                Expect(row, "any scope", IsPastTheGuard, await SendAsync(row, await HolderAsync(row, "books:read")));
            }
            else if (wrong is null)
            {
                _surprises.Add($"{row}: no token of this realm has a wrong scope for it. Give the realm another scope.");
            }
            else
            {
                var response = await SendAsync(row, await HolderAsync(row, wrong));
                await ExpectAsync(row, $"wrong scope {wrong}", 403, response, "insufficient_scope");
                Assert.Contains("error=\"insufficient_scope\"", Challenge(response), StringComparison.Ordinal);
            }
        }

        AssertNoSurprise();

        // Services for what is not for people alone.
        Task<HttpClient> HolderAsync(Row row, string scope) =>
            row.Only == AccountKind.Person ? Api.PersonAsync("ada", $"openid {scope}") : Api.ServiceAsync("acme-nobody", scope);
    }

    [Fact]
    public async Task The_permissions_that_an_endpoint_names_open_it_all_together_and_none_without_the_others()
    {
        var ada = await Api.PersonAsync("ada");
        var callers = await CallersAsync();
        var service = await AccountIdAsync(callers.Nobody);
        var person = await AccountIdAsync(callers.Nora);
        var own = (await PermissionsAsync(callers.Nora)).ToHashSet(StringComparer.Ordinal);
        foreach (var rows in Rows()
            .GroupBy(row => (Permissions: string.Join(' ', row.Permissions), ByPerson: !row.IsApi || row.Only == AccountKind.Person)))
        {
            var permissions = Notation.Words(rows.Key.Permissions);
            var account = rows.Key.ByPerson ? person : service;
            await using (var all = await GroupUnderTest.CreateAsync(ada, permissions))
            {
                await all.WithAsync(account);
                foreach (var row in rows)
                {
                    Expect(row, "allowed", IsPastTheGuard, await AskAsync(row));
                }
            }

            // Nora is a reader of books already.
            foreach (var missing in permissions.Where(permission => !rows.Key.ByPerson || !own.Contains(permission)))
            {
                await using var others = await GroupUnderTest.CreateAsync(ada, permissions.Where(permission => permission != missing));
                await others.WithAsync(account);
                foreach (var row in rows)
                {
                    await ExpectAsync(row, $"without {missing}", 403, await AskAsync(row), row.IsApi ? "permission_missing" : null);
                }
            }
        }

        AssertNoSurprise();
        Assert.Empty(await PermissionsAsync(callers.Nobody));

        Task<HttpResponseMessage> AskAsync(Row row) =>
            !row.IsApi ? SendAsync(row, callers.Pages) : SendAsync(row, row.Only == AccountKind.Person ? callers.Nora : callers.Nobody);
    }

    [Fact]
    public async Task A_disabled_account_gets_in_nowhere_whatever_it_holds()
    {
        var ada = await Api.PersonAsync("ada");
        var callers = await CallersAsync();
        var writer = await Api.ServiceAsync("acme-writer");
        await using var everything = await GroupUnderTest.CreateAsync(ada, ["*:*"]);
        Guid[] accounts = [await AccountIdAsync(writer), await AccountIdAsync(callers.Nora)];
        foreach (var account in accounts)
        {
            await everything.WithAsync(account);
        }

        await SetEnabledAsync(enabled: false);
        try
        {
            foreach (var row in Rows())
            {
                await ExpectAsync(
                    row,
                    "inactive",
                    403,
                    row.IsApi ? await SendAsync(row, writer) : await SendAsync(row, callers.Pages),
                    row.IsApi ? "account_disabled" : null);
            }
        }
        finally
        {
            await SetEnabledAsync(enabled: true);
        }

        AssertNoSurprise();

        async Task SetEnabledAsync(bool enabled)
        {
            foreach (var account in accounts)
            {
                var response = await ada.PatchAsync(
                    $"/api/accounts/{account}", Json($$"""{"enabled":{{(enabled ? "true" : "false")}}}"""), Cancel);
                Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            }
        }
    }

    [Fact]
    public void The_action_that_a_call_needs_fits_its_method()
    {
        Dictionary<string, string> actions = new()
        {
            ["GET"] = "view",
            ["POST"] = "add",
            ["PUT"] = "change",
            ["PATCH"] = "change",
            ["DELETE"] = "delete",
        };
        foreach (var endpoint in Endpoints().Where(endpoint => Path(endpoint).StartsWith("/api/", StringComparison.Ordinal)
            // About the caller alone, or about access itself.
            && Path(endpoint) is not ("/api/me" or "/api/access/explain")))
        {
            var permission = endpoint.Metadata.GetMetadata<PermissionRequirement>()!.Permission!.Value;
            var method = Assert.Single(endpoint.Metadata.GetRequiredMetadata<HttpMethodMetadata>().HttpMethods);
            if (method == "PUT" && permission.Model == "role-mapping")
            {
                // A mapping that is replaced is one that goes and one that comes: nobody may do by one call what they may not by two.
                Assert.Equal(
                    ["role-mapping:add", "role-mapping:delete"],
                    endpoint.Metadata.GetOrderedMetadata<PermissionRequirement>().Select(required => required.Permission.ToString()));
                continue;
            }

            // Who is in a group is a change of the group, a preview changes nothing, and an action of a model's own is called
            // what its address ends with.
            var parts = Path(endpoint).Split('/');
            var expected = Path(endpoint).Contains("/members/", StringComparison.Ordinal) ? "change"
                : Path(endpoint).EndsWith("/preview", StringComparison.Ordinal) ? "view"
                : method == "POST" && parts.Length > 4 ? parts[4]
                : actions[method];
            Assert.True(expected == permission.Action, $"{method} {Path(endpoint)} asks for {permission}");
            Assert.StartsWith(permission.Model, Path(endpoint).Split('/')[2], StringComparison.Ordinal);
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
            .Where(endpoint =>
                endpoint.Metadata.GetMetadata<HttpMethodMetadata>() is not null || endpoint.Metadata.GetMetadata<IAllowAnonymous>() is null)
            .DistinctBy(endpoint => endpoint);

    private IEnumerable<Row> Rows() =>
        from endpoint in Endpoints()
        where endpoint.Metadata.GetMetadata<IAllowAnonymous>() is null
        from method in endpoint.Metadata.GetRequiredMetadata<HttpMethodMetadata>().HttpMethods
        select new Row(method, endpoint, Api.Services.GetRequiredService<PermissionCatalogue>());

    private static string Path(RouteEndpoint endpoint) => "/" + endpoint.RoutePattern.RawText!.Trim('/');

    private async Task<(HttpClient Nobody, HttpClient Nora, HttpClient Pages)> CallersAsync()
    {
        var pages = Api.NewClient();
        pages.DefaultRequestHeaders.Add("Cookie", (await Api.SignInAsync("nora")).Cookies.HeaderFor(Api.BaseAddress));
        return (await Api.ServiceAsync("acme-nobody"), await Api.PersonAsync("nora"), pages);
    }

    private static async Task<IEnumerable<string>> PermissionsAsync(HttpClient client) =>
        (await JsonAsync(await client.GetAsync("/api/me", Cancel)))
            .GetProperty("permissions")
            .EnumerateArray()
            .Select(permission => permission.GetString()!);

    private static Task<HttpResponseMessage> SendAsync(Row row, HttpClient client) => client.SendAsync(row.Request(), Cancel);

    // Past the guard: the row is not there, the body is empty, a precondition or a form's token is missing.
    private static bool IsPastTheGuard(int status) => status is not (401 or 403) and < 500;

    private async Task ExpectAsync(Row row, string cell, int status, HttpResponseMessage response, string? code = null)
    {
        Expect(row, cell, actual => actual == status, response);
        if (code is not null
            && (int)response.StatusCode == status
            && (await JsonAsync(response)).GetProperty("code").GetString() is var actual
            && actual != code)
        {
            _surprises.Add($"{row}: {cell}: {actual}, not {code}");
        }
    }

    // The whole table is walked before the test fails: one mistake in a route group is many rows.
    private void Expect(Row row, string cell, Func<int, bool> isExpected, HttpResponseMessage response)
    {
        _cells++;
        if (!isExpected((int)response.StatusCode))
        {
            _surprises.Add($"{row}: {cell}: {(int)response.StatusCode}");
        }
    }

    private void AssertNoSurprise() => Assert.True(_surprises.Count == 0, string.Join('\n', _surprises));

    private static StringContent Json(string json) => new(json, Encoding.UTF8, "application/json");

    /// <summary>One method of one endpoint, with everything that it says about who may call it.</summary>
    private sealed record Row(string Method, RouteEndpoint Endpoint, PermissionCatalogue Catalogue)
    {
        /// <summary>Whether it takes tokens; else it takes sessions.</summary>
        public bool IsApi { get; } = Endpoint.Metadata.OfType<AuthorizationPolicy>()
            .Any(policy => policy.AuthenticationSchemes.Any(scheme => scheme is Schemes.Bearer or Schemes.BearerOrSession));

        public bool TakesBoth { get; } = Endpoint.Metadata.GetMetadata<BearerOrSession>() is not null;

        /// <summary>What it asks for; nothing where any enabled account may.</summary>
        public Permission[] Permissions { get; } =
            [.. Endpoint.Metadata.GetOrderedMetadata<PermissionRequirement>()
                .Select(required => required.Permission)
                .OfType<Permission>()
                .Distinct()];

        /// <summary>The one kind of account that may call.</summary>
        public AccountKind? Only { get; } = Endpoint.Metadata.GetMetadata<AccountKindRule>()?.Only;

        /// <summary>For each thing that it asks for, the sets of scopes of which a token that holds any of ours needs one.</summary>
        public IReadOnlyList<IReadOnlyList<string>>[] Scopes { get; } =
            [.. Endpoint.Metadata.GetOrderedMetadata<PermissionRequirement>()
                .Select(required => Decision.Alternatives(PermissionHandler.RequirementOf(Endpoint, required), Catalogue))
                .Where(sets => sets.Count > 0)];

        public bool IsCoveredBy(string scope) => Scopes.All(sets => sets.Any(set => set.All(needed => needed == scope)));

        public HttpRequestMessage Request()
        {
            var path = Path(Endpoint);
            foreach (var parameter in Endpoint.RoutePattern.Parameters)
            {
                // An id belongs to no row, and any other parameter is a word.
                var value = parameter.ParameterPolicies.Any(policy => policy.Content == "guid") ? Guid.Empty.ToString() : "nothing";
                path = Regex.Replace(path, $@"\{{\**{parameter.Name}[^}}]*\}}", value, RegexOptions.None, TimeSpan.FromSeconds(1));
            }

            var request = new HttpRequestMessage(new HttpMethod(Method), path);
            if (IsApi && Method is "POST" or "PUT" or "PATCH")
            {
                request.Content = Json("{}");
            }

            return request;
        }

        public override string ToString() => $"{Method} {Path(Endpoint)}";
    }
}

public sealed class EndpointTableOnEmbeddedRealmTests(ApiOnEmbeddedRealm api) : EndpointTableTests(api), IClassFixture<ApiOnEmbeddedRealm>;

public sealed class EndpointTableOnPostgreSqlTests(ApiOnPostgreSql api) : EndpointTableTests(api), IClassFixture<ApiOnPostgreSql>;
