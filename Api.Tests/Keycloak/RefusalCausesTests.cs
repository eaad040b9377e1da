using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using Api.Tests.Infrastructure;
using Dapper;
using KeycloakAccess.Admin.RealmPages;
using KeycloakAccess.Authentication;
using KeycloakAccess.Data;
using KeycloakAccess.Permissions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.Tokens;

namespace Api.Tests.Keycloak;

/// <summary>
/// Whoever is refused for what Keycloak put into a token, or left out of it, reads which it is and the switch in Keycloak's console: in
/// the answer, in its header, and on the page of the realm.
/// </summary>
public sealed class RefusalCausesTests(ForgingRealmOnSqlite place) : ForgingRealmTests(place), IClassFixture<ForgingRealmOnSqlite>
{
    private const string Lightweight = "Always use lightweight access token: off";

    private static readonly Dictionary<string, object> Thumbprint = new(StringComparer.Ordinal)
    { ["x5t#S256"] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" };

    private static readonly Dictionary<string, (string Code, string Says, (string, object?)[] Changes)> Causes =
        new(StringComparer.Ordinal)
        {
            ["a lightweight token of a service"] = (ClientToken.Lightweight, Lightweight,
            [("jti", "trltcc:1"), ("aud", null), ("client_id", null), ("resource_access", null)]),
            ["a lightweight token of a person"] = (ClientToken.Lightweight, Lightweight,
            [("jti", "onltac:1"), ("aud", null), ("client_id", null), ("resource_access", null), ("sub", null), ("sid", "s")]),
            ["a lightweight token of a person with the audience"] = (ClientToken.Lightweight, Lightweight,
            [("jti", "onltac:1"), ("client_id", null), ("resource_access", null), ("sub", null)]),
            ["no audience"] = (ClientToken.WrongAudience, "has no audience", [("jti", "trrtcc:1"), ("aud", null)]),
            ["the switch of the audience mapper"] = (ClientToken.WrongAudience,
            "acme-api as Included Client Audience and Add to access token: on", [("aud", null)]),
            ["another audience"] = (ClientToken.WrongAudience, "has another audience", [("aud", new[] { "account", "other" })]),
            ["no subject"] = (ClientToken.NoSubject, "Client scopes → basic → Mappers → sub → Add to access token: on", [("sub", null)]),
            ["bound to a certificate"] =
                (ClientToken.Bound, "Mutual TLS Certificate Bound Access Tokens Enabled: off", [("cnf", Thumbprint)]),
            ["an ID token"] = (ClientToken.NotAccessToken, "Send the access_token", [("typ", "ID")]),
            ["issued in the future"] =
                (ClientToken.IssuedAhead, "in the future: Keycloak's clock is ahead", [("iat", TimeSpan.FromSeconds(90))]),
            ["two names of the client"] = (ClientToken.Malformed, "client_id and clientId differ", [("clientId", "another")]),
            ["a scope of another form"] = (ClientToken.Malformed, "scope or sid", [("scope", "a\tb")]),
        };

    public static TheoryData<string> Names => [.. Causes.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task The_answer_and_the_page_name_the_cause_and_its_switch(string name)
    {
        var (code, says, changes) = Causes[name];
        var client = $"client-{Guid.NewGuid()}";

        // The table is made when the tests are listed, and a time is meant from now on.
        var fromNow = changes.Select(change => change.Item2 is TimeSpan ahead ? (change.Item1, Seconds((long)ahead.TotalSeconds)) : change);
        var response = await AskAsync(Realm.Mint(changes: [("azp", client), ("client_id", client), .. fromNow]));

        var detail = (await AssertProblemAsync(response, 401, "invalid_token")).GetProperty("detail").GetString()!;
        Assert.Contains(says, detail, StringComparison.Ordinal);
        Assert.DoesNotContain(client, detail, StringComparison.Ordinal);
        // RFC 6750, section 3: an error_description is of ASCII, without quotation marks.
        Assert.Contains(says.Replace('→', '>'), Challenge(response), StringComparison.Ordinal);
        Assert.All(Challenge(response), character => Assert.InRange(character, ' ', '~'));
        Assert.DoesNotContain("%", Challenge(response), StringComparison.Ordinal);

        var seen = await FindAsync(client);
        Assert.Equal(code, seen.Code);
        var warnings = string.Join(' ', Warnings(seen));
        Assert.Contains(code == ClientToken.Malformed ? $"Clients → {client}" : says, warnings, StringComparison.Ordinal);
        Assert.DoesNotContain(TokenCauses.AnyClient, warnings, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_code_of_a_refused_token_has_a_cause_here_and_a_warning()
    {
        var codes = typeof(ClientToken).GetFields().Where(field => field.IsLiteral).Select(field => (string)field.GetRawConstantValue()!);

        Assert.Equal(
            codes.Except([ClientToken.Accepted]).Order(StringComparer.Ordinal),
            Causes.Values.Select(cause => cause.Code).Distinct().Order(StringComparer.Ordinal));
        await AskAsync(Realm.Mint());
        var accepted = await FindAsync("acme-reader");
        Assert.Empty(Warnings(accepted));
        Assert.All(codes.Except([ClientToken.Accepted, ClientToken.Lightweight]), code =>
            Assert.NotEmpty(Warnings(accepted with { Code = code })));
    }

    [Theory]
    [InlineData("EdDSA", "signed with EdDSA, which this service cannot verify")]
    [InlineData("Ed25519", "signed with EdDSA, which this service cannot verify")]
    [InlineData("HS512", "as refresh tokens are. Send the access_token")]
    [InlineData("none", "is not signed")]
    [InlineData("RS1", "does not know")]
    public async Task An_algorithm_that_cannot_be_verified_is_named_with_the_switch_for_it(string algorithm, string says)
    {
        var parts = Realm.Mint().Split('.');
        var header = System.Buffers.Text.Base64Url.EncodeToString(
            JsonSerializer.SerializeToUtf8Bytes(new { alg = algorithm, typ = "JWT", kid = "first" }));

        var detail = await DetailAsync(await AskAsync($"{header}.{parts[1]}.{parts[2]}"), 401);

        Assert.Contains(says, detail, StringComparison.Ordinal);
        if (algorithm != "none")
        {
            Assert.Contains("Access token signature algorithm: RS256 or ES256", detail, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task An_encrypted_token_is_said_to_be_one() => Assert.Contains(
        "ID token encryption key management algorithm: none",
        await DetailAsync(await AskAsync("eyJhbGciOiJSU0EtT0FFUCJ9.AA.AA.AA.AA"), 401),
        StringComparison.Ordinal);

    [Theory]
    [InlineData("exp", -400L, "has expired, 7 minutes ago by this service's clock")]
    [InlineData("exp", -30L, "seconds ago by this service's clock")]
    [InlineData("nbf", 200L, "not valid yet, for another 3 minutes")]
    [InlineData("iat", 400L, "issued 7 minutes in the future")]
    [InlineData("iat", 61L, "seconds in the future")]
    public async Task Clocks_that_are_apart_are_named_with_how_much(string claim, long seconds, string says)
    {
        var detail = await DetailAsync(await AskAsync(Realm.Mint(changes: [(claim, Seconds(seconds))])), 401);

        Assert.Contains(says, detail, StringComparison.Ordinal);
        Assert.Contains("clock", detail, StringComparison.Ordinal);
        Assert.Contains("NTP", detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_clock_that_is_ahead_by_less_than_a_minute_is_shown_on_the_page()
    {
        Assert.Equal(HttpStatusCode.OK, (await AskAsync(Realm.Mint(changes: [
            ("azp", "ahead"), ("client_id", "ahead"), ("iat", Seconds(50))]))).StatusCode);

        Assert.Contains(
            "in the future: Keycloak's clock is ahead",
            string.Join(' ', Warnings(await FindAsync("ahead"))),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("trltcc:1", null, Lightweight)]
    [InlineData("trrtcc:1", null, "Client scopes → roles → Mappers → realm roles and client roles → Add to access token: on")]
    [InlineData("trrtcc:1", null, "Full scope allowed: on")]
    [InlineData("trrtcc:1", "some-role", "Client scopes → roles → Mappers → client roles → Add to access token: on")]
    public async Task Who_is_refused_for_a_role_that_the_token_lacks_reads_why_it_lacks_it(string id, string? realmRole, string says)
    {
        var client = $"client-{Guid.NewGuid()}";
        var token = Realm.Mint(changes:
        [
            ("jti", id), ("azp", client), ("client_id", id.Contains("lt", StringComparison.Ordinal) ? null : client), ("sub", client),
            ("resource_access", null),
            ("realm_access", realmRole is null ? null : Roles(realmRole)),
        ]);

        var refused = await Realm.NewClient(token).GetAsync("/api/books", Cancel);
        Assert.Contains(says, await DetailAsync(refused, 403), StringComparison.Ordinal);
        var me = await JsonAsync(await AskAsync(token));
        Assert.Contains(says, Assert.Single(me.GetProperty("notes").EnumerateArray()).GetString(), StringComparison.Ordinal);
        var explained = await Realm.NewClient(token).GetAsync($"/api/access/explain?subject={client}&permission=book:view", Cancel);
        if (realmRole is null)
        {
            var note = (await JsonAsync(explained)).GetProperty("context").GetProperty("notes")[0].GetString();
            Assert.Contains(says, note, StringComparison.Ordinal);
            Assert.Contains(says, string.Join(' ', Warnings(await FindAsync(client))), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_lightweight_token_does_not_make_a_service_a_person()
    {
        var client = $"client-{Guid.NewGuid()}";
        await AskAsync(Realm.Mint(changes: [("sub", client), ("azp", client), ("client_id", client), ("iat", Seconds(-20))]));
        await AskAsync(Realm.Mint(changes: [
            ("sub", client), ("azp", client), ("client_id", null), ("jti", "trltcc:1"), ("iat", Seconds(-10))]));

        var known = await Realm.Services.GetRequiredService<SubjectStore>().FindAsync(client, Cancel);

        Assert.Equal(AccountKind.Service, known!.Kind);
    }

    [Fact]
    public async Task A_token_of_the_future_freezes_neither_names_nor_roles()
    {
        var subject = $"zoe-{Guid.NewGuid()}";
        await SayUntilWrittenAsync(58, "from-the-future");
        await SayAsync(-30, "of-before");
        Assert.Equal("realm role from-the-future", await RoleAsync());
        await Task.Delay(TimeSpan.FromMilliseconds(1100), Cancel);

        await SayUntilWrittenAsync(0, "of-now");

        Assert.Equal("realm role of-now", await RoleAsync());
        var known = (await Realm.Services.GetRequiredService<SubjectStore>().FindAsync(subject, Cancel))!;
        Assert.Equal("of-now", known.Username);

        // What an earlier version kept of a token of the future.
        await using (var connection = await Realm.Services.GetRequiredService<Database>().OpenToWriteAsync(Cancel))
        {
            await connection.ExecuteAsync(
                "UPDATE accounts SET names_issued_at = @at, roles_issued_at = @at WHERE subject = @subject",
                new { at = DateTimeOffset.UtcNow.AddYears(10), subject });
        }

        await SayUntilWrittenAsync(0, "later");
        Assert.Equal("realm role later", await RoleAsync());
        Assert.Equal("later", (await Realm.Services.GetRequiredService<SubjectStore>().FindAsync(subject, Cancel))!.Username);

        // What a token says anew is left to the next request where the database is busy.
        async Task SayUntilWrittenAsync(long seconds, string name)
        {
            for (var time = 0; time == 0 || (time < 10 && await RoleAsync() != $"realm role {name}"); time++)
            {
                await SayAsync(seconds, name);
            }
        }

        async Task SayAsync(long seconds, string name) => Assert.Equal(HttpStatusCode.OK, (await AskAsync(Realm.Mint(changes:
        [
            ("sub", subject), ("azp", name), ("client_id", name), ("iat", Seconds(seconds)), ("resource_access", null),
            ("realm_access", Roles(name)),
        ]))).StatusCode);

        async Task<string> RoleAsync() =>
            (await Realm.Services.GetRequiredService<SubjectStore>().FindAsync(subject, Cancel))!.Roles.Single().ToString();
    }

    private static Dictionary<string, object> Roles(string role) => new(StringComparer.Ordinal) { ["roles"] = new[] { role } };

    private static long Seconds(long fromNow) => DateTimeOffset.UtcNow.ToUnixTimeSeconds() + fromNow;

    private Task<HttpResponseMessage> AskAsync(string token) => Realm.NewClient(token).GetAsync("/api/me", Cancel);

    private static async Task<string> DetailAsync(HttpResponseMessage response, int status) =>
        (await AssertProblemAsync(response, status)).GetProperty("detail").GetString()!;

    private async Task<ClientToken> FindAsync(string client) =>
        (await Realm.Services.GetRequiredService<ClientTokenLog>().ListAsync(100, after: null, Cancel)).Items
            .Single(seen => seen.ClientId == client);

    private IEnumerable<string> Warnings(ClientToken token) =>
        ClientTokenWarnings.Find(token, "acme-api", Realm.Services.GetRequiredService<PermissionCatalogue>());
}

/// <summary>A realm may sign with whatever the library verifies; what it does not is named.</summary>
public sealed class RealmAlgorithmsTests : HttpTests
{
    public static TheoryData<string> Verifiable => [.. SignatureAlgorithms.Verifiable];

    [Theory]
    [MemberData(nameof(Verifiable))]
    public async Task Whatever_the_realms_key_is_for_is_accepted_without_being_configured(string algorithm)
    {
        await using var realm = await ForgingRealm.StartAsync(realm => Offer(realm, algorithm, named: true));

        Assert.Equal(HttpStatusCode.OK, (await AskAsync(realm, algorithm)).StatusCode);
        Assert.Equal(
            "ed is for EdDSA, which this service cannot verify",
            Assert.Single(realm.Services.GetRequiredService<RealmMetadata>().UnusedKeys).ToString());
        // The same key for another algorithm of its kind is not.
        if (!algorithm.StartsWith("ES", StringComparison.Ordinal))
        {
            var other = algorithm == "RS256" ? "RS384" : "RS256";
            Assert.Equal(HttpStatusCode.Unauthorized, (await AskAsync(realm, other)).StatusCode);
        }
    }

    [Theory]
    [InlineData("ES256")]
    [InlineData("ES384")]
    [InlineData("ES512")]
    public async Task The_curve_of_a_key_says_what_it_is_for(string algorithm)
    {
        await using var realm = await ForgingRealm.StartAsync(realm => Offer(realm, algorithm, named: false));

        Assert.Equal(HttpStatusCode.OK, (await AskAsync(realm, algorithm)).StatusCode);
    }

    [Fact]
    public async Task What_the_settings_do_not_list_is_refused_by_its_name()
    {
        await using var realm = await ForgingRealm.StartAsync(
            realm => Offer(realm, "ES384", named: true), ("Keycloak:token-algorithms:0", "RS256"));

        var detail = (await AssertProblemAsync(await AskAsync(realm, "ES384"), 401)).GetProperty("detail").GetString();

        Assert.Contains("signed with ES384, which Keycloak:token-algorithms does not list", detail, StringComparison.Ordinal);
        Assert.Contains("Access token signature algorithm", detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_that_is_not_used_is_named_to_whoever_comes_with_its_token()
    {
        using var weak = RSA.Create(1024);
        await using var realm = await ForgingRealm.StartAsync(realm =>
        {
            realm.Keys = [realm.Key, new RsaSecurityKey(weak) { KeyId = "weak" }];
            realm.Key = realm.Keys[1];
        });

        var detail = (await AssertProblemAsync(await AskAsync(realm, "RS256"), 401)).GetProperty("detail").GetString();

        Assert.Contains("has 1024 bits, of which there must be 2048", detail, StringComparison.Ordinal);
        Assert.Contains("Realm settings → Keys", detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_realm_without_a_key_that_can_be_used_is_not_said_to_be_away()
    {
        await using var realm = await ForgingRealm.StartAsync(realm => realm.KeySet = JsonSerializer.Serialize(
            new { keys = new[] { new { kid = "ed", kty = "OKP", crv = "Ed25519", x = "AA", alg = "EdDSA", use = "sig" } } }));

        var detail = (await AssertProblemAsync(await AskAsync(realm, "RS256"), 503, "realm_unreachable")).GetProperty("detail").GetString();

        Assert.Equal(
            "The realm cannot be used, so the token cannot be checked. The realm offers no key that can be used here: "
            + "ed is for EdDSA, which this service cannot verify. In Keycloak: Realm settings → Keys → Add providers: rsa-generated.",
            detail);
        using var page = new HttpRequestMessage(HttpMethod.Get, "/signin");
        page.Headers.Accept.ParseAdd("text/html");
        var answer = await realm.NewClient(null).SendAsync(page, Cancel);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Contains("ed is for EdDSA", await answer.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
    }

    private static void Offer(ForgingRealm realm, string algorithm, bool named)
    {
        realm.Key = algorithm switch
        {
            "ES256" => new ECDsaSecurityKey(ECDsa.Create(ECCurve.NamedCurves.nistP256)) { KeyId = "curve" },
            "ES384" => new ECDsaSecurityKey(ECDsa.Create(ECCurve.NamedCurves.nistP384)) { KeyId = "curve" },
            "ES512" => new ECDsaSecurityKey(ECDsa.Create(ECCurve.NamedCurves.nistP521)) { KeyId = "curve" },
            _ => realm.Key,
        };
        var key = new Dictionary<string, string>(ForgingRealm.Describe(realm.Key), StringComparer.Ordinal);
        if (named)
        {
            key["alg"] = algorithm;
        }

        realm.KeySet = JsonSerializer.Serialize(new
        {
            keys = new object[] { key, new { kid = "ed", kty = "OKP", crv = "Ed25519", x = "AA", alg = "EdDSA", use = "sig" } },
        });
    }

    private static Task<HttpResponseMessage> AskAsync(ForgingRealm realm, string algorithm) =>
        realm.NewClient(realm.Mint(algorithm)).GetAsync("/api/me", Cancel);
}
