using System.Diagnostics.CodeAnalysis;

namespace KeycloakAccess.Permissions;

/// <summary>What may be done on which model, written <c>model:action</c>, as in <c>book:view</c>.</summary>
/// <param name="Model">The model's name, in the singular.</param>
/// <param name="Action">One of the actions of that model.</param>
public readonly record struct Permission(string Model, string Action)
{
    public const string View = "view";
    public const string Add = "add";
    public const string Change = "change";
    public const string Delete = "delete";

    /// <summary>Every action, and in <c>*:*</c> every model too, where a group grants or denies it. It is never asked for.</summary>
    public const string Any = "*";

    internal static readonly Permission Everything = new(Any, Any);

    /// <summary>The four actions that a model has unless it says otherwise.</summary>
    public static readonly IReadOnlyList<string> Actions = [View, Add, Change, Delete];

    /// <returns>Whether the text is <c>model:action</c>. Whether both exist is for <see cref="PermissionCatalogue"/> to say.</returns>
    public static bool TryParse([NotNullWhen(true)] string? text, out Permission permission)
    {
        var parts = text?.Split(':') ?? [];
        // *:view would read as "every model, also those to come": only *:* says that, and says it plainly.
        var valid = parts.Length == 2 && IsPart(parts[0]) && IsPart(parts[1]) && (parts[0] != Any || parts[1] == Any);
        permission = valid ? new Permission(parts[0], parts[1]) : default;
        return valid;

        // A star stands alone or not at all: book:v* would look like a pattern and cover nothing.
        static bool IsPart(string part) => part.Length > 0 && (part == Any || !part.Contains(Any, StringComparison.Ordinal));
    }

    /// <returns>Whether holding this one is enough for the other: the same, or a wildcard over it.</returns>
    public bool Covers(Permission other) =>
        (Model == Any || string.Equals(Model, other.Model, StringComparison.Ordinal))
        && (Action == Any || string.Equals(Action, other.Action, StringComparison.Ordinal));

    public override string ToString() => $"{Model}:{Action}";
}
