using KeycloakRealm.Model;

namespace KeycloakRealm.Flows;

/// <summary>Name and password in one form; the password alone of a user who is known.</summary>
internal class UsernamePasswordForm : Authenticator
{
    protected const string InvalidUser = "Invalid username or password.";
    private const string Disabled = "Account is disabled, contact your administrator.";

    protected virtual FlowForm Form => FlowForm.UsernamePassword;

    public override FlowStep Begin(FlowRun run, FlowRequest request, AuthenticationExecution execution)
    {
        run.IsReauthentication = run.User is not null;
        return new Shown(Form);
    }

    public override FlowStep Act(FlowRun run, FlowRequest request, AuthenticationExecution execution)
    {
        var error = run.IsReauthentication ? "Invalid password." : InvalidUser;
        return FindUser(run, request) is not { } user ? Fail(error, "username")
            : CheckPassword(request, user, error) ?? Admit(run, request, user, "password");
    }

    protected FlowStep Fail(string error, string field, bool counts = true) => new Shown(Form, error, field) { IsFailure = counts };

    /// <summary>The user who is known, else the one whom the form names.</summary>
    protected static User? FindUser(FlowRun run, FlowRequest request)
    {
        if (run.IsReauthentication)
        {
            return run.User;
        }

        run.User = null;
        run.AttemptedName = request.Form["username"]?.Trim();
        return string.IsNullOrEmpty(run.AttemptedName) ? null : request.Site.Realm.FindUserByLogin(run.AttemptedName);
    }

    /// <summary>Null for the right one.</summary>
    protected FlowStep? CheckPassword(FlowRequest request, User user, string error)
    {
        var password = request.Form["password"];
        if (string.IsNullOrEmpty(password))
        {
            return Fail(error, "password", counts: false);
        }

        return request.Site.BruteForce.IsLocked(user) ? Fail(InvalidUser, "username", counts: false)
            : user.Password?.Matches(password) is true ? null
            : Fail(error, "password");
    }

    protected FlowStep Admit(FlowRun run, FlowRequest request, User user, string? credential) =>
        CheckEnabled(request, user, InvalidUser, "username") ?? SetUser(run, user, credential);

    protected FlowStep? CheckEnabled(FlowRequest request, User user, string locked, string field) =>
        request.Site.BruteForce.IsLocked(user) ? Fail(locked, field, counts: false)
            : user.Enabled ? null
            : new Shown(Form, Alert: Disabled);

    private static Passed SetUser(FlowRun run, User user, string? credential)
    {
        run.User = user;
        return new Passed(credential);
    }
}

internal sealed class UsernameForm : UsernamePasswordForm
{
    protected override FlowForm Form => FlowForm.Username;

    public override FlowStep Begin(FlowRun run, FlowRequest request, AuthenticationExecution execution) =>
        run.User is null ? base.Begin(run, request, execution) : new Passed();

    public override FlowStep Act(FlowRun run, FlowRequest request, AuthenticationExecution execution) =>
        FindUser(run, request) is { } user
            ? Admit(run, request, user, "password")
            : Fail(request.Site.Realm.LoginWithEmailAllowed ? "Invalid username or email." : "Invalid username.", "username");
}

internal sealed class PasswordForm : UsernamePasswordForm
{
    public override bool NeedsUser => true;

    public override string? CredentialType => "password";

    protected override FlowForm Form => FlowForm.Password;

    public override bool IsConfigured(FlowRequest request, User? user) => user?.Password is not null;

    public override FlowStep Begin(FlowRun run, FlowRequest request, AuthenticationExecution execution) => new Shown(Form);

    public override FlowStep Act(FlowRun run, FlowRequest request, AuthenticationExecution execution) =>
        CheckPassword(request, run.User!, "Invalid password.") ?? new Passed("password");
}

internal sealed class OtpForm : UsernamePasswordForm
{
    private const string Invalid = "Invalid authenticator code.";
    private const string Field = "totp";

    public override bool NeedsUser => true;

    public override string? CredentialType => "otp";

    public override string? SetupAction => "CONFIGURE_TOTP";

    protected override FlowForm Form => FlowForm.Otp;

    public override bool IsConfigured(FlowRequest request, User? user) => user is { Otps.Count: > 0 };

    public override FlowStep Begin(FlowRun run, FlowRequest request, AuthenticationExecution execution) => new Shown(Form);

    public override FlowStep Act(FlowRun run, FlowRequest request, AuthenticationExecution execution)
    {
        var user = run.User!;
        if (CheckEnabled(request, user, Invalid, Field) is { } refusal)
        {
            return refusal;
        }

        if (request.Form["otp"] is not { } code)
        {
            return new Shown(Form);
        }

        var device = request.Form["selectedCredentialId"] is { Length: > 0 } id
            ? user.Otps.Find(each => string.Equals(each.Id, id, StringComparison.Ordinal))
            : user.Otps.FirstOrDefault();
        return device?.Accept(code, request.Site.Realm.OtpPolicy, request.Site.Clock.GetUtcNow()) is true
            ? new Passed("otp")
            : Fail(Invalid, Field);
    }
}
