using System.Net;
using Api.Tests.Infrastructure;
using Dapper;
using KeycloakAccess.Authentication;
using KeycloakAccess.Authentication.BoundTokens;
using KeycloakAccess.Data;
using KeycloakAccess.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace Api.Tests.BoundTokens;

/// <summary>For how long proofs and nonces are good, and that a proof was used is kept.</summary>
public sealed class ProofsInTimeTests : HttpTests, IAsyncLifetime
{
    private const string Url = "http://localhost/api/me";

    private readonly FakeTimeProvider _clock = new(DateTimeOffset.UtcNow);
    private readonly DpopKey _key = new();
    private ForgingRealm _realm = null!;

    public async ValueTask InitializeAsync() => _realm = await ForgingRealm.StartAsync(
        _clock,
        prepare: null,
        DatabaseEngine.Sqlite,
        addServices: null,
        mapEndpoints: null,
        ("BoundTokens:Dpop:RequireNonce", "true"),
        ("BoundTokens:Dpop:NonceLifetime", "00:02:00"));

    public async ValueTask DisposeAsync()
    {
        _key.Dispose();
        await _realm.DisposeAsync();
    }

    [Fact]
    public async Task A_nonce_that_ends_soon_is_replaced_and_one_that_is_over_is_refused()
    {
        var token = Mint();
        var nonce = await NonceAsync(token);

        Assert.Equal((HttpStatusCode.OK, null), await SendAsync(token, nonce));
        _clock.Advance(TimeSpan.FromSeconds(61));
        var (status, next) = await SendAsync(token, nonce);
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.NotEqual(nonce, next);
        _clock.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal(HttpStatusCode.Unauthorized, (await SendAsync(token, nonce)).Status);
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(token, next!)).Status);
    }

    [Fact]
    public async Task That_a_proof_was_used_is_kept_for_as_long_as_it_could_be_taken()
    {
        var token = Mint();
        var nonce = await NonceAsync(token);
        var used = _realm.Services.GetRequiredService<UsedProofs>();
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(token, nonce)).Status);
        Assert.Equal(1, await CountAsync());

        // 60 seconds, 10 of skew, and as long again as clocks of instances may be apart.
        _clock.Advance(TimeSpan.FromSeconds(70));
        await used.DeleteAsync(Cancel);
        Assert.Equal(1, await CountAsync());
        _clock.Advance(TimeSpan.FromSeconds(121));
        await used.DeleteAsync(Cancel);
        Assert.Equal(0, await CountAsync());
    }

    [Fact]
    public async Task It_is_deleted_in_the_background()
    {
        var token = Mint();
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(token, await NonceAsync(token))).Status);

        for (var attempt = 0; await CountAsync() > 0; attempt++)
        {
            Assert.True(attempt < 600, "The proof is still there.");
            _clock.Advance(UsedProofs.Every);
            await Task.Delay(20, Cancel);
        }
    }

    [Theory]
    [InlineData(-9, true)]
    [InlineData(-11, false)]
    [InlineData(69, true)]
    [InlineData(71, false)]
    public async Task A_proof_is_good_for_its_lifetime_and_the_skew_of_clocks(int age, bool passes)
    {
        var token = Mint();

        Assert.Equal(
            passes ? HttpStatusCode.OK : HttpStatusCode.Unauthorized, (await SendAsync(token, await NonceAsync(token), age)).Status);
    }

    [Fact]
    public async Task A_batch_of_writes_takes_what_is_new_in_it()
    {
        var used = _realm.Services.GetRequiredService<UsedProofs>();
        var proofs = Enumerable.Range(0, 50)
            .Select(_ => DpopProof.Parse(_key.Prove("GET", Url), SignatureAlgorithms.Verifiable, out string? _)!)
            .ToArray();

        var taken = await Task.WhenAll(proofs.Concat(proofs).Select(proof => used.TryUseAsync(proof, _clock.GetUtcNow(), Cancel)));

        Assert.Equal(50, taken.Count(isFirst => isFirst));
        Assert.Equal(50, await CountAsync());
    }

    private string Mint() => _realm.MintBound(_key, ("exp", _clock.GetUtcNow().AddHours(1).ToUnixTimeSeconds()));

    private async Task<string> NonceAsync(string token)
    {
        using var request = ForgedTokens.NewRequest("GET", Url, $"DPoP {token}", Prove(token, nonce: null, age: 0));
        var answer = await _realm.NewClient(token: null).SendAsync(request, Cancel);
        await AssertProblemAsync(answer, 401, ProblemCode.UseDpopNonce);
        return Assert.Single(answer.Headers.GetValues("DPoP-Nonce"));
    }

    private async Task<(HttpStatusCode Status, string? Nonce)> SendAsync(string token, string nonce, int age = 0)
    {
        using var request = ForgedTokens.NewRequest("GET", Url, $"DPoP {token}", Prove(token, nonce, age));
        var answer = await _realm.NewClient(token: null).SendAsync(request, Cancel);
        return (answer.StatusCode, answer.Headers.TryGetValues("DPoP-Nonce", out var next) ? Assert.Single(next) : null);
    }

    private string Prove(string token, string? nonce, int age) => _key.Prove("GET", Url, token, change: (_, claims) =>
    {
        claims["iat"] = (_clock.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0) - age;
        claims["nonce"] = nonce ?? "none";
    });

    private async Task<long> CountAsync()
    {
        await using var connection = await _realm.Services.GetRequiredService<Database>().OpenAsync(Cancel);
        return await connection.ExecuteScalarAsync<long>("SELECT COUNT(*) FROM used_dpop_proofs");
    }
}
