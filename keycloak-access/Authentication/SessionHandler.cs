using System.Globalization;
using System.Security.Claims;
using System.Text.Encodings.Web;
using KeycloakAccess.Data;
using KeycloakAccess.Hosting;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.Extensions.Options;

namespace KeycloakAccess.Authentication;

/// <summary>Endpoint metadata: how a route group answers a form that comes without a session. Without it, by problem details.</summary>
internal sealed record SignInAgain(Func<HttpContext, Task<IResult>> Answer);

/// <summary>Endpoint metadata: it is called by scripts and programs, which no redirect helps.</summary>
internal sealed class BearerOrSession;

/// <summary>
/// Endpoint metadata: it takes a session as it is. That is no use of it, and nobody asks Keycloak whether it is still good: whoever signs
/// out can do so while Keycloak is away.
/// </summary>
internal sealed class TakesSessionAsItIs;

internal sealed class SessionSchemeOptions : AuthenticationSchemeOptions
{
    public CookieBuilder Cookie { get; } = new() { HttpOnly = true, Path = "/", SameSite = SameSiteMode.Lax, IsEssential = true };
}

/// <summary>
/// A session whose cookie holds a random key and nothing else, so that it is short whoever signs in, and worth nothing once its row is
/// gone. The framework's cookie handler with a ticket store would keep the key of the session that was there before the sign-in.
/// </summary>
internal sealed class SessionHandler(
    IOptionsMonitor<SessionSchemeOptions> schemes,
    ILoggerFactory logger,
    UrlEncoder encoder,
    SessionStore sessions,
    SessionLimits limits,
    KnownSessions known,
    Challenges challenges,
    RequestCounters counters) : SignInAuthenticationHandler<SessionSchemeOptions>(schemes, logger, encoder)
{
    /// <summary>The claim for the id of the session's row, which no token carries into a session.</summary>
    public const string RowId = "session";

    /// <summary>The claim of a session that was opened without Keycloak, which no token carries into a session either.</summary>
    public const string BreakGlass = "break_glass";

    /// <summary>The property of a sign-in for the instant at which its ID token was asked for.</summary>
    private const string StartedAt = "started";

    /// <summary>The properties of a sign-in for how many seconds its tokens live.</summary>
    private const string ExpiresIn = "expires_in";
    private const string RefreshExpiresIn = "refresh_expires_in";

    /// <summary>Which of the sessions the request comes with.</summary>
    public static Guid? IdOf(ClaimsPrincipal principal) => Guid.TryParse(principal.FindFirst(RowId)?.Value, out var id) ? id : null;

    public static bool IsBreakGlass(ClaimsPrincipal principal) => principal.HasClaim(claim => claim.Type == BreakGlass);

    /// <summary>What the cookie of the request holds.</summary>
    public static string? FindKey(HttpContext context) => context.Request.Cookies[OptionsOf(context).Cookie.Name!];

    /// <summary>Gives the browser a session that is there already.</summary>
    public static void SetKey(HttpContext context, string key)
    {
        var options = OptionsOf(context);
        context.Response.Cookies.Append(options.Cookie.Name!, key, options.Cookie.Build(context));
        context.Response.Headers.CacheControl = "no-store";
    }

    private static SessionSchemeOptions OptionsOf(HttpContext context) =>
        context.RequestServices.GetRequiredService<IOptionsMonitor<SessionSchemeOptions>>().Get(Schemes.Session);

    public static void MarkStart(AuthenticationProperties properties, DateTimeOffset at) =>
        properties.Items[StartedAt] = at.ToString("O", CultureInfo.InvariantCulture);

    public static void MarkLives(AuthenticationProperties properties, string? expiresIn, string? refreshExpiresIn) =>
        (properties.Items[ExpiresIn], properties.Items[RefreshExpiresIn]) = (expiresIn, refreshExpiresIn);

    /// <summary>Whose session it was that the request's cookie was for, if it has ended no longer ago than that.</summary>
    public static async Task<ClaimsPrincipal?> FindFormerOwnerAsync(HttpContext context, TimeSpan ago)
    {
        var services = context.RequestServices;
        var options = services.GetRequiredService<IOptionsMonitor<SessionSchemeOptions>>().Get(Schemes.Session);
        return context.Request.Cookies[options.Cookie.Name!] is { } key
            && await services.GetRequiredService<SessionStore>().FindOwnerAsync(key, ago, context.RequestAborted) is { } owner
                ? new ClaimsPrincipal(new ClaimsIdentity(
                    [new Claim("iss", owner.Issuer), new Claim("sub", owner.Subject, ClaimValueTypes.String, owner.Issuer)],
                    Schemes.SignIn))
                : null;
    }

    public static bool HasCookie(HttpContext context) => context.Request.Cookies.ContainsKey(
        context.RequestServices.GetRequiredService<IOptionsMonitor<SessionSchemeOptions>>().Get(Schemes.Session).Cookie.Name!);

    private string? Key => Request.Cookies[Options.Cookie.Name!];

    private bool IsUse => Context.GetEndpoint()?.Metadata.GetMetadata<TakesSessionAsItIs>() is null;

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync() =>
        Key is { } key && await known.FindAsync(key, IsUse, Context.RequestAborted) is { } ticket
            ? AuthenticateResult.Success(ticket)
            : AuthenticateResult.NoResult();

    protected override async Task HandleSignInAsync(ClaimsPrincipal user, AuthenticationProperties? properties)
    {
        ArgumentNullException.ThrowIfNull(properties);
        var startedAt = DateTimeOffset.ParseExact(properties.Items[StartedAt]!, "O", CultureInfo.InvariantCulture);
        var kept = new AuthenticationProperties();
        // Keycloak ends its session without asking only if it gets the ID token back (RP-Initiated Logout 1.0, section 2).
        kept.StoreTokens([new AuthenticationToken { Name = "id_token", Value = properties.GetTokenValue("id_token")! }]);
        var tokens = SessionTokens.Create(startedAt, Seconds(properties, ExpiresIn), Seconds(properties, RefreshExpiresIn));
        var refreshToken = properties.GetTokenValue("refresh_token");
        var expiresAt = startedAt + limits.Lifetime;
        var session = new NewSession
        {
            Identity = KeycloakIdentity.Read(user, out var error) ?? throw new InvalidOperationException(error),
            StartedAt = startedAt,
            // Without a refresh token nobody hears what becomes of the session at Keycloak.
            ExpiresAt = refreshToken is null && tokens.Until < expiresAt ? tokens.Until : expiresAt,
            Ticket = new AuthenticationTicket(user, kept, Scheme.Name),
            Tokens = tokens,
            ReplacedKey = Key,
            Address = Context.Connection.RemoteIpAddress?.ToString(),
            UserAgent = Request.Headers.UserAgent.ToString(),
            RefreshToken = refreshToken,
        };
        if (await sessions.AddAsync(session, Context.RequestAborted) is not { } started)
        {
            // It has ended at Keycloak meanwhile. Without a cookie, the page that comes next asks to sign in.
            return;
        }

        DeleteFormerCookie();
        Response.Cookies.Append(Options.Cookie.Name!, started.Key, Options.Cookie.Build(Context));
        Response.Headers.CacheControl = "no-store";
        // A session of the same one at Keycloak ran out here, and Keycloak signed in without a question.
        if (!started.IsRenewal)
        {
            counters.CountInDay(RequestCounters.SignIns);
        }
    }

    /// <summary>Whoever signs out has ended the session before.</summary>
    protected override Task HandleSignOutAsync(AuthenticationProperties? properties)
    {
        DeleteFormerCookie();
        Response.Cookies.Delete(Options.Cookie.Name!, Options.Cookie.Build(Context));
        return Task.CompletedTask;
    }

    protected override async Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        var isData = Context.GetEndpoint()?.Metadata.GetMetadata<BearerOrSession>() is not null;
        var acceptsHtml = !isData && Request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase);
        if (acceptsHtml && HttpMethods.IsGet(Request.Method))
        {
            var page = OriginalPathBase + OriginalPath + Request.QueryString;
            Response.Redirect(BuildRedirectUri(SignInEndpoints.SignInPath + SignInEndpoints.ReturnTo(page)));
            return;
        }

        // For a part of a page, the page's script says that the session has ended: what is being typed stays.
        if (acceptsHtml
            && !Request.Headers.ContainsKey("HX-Request")
            && Context.GetEndpoint()?.Metadata.GetMetadata<SignInAgain>() is { } again)
        {
            await (await again.Answer(Context)).ExecuteAsync(Context);
            return;
        }

        if (isData)
        {
            challenges.Add(Context);
        }

        await Problem.Create(
            StatusCodes.Status401Unauthorized,
            ProblemCode.SessionMissing,
            $"You are not signed in, or your session has ended. Sign in at {SignInEndpoints.SignInPath}.")
            .ExecuteAsync(Context);
    }

    private static double? Seconds(AuthenticationProperties properties, string name) =>
        properties.Items.TryGetValue(name, out var text)
        && double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds)
            ? seconds
            : null;

    // Of the form of before, which came in pieces of 4 KiB that every request would carry on.
    private void DeleteFormerCookie()
    {
        if (Key?.StartsWith("chunks-", StringComparison.Ordinal) is true)
        {
            new ChunkingCookieManager().DeleteCookie(Context, Options.Cookie.Name!, Options.Cookie.Build(Context));
        }
    }
}
