namespace KeycloakRealm.Model;

/// <summary>A browser flow, as far as it is honoured: the forms that a person goes through, some of them for a level only.</summary>
internal sealed class AuthenticationFlow
{
    /// <summary>The flow that every realm has: name and password.</summary>
    public static AuthenticationFlow BuiltIn { get; } = new()
    {
        Id = "browser",
        Alias = "browser",
        Steps = [new AuthenticationStep(SignInForm.UsernamePassword, Level: null, MaxAge: 0)],
    };

    public required string Id { get; init; }

    public required string Alias { get; init; }

    public required IReadOnlyList<AuthenticationStep> Steps { get; init; }

    /// <summary>Whether the flow knows levels, and so can say that one was not reached.</summary>
    public bool HasLevels => Steps.Any(step => step.Level is not null);
}

/// <summary>One form of a flow.</summary>
/// <param name="Form">What it asks for.</param>
/// <param name="Level">The level of authentication that it stands for; null where it is shown to everyone.</param>
/// <param name="MaxAge">Seconds for which the level holds in a session; 0 for the one request.</param>
internal sealed record AuthenticationStep(SignInForm Form, int? Level, int MaxAge);

/// <summary>What a form asks for.</summary>
internal enum SignInForm
{
    UsernamePassword,
    Password,
}
