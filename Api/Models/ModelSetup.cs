using Api.Data;
using Api.Permissions;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Api.Models;

internal static class ModelSetup
{
    /// <summary>Adds a declared model: its permissions and scopes exist from then on, and <see cref="MapModels"/> maps its endpoints.</summary>
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
    public static async Task CheckModelsAsync(this WebApplication app)
    {
        var models = app.Services.GetRequiredService<ModelCatalogue>();
        var database = app.Services.GetRequiredService<Database>();
        await using var connection = await database.OpenAsync(app.Lifetime.ApplicationStopping);
        foreach (var model in models.Models)
        {
            await TableCheck.CheckAsync(model, models, connection, database.Engine, app.Lifetime.ApplicationStopping);
            await app.Services.GetRequiredKeyedService<ModelStore>(model.Name).TryRuleAsync(connection, app.Lifetime.ApplicationStopping);
        }
    }

    /// <summary>Maps the endpoints of every model that was added.</summary>
    public static void MapModels(this IEndpointRouteBuilder routes)
    {
        var options = routes.ServiceProvider.GetRequiredService<IOptions<JsonOptions>>();
        foreach (var model in routes.ServiceProvider.GetRequiredService<ModelCatalogue>().Models)
        {
            model.Map(routes, routes.ServiceProvider.GetRequiredKeyedService<ModelStore>(model.Name), new ModelBody(model, options));
        }
    }
}
