using Api.Hosting;
using Api.Permissions;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Api.RoleMappings;

/// <summary>Role mappings: which role or group of Keycloak puts somebody into which local group.</summary>
internal static class RoleMappingEndpoints
{
    private const string Model = GroupMappings.Model;

    public static void AddRoleMappings(this IServiceCollection services)
    {
        services.AddModel(Model, "role-mappings", "Role mappings", Permission.View, Permission.Add, Permission.Delete);
        services.AddSingleton<RoleMappingStore>();
    }

    public static RouteGroupBuilder MapRoleMappings(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/role-mappings").WithTags("Role mappings");

        group.MapGet("/", ListAsync)
            .WithName("ListRoleMappings")
            .WithSummary("List all role mappings.")
            .AcceptsQuery()
            .RequirePermission(Model, Permission.View);
        group.MapGet("/{id:guid}", GetAsync)
            .WithName("GetRoleMapping")
            .WithSummary("Get one role mapping.")
            .RequirePermission(Model, Permission.View);
        group.MapPost("/", CreateAsync)
            .WithName("CreateRoleMapping")
            .WithSummary("Map a realm role, client role or Keycloak group to a local group.")
            .Produces<RoleMappingResponse>(StatusCodes.Status201Created)
            .ProducesValidationProblem()
            .ProducesProblem(StatusCodes.Status409Conflict)
            .RequirePermission(Model, Permission.Add);
        group.MapDelete("/{id:guid}", DeleteAsync)
            .WithName("DeleteRoleMapping")
            .WithSummary("Delete a role mapping.")
            .Produces(StatusCodes.Status204NoContent)
            .ProducesProblem(StatusCodes.Status404NotFound)
            .RequirePermission(Model, Permission.Delete);

        return group;
    }

    private static async Task<Ok<IReadOnlyList<RoleMappingResponse>>> ListAsync(RoleMappingStore store, CancellationToken cancellationToken) =>
        TypedResults.Ok<IReadOnlyList<RoleMappingResponse>>([.. (await store.ListAsync(cancellationToken)).Select(ToResponse)]);

    private static async Task<Results<Ok<RoleMappingResponse>, NotFound>> GetAsync(
        Guid id, RoleMappingStore store, CancellationToken cancellationToken) =>
        await store.FindAsync(id, cancellationToken) is { } mapping
            ? TypedResults.Ok(ToResponse(mapping))
            : TypedResults.NotFound();

    private static async Task<IResult> CreateAsync(
        RoleMappingRequest request, RoleMappingStore store, AccessRulesCache rules, Caller caller, Delegation delegation, TimeProvider clock, CancellationToken cancellationToken)
    {
        if ((await rules.CurrentAsync(cancellationToken)).FindGroup(request.GroupId) is not { } group)
        {
            return QueryParameters.Mistake("groupId", "There is no such group. GET /api/groups lists them.");
        }

        if (delegation.Refuse(group.Permissions.Select(permission => permission.ToString())) is { } refused)
        {
            return refused;
        }

        var mapping = new RoleMapping
        {
            Id = Guid.CreateVersion7(clock.GetUtcNow()),
            Kind = request.Kind,
            Client = request.Client,
            Name = request.Name,
            GroupId = group.Id,
            GroupName = group.Name,
        };
        return await store.AddAsync(mapping, caller.Actor, cancellationToken)
            ? TypedResults.CreatedAtRoute(ToResponse(mapping), "GetRoleMapping", new { id = mapping.Id })
            : Problem.Of(StatusCodes.Status409Conflict, "conflict", "This role is mapped to that group already.");
    }

    private static async Task<IResult> DeleteAsync(
        Guid id, RoleMappingStore store, AccessRulesCache rules, Caller caller, Delegation delegation, CancellationToken cancellationToken)
    {
        if (await store.FindAsync(id, cancellationToken) is not { } mapping)
        {
            return TypedResults.NotFound();
        }

        var group = (await rules.CurrentAsync(cancellationToken)).FindGroup(mapping.GroupId);
        if (group is not null && delegation.Refuse(group.Permissions.Select(permission => permission.ToString())) is { } refused)
        {
            return refused;
        }

        return await store.DeleteAsync(id, caller.Actor, cancellationToken) ? TypedResults.NoContent() : TypedResults.NotFound();
    }

    public static RoleMappingResponse ToResponse(RoleMapping mapping) => new(
        mapping.Id, mapping.Kind, mapping.Client.Length == 0 ? null : mapping.Client, mapping.Name, mapping.GroupId, mapping.GroupName);
}
