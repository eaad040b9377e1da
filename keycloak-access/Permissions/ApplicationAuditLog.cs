using KeycloakAccess.Data;

namespace KeycloakAccess.Permissions;

/// <summary>One change that an application has made in data of its own.</summary>
/// <param name="Resource">The resource's name, as it was declared: <c>invoice</c>.</param>
/// <param name="Id">Which one, as addresses write it; at most 300 characters are kept.</param>
/// <param name="Action">What was done: <c>add</c>, <c>change</c>, <c>delete</c>, or an action of the resource.</param>
public sealed record ResourceChange(string Resource, string Id, string Action)
{
    /// <summary>The old values, by their names in JSON; <see langword="null"/> where there was nothing.</summary>
    public IReadOnlyDictionary<string, object?>? Before { get; init; }

    /// <summary>The new values; <see langword="null"/> where nothing is left.</summary>
    public IReadOnlyDictionary<string, object?>? After { get; init; }

    /// <summary>Why, in the caller's words; at most 500 characters are kept.</summary>
    public string? Reason { get; init; }
}

/// <summary>
/// Writes what an application changes in data of its own into the audit log. The log is in another database, so the row is written
/// after the change has been saved, in a transaction of its own. A handler takes it as a parameter.
/// </summary>
public sealed class ApplicationAuditLog
{
    private readonly Database _database;
    private readonly AuditLog _log;
    private readonly PermissionCatalogue _catalogue;

    internal ApplicationAuditLog(Database database, AuditLog log, PermissionCatalogue catalogue) =>
        (_database, _log, _catalogue) = (database, log, catalogue);

    /// <summary>Writes one row: the caller, the request and the time are added.</summary>
    /// <exception cref="ArgumentException">The resource has not been declared.</exception>
    public Task RecordAsync(Caller caller, ResourceChange change, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(caller);
        ArgumentNullException.ThrowIfNull(change);
        if (_catalogue.FindModel(change.Resource) is null)
        {
            throw new ArgumentException($"There is no resource {change.Resource}: declare it with AddResource.", nameof(change));
        }

        return _database.WriteAsync(
            async write =>
            {
                await _log.RecordAsync(
                    write.Connection,
                    write.Transaction,
                    caller.Actor.Because(change.Reason),
                    new AuditChange(change.Resource, change.Id, change.Action, change.Before, change.After),
                    cancellationToken);
                await write.CommitAsync();
            },
            cancellationToken);
    }
}
