using System.Security.Claims;
using KeycloakAccess.Authentication.BoundTokens;
using KeycloakAccess.Data;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace KeycloakAccess.Authentication;

/// <summary>A caller whose token or session has been checked, as memory keeps them from one request to the next.</summary>
internal abstract class KnownCaller(KeycloakIdentity identity, ChangeState state)
{
    private volatile ChangeState _state = state;

    public KeycloakIdentity Identity => identity;

    /// <summary>When a session ends that nobody uses any more; none of a token.</summary>
    public virtual SessionEnd? End => null;

    /// <summary>What the module of permissions has made of the identity, and under which state.</summary>
    public object? Access { get; set; }

    /// <summary>The keys of <see cref="ChangeFeed"/> that end it: made when something has changed, not kept.</summary>
    protected abstract IEnumerable<string> EndedBy { get; }

    /// <summary>Whether nothing that ends it has been changed since it was checked.</summary>
    public bool IsGood(ChangeFeed feed, ChangeState now)
    {
        var checkedAt = _state;
        if (ReferenceEquals(checkedAt, now))
        {
            return true;
        }

        foreach (var key in EndedBy)
        {
            if (feed.HasChanged(key, checkedAt, now))
            {
                return false;
            }
        }

        // Two requests at once may leave the older one here, which is compared again.
        _state = now;
        return true;
    }
}

/// <summary>When a session ends, and whether using it makes that later.</summary>
internal sealed record SessionEnd(DateTimeOffset At, bool CanExtend);

/// <summary>
/// Of an access token, with the key that signed it, where it was checked here, and until when it is good by the clock of this service.
/// </summary>
internal sealed class KnownToken(
    KeycloakIdentity identity, string tokenKey, ChangeState state, JsonWebKey? key, DateTimeOffset until, ClientToken look)
    : KnownCaller(identity, state)
{
    public Reminder Notes { get; } = new(look.SeenAt);

    public JsonWebKey? Key => key;

    public DateTimeOffset Until => until;

    public ClientToken Look => look;

    /// <summary>What the realm said about it, where it was asked, in the form of a token without a signature.</summary>
    public string? Answer { get; init; }

    public TokenBinding? Binding { get; init; }

    /// <summary>Whether it alone never lets anybody in.</summary>
    public bool NeedsProof { get; init; }

    protected override IEnumerable<string> EndedBy => TokenEnds.KeysOf(Identity, tokenKey);
}

/// <summary>What is done once in each interval, by whichever of many requests comes first.</summary>
internal sealed class Reminder(DateTimeOffset last)
{
    private long _last = last.UtcTicks;

    public DateTimeOffset Last => new(Interlocked.Read(ref _last), TimeSpan.Zero);

    public bool IsDue(DateTimeOffset now, TimeSpan interval)
    {
        var before = Interlocked.Read(ref _last);
        return now.UtcTicks - before >= interval.Ticks && Interlocked.CompareExchange(ref _last, now.UtcTicks, before) == before;
    }
}

/// <summary>The user of a request, with what is known of them. The claims of a token are read only if something asks for them.</summary>
internal sealed class CallerIdentity : ClaimsIdentity
{
    private readonly string? _token;
    private IReadOnlyList<Claim>? _claims;

    public CallerIdentity(KnownCaller known, ChangeState state, string token)
        : base(Schemes.Bearer, "preferred_username", "none") =>
        (Known, State, _token) = (known, state, (known as KnownToken)?.Answer ?? token);

    public CallerIdentity(KnownCaller known, ChangeState state, IReadOnlyList<Claim> claims)
        : base(Schemes.SignIn, "preferred_username", "none") => (Known, State, _claims) = (known, state, claims);

    public KnownCaller Known { get; }

    /// <summary>What the caller was compared with at this request.</summary>
    public ChangeState State { get; }

    public override IEnumerable<Claim> Claims => base.Claims.Concat(_claims ??= [.. new JsonWebToken(_token!).Claims]);

    public static CallerIdentity? Of(HttpContext context) => context.User.Identity as CallerIdentity;
}
