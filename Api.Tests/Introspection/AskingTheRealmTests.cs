using System.Buffers.Text;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Api.Tests.BoundTokens;
using Api.Tests.Infrastructure;
using KeycloakAccess.Authentication;
using KeycloakAccess.Authentication.Introspection;
using KeycloakAccess.Data;
using KeycloakAccess.Hosting;
using KeycloakAccess.Permissions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace Api.Tests.Introspection;

/// <summary>Endpoints that ask the realm about tokens, beside one that does not.</summary>
public abstract class AskingTheRealmTests(ForgingRealmPlace place) : ForgingRealmTests(place)
{
    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        if (DateTimeOffset.UtcNow is var now && now > Realm.Clock.GetUtcNow())
        {
            Realm.Clock.SetUtcNow(now);
        }

        Realm.Introspect = (_, form) => Task.FromResult(Results.Json(ForgingRealm.ActiveOf(form["token"].ToString())));
    }

    [Fact]
    public async Task An_opaque_token_is_whose_the_realm_says_it_is()
    {
        const string Opaque = "opaque-0123456789";
        Answer(ForgingRealm.ActiveOf(Mint()));

        var me = await Realm.NewClient(Opaque).GetFromJsonAsync<JsonNode>("/asked/me", Cancel);

        Assert.Equal("11111111-1111-1111-1111-111111111111 Service acme-reader book-reader", me!["text"]!.GetValue<string>());
        await AssertProblemAsync(await Realm.NewClient(Opaque).GetAsync("/any", Cancel), 401, ProblemCode.InvalidToken);
        await AssertProblemAsync(await Realm.NewClient(Opaque).GetAsync("/live", Cancel), 401, ProblemCode.InvalidToken);
    }

    [Fact]
    public async Task Of_a_lightweight_token_the_answer_says_what_it_leaves_out()
    {
        var jti = $"onltac:{Guid.NewGuid()}";
        var full = Mint(changes:
        [
            ("jti", jti), ("client_id", null), ("azp", "acme-spa"), ("sid", "s1"), ("groups", new[] { "/staff" }),
            ("scope", "openid books:read"),
        ]);
        var light = Mint(changes:
        [
            ("jti", jti), ("client_id", null), ("azp", "acme-spa"), ("sid", "s1"), ("sub", null), ("aud", null), ("resource_access", null),
            ("iat", Number(full, "iat")), ("exp", Number(full, "exp")),
        ]);
        Answer(ForgingRealm.ActiveOf(full, ("username", "ada")));

        var me = await Realm.NewClient(light).GetFromJsonAsync<JsonNode>("/asked/me", Cancel);

        Assert.Equal("11111111-1111-1111-1111-111111111111 Person ada /staff book-reader", me!["text"]!.GetValue<string>());
        Assert.Equal("books:read openid", me["scopes"]!.GetValue<string>());
        await AssertProblemAsync(await Realm.NewClient(light).GetAsync("/live", Cancel), 401, ProblemCode.InvalidToken);
    }

    [Theory]
    [InlineData("/live")]
    [InlineData("/asked")]
    [InlineData("/under/path/after")]
    [InlineData("/under/path")]
    public async Task An_answer_is_used_for_a_while_and_no_longer(string path)
    {
        var token = Mint();
        var before = Realm.Introspections;
        for (var count = 0; count < 3; count++)
        {
            Assert.Equal(HttpStatusCode.OK, (await Realm.NewClient(token).GetAsync(path, Cancel)).StatusCode);
        }

        Assert.Equal(before + 1, Realm.Introspections);
        Realm.Introspect = (_, _) => Task.FromResult(Results.Json(new { active = false }));
        Realm.Clock.Advance(TimeSpan.FromSeconds(29));
        Assert.Equal(HttpStatusCode.OK, (await Realm.NewClient(token).GetAsync(path, Cancel)).StatusCode);
        Realm.Clock.Advance(TimeSpan.FromSeconds(1));

        for (var count = 0; count < 3; count++)
        {
            var refused = await Realm.NewClient(token).GetAsync(path, Cancel);
            await AssertProblemAsync(refused, 401, ProblemCode.InvalidToken);
            Assert.Contains("not active", refused.ChallengeOf("Bearer"), StringComparison.Ordinal);
        }

        Assert.Equal(before + 2, Realm.Introspections);
        // Beside it, the same token is good as long as it says.
        Assert.Equal(HttpStatusCode.OK, (await Realm.NewClient(token).GetAsync("/any", Cancel)).StatusCode);
    }

    [Theory]
    [InlineData("/live")]
    [InlineData("/asked")]
    public async Task An_answer_is_never_used_past_the_end_of_its_token(string path)
    {
        var token = Mint(changes: [("exp", Realm.Clock.GetUtcNow().ToUnixTimeSeconds() + 10)]);
        Assert.Equal(HttpStatusCode.OK, (await Realm.NewClient(token).GetAsync(path, Cancel)).StatusCode);

        Realm.Clock.Advance(TimeSpan.FromSeconds(11));

        var before = Realm.Introspections;
        await AssertProblemAsync(await Realm.NewClient(token).GetAsync(path, Cancel), 401, ProblemCode.InvalidToken);
        Assert.Equal(before, Realm.Introspections);
    }

    [Fact]
    public async Task An_opaque_token_ends_with_what_the_answer_says()
    {
        var opaque = $"opaque-{Guid.NewGuid()}";
        Answer(ForgingRealm.ActiveOf(Mint(changes: [("exp", Realm.Clock.GetUtcNow().ToUnixTimeSeconds() + 10)])));
        Assert.Equal(HttpStatusCode.OK, (await Realm.NewClient(opaque).GetAsync("/asked", Cancel)).StatusCode);

        Realm.Clock.Advance(TimeSpan.FromSeconds(11));

        await AssertProblemAsync(await Realm.NewClient(opaque).GetAsync("/asked", Cancel), 401, ProblemCode.InvalidToken);
    }

    [Theory]
    [InlineData("/live")]
    [InlineData("/asked")]
    public async Task Many_requests_at_once_with_one_token_ask_once(string path)
    {
        var token = Mint();
        var gate = new TaskCompletionSource();
        var before = Realm.Introspections;
        Realm.Introspect = async (_, form) =>
        {
            await gate.Task;
            return Results.Json(ForgingRealm.ActiveOf(form["token"].ToString()));
        };
        var waiting = Enumerable.Range(0, 20).Select(_ => Realm.NewClient(token).GetAsync(path, Cancel)).ToList();
        await UntilAsync(() => Realm.Introspections > before);
        gate.SetResult();

        Assert.All(await Task.WhenAll(waiting), answer => Assert.Equal(HttpStatusCode.OK, answer.StatusCode));
        Assert.Equal(before + 1, Realm.Introspections);
    }

    [Fact]
    public async Task What_is_refused_here_stays_refused_and_is_not_asked_about()
    {
        var before = Realm.Introspections;
        foreach (var token in new[]
        {
            Mint(changes: [("aud", "another-api")]), Jwt.Tamper(Mint()), Mint(changes: [("typ", "ID")]),
            Mint(changes: [("sub", null)]),
        })
        {
            await AssertProblemAsync(await Realm.NewClient(token).GetAsync("/live", Cancel), 401, ProblemCode.InvalidToken);
        }

        Assert.Equal(before, Realm.Introspections);
    }

    [Fact]
    public async Task A_token_of_another_issuer_is_not_shown_to_the_realm()
    {
        var before = Realm.Introspections;
        foreach (var token in new[]
        {
            Mint(changes: [("iss", "https://other.example.com/realms/acme")]),
            Mint(changes: [("exp", Realm.Clock.GetUtcNow().ToUnixTimeSeconds() - 1)]),
            $"{Base64Url.EncodeToString("""{"alg":"RS256"}"""u8)}.{Base64Url.EncodeToString("""{"iss":"a","iss":"b"}"""u8)}.AAAA",
        })
        {
            await AssertProblemAsync(await Realm.NewClient(token).GetAsync("/asked", Cancel), 401, ProblemCode.InvalidToken);
        }

        Assert.Equal(before, Realm.Introspections);
    }

    public static TheoryData<string, string?, string> WrongClaims => new()
    {
        { "iss", "\"https://other.example.com/realms/acme\"", "another issuer" },
        { "iss", null, "another issuer" },
        { "aud", "\"another-api\"", "another audience" },
        { "aud", null, "no audience" },
        { "azp", null, "azp" },
        { "sub", null, "sub" },
        { "typ", "\"ID\"", "not an access token" },
        { "typ", "\"Refresh\"", "not an access token" },
        { "typ", null, "not an access token" },
        { "exp", "1", "expired" },
        { "exp", null, "no end" },
        { "exp", "\"tomorrow\"", "not a time" },
        { "nbf", "4000000000", "never valid" },
        { "iat", "4000000000", "in the future" },
        { "sub", "[\"a\"]", "not a text" },
        { "scope", "[\"a\"]", "not a text" },
        { "resource_access", "\"all\"", "not of Keycloak" },
        { "realm_access", "{\"roles\":\"admin\"}", "not of Keycloak" },
        { "cnf", "{\"unknown\":\"x\"}", "bound to something" },
    };

    [Theory]
    [MemberData(nameof(WrongClaims))]
    public async Task An_answer_is_held_to_what_a_token_is_held_to(string claim, string? value, string says)
    {
        var answer = ForgingRealm.ActiveOf(Mint(), (claim, value is null ? null : JsonNode.Parse(value)));
        Answer(claim == "azp" ? Without(answer, "client_id") : answer);

        var refused = await Realm.NewClient($"opaque-{Guid.NewGuid()}").GetAsync("/asked", Cancel);

        await AssertProblemAsync(refused, 401, ProblemCode.InvalidToken);
        Assert.Contains(says, refused.ChallengeOf("Bearer"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sub", "\"22222222-2222-2222-2222-222222222222\"")]
    [InlineData("azp", "\"acme-writer\"")]
    [InlineData("jti", "\"trrtcc:other\"")]
    [InlineData("jti", null)]
    [InlineData("sid", "\"other\"")]
    [InlineData("exp", "4000000000")]
    [InlineData("iat", "1000000000")]
    [InlineData("client_id", "\"acme-writer\"")]
    public async Task An_answer_about_another_token_is_a_refusal_and_is_not_kept(string claim, string? value)
    {
        var token = Mint(changes: [("jti", $"trrtcc:{Guid.NewGuid()}"), ("sid", "s1")]);
        var honest = Realm.Introspect;
        foreach (var path in new[] { "/live", "/asked" })
        {
            Answer(ForgingRealm.ActiveOf(token, (claim, value is null ? null : JsonNode.Parse(value))));
            var refused = await Realm.NewClient(token).GetAsync(path, Cancel);
            await AssertProblemAsync(refused, 401, ProblemCode.InvalidToken);
            Assert.Contains("another token", refused.ChallengeOf("Bearer"), StringComparison.Ordinal);
        }

        Realm.Introspect = honest;
        Assert.Equal(HttpStatusCode.OK, (await Realm.NewClient(token).GetAsync("/live", Cancel)).StatusCode);
    }

    [Theory]
    [InlineData(200, "text/html", "<html>Sign in</html>")]
    [InlineData(200, "text/plain", """{"active":true}""")]
    [InlineData(200, "application/json", """{"active":"true"}""")]
    [InlineData(200, "application/json", """{"sub":"x"}""")]
    [InlineData(200, "application/json", """{"active":true,"active":true}""")]
    [InlineData(200, "application/json", """{"active":false,"active":true}""")]
    [InlineData(200, "application/json", """[true]""")]
    [InlineData(200, "application/json", """{"active":tr""")]
    [InlineData(200, "application/json", "")]
    [InlineData(204, "application/json", "")]
    [InlineData(302, "text/html", "")]
    [InlineData(400, "application/json", """{"error":"invalid_request"}""")]
    [InlineData(401, "application/json", """{"error":"invalid_client"}""")]
    [InlineData(403, "application/json", """{"error":"invalid_request"}""")]
    [InlineData(500, "application/json", """{"active":true}""")]
    public async Task What_is_no_answer_is_503_and_nobody_gets_in(int status, string type, string body)
    {
        var token = Mint();
        Realm.Introspect = (_, _) => Task.FromResult(
            status == 204 ? Results.NoContent() : Results.Text(body, type, statusCode: status));
        foreach (var path in new[] { "/live", "/asked" })
        {
            var answer = await Realm.NewClient(token).GetAsync(path, Cancel);
            await AssertProblemAsync(answer, 503, ProblemCode.RealmUnreachable);
            Assert.NotNull(answer.Headers.RetryAfter);
        }

        // It is not left alone yet, and nothing was kept.
        Realm.Introspect = (_, form) => Task.FromResult(Results.Json(ForgingRealm.ActiveOf(form["token"].ToString())));
        Assert.Equal(HttpStatusCode.OK, (await Realm.NewClient(token).GetAsync("/live", Cancel)).StatusCode);
    }

    [Fact]
    public async Task A_realm_that_does_not_answer_in_time_is_503()
    {
        var gate = new TaskCompletionSource();
        var before = Realm.Introspections;
        Realm.Introspect = async (_, _) =>
        {
            await gate.Task;
            return Results.Json(new { active = true });
        };
        var waiting = Realm.NewClient(Mint()).GetAsync("/asked", Cancel);
        await UntilAsync(() => Realm.Introspections > before);

        Realm.Clock.Advance(TimeSpan.FromSeconds(3));

        await AssertProblemAsync(await waiting, 503, ProblemCode.RealmUnreachable);
        gate.SetResult();
        await SucceedAsync();
    }

    [Fact]
    public async Task A_realm_that_fails_several_times_is_left_alone_and_tried_again_by_one()
    {
        await SucceedAsync();
        Realm.IsDown = true;
        try
        {
            var before = Realm.Introspections;
            for (var count = 0; count < 8; count++)
            {
                await AssertProblemAsync(
                    await Realm.NewClient(Mint()).GetAsync("/live", Cancel), 503, ProblemCode.RealmUnreachable);
            }

            Assert.Equal(before + 5, Realm.Introspections);
            Realm.Clock.Advance(TimeSpan.FromSeconds(10));
            for (var count = 0; count < 3; count++)
            {
                await AssertProblemAsync(
                    await Realm.NewClient(Mint()).GetAsync("/live", Cancel), 503, ProblemCode.RealmUnreachable);
            }

            Assert.Equal(before + 6, Realm.Introspections);
            // Nobody else is concerned.
            Assert.Equal(HttpStatusCode.OK, (await Realm.NewClient(Mint()).GetAsync("/any", Cancel)).StatusCode);
        }
        finally
        {
            Realm.IsDown = false;
            Realm.Clock.Advance(TimeSpan.FromSeconds(10));
        }

        await SucceedAsync();
        await SucceedAsync();
    }

    [Theory]
    [InlineData("/live")]
    [InlineData("/asked")]
    public async Task What_was_revoked_or_ended_here_is_refused_whatever_the_realm_says(string path)
    {
        var jti = $"trrtcc:{Guid.NewGuid()}";
        var token = Mint(changes: [("jti", jti)]);
        Assert.Equal(HttpStatusCode.OK, (await Realm.NewClient(token).GetAsync(path, Cancel)).StatusCode);

        await Database.WriteAsync(
            "INSERT INTO revocations (id, issuer, kind, value, revoked_at) VALUES (@id, @Issuer, 'token', @jti, @now)",
            new { id = Guid.NewGuid(), Realm.Issuer, jti, now = DateTimeOffset.UtcNow },
            Cancel);

        var refused = await Realm.NewClient(token).GetAsync(path, Cancel);
        await AssertProblemAsync(refused, 401, ProblemCode.InvalidToken);
        Assert.Contains("revoked here", refused.ChallengeOf("Bearer"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/live")]
    [InlineData("/asked")]
    public async Task A_bound_token_needs_its_proof_also_where_only_the_token_says_so(string path)
    {
        using var key = new DpopKey();
        foreach (var leavesOut in new[] { false, true })
        {
            var token = Realm.MintBound(key, ("jti", NewId()));
            Answer(leavesOut ? ForgingRealm.ActiveOf(token, ("cnf", null)) : ForgingRealm.ActiveOf(token));
            var url = $"http://localhost{path}";
            for (var count = 0; count < 2; count++)
            {
                await AssertProblemAsync(await Realm.NewClient(token).GetAsync(path, Cancel), 401, ProblemCode.InvalidToken);
                using var request = ForgedTokens.NewRequest("GET", url, $"DPoP {token}", Prove(key, url, token));
                Assert.Equal(HttpStatusCode.OK, (await Realm.NewClient(token: null).SendAsync(request, Cancel)).StatusCode);
            }
        }
    }

    // By the application's clock, which other tests may have moved on.
    private string Prove(DpopKey key, string url, string token) => key.Prove(
        "GET", url, token, change: (_, claims) => claims["iat"] = Realm.Clock.GetUtcNow().ToUnixTimeSeconds());

    [Fact]
    public async Task An_opaque_token_is_bound_by_the_answer()
    {
        using var key = new DpopKey();
        var opaque = $"opaque-{Guid.NewGuid()}";
        Answer(ForgingRealm.ActiveOf(Realm.MintBound(key, ("jti", NewId()))));
        const string Url = "http://localhost/asked";

        await AssertProblemAsync(await Realm.NewClient(opaque).GetAsync("/asked", Cancel), 401, ProblemCode.InvalidToken);
        using var other = new DpopKey();
        using var wrong = ForgedTokens.NewRequest("GET", Url, $"DPoP {opaque}", Prove(other, Url, opaque));
        await AssertProblemAsync(
            await Realm.NewClient(token: null).SendAsync(wrong, Cancel), 401, ProblemCode.InvalidToken);
        using var request = ForgedTokens.NewRequest("GET", Url, $"DPoP {opaque}", Prove(key, Url, opaque));
        Assert.Equal(HttpStatusCode.OK, (await Realm.NewClient(token: null).SendAsync(request, Cancel)).StatusCode);
    }

    [Fact]
    public async Task An_answer_that_binds_to_another_key_than_the_token_is_refused()
    {
        using var key = new DpopKey();
        using var other = new DpopKey();
        var token = Realm.MintBound(key, ("jti", NewId()));
        Answer(ForgingRealm.ActiveOf(token, ("cnf", new JsonObject { ["jkt"] = other.Thumbprint, ["kc-jkt-type"] = "DPoP" })));
        const string Url = "http://localhost/asked";
        using var request = ForgedTokens.NewRequest("GET", Url, $"DPoP {token}", Prove(other, Url, token));

        await AssertProblemAsync(
            await Realm.NewClient(token: null).SendAsync(request, Cancel), 401, ProblemCode.InvalidToken);
    }

    [Theory]
    [InlineData("\"gold\"", "gold")]
    [InlineData("[\"gold\"]", null)]
    [InlineData("1", null)]
    public async Task A_level_of_another_form_counts_as_none(string level, string? counts)
    {
        Answer(ForgingRealm.ActiveOf(Mint(), ("acr", JsonNode.Parse(level))));

        var me = await Realm.NewClient($"opaque-{Guid.NewGuid()}").GetFromJsonAsync<JsonNode>("/asked/me", Cancel);

        Assert.Equal(counts, me!["acr"]?.GetValue<string>());
    }

    [Fact]
    public async Task A_role_that_was_taken_away_is_gone_with_the_next_answer()
    {
        var token = Mint();
        Assert.Contains("book-reader", await TextOfMeAsync(token), StringComparison.Ordinal);
        Answer(ForgingRealm.ActiveOf(token, ("resource_access", null)));
        Assert.Contains("book-reader", await TextOfMeAsync(token), StringComparison.Ordinal);

        Realm.Clock.Advance(TimeSpan.FromSeconds(30));

        Assert.DoesNotContain("book-reader", await TextOfMeAsync(token), StringComparison.Ordinal);
    }

    // No two are one.
    private string Mint(params (string Name, object? Value)[] changes) => Realm.Mint(changes: [("jti", NewId()), .. changes]);

    private static string NewId() => $"trrtcc:{Guid.NewGuid()}";

    private Database Database => Realm.Services.GetRequiredService<Database>();

    private async Task<string> TextOfMeAsync(string token) =>
        (await Realm.NewClient(token).GetFromJsonAsync<JsonNode>("/live/me", Cancel))!["text"]!.GetValue<string>();

    private async Task SucceedAsync()
    {
        Realm.Introspect = (_, form) => Task.FromResult(Results.Json(ForgingRealm.ActiveOf(form["token"].ToString())));
        Assert.Equal(HttpStatusCode.OK, (await Realm.NewClient(Mint()).GetAsync("/live", Cancel)).StatusCode);
    }

    private void Answer(JsonObject answer) => Realm.Introspect = (_, _) => Task.FromResult(Results.Json(answer));

    private static JsonObject Without(JsonObject answer, string name)
    {
        answer.Remove(name);
        return answer;
    }

    private static long Number(string token, string claim) => Jwt.Decode(token).Number(claim);

    internal static async Task UntilAsync(Func<bool> condition)
    {
        while (!condition())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(10), Cancel);
        }
    }
}

public sealed class AskingTheRealmOnSqliteTests(AskingTheRealmOnSqliteTests.WithEndpoints place)
    : AskingTheRealmTests(place), IClassFixture<AskingTheRealmOnSqliteTests.WithEndpoints>
{
    public sealed class WithEndpoints() : AskingPlace(DatabaseEngine.Sqlite);
}

public sealed class AskingTheRealmOnPostgreSqlTests(AskingTheRealmOnPostgreSqlTests.WithEndpoints place)
    : AskingTheRealmTests(place), IClassFixture<AskingTheRealmOnPostgreSqlTests.WithEndpoints>
{
    public sealed class WithEndpoints() : AskingPlace(DatabaseEngine.PostgreSql);
}

public abstract class AskingPlace : ForgingRealmPlace
{
    private protected AskingPlace(DatabaseEngine engine)
        : base(() => ForgingRealm.StartAsync(
            new FakeTimeProvider(DateTimeOffset.UtcNow),
            prepare: null,
            engine,
            addServices: null,
            routes =>
            {
                routes.MapGet("/any", () => "").RequireBearer().RequireEnabledAccount();
                routes.MapGet("/live", () => "").RequireBearer().RequireEnabledAccount().RequireIntrospection();
                routes.MapGet("/asked", () => "").RequireBearer().RequireEnabledAccount().RequireIntrospection(IntrospectionUse.Instead);
                routes.MapGet("/live/me", Describe).RequireBearer().RequireEnabledAccount().RequireIntrospection();
                routes.MapGet("/asked/me", Describe).RequireBearer().RequireEnabledAccount()
                    .RequireIntrospection(IntrospectionUse.Instead);
                routes.MapGet("/under/path", () => "").RequireBearer().RequireEnabledAccount();
                routes.MapGet("/under/path/after", () => "").RequireBearer().RequireEnabledAccount();
            },
            ("Introspection:InsteadForPaths:0", "/under"),
            ("Introspection:AfterForPaths:0", "/under/path/after"),
            ("Introspection:Client:Credential:Secret", "acme-api-secret")))
    {
    }

    private static IResult Describe(Caller caller) => Results.Json(new
    {
        text = string.Join(' ', (string[])
        [
            caller.Identity.Subject, caller.Identity.Kind.ToString(), caller.Identity.Username ?? "",
            .. caller.Identity.Roles.Select(role => role.Name).Order(StringComparer.Ordinal),
        ]),
        acr = caller.Identity.Acr,
        scopes = string.Join(' ', caller.Identity.Scopes.Order(StringComparer.Ordinal)),
    });
}
