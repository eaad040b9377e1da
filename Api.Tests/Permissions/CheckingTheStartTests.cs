using Api.Tests.Infrastructure;
using KeycloakAccess.Authentication;
using KeycloakAccess.Data;
using KeycloakAccess.Permissions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Api.Tests.Permissions;

/// <summary>
/// What an endpoint requires is checked before the first request: a name that does not exist would be a permission that
/// nobody has, and an endpoint without a word one that everybody may call. On a host that has nothing but one model.
/// </summary>
public sealed class CheckingTheStartTests
{
    [Theory]
    [InlineData("book", "view")]
    [InlineData("book", "delete")]
    public async Task A_permission_that_exists_passes(string model, string action) =>
        await CheckAsync(routes =>
            routes.MapGet("/test", Ok)
                .RequirePermission(model, action)
                .RequireScopes("books:read library:read", "books:write")
                .OnlyServices());

    [Theory]
    [InlineData("book", "veiw", "The permission book:veiw does not exist. Did you mean book:view?")]
    [InlineData("books", "view", "The permission books:view does not exist. Did you mean book:view?")]
    [InlineData("warehouse", "open", "The permission warehouse:open does not exist. Models are book.")]
    // A wildcard is granted, and never asked for.
    [InlineData("book", "*", "The permission book:* does not exist.")]
    [InlineData("*", "*", "The permission *:* does not exist.")]
    [InlineData("*", "view", "not of the form model:action")]
    public Task A_permission_that_does_not_exist_ends_the_start_with_the_nearest_name(string model, string action, string expected) =>
        AssertEndsAsync(routes => routes.MapGet("/test", Ok).RequirePermission(model, action), expected);

    [Fact]
    public Task An_endpoint_that_is_open_and_demands_a_permission_ends_the_start() => AssertEndsAsync(
        routes =>
            routes.MapGroup("/test").AllowAnonymous().MapGet("/", Ok).RequirePermission("book", "view"), "AllowAnonymous, which wins");

    [Fact]
    public Task Every_permission_of_an_endpoint_is_looked_at_not_only_the_last() =>
        AssertEndsAsync(
            routes => routes.MapGroup("").RequirePermission("book", "veiw").MapGet("/test", Ok).RequirePermission("book", "view"),
            "Did you mean book:view?");

    [Theory]
    [InlineData("books:raed", "The scope books:raed does not exist. Did you mean books:read?")]
    [InlineData("book:view", "The scope book:view does not exist.")]
    [InlineData("books:read openid", "The scope openid does not exist. Known: books:read, books:write, library:read.")]
    public Task A_scope_that_does_not_exist_ends_the_start_with_the_nearest_name(string set, string expected) =>
        AssertEndsAsync(routes => routes.MapGet("/test", Ok).RequirePermission("book", "view").RequireScopes("books:read", set), expected);

    [Fact]
    public Task The_scopes_of_a_route_group_are_looked_at_even_where_an_endpoint_has_its_own() =>
        AssertEndsAsync(
            routes =>
                routes.MapGroup("")
                    .RequireScopes("books:raed")
                    .MapGet("/test", Ok)
                    .RequirePermission("book", "view")
                    .RequireScopes("books:read"),
            "Did you mean books:read?");

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    public Task An_empty_set_of_scopes_ends_the_start(string set) =>
        AssertEndsAsync(
            routes => routes.MapGet("/test", Ok).RequirePermission("book", "view").RequireScopes("books:read", set),
            "an empty set of scopes, which any token would satisfy");

    [Fact]
    public Task An_endpoint_that_takes_tokens_and_sessions_apart_ends_the_start() =>
        AssertEndsAsync(
            routes => routes.MapGroup("").RequireBearer().MapGet("/test", Ok).RequireSession().RequirePermission("book", "view"),
            "Keep one; RequireBearerOrSession takes both");

