namespace KeycloakRealm.Flows;

/// <summary>What the page says where a sign-in cannot go on.</summary>
internal static class FlowMessages
{
    public static (int Status, string Message) Of(FlowStep step) => step switch
    {
        Denied denied => (denied.Status, denied.Message),
        Refused refused => (refused.Refusal.Status, refused.Refusal.Description ?? refused.Refusal.Error),
        Failed { Failure: FlowFailure.SetupRequired } => (StatusCodes.Status400BadRequest, "Cannot login, credential setup required."),
        Failed { Failure: FlowFailure.Unexpected } => (
            StatusCodes.Status400BadRequest, "Unexpected error when handling authentication request to identity provider."),
        _ => (StatusCodes.Status400BadRequest, "Invalid username or password."),
    };
}
