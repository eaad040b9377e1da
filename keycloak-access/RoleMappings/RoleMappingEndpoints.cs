using KeycloakAccess.Data;
using KeycloakAccess.Hosting;
using KeycloakAccess.Authentication;
using KeycloakAccess.Permissions;
using Microsoft.AspNetCore.Http.HttpResults;

namespace KeycloakAccess.RoleMappings;

/// <summary>Role mappings: which role or group of Keycloak puts somebody into which local group.</summary>
internal static class RoleMappingEndpoints
{
    public const string MappedAlready = "This role is mapped to that group already.";

    public static void AddRoleMappings(this IServiceCollection services)
    {
        services.AddModel("role-mappings", "Role mappings", RoleMappingPermissions.View, RoleMappingPermissions.Add, RoleMappingPermissions.Delete);
        services.AddSingleton<RoleMappingStore>();
        services.AddSingleton(provider => RoleMappingStore.Rows(provider.GetRequiredService<Database>()));
    }

    public static RouteGroupBuilder MapRoleMappings(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/role-mappings").WithTags("Role mappings");

        group.MapGet("/", ListAsync)
            .WithName("ListRoleMappings")
            .WithSummary("List all role mappings.")
            .AcceptsQuery()
            .RequirePermission(RoleMappingPermissions.View);
        group.MapGet("/observed-roles", ObservedRolesAsync)
            .WithName("ListSeenRoles")
            .WithSummary("List the roles and Keycloak groups that tokens have shown, with the groups that they lead to.")
            .AcceptsQuery()
            .RequirePermission(RoleMappingPermissions.View);
        group.MapGet("/preview", PreviewAsync)
            .WithName("PreviewRoleMapping")
            .WithSummary("Say what a name or pattern would fit, of all that tokens have shown so far.")
            .AcceptsQuery("kind", "client", "name")
            .Produces<RoleMappingPreviewResponse>()
            .ProducesValidationProblem()
            .RequirePermission(RoleMappingPermissions.View);
        group.MapGet("/{id:guid}", GetAsync)
            .WithName("GetRoleMapping")
            .WithSummary("Get one role mapping.")
            .RequirePermission(RoleMappingPermissions.View);
        group.MapPost("/", CreateAsync)
            .WithName("CreateRoleMapping")
            .WithSummary("Map a realm role, client role or Keycloak group to a local group.")
            .Produces<RoleMappingResponse>(StatusCodes.Status201Created)
            .ProducesValidationProblem()
            .ProducesProblem(StatusCodes.Status409Conflict)
            .RequirePermission(RoleMappingPermissions.Add);
        group.MapDelete("/{id:guid}", DeleteAsync)
            .WithName("DeleteRoleMapping")
            .WithSummary("Delete a role mapping.")
            .Produces(StatusCodes.Status204NoContent)
            .ProducesProblem(StatusCodes.Status404NotFound)
            .RequirePermission(RoleMappingPermissions.Delete);

        return group;
    }

    private static async Task<Ok<IReadOnlyList<RoleMappingResponse>>> ListAsync(RoleMappingStore store, CancellationToken cancellationToken) =>
        TypedResults.Ok<IReadOnlyList<RoleMappingResponse>>([.. (await store.ListAsync(cancellationToken)).Select(ToResponse)]);

    private static async Task<Results<Ok<RoleMappingResponse>, NotFound>> GetAsync(
        Guid id, RoleMappingStore store, CancellationToken cancellationToken) =>
        await store.FindAsync(id, cancellationToken) is { } mapping
            ? TypedResults.Ok(ToResponse(mapping))
            : TypedResults.NotFound();

    private static async Task<Ok<IReadOnlyList<ObservedRoleResponse>>> ObservedRolesAsync(Caller caller, SubjectStore subjects, CancellationToken cancellationToken) =>
        TypedResults.Ok<IReadOnlyList<ObservedRoleResponse>>([.. (await subjects.ObservedRolesAsync(cancellationToken)).Select(seen => ToResponse(seen, caller.Rules))]);

    private static async Task<IResult> PreviewAsync(
        Caller caller, SubjectStore subjects, string kind, string? client, string name, CancellationToken cancellationToken)
    {
        var request = new RoleMappingRequest { Kind = kind, Client = client ?? "", Name = name, GroupId = Guid.Empty };
        var mistakes = Validation.Mistakes(request);
        if (mistakes.Count > 0)
        {
            return TypedResults.ValidationProblem(mistakes);
        }

        var pattern = new RolePattern(RoleKinds.Parse(kind), request.Client, name);
        ObservedRoleResponse[] fitting = [.. (await subjects.ObservedRolesAsync(cancellationToken))
            .Where(seen => pattern.Matches(seen.Role))
            .Select(seen => ToResponse(seen, caller.Rules))];
        return TypedResults.Ok(new RoleMappingPreviewResponse(fitting, fitting.Sum(role => role.Accounts)));
    }

    private static async Task<IResult> CreateAsync(
        RoleMappingRequest request, RoleMappingStore store, AccessRulesCache rules, Caller caller, GrantGuard grantGuard, TimeProvider clock, CancellationToken cancellationToken)
    {
        if ((await rules.CurrentAsync(cancellationToken)).FindGroup(request.GroupId) is not { } group)
        {
            return QueryParameters.Mistake("groupId", "There is no such group. GET /api/groups lists them.");
        }

        if (grantGuard.Refuse(group) is { } refused)
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
            : Problem.Create(StatusCodes.Status409Conflict, ProblemCode.Conflict, MappedAlready);
    }

    private static async Task<IResult> DeleteAsync(
        Guid id, RoleMappingStore store, AccessRulesCache rules, Caller caller, GrantGuard grantGuard, CancellationToken cancellationToken)
    {
        if (await store.FindAsync(id, cancellationToken) is not { } mapping)
        {
            return TypedResults.NotFound();
        }

        var group = (await rules.CurrentAsync(cancellationToken)).FindGroup(mapping.GroupId);
        if (group is not null && grantGuard.Refuse(group) is { } refused)
        {
            return refused;
        }

        return await store.DeleteAsync(id, caller.Actor, cancellationToken) ? TypedResults.NoContent() : TypedResults.NotFound();
    }

    private static ObservedRoleResponse ToResponse((KeycloakRole Role, long Accounts) seen, AccessRules rules) => new(
        RoleKinds.Write(seen.Role.Kind),
        seen.Role.Client.Length == 0 ? null : seen.Role.Client,
        seen.Role.Name,
        seen.Accounts,
        [.. rules.MappingsOf(seen.Role).Select(mapping => rules.FindGroup(mapping.GroupId)!.Name).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)]);

    public static RoleMappingResponse ToResponse(RoleMapping mapping) => new(
        mapping.Id, mapping.Kind, mapping.Client.Length == 0 ? null : mapping.Client, mapping.Name, mapping.GroupId, mapping.GroupName);
}
