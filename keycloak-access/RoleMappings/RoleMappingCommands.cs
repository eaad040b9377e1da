using KeycloakAccess.Hosting;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.RoleMappings;

/// <summary>Changes role mappings. Nobody maps a role to a group, or away from one, that grants more than they hold.</summary>
internal sealed class RoleMappingCommands(ChangeRunner changes, TimeProvider clock)
{
    private static readonly ChangeFailure.Conflict MappedAlready = new("name", "This role is mapped to that group already.");
    private static readonly ChangeFailure.Invalid NoGroup = new("groupId", "There is no such group. GET /api/groups lists them.");

    public async Task<ChangeOutcome<RoleMapping>> AddAsync(
        RoleMappingRequest request, ChangeAuthor author, CancellationToken cancellationToken)
    {
        if (Check(request) is { } invalid)
        {
            return invalid;
        }

        return await changes.RunOnRulesAsync<RoleMapping>(author, async change =>
        {
            if (await GroupMappings.FindGroupAsync(change, request.GroupId) is not { } group)
            {
                return NoGroup;
            }

            if (await change.RefuseAsync(author, group.Written) is { } refused)
            {
                return refused;
            }

            var mapping = ToMapping(request, Guid.CreateVersion7(clock.GetUtcNow()), group.Name, version: 1);
            return await RoleMappingStore.AddAsync(change, mapping) ? ChangeOutcome.Done(mapping, mapping.Version) : MappedAlready;
        }, cancellationToken);
    }

    /// <summary>At once: nobody is out of both groups in between, or in both.</summary>
    public async Task<ChangeOutcome<RoleMapping>> ReplaceAsync(
        Guid id, RoleMappingRequest request, Precondition seen, ChangeAuthor author, CancellationToken cancellationToken)
    {
        if (Check(request) is { } invalid)
        {
            return invalid;
        }

        return await changes.RunOnRulesAsync<RoleMapping>(author, async change =>
        {
            if (await RoleMappingStore.FindAsync(change, id) is not { } current)
            {
                return new ChangeFailure.NotFound();
            }

            if (await GroupMappings.FindGroupAsync(change, request.GroupId) is not { } group)
            {
                return NoGroup;
            }

            var left = await GroupMappings.FindGroupAsync(change, current.GroupId);
            if (await change.RefuseAsync(author, [.. group.Written, .. left!.Value.Written]) is { } refused)
            {
                return refused;
            }

            if (!seen.Allows(current.Version))
            {
                return new ChangeFailure.PreconditionFailed();
            }

            var mapping = ToMapping(request, id, group.Name, current.Version + 1);
            if (mapping.Pattern == current.Pattern && mapping.GroupId == current.GroupId)
            {
                return ChangeOutcome.Unchanged(current, current.Version);
            }

            return await RoleMappingStore.ReplaceAsync(change, current, mapping)
                ? ChangeOutcome.Done(mapping, mapping.Version)
                : MappedAlready;
        }, cancellationToken);
    }

    public Task<ChangeOutcome<RoleMapping>> DeleteAsync(
        Guid id, Precondition seen, ChangeAuthor author, CancellationToken cancellationToken) =>
        changes.RunOnRulesAsync<RoleMapping>(author, async change =>
        {
            if (await RoleMappingStore.FindAsync(change, id) is not { } mapping)
            {
                return new ChangeFailure.NotFound();
            }

            var group = await GroupMappings.FindGroupAsync(change, mapping.GroupId);
            if (await change.RefuseAsync(author, group!.Value.Written) is { } refused)
            {
                return refused;
            }

            if (!seen.Allows(mapping.Version))
            {
                return new ChangeFailure.PreconditionFailed();
            }

            await RoleMappingStore.DeleteAsync(change, mapping);
            return ChangeOutcome.Done(mapping);
        }, cancellationToken);

    private static ChangeFailure.Invalid? Check(RoleMappingRequest request) =>
        Validation.Mistakes(request) is { Count: > 0 } mistakes ? new ChangeFailure.Invalid(mistakes) : null;

    private static RoleMapping ToMapping(RoleMappingRequest request, Guid id, string groupName, int version) => new()
    {
        Id = id,
        Kind = request.Kind,
        Client = request.Client,
        Name = request.Name,
        GroupId = request.GroupId,
        GroupName = groupName,
        Version = version,
    };
}
