using KeycloakRealm.Model;

namespace KeycloakRealm.Flows;

/// <summary>Nobody gets past it. Where it is one of several alternatives, it is passed over.</summary>
internal class Unserved(string name) : Authenticator
{
    public override FlowStep Begin(FlowRun run, FlowRequest request, AuthenticationExecution execution)
    {
        if (execution.Requirement is Requirement.Alternative)
        {
            run.PassedOver.Add(name);
            return new Attempted();
        }

        return Deny(run.Flow, [name]);
    }

    public static Denied Deny(AuthenticationFlow flow, IEnumerable<string> names) => new(
        StatusCodes.Status501NotImplemented,
        $"The flow {flow.Alias} has the step {string.Join(", ", names)}, which the embedded realm does not serve. Nobody gets past it: "
            + "take it out of the realm file, or disable it there.");
}

/// <summary>Without effect, as in every realm that has no organizations.</summary>
internal sealed class Organization : Authenticator
{
    public override bool IsConfigured(FlowRequest request, User? user) => false;

    public override FlowStep Begin(FlowRun run, FlowRequest request, AuthenticationExecution execution) => new Attempted();
}

/// <summary>Credentials that are not served. Who has none in the realm file signs in as in Keycloak.</summary>
internal sealed class UnservedCredential(string name, string type, string? setupAction) : Unserved(name)
{
    public override bool NeedsUser => true;

    public override string? CredentialType => type;

    public override string? SetupAction => setupAction;

    public override bool IsConfigured(FlowRequest request, User? user) =>
        user is not null && user.CredentialTypes.Contains(type, StringComparer.Ordinal);
}
