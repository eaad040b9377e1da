using KeycloakAccess.Data;
using KeycloakAccess.Permissions;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace KeycloakAccess.Models;

/// <summary>Adds declared models.</summary>
public static class ModelSetup
{
    internal static void AddModels(this IServiceCollection services)
    {
        services.TryAddSingleton<ModelCatalogue>();
        services.ConfigureAll<OpenApiOptions>(options => options.AddSchemaTransformer(ModelDescription.DescribeLengthAsync));
    }

    /// <summary>
    /// Adds a declared model: its permissions and scopes exist from then on, and <see cref="MapModels"/> maps its endpoints.
    /// </summary>
    /// <typeparam name="TModel">The declaration.</typeparam>
    /// <typeparam name="TRow">The record that holds a row.</typeparam>
    /// <param name="services">The application's services.</param>
    /// <exception cref="ModelException">The declaration cannot be; the message names the model and the remedy.</exception>
    public static void AddModel<TModel, TRow>(this IServiceCollection services)
        where TModel : IModel<TRow>
        where TRow : class
    {
        var builder = new ModelBuilder<TRow>();
        TModel.Declare(builder);
        var model = builder.Build();

        services.AddModel(model.Name, model.Plural, model.Title, [.. Permission.Actions, .. model.Actions.Select(action => action.Name)]);
        services.AddSingleton(model);
        services.TryAddSingleton<ModelCatalogue>();
        // A handler of the model's own takes it as [FromKeyedServices("book")] ModelStore.
        services.AddKeyedSingleton(model.Name, (provider, _) => ActivatorUtilities.CreateInstance<ModelStore>(provider, model));
        services.AddSingleton<IModelRows>(provider => provider.GetRequiredKeyedService<ModelStore>(model.Name));
    }

    /// <summary>Compares every declared model with its table, after the migrations.</summary>
    /// <exception cref="ModelException">One does not fit; the message names the model and the remedy.</exception>
    internal static async Task CheckModelsAsync(this IServiceProvider services, CancellationToken cancellationToken)
    {
        var models = services.GetRequiredService<ModelCatalogue>();
        var database = services.GetRequiredService<Database>();
        await using var connection = await database.OpenAsync(cancellationToken);
        foreach (var model in models.Models)
        {
            await TableCheck.CheckAsync(model, models, connection, database.Engine, cancellationToken);
            await services.GetRequiredKeyedService<ModelStore>(model.Name).TryRuleAsync(connection, cancellationToken);
        }
    }

    /// <summary>The models whose lists lack an index, with the statements that make it.</summary>
    internal static async Task<IReadOnlyList<(Model Model, string Sql)>> ListMissingIndexesAsync(
        this IServiceProvider services, CancellationToken cancellationToken)
    {
        var database = services.GetRequiredService<Database>();
        await using var connection = await database.OpenAsync(cancellationToken);
        var missing = new List<(Model, string)>();
        foreach (var model in services.GetRequiredService<ModelCatalogue>().Models)
        {
            if (await TableIndexes.ListMissingAsync(model, connection, database.Engine, cancellationToken) is { Count: > 0 } statements)
            {
                missing.Add((model, string.Join(' ', statements)));
            }
        }

        return missing;
    }

    /// <summary>The indexes that their searches need, for tables that fit the declarations.</summary>
    internal static IEnumerable<SearchIndex> SearchIndexes(this IServiceProvider services)
    {
        var engine = services.GetRequiredService<Database>().Engine;
        return services.GetRequiredService<ModelCatalogue>().Models
            .Select(model => ModelTable.SearchIndexOf(model, engine))
            .OfType<SearchIndex>();
    }

    /// <summary>Maps the endpoints of every model that was added.</summary>
    internal static void MapModels(this IEndpointRouteBuilder routes)
    {
        var options = routes.ServiceProvider.GetRequiredService<IOptions<JsonOptions>>();
        foreach (var model in routes.ServiceProvider.GetRequiredService<ModelCatalogue>().Models)
        {
            model.Map(routes, routes.ServiceProvider.GetRequiredKeyedService<ModelStore>(model.Name), new ModelBody(model, options));
        }
    }
}
