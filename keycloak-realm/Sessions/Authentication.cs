using KeycloakRealm.Flows;
using KeycloakRealm.Links;
using KeycloakRealm.Model;
using KeycloakRealm.RequiredActions;

namespace KeycloakRealm.Sessions;

/// <summary>A browser that is signing in, with one tab for each open page.</summary>
internal sealed class Authentication
{
    /// <summary>Becomes the id of the user session.</summary>
    public required string Id { get; init; }

    public required long LastUsed { get; set; }

    public Dictionary<string, AuthenticationTab> Tabs { get; } = new(StringComparer.Ordinal);
}

internal sealed class AuthenticationTab
{
    public required string Id { get; init; }

    public required AuthorizationRequest Request { get; init; }

    public required long Started { get; init; }

    /// <summary>Changes with every answer, so that a form works once.</summary>
    public required string SessionCode { get; set; }

    /// <summary>Shown once.</summary>
    public string? Notice { get; set; }

    public required FlowRun Run { get; init; }

    /// <summary>Only consent is missing; the browser was signed in already.</summary>
    public bool IsPassing { get; set; }

    /// <summary>Set after the right password, while a required action is pending.</summary>
    public User? Authenticated { get; set; }

    public required ActionProgress Actions { get; init; }

    /// <summary>The link that Keycloak would have sent by mail.</summary>
    public string? SentLink { get; set; }

    /// <summary>Unix seconds.</summary>
    public long SentAt { get; set; }

    /// <summary>The link that the user came by, used up when the sign-in is over.</summary>
    public ActionLink? ResetLink { get; set; }

    /// <summary>The link was opened in another browser, which is told that it is done and does not get to the client.</summary>
    public bool EndsHere { get; set; }
}

/// <summary>Waits for the user's confirmation.</summary>
internal sealed record PendingLogout(string TabId, string SessionCode, Client Client, string? RedirectUri, string? State);
