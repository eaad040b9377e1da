using System.Net;
using Api.Tests.Infrastructure;
using KeycloakAccess.Authentication;
using KeycloakAccess.Authentication.BoundTokens;
using KeycloakAccess.Data;
using KeycloakAccess.Hosting;
using KeycloakAccess.Permissions;
using Microsoft.AspNetCore.Builder;

namespace Api.Tests.BoundTokens;

/// <summary>An endpoint of an application that takes bound tokens only, beside one that takes any.</summary>
public sealed class RequiringBoundTokensTests(RequiringBoundTokensTests.WithEndpoints place)
    : ForgingRealmTests(place), IClassFixture<RequiringBoundTokensTests.WithEndpoints>
{
    [Fact]
    public async Task A_plain_token_is_taken_beside_it_and_refused_by_it_also_once_it_is_known()
    {
        var token = Realm.Mint();
        for (var count = 0; count < 3; count++)
        {
            Assert.Equal(HttpStatusCode.OK, (await Realm.NewClient(token).GetAsync("/any", Cancel)).StatusCode);
            var refused = await Realm.NewClient(token).GetAsync("/bound", Cancel);
            await AssertProblemAsync(refused, 401, ProblemCode.InvalidToken);
            Assert.Contains("must be bound", refused.ChallengeOf("Bearer"), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_bound_token_with_its_proof_is_taken_by_both()
    {
        using var key = new DpopKey();
        var token = Realm.MintBound(key);
        foreach (var path in new[] { "/any", "/bound" })
        {
            var url = "http://localhost" + path;
            using var request = ForgedTokens.NewRequest("GET", url, $"DPoP {token}", key.Prove("GET", url, token));
            Assert.Equal(HttpStatusCode.OK, (await Realm.NewClient(token: null).SendAsync(request, Cancel)).StatusCode);
        }
    }

    public sealed class WithEndpoints() : ForgingRealmPlace(() => ForgingRealm.StartAsync(
        DatabaseEngine.Sqlite,
        addServices: null,
        routes =>
        {
            routes.MapGet("/any", () => "").RequireBearer().RequireEnabledAccount();
            routes.MapGet("/bound", () => "").RequireBearer().RequireEnabledAccount().RequireBoundToken();
        }));
}
