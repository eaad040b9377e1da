using KeycloakRealm.Model;
using KeycloakRealm.Sessions;

namespace KeycloakRealm.Flows;

/// <summary>
/// One sign-in on its way through a flow. All required and conditional executions of a flow must be successful; alternatives count only
/// where there are none of these, and then one is enough. A conditional flow is left out while one of its conditions is not met.
/// </summary>
internal sealed class FlowRun(AuthenticationFlow flow, AuthenticationLevels levels)
{
    private readonly Dictionary<string, ExecutionStatus> _statuses = new(StringComparer.Ordinal);
    private readonly HashSet<string> _met = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();
    private bool _isChoosing;
    private string? _session;

    private enum ExecutionStatus
    {
        None,
        Shown,
        Attempted,
        SetupRequired,
        Failed,
        Successful,
    }

    public AuthenticationFlow Flow => flow;

    public AuthenticationLevels Levels => levels;

    /// <summary>Who it is, or says to be; the flow may still ask for proof.</summary>
    public User? User { get; set; }

    /// <summary>What was typed as user name.</summary>
    public string? AttemptedName { get; set; }

    /// <summary>The form for name and password was shown to a user who was known.</summary>
    public bool IsReauthentication { get; set; }

    /// <summary>The session that the cookie named, where the cookie was enough.</summary>
    public UserSession? Session { get; set; }

    /// <summary>The kinds of proof that were given.</summary>
    public List<string> Credentials { get; } = [];

    /// <summary>Required actions that set missing credentials up.</summary>
    public List<string> SetupActions { get; } = [];

    /// <summary>The alternatives that are not served and were left out.</summary>
    public HashSet<string> PassedOver { get; } = new(StringComparer.Ordinal);

    /// <summary>Stands above the next form.</summary>
    public string? Notice { get; set; }

    /// <summary>The execution whose form was shown last.</summary>
    public AuthenticationExecution? Current { get; private set; }

    public bool IsSuccessful(AuthenticationExecution execution) => StatusOf(execution) is ExecutionStatus.Successful;

    public IReadOnlyList<AuthenticationExecution> Siblings(AuthenticationExecution execution) =>
        (execution.Parent?.Flow ?? flow).Executions;

    public AuthenticationExecution? FindFlow(string alias) =>
        flow.All.FirstOrDefault(each => string.Equals(each.Flow?.Alias, alias, StringComparison.Ordinal));

    /// <summary>As if nothing had been shown or proved.</summary>
    public void Reset()
    {
        _statuses.Clear();
        _met.Clear();
        _isChoosing = false;
        (User, AttemptedName, Session, Current, Notice, IsReauthentication) = (null, null, null, null, null, false);
        Credentials.Clear();
        SetupActions.Clear();
        PassedOver.Clear();
    }

    /// <summary>From the top. Null when the flow is complete.</summary>
    public FlowStep? Begin(FlowRequest request) => Guard(() =>
    {
        if (!string.Equals(_session, request.Session?.Id, StringComparison.Ordinal))
        {
            // Somebody has signed in beside this page, or out.
            Reset();
            _session = request.Session?.Id;
        }

        if (_isChoosing && Current is not null)
        {
            return new Shown(FlowForm.Choice);
        }

        return Finish(Process(request, flow, out var isSuccessful), isSuccessful);
    });

    /// <summary>With what was sent for the form that was shown last. Null when the flow is complete.</summary>
    public FlowStep? Act(FlowRequest request)
    {
        if (Current is not { } current)
        {
            return Begin(request);
        }

        return Guard(() =>
        {
            if (request.Form["tryAnotherWay"] is not null)
            {
                _isChoosing = true;
                return new Shown(FlowForm.Choice);
            }

            var step = request.Form["authenticationExecution"] is { Length: > 0 } id
                ? SwitchTo(request, ref current, id)
                : Record(current, Authenticators.Find(current.Authenticator!).Act(this, request, current), request);
            return step ?? Continue(request, current);
        });
    }

    /// <summary>The executions among which the user may choose instead of this one.</summary>
    public IReadOnlyList<AuthenticationExecution> Choices(FlowRequest request, AuthenticationExecution execution) =>
        new FlowChoices(this, request).Of(execution);

    public bool IsProcessed(AuthenticationExecution execution) =>
        !execution.IsEnabled
        || StatusOf(execution) is ExecutionStatus.Successful or ExecutionStatus.Attempted or ExecutionStatus.SetupRequired;

