using KeycloakRealm.Model;

namespace KeycloakRealm.Sessions;

/// <summary>A browser that is about to sign in, with one tab for each open sign-in page.</summary>
internal sealed class Authentication
{
    /// <summary>Becomes the id of the user session.</summary>
    public required string Id { get; init; }

    public required long LastUsed { get; set; }

    public Dictionary<string, AuthenticationTab> Tabs { get; } = new(StringComparer.Ordinal);
}

/// <summary>One open sign-in page.</summary>
internal sealed class AuthenticationTab
{
    public required string Id { get; init; }

    public required AuthorizationRequest Request { get; init; }

    public required long Started { get; init; }

    /// <summary>Changes with every answer, so that a form is sent once.</summary>
    public required string SessionCode { get; set; }

    /// <summary>What to say when the page is shown first.</summary>
    public string? Notice { get; set; }

    /// <summary>Who is signed in already and has to prove it again; only the password is asked for then.</summary>
    public User? SignedIn { get; set; }

    /// <summary>How far the sign-in has come.</summary>
    public required AuthenticationLevels Levels { get; init; }

    /// <summary>The browser was signed in already, and only the question for consent is open.</summary>
    public bool IsPassing { get; set; }

    /// <summary>The user whose name and password were right, while something else is pending.</summary>
    public User? Authenticated { get; set; }
}

/// <summary>A logout that waits for the user's word.</summary>
internal sealed record PendingLogout(string TabId, string SessionCode, Client Client, string? RedirectUri, string? State);
