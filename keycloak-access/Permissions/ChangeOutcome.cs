using KeycloakAccess.Authentication.StepUp;

namespace KeycloakAccess.Permissions;

internal sealed record ChangeOutcome<T>(T? Value, int? Version, bool IsChanged, ChangeFailure? Failure)
    where T : class
{
    public static implicit operator ChangeOutcome<T>(ChangeFailure failure) => new(null, null, false, failure);
}

internal static class ChangeOutcome
{
    public static ChangeOutcome<T> Done<T>(T value, int? version = null)
        where T : class => new(value, version, true, null);

    public static ChangeOutcome<T> Unchanged<T>(T value, int? version = null)
        where T : class => new(value, version, false, null);
}

internal abstract record ChangeFailure
{
    internal sealed record NotFound : ChangeFailure;

    internal sealed record PreconditionFailed : ChangeFailure;

    /// <summary>By the names of the fields in JSON.</summary>
    internal sealed record Invalid(IReadOnlyDictionary<string, string[]> Mistakes) : ChangeFailure
    {
        public Invalid(string field, string mistake)
            : this(new Dictionary<string, string[]>(StringComparer.Ordinal) { [field] = [mistake] })
        {
        }
    }

    /// <summary>The field is empty where it is about the whole; dependants are how many rows of which models refer to it.</summary>
    internal sealed record Conflict(string Field, string Detail, IReadOnlyDictionary<string, long>? Dependants = null) : ChangeFailure;

    internal sealed record Refused(IReadOnlyList<string> Lacking) : ChangeFailure
    {
        public string Detail { get; init; } = GrantGuard.Detail(Lacking);
    }

    /// <summary>The caller must sign in anew, as the rule says.</summary>
    internal sealed record StepUp(StepUpRule Rule, string Detail) : ChangeFailure;

    /// <summary>The change would take everything (<c>*:*</c>), or a part of it, from the last who holds it.</summary>
    internal sealed record LastSuperuser : ChangeFailure
    {
        public const string Detail =
            "Nobody who is enabled and known here would be left who holds everything (*:*) as widely as somebody does now, so nobody could "
            + "undo this. See to somebody else first, or say that it is meant so: by the check box on the pages, allowNoSuperuser=true in "
            + "the API, --allow-no-superuser on the command line.";
    }
}