    /// <summary>Conditions are no steps. Alternatives beside required executions do not count.</summary>
    public static (List<AuthenticationExecution> Required, List<AuthenticationExecution> Alternatives) Sort(AuthenticationFlow among)
    {
        var steps = among.Executions.FindAll(each => each.IsEnabled && !Conditions.IsServed(each.Authenticator));
        var required = steps.FindAll(each => each.Requirement is Requirement.Required or Requirement.Conditional);
        return (required, required.Count > 0 ? [] : steps.FindAll(each => each.Requirement is Requirement.Alternative));
    }

    /// <summary>
    /// Without a condition, a conditional flow is left out. An authenticator that nobody knows may be a condition, so the flow is not left
    /// out for want of others.
    /// </summary>
    public bool IsWanted(FlowRequest request, AuthenticationExecution execution)
    {
        if (execution is not { Requirement: Requirement.Conditional, Flow: { } inner })
        {
            return true;
        }

        var conditions = inner.Executions.FindAll(each => each.IsEnabled && Conditions.IsServed(each.Authenticator));
        foreach (var condition in conditions)
        {
            if (!Conditions.IsMet(this, request, condition))
            {
                _met.Remove(condition.Id);
                return false;
            }

            _met.Add(condition.Id);
        }

        return conditions.Count > 0
            || inner.Executions.Exists(each => each is { IsEnabled: true, Authenticator: { } name } && !Authenticators.IsKnown(name));
    }

    private FlowStep? Guard(Func<FlowStep?> go)
    {
        try
        {
            lock (_lock)
            {
                Notice = null;
                return go();
            }
        }
        catch (FlowException exception)
        {
            return new Failed(exception.Failure);
        }
    }

    private FlowStep? Finish(FlowStep? step, bool isSuccessful)
    {
        if (step is not (null or Failed))
        {
            return step;
        }

        var isComplete = step is null && isSuccessful && User is not null;
        return isComplete ? null
            : PassedOver.Count > 0 ? Unserved.Deny(flow, PassedOver)
            : step ?? new Failed(FlowFailure.InvalidUser);
    }

    private FlowStep? Process(FlowRequest request, AuthenticationFlow among, out bool isSuccessful)
    {
        var (required, alternatives) = Sort(among);
        var count = 0;
        isSuccessful = true;
        foreach (var execution in required)
        {
            if (execution.Requirement is Requirement.Conditional && !IsProcessed(execution) && !IsWanted(request, execution))
            {
                continue;
            }

            count++;
            var step = Run(request, execution, isFromFlow: true);
            isSuccessful = IsDone(execution);
            if (step is not null || !isSuccessful)
            {
                return step;
            }
        }

        isSuccessful = count > 0 || alternatives.Exists(IsDone);
        return isSuccessful ? null : TryEach(request, alternatives, out isSuccessful);
    }

    private FlowStep? TryEach(FlowRequest request, List<AuthenticationExecution> alternatives, out bool isSuccessful)
    {
        isSuccessful = false;
        foreach (var execution in alternatives)
        {
            var step = Run(request, execution, isFromFlow: true);
            if (step is Failed)
            {
                SetStatus(request, execution, ExecutionStatus.Attempted);
                continue;
            }

            isSuccessful = IsDone(execution);
            if (step is not null || isSuccessful)
            {
                return step;
            }
        }

        return null;
    }

    private FlowStep? Run(FlowRequest request, AuthenticationExecution execution, bool isFromFlow)
    {
        if (IsProcessed(execution))
        {
            return null;
        }

        if (execution.Flow is { } inner)
        {
            var step = Process(request, inner, out var isSuccessful);
            SetStatus(request, execution, step is Failed ? StatusOf(execution)
                : step is not null ? ExecutionStatus.Shown
                : isSuccessful ? ExecutionStatus.Successful : ExecutionStatus.Failed);
            return step;
        }

        if (isFromFlow && Choices(request, execution) is { Count: > 0 } choices)
        {
            var open = choices.Where(each => !IsProcessed(each)).ToList();
            if (open.Count == 0)
            {
                return null;
            }

            execution = open.Find(each => each == Current) ?? open[0];
        }

        return Start(request, execution);
    }