    [Fact]
    public async Task An_endpoint_that_takes_both_at_once_passes() =>
        await CheckAsync(routes =>
            routes.MapGroup("").RequireBearerOrSession().MapGet("/test", Ok).RequirePermission("book", "view").RequireBearerOrSession());

    [Fact]
    public Task An_endpoint_for_nobody_ends_the_start() =>
        AssertEndsAsync(
            routes => routes.MapGroup("").OnlyPeople().MapGet("/test", Ok).RequireEnabledAccount().OnlyServices(),
            "it is for people only and for services only");

    [Fact]
    public async Task The_same_kind_said_twice_passes() =>
        await CheckAsync(routes => routes.MapGroup("").OnlyPeople().MapGet("/test", Ok).RequireEnabledAccount().OnlyPeople());

    [Fact]
    public Task An_endpoint_that_does_not_say_who_may_call_it_ends_the_start() =>
        AssertEndsAsync(
            routes => routes.MapGet("/test", Ok),
            "does not say who may call it: add RequirePermission, RequireEnabledAccount or AllowAnonymous.");

    [Fact]
    public Task Authentication_alone_says_nothing_of_who_may() =>
        AssertEndsAsync(routes => routes.MapGet("/test", Ok).RequireAuthorization(), "does not say who may call it");

    [Fact]
    public async Task An_endpoint_by_default_or_for_any_account_passes()
    {
        await CheckAsync(routes => routes.MapGet("/test", Ok).AllowAnonymous());
        await CheckAsync(routes => routes.MapGet("/test", Ok).RequireEnabledAccount());
    }

    [Fact]
    public async Task An_endpoint_of_a_route_group_is_built_once_however_often_it_is_read_after_the_check()
    {
        var times = 0;
        void Map(IEndpointRouteBuilder routes) => routes.MapGroup("/test").AllowAnonymous().MapGet("/", Ok).Finally(_ => times++);
        static void ReadTwice(IEndpointRouteBuilder routes) =>
            Assert.Same(
                Assert.Single(routes.DataSources.SelectMany(source => source.Endpoints)), Assert.Single(routes.DataSources).Endpoints[0]);

        await CheckAsync(Map, ReadTwice);

        Assert.Equal(1, times);
    }

    private static string Ok() => "in";

    private static async Task AssertEndsAsync(Action<IEndpointRouteBuilder> map, string expected)
    {
        var exception = await Assert.ThrowsAsync<InvalidOperationException>(() => CheckAsync(map));

        Assert.Contains(expected, exception.Message, StringComparison.Ordinal);
        // It names the endpoint, or the mistake would have to be searched for.
        Assert.Contains("HTTP: GET /test", exception.Message, StringComparison.Ordinal);
    }

    private static async Task CheckAsync(Action<IEndpointRouteBuilder> map, Action<IEndpointRouteBuilder>? then = null)
    {
        await using var place = await TestDatabase.CreateAsync(DatabaseEngine.Sqlite);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration["ConnectionStrings:Database"] = place.ConnectionString;
        builder.Services.AddSingleton(new MigrationValues("acme-api"));
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddData();
        builder.Services.AddPermissions();
        builder.Services.AddModel("book", "books", "Books");
        builder.Services.AddScope("library:read", "Look at everything");
        // The names that a new installation's groups hold.
        await using var app = builder.Build();
        await app.Services.GetRequiredService<Migrator>().MigrateAsync(TestContext.Current.CancellationToken);
        await using (var connection = await app.Services.GetRequiredService<Database>()
            .OpenToWriteAsync(TestContext.Current.CancellationToken))
        {
            await Dapper.SqlMapper.ExecuteAsync(
                connection, "DELETE FROM group_permissions WHERE permission NOT LIKE 'book:%' OR permission = 'book:publish'");
        }

        map(app);
        await ((IEndpointRouteBuilder)app).CheckPermissionsAsync(TestContext.Current.CancellationToken);
        then?.Invoke(app);
    }
}
