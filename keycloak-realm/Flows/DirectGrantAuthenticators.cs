using KeycloakRealm.Endpoints;
using KeycloakRealm.Model;

namespace KeycloakRealm.Flows;

/// <summary>Steps of the password grant: nothing is shown, what is wrong is refused.</summary>
internal abstract class DirectGrantAuthenticator : Authenticator
{
    protected static FlowStep Refuse(string description = "Invalid user credentials", bool counts = true) =>
        new Refused(Refusal.BadRequest("invalid_grant", description)) { IsFailure = counts };
}

internal sealed class DirectGrantUsername : DirectGrantAuthenticator
{
    public override FlowStep Begin(FlowRun run, FlowRequest request, AuthenticationExecution execution)
    {
        run.AttemptedName = request.Form["username"];
        if (string.IsNullOrEmpty(run.AttemptedName))
        {
            return new Refused(Refusal.Unauthorized("invalid_request", "Missing parameter: username"));
        }

        if (request.Site.Realm.FindUserByLogin(run.AttemptedName) is not { ServiceAccountOf: null } user)
        {
            return Refuse();
        }

        if (request.Site.BruteForce.IsLocked(user))
        {
            return Refuse(counts: false);
        }

        if (!user.Enabled)
        {
            return user.Password?.Matches(request.Form["password"] ?? "") is true
                ? Refuse("Account disabled", counts: false)
                : Refuse(counts: false);
        }

        run.User = user;
        return new Passed();
    }
}

internal sealed class DirectGrantPassword : DirectGrantAuthenticator
{
    public override bool NeedsUser => true;

    public override FlowStep Begin(FlowRun run, FlowRequest request, AuthenticationExecution execution) =>
        run.User!.Password?.Matches(request.Form["password"] ?? "") is true ? new Passed("password") : Refuse();
}

internal sealed class DirectGrantOtp : DirectGrantAuthenticator
{
    public override bool NeedsUser => true;

    public override bool IsConfigured(FlowRequest request, User? user) => user is { Otps.Count: > 0 };

    /// <summary>Only the first device counts.</summary>
    public override FlowStep Begin(FlowRun run, FlowRequest request, AuthenticationExecution execution)
    {
        var code = request.Form["otp"] ?? request.Form["totp"];
        return run.User!.Otps[0].Accept(code, request.Site.Realm.OtpPolicy, request.Site.Clock.GetUtcNow())
            ? new Passed("otp")
            : Refuse();
    }
}
