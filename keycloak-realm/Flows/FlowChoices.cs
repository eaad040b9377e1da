using KeycloakRealm.Model;

namespace KeycloakRealm.Flows;

/// <summary>
/// Which executions are offered instead of another: the alternatives beside it, and the first steps of alternative flows. The user's
/// credentials give the order.
/// </summary>
internal sealed class FlowChoices(FlowRun run, FlowRequest request)
{
    private readonly Dictionary<string, AuthenticationExecution> _byCredential = new(StringComparer.Ordinal);
    private readonly List<AuthenticationExecution> _others = [];

    public IReadOnlyList<AuthenticationExecution> Of(AuthenticationExecution execution)
    {
        if (TopOf(execution) is { } top)
        {
            AddAll(top);
        }
        else
        {
            Add(execution);
        }

        return run.User is { } user
            ? [.. user.CredentialTypes.Select(type => _byCredential.GetValueOrDefault(type)).OfType<AuthenticationExecution>(), .. _others]
            : [.. _others, .. _byCredential.Values.Where(each => !Authenticators.Find(each.Authenticator!).NeedsUser)];
    }

    /// <summary>The highest flow in which this execution is an alternative or the first step; null where it is neither.</summary>
    private AuthenticationFlow? TopOf(AuthenticationExecution execution)
    {
        AuthenticationFlow? top = null;
        for (var each = execution; each is not null; each = each.Parent)
        {
            if (each.Requirement is not Requirement.Alternative && run.Siblings(each)[0] != each)
            {
                return each.Flow ?? top;
            }

            top = each.Parent?.Flow ?? run.Flow;
        }

        return top;
    }

    private void AddAll(AuthenticationFlow among)
    {
        var (required, alternatives) = FlowRun.Sort(among);
        if (required.Find(each => each.Requirement is Requirement.Required || run.IsWanted(request, each)) is { } first)
        {
            AddOpen(first);
            return;
        }

        alternatives.ForEach(AddOpen);
    }

    private void AddOpen(AuthenticationExecution execution)
    {
        if (run.IsProcessed(execution))
        {
            return;
        }

        if (execution.Flow is { } inner)
        {
            AddAll(inner);
        }
        else
        {
            Add(execution);
        }
    }

    private void Add(AuthenticationExecution execution)
    {
        if (run.IsProcessed(execution))
        {
            return;
        }

        if (Authenticators.Find(execution.Authenticator!).CredentialType is { } type)
        {
            _byCredential[type] = execution;
        }
        else
        {
            _others.Add(execution);
        }
    }
}
