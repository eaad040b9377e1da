using Api.Keycloak;

namespace Api.Permissions;

/// <summary>
/// Which roles or Keycloak groups a mapping means: one by its name, or many where the name holds <c>*</c>, which stands for
/// any run of characters, <c>/</c> among them: <c>book-*</c>, <c>/operations/*</c> (whatever lies under it, at any depth,
/// not the group itself). Compared to the letter.
/// </summary>
/// <param name="Kind">The kind of role. Kinds never share a name.</param>
/// <param name="Client">The client that owns a client role, never a pattern; empty for the other kinds.</param>
/// <param name="Name">The name or pattern.</param>
internal readonly record struct RolePattern(RoleKind Kind, string Client, string Name)
{
    /// <summary>Stands for any run of characters. In a Keycloak name it would match itself as well.</summary>
    public const char Any = '*';

    public bool IsExact => !Name.Contains(Any, StringComparison.Ordinal);

    /// <summary>The one role that an exact pattern means.</summary>
    public KeycloakRole Role => new(Kind, Client, Name);

    public bool Matches(KeycloakRole role) =>
        role.Kind == Kind && string.Equals(role.Client, Client, StringComparison.Ordinal) && Matches(Name, role.Name);

    /// <returns>What is wrong with a pattern, with the remedy; <see langword="null"/> if nothing is.</returns>
    public string? Mistake() =>
        Name.Length > 0 && Name.AsSpan().Trim(Any).IsEmpty
            ? "* alone would mean everybody who has any role. Let it follow some letters, as in book-*, or make the group one for everybody."
            : null;

    public override string ToString() => Role.ToString();

    // The usual walk with one step back: after a star, try the shortest run first and lengthen it where the rest fails.
    private static bool Matches(string pattern, string name)
    {
        int inPattern = 0, inName = 0, star = -1, retry = 0;
        while (inName < name.Length)
        {
            if (inPattern < pattern.Length && pattern[inPattern] == Any)
            {
                star = inPattern++;
                retry = inName;
            }
            else if (inPattern < pattern.Length && pattern[inPattern] == name[inName])
            {
                inPattern++;
                inName++;
            }
            else if (star >= 0)
            {
                inPattern = star + 1;
                inName = ++retry;
            }
            else
            {
                return false;
            }
        }

        return pattern.AsSpan(inPattern).Trim(Any).IsEmpty;
    }
}
