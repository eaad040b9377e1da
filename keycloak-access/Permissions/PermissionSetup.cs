using KeycloakAccess.Authentication;
using KeycloakAccess.Authentication.StepUp;
using KeycloakAccess.Data;
using KeycloakAccess.Hosting;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;

namespace KeycloakAccess.Permissions;

/// <summary>Declares what permissions and scopes exist, and says who may call an endpoint.</summary>
public static class PermissionSetup
{
    internal static void AddPermissions(this IServiceCollection services)
    {
        services.AddSettings<AccountOptions>(AccountOptions.Section);
        services.AddSettings<PermissionOptions>(PermissionOptions.Section);
        services.AddSingleton<PermissionCatalogue>();
        services.AddSingleton<RowCatalogue>();
        services.AddSingleton<AccessRulesCache>();
        services.AddBackgroundService<LastSeenLog>();
        services.AddSingleton<KnownAccounts>();
        services.AddSingleton<CallerStore>();
        services.AddSingleton<ChangeRunner>();
        services.AddSingleton<IdempotencyKeyStore>();
        services.AddSingleton<ObservedRoles>();
        services.AddSingleton<SubjectStore>();
        services.AddSingleton<Superusers>();
        services.AddSingleton<FormerIssuers>();
        services.AddScoped<CurrentCaller>();
        services.AddSingleton(provider => new ApplicationAuditLog(
            provider.GetRequiredService<Database>(),
            provider.GetRequiredService<AuditLog>(),
            provider.GetRequiredService<PermissionCatalogue>()));
        services.AddScoped<IAuthorizationHandler, PermissionHandler>();
        services.AddSingleton<IAuthorizationMiddlewareResultHandler, RefusalResultHandler>();
        services.AddSingleton<IPolicyEvaluator, KnownCallerEvaluator>();
        services.AddSingleton<EndpointScopes>();
        services.AddSingleton(provider => new ChallengeScopes(provider.GetRequiredService<EndpointScopes>().Find));
        services.AddAuthorization();
    }

    /// <summary>
    /// Declares a resource of the application's own: its permissions, such as <c>invoice:view</c>, and its two scopes,
    /// <c>invoices:read</c> and <c>invoices:write</c>, exist from then on for groups, pages, explanations, the audit log and AuthZEN.
    /// </summary>
    /// <param name="services">The application's services.</param>
    /// <param name="name">Its name in permissions, in the singular: <c>invoice</c>, <c>credit-note</c>.</param>
    /// <param name="actions">What can be done with it; none given: <see cref="Permission.Actions"/>.</param>
    /// <exception cref="ArgumentException">A name is not made of lower-case letters, digits and single hyphens.</exception>
    public static void AddResource(this IServiceCollection services, string name, params string[] actions) =>
        services.AddResource(name, actions, plural: null);

    /// <inheritdoc cref="AddResource(IServiceCollection, string, string[])"/>
    /// <param name="services">The application's services.</param>
    /// <param name="name">Its name in permissions, in the singular: <c>company</c>.</param>
    /// <param name="actions">What can be done with it; none given: <see cref="Permission.Actions"/>.</param>
    /// <param name="plural">Its name in scopes, where English would make another one of the name.</param>
    /// <param name="title">What people call it; from the plural where it is not given.</param>
    public static void AddResource(this IServiceCollection services, string name, string[] actions, string? plural, string? title = null)
    {
        ArgumentNullException.ThrowIfNull(actions);
        plural ??= PluralOf(name);
        if (actions.Prepend(plural).Prepend(name).FirstOrDefault(text => !IsName(text)) is { } wrong)
        {
            throw new ArgumentException(
                $"The resource {name}: \"{wrong}\" cannot be a name. " +
                "Names are lower-case letters, digits and single hyphens, as in credit-note.",
                nameof(name));
        }

        services.AddModel(name, plural, title ?? string.Concat(plural[..1].ToUpperInvariant(), plural[1..].Replace('-', ' ')), actions);
    }

