using System.Net;
using Api.Tests.Infrastructure;
using KeycloakAccess.Authentication;
using KeycloakAccess.Data;
using KeycloakAccess.Permissions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Api.Tests.Permissions;

/// <summary>
/// What a route group or an endpoint requires besides a permission: one kind of account, or scopes. On endpoints of this
/// test's own, for tokens that no client of the realm gets.
/// </summary>
public sealed class RouteRulesTests(RouteRulesTests.Fixture fixture) : HttpTests, IClassFixture<RouteRulesTests.Fixture>
{
    [Theory]
    [InlineData("/test/services", true, null)]
    [InlineData("/test/services", false, "account_kind_refused")]
    [InlineData("/test/people", false, null)]
    [InlineData("/test/people", true, "account_kind_refused")]
    [InlineData("/test/both", true, null)]
    [InlineData("/test/both", false, null)]
    public async Task A_route_group_may_be_for_one_kind_of_account_alone(string path, bool isService, string? refused)
    {
        var response = await GetAsync(path, isService, "superuser", scope: null);

        if (refused is null)
        {
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }
        else
        {
            var problem = await AssertProblemAsync(response, 403, refused);
            Assert.Contains("one kind of account only", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
            Assert.Empty(response.Headers.WwwAuthenticate);
            Assert.False(problem.TryGetProperty("missingPermission", out _));
            Assert.False(problem.TryGetProperty("missingScope", out _));
        }
    }

    [Fact]
    public async Task The_right_kind_of_account_still_needs_the_permission()
    {
        var problem = await AssertProblemAsync(
            await GetAsync("/test/services", isService: true, "nothing", scope: null), 403, "permission_missing");

        Assert.Equal("book:view", problem.GetProperty("missingPermission").GetString());
        Assert.Contains("None of your groups grants book:view", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    // Alternatives: (authors of the library and books) or the library. A set of several needs them all.
    [InlineData("/test/alternatives", "books:read library:add", null)]
    [InlineData("/test/alternatives", "library:read", null)]
    [InlineData("/test/alternatives", "openid library:read groups:read", null)]
    [InlineData("/test/alternatives", "books:read", "books:read library:add")]
    [InlineData("/test/alternatives", "library:add", "books:read library:add")]
    [InlineData("/test/alternatives", "books:write", "books:read library:add")]
    // RequireScopes refuses what would otherwise not be narrowed.
    [InlineData("/test/alternatives", null, "books:read library:add")]
    [InlineData("/test/alternatives", "openid profile", "books:read library:add")]
    // Without sets it is the model's own scope, by action.
    [InlineData("/test/required", "books:read", null)]
    [InlineData("/test/required", null, "books:read")]
    [InlineData("/test/required", "library:read", "books:read")]
    [InlineData("/test/required-writing", "books:write", null)]
    [InlineData("/test/required-writing", "books:read", "books:write")]
    [InlineData("/test/required-writing", null, "books:write")]
    // An endpoint's own word counts, not its group's.
    [InlineData("/test/required/own", "library:read", null)]
    [InlineData("/test/required/own", "books:read", "library:read")]
    // Where nothing is required, no scope of ours narrows nothing.
    [InlineData("/test/both", null, null)]
    [InlineData("/test/both", "library:read", "books:read")]
    // For any account: named scopes count, and without a name there is none to need.
    [InlineData("/test/anybody", "library:read", null)]
    [InlineData("/test/anybody", "books:read", "library:read")]
    [InlineData("/test/anybody", null, "library:read")]
    [InlineData("/test/anybody/unnamed", null, null)]
    [InlineData("/test/anybody/unnamed", "books:read", null)]
    public async Task An_endpoint_may_require_scopes_and_state_alternatives(string path, string? scope, string? missing)
    {
        foreach (var isService in new[] { true, false })
        {
            var response = await GetAsync(path, isService, "superuser", scope);
            if (missing is null)
            {
                Assert.Equal(HttpStatusCode.OK, response.StatusCode);
                continue;
            }

            var problem = await AssertProblemAsync(response, 403, "insufficient_scope");
            Assert.Equal(missing, problem.GetProperty("missingScope").GetString());
            Assert.Equal($"Bearer realm=\"acme\", error=\"insufficient_scope\", scope=\"{missing}\"", BearerChallenge(response));
            Assert.Contains(
                $"Ask Keycloak for a token with the scope {missing}.", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task What_any_account_may_is_refused_without_the_name_of_a_permission()
    {
        var problem = await AssertProblemAsync(
            await GetAsync("/test/anybody", isService: true, "superuser", "books:read"), 403, "insufficient_scope");

        Assert.Equal(
            "The token was issued for less than this call needs. Ask Keycloak for a token with the scope library:read.",
            problem.GetProperty("detail").GetString());
    }

    [Fact]
    public async Task A_denial_is_named()
    {
        var superuser = Client(isService: true, "superuser", scope: null);
        var denied = Client(isService: false, "superuser", scope: null);
        await using var group = await GroupUnderTest.CreateAsync(superuser, granted: [], denied: ["book:view"]);
        var account = await AccountIdAsync(denied);
        await group.WithAsync(account);

        var problem = await AssertProblemAsync(await denied.GetAsync("/test/both", Cancel), 403, "permission_denied");

        Assert.Equal("book:view", problem.GetProperty("deniedPermission").GetString());
        await group.WithoutAsync(account);
        Assert.Equal(HttpStatusCode.OK, (await denied.GetAsync("/test/both", Cancel)).StatusCode);
    }

    [Fact]
    public async Task A_route_group_may_show_refusals_in_a_form_of_its_own()
    {
        var response = await GetAsync("/test/shown", isService: true, "nothing", scope: null);

        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        Assert.Equal("PermissionMissing book:view", await response.Content.ReadAsStringAsync(Cancel));
        Assert.Equal(HttpStatusCode.OK, (await GetAsync("/test/shown", isService: true, "superuser", scope: null)).StatusCode);
    }

    [Fact]
    public async Task Scopes_never_widen()
    {
        await AssertProblemAsync(
            await GetAsync("/test/alternatives", isService: true, "nothing", "library:read"), 403, "permission_missing");
        await AssertProblemAsync(await GetAsync("/test/required", isService: true, "nothing", scope: null), 403, "permission_missing");
    }

    [Fact]
    public async Task What_an_endpoint_demands_of_its_own_is_not_explained_by_the_permission_alone()
    {
        var own = await AssertProblemAsync(
            await GetAsync("/test/alternatives", isService: true, "superuser", "books:read access:read"), 403, "insufficient_scope");
        var model = await AssertProblemAsync(
            await GetAsync("/test/both", isService: true, "superuser", "access:read"), 403, "insufficient_scope");

        Assert.False(own.TryGetProperty("explanation", out _));
        Assert.True(model.TryGetProperty("explanation", out _));
    }

    [Fact]
    public async Task Nobody_at_all_is_asked_for_a_token_and_not_refused() =>
        await AssertProblemAsync(await fixture.Realm.NewClient(token: null).GetAsync("/test/services", Cancel), 401, "token_missing");

    [Fact]
    public async Task An_endpoint_that_names_two_permissions_needs_both()
    {
        Assert.Equal(HttpStatusCode.OK, (await GetAsync("/test/two", isService: false, "superuser", scope: null)).StatusCode);
        var problem = await AssertProblemAsync(
            await GetAsync("/test/two", isService: false, "staff", scope: null), 403, "permission_missing");
        Assert.Equal("book:view", problem.GetProperty("missingPermission").GetString());
    }

    private Task<HttpResponseMessage> GetAsync(string path, bool isService, string role, string? scope) =>
        Client(isService, role, scope).GetAsync(path, Cancel);

    private HttpClient Client(bool isService, string role, string? scope) =>
        fixture.Realm.NewClient(fixture.Realm.Mint(changes:
        [
            // A person's token never names its client twice.
            ("sub", $"{role}-{isService}"),
            ("client_id", isService ? "acme-reader" : null),
            ("preferred_username", isService ? null : role),
            ("resource_access", null),
            ("realm_access", new Dictionary<string, object>(StringComparer.Ordinal) { ["roles"] = new[] { role } }),
            ("scope", scope),
        ]));

    public sealed class Fixture : IAsyncLifetime
    {
        public ForgingRealm Realm { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Realm = await ForgingRealm.StartAsync(
            DatabaseEngine.Sqlite,
            services =>
            {
                services.AddScope("library:read", "Look at everything");
                services.AddScope("library:add", "Bring something in");
            },
            Map);

        public ValueTask DisposeAsync() => Realm.DisposeAsync();

        private static void Map(IEndpointRouteBuilder routes)
        {
            var test = routes.MapGroup("/test").RequireBearer();
            test.MapGet("/both", Ok).RequirePermission("book", "view");
            test.MapGroup("/services").OnlyServices().MapGet("/", Ok).RequirePermission("book", "view");
            test.MapGroup("/people").OnlyPeople().MapGet("/", Ok).RequirePermission("book", "view");
            test.MapGet("/two", Ok).RequirePermission("admin", "view").RequirePermission("book", "view");
            test.MapGet("/alternatives", Ok).RequirePermission("book", "view").RequireScopes("books:read library:add", " library:read ");
            test.MapGet("/required-writing", Ok).RequirePermission("book", "change").RequireScopes();
            test.MapGet("/anybody", Ok).RequireEnabledAccount().RequireScopes("library:read");
            test.MapGet("/anybody/unnamed", Ok).RequireEnabledAccount().RequireScopes();
            test.MapGet("/shown", Ok).RequirePermission("book", "view").WithMetadata(new RefusalPage(
                (_, _, decision) =>
                    TypedResults.Text($"{decision.Reason} {decision.Permission}", statusCode: StatusCodes.Status403Forbidden)));
            var required = test.MapGroup("/required").RequireScopes();
            required.MapGet("/", Ok).RequirePermission("book", "view");
            required.MapGet("/own", Ok).RequirePermission("book", "view").RequireScopes("library:read");
        }

        private static string Ok() => "in";
    }
}
