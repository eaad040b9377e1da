using Microsoft.AspNetCore.Authorization;

namespace Api.Permissions;

internal static class PermissionSetup
{
    public static void AddPermissions(this IServiceCollection services)
    {
        services.AddOptions<AccountOptions>()
            .BindConfiguration(AccountOptions.Section, binder => binder.ErrorOnUnknownConfiguration = true)
            .ValidateOnStart();
        services.AddSingleton<PermissionCatalogue>();
        services.AddSingleton<RowCatalogue>();
        services.AddSingleton<AccessRulesCache>();
        services.AddSingleton<CallerStore>();
        services.AddScoped<CurrentCaller>();
        services.AddScoped<IAuthorizationHandler, PermissionHandler>();
        services.AddSingleton<IAuthorizationMiddlewareResultHandler, RefusalResultHandler>();
        services.AddAuthorization();
    }

    /// <summary>Declares a model: its permissions and its two scopes exist from then on.</summary>
    /// <param name="services">The application's services.</param>
    /// <param name="name">Its name in permissions, in the singular: <c>book</c>.</param>
    /// <param name="plural">Its name in addresses and scopes: <c>books</c>.</param>
    /// <param name="title">What people call it.</param>
    /// <param name="actions">What can be done with it; none given: <see cref="Permission.Actions"/>.</param>
    public static void AddModel(this IServiceCollection services, string name, string plural, string title, params string[] actions) =>
        services.AddSingleton(new ProtectedModel(name, plural, title, actions.Length > 0 ? actions : Permission.Actions));

    /// <summary>Only accounts that are switched on and hold the permission. A permission that does not exist ends the start.</summary>
    public static TBuilder RequirePermission<TBuilder>(this TBuilder builder, string model, string action)
        where TBuilder : IEndpointConventionBuilder => Require(builder, new Permission(model, action));

    /// <summary>Any account that is switched on: for what is about the caller alone.</summary>
    public static TBuilder RequireActiveAccount<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder => Require(builder, permission: null);

    /// <summary>Checks at start that every endpoint says who may call it, and that every permission it asks for exists.</summary>
    /// <exception cref="InvalidOperationException">One does not; the message names the endpoint, and the nearest known name.</exception>
    public static void CheckPermissions(this WebApplication app)
    {
        var catalogue = app.Services.GetRequiredService<PermissionCatalogue>();
        foreach (var endpoint in ((IEndpointRouteBuilder)app).DataSources.SelectMany(source => source.Endpoints))
        {
            if (endpoint.Metadata.GetMetadata<IAllowAnonymous>() is null && endpoint.Metadata.GetMetadata<PermissionRequirement>() is null)
            {
                throw new InvalidOperationException(
                    $"{endpoint.DisplayName} does not say who may call it: add RequirePermission, RequireActiveAccount or AllowAnonymous.");
            }

            foreach (var required in endpoint.Metadata.GetOrderedMetadata<PermissionRequirement>())
            {
                if (required.Permission is { } permission && catalogue.Mistake(permission.ToString(), wildcards: false) is { } mistake)
                {
                    throw new InvalidOperationException($"{endpoint.DisplayName}: {mistake}");
                }
            }
        }
    }

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
