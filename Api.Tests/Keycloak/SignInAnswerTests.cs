using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Api.Tests.Infrastructure;
using Microsoft.AspNetCore.Http;
using Microsoft.IdentityModel.Tokens;

namespace Api.Tests.Keycloak;

/// <summary>What a sign-in takes of a realm's answers, and what it refuses: each claim, each parameter, each form of a token.</summary>
public sealed class SignInAnswerTests(ForgingRealmOnSqlite place) : ForgingRealmTests(place), IClassFixture<ForgingRealmOnSqlite>
{
    private const string Page = "http://localhost/account";

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        Realm.ResetSignIn();
    }

    [Fact]
    public async Task An_honest_answer_signs_in()
    {
        using var browser = Realm.NewBrowser();

        var page = await browser.GetAsync(Page);

        Assert.Equal(HttpStatusCode.OK, page.Status);
        Assert.Equal(Page, page.Url.AbsoluteUri);
    }

    public static TheoryData<string, object?> Mistakes => new()
    {
        { "iss", "http://localhost:1/realms/acme" }, { "iss", null }, { "iss", 7 },
        { "aud", "acme-api" }, { "aud", null }, { "aud", new[] { "acme-api", "acme-spa" } },
        { "azp", "acme-spa" }, { "azp", null }, { "azp", 7 },
        { "sub", null }, { "sub", "" }, { "sub", 7 }, { "sub", new[] { "a", "b" } },
        { "typ", "Bearer" }, { "typ", "Logout" }, { "typ", null },
        { "nonce", null }, { "nonce", "" }, { "nonce", "another" }, { "nonce", 7 },
        { "exp", 1L }, { "exp", null }, { "exp", "tomorrow" },
        { "iat", null }, { "iat", "yesterday" },
        { "nbf", DateTimeOffset.UtcNow.AddHours(1).ToUnixTimeSeconds() },
        { "sid", 7 },
        { "at_hash", "of-another-token" },
    };

    [Theory]
    [MemberData(nameof(Mistakes))]
    public Task An_ID_token_that_is_not_for_this_sign_in_is_refused(string claim, object? value)
    {
        Realm.IdClaims = [(claim, value)];
        return AssertRefusedAsync();
    }

    [Theory]
    [InlineData("empty signature")]
    [InlineData("no signature")]
    [InlineData("alg none")]
    [InlineData("alg none, signed")]
    [InlineData("crit")]
    [InlineData("no alg")]
    [InlineData("HS256 by the client's secret")]
    [InlineData("another type")]
    [InlineData("unknown key")]
    [InlineData("another key of that id")]
    [InlineData("five parts")]
    [InlineData("absent")]
    [InlineData("a number")]
    public Task An_ID_token_of_another_form_is_refused(string form)
    {
        Realm.Redeem = members =>
        {
            var token = (string)members["id_token"]!;
            members["id_token"] = form == "a number" ? 7 : Forge(token, form);
            return Results.Json(members);
        };
        return AssertRefusedAsync();
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("DPoP")]
    [InlineData("mac")]
    [InlineData("N_A")]
    public Task A_token_response_that_is_not_of_bearer_tokens_is_refused(string? type)
    {
        Realm.Redeem = members =>
        {
            members["token_type"] = type;
            return Results.Json(members);
        };
        return AssertRefusedAsync();
    }

    [Fact]
    public async Task The_name_of_the_token_type_has_no_case()
    {
        // RFC 6749, section 5.1.
        Realm.Redeem = members =>
        {
            members["token_type"] = "bearer";
            return Results.Json(members);
        };
        using var browser = Realm.NewBrowser();

        Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync(Page)).Status);
    }

    [Theory]
    [InlineData(true, "missing", "issuer")]
    [InlineData(true, "empty", "issuer")]
    [InlineData(true, "other", "issuer")]
    [InlineData(true, "longer", "issuer")]
    [InlineData(true, "twice", "refused")]
    [InlineData(true, "right", null)]
    [InlineData(false, "missing", null)]
    [InlineData(false, "right", null)]
    [InlineData(false, "other", "issuer")]
    public async Task An_answer_of_another_realm_is_refused_before_its_code_is_used(bool announced, string issuer, string? reason)
    {
        await using var realm = await ForgingRealm.StartAsync(prepared => prepared.AnnouncesIssuer = announced);
        var redeemed = 0;
        realm.Redeem = members =>
        {
            redeemed++;
            return Results.Json(members);
        };
        realm.Respond = honest =>
        {
            var right = honest["iss"];
            honest["iss"] = issuer switch
            {
                "missing" => null,
                "empty" => "",
                "other" => "https://other.test/realms/acme",
                "longer" => right + "/",
                _ => right,
            };
            return issuer == "twice" ? honest.Append(new("iss", "https://other.test/realms/acme")) : honest;
        };
        using var browser = realm.NewBrowser();

        var page = await browser.GetAsync(Page);

        Assert.Equal(reason is null ? "/account" : $"/signin-failed?reason={reason}", page.Url.PathAndQuery);
        Assert.Equal(reason is null ? 1 : 0, redeemed);
        if (reason is "issuer")
        {
            Assert.Contains("did not come from the realm that was asked", page.Text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task An_error_of_another_realm_is_refused_too()
    {
        Realm.Respond = honest => [new("error", "access_denied"), new("state", honest["state"]), new("iss", "https://other.test")];
        using var browser = Realm.NewBrowser();

        Assert.Equal("/signin-failed?reason=issuer", (await browser.GetAsync(Page)).Url.PathAndQuery);
    }

    [Fact]
    public async Task After_a_key_rotation_at_the_realm_whoever_signs_in_does_so_at_once()
    {
        using var before = Realm.NewBrowser();
        Assert.Equal(HttpStatusCode.OK, (await before.GetAsync(Page)).Status);
        using var rsa = RSA.Create(2048);
        try
        {
            var second = new RsaSecurityKey(rsa) { KeyId = $"rotated-{Guid.NewGuid()}" };
            (Realm.Key, Realm.Keys) = (second, [second]);
            using var browser = Realm.NewBrowser();

            var page = await browser.GetAsync(Page);

            Assert.Equal(HttpStatusCode.OK, page.Status);
            Assert.Equal("/account", page.Url.AbsolutePath);
        }
        finally
        {
            Realm.ResetKeys();
        }
    }

    [Theory]
    [InlineData(500)]
    [InlineData(502)]
    [InlineData(503)]
    public async Task A_realm_that_cannot_redeem_the_code_now_is_an_outage(int status)
    {
        Realm.Redeem = _ => Results.Text("<html>maintenance</html>", "text/html", Encoding.UTF8, status);
        using var browser = Realm.NewBrowser();

        var page = await browser.GetAsync(Page);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, page.Status);
        Assert.Contains("Not available right now", page.Text, StringComparison.Ordinal);
        Assert.NotEmpty(page.Header("Retry-After")!);
    }

    [Fact]
    public async Task A_code_that_the_realm_knows_no_longer_is_a_sign_in_that_took_too_long()
    {
        Realm.Redeem = _ => Results.Json(
            new { error = "invalid_grant", error_description = "Code not valid" }, statusCode: StatusCodes.Status400BadRequest);
        using var browser = Realm.NewBrowser();

        Assert.Equal("/signin-failed?reason=expired", (await browser.GetAsync(Page)).Url.PathAndQuery);
    }

    private async Task AssertRefusedAsync()
    {
        using var browser = Realm.NewBrowser();

        var page = await browser.GetAsync(Page);

        Assert.Equal("/signin-failed", page.Url.AbsolutePath);
        Assert.DoesNotContain("reason=expired", page.Url.Query, StringComparison.Ordinal);
        Assert.Null(browser.Cookies["session"]);
    }

    private string? Forge(string token, string form)
    {
        var parts = token.Split('.');
        return form switch
        {
            "empty signature" => $"{parts[0]}.{parts[1]}.",
            "no signature" => $"{parts[0]}.{parts[1]}",
            "alg none" => $"{Header(header => header["alg"] = "none")}.{parts[1]}.",
            "alg none, signed" => Realm.Sign(Header(header => header["alg"] = "none"), parts[1]),
            "crit" => Realm.Sign(
                Header(header => (header["crit"], header["b64"]) = (new JsonArray("b64"), true)), parts[1]),
            "no alg" => Realm.Sign(Header(header => header.Remove("alg")), parts[1]),
            "HS256 by the client's secret" => Hmac(Header(header => header["alg"] = "HS256"), parts[1]),
            "another type" => Realm.Sign(Header(header => header["typ"] = "logout+jwt"), parts[1]),
            "unknown key" => Realm.Sign(Header(header => header["kid"] = "nobody's"), parts[1]),
            "another key of that id" => Foreign(parts[0], parts[1]),
            "five parts" => $"{token}.{parts[1]}.{parts[2]}",
            _ => null,
        };

        string Header(Action<JsonObject> change)
        {
            var header = JsonNode.Parse(Base64Url.DecodeFromChars(parts[0]))!.AsObject();
            change(header);
            return Base64Url.EncodeToString(Encoding.UTF8.GetBytes(header.ToJsonString()));
        }

        static string Hmac(string header, string claims) => $"{header}.{claims}." + Base64Url.EncodeToString(
            HMACSHA256.HashData(Encoding.UTF8.GetBytes("secret"), Encoding.UTF8.GetBytes($"{header}.{claims}")));

        static string Foreign(string header, string claims)
        {
            using var other = RSA.Create(2048);
            return $"{header}.{claims}." + Base64Url.EncodeToString(
                other.SignData(Encoding.UTF8.GetBytes($"{header}.{claims}"), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
        }
    }
}
