namespace KeycloakAccess.Permissions;

/// <summary>What came of a change, for the API, the pages and the command line alike.</summary>
/// <typeparam name="T">What was changed.</typeparam>
/// <param name="Value">What was changed, as it is now, or was before it was deleted; <see langword="null"/> on a failure.</param>
/// <param name="Version">Its version, where it has one.</param>
/// <param name="IsChanged">Whether anything is other than before.</param>
/// <param name="Failure">Why nothing was changed, where it could not be.</param>
internal sealed record ChangeOutcome<T>(T? Value, int? Version, bool IsChanged, ChangeFailure? Failure)
    where T : class
{
    public static implicit operator ChangeOutcome<T>(ChangeFailure failure) => new(null, null, false, failure);
}

/// <summary>Makes outcomes of changes that nothing stood in the way of.</summary>
internal static class ChangeOutcome
{
    public static ChangeOutcome<T> Done<T>(T value, int? version = null)
        where T : class => new(value, version, true, null);

    public static ChangeOutcome<T> Unchanged<T>(T value, int? version = null)
        where T : class => new(value, version, false, null);
}

/// <summary>Why a change was not made.</summary>
internal abstract record ChangeFailure
{
    /// <summary>There is nothing of this id.</summary>
    internal sealed record NotFound : ChangeFailure;

    /// <summary>It is not as the author has seen it.</summary>
    internal sealed record PreconditionFailed : ChangeFailure;

    /// <summary>Values cannot be.</summary>
    /// <param name="Mistakes">What is wrong, by the names of the fields in JSON.</param>
    internal sealed record Invalid(IReadOnlyDictionary<string, string[]> Mistakes) : ChangeFailure
    {
        public Invalid(string field, string mistake)
            : this(new Dictionary<string, string[]>(StringComparer.Ordinal) { [field] = [mistake] })
        {
        }
    }

    /// <summary>Something else stands in the way.</summary>
    /// <param name="Field">The field that it is about; empty for the whole.</param>
    /// <param name="Detail">What, and what to do about it.</param>
    /// <param name="Dependants">How many rows of which models refer to it, where that stands in the way.</param>
    internal sealed record Conflict(string Field, string Detail, IReadOnlyDictionary<string, long>? Dependants = null) : ChangeFailure;

    /// <summary>The author would grant, or take away, what they do not hold.</summary>
    /// <param name="Lacking">The permissions that they lack.</param>
    internal sealed record Refused(IReadOnlyList<string> Lacking) : ChangeFailure
    {
        public string Detail => GrantGuard.Detail(Lacking);
    }
}
