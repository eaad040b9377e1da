using KeycloakRealm.Endpoints;

namespace KeycloakRealm.RequiredActions;

/// <summary>One kind of required action: its page, and what is done with what was sent.</summary>
internal interface IRequiredAction
{
    /// <summary>Whether a client may ask for it by <c>kc_action</c>.</summary>
    bool CanBeRequested { get; }

    /// <summary>The page as it looks at first; <c>query</c> is that of its address.</summary>
    string Show(ActionContext action, ProtocolForm query);

    Task<ActionAnswer> TakeAsync(ActionContext action, ProtocolForm form);
}

/// <summary>It is done, or there is another page, or the user does not want to and the client is told so.</summary>
internal sealed record ActionAnswer(string? Page = null, string? Refusal = null)
{
    public static ActionAnswer Done { get; } = new();
}
