using KeycloakAccess.Hosting;
using KeycloakAccess.Permissions;
using KeycloakAccess.Texts;

namespace KeycloakAccess.Groups;

/// <summary>Changes groups and their direct members. Nobody grants, or takes away, what they do not hold themselves.</summary>
internal sealed class GroupCommands(ChangeRunner changes, PermissionCatalogue catalogue, TimeProvider clock)
{
    private const string NotInFuture = "until must be in the future. Leave it out to put the account in for good.";

    public async Task<ChangeOutcome<Group>> AddAsync(GroupRequest request, ChangeAuthor author, CancellationToken cancellationToken)
    {
        if (Check(request) is { } invalid)
        {
            return invalid;
        }

        var group = ToGroup(request, Guid.CreateVersion7(clock.GetUtcNow()), version: 1);
        return await changes.RunOnRulesAsync<Group>(author, async change =>
        {
            if (await change.RefuseAsync(author, group.Written) is { } refused)
            {
                return refused;
            }

            return await GroupStore.AddAsync(change, group) ? ChangeOutcome.Done(group, group.Version) : NameTaken(group);
        }, cancellationToken);
    }

    public async Task<ChangeOutcome<Group>> ReplaceAsync(
        Guid id, GroupRequest request, Precondition seen, ChangeAuthor author, CancellationToken cancellationToken)
    {
        if (Check(request) is { } invalid)
        {
            return invalid;
        }

        return await changes.RunOnRulesAsync<Group>(author, async change =>
        {
            if (await GroupStore.FindAsync(change, id) is not { } current)
            {
                return new ChangeFailure.NotFound();
            }

            var group = ToGroup(request, id, current.Version + 1);
            if (await change.RefuseAsync(author, [.. group.Written, .. current.Written]) is { } refused)
            {
                return refused;
            }

            if (!seen.Allows(current.Version))
            {
                return new ChangeFailure.PreconditionFailed();
            }

            if (group.SaysTheSameAs(current))
            {
                return ChangeOutcome.Unchanged(current, current.Version);
            }

            return await GroupStore.ReplaceAsync(change, current, group)
                ? ChangeOutcome.Done(group, group.Version)
                : NameTaken(group);
        }, cancellationToken);
    }

    public Task<ChangeOutcome<Group>> DeleteAsync(Guid id, Precondition seen, ChangeAuthor author, CancellationToken cancellationToken) =>
        changes.RunOnRulesAsync<Group>(author, async change =>
        {
            if (await GroupStore.FindAsync(change, id) is not { } group)
            {
                return new ChangeFailure.NotFound();
            }

            if (await change.RefuseAsync(author, group.Written) is { } refused)
            {
                return refused;
            }

            if (!seen.Allows(group.Version))
            {
                return new ChangeFailure.PreconditionFailed();
            }

            await GroupStore.DeleteAsync(change, group);
            return ChangeOutcome.Done(group);
        }, cancellationToken);

    /// <summary>For good, or until an instant. Who is in the group already is in it so from now on.</summary>
    public async Task<ChangeOutcome<GroupMember>> AddMemberAsync(
        Guid id, Guid accountId, DateTimeOffset? until, ChangeAuthor author, CancellationToken cancellationToken) =>
        until <= clock.GetUtcNow()
            ? new ChangeFailure.Invalid("until", NotInFuture)
            : await ChangeMemberAsync(
                id,
                accountId,
                author,
                (change, group, account) => GroupStore.AddMemberAsync(change, group, account, Stored(until)),
                cancellationToken);

    /// <summary>
    /// Takes an account out of groups and puts it into one, in one transaction: into one that is there, or into a new one. The value is the
    /// group, or the last that was left.
    /// </summary>
    public Task<ChangeOutcome<Group>> GiveAsync(
        Guid accountId, MembershipChange asked, ChangeAuthor author, CancellationToken cancellationToken)
    {
        if (asked.Until <= clock.GetUtcNow())
        {
            return Task.FromResult<ChangeOutcome<Group>>(new ChangeFailure.Invalid("until", NotInFuture));
        }

        return asked.NewGroup is { } request
            ? Check(request) is { } invalid
                ? Task.FromResult<ChangeOutcome<Group>>(invalid)
                : changes.RunOnRulesAsync<Group>(author, change => GiveAsync(change, accountId, asked, author), cancellationToken)
            : changes.RunOnHoldersAsync<Group>(author, change => GiveAsync(change, accountId, asked, author), cancellationToken);
    }

