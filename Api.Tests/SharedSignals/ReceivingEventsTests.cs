using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Api.Tests.Infrastructure;
using Microsoft.IdentityModel.Tokens;

namespace Api.Tests.SharedSignals;

/// <summary>What a token must be to be taken as an event (RFC 8417, RFC 8935, SSF 1.0), and what is answered to another one.</summary>
public sealed class ReceivingEventsTests(RealmWithEvents place) : SignalTests(place), IClassFixture<RealmWithEvents>
{
    private const string Type = "application/secevent+jwt";

    [Fact]
    public async Task An_event_is_accepted_with_202_and_no_body()
    {
        var token = Token();
        Assert.Equal(HttpStatusCode.OK, await AskAsync(token));

        var answer = await PushAsync(Revoked());

        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        Assert.True(answer.Headers.CacheControl?.NoStore);
        Assert.Empty(await answer.Content.ReadAsByteArrayAsync(Cancel));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(token));
    }

    [Fact]
    public async Task What_a_transmitter_sends_besides_does_not_matter()
    {
        using var client = Realm.NewClient(null);
        client.DefaultRequestHeaders.Add("Idempotency-Key", "not in quotation marks");
        client.DefaultRequestHeaders.Add("Accept", "text/html");
        client.DefaultRequestHeaders.Add("Cookie", "session=x");
        client.DefaultRequestHeaders.Add("Origin", "https://elsewhere.example.com");

        await AcceptAsync(Revoked(), client);
        await AssertRefusedAsync(await PushAsync(Revoked(("aud", null)), client), "invalid_audience");
    }

    public static TheoryData<string, object?, string> Claims()
    {
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        const string request = "invalid_request";
        return new()
        {
            { "iss", null, request },
            { "iss", "", request },
            { "iss", 7, request },
            { "iss", "http://localhost:1/realms/acme", "invalid_issuer" },
            { "aud", null, "invalid_audience" },
            { "aud", "acme-api", "invalid_audience" },
            { "aud", "acme-signals", "invalid_audience" },
            { "aud", "acme-signals/", "invalid_audience" },
            { "aud", "acme-signals/other/1", "invalid_audience" },
            { "aud", "Acme-Signals/1", "invalid_audience" },
            { "aud", new[] { "acme-api", "acme-admin" }, "invalid_audience" },
            { "aud", Array.Empty<string>(), "invalid_audience" },
            { "aud", 7, request },
            { "iat", null, request },
            { "iat", "now", request },
            { "iat", now + 3600, request },
            { "iat", now - (8 * 24 * 3600), request },
            { "jti", null, request },
            { "jti", "", request },
            { "jti", 7, request },
            { "jti", new string('x', 256), request },
            // SSF 1.0, section 4.1.
            { "sub", "somebody", request },
            { "exp", now + 300, request },
            { "nonce", "n", request },
            { "txn", 7, request },
            { "toe", "now", request },
            { "toe", now + 3600, request },
            { "events", null, request },
            { "events", "x", request },
            { "events", new[] { "x" }, request },
            { "events", new Dictionary<string, object>(), request },
            { "events", new Dictionary<string, object> { ["session-revoked"] = new Dictionary<string, object>() }, request },
            { "events", new Dictionary<string, object> { [Caep + "session-revoked"] = "yes" }, request },
            { "events", new Dictionary<string, object> { [Caep + "session-revoked"] = new[] { "yes" } }, request },
            {
                "events",
                new Dictionary<string, object>
                {
                    [Caep + "session-revoked"] = new Dictionary<string, object>(),
                    [Risc + "account-disabled"] = new Dictionary<string, object>(),
                },
                request
            },
            { "sub_id", null, request },
            { "sub_id", "somebody", request },
            { "sub_id", new Dictionary<string, object>(), request },
            { "sub_id", new Dictionary<string, object> { ["format"] = "" }, request },
            { "sub_id", new Dictionary<string, object> { ["format"] = 7 }, request },
            { "sub_id", new Dictionary<string, object> { ["iss"] = "x", ["sub"] = "y" }, request },
            { "sub_id", new Dictionary<string, object> { ["format"] = "iss_sub", ["sub"] = "y" }, request },
            { "sub_id", new Dictionary<string, object> { ["format"] = "iss_sub", ["iss"] = "x", ["sub"] = "" }, request },
            { "sub_id", new Dictionary<string, object> { ["format"] = "iss_sub", ["iss"] = "x", ["sub"] = 7 }, request },
            { "sub_id", new Dictionary<string, object> { ["format"] = "opaque", ["id"] = "x", ["sub"] = "y" }, request },
            { "sub_id", new Dictionary<string, object> { ["format"] = "email", ["mail"] = "x" }, request },
            { "sub_id", new Dictionary<string, object> { ["format"] = "aliases" }, request },
            { "sub_id", new Dictionary<string, object> { ["format"] = "aliases", ["identifiers"] = Array.Empty<object>() }, request },
            { "sub_id", new Dictionary<string, object> { ["format"] = "aliases", ["identifiers"] = new[] { "x" } }, request },
            {
                "sub_id",
                new Dictionary<string, object>
                {
                    ["format"] = "aliases",
                    ["identifiers"] = new[] { new Dictionary<string, object> { ["format"] = "aliases" } },
                },
                request
            },
            { "sub_id", new Dictionary<string, object> { ["format"] = "complex" }, request },
            { "sub_id", new Dictionary<string, object> { ["format"] = "complex", ["user"] = "x" }, request },
            { "sub_id", Complex(Complex(Opaque("x"))), request },
        };
    }

    [Theory]
    [MemberData(nameof(Claims))]
    public async Task A_token_with_another_claim_is_refused(string claim, object? value, string error)
    {
        var token = Token();

        await AssertRefusedAsync(await PushAsync(Revoked((claim, value))), error);

        Assert.Equal(HttpStatusCode.OK, await AskAsync(token));
    }

    public static TheoryData<string, object> Details() => new()
    {
        { Caep + "session-revoked", new { event_timestamp = "now" } },
        { Caep + "session-revoked", new { event_timestamp = -1 } },
        // In milliseconds.
        { Caep + "session-revoked", new { event_timestamp = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() } },
        { Caep + "session-revoked", new { event_timestamp = DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 3600 } },
        { Caep + "session-revoked", new { initiating_entity = "somebody" } },
        { Caep + "session-revoked", new { initiating_entity = 7 } },
        { Caep + "session-revoked", new { subject = new { format = "opaque", id = "x" } } },
        { Caep + "credential-change", new { } },
        { Caep + "credential-change", new { credential_type = "password" } },
        { Caep + "credential-change", new { credential_type = "password", change_type = "lost" } },
        { Caep + "credential-change", new { change_type = "update" } },
        { Caep + "token-claims-change", new { } },
        { Caep + "token-claims-change", new { claims = "role" } },
        { Caep + "assurance-level-change", new { previous_level = "nist-aal2" } },
        { Ssf + "verification", new { state = 7 } },
        { Ssf + "stream-updated", new { } },
        { Ssf + "stream-updated", new { status = 7 } },
    };

    [Theory]
    [MemberData(nameof(Details))]
    public async Task An_event_that_does_not_say_what_its_type_demands_is_refused(string type, object details)
    {
        var token = Token();

        await AssertRefusedAsync(await PushAsync(Event(type, details)), "invalid_request");

        Assert.Equal(HttpStatusCode.OK, await AskAsync(token));
    }

    [Theory]
    [InlineData("""{"alg":"RS256","typ":"secevent+jwt","kid":"first","crit":["b64"],"b64":true}""", "invalid_request")]
    [InlineData("""{"alg":"RS256","typ":"secevent+jwt","kid":"first","kid":"first"}""", "invalid_request")]
    [InlineData("""{"alg":"RS256","typ":"JWT","kid":"first"}""", "invalid_request")]
    [InlineData("""{"alg":"RS256","typ":"at+jwt","kid":"first"}""", "invalid_request")]
    [InlineData("""{"alg":"RS256","typ":"logout+jwt","kid":"first"}""", "invalid_request")]
    [InlineData("""{"alg":"RS256","typ":"Secevent+JWT","kid":"first"}""", "invalid_request")]
    [InlineData("""{"alg":"RS256","kid":"first"}""", "invalid_request")]
    [InlineData("""{"typ":"secevent+jwt","kid":"first"}""", "invalid_request")]
    [InlineData("""{"alg":"none","typ":"secevent+jwt","kid":"first"}""", "invalid_key")]
    [InlineData("""{"alg":"HS256","typ":"secevent+jwt","kid":"first"}""", "invalid_key")]
    [InlineData("""{"alg":"EdDSA","typ":"secevent+jwt","kid":"first"}""", "invalid_key")]
    [InlineData("""{"alg":"RS512","typ":"secevent+jwt","kid":"first"}""", "invalid_key")]
    [InlineData("""{"alg":"RS256","typ":"secevent+jwt","kid":"other"}""", "invalid_key")]
    [InlineData("""{"alg":"RS256","typ":"secevent+jwt"}""", "invalid_key")]
    public async Task A_token_with_another_header_is_refused(string header, string error)
    {
        var token = Token();
        var forged = Realm.Sign(Base64Url.EncodeToString(Encoding.UTF8.GetBytes(header)), Revoked().Split('.')[1]);

        await AssertRefusedAsync(await PushAsync(forged), error);

        Assert.Equal(HttpStatusCode.OK, await AskAsync(token));
    }

    [Fact]
    public async Task A_signature_that_is_not_the_transmitters_is_refused()
    {
        var token = Token();

        await AssertRefusedAsync(await PushAsync(Jwt.Tamper(Revoked())), "invalid_key");
        await AssertRefusedAsync(await PushAsync(Jwt.Forge(Revoked())), "invalid_key");
        await AssertRefusedAsync(await PushAsync(Revoked()[..^10]), "invalid_key");

        Assert.Equal(HttpStatusCode.OK, await AskAsync(token));
    }

    [Fact]
    public async Task A_key_that_the_realm_has_just_begun_to_use_is_looked_for()
    {
        using var rsa = RSA.Create(2048);
        var next = new RsaSecurityKey(rsa) { KeyId = $"next-{Guid.NewGuid()}" };
        try
        {
            Realm.Keys = [.. Realm.Keys, next];
            Realm.Key = next;
            await AcceptAsync(Revoked());
        }
        finally
        {
            Realm.ResetKeys();
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData("application/jwt")]
    [InlineData("application/json")]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    public async Task Another_content_type_is_refused(string? type)
    {
        var token = Token();
        var description = await AssertRefusedAsync(await PushAsync(Encoding.UTF8.GetBytes(Revoked()), type, Secret), "invalid_request");

        Assert.Contains(Type, description, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, await AskAsync(token));
    }

    [Fact]
    public async Task The_content_type_may_be_written_otherwise() =>
        Assert.Equal(
            HttpStatusCode.Accepted,
            (await PushAsync(Encoding.UTF8.GetBytes(Revoked()), "Application/SecEvent+JWT; charset=utf-8", Secret)).StatusCode);

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("Bearer")]
    [InlineData("Bearer other-secret")]
    [InlineData("bearer push-secret")]
    [InlineData("Bearer push-secret2")]
    [InlineData("push-secret")]
    public async Task Without_the_header_of_the_stream_nothing_is_read(string? authorization)
    {
        var token = Token();

        await AssertRefusedAsync(await PushAsync(Encoding.UTF8.GetBytes(Revoked()), Type, authorization), "authentication_failed");

        Assert.Equal(HttpStatusCode.OK, await AskAsync(token));
    }

    [Fact]
    public async Task A_body_that_is_no_token_is_refused()
    {
        foreach (var body in (string[])
            ["", "x", "{}", "a.b.c", Revoked() + "\n", " " + Revoked(), "\"" + Revoked() + "\"", Revoked() + Revoked(), "ä.ö.ü"])
        {
            await AssertRefusedAsync(await PushAsync(body), "invalid_request");
        }

        // One that is encrypted (RFC 7516) has five parts.
        await AssertRefusedAsync(await PushAsync("eyJhbGciOiJSU0EtT0FFUCJ9.a.b.c.d"), "invalid_request");
        await AssertRefusedAsync(await PushAsync([0xff, 0xfe, 0x00], Type, Secret), "invalid_request");
    }

    [Fact]
    public async Task A_body_that_is_too_large_is_refused()
    {
        var description = await AssertRefusedAsync(await PushAsync(new string('x', (64 * 1024) + 1)), "invalid_request");

        Assert.Contains("65536 bytes", description, StringComparison.Ordinal);
        await AssertRefusedAsync(await PushAsync(new string('x', 3 * 1024 * 1024)), "invalid_request");
        // One of that size that is in order.
        await AcceptAsync(Revoked(("txn", new string('x', 40_000))));
    }

    [Fact]
    public async Task No_other_token_of_the_realm_is_an_event_whatever_it_says()
    {
        var token = Token();
        (string, object?)[] eventful =
        [
            ("aud", "acme-signals/1"), ("jti", Guid.NewGuid().ToString()), ("sub_id", Complex(Person(), Opaque(Session))),
            ("events", new Dictionary<string, object> { [Caep + "session-revoked"] = new Dictionary<string, object>() }),
        ];

        // An access token, one of RFC 9068, an ID token, and a logout token.
        await AssertRefusedAsync(await PushAsync(Realm.Mint(changes: eventful)), "invalid_request");
        await AssertRefusedAsync(await PushAsync(Realm.Mint(type: "at+jwt", changes: eventful)), "invalid_request");
        await AssertRefusedAsync(await PushAsync(Realm.MintId("n", eventful)), "invalid_request");
        await AssertRefusedAsync(
            await PushAsync(Realm.Mint(type: "logout+jwt", changes: [.. NoAccessToken, .. eventful])), "invalid_request");

        Assert.Equal(HttpStatusCode.OK, await AskAsync(token));
    }

    [Fact]
    public async Task An_event_is_no_access_token_no_logout_token_and_no_ID_token_whatever_it_says()
    {
        var token = Token();
        (string, object?)[] all =
        [
            ("aud", "acme-api"), ("sub", Subject), ("azp", "acme-reader"), ("typ", "Bearer"), ("exp", Now + 300), ("sid", Session),
        ];
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(Revoked()));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(Revoked(all)));

        var logout = Revoked(
        [
            .. all, ("aud", "acme-admin"), ("azp", null),
            ("events", new Dictionary<string, object>
            {
                ["http://schemas.openid.net/event/backchannel-logout"] = new Dictionary<string, object>(),
            }),
        ]);
        using var form = new FormUrlEncodedContent([new("logout_token", logout)]);
        Assert.Equal(HttpStatusCode.BadRequest, (await Realm.NewClient(null).PostAsync("/signout-backchannel", form, Cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, await AskAsync(token));

        Realm.Redeem = members =>
        {
            members["id_token"] = Revoked([.. all, ("aud", "acme-admin"), ("azp", "acme-admin"), ("typ", "ID")]);
            return Microsoft.AspNetCore.Http.Results.Json(members);
        };
        using var browser = Realm.NewBrowser();
        Assert.Equal("/signin-failed", (await browser.GetAsync("http://localhost/account")).Url.AbsolutePath);
    }

    [Fact]
    public async Task What_comes_again_is_accepted_and_does_nothing()
    {
        var revoked = Event(Caep + "session-revoked", new { }, ("sub_id", Person()));
        await SignInAsync();
        await AcceptAsync(revoked);
        // Under the same id, in the same second: it would end this one too.
        var later = await SignInAsync(session: $"later-{Session}");

        await AcceptAsync(revoked);

        Assert.Equal(HttpStatusCode.OK, await LookAsync(later));
        Assert.Single(await AuditAsync($"person-{Subject}"));
    }

    [Fact]
    public async Task A_refused_token_does_not_use_up_its_id()
    {
        var id = Guid.NewGuid().ToString();
        var token = Token();
        await AssertRefusedAsync(await PushAsync(Revoked(("jti", id), ("sub_id", null))), "invalid_request");

        await AcceptAsync(Revoked(("jti", id)));

        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(token));
    }

    [Fact]
    public async Task A_type_that_is_not_known_is_accepted_and_ignored()
    {
        var token = Token();

        await AcceptAsync(Event(
            "https://example.com/events/lunch", new { subject = "whatever", event_timestamp = "noon" }, ("sub_id", null)));
        await AcceptAsync(Event("urn:example:lunch", new { }));

        Assert.Equal(HttpStatusCode.OK, await AskAsync(token));
        // Nobody knows what it is, and yet whom it is about has a form.
        await AssertRefusedAsync(await PushAsync(Event("urn:example:lunch", new { }, ("sub_id", "x"))), "invalid_request");
    }

    [Fact]
    public async Task Beside_a_type_that_is_known_another_name_may_stand()
    {
        var token = Token();

        await AcceptAsync(Revoked(("events", new Dictionary<string, object>
        {
            ["urn:example:session-gone"] = new Dictionary<string, object>(),
            [Caep + "session-revoked"] = new Dictionary<string, object>(),
        })));

        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(token));
    }

    [Fact]
    public async Task The_verification_and_a_change_of_the_stream_are_accepted_as_Keycloak_sends_them()
    {
        var stream = Guid.NewGuid().ToString();
        await AcceptAsync(Event(Ssf + "verification", new { state = "opaque-1" }, ("sub_id", Opaque(stream))));
        await AcceptAsync(Event(Ssf + "verification", new { }, ("sub_id", Opaque(stream))));
        await AcceptAsync(Event(
            Ssf + "stream-updated",
            new { status = new { stream_id = stream, status = "paused", reason = "x" }, reason = "x" },
            ("sub_id", Opaque(stream))));
        // As SSF 1.0 has it.
        await AcceptAsync(Event(Ssf + "stream-updated", new { status = "enabled" }, ("sub_id", Opaque(stream))));
    }

    [Fact]
    public async Task While_the_realm_cannot_be_asked_for_a_key_that_is_not_known_nothing_is_decided()
    {
        await AcceptAsync(Revoked());
        var header = Base64Url.EncodeToString("""{"alg":"RS256","typ":"secevent+jwt","kid":"unheard-of"}"""u8);
        Realm.IsDown = true;
        try
        {
            var answer = await PushAsync(Realm.Sign(header, Revoked().Split('.')[1]));
            await AssertProblemAsync(answer, 503, "unavailable");
            // Those that are known are good for an hour.
            await AcceptAsync(Revoked());
        }
        finally
        {
            Realm.IsDown = false;
        }
    }

    [Fact]
    public async Task Where_no_events_are_taken_nothing_is_there()
    {
        await using var off = Realm.StartAnother(("SharedSignals:Delivery", "None"));
        using var client = off.NewClient();

        Assert.Equal(HttpStatusCode.NotFound, (await PushAsync(Revoked(), client)).StatusCode);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await Realm.NewClient(null).GetAsync("/ssf/events", Cancel)).StatusCode);
    }

    [Fact]
    public async Task Where_events_are_asked_for_none_may_be_pushed()
    {
        await using var polling = Realm.StartAnother(
            ("SharedSignals:Delivery", "Poll"),
            ("SharedSignals:Poll:Endpoint", $"{Realm.Url}/nothing-here"),
            ("SharedSignals:Poll:ClientId", "acme-signals"),
            ("SharedSignals:Poll:ClientSecret", "secret"));
        using var client = polling.NewClient();

        await AssertRefusedAsync(await PushAsync(Revoked(), client), "access_denied");
    }

    [Fact]
    public async Task Without_a_secret_the_signature_says_who_sends()
    {
        await using var open = Realm.StartAnother(("SharedSignals:Push:Authorization", ""));
        using var client = open.NewClient();

        Assert.Equal(
            HttpStatusCode.Accepted, (await PushAsync(Encoding.UTF8.GetBytes(Revoked()), Type, null, client)).StatusCode);
        await AssertRefusedAsync(await PushAsync(Jwt.Forge(Revoked()), client), "invalid_key");
    }

    [Fact]
    public async Task The_algorithms_are_those_that_the_settings_allow()
    {
        await using var strict = Realm.StartAnother(("Keycloak:token-algorithms:0", "ES256"));
        using var client = strict.NewClient();

        var description = await AssertRefusedAsync(await PushAsync(Revoked(), client), "invalid_key");

        Assert.Contains("Keycloak:token-algorithms", description, StringComparison.Ordinal);
    }
}
