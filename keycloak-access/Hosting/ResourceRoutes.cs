namespace KeycloakAccess.Hosting;

/// <summary>What the endpoints of every resource take and answer, for the OpenAPI document.</summary>
internal static class ResourceRoutes
{
    /// <summary>A list that takes <see cref="PageParameters"/> beside its filters.</summary>
    public static RouteHandlerBuilder ListsPages<T>(this RouteHandlerBuilder builder, params string[] filters) => builder
        .AcceptsQuery([.. filters, "limit", "after"])
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
        builder.WithMetadata(new ComparesVersions(isRequired))
            .ProducesProblem(StatusCodes.Status412PreconditionFailed)
            .ProducesProblem(StatusCodes.Status428PreconditionRequired);
}
