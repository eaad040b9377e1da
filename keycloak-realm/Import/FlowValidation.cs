using System.Text.Json;

namespace KeycloakRealm.Import;

/// <summary>What Keycloak refuses about flows, whatever they are for. It imports authenticators that it does not have.</summary>
internal static class FlowValidation
{
    private static readonly HashSet<string> BuiltIn = new(
        ["browser", "direct grant", "registration", "reset credentials", "clients", "docker auth", "first broker login"],
        StringComparer.Ordinal);

    private static readonly string[] Bindings =
    [
        "browserFlow", "registrationFlow", "directGrantFlow", "resetCredentialsFlow", "clientAuthenticationFlow",
        "dockerAuthenticationFlow", "firstBrokerLoginFlow",
    ];

    public static void Check(JsonPlace realm)
    {
        foreach (var binding in Bindings)
        {
            if (realm.Member(binding) is { } alias && !Exists(realm, alias.Text()))
            {
                throw alias.Refuse($"the flow {alias.Text()} does not exist");
            }
        }

        foreach (var flow in realm.Items("authenticationFlows"))
        {
            if (flow.Member("providerId") is null)
            {
                throw flow.Refuse("a flow without \"providerId\"");
            }

            foreach (var execution in flow.Items("authenticationExecutions"))
            {
                if (execution.Member("requirement") is null)
                {
                    throw execution.Refuse("an execution without \"requirement\"");
                }
            }
        }

        CheckOverrides(realm);
    }

    /// <summary>A client names a flow by its id, and one of Keycloak's own has another one in each realm.</summary>
    private static void CheckOverrides(JsonPlace realm)
    {
        var ids = realm.Items("authenticationFlows").Select(flow => flow.Text("id")).ToHashSet(StringComparer.Ordinal);
        foreach (var client in realm.Items("clients"))
        {
            if (client.Member("authenticationFlowBindingOverrides") is not { } overrides)
            {
                continue;
            }

            foreach (var (name, flow) in overrides.Members())
            {
                if (flow.Element.ValueKind is not JsonValueKind.Null
                    && flow.Text() is { Length: > 0 } id
                    && (name is not ("browser" or "direct_grant") || !ids.Contains(id)))
                {
                    throw flow.Refuse($"Unable to resolve auth flow binding override for: {name} ({id})");
                }
            }
        }
    }

    /// <summary>Keycloak makes its own flows before it reads those of the file.</summary>
    public static bool Exists(JsonPlace realm, string alias) =>
        BuiltIn.Contains(alias)
        || realm.Items("authenticationFlows").Any(flow => string.Equals(flow.Text("alias"), alias, StringComparison.Ordinal));
}
