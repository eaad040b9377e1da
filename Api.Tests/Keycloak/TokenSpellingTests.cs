using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Api.Tests.Infrastructure;
using CsCheck;
using KeycloakAccess.Authentication;

namespace Api.Tests.Keycloak;

/// <summary>A token has one spelling, and each claim that decides has one type. Every token here is signed as it stands.</summary>
public sealed class TokenSpellingTests(ForgingRealmOnSqlite place) : ForgingRealmTests(place), IClassFixture<ForgingRealmOnSqlite>
{
    private static readonly char[] Base64UrlAlphabet =
        [.. "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"];

    public static TheoryData<string> Texts => ["iss", "sub", "azp", "typ", "sid", "jti", "client_id", "scope", "preferred_username"];

    public static TheoryData<string> Instants => ["exp", "nbf", "iat", "auth_time"];

    [Fact]
    public async Task The_token_that_all_others_here_differ_from_passes() => await AssertPassesAsync(Sign(Header, Claims()));

    [Theory]
    [MemberData(nameof(Instants))]
    public async Task A_time_is_a_number_within_what_a_date_can_hold(string claim)
    {
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        string[] wrong =
        [
            $"\"{now + 300}\"", "\"\"", "null", "true", $"[{now + 300}]", "{}", "-1", "1e300", "253402300800", "99999999999999999999",
        ];
        foreach (var value in wrong)
        {
            await AssertRefusedAsync(Sign(Header, With(claim, value)), $"The token's {claim} is not a time");
        }
    }

    [Theory]
    [MemberData(nameof(Texts))]
    public async Task A_text_is_a_text(string claim)
    {
        foreach (var value in (string[])["1", "true", "null", "[\"acme-reader\"]", "{}", "[]"])
        {
            await AssertRefusedAsync(Sign(Header, With(claim, value)), $"The token's {claim} is not a text");
        }
    }

    [Theory]
    [InlineData("aud", "1")]
    [InlineData("aud", "{}")]
    [InlineData("aud", "[\"acme-api\",1]")]
    [InlineData("aud", "null")]
    [InlineData("groups", "{}")]
    [InlineData("groups", "[1]")]
    [InlineData("groups", "[[\"/operations\"]]")]
    [InlineData("realm_access", "\"{\\\"roles\\\":[\\\"superuser\\\"]}\"")]
    [InlineData("realm_access", "[{\"roles\":[\"superuser\"]}]")]
    [InlineData("realm_access", "{\"roles\":\"superuser\"}")]
    [InlineData("realm_access", "{\"roles\":[\"superuser\",1]}")]
    [InlineData("realm_access", "{\"roles\":{\"superuser\":true}}")]
    [InlineData("realm_access", "{\"roles\":null}")]
    [InlineData("realm_access", "null")]
    [InlineData("resource_access", "\"{}\"")]
    [InlineData("resource_access", "[]")]
    [InlineData("resource_access", "{\"acme-api\":[\"book-reader\"]}")]
    [InlineData("resource_access", "{\"acme-api\":{\"roles\":[null]}}")]
    [InlineData("resource_access", "{\"acme-api\":\"book-reader\"}")]
    public async Task What_roles_and_audiences_are_read_from_has_one_form(string claim, string value) =>
        await AssertRefusedAsync(Sign(Header, With(claim, value)), claim is "aud" or "groups" ? "aud or groups" : "not of Keycloak's form");

    [Fact]
    public async Task Header_and_claims_are_one_JSON_object_each_and_nothing_else()
    {
        var claims = Claims();
        foreach (var spoilt in Spoil(claims))
        {
            await AssertRefusedAsync(Sign(Header, spoilt), "cannot be read");
        }

        foreach (var spoilt in Spoil(Header))
        {
            await AssertRefusedAsync(Sign(spoilt, claims), "cannot be read");
        }
    }

    [Theory]
    [InlineData("alg", "1")]
    [InlineData("kid", "1")]
    [InlineData("kid", "[\"first\"]")]
    [InlineData("typ", "{}")]
    public async Task A_header_has_texts(string member, string value)
    {
        var header = JsonNode.Parse(Header)!.AsObject();
        header[member] = JsonNode.Parse(value);
        await AssertRefusedAsync(Sign(header.ToJsonString(), Claims()), "cannot be read");
    }

    [Theory]
    [InlineData("[\"exp\"]")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("\"exp\"")]
    public async Task An_extension_that_must_be_understood_is_not(string value) => await AssertRefusedAsync(
        Sign(Header[..^1] + $$""","crit":{{value}}}""", Claims()), "requires an extension");

