using KeycloakAccess.Hosting;
using KeycloakAccess.Permissions;
using Microsoft.AspNetCore.Http.HttpResults;

namespace KeycloakAccess.Models;

internal sealed class ModelEndpoints<T>(ModelStore store, ModelBody body)
    where T : class
{
    private readonly Model _model = store.Model;
    private readonly ListParameters _list = new(store.Model);

    public RouteGroupBuilder Map(IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/" + _model.Plural).WithTags(_model.Title);
        var description = new ModelDescription(_model, _list);
        var (name, plural) = (description.OperationName, description.OperationPlural);
        var one = _model.AssignsIds ? "/{id:guid}" : "/{id}";

        group.MapGet("/", ListAsync)
            .WithName($"List{plural}")
            .WithSummary($"List {description.Plural}, a page at a time.")
            .AcceptsQuery([.. _list.All.Select(parameter => parameter.Name)])
            .Produces<Page<T>>()
            .ProducesValidationProblem()
            .AddOpenApiOperationTransformer(description.DescribeListAsync)
            .RequirePermission(_model.Name, Permission.View);
        group.MapGet(one, GetAsync)
            .WithName($"Get{name}")
            .WithSummary($"Get one {description.Singular}, with its ETag.")
            .AnswersETag()
            .RequirePermission(_model.Name, Permission.View);
        group.MapPost("/", CreateAsync)
            .WithName($"Create{name}")
            .WithSummary($"Create {description.SingularWithArticle}.")
            .Accepts<T>("application/json")
            .Produces<T>(StatusCodes.Status201Created)
            .AnswersETag()
            .ProducesValidationProblem()
            .ProducesProblem(StatusCodes.Status409Conflict)
            .AddOpenApiOperationTransformer(description.DescribeBodyAsync)
            .AcceptsReason()
            .RequirePermission(_model.Name, Permission.Add);
        WithPrecondition(group.MapPut(one, ReplaceAsync))
            .WithName($"Replace{name}")
            .WithSummary($"Replace {description.SingularWithArticle} that has not changed since it was read (If-Match).")
            .Accepts<T>("application/json")
            .Produces<T>()
            .AnswersETag()
            .ProducesValidationProblem()
            .AddOpenApiOperationTransformer(description.DescribeBodyAsync)
            .RequirePermission(_model.Name, Permission.Change);
        WithPrecondition(group.MapDelete(one, DeleteAsync))
            .WithName($"Delete{name}")
            .WithSummary($"Delete {description.SingularWithArticle} that has not changed since it was read (If-Match).")
            .Produces(StatusCodes.Status204NoContent)
            .RequirePermission(_model.Name, Permission.Delete);
        foreach (var action in _model.Actions)
        {
            var endpoint = WithPrecondition(group.MapPost($"{one}/{action.Name}", Act(action)))
                .WithName($"{ModelDescription.Pascal(action.Name)}{name}")
                .WithSummary(
                    $"{ModelDescription.Sentence(action.Name)} {description.SingularWithArticle} " +
                    "that has not changed since it was read (If-Match).")
                .Produces<T>()
                .AnswersETag()
                .RequirePermission(_model.Name, action.Name);
            if (action.StepUp is { } stepUp)
            {
                endpoint.WithMetadata(stepUp);
            }
        }

        foreach (var map in _model.Endpoints)
        {
            map(group);
        }

        return group;
    }

    private static RouteHandlerBuilder WithPrecondition(RouteHandlerBuilder endpoint) => endpoint
        .ProducesProblem(StatusCodes.Status404NotFound)
        .ProducesProblem(StatusCodes.Status409Conflict)
        .AcceptsReason()
        .ComparesVersions();

    private async Task<IResult> ListAsync(Caller caller, HttpRequest request, CancellationToken cancellationToken)
    {
        if (_list.Read(request.Query, out var mistake) is not { } query)
        {
            return mistake!;
        }

        var (rows, next) = await store.ListAsync(query, RowSubject.FromCaller(caller), cancellationToken);
        return TypedResults.Ok(new Page<T>([.. rows.Cast<T>()], next?.ToString()));
    }

    private async Task<Results<Ok<T>, NotFound>> GetAsync(
        string id, Caller caller, HttpResponse response, CancellationToken cancellationToken)
    {
        if (await store.FindAsync(id, RowSubject.FromCaller(caller), cancellationToken) is not { } found)
        {
            return TypedResults.NotFound();
        }

        EntityTags.Write(response, found.Version);
        return TypedResults.Ok((T)found.Row);
    }

    private async Task<IResult> CreateAsync(ChangeAuthor author, HttpContext context, CancellationToken cancellationToken)
    {
        var (row, mistake) = await body.ReadAsync(context.Request, isNew: true, cancellationToken);
        return row is null
            ? mistake!
            : Answer(await store.AddAsync(row, author, cancellationToken), context, created => TypedResults.CreatedAtRoute(
                created, $"Get{ModelDescription.Pascal(_model.Name)}", new { id = _model.IdOf(created) }));
    }

    private async Task<IResult> ReplaceAsync(string id, ChangeAuthor author, HttpContext context, CancellationToken cancellationToken)
    {
        var (row, mistake) = await body.ReadAsync(context.Request, isNew: false, cancellationToken);
        return row is null ? mistake!
            : EntityTags.Require(context.Request, out var seen) is { } missing ? missing
            : Answer(await store.ReplaceAsync(id, row, seen, author, cancellationToken), context, TypedResults.Ok);
    }

    private async Task<IResult> DeleteAsync(string id, ChangeAuthor author, HttpContext context, CancellationToken cancellationToken) =>
        EntityTags.Require(context.Request, out var seen) is { } missing
            ? missing
            : Answer(await store.DeleteAsync(id, seen, author, cancellationToken), context, _ => TypedResults.NoContent());

    private Func<string, ChangeAuthor, HttpContext, CancellationToken, Task<IResult>> Act(ModelAction action) =>
        async (id, author, context, cancellationToken) => EntityTags.Require(context.Request, out var seen) is { } missing
            ? missing
            : Answer(await store.ActAsync(action, id, seen, author, cancellationToken), context, TypedResults.Ok);

    private static IResult Answer(ChangeOutcome<object> outcome, HttpContext context, Func<T, IResult> done) =>
        outcome.ToResult(context.Response, row => done((T)row));
}
