using KeycloakAccess.Data;
using KeycloakAccess.Hosting;
using KeycloakAccess.Permissions;
using Microsoft.AspNetCore.Http.HttpResults;

namespace KeycloakAccess.Groups;

internal static class GroupEndpoints
{
    public static void AddGroups(this IServiceCollection services)
    {
        services.AddModel(
            "groups", "Groups", GroupPermissions.View, GroupPermissions.Add, GroupPermissions.Change, GroupPermissions.Delete);
        services.AddSingleton<GroupStore>();
        services.AddSingleton<GroupCommands>();
        services.AddHostedService<MembershipEnds>();
        services.AddSingleton(provider => GroupStore.Rows(provider.GetRequiredService<Database>()));
    }

    public static RouteGroupBuilder MapGroups(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/groups").WithTags("Groups");

        group.MapGet("/", ListAsync)
            .WithName("ListGroups")
            .WithSummary("List groups with their permissions, by name, a page at a time.")
            .ListsPages<GroupResponse>()
            .RequirePermission(GroupPermissions.View);
        group.MapGet("/{id:guid}", GetAsync)
            .WithName("GetGroup")
            .WithSummary("Get one group, with its ETag.")
            .AnswersETag()
            .RequirePermission(GroupPermissions.View);
        group.MapPost("/", CreateAsync)
            .WithName("CreateGroup")
            .WithSummary("Create a group with permissions that you hold yourself.")
            .Creates<GroupResponse>()
            .AcceptsSuperuserSwitch()
            .AnswersETag()
            .RequirePermission(GroupPermissions.Add);
        group.MapPut("/{id:guid}", ReplaceAsync)
            .WithName("ReplaceGroup")
            .WithSummary("Replace a group that has not changed since it was read (If-Match).")
            .Changes<GroupResponse>()
            .AcceptsSuperuserSwitch()
            .AnswersETag()
            .ComparesVersions()
            .RequirePermission(GroupPermissions.Change);
        group.MapDelete("/{id:guid}", DeleteAsync)
            .WithName("DeleteGroup")
            .WithSummary("Delete a group, its mappings and its direct members (If-Match).")
            .AnswersNoContent()
            .AcceptsSuperuserSwitch()
            .ComparesVersions()
            .RequirePermission(GroupPermissions.Delete);
        group.MapGet("/{id:guid}/members", ListMembersAsync)
            .WithName("ListGroupMembers")
            .WithSummary("List the accounts that were put into a group directly, by user name, a page at a time.")
            .ListsPages<GroupMemberResponse>()
            .RequirePermission(AccessPermissions.View)
            .RequirePermission(AccountPermissions.View)
            .RequirePermission(GroupPermissions.View);
        group.MapPut("/{id:guid}/members/{accountId:guid}", AddMemberAsync)
            .WithName("AddGroupMember")
            .WithSummary("Put an account into a group directly, for good or until an instant, or change until when.")
            .AnswersNoContent()
            .AcceptsSuperuserSwitch()
            .RequirePermission(GroupPermissions.Change);
        group.MapDelete("/{id:guid}/members/{accountId:guid}", RemoveMemberAsync)
            .WithName("RemoveGroupMember")
            .WithSummary("Take an account out of a group that it was put into directly.")
            .AnswersNoContent()
            .AcceptsSuperuserSwitch()
            .RequirePermission(GroupPermissions.Change);

        return group;
    }

    private static async Task<IResult> ListAsync(
        [AsParameters] PageParameters query, GroupStore store, CancellationToken cancellationToken)
    {
        if (query.Read(GroupStore.Keyset.Parse, out var page) is { } mistake)
        {
            return mistake;
        }

        var (groups, next) = await store.ListAsync(page.Limit, page.After, cancellationToken);
        return TypedResults.Ok(new Page<GroupResponse>([.. groups.Select(ToResponse)], next?.ToString()));
    }

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
        GroupRequest request, GroupCommands commands, ChangeAuthor author, HttpResponse response, CancellationToken cancellationToken) =>
        (await commands.AddAsync(request, author, cancellationToken))
            .ToResult(response, group => TypedResults.CreatedAtRoute(ToResponse(group), "GetGroup", new { id = group.Id }));

    private static async Task<IResult> ReplaceAsync(
        Guid id,
        GroupRequest request,
        GroupCommands commands,
        ChangeAuthor author,
        HttpContext context,
        CancellationToken cancellationToken) =>
        EntityTags.Require(context.Request, out var seen) is { } missing
            ? missing
            : (await commands.ReplaceAsync(id, request, seen, author, cancellationToken))
                .ToResult(context.Response, group => TypedResults.Ok(ToResponse(group)));

    private static async Task<IResult> DeleteAsync(
        Guid id, GroupCommands commands, ChangeAuthor author, HttpContext context, CancellationToken cancellationToken) =>
        EntityTags.Require(context.Request, out var seen) is { } missing
            ? missing
            : (await commands.DeleteAsync(id, seen, author, cancellationToken)).ToResult(context.Response, _ => TypedResults.NoContent());

    private static async Task<IResult> ListMembersAsync(
        Guid id, [AsParameters] PageParameters query, GroupStore store, CancellationToken cancellationToken)
    {
        if (query.Read(GroupStore.MemberKeyset.Parse, out var page) is { } mistake)
        {
            return mistake;
        }

        if (await store.FindAsync(id, cancellationToken) is null)
        {
            return TypedResults.NotFound();
        }

        var (members, next) = await store.ListMembersAsync(id, page.Limit, page.After, cancellationToken);
        return TypedResults.Ok(new Page<GroupMemberResponse>(
            [.. members.Select(member => new GroupMemberResponse(member.Id, member.Username, member.Until, member.Reason))],
            next?.ToString()));
    }

    private static async Task<IResult> AddMemberAsync(
        Guid id,
        Guid accountId,
        MembershipRequest? request,
        GroupCommands commands,
        ChangeAuthor author,
        HttpContext context)
    {
        author = request?.Reason is { } reason ? author with { Reason = reason } : author;
        return (await commands.AddMemberAsync(id, accountId, request?.Until, author, context.RequestAborted))
            .ToResult(context.Response, _ => TypedResults.NoContent());
    }

    private static async Task<IResult> RemoveMemberAsync(
        Guid id, Guid accountId, GroupCommands commands, ChangeAuthor author, HttpResponse response, CancellationToken cancellationToken) =>
        (await commands.RemoveMemberAsync(id, accountId, author, cancellationToken)).ToResult(response, _ => TypedResults.NoContent());

    public static GroupResponse ToResponse(Group group) => new(
        group.Id, group.Name, group.Description, group.Permissions, group.Denied, group.IsDefault);
}
