using KeycloakAccess.Hosting;
using Microsoft.Extensions.Options;

namespace KeycloakAccess.Authentication.StepUp;

/// <summary>Whether the sign-in is enough that a token or a session comes from, and what is said where it is not (RFC 9470).</summary>
internal sealed class StepUpCheck(
    IOptions<StepUpOptions> options, Challenges challenges, StepUpLink link, TimeProvider clock)
{
    private readonly StepUpRule? _configured = options.Value.Rule;

    /// <summary>The rule of the endpoint that the caller does not meet.</summary>
    public StepUpRule? Find(HttpContext context, KeycloakIdentity identity) =>
        context.GetEndpoint()?.Metadata is { } metadata ? Find(RuleOf(metadata), context, identity) : null;

    /// <summary>The rule of the settings, where the caller does not meet it.</summary>
    public StepUpRule? FindConfigured(HttpContext context, KeycloakIdentity identity) => Find(_configured, context, identity);

    public StepUpRule? Find(StepUpRule? rule, HttpContext context, KeycloakIdentity identity) =>
        rule is not null
        && !(rule.IsForChangesOnly && IsRead(context.Request.Method))
        && rule.FindLack(identity, clock.GetUtcNow()) != StepUpLack.None
            ? rule
            : null;

    /// <summary>What an endpoint asks for; the settings stand for those that say so.</summary>
    public StepUpRule? RuleOf(EndpointMetadataCollection metadata) =>
        metadata.GetMetadata<StepUpRule>()
        ?? (metadata.GetMetadata<StepUpAsConfigured>() is not null && _configured is { } rule
            ? rule with { IsForChangesOnly = true }
            : null);

    /// <summary>Sends a person in a browser to Keycloak, and tells everybody else what is missing.</summary>
    public async Task<IResult> AnswerAsync(HttpContext context, KeycloakIdentity identity, StepUpRule rule)
    {
        if (identity.IsSession && AsksForPage(context))
        {
            if (IsRead(context.Request.Method))
            {
                return TypedResults.Redirect(link.SignIn(context, rule, PageOf(context)));
            }

            if (context.GetEndpoint()?.Metadata.GetMetadata<StepUpPage>() is { } page)
            {
                return await page.Answer(context, identity, rule);
            }
        }

        return Refuse(context, identity, rule);
    }

    /// <summary>By 401 and the challenge of RFC 9470, section 3.</summary>
    public IResult Refuse(HttpContext context, KeycloakIdentity identity, StepUpRule rule)
    {
        if (RateLimits.Of(context).CheckRefused(context) is { } tooMany)
        {
            return tooMany;
        }

        var lack = rule.FindLack(identity, clock.GetUtcNow());
        challenges.AddInsufficientAuthentication(context, lack, rule);
        var detail = Explain(identity, rule);
        return identity.IsSession
            ? Problem.Create(
                StatusCodes.Status401Unauthorized,
                ProblemCode.InsufficientUserAuthentication,
                $"{detail} Open the address of signIn in the browser, with the page to come back to as {SignInEndpoints.ReturnUrl}.",
                ("signIn", link.SignIn(context, rule, page: null)))
            : Problem.Create(
                StatusCodes.Status401Unauthorized,
                ProblemCode.InsufficientUserAuthentication,
                $"{detail} Ask Keycloak for a token anew, by a sign-in with {Parameters(rule)} (RFC 9470).");
    }

    public static string Explain(KeycloakIdentity identity, StepUpRule rule)
    {
        var level = rule.AcrValues is null ? ""
            : $"This needs a sign-in of the level {string.Join(" or ", rule.Acr)} (acr), and this one "
                + (identity.Acr is null ? "names none. " : "is of another, or too long ago. ");
        var age = rule.MaxAgeSeconds is { } seconds
            ? $"This needs a sign-in that is no longer ago than {seconds} seconds (auth_time). "
            : "";
        var kind = identity.Kind == AccountKind.Service
            ? "A service signs nobody in: its tokens have no auth_time, and the level 1 alone. "
            : "";
        return $"{level}{age}{kind}".TrimEnd();
    }

    private static string Parameters(StepUpRule rule) => string.Join(
        " and ",
        new[]
        {
            rule.AcrValues is { } values ? $"acr_values={values}" : null,
            rule.MaxAgeSeconds is { } seconds ? $"max_age={seconds}" : null,
        }.OfType<string>());

    private static bool IsRead(string method) => HttpMethods.IsGet(method) || HttpMethods.IsHead(method);

    private static string PageOf(HttpContext context) =>
        context.Request.PathBase + context.Request.Path + context.Request.QueryString;

    private static bool AsksForPage(HttpContext context) =>
        context.GetEndpoint()?.Metadata.GetMetadata<BearerOrSession>() is null
        && !context.Request.Headers.ContainsKey("HX-Request")
        && context.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase);
}
