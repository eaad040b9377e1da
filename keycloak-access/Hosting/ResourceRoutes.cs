using Microsoft.OpenApi;

namespace KeycloakAccess.Hosting;

/// <summary>What the endpoints of every resource take and answer, for the OpenAPI document.</summary>
internal static class ResourceRoutes
{
    /// <summary>A list that takes <see cref="PageParameters"/> beside its filters.</summary>
    public static RouteHandlerBuilder ListsPages<T>(this RouteHandlerBuilder builder, params string[] filters) => builder
        .AcceptsQuery([.. filters, "limit", "after"])
        .Bounds("limit", PageParameters.BoundLimit)
        .Produces<Page<T>>()
        .ProducesValidationProblem();

    public static RouteHandlerBuilder Creates<T>(this RouteHandlerBuilder builder) => builder
        .Produces<T>(StatusCodes.Status201Created)
        .ProducesValidationProblem()
        .ProducesProblem(StatusCodes.Status409Conflict)
        .AcceptsReason();

    public static RouteHandlerBuilder Changes<T>(this RouteHandlerBuilder builder) => builder
        .Produces<T>()
        .ProducesValidationProblem()
        .ProducesProblem(StatusCodes.Status404NotFound)
        .ProducesProblem(StatusCodes.Status409Conflict)
        .AcceptsReason();

    public static RouteHandlerBuilder AnswersNoContent(this RouteHandlerBuilder builder) => builder
        .Produces(StatusCodes.Status204NoContent)
        .ProducesProblem(StatusCodes.Status404NotFound)
        .AcceptsReason();

    /// <summary>The handler reads the conditions by <see cref="EntityTags"/>, and its command compares them.</summary>
    public static RouteHandlerBuilder ComparesVersions(this RouteHandlerBuilder builder, bool isRequired = true) =>
        builder.WithMetadata(new ComparesVersions(isRequired));

    public static RouteHandlerBuilder AnswersETag(this RouteHandlerBuilder builder) => builder.WithMetadata(new AnswersETag());

    public static TBuilder ChangesNothing<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new ChangesNothing());

    /// <summary>Bounds of a query parameter, which its type does not say.</summary>
    public static RouteHandlerBuilder Bounds(this RouteHandlerBuilder builder, string parameter, Action<OpenApiSchema> bound) =>
        builder.AddOpenApiOperationTransformer((operation, _, _) =>
        {
            bound((OpenApiSchema)operation.Parameters!.Single(each => each.Name == parameter).Schema!);
            return Task.CompletedTask;
        });

    public static RouteHandlerBuilder OneOf(this RouteHandlerBuilder builder, string parameter, params string[] values) =>
        builder.Bounds(parameter, schema => schema.Enum = [.. values]);
}
