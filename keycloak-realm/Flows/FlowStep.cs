using KeycloakRealm.Endpoints;

namespace KeycloakRealm.Flows;

/// <summary>What came of an execution, and what a whole flow stops at.</summary>
internal abstract record FlowStep
{
    /// <summary>Somebody who has tried and failed: brute-force protection counts it.</summary>
    public bool IsFailure { get; init; }
}

/// <summary>The kind of proof, where it was one: <c>password</c>, <c>otp</c>.</summary>
internal sealed record Passed(string? Credential = null) : FlowStep;

/// <summary>Not applicable: the next alternative is tried.</summary>
internal sealed record Attempted : FlowStep;

/// <summary>A form is shown. <c>Error</c> stands below the field <c>Field</c>, <c>Alert</c> above the form.</summary>
internal sealed record Shown(FlowForm Form, string? Error = null, string? Field = null, string? Alert = null) : FlowStep;

/// <summary>The end: a page with a message.</summary>
internal sealed record Denied(int Status, string Message) : FlowStep;

/// <summary>The end: an answer of the token endpoint.</summary>
internal sealed record Refused(Refusal Refusal) : FlowStep;

/// <summary>This execution cannot be done. Another alternative may; without one, this is the end.</summary>
internal sealed record Failed(FlowFailure Failure) : FlowStep;

internal enum FlowForm
{
    UsernamePassword,
    Username,
    Password,
    Otp,

    /// <summary>Keycloak would send the browser to another identity provider.</summary>
    Broker,

    /// <summary>Which of several alternatives.</summary>
    Choice,
}

internal enum FlowFailure
{
    /// <summary>No alternative was successful, or nobody has said who they are.</summary>
    InvalidUser,

    /// <summary>The user lacks the credential and may not set it up here.</summary>
    SetupRequired,

    /// <summary>Keycloak fails: a condition that cannot be evaluated.</summary>
    Unexpected,
}
