using KeycloakAccess.Authentication;

namespace KeycloakAccess.Permissions;

/// <summary>
/// Whoever a row-level rule is asked about: the caller of a request, or somebody whom an authorization query names.
/// </summary>
/// <param name="AccountId">The local account.</param>
/// <param name="IsService">Whether it is a service's.</param>
/// <param name="May">
/// Whether they may do something, as in <c>May("book", "change")</c>: after groups, and after the scopes of the token if there is one.
/// </param>
public sealed record RowSubject(Guid AccountId, bool IsService, Func<string, string, bool> May)
{
    internal static RowSubject FromCaller(Caller caller) =>
        new(caller.AccountId, caller.Identity.Kind == AccountKind.Service, caller.May);
}

internal interface IModelRows
{
    string Model { get; }

    /// <summary>An id of another form does not exist.</summary>
    Task<bool> ExistsAsync(string id, RowSubject subject, CancellationToken cancellationToken);

    /// <summary>
    /// Whether the subject may read what was recorded of a row, each time all its values as a JSON object: if they see the row, or would
    /// have seen one that is gone as it was then. Without a row-level rule, anybody who may read the model.
    /// </summary>
    Task<bool> MayReadAsync(string id, IReadOnlyList<string> recorded, RowSubject subject, CancellationToken cancellationToken) =>
        Task.FromResult(true);

    /// <summary>Whether a row-level rule may keep rows from the subject.</summary>
    bool HidesSome(RowSubject subject) => false;

    /// <summary>In the order of ids; after what is no id there is nothing. <paramref name="limit"/> is at least 1.</summary>
    Task<(IReadOnlyList<string> Ids, string? Next)> ListIdsAsync(
        RowSubject subject, int limit, string? after, CancellationToken cancellationToken);
}

/// <summary>Models whose rows are not declared have none here.</summary>
internal sealed class RowCatalogue(IEnumerable<IModelRows> models)
{
    private readonly Dictionary<string, IModelRows> _models = models.ToDictionary(rows => rows.Model, StringComparer.Ordinal);

    public IModelRows? Find(string model) => _models.GetValueOrDefault(model);
}
