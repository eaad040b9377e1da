using KeycloakAccess.Hosting;
using Microsoft.Extensions.Options;

namespace KeycloakAccess.Authentication.Introspection;

/// <summary>Says about which tokens the realm is asked.</summary>
public static class IntrospectionSetup
{
    internal static void AddIntrospection(this IServiceCollection services)
    {
        services.AddSettings<IntrospectionOptions>(IntrospectionOptions.Section);
        services.AddSingleton<IValidateOptions<IntrospectionOptions>, IntrospectionValidator>();
        services.AddSingleton<IntrospectionRules>();
        services.AddSingleton<IntrospectionClient>();
        services.AddSingleton<RealmIntrospection>();
        services.AddSingleton<IntrospectedTokens>();
        foreach (var place in IntrospectionClient.Places)
        {
            services.AddHttpClient(IntrospectionClient.NameOf(place), client =>
                {
                    client.Timeout = BackchannelHandler.Timeout;
                    client.MaxResponseContentBufferSize = RealmIntrospection.LongestAnswer;
                })
                .ConfigurePrimaryHttpMessageHandler(provider =>
                {
                    var handler = BackchannelHandler.Create(provider.GetRequiredService<IOptions<KeycloakOptions>>());
                    provider.GetRequiredService<IntrospectionClient>().ShowCertificate(handler, place);
                    return handler;
                })
                .SetHandlerLifetime(Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>
    /// Asks the realm about the access token of each request (RFC 7662), in the place of what the settings say for this path. Sessions are
    /// not concerned. Without the client that asks, <c>Introspection:Client</c>, the start ends.
    /// </summary>
    /// <param name="builder">The endpoint, or a route group.</param>
    /// <param name="use">
    /// <see cref="IntrospectionUse.After"/>: what is refused here stays refused, and what is not must be active as well.
    /// <see cref="IntrospectionUse.Instead"/>: the realm's answer decides, for lightweight and opaque tokens too.
    /// </param>
    /// <typeparam name="TBuilder">The kind of builder.</typeparam>
    public static TBuilder RequireIntrospection<TBuilder>(this TBuilder builder, IntrospectionUse use = IntrospectionUse.After)
        where TBuilder : IEndpointConventionBuilder => use == IntrospectionUse.None
            ? throw new ArgumentOutOfRangeException(
                nameof(use), use, "Take After or Instead, or leave the call out: the settings cannot be taken back for an endpoint.")
            : builder.WithMetadata(new RequiresIntrospection(use));

    /// <summary>An endpoint that asks the realm needs the client that asks.</summary>
    /// <exception cref="OptionsValidationException">There is none.</exception>
    internal static void CheckIntrospection(IServiceProvider services, IEnumerable<Endpoint> endpoints)
    {
        if (!services.GetRequiredService<IOptions<IntrospectionOptions>>().Value.Client.Credential.IsGiven
            && endpoints.FirstOrDefault(endpoint => endpoint.Metadata.GetMetadata<RequiresIntrospection>() is not null) is { } asking)
        {
            throw new OptionsValidationException(
                IntrospectionOptions.Section,
                typeof(IntrospectionOptions),
                [
                    $"{asking.DisplayName} asks the realm about tokens (RequireIntrospection), and Introspection:Client:Credential is "
                        + "missing. Set its SecretFile or Secret to that of the API's client (Keycloak: Clients → the "
                        + "client → Credentials).",
                ]);
        }
    }
}

/// <summary>Endpoint metadata: the realm is asked about its access tokens.</summary>
internal sealed record RequiresIntrospection(IntrospectionUse Use);

/// <summary>
/// Whether the realm is asked about the token of a request: an endpoint's own word, that of the longest path, or that for all.
/// </summary>
internal sealed class IntrospectionRules(IOptions<IntrospectionOptions> options)
{
    private readonly (PathString Path, IntrospectionUse Use)[] _paths =
    [
        .. options.Value.AfterForPaths.Select(path => (new PathString(path), IntrospectionUse.After))
            .Concat(options.Value.InsteadForPaths.Select(path => (new PathString(path), IntrospectionUse.Instead)))
            .OrderByDescending(rule => rule.Item1.Value!.Length),
    ];

    private readonly IntrospectionUse _otherwise = options.Value.Use;

    public IntrospectionUse Of(HttpContext context)
    {
        if (context.GetEndpoint()?.Metadata.GetMetadata<RequiresIntrospection>() is { } required)
        {
            return required.Use;
        }

        foreach (var (path, use) in _paths)
        {
            if (context.Request.Path.StartsWithSegments(path, StringComparison.OrdinalIgnoreCase))
            {
                return use;
            }
        }

        return _otherwise;
    }
}
