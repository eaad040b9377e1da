using KeycloakRealm.Flows;
using KeycloakRealm.Model;

namespace KeycloakRealm.Import;

/// <summary>The flows of the file, and those of Keycloak that the file does not define.</summary>
internal sealed class FlowReader
{
    private readonly string _realm;
    private readonly List<string> _warnings;
    private readonly Dictionary<string, JsonPlace> _flows = new(StringComparer.Ordinal);
    private readonly Dictionary<string, JsonPlace> _configurations = new(StringComparer.Ordinal);
    private readonly Dictionary<string, AuthenticationFlow> _read = new(StringComparer.Ordinal);

    public FlowReader(string realm, JsonPlace file, JsonPlace builtIn, List<string> warnings)
    {
        _realm = realm;
        _warnings = warnings;
        foreach (var flow in file.Items("authenticationFlows"))
        {
            if (!_flows.TryAdd(flow.Text("alias") ?? throw flow.Refuse("a flow without an alias"), flow))
            {
                throw flow.Refuse($"the flow {flow.Text("alias")} is there twice");
            }

            if (flow.Member("authenticationExecutions") is null)
            {
                throw flow.Refuse("a flow without \"authenticationExecutions\"");
            }
        }

        foreach (var configuration in file.Items("authenticatorConfig"))
        {
            _configurations[configuration.Text("alias") ?? throw configuration.Refuse("a configuration without an alias")] = configuration;
        }

        foreach (var execution in _flows.Values.SelectMany(flow => flow.Items("authenticationExecutions")))
        {
            Check(execution);
        }

        foreach (var flow in builtIn.Items("authenticationFlows"))
        {
            _flows.TryAdd(flow.Text("alias")!, flow);
        }

        foreach (var configuration in builtIn.Items("authenticatorConfig"))
        {
            _configurations.TryAdd(configuration.Text("alias")!, configuration);
        }
    }

    public bool Knows(string alias) => _flows.ContainsKey(alias);

    /// <summary>By alias; <c>usual</c> where that is not said.</summary>
    public AuthenticationFlow ForRealm(string? alias, string usual) =>
        Read(_flows.GetValueOrDefault(alias ?? usual, _flows[usual]));

    /// <summary>By id.</summary>
    public AuthenticationFlow ForClient(JsonPlace reference, string binding)
    {
        var id = reference.Text();
        foreach (var flow in _flows.Values)
        {
            if (string.Equals(flow.Text("id"), id, StringComparison.Ordinal))
            {
                return Read(flow);
            }
        }

        throw reference.Refuse($"Unable to resolve auth flow binding override for: {binding} ({id})");
    }

    private void Check(JsonPlace execution)
    {
        if (execution.Member("flowAlias") is { } flow && !_flows.ContainsKey(flow.Text()))
        {
            throw flow.Refuse($"the flow {flow.Text()} does not exist");
        }

        if (execution.Member("authenticatorConfig") is { } configuration && !_configurations.ContainsKey(configuration.Text()))
        {
            throw configuration.Refuse($"the configuration {configuration.Text()} does not exist");
        }

        if (execution.Member("requirement") is { } requirement
            && requirement.Text() is not ("REQUIRED" or "ALTERNATIVE" or "CONDITIONAL" or "DISABLED" or "OPTIONAL"))
        {
            throw requirement.Refuse($"the requirement {requirement.Text()} does not exist");
        }
    }

    private AuthenticationFlow Read(JsonPlace flow)
    {
        var alias = flow.Text("alias")!;
        return _read.TryGetValue(alias, out var known) ? known : _read[alias] = Read(flow, above: []);
    }

    // above: the aliases of the flows that this one is part of.
    private AuthenticationFlow Read(JsonPlace place, IReadOnlyList<string> above)
    {
        var alias = place.Text("alias")!;
        IReadOnlyList<string> path = [.. above, alias];
        var flow = new AuthenticationFlow { Id = place.Text("id") ?? alias, Alias = alias };
        foreach (var each in place.Items("authenticationExecutions").OrderBy(each => each.Number("priority", 0)))
        {
            var id = StableId.For(_realm, "execution", $"{string.Join('/', path)}/{each.Path}");
            flow.Executions.Add(
                each.Text("requirement") is "OPTIONAL" ? Optional(each, id, path) : Execution(each, id, RequirementOf(each), path));
        }

        return flow;
    }

    private AuthenticationExecution Execution(JsonPlace place, string id, Requirement requirement, IReadOnlyList<string> path)
    {
        AuthenticationFlow? inner = null;
        if (string.IsNullOrEmpty(place.Text("authenticator")) && place.Text("flowAlias") is { } alias)
        {
            inner = path.Contains(alias, StringComparer.Ordinal)
                ? throw place.Refuse($"the flow {alias} is part of itself")
                : Read(_flows[alias], path);
        }

        var execution = new AuthenticationExecution
        {
            Id = id,
            Requirement = requirement,
            Authenticator = inner is null ? place.Text("authenticator") ?? "" : null,
            Flow = inner,
            Config = place.Text("authenticatorConfig") is { } name && _configurations.TryGetValue(name, out var configuration)
                ? configuration.TextMap("config")
                : new Dictionary<string, string>(StringComparer.Ordinal),
        };
        if (execution is { IsEnabled: true, Authenticator: { } authenticator } && !Authenticators.IsServed(authenticator))
        {
            var consequence = requirement is Requirement.Alternative ? "it is passed over" : "nobody gets past it";
            _warnings.Add($"{place.Path} (the step {authenticator} of the flow {path[^1]}) is not served: {consequence}");
        }

        return execution;
    }

    /// <summary>As the import changes what Keycloak before 8 wrote: for users who have set it up.</summary>
    private AuthenticationExecution Optional(JsonPlace place, string id, IReadOnlyList<string> path)
    {
        var flow = new AuthenticationFlow { Id = id, Alias = id };
        flow.Executions.Add(new AuthenticationExecution
        {
            Id = StableId.For(_realm, "execution", $"{id}/condition"),
            Requirement = Requirement.Required,
            Authenticator = "conditional-user-configured",
        });
        flow.Executions.Add(Execution(place, StableId.For(_realm, "execution", $"{id}/step"), Requirement.Required, path));
        return new AuthenticationExecution { Id = id, Requirement = Requirement.Conditional, Flow = flow };
    }

    private static Requirement RequirementOf(JsonPlace place) => place.Text("requirement") switch
    {
        "REQUIRED" => Requirement.Required,
        "ALTERNATIVE" => Requirement.Alternative,
        "CONDITIONAL" => Requirement.Conditional,
        _ => Requirement.Disabled,
    };
}