    [Fact]
    public async Task Base64url_has_one_spelling()
    {
        var (header, claims) = (Encode(Header), Encode(Claims()));
        // Of two lengths, so that one has bits that nothing uses.
        foreach (var padded in new[] { Claims(), Claims() + " ", Claims() + "  " })
        {
            var part = Encode(padded);
            await AssertPassesAsync(Realm.Sign(header, part));
            var last = Array.IndexOf(Base64UrlAlphabet, part[^1]);
            var otherBits = part[..^1] + Base64UrlAlphabet[last ^ 1];
            if (part.Length % 4 != 0)
            {
                await AssertRefusedAsync(Realm.Sign(header, otherBits), "cannot be read");
            }
        }

        foreach (var (other, place) in new[]
        {
            (claims + "=", "at the end"), (claims + "==", "at the end"), (claims.Insert(8, "\n"), "inside"), (claims + "\n", "at the end"),
            (claims.Insert(8, " "), "inside"), (claims.Insert(8, "="), "inside"), (claims.Insert(4, "+"), "inside"),
            (claims.Insert(4, "/"), "inside"), (claims + "A", "at the end"), ("", "nothing"),
        })
        {
            // As an ID token and a logout token come too, which no header has been checked of.
            Assert.Null(CompactToken.Parse(Realm.Sign(header, other), out _));
            var (status, _) = await SendAsync("Bearer " + Realm.Sign(header, other));
            Assert.True(status == (other.Any(char.IsWhiteSpace) ? 400 : 401), $"{other.Length - claims.Length} characters more, {place}");
        }

        var token = Realm.Sign(header, claims);
        foreach (var other in new[]
        {
            token + "=", token + ".", "." + token, token + "." + claims, $"{header}.{claims}.", $"{header}.{claims}",
        })
        {
            Assert.Equal(401, (await SendAsync("Bearer " + other)).Status);
        }
    }

    [Theory]
    [InlineData("Bearer  {0}")]
    [InlineData("Bearer\t{0}")]
    [InlineData("Bearer \t{0}")]
    [InlineData("Bearer {0},Bearer {0}")]
    [InlineData("Bearer {0} x")]
    [InlineData("Bearer \"{0}\"")]
    [InlineData("Bearer")]
    [InlineData("Bearer ")]
    [InlineData("Bearer\u00a0{0}")]
    [InlineData("Bearer {0}\u0001")]
    [InlineData("Bearer \u007f{0}")]
    public async Task Between_scheme_and_token_stands_one_space(string form)
    {
        var header = form.Replace("{0}", Sign(Header, Claims()), StringComparison.Ordinal);
        // RFC 6750, section 3.1: a header of another form is a mistake in the request.
        Assert.Equal(form.TrimEnd() == "Bearer" ? 401 : 400, (await SendAsync(header)).Status);
    }

    [Fact]
    public async Task The_scheme_is_written_in_any_case() =>
        Assert.Equal(200, (await SendAsync("bEaReR " + Sign(Header, Claims()))).Status);

    [Fact]
    public void No_text_makes_the_reader_fail()
    {
        var alphabet = Gen.OneOf(Gen.Char, Gen.Char["{}[]\":,.=-_ AZaz09\\\u0000\f\n"]);
        Gen.Select(Gen.String[alphabet, 0, 60], Gen.String[alphabet, 0, 60], Gen.Bool).Sample(
            (header, claims, encoded) =>
            {
                var token = encoded ? $"{Encode(header)}.{Encode(claims)}.AA" : $"{header}.{claims}.AA";
                Assert.True(CompactToken.Parse(token, out var mistake) is null == mistake is not null);
            },
            iter: 20_000);
    }

    private static string Header => """{"alg":"RS256","typ":"JWT","kid":"first"}""";

    private static IEnumerable<string> Spoil(string json) =>
    [
        json + "{}", json + "\0", json + "\f", "\f" + json, json.Insert(1, "\f"), json + ",", json + "x", "\ufeff" + json,
        $"[{json}]", "\"x\"", "null", "", "{", json[..^1] + ",}", json.Insert(1, "/* */"), json + "// x",
        // The first member once more, as it is and with an escape in its name.
        json[..^1] + $",{json[1..json.IndexOf(',', StringComparison.Ordinal)]}}}",
        json[..^1] + $",\"\\u{(int)json[2]:x4}{json[3..json.IndexOf(',', StringComparison.Ordinal)]}}}",
        json[..^1] + ",\"a\":{\"b\":1,\"b\":1}}", json[..^1] + ",\"a\":\"\\ud800\"}", json[..^1] + ",\"\\udc00\":1}",
        json[..^1] + ",\"a\":NaN}", json[..^1] + ",\"a\":01}", json[..^1] + ",\"a\":'x'}", json[..^1] + ",\"a\":\"\u0001\"}",
    ];

    private string Claims() => Encoding.UTF8.GetString(Base64Url.DecodeFromChars(Realm.Mint().Split('.')[1]));

    private string With(string claim, string value)
    {
        var claims = JsonNode.Parse(Claims())!.AsObject();
        claims[claim] = JsonNode.Parse(value);
        return claims.ToJsonString();
    }

    private string Sign(string header, string claims) => Realm.Sign(Encode(header), Encode(claims));

    private static string Encode(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));

    // Past HttpClient, which would bring the header into order.
    private async Task<(int Status, string Body)> SendAsync(string authorization)
    {
        var context = await Realm.SendAsync(request =>
        {
            request.Path = "/api/me";
            request.Headers.Authorization = authorization;
        });
        using var reader = new StreamReader(context.Response.Body);
        return (context.Response.StatusCode, await reader.ReadToEndAsync(Cancel));
    }

    private async Task AssertPassesAsync(string token)
    {
        var (status, body) = await SendAsync("Bearer " + token);
        Assert.True(status == 200, body);
    }

    private async Task AssertRefusedAsync(string token, string because)
    {
        var (status, body) = await SendAsync("Bearer " + token);
        Assert.True(status == 401, $"{status}: {body}: {token}");
        Assert.Contains(because, JsonElement.Parse(body).GetProperty("detail").GetString(), StringComparison.Ordinal);
    }
}