    internal static void AddModel(this IServiceCollection services, string name, string plural, string title, params string[] actions) =>
        services.AddSingleton(new ProtectedModel(name, plural, title, actions.Length > 0 ? actions : Permission.Actions));

    internal static void AddModel(this IServiceCollection services, string plural, string title, params Permission[] permissions) =>
        services.AddModel(permissions[0].Model, plural, title, [.. permissions.Select(permission => permission.Action)]);

    /// <summary>Declares a scope besides those of the models. A token that holds it is narrowed to what states it.</summary>
    /// <param name="services">The application's services.</param>
    /// <param name="name">As tokens carry it: <c>library:read</c>.</param>
    /// <param name="description">What it covers, in a few words.</param>
    public static void AddScope(this IServiceCollection services, string name, string description) =>
        services.AddSingleton(new ExtraScope(name, description));

    /// <summary>Only accounts that are enabled and hold the permission. A permission that does not exist ends the start.</summary>
    public static TBuilder RequirePermission<TBuilder>(this TBuilder builder, string model, string action)
        where TBuilder : IEndpointConventionBuilder => builder.RequirePermission(new Permission(model, action));

    /// <inheritdoc cref="RequirePermission{TBuilder}(TBuilder, string, string)"/>
    public static TBuilder RequirePermission<TBuilder>(this TBuilder builder, Permission permission)
        where TBuilder : IEndpointConventionBuilder => Require(builder, permission);

    /// <summary>Any account that is enabled: for what is about the caller alone.</summary>
    public static TBuilder RequireEnabledAccount<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder => Require(builder, permission: null);

    /// <summary>
    /// A token must carry a scope that covers the call: one of the sets given, or, with none given, the scope of the model.
    /// Without this, a token that has no scope of this API at all is not narrowed. Sessions are not concerned, and neither is
    /// an endpoint for any enabled account where no set is given: it has no model.
    /// </summary>
    /// <param name="builder">An endpoint or a route group.</param>
    /// <param name="alternatives">
    /// Sets of scopes, each written with spaces between its scopes; any one set is enough: <c>"books:read authors:read",
    /// "library:read"</c>. A scope that does not exist ends the start.
    /// </param>
    public static TBuilder RequireScopes<TBuilder>(this TBuilder builder, params string[] alternatives)
        where TBuilder : IEndpointConventionBuilder =>
        builder.WithMetadata(new ScopeRule([.. alternatives.Select(set => set.Split(' ', StringSplitOptions.RemoveEmptyEntries))]));

