using System.Globalization;
using System.Text;
using KeycloakAccess.Authentication.BoundTokens;
using KeycloakAccess.Authentication.StepUp;
using KeycloakAccess.Hosting;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace KeycloakAccess.Authentication;

/// <summary>Says, for the module of permissions, which scopes the endpoint of a request needs; null where it needs none.</summary>
internal sealed record ChallengeScopes(Func<HttpContext, string?> Find);

/// <summary>
/// The header WWW-Authenticate: a challenge for each scheme that a token may come by (RFC 6750, section 3; RFC 9449, section 7.1), each
/// with the address of the metadata (RFC 9728, section 5.1). What is wrong stands in that of the scheme which the request has used.
/// </summary>
internal sealed class Challenges(
    IOptions<KeycloakOptions> options,
    IOptions<BoundTokenOptions> boundTokens,
    IOptions<ProtectedResourceOptions> resource,
    DpopNonces nonces,
    ChallengeScopes scopes)
{
    /// <summary>RFC 9449, section 7.1.</summary>
    public const string Dpop = "DPoP";

    private const string Bearer = "Bearer";

    public static bool UsesDpop(HttpRequest request) => HasScheme(request.Headers.Authorization.ToString(), Dpop);

    public static bool HasScheme(string header, string scheme) =>
        header.StartsWith(scheme, StringComparison.OrdinalIgnoreCase)
        && (header.Length == scheme.Length || !char.IsAsciiLetterOrDigit(header[scheme.Length]));

    /// <summary>For a request that nobody is known to have made.</summary>
    public void Add(HttpContext context, string? error = null, string? description = null)
    {
        if (boundTokens.Value.Dpop.RequireNonce)
        {
            context.Response.Headers[DpopNonces.Header] = nonces.Issue();
        }

        Add(context, new Challenge(error, description, scopes.Find(context)));
    }

    /// <summary>For a token that was issued for less (RFC 6750, section 3.1).</summary>
    public void AddInsufficientScope(HttpContext context, string scope) =>
        Add(context, new Challenge("insufficient_scope", Description: null, scope));

    /// <summary>For a token whose sign-in is not enough (RFC 9470, section 3).</summary>
    public void AddInsufficientAuthentication(HttpContext context, StepUpLack lack, StepUpRule rule) =>
        Add(context, new Challenge(
            ProblemCode.InsufficientUserAuthentication,
            lack == StepUpLack.Age ? "More recent authentication is required" : "A different authentication level is required",
            scopes.Find(context))
        {
            StepUp = rule,
        });

    private void Add(HttpContext context, Challenge challenge)
    {
        var nothingWrong = challenge with { Error = null, Description = null, StepUp = null };
        var usesDpop = UsesDpop(context.Request);
        var bearer = Write(context, Bearer, usesDpop ? nothingWrong : challenge);
        var dpop = Write(context, Dpop, usesDpop ? challenge : nothingWrong);
        context.Response.Headers[HeaderNames.WWWAuthenticate] =
            usesDpop ? new StringValues([dpop, bearer]) : new StringValues([bearer, dpop]);
    }

    private string Write(HttpContext context, string scheme, Challenge challenge)
    {
        var text = new StringBuilder($"{scheme} realm={HeaderText.Quote(options.Value.Realm)}");
        if (challenge.Error is not null)
        {
            text.Append($", error=\"{challenge.Error}\"");
        }

        if (challenge.Description is not null)
        {
            // A quotation mark would end it early, a backslash may not stand in it, and an arrow is no ASCII (RFC 6750, section 3).
            var description = challenge.Description.Replace('"', '\'').Replace('\\', '/').Replace('→', '>');
            text.Append($", error_description={HeaderText.Quote(description)}");
        }

        if (challenge.StepUp?.AcrValues is { } acr)
        {
            text.Append($", acr_values=\"{acr}\"");
        }

        if (challenge.StepUp?.MaxAgeSeconds is { } age)
        {
            text.Append(CultureInfo.InvariantCulture, $", max_age=\"{age}\"");
        }

        if (challenge.Scope is not null)
        {
            text.Append($", scope=\"{challenge.Scope}\"");
        }

        if (scheme == Dpop)
        {
            text.Append($", algs=\"{string.Join(' ', boundTokens.Value.Dpop.Accepted)}\"");
        }

        text.Append($", resource_metadata={HeaderText.Quote(ResourceMetadata.AddressOf(context.Request, resource.Value))}");
        return text.ToString();
    }

    private sealed record Challenge(string? Error, string? Description, string? Scope)
    {
        public StepUpRule? StepUp { get; init; }
    }
}
