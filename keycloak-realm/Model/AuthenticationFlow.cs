namespace KeycloakRealm.Model;

internal sealed class AuthenticationFlow
{
    public static AuthenticationFlow BuiltIn { get; } = new()
    {
        Id = "browser",
        Alias = "browser",
        Steps = [new AuthenticationStep(SignInForm.UsernamePassword, Level: null, MaxAge: 0)],
    };

    public required string Id { get; init; }

    public required string Alias { get; init; }

    public required IReadOnlyList<AuthenticationStep> Steps { get; init; }

    public bool HasLevels => Steps.Any(step => step.Level is not null);
}

/// <summary><c>Level</c> is null where the form is shown to everybody; <c>MaxAge</c> is in seconds, 0 for this request only.</summary>
internal sealed record AuthenticationStep(SignInForm Form, int? Level, int MaxAge);

internal enum SignInForm
{
    UsernamePassword,
    Password,
}
