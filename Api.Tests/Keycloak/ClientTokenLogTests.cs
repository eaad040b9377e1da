using System.Net;
using System.Security.Cryptography;
using Api.Tests.Infrastructure;
using KeycloakAccess.Authentication;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Microsoft.IdentityModel.Tokens;

namespace Api.Tests.Keycloak;

/// <summary>
/// It is noted how the tokens of clients look, whether they are taken or not, as long as the realm has signed them; and its keys.
/// </summary>
public sealed class ClientTokenLogTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_token_is_noted_with_what_is_odd_about_it_and_a_forged_one_is_not()
    {
        await using var realm = await ForgingRealm.StartAsync();
        var log = realm.Services.GetRequiredService<ClientTokenLog>();
        await AskAsync(realm.Mint(changes: [("azp", "good"), ("scope", "openid books:read")]), HttpStatusCode.OK);
        await AskAsync(realm.Mint(changes: [("azp", "elsewhere"), ("aud", "other-api")]), HttpStatusCode.Unauthorized);
        // Signed by nobody whom the realm knows, under the name of a key that it has.
        realm.Key = new RsaSecurityKey(RSA.Create(2048)) { KeyId = "first" };
        await AskAsync(realm.Mint(changes: [("azp", "forged"), ("aud", "other-api")]), HttpStatusCode.Unauthorized);
        await AskAsync(realm.Mint(changes: [("azp", "forged-too")]), HttpStatusCode.Unauthorized);

        var clients = (await log.ListAsync(10, after: null, Cancel)).Items.ToDictionary(client => client.ClientId);

        Assert.Equal(["elsewhere", "good"], clients.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(ClientToken.Accepted, clients["good"].Code);
        Assert.Equal("openid books:read", clients["good"].Scopes);
        Assert.Equal("acme-api", clients["good"].Audiences);
        Assert.Equal(ClientToken.WrongAudience, clients["elsewhere"].Code);
        Assert.Equal("other-api", clients["elsewhere"].Audiences);

        // A page at a time: each of them once, who called last first.
        var (first, next) = await log.ListAsync(1, after: null, Cancel);
        var (second, end) = await log.ListAsync(1, ClientTokenLog.Keyset.Parse(next!.ToString()), Cancel);
        Assert.Equal(["elsewhere", "good"], [.. first.Concat(second).Select(client => client.ClientId)]);
        Assert.Null(end);

        async Task AskAsync(string token, HttpStatusCode expected) =>
            Assert.Equal(expected, (await realm.NewClient(token).GetAsync("/api/me", Cancel)).StatusCode);
    }

    [Fact]
    public async Task A_rotation_shows_in_when_the_keys_were_first_and_last_seen()
    {
        var clock = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var realm = await ForgingRealm.StartAsync(clock);
        var keys = realm.Services.GetRequiredService<RealmKeyLog>();
        await AskAsync();
        var first = Assert.Single(await keys.ListAsync(Cancel));
        Assert.Equal(("first", first.FirstSeenAt), (first.KeyId, first.LastSeenAt));

        realm.Key = new RsaSecurityKey(RSA.Create(2048)) { KeyId = "second" };
        realm.Keys = [realm.Key];
        clock.Advance(RealmMetadata.AtMostEvery);
        await AskAsync();

        var both = await keys.ListAsync(Cancel);
        Assert.Equal(["second", "first"], both.Select(key => key.KeyId));
        Assert.Equal(first.LastSeenAt + RealmMetadata.AtMostEvery, both[0].FirstSeenAt);
        Assert.Equal(first, both[1]);

        async Task AskAsync() =>
            Assert.Equal(HttpStatusCode.OK, (await realm.NewClient(realm.Mint()).GetAsync("/api/me", Cancel)).StatusCode);
    }
}
