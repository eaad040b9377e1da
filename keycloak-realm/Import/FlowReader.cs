using System.Globalization;
using KeycloakRealm.Model;

namespace KeycloakRealm.Import;

/// <summary>
/// A browser flow of the cookie, the forms for name and password, and conditions on the level of authentication; no other is honoured.
/// </summary>
internal sealed class FlowReader
{
    private readonly Dictionary<string, JsonPlace> _flows = new(StringComparer.Ordinal);
    private readonly Dictionary<string, JsonPlace> _configurations = new(StringComparer.Ordinal);
    private readonly List<string> _warnings;

    public FlowReader(JsonPlace file, List<string> warnings)
    {
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
    }

    public bool Knows(string alias) => _flows.ContainsKey(alias);

    /// <summary>By alias; the built-in flow where the file does not define it.</summary>
    public AuthenticationFlow ForRealm(string? alias) =>
        alias is not null && _flows.TryGetValue(alias, out var flow) && !flow.Flag("builtIn", absent: false)
            ? Read(flow)
            : AuthenticationFlow.BuiltIn;

    /// <summary>By id.</summary>
    public AuthenticationFlow ForClient(JsonPlace reference)
    {
        var id = reference.Text();
        foreach (var flow in _flows.Values)
        {
            if (string.Equals(flow.Text("id"), id, StringComparison.Ordinal))
            {
                return Read(flow);
            }
        }

        throw reference.Refuse($"Unable to resolve auth flow binding override for: browser ({id})");
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
        var steps = new List<AuthenticationStep>();
        var alias = flow.Text("alias")!;
        if (!Collect(flow, level: null, steps) || steps.Count == 0)
        {
            _warnings.Add($"{flow.Path} (the flow {alias}) is not honoured: everybody signs in with name and password");
            return AuthenticationFlow.BuiltIn;
        }

        return new AuthenticationFlow { Id = flow.Text("id") ?? alias, Alias = alias, Steps = steps };
    }

    /// <summary>False if the flow requires something that is not served.</summary>
    private bool Collect(JsonPlace flow, (int Level, int MaxAge)? level, List<AuthenticationStep> steps)
    {
        foreach (var execution in flow.Items("authenticationExecutions").OrderBy(each => each.Number("priority", 0)).ToList())
        {
            if (execution.Text("requirement") is "DISABLED")
            {
                continue;
            }

            switch (execution.Text("authenticator"))
            {
                case "auth-cookie":
                    break;
                case "auth-username-password-form":
                    steps.Add(new AuthenticationStep(SignInForm.UsernamePassword, level?.Level, level?.MaxAge ?? 0));
                    break;
                case "auth-password-form":
                    steps.Add(new AuthenticationStep(SignInForm.Password, level?.Level, level?.MaxAge ?? 0));
                    break;
                case "conditional-level-of-authentication":
                    level = ReadLevel(execution);
                    break;
                case null or "" when execution.Text("flowAlias") is { } alias && _flows.TryGetValue(alias, out var inner):
                    if (!Collect(inner, level, steps))
                    {
                        return false;
                    }

                    break;
                case "auth-spnego" or "identity-provider-redirector" when execution.Text("requirement") is "ALTERNATIVE":
                    // Alternatives that are not served.
                    break;
                default:
                    return false;
            }
        }

        return true;
    }

    private (int Level, int MaxAge) ReadLevel(JsonPlace execution)
    {
        var config = execution.Text("authenticatorConfig") is { } alias && _configurations.TryGetValue(alias, out var configuration)
            ? configuration.TextMap("config")
            : [];
        int Number(string name) =>
            config.TryGetValue(name, out var text) && int.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out var value)
                ? value
                : 0;
        return (Number("loa-condition-level"), Number("loa-max-age"));
    }
}
