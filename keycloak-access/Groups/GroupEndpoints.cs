using KeycloakAccess.Data;
using KeycloakAccess.Hosting;
using KeycloakAccess.Permissions;
using Microsoft.AspNetCore.Http.HttpResults;

namespace KeycloakAccess.Groups;

/// <summary>Local groups. Nobody hands out, or takes away, what they do not hold themselves.</summary>
internal static class GroupEndpoints
{
    public static void AddGroups(this IServiceCollection services)
    {
        services.AddModel("groups", "Groups", GroupPermissions.View, GroupPermissions.Add, GroupPermissions.Change, GroupPermissions.Delete);
        services.AddSingleton<GroupStore>();
        services.AddSingleton(provider => GroupStore.Rows(provider.GetRequiredService<Database>()));
    }

    public static RouteGroupBuilder MapGroups(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/groups").WithTags("Groups");

        group.MapGet("/", ListAsync)
            .WithName("ListGroups")
            .WithSummary("List all groups with their permissions.")
            .AcceptsQuery()
            .RequirePermission(GroupPermissions.View);
        group.MapGet("/{id:guid}", GetAsync)
            .WithName("GetGroup")
            .WithSummary("Get one group, with its ETag.")
            .RequirePermission(GroupPermissions.View);
        group.MapPost("/", CreateAsync)
            .WithName("CreateGroup")
            .WithSummary("Create a group with permissions that you hold yourself.")
            .Produces<GroupResponse>(StatusCodes.Status201Created)
            .ProducesValidationProblem()
            .ProducesProblem(StatusCodes.Status409Conflict)
            .RequirePermission(GroupPermissions.Add);
        group.MapPut("/{id:guid}", ReplaceAsync)
            .WithName("ReplaceGroup")
            .WithSummary("Replace a group that has not changed since it was read (If-Match).")
            .Produces<GroupResponse>()
            .ProducesValidationProblem()
            .ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status409Conflict)
            .ProducesProblem(StatusCodes.Status412PreconditionFailed)
            .ProducesProblem(StatusCodes.Status428PreconditionRequired)
            .RequirePermission(GroupPermissions.Change);
        group.MapDelete("/{id:guid}", DeleteAsync)
            .WithName("DeleteGroup")
            .WithSummary("Delete a group, its mappings and its direct members (If-Match).")
            .Produces(StatusCodes.Status204NoContent)
            .ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status412PreconditionFailed)
            .ProducesProblem(StatusCodes.Status428PreconditionRequired)
            .RequirePermission(GroupPermissions.Delete);
        group.MapPut("/{id:guid}/members/{accountId:guid}", AddMemberAsync)
            .WithName("AddGroupMember")
            .WithSummary("Put an account into a group directly.")
            .Produces(StatusCodes.Status204NoContent)
            .ProducesProblem(StatusCodes.Status404NotFound)
            .RequirePermission(GroupPermissions.Change);
        group.MapDelete("/{id:guid}/members/{accountId:guid}", RemoveMemberAsync)
            .WithName("RemoveGroupMember")
            .WithSummary("Take an account out of a group that it was put into directly.")
            .Produces(StatusCodes.Status204NoContent)
            .ProducesProblem(StatusCodes.Status404NotFound)
            .RequirePermission(GroupPermissions.Change);

        return group;
    }

    private static async Task<Ok<IReadOnlyList<GroupResponse>>> ListAsync(GroupStore store, CancellationToken cancellationToken) =>
        TypedResults.Ok<IReadOnlyList<GroupResponse>>([.. (await store.ListAsync(cancellationToken)).Select(ToResponse)]);

    private static async Task<Results<Ok<GroupResponse>, NotFound>> GetAsync(
        Guid id, GroupStore store, HttpResponse response, CancellationToken cancellationToken)
    {
        if (await store.FindAsync(id, cancellationToken) is not { } group)
        {
            return TypedResults.NotFound();
        }

        EntityTags.Write(response, group.Version);
        return TypedResults.Ok(ToResponse(group));
    }

    private static async Task<IResult> CreateAsync(
        GroupRequest request, GroupStore store, Caller caller, GrantGuard grantGuard, PermissionCatalogue catalogue, TimeProvider clock, HttpResponse response, CancellationToken cancellationToken)
    {
        if (Mistake(request, catalogue) is { } mistake)
        {
            return mistake;
        }

        if (grantGuard.Refuse([.. request.Permissions, .. request.Denied]) is { } refused)
        {
            return refused;
        }

        var group = ToGroup(request, Guid.CreateVersion7(clock.GetUtcNow()));
        if (!await store.AddAsync(group, caller.Actor, cancellationToken))
        {
            return NameTaken(request.Name);
        }

        EntityTags.Write(response, group.Version);
        return TypedResults.CreatedAtRoute(ToResponse(group), "GetGroup", new { id = group.Id });
    }

    private static async Task<IResult> ReplaceAsync(
        Guid id, GroupRequest request, GroupStore store, Caller caller, GrantGuard grantGuard, PermissionCatalogue catalogue, HttpContext context, CancellationToken cancellationToken)
    {
        if (EntityTags.Read(context.Request, out var seen) is { } missing)
        {
            return missing;
        }

        if (Mistake(request, catalogue) is { } mistake)
        {
            return mistake;
        }

        if (await store.FindAsync(id, cancellationToken) is not { } current)
        {
            return TypedResults.NotFound();
        }

        if (grantGuard.Refuse([.. request.Permissions, .. request.Denied, .. current.Permissions, .. current.Denied]) is { } refused)
        {
            return refused;
        }

        // The check above was made on this version, whatever the caller has seen.
        if (seen is not null && seen != current.Version)
        {
            return EntityTags.Mismatch();
        }

        var group = ToGroup(request, id);
        var change = await store.ReplaceAsync(group, current.Version, caller.Actor, cancellationToken);
        if (change == GroupChange.Missing)
        {
            return TypedResults.NotFound();
        }

        if (change == GroupChange.NameTaken)
        {
            return NameTaken(request.Name);
        }

        if (change.Version is not { } version)
        {
            return EntityTags.Mismatch();
        }

        EntityTags.Write(context.Response, version);
        return TypedResults.Ok(ToResponse(group));
    }

    private static async Task<IResult> DeleteAsync(
        Guid id, GroupStore store, Caller caller, GrantGuard grantGuard, HttpRequest request, CancellationToken cancellationToken)
    {
        if (EntityTags.Read(request, out var seen) is { } missing)
        {
            return missing;
        }

        if (await store.FindAsync(id, cancellationToken) is not { } group)
        {
            return TypedResults.NotFound();
        }

        if (grantGuard.Refuse([.. group.Permissions, .. group.Denied]) is { } refused)
        {
            return refused;
        }

        return (seen is null || seen == group.Version) && await store.DeleteAsync(id, group.Version, caller.Actor, cancellationToken)
            ? TypedResults.NoContent()
            : EntityTags.Mismatch();
    }

    private static Task<IResult> AddMemberAsync(
        Guid id, Guid accountId, GroupStore store, Caller caller, GrantGuard grantGuard, CancellationToken cancellationToken) =>
        ChangeMemberAsync(id, store, grantGuard, () => store.AddMemberAsync(id, accountId, caller.Actor, cancellationToken), cancellationToken);

    private static Task<IResult> RemoveMemberAsync(
        Guid id, Guid accountId, GroupStore store, Caller caller, GrantGuard grantGuard, CancellationToken cancellationToken) =>
        ChangeMemberAsync(id, store, grantGuard, () => store.RemoveMemberAsync(id, accountId, caller.Actor, cancellationToken), cancellationToken);

    private static async Task<IResult> ChangeMemberAsync(
        Guid id, GroupStore store, GrantGuard grantGuard, Func<Task<bool>> change, CancellationToken cancellationToken)
    {
        if (await store.FindAsync(id, cancellationToken) is not { } group)
        {
            return TypedResults.NotFound();
        }

        if (grantGuard.Refuse([.. group.Permissions, .. group.Denied]) is { } refused)
        {
            return refused;
        }

        return await change() ? TypedResults.NoContent() : TypedResults.NotFound();
    }

    private static ValidationProblem? Mistake(GroupRequest request, PermissionCatalogue catalogue) =>
        Mistakes(request, catalogue) is { Count: > 0 } mistakes ? TypedResults.ValidationProblem(mistakes) : null;

    /// <returns>What is wrong with the permissions of a request, by its fields: what its attributes cannot know.</returns>
    public static Dictionary<string, string[]> Mistakes(GroupRequest request, PermissionCatalogue catalogue)
    {
        var mistakes = new Dictionary<string, string[]>(StringComparer.Ordinal)
        {
            ["permissions"] = [.. request.Permissions.Select(text => catalogue.Mistake(text, wildcards: true)).OfType<string>()],
            ["denied"] =
            [
                .. request.Denied.Select(text => catalogue.Mistake(text, wildcards: true)).OfType<string>(),
                .. request.Denied.Intersect(request.Permissions, StringComparer.Ordinal).Select(GroupLimits.GrantedAndDenied),
            ],
        };
        return mistakes.Where(field => field.Value.Length > 0).ToDictionary(StringComparer.Ordinal);
    }

    private static ProblemHttpResult NameTaken(string name) => Problem.Create(StatusCodes.Status409Conflict, ProblemCode.Conflict, NameTakenText(name));

    public static string NameTakenText(string name) => $"There is a group {name} already. Choose another name, or change that group.";

    public static Group ToGroup(GroupRequest request, Guid id) => new()
    {
        Id = id,
        Name = request.Name,
        Description = request.Description,
        Version = 1,
        IsDefault = request.IsDefault,
        Permissions = [.. request.Permissions.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)],
        Denied = [.. request.Denied.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)],
    };

    public static GroupResponse ToResponse(Group group) => new(
        group.Id, group.Name, group.Description, group.Permissions, group.Denied, group.IsDefault);
}