    /// <summary>Service accounts only. Whoever else holds the permission is refused.</summary>
    public static TBuilder OnlyServices<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new AccountKindRule(AccountKind.Service));

    /// <summary>People only. Whichever service holds the permission is refused.</summary>
    public static TBuilder OnlyPeople<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new AccountKindRule(AccountKind.Person));

    /// <summary>Checks that every endpoint says who may call it, and that every permission and scope that is named exists.</summary>
    internal static async Task CheckPermissionsAsync(this IEndpointRouteBuilder routes, CancellationToken cancellationToken)
    {
        var catalogue = routes.ServiceProvider.GetRequiredService<PermissionCatalogue>();
        foreach (var endpoint in BuildEndpoints(routes))
        {
            var isOpen = endpoint.Metadata.GetMetadata<IAllowAnonymous>() is not null;
            var isProtected = endpoint.Metadata.GetMetadata<PermissionRequirement>() is not null;
            if (!isOpen && !isProtected)
            {
                throw new InvalidOperationException(
                    $"{endpoint.DisplayName} does not say who may call it: " +
                    "add RequirePermission, RequireEnabledAccount or AllowAnonymous.");
            }

            // Whoever wrote both meant to protect it, and AllowAnonymous would win.
            if (isOpen && isProtected)
            {
                throw new InvalidOperationException(
                    $"{endpoint.DisplayName} is open to everybody by AllowAnonymous, " +
                    "which wins over the RequirePermission or RequireEnabledAccount that it has too. Take one of them out.");
            }

            if (isOpen && endpoint.Metadata.GetMetadata<StepUpRule>() is not null)
            {
                throw new InvalidOperationException(
                    $"{endpoint.DisplayName} is open to everybody by AllowAnonymous, who have no sign-in that RequireStepUp could ask "
                    + "about. Take one of them out.");
            }

            if (Mistakes(endpoint, catalogue).FirstOrDefault() is { } mistake)
            {
                throw new InvalidOperationException($"{endpoint.DisplayName}: {mistake}");
            }
        }

        await routes.ServiceProvider.GetRequiredService<AccessRulesCache>().CheckNamesAsync(catalogue, cancellationToken);
    }

    // A route group compiles its handlers anew for everybody who reads its endpoints: this check, authorization and routing.
    private static IReadOnlyList<Endpoint> BuildEndpoints(IEndpointRouteBuilder routes)
    {
#pragma warning disable CA2000 // It lives as long as the application.
        var built = new CompositeEndpointDataSource([.. routes.DataSources]);
#pragma warning restore CA2000
        routes.DataSources.Clear();
        routes.DataSources.Add(built);
        return built.Endpoints;
    }

    private static IEnumerable<string> Mistakes(Endpoint endpoint, PermissionCatalogue catalogue)
    {
        var permissions = endpoint.Metadata.GetOrderedMetadata<PermissionRequirement>()
            .Select(required => required.Permission is { } permission ? catalogue.Mistake(permission.ToString(), wildcards: false) : null);
        var rules = endpoint.Metadata.GetOrderedMetadata<ScopeRule>();
        var scopes = rules.SelectMany(rule => rule.Alternatives).SelectMany(set => set).Select(catalogue.ScopeMistake);
        var empty = rules.Any(rule => rule.Alternatives.Any(set => set.Count == 0))
            ? "RequireScopes has an empty set of scopes, which any token would satisfy."
            : null;
        var kinds = endpoint.Metadata.GetOrderedMetadata<AccountKindRule>().Distinct().Count() > 1
            ? "it is for people only and for services only, so nobody could call it."
            : null;
        // Of several, each would add what it knows of the caller to one principal.
        var schemes = endpoint.Metadata.GetOrderedMetadata<AuthorizationPolicy>()
            .SelectMany(policy => policy.AuthenticationSchemes).Distinct(StringComparer.Ordinal).Count() > 1
            ? "it takes tokens and sessions by more than one of RequireBearer, RequireSession and RequireBearerOrSession. " +
                "Keep one; RequireBearerOrSession takes both."
            : null;
        return permissions.Concat(scopes).Append(empty).Append(kinds).Append(schemes).OfType<string>();
    }

    private static string PluralOf(string name) =>
        name is [.., not ('a' or 'e' or 'i' or 'o' or 'u'), 'y'] ? $"{name[..^1]}ies"
        : name is [.., 's' or 'x'] or [.., 'c' or 's', 'h'] ? $"{name}es"
        : $"{name}s";

    private static bool IsName(string text) =>
        text is [>= 'a' and <= 'z', ..] and not [.., '-'] && !text.Contains("--", StringComparison.Ordinal)
        && text.All(character => char.IsAsciiLetterLower(character) || char.IsAsciiDigit(character) || character == '-');

    private static TBuilder Require<TBuilder>(TBuilder builder, Permission? permission)
        where TBuilder : IEndpointConventionBuilder
    {
        var requirement = new PermissionRequirement(permission);
        // As metadata too, so that the OpenAPI document, the check above and the tests can read it.
        return builder
            .WithMetadata(requirement)
            .RequireAuthorization(new AuthorizationPolicyBuilder().AddRequirements(requirement).Build());
    }
}
