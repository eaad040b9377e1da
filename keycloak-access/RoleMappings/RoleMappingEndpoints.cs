using KeycloakAccess.Data;
using KeycloakAccess.Hosting;
using KeycloakAccess.Permissions;
using Microsoft.AspNetCore.Http.HttpResults;

namespace KeycloakAccess.RoleMappings;

internal static class RoleMappingEndpoints
{
    private const int MostInPreview = 100;

    public static void AddRoleMappings(this IServiceCollection services)
    {
        services.AddModel(
            "role-mappings", "Role mappings", RoleMappingPermissions.View, RoleMappingPermissions.Add, RoleMappingPermissions.Delete);
        services.AddSingleton<RoleMappingStore>();
        services.AddSingleton<RoleMappingCommands>();
        services.AddSingleton(provider => RoleMappingStore.Rows(provider.GetRequiredService<Database>()));
    }

    public static RouteGroupBuilder MapRoleMappings(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/role-mappings").WithTags("Role mappings");

        group.MapGet("/", ListAsync)
            .WithName("ListRoleMappings")
            .WithSummary("List role mappings, by kind, client, name and group, a page at a time.")
            .ListsPages<RoleMappingResponse>()
            .RequirePermission(RoleMappingPermissions.View);
        group.MapGet("/observed-roles", ListObservedRolesAsync)
            .WithName("ListObservedRoles")
            .WithSummary("List the roles and Keycloak groups that tokens have shown, with the groups that they lead to, a page at a time.")
            .ListsPages<ObservedRoleResponse>()
            .RequirePermission(RoleMappingPermissions.View);
        group.MapGet("/preview", PreviewAsync)
            .WithName("PreviewRoleMapping")
            .WithSummary("Say what a name or pattern would fit, of all that tokens have shown so far.")
            .AcceptsQuery("kind", "client", "name")
            .OneOf("kind", [.. RoleKinds.All])
            .Produces<RoleMappingPreviewResponse>()
            .ProducesValidationProblem()
            .RequirePermission(RoleMappingPermissions.View);
        group.MapGet("/{id:guid}", GetAsync)
            .WithName("GetRoleMapping")
            .WithSummary("Get one role mapping, with its ETag.")
            .AnswersETag()
            .RequirePermission(RoleMappingPermissions.View);
        group.MapPost("/", CreateAsync)
            .WithName("CreateRoleMapping")
            .WithSummary("Map a realm role, client role or Keycloak group to a local group.")
            .Creates<RoleMappingResponse>()
            .AcceptsSuperuserSwitch()
            .AnswersETag()
            .RequirePermission(RoleMappingPermissions.Add);
        group.MapPut("/{id:guid}", ReplaceAsync)
            .WithName("ReplaceRoleMapping")
            .WithSummary("Replace a role mapping that has not changed since it was read (If-Match).")
            .Changes<RoleMappingResponse>()
            .AcceptsSuperuserSwitch()
            .AnswersETag()
            .ComparesVersions()
            .RequirePermission(RoleMappingPermissions.Add)
            .RequirePermission(RoleMappingPermissions.Delete);
        group.MapDelete("/{id:guid}", DeleteAsync)
            .WithName("DeleteRoleMapping")
            .WithSummary("Delete a role mapping, if it has not changed since it was read where If-Match is sent.")
            .AnswersNoContent()
            .AcceptsSuperuserSwitch()
            .ComparesVersions(isRequired: false)
            .RequirePermission(RoleMappingPermissions.Delete);

        return group;
    }

    private static async Task<IResult> ListAsync(
        [AsParameters] PageParameters query, RoleMappingStore store, CancellationToken cancellationToken)
    {
        if (query.Read(RoleMappingStore.Keyset.Parse, out var page) is { } mistake)
        {
            return mistake;
        }

        var (mappings, next) = await store.ListAsync(page.Limit, page.After, cancellationToken);
        return TypedResults.Ok(new Page<RoleMappingResponse>([.. mappings.Select(ToResponse)], next?.ToString()));
    }

    private static async Task<Results<Ok<RoleMappingResponse>, NotFound>> GetAsync(
        Guid id, RoleMappingStore store, HttpResponse response, CancellationToken cancellationToken)
    {
        if (await store.FindAsync(id, cancellationToken) is not { } mapping)
        {
            return TypedResults.NotFound();
        }

        EntityTags.Write(response, mapping.Version);
        return TypedResults.Ok(ToResponse(mapping));
    }

    private static async Task<IResult> ListObservedRolesAsync(
        [AsParameters] PageParameters query, Caller caller, SubjectStore subjects, CancellationToken cancellationToken)
    {
        if (query.Read(SubjectStore.ObservedRoleKeyset.Parse, out var page) is { } mistake)
        {
            return mistake;
        }

        var (roles, next) = await subjects.ListObservedRolesAsync(page.Limit, page.After, cancellationToken);
        return TypedResults.Ok(new Page<ObservedRoleResponse>([.. roles.Select(role => ToResponse(role, caller.Rules))], next?.ToString()));
    }

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
        var (roles, more) = await subjects.FindObservedRolesAsync(pattern, MostInPreview, cancellationToken);
        ObservedRoleResponse[] fitting = [.. roles.Select(role => ToResponse(role, caller.Rules))];
        return TypedResults.Ok(new RoleMappingPreviewResponse(fitting, fitting.Sum(role => role.Accounts), more));
    }

    private static async Task<IResult> CreateAsync(
        RoleMappingRequest request,
        RoleMappingCommands commands,
        ChangeAuthor author,
        HttpResponse response,
        CancellationToken cancellationToken) =>
        (await commands.AddAsync(request, author, cancellationToken))
            .ToResult(response, mapping => TypedResults.CreatedAtRoute(ToResponse(mapping), "GetRoleMapping", new { id = mapping.Id }));

    private static async Task<IResult> ReplaceAsync(
        Guid id,
        RoleMappingRequest request,
        RoleMappingCommands commands,
        ChangeAuthor author,
        HttpContext context,
        CancellationToken cancellationToken) =>
        EntityTags.Require(context.Request, out var seen) is { } missing
            ? missing
            : (await commands.ReplaceAsync(id, request, seen, author, cancellationToken))
                .ToResult(context.Response, mapping => TypedResults.Ok(ToResponse(mapping)));

    private static async Task<IResult> DeleteAsync(
        Guid id, RoleMappingCommands commands, ChangeAuthor author, HttpContext context, CancellationToken cancellationToken) =>
        EntityTags.Read(context.Request, out var seen) is { } malformed
            ? malformed
            : (await commands.DeleteAsync(id, seen, author, cancellationToken)).ToResult(context.Response, _ => TypedResults.NoContent());

    private static ObservedRoleResponse ToResponse(ObservedRoleCount observed, AccessRules rules) => new(
        observed.Kind,
        observed.Client.Length == 0 ? null : observed.Client,
        observed.Name,
        observed.Accounts,
        [.. rules.MappingsOf(observed.Role)
            .Select(mapping => rules.FindGroup(mapping.GroupId)!.Name)
            .Distinct(StringComparer.Ordinal)
            .Order(StringComparer.Ordinal)]);

    public static RoleMappingResponse ToResponse(RoleMapping mapping) => new(
        mapping.Id, mapping.Kind, mapping.Client.Length == 0 ? null : mapping.Client, mapping.Name, mapping.GroupId, mapping.GroupName);
}