    private async Task<ChangeOutcome<Group>> GiveAsync(
        ChangeTransaction change, Guid accountId, MembershipChange asked, ChangeAuthor author)
    {
        Group? last = null;
        foreach (var id in asked.Leave)
        {
            last = await GroupStore.FindAsync(change, id);
            if (last is null)
            {
                return new ChangeFailure.PreconditionFailed();
            }

            if (await change.RefuseAsync(author, last.Written) is { } refused)
            {
                return refused;
            }

            if ((await GroupStore.RemoveMemberAsync(change, id, accountId)).Failure is not null)
            {
                return new ChangeFailure.PreconditionFailed();
            }
        }

        if (asked.NewGroup is { } request)
        {
            last = ToGroup(request, Guid.CreateVersion7(clock.GetUtcNow()), version: 1);
            if (await change.RefuseAsync(author, last.Written) is { } refused)
            {
                return refused;
            }

            if (!await GroupStore.AddAsync(change, last))
            {
                return NameTaken(last);
            }
        }
        else if (asked.Join is { } join)
        {
            last = await GroupStore.FindAsync(change, join);
            if (last is null)
            {
                return new ChangeFailure.PreconditionFailed();
            }

            if (await change.RefuseAsync(author, last.Written) is { } refused)
            {
                return refused;
            }
        }

        if (asked.NewGroup is not null || asked.Join is not null)
        {
            var joined = await GroupStore.AddMemberAsync(change, last!.Id, accountId, Stored(asked.Until));
            if (joined.Failure is { } failure)
            {
                return failure;
            }
        }

        return ChangeOutcome.Done(last!);
    }

    public Task<ChangeOutcome<GroupMember>> RemoveMemberAsync(
        Guid id, Guid accountId, ChangeAuthor author, CancellationToken cancellationToken) =>
        ChangeMemberAsync(id, accountId, author, GroupStore.RemoveMemberAsync, cancellationToken);

    // No finer than both databases keep it, so that the same end again is no change.
    private static DateTimeOffset? Stored(DateTimeOffset? until) =>
        until is { } end ? end.ToUniversalTime().AddTicks(-(end.Ticks % TimeSpan.TicksPerMillisecond)) : null;

    private Task<ChangeOutcome<GroupMember>> ChangeMemberAsync(
        Guid id,
        Guid accountId,
        ChangeAuthor author,
        Func<ChangeTransaction, Guid, Guid, Task<ChangeOutcome<GroupMember>>> make,
        CancellationToken cancellationToken) =>
        changes.RunOnHoldersAsync<GroupMember>(author, async change =>
        {
            if (await GroupStore.FindAsync(change, id) is not { } group)
            {
                return new ChangeFailure.NotFound();
            }

            if (await change.RefuseAsync(author, group.Written) is { } refused)
            {
                return refused;
            }

            return await make(change, id, accountId);
        }, cancellationToken);

    private ChangeFailure.Invalid? Check(GroupRequest request)
    {
        var mistakes = Validation.Mistakes(request);
        if (mistakes.Count > 0)
        {
            return new ChangeFailure.Invalid(mistakes);
        }

        mistakes = new Dictionary<string, string[]>(StringComparer.Ordinal)
        {
            ["permissions"] = [.. request.Permissions.Select(text => catalogue.Mistake(text, wildcards: true)).OfType<string>()],
            ["denied"] =
            [
                .. request.Denied.Select(text => catalogue.Mistake(text, wildcards: true)).OfType<string>(),
                .. request.Denied.Intersect(request.Permissions, StringComparer.Ordinal).Select(GroupLimits.GrantedAndDenied),
            ],
        };
        return mistakes.Values.All(texts => texts.Length == 0)
            ? null
            : new ChangeFailure.Invalid(mistakes.Where(field => field.Value.Length > 0).ToDictionary(StringComparer.Ordinal));
    }

    private static ChangeFailure.Conflict NameTaken(Group group) =>
        new("name", $"There is a group {group.Name} already. Choose another name, or change that group.");

    private static Group ToGroup(GroupRequest request, Guid id, int version) => new()
    {
        Id = id,
        Name = request.Name,
        Description = Normalization.ToFormC(request.Description),
        Version = version,
        IsDefault = request.IsDefault,
        Permissions = [.. request.Permissions.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)],
        Denied = [.. request.Denied.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)],
    };
}