    private FlowStep? Start(FlowRequest request, AuthenticationExecution execution)
    {
        var authenticator = Authenticators.Find(execution.Authenticator!);
        if (authenticator.NeedsUser && User is null)
        {
            return new Failed(FlowFailure.InvalidUser);
        }

        var lacks = (authenticator.NeedsUser || (User is not null && authenticator.CredentialType is not null))
            && !authenticator.IsConfigured(request, User);
        if (!lacks)
        {
            return Record(execution, authenticator.Begin(this, request, execution), request);
        }

        if (authenticator.SetupAction is not { } action
            || execution.Requirement is not Requirement.Required
            || !request.Site.Realm.RequiredActions.Contains(action))
        {
            return new Failed(FlowFailure.SetupRequired);
        }

        SetStatus(request, execution, ExecutionStatus.SetupRequired);
        SetupActions.Add(action);
        return null;
    }

    /// <summary>Null where the flow goes on.</summary>
    private FlowStep? Record(AuthenticationExecution execution, FlowStep step, FlowRequest request)
    {
        if (step.IsFailure && (User ?? request.Site.Realm.FindUserByLogin(AttemptedName ?? "")) is { } user)
        {
            request.Site.BruteForce.Fail(user, Authenticators.Find(execution.Authenticator!).CredentialType);
        }

        switch (step)
        {
            case Passed passed:
                if (passed.Credential is { } credential)
                {
                    Credentials.Add(credential);
                }

                SetStatus(request, execution, ExecutionStatus.Successful);
                return null;
            case Attempted:
                SetStatus(request, execution, ExecutionStatus.Attempted);
                return null;
            case Shown shown:
                // A notice for another identity provider is shown once, and then the next alternative.
                SetStatus(request, execution, shown.Form is FlowForm.Broker ? ExecutionStatus.Attempted : ExecutionStatus.Shown);
                Current = execution;
                return shown with { Alert = shown.Alert ?? Notice };
            default:
                SetStatus(request, execution, ExecutionStatus.Failed);
                return step;
        }
    }

    private FlowStep? SwitchTo(FlowRequest request, ref AuthenticationExecution current, string id)
    {
        _isChoosing = false;
        if (Choices(request, current).FirstOrDefault(each => string.Equals(each.Id, id, StringComparison.Ordinal)) is not { } chosen)
        {
            return new Failed(FlowFailure.Unexpected);
        }

        current = chosen;
        return Run(request, chosen, isFromFlow: false);
    }

    /// <summary>Where the flow goes on that the finished execution is part of.</summary>
    private FlowStep? Continue(FlowRequest request, AuthenticationExecution finished)
    {
        Current = null;
        _isChoosing = false;
        for (var parent = FinishParents(request, finished); parent is not null; parent = FinishParents(request, parent))
        {
            if (Run(request, parent, isFromFlow: false) is { } step)
            {
                return step;
            }
        }

        return Finish(Process(request, flow, out var isSuccessful), isSuccessful);
    }

    /// <summary>The lowest flow above this execution that is not finished; null for the whole flow.</summary>
    private AuthenticationExecution? FinishParents(FlowRequest request, AuthenticationExecution execution)
    {
        while (execution.Parent is { } parent)
        {
            var (required, alternatives) = Sort(parent.Flow!);
            var isFinished = execution.Requirement is Requirement.Alternative
                ? required.Count == 0 && alternatives.Exists(IsSuccessful)
                : required.TrueForAll(IsSuccessful);
            if (!isFinished)
            {
                return parent;
            }

            SetStatus(request, parent, ExecutionStatus.Successful);
            execution = parent;
        }

        return null;
    }

    private bool IsDone(AuthenticationExecution execution) =>
        StatusOf(execution) is ExecutionStatus.Successful or ExecutionStatus.SetupRequired;

    private ExecutionStatus StatusOf(AuthenticationExecution execution) => _statuses.GetValueOrDefault(execution.Id);

    private void SetStatus(FlowRequest request, AuthenticationExecution execution, ExecutionStatus status)
    {
        _statuses[execution.Id] = status;
        if (status is not ExecutionStatus.Successful || execution.Flow is not { } inner)
        {
            return;
        }

        foreach (var condition in inner.Levels.Where(each => each.Parent == execution && _met.Contains(each.Id)))
        {
            levels.Reach(condition, request.Site.Now);
        }
    }
}
