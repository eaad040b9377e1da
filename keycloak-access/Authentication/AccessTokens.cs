using System.Collections.Concurrent;
using System.Security.Claims;
using BitFaster.Caching;
using BitFaster.Caching.Lfu;
using KeycloakAccess.Authentication.BoundTokens;
using KeycloakAccess.Authentication.Introspection;
using KeycloakAccess.Data;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace KeycloakAccess.Authentication;

/// <summary>Somebody, or why nobody: an exception that says so, which nobody has thrown.</summary>
internal readonly record struct CheckedToken(KnownToken? Known, ChangeState? State, Exception? Refusal)
{
    public static CheckedToken Refuse(Exception refusal) => new(Known: null, State: null, refusal);

    public static CheckedToken Refuse(string refusal) => Refuse(new SecurityTokenException(refusal));
}

/// <summary>
/// Checks access tokens: one passes only if it is an access token (RFC 6750) of this realm, for this API, in its lifetime, signed by a
/// current key with an accepted algorithm, of no session that has ended, and not revoked here. One that has passed is known by its hash
/// while all of that holds. Of one that is refused nothing is kept. Where the realm is to be asked,
/// <see cref="IntrospectedTokens"/> does so after that, or in its place. Whether a token comes from whom it was issued to,
/// <see cref="ProofOfPossession"/> says.
/// </summary>
internal sealed class AccessTokens(
    IOptions<KeycloakOptions> options,
    RealmMetadata metadata,
    TokenEnds ends,
    ChangeFeed feed,
    ClientTokenLog log,
    ProofOfPossession possession,
    IntrospectionRules rules,
    IntrospectedTokens introspected,
    RealmNotBefore notBefore,
    TimeProvider clock)
{
    // At once. Those that come most often stay.
    private const int MostKnown = 100_000;

    // In characters. A token that is larger than any that Keycloak issues for some hundred roles is checked each time.
    private const int LongestKnown = 16 * 1024;

    private const string AlgorithmSetting = $"Clients → {TokenCauses.AnyClient} → Advanced → "
        + "Fine grain OpenID Connect configuration → Access token signature algorithm";

    private static readonly TimeSpan NoteEvery = TimeSpan.FromMinutes(1);

    private static readonly JsonWebTokenHandler Handler = new() { MapInboundClaims = false };

    private readonly ICache<TokenHash, KnownToken> _known =
        new ConcurrentLfuBuilder<TokenHash, KnownToken>().WithCapacity(MostKnown).Build();

    // Many requests at once with one new token check it once.
    private readonly ConcurrentDictionary<TokenHash, Lazy<Task<CheckedToken>>> _checking = new();

    // A logout token has the header type logout+jwt; Keycloak writes at+jwt where the client asks for RFC 9068.
    private readonly TokenValidationParameters _parameters = NewParameters(options.Value, metadata);

    /// <summary>The token of a request, in the way that holds for its endpoint.</summary>
    /// <exception cref="System.Data.Common.DbException">Nobody knows whether the session of the token has ended.</exception>
    public async ValueTask<CheckedToken> CheckAsync(HttpContext context, string text)
    {
        var use = rules.Of(context);
        if (use != IntrospectionUse.Instead)
        {
            var token = await CheckHereAsync(text, context.RequestAborted);
            if (use == IntrospectionUse.None || token.Refusal is not null)
            {
                return token;
            }
        }

        return await introspected.CheckAsync(text, context.RequestAborted);
    }

    /// <summary>One that is known and good, where that needs no waiting and nothing besides.</summary>
    public CheckedToken? Find(HttpContext context, string text) => rules.Of(context) switch
    {
        IntrospectionUse.None => FindHere(text),
        IntrospectionUse.After => FindHere(text) is null ? null : introspected.Find(text),
        _ => introspected.Find(text),
    };

    private async ValueTask<CheckedToken> CheckHereAsync(string text, CancellationToken cancellationToken)
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

        // Whoever gives up ends it for nobody else.
        return await _checking.GetOrAdd(hash, NewCheck, text).Value.WaitAsync(cancellationToken);
    }

    private CheckedToken? FindHere(string text) =>
        _known.TryGet(TokenHash.Of(text), out var known) && !known.NeedsProof && feed.Confirmed() is { } state && IsGood(known, state)
            ? new CheckedToken(known, state, Refusal: null)
            : null;

    private bool IsGood(KnownToken known, ChangeState state)
    {
        var now = clock.GetUtcNow();
        if (now > known.Until || !metadata.IsCurrent(known.Key!) || notBefore.Refuses(known.Identity.IssuedAt)
            || !known.IsGood(feed, state))
        {
            return false;
        }

        if (known.Notes.IsDue(now, NoteEvery))
        {
            log.Add(known.Look with { SeenAt = now });
        }

        return true;
    }

    private Lazy<Task<CheckedToken>> NewCheck(TokenHash hash, string text) => new(async () =>
    {
        try
        {
            var token = await CheckAsync(text);
            if (token.Known is not null && text.Length <= LongestKnown)
            {
                _known.AddOrUpdate(hash, token.Known);
            }

            return token;
        }
        finally
        {
            _checking.TryRemove(hash, out _);
        }
    });

    private async Task<CheckedToken> CheckAsync(string text)
    {
        if (CompactToken.Parse(text, out var mistake) is not { } parsed)
        {
            return CheckedToken.Refuse(mistake!);
        }

        if (SignatureAlgorithms.FindMistake(parsed.Algorithm, options.Value.TokenAlgorithms, AlgorithmSetting) is { } algorithm)
        {
            return CheckedToken.Refuse(algorithm);
        }

        try
        {
            await metadata.EnsureKeyAsync(parsed.KeyId, CancellationToken.None);
        }
        catch (RealmUnreachableException exception)
        {
            return CheckedToken.Refuse(exception);
        }

        // Taken once: where the realm changes it meanwhile, the token is not known by the new one.
        if (metadata.FindKey(parsed.KeyId) is not { } key)
        {
            return CheckedToken.Refuse(WhyNoKey(parsed.KeyId));
        }

        if (SignatureAlgorithms.FindMistakeInSignature(text, parsed.Algorithm, key, options.Value.TokenAlgorithms) is { } forged)
        {
            return CheckedToken.Refuse(forged);
        }

        var token = new JsonWebToken(text);
        var result = await Handler.ValidateTokenAsync(token, ParametersOf(token));
        return result.IsValid ? await CheckAsync(token, key, parsed) : CheckedToken.Refuse(Explain(result.Exception, token));
    }

    // Of a token whose signature has been verified.
    private TokenValidationParameters ParametersOf(JsonWebToken token)
    {
        var parameters = _parameters.Clone();
        parameters.SignatureValidator = (_, _) => token;
        return parameters;
    }

    private async Task<CheckedToken> CheckAsync(JsonWebToken token, JsonWebKey key, CompactToken parsed)
    {
        var now = clock.GetUtcNow();
        var binding = possession.Read(parsed.Confirmation, out var refusal);
        refusal ??= TokenCauses.FindRefusal(token, binding is { Key: not null }, now);
        var identity = KeycloakIdentity.Read(new ClaimsPrincipal(new ClaimsIdentity(token.Claims, Schemes.Bearer)), out var mistake);
        if (identity is null)
        {
            refusal ??= new TokenRefusedException(
                string.IsNullOrEmpty(token.Subject) ? ClientToken.NoSubject : ClientToken.Malformed, mistake!);
        }

        identity = identity?.OfWellFormed(token);
        if (refusal is not null)
        {
            log.Add(token, identity, refusal.Code);
            return CheckedToken.Refuse(refusal);
        }

        if (notBefore.Refuses(identity!.IssuedAt))
        {
            return CheckedToken.Refuse(RealmNotBefore.Refusal);
        }

        // What changes while it is read counts as changed since.
        var state = await feed.CurrentAsync(CancellationToken.None);
        if (await ends.FindAsync(identity!, token.Id, CancellationToken.None) is { } end)
        {
            return CheckedToken.Refuse(end);
        }

        var look = log.Add(token, identity, ClientToken.Accepted);
        var until = new DateTimeOffset(token.ValidTo, TimeSpan.Zero) + options.Value.TokenClockSkew;
        var known = new KnownToken(identity!, ChangeFeed.Token(token.Id ?? ""), state, key, until, look)
        {
            Binding = binding,
            NeedsProof = binding is not null || possession.IsRequiredOf(identity!.ClientId),
        };
        return new CheckedToken(known, state, Refusal: null);
    }

    private Exception WhyNoKey(string? keyId) => metadata.WhyUnused(keyId) is { } mistake
        ? new SecurityTokenException($"The token is signed with a key of the realm that is not used here: it {mistake}. "
            + "In Keycloak: Realm settings → Keys → Add providers gives the realm another one.")
        : new SecurityTokenSignatureKeyNotFoundException();

    private Exception Explain(Exception exception, JsonWebToken token)
    {
        if (exception is not SecurityTokenInvalidAudienceException)
        {
            return exception;
        }

        var refusal = TokenCauses.ForAudience(token, options.Value.RequiredAudience);
        log.Add(token, identity: null, refusal.Code);
        return refusal;
    }

    /// <summary>What an access token for this API must be, whoever says what its claims are.</summary>
    public static TokenValidationParameters NewParameters(KeycloakOptions options, RealmMetadata metadata)
    {
        var parameters = metadata.NewParameters(options.RequiredAudience, "JWT", "at+jwt");
        parameters.ValidateAudience = options.VerifyTokenAudience;
        return parameters;
    }
}
