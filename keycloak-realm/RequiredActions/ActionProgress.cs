namespace KeycloakRealm.RequiredActions;

/// <summary>How far a sign-in is with what the user has to do, and with what the client asks for by <c>kc_action</c>.</summary>
internal sealed class ActionProgress(string? requested, ICollection<string>? setup = null)
{
    /// <summary>What the client asks for; null once it is clear what became of it.</summary>
    public string? Requested { get; private set; } = requested;

    /// <summary>What a step of the sign-in asks for, because the user lacks its credential.</summary>
    public ICollection<string> Setup { get; } = setup ?? [];

    /// <summary>The user has to do it anyway, and cannot say no to it.</summary>
    public bool IsEnforced { get; set; }

    /// <summary>Whose page is open.</summary>
    public string? Current { get; set; }

    /// <summary>What was last sent: an action, or a form of the sign-in before.</summary>
    public string? LastProcessed { get; set; }

    /// <summary>The same as long as the sign-in takes, so that an app that has it need not be told another.</summary>
    public string? OtpSecret { get; set; }

    /// <summary><c>success</c>, <c>cancelled</c> or <c>error</c>; null where nothing was asked for.</summary>
    public string? Status { get; private set; }

    public ActionOutcome? Outcome => Status is null ? null : new ActionOutcome(LastProcessed, Status);

    public void Finish(string action, string status)
    {
        Setup.Remove(action);
        if (string.Equals(action, Requested, StringComparison.Ordinal))
        {
            (Requested, Status) = (null, status);
        }
    }
}

/// <summary>What the client is told. Keycloak names what was last sent, even if that is not what the client asked for.</summary>
internal sealed record ActionOutcome(string? Action, string Status);
