using KeycloakAccess.Hosting;
using Microsoft.Extensions.Options;

namespace KeycloakAccess.Authentication.StepUp;

/// <summary>Endpoint metadata: it is one of those that the setting of the engine is about.</summary>
internal sealed class StepUpAsConfigured;

/// <summary>Endpoint metadata: how a route group sends whoever has sent a form to sign in anew. Without it, by problem details.</summary>
internal sealed record StepUpPage(Func<HttpContext, KeycloakIdentity, StepUpRule, Task<IResult>> Answer);

/// <summary>Says what the sign-in must be like of those who call an endpoint.</summary>
public static class StepUpSetup
{
    internal static void AddStepUp(this IServiceCollection services)
    {
        services.AddSettings<StepUpOptions>(StepUpOptions.Section);
        services.AddSingleton<IValidateOptions<StepUpOptions>, StepUpValidator>();
        services.AddSingleton<StepUpLink>();
        services.AddSingleton<StepUpCheck>();
    }

    /// <summary>
    /// The sign-in that a token or a session comes from must be of one of these levels (RFC 9470). Others are asked to sign in anew: a
    /// program by 401 with <c>insufficient_user_authentication</c>, a person by Keycloak. What an endpoint says replaces what its route
    /// group says.
    /// </summary>
    /// <param name="builder">An endpoint or a route group.</param>
    /// <param name="acr">The levels of the realm that are enough (<c>acr</c>), the preferred one first.</param>
    /// <exception cref="ArgumentException">None is given, or one cannot be a level.</exception>
    public static TBuilder RequireStepUp<TBuilder>(this TBuilder builder, params string[] acr)
        where TBuilder : IEndpointConventionBuilder
    {
        ArgumentNullException.ThrowIfNull(acr);
        return acr.Length == 0
            ? throw new ArgumentException("RequireStepUp names no level (acr) and no greatest age, so any sign-in would do.", nameof(acr))
            : builder.WithMetadata(CreateRule(maxAge: null, acr));
    }

    /// <inheritdoc cref="RequireStepUp{TBuilder}(TBuilder, string[])"/>
    /// <param name="builder">An endpoint or a route group.</param>
    /// <param name="maxAge">How long ago the sign-in may be besides, from 1 minute to 1 day, in whole seconds.</param>
    /// <param name="acr">The levels of the realm that are enough (<c>acr</c>), the preferred one first; none given: any.</param>
    public static TBuilder RequireStepUp<TBuilder>(this TBuilder builder, TimeSpan maxAge, params string[] acr)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(CreateRule(maxAge, acr));

    internal static StepUpRule CreateRule(TimeSpan? maxAge, string[] acr)
    {
        var rule = new StepUpRule(acr, maxAge);
        return rule.FindMistake() is { } mistake ? throw new ArgumentException(mistake, nameof(acr)) : rule;
    }
}
