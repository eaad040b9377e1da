using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Claims;
using System.Text.Json;
using BitFaster.Caching;
using BitFaster.Caching.Lfu;
using KeycloakAccess.Authentication.BoundTokens;
using KeycloakAccess.Data;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace KeycloakAccess.Authentication.Introspection;

/// <summary>
/// Access tokens by what the realm says about them. Its answer is held to what a token is held to that is checked here, it must be about
/// the very token, and what is revoked or ended here stays so. An answer is used for a while, active or not; many requests at once with one
/// token ask once.
/// </summary>
internal sealed partial class IntrospectedTokens(
    RealmIntrospection realm,
    RealmMetadata metadata,
    IOptions<KeycloakOptions> keycloak,
    IOptions<IntrospectionOptions> options,
    TokenEnds ends,
    ChangeFeed feed,
    ClientTokenLog log,
    ProofOfPossession possession,
    TimeProvider clock,
    ILogger<IntrospectedTokens> logger)
{
    private const int MostKnown = 100_000;

    // Kept apart: whoever makes tokens up pushes no good one out.
    private const int MostRefused = 10_000;

    // In characters. Longer ones are asked about each time.
    private const int LongestKnown = 16 * 1024;

    private const string Inactive =
        "The realm says that the token is not active: it has expired or was revoked, its session has ended, somebody was switched off, or "
        + "the token is not meant for this API. Get a new one. In Keycloak, a client learns about tokens only whose audience it is: "
        + "Clients → the calling client → Client scopes → its dedicated scope → Add mapper → By configuration → Audience, with Add to "
        + "token introspection: on.";

    private const string OfAnother = "The realm's answer is about another token than the one that it was asked about.";

    private static readonly TimeSpan NoteEvery = TimeSpan.FromMinutes(1);

    private static readonly JsonWebTokenHandler Handler = new() { MapInboundClaims = false };

    // What only the answer says of the token, and client_id, which a token has only if it is a service's.
    private static readonly string[] OfTheAnswer = ["active", "username", "token_type", "client_id", "jwt"];

    private static readonly string[] TextsToCompare = ["iss", "sub", "azp", "jti", "sid", "typ"];

    private static readonly string[] InstantsToCompare = ["exp", "iat"];

    private readonly ICache<TokenHash, KnownToken> _known =
        new ConcurrentLfuBuilder<TokenHash, KnownToken>().WithCapacity(MostKnown).Build();

    private readonly ICache<TokenHash, Refused> _refused =
        new ConcurrentLfuBuilder<TokenHash, Refused>().WithCapacity(MostRefused).Build();

    private readonly ConcurrentDictionary<TokenHash, Lazy<Task<CheckedToken>>> _asking = new();

    private readonly TokenValidationParameters _parameters = AccessTokens.NewParameters(keycloak.Value, metadata);

    /// <exception cref="System.Data.Common.DbException">Nobody knows whether the session of the token has ended.</exception>
    public async ValueTask<CheckedToken> CheckAsync(string text, CancellationToken cancellationToken)
    {
        var hash = TokenHash.Of(text);
        if (_known.TryGet(hash, out var known))
        {
            var state = await feed.CurrentAsync(cancellationToken);
            if (IsGood(known, state))
            {
                return new CheckedToken(known, state, Refusal: null);
            }

            _known.TryRemove(hash);
        }

        if (_refused.TryGet(hash, out var refused))
        {
            if (clock.GetUtcNow() < refused.Until)
            {
                return CheckedToken.Refuse(refused.Refusal);
            }

            _refused.TryRemove(hash);
        }

        // Whoever gives up ends it for nobody else.
        return await _asking.GetOrAdd(hash, NewQuestion, text).Value.WaitAsync(cancellationToken);
    }

    /// <summary>One that is known and good, where that needs no waiting and nothing besides.</summary>
    public CheckedToken? Find(string text) =>
        _known.TryGet(TokenHash.Of(text), out var known) && !known.NeedsProof && feed.Confirmed() is { } state && IsGood(known, state)
            ? new CheckedToken(known, state, Refusal: null)
            : null;

    private bool IsGood(KnownToken known, ChangeState state)
    {
        var now = clock.GetUtcNow();
        if (now >= known.Until || !known.IsGood(feed, state))
        {
            return false;
        }

        if (known.Notes.IsDue(now, NoteEvery))
        {
            log.Add(known.Look with { SeenAt = now });
        }

        return true;
    }

    private Lazy<Task<CheckedToken>> NewQuestion(TokenHash hash, string text) => new(async () =>
    {
        try
        {
            var keepUntil = clock.GetUtcNow() + options.Value.CacheFor;
            var token = await AskAsync(text, keepUntil);
            if (options.Value.CacheFor > TimeSpan.Zero && text.Length <= LongestKnown)
            {
                Keep(hash, token, keepUntil);
            }

            return token;
        }
        finally
        {
            _asking.TryRemove(hash, out _);
        }
    });

    private void Keep(TokenHash hash, CheckedToken token, DateTimeOffset until)
    {
        if (token.Known is not null)
        {
            _known.AddOrUpdate(hash, token.Known);
        }
        else if (token.Refusal is TokenRefusedException { ByRealm: true } refusal)
        {
            _refused.AddOrUpdate(hash, new Refused(refusal, until));
        }
    }

    private async Task<CheckedToken> AskAsync(string text, DateTimeOffset keepUntil)
    {
        using var own = ReadOwn(text, out var mistake);
        if (mistake is not null)
        {
            return CheckedToken.Refuse(mistake);
        }

        IntrospectionAnswer answer;
        try
        {
            answer = await realm.AskAsync(text);
        }
        catch (RealmUnreachableException exception)
        {
            return CheckedToken.Refuse(exception);
        }

        if (answer.Claims is not { } claims)
        {
            return RefuseByRealm("inactive", Inactive);
        }

        if (CompactToken.FindMistake(claims) is { } malformed)
        {
            return RefuseByRealm(ClientToken.Malformed, malformed);
        }

        if (own is not null && FindDifference(own.RootElement, claims) is { } different)
        {
            LogOfAnother(different);
            return CheckedToken.Refuse(OfAnother);
        }

        return await CheckAsync(claims, own?.RootElement, AlgorithmOf(text, own), keepUntil);
    }

    // A token that says itself that it is none for this API is not shown to the realm: it may be good elsewhere.
    private JsonDocument? ReadOwn(string text, out Exception? mistake)
    {
        mistake = null;
        if (text.Split('.') is not [var header, var payload, _])
        {
            return null;
        }

        using (var named = CompactToken.Decode(header) is { } bytes ? CompactToken.ParseObject(bytes) : null)
        {
            if (named is null)
            {
                return null;
            }
        }

        if (CompactToken.Parse(text, out var unreadable) is null)
        {
            mistake = new SecurityTokenException(unreadable);
            return null;
        }

        var claims = CompactToken.ParseObject(CompactToken.Decode(payload)!)!;
        if (TextIn(claims.RootElement, "iss") is { } issuer && issuer != keycloak.Value.Issuer)
        {
            mistake = new SecurityTokenInvalidIssuerException();
        }
        else if (InstantIn(claims.RootElement, "exp") is { } end
            && DateTimeOffset.UnixEpoch.AddSeconds(end) + keycloak.Value.TokenClockSkew is var last && last <= clock.GetUtcNow())
        {
            mistake = new SecurityTokenExpiredException { Expires = DateTimeOffset.UnixEpoch.AddSeconds(end).UtcDateTime };
        }

        return claims;
    }

    private static string AlgorithmOf(string text, JsonDocument? own) =>
        own is not null && CompactToken.Parse(text, out _) is { } parsed ? parsed.Algorithm : "none";

    // What the token says of itself, where it says it.
    private static string? FindDifference(JsonElement own, JsonElement answer) =>
        TextsToCompare.FirstOrDefault(name => TextIn(own, name) is { } text && text != TextIn(answer, name))
        ?? InstantsToCompare.FirstOrDefault(name => InstantIn(own, name) is { } instant && !instant.Equals(InstantIn(answer, name)))
        ?? (TextIn(answer, "client_id") is { } client && client != TextIn(answer, "azp") ? "client_id" : null);

    private async Task<CheckedToken> CheckAsync(JsonElement claims, JsonElement? own, string algorithm, DateTimeOffset keepUntil)
    {
        if (ReadConfirmation(claims, own, out var confirmation) is { } another)
        {
            LogOfAnother("cnf");
            return CheckedToken.Refuse(another);
        }

        var text = Write(claims, IsService(claims, own), algorithm);
        var token = new JsonWebToken(text);
        var parameters = _parameters.Clone();
        parameters.SignatureValidator = (_, _) => token;
        var result = await Handler.ValidateTokenAsync(token, parameters);
        if (!result.IsValid)
        {
            return Explain(result.Exception, token);
        }

        // By the clock that the answer is kept by: the library has its own.
        var over = new DateTimeOffset(token.ValidTo, TimeSpan.Zero) + keycloak.Value.TokenClockSkew;
        if (over <= clock.GetUtcNow())
        {
            return CheckedToken.Refuse(new SecurityTokenExpiredException { Expires = token.ValidTo });
        }

        var binding = possession.Read(confirmation, out var refusal);
        refusal ??= TokenCauses.FindRefusal(token, binding is { Key: not null }, clock.GetUtcNow());
        var identity = KeycloakIdentity.Read(new ClaimsPrincipal(new ClaimsIdentity(token.Claims, Schemes.Bearer)), out var error);
        if (identity is null)
        {
            refusal ??= new TokenRefusedException(
                string.IsNullOrEmpty(token.Subject) ? ClientToken.NoSubject : ClientToken.Malformed, error!);
        }

        if (refusal is not null)
        {
            log.Add(token, identity, refusal.Code);
            return RefuseByRealm(refusal.Code, refusal.Message);
        }

        // The answer leaves nothing out.
        identity = identity!.OfWellFormed(token) with { IsLightweight = false };
        // What changes while it is read counts as changed since.
        var state = await feed.CurrentAsync(CancellationToken.None);
        if (await ends.FindAsync(identity, token.Id, CancellationToken.None) is { } end)
        {
            return CheckedToken.Refuse(end);
        }

        var look = log.Add(token, identity, ClientToken.Accepted) with { IsLightweight = false };
        log.Add(look);
        var known = new KnownToken(
            identity, ChangeFeed.Token(token.Id ?? ""), state, key: null, over < keepUntil ? over : keepUntil, look)
        {
            Answer = text,
            Binding = binding,
            NeedsProof = binding is not null || possession.IsRequiredOf(identity.ClientId),
        };
        return new CheckedToken(known, state, Refusal: null);
    }

    // A token that says that it is bound stays bound, whatever the answer leaves out.
    private static SecurityTokenException? ReadConfirmation(JsonElement claims, JsonElement? own, out JsonElement? confirmation)
    {
        confirmation = claims.TryGetProperty("cnf", out var said) ? said : null;
        if (own is not { } token || !token.TryGetProperty("cnf", out var signed))
        {
            return null;
        }

        confirmation ??= signed;
        return JsonElement.DeepEquals(confirmation.Value, signed) ? null : new SecurityTokenException(OfAnother);
    }

    /// <summary>
    /// Keycloak writes <c>client_id</c> into every answer, and into the token of a service alone. Where the token does not say, its id
    /// tells how it was granted; where that does not either, the name that Keycloak gives to the account of a service.
    /// </summary>
    private static bool IsService(JsonElement claims, JsonElement? own)
    {
        var client = TextIn(claims, "azp");
        if (own is { } token && (TextIn(token, "client_id") ?? TextIn(token, "clientId")) is { } named)
        {
            return named == client;
        }

        var id = TextIn(claims, "jti");
        return id is [_, _, var lightweight, 't', var first, var second, ':', ..]
            ? (first, second) == ('c', 'c') && (lightweight == 'l' || own is null)
            : client is not null
                && TextIn(claims, "sid") is null
                && TextIn(claims, "username") == $"service-account-{client.ToLowerInvariant()}";
    }

    // As a token, which everything that reads tokens reads. Nobody takes it for one: it has no signature.
    private static string Write(JsonElement claims, bool isService, string algorithm)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartObject();
            foreach (var member in claims.EnumerateObject())
            {
                if (!OfTheAnswer.Contains(member.Name, StringComparer.Ordinal))
                {
                    member.WriteTo(writer);
                }
            }

            if (isService)
            {
                writer.WriteString("client_id", TextIn(claims, "azp"));
            }

            // Without the scope profile, the name is in the answer all the same.
            if (TextIn(claims, "preferred_username") is null && TextIn(claims, "username") is { } name)
            {
                writer.WriteString("preferred_username", name);
            }

            writer.WriteEndObject();
        }

        var header = JsonSerializer.SerializeToUtf8Bytes(
            new Dictionary<string, string>(StringComparer.Ordinal) { ["alg"] = algorithm, ["typ"] = "JWT" });
        return string.Create(
            CultureInfo.InvariantCulture, $"{Base64Url.EncodeToString(header)}.{Base64Url.EncodeToString(stream.ToArray())}.");
    }

    private CheckedToken Explain(Exception exception, JsonWebToken token)
    {
        if (exception is not SecurityTokenInvalidAudienceException)
        {
            return CheckedToken.Refuse(exception);
        }

        var text = token.Audiences.Any()
            ? TokenCauses.OtherAudience(TokenCauses.AnyClient, keycloak.Value.RequiredAudience)
            : TokenCauses.NoAudience(TokenCauses.AnyClient, keycloak.Value.RequiredAudience);
        log.Add(token, identity: null, ClientToken.WrongAudience);
        return RefuseByRealm(ClientToken.WrongAudience, text);
    }

    private static CheckedToken RefuseByRealm(string code, string message) =>
        CheckedToken.Refuse(new TokenRefusedException(code, message) { ByRealm = true });

    private static string? TextIn(JsonElement claims, string name) =>
        claims.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static double? InstantIn(JsonElement claims, string name) =>
        claims.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : null;

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "The realm's answer about a token was about another one: they differ in {Claim}. The token was refused")]
    private partial void LogOfAnother(string claim);

    private sealed record Refused(TokenRefusedException Refusal, DateTimeOffset Until);
}
