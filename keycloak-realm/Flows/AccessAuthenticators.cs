using KeycloakRealm.Endpoints;
using KeycloakRealm.Model;

namespace KeycloakRealm.Flows;

/// <summary>Single sign-on. A session whose level is too low, or that is too old, still says who it is.</summary>
internal sealed class CookieAuthenticator : Authenticator
{
    public override FlowStep Begin(FlowRun run, FlowRequest request, AuthenticationExecution execution)
    {
        if (request is not { Session: { } session, Authorization: { } authorization })
        {
            return new Attempted();
        }

        var again = AuthorizationEndpoint.MustProveAgain(request.Site, authorization, session);
        run.Levels.Resume(session, run.Flow, again, request.Site.Now);
        run.User = session.User;
        if (again)
        {
            run.Notice = "Please re-authenticate to continue";
            return new Attempted();
        }

        if (run.Levels.Current < authorization.Acr.Level)
        {
            return new Attempted();
        }

        run.Session = session;
        return new Passed();
    }
}

/// <summary>Nobody is sent anywhere: what Keycloak would do is said, and the flow goes on.</summary>
internal sealed class IdentityProviderRedirector : Authenticator
{
    public override FlowStep Begin(FlowRun run, FlowRequest request, AuthenticationExecution execution)
    {
        var alias = request.Authorization?.IdentityProviderHint ?? execution.Setting("defaultProvider");
        return alias is not null && request.Site.Realm.IdentityProviders.Any(each => each.Is(alias) && each.IsEnabled)
            ? new Shown(FlowForm.Broker, Alert: alias)
            : new Attempted();
    }
}

internal sealed class AllowAccess : Authenticator
{
    public override FlowStep Begin(FlowRun run, FlowRequest request, AuthenticationExecution execution) => new Passed();
}

internal sealed class DenyAccess : Authenticator
{
    public override bool IsConfigured(FlowRequest request, User? user) => false;

    public override FlowStep Begin(FlowRun run, FlowRequest request, AuthenticationExecution execution) =>
        new Denied(StatusCodes.Status401Unauthorized, execution.Setting("denyErrorMessage") ?? "Access denied")
        {
            IsFailure = true,
        };
}
