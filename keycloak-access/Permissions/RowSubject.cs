using KeycloakAccess.Authentication;

namespace KeycloakAccess.Permissions;

/// <summary>
/// Whoever a row-level rule is asked about: the caller of a request, or somebody whom an authorization query names.
/// </summary>
/// <param name="AccountId">The local account.</param>
/// <param name="IsService">Whether it is a service's.</param>
/// <param name="May">Whether they may do something, as in <c>May("book", "change")</c>: after groups, and after the scopes of the token if there is one.</param>
public sealed record RowSubject(Guid AccountId, bool IsService, Func<string, string, bool> May)
{
    internal static RowSubject FromCaller(Caller caller) =>
        new(caller.AccountId, caller.Identity.Kind == AccountKind.Service, caller.May);
}

/// <summary>The rows of one model, for those who ask about them without knowing the model.</summary>
internal interface IModelRows
{
    /// <summary>The model's name in permissions.</summary>
    string Model { get; }

    /// <param name="id">The row's id, as addresses write it. One of another form does not exist.</param>
    /// <param name="subject">Whose eyes to look with.</param>
    /// <param name="cancellationToken">The request's.</param>
    /// <returns>Whether there is such a row, and the model's row-level rule shows it to the subject.</returns>
    Task<bool> ExistsAsync(string id, RowSubject subject, CancellationToken cancellationToken);

    /// <summary>The ids of the rows that the model's row-level rule shows to the subject, in the order of ids, a page at a time.</summary>
    /// <param name="subject">Whose eyes to look with.</param>
    /// <param name="limit">How many at most; at least 1.</param>
    /// <param name="after">The last id of the page before, or <see langword="null"/> to start. After what is no id there is nothing.</param>
    /// <param name="cancellationToken">The request's.</param>
    /// <returns>The ids, and the value of <paramref name="after"/> for the next page; <see langword="null"/> on the last one.</returns>
    Task<(IReadOnlyList<string> Ids, string? Next)> ListIdsAsync(RowSubject subject, int limit, string? after, CancellationToken cancellationToken);
}

/// <summary>Finds the rows of a model by the model's name. Models whose rows are not declared have none here.</summary>
internal sealed class RowCatalogue(IEnumerable<IModelRows> models)
{
    private readonly Dictionary<string, IModelRows> _models = models.ToDictionary(rows => rows.Model, StringComparer.Ordinal);

    /// <param name="model">The name of a <see cref="ProtectedModel"/>.</param>
    public IModelRows? Find(string model) => _models.GetValueOrDefault(model);
}
