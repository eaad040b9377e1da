using KeycloakRealm.Model;

namespace KeycloakRealm.Flows;

/// <summary>What an execution does. It has no state: what a sign-in has come to is in its <see cref="FlowRun"/>.</summary>
internal abstract class Authenticator
{
    public virtual bool NeedsUser => false;

    /// <summary>The kind of credential that it checks; null for any other authenticator.</summary>
    public virtual string? CredentialType => null;

    /// <summary>The required action that sets the credential up where it is missing; null where that is not offered.</summary>
    public virtual string? SetupAction => null;

    public virtual bool IsConfigured(FlowRequest request, User? user) => true;

    public abstract FlowStep Begin(FlowRun run, FlowRequest request, AuthenticationExecution execution);

    /// <summary>After its form was sent.</summary>
    public virtual FlowStep Act(FlowRun run, FlowRequest request, AuthenticationExecution execution) => Begin(run, request, execution);
}
