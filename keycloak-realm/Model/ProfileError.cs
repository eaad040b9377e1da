namespace KeycloakRealm.Model;

/// <summary>
/// What is wrong with the values of an attribute: the key of a message, its text as forms show it, and its parameters as the account
/// API tells them after the attribute's name.
/// </summary>
internal sealed record ProfileError(string Key, string Text, params IReadOnlyList<string?> Parameters)
{
    public static ProfileError ReadOnly { get; } = new("error-user-attribute-read-only", "This field is read only.");

    public static ProfileError Required { get; } = new("error-user-attribute-required", "Please specify this field.");

    public static ProfileError EmailExists { get; } = new("emailExistsMessage", "Email already exists.");

    public static ProfileError UsernameExists { get; } = new("usernameExistsMessage", "Username already exists.");

    public static ProfileError UsernameReadOnly { get; } =
        new("readOnlyUsernameMessage", "You can't update your username as it is read-only.");

    public static ProfileError UsernameMissing { get; } = new("missingUsernameMessage", "Please specify username.");

    public static ProfileError EmailMissing { get; } = new("missingEmailMessage", "Please specify email.");

    public bool IsConflict => this == EmailExists || this == UsernameExists;
}
