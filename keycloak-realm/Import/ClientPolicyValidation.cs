namespace KeycloakRealm.Import;

/// <summary>
/// Client profiles and policies are not honoured; what Keycloak refuses in them is refused. It passes over what is no object or no
/// list there.
/// </summary>
internal static class ClientPolicyValidation
{
    public static void Check(JsonPlace realm, List<string> warnings)
    {
        var profiles = new HashSet<string>(StringComparer.Ordinal);
        RefuseGlobal(realm, "clientProfiles", "globalProfiles", "Global profiles cannot be updated");
        RefuseGlobal(realm, "clientPolicies", "globalPolicies", "Global policies cannot be updated");
        foreach (var profile in Items(realm.Member("clientProfiles"), "profiles"))
        {
            CheckProfile(profile, profiles, warnings);
        }

        var policies = new HashSet<string>(StringComparer.Ordinal);
        foreach (var policy in Items(realm.Member("clientPolicies"), "policies"))
        {
            CheckPolicy(policy, policies, profiles, warnings);
        }
    }

    private static void CheckProfile(JsonPlace profile, HashSet<string> profiles, List<string> warnings)
    {
        var name = profile.Text("name") ?? throw profile.Refuse("client profile without its name not allowed");
        if (Providers.Has("client profile", name))
        {
            throw profile.Refuse($"Proposed profile name '{name}' is duplicated as a global profile");
        }

        if (!profiles.Add(name))
        {
            throw profile.Refuse($"proposed client profile name duplicated: {name}");
        }

        foreach (var executor in Items(profile, "executors"))
        {
            if (!Providers.Has("client policy executor", executor.Text("executor")))
            {
                warnings.Add(Providers.Missing(executor, executor.Text("executor")));
            }
            else if (executor.Member("configuration") is null)
            {
                throw executor.Refuse($"configNode must be not null for provider {executor.Text("executor")}");
            }
        }
    }

    private static void CheckPolicy(
        JsonPlace policy, HashSet<string> policies, HashSet<string> profiles, List<string> warnings)
    {
        var name = policy.Text("name") ?? throw policy.Refuse("client policy without name not allowed");
        if (!policies.Add(name))
        {
            throw policy.Refuse($"proposed client policy name duplicated: {name}");
        }

        foreach (var condition in Items(policy, "conditions"))
        {
            if (!Providers.Has("client policy condition", condition.Text("condition")))
            {
                warnings.Add(Providers.Missing(condition, condition.Text("condition")));
            }
        }

        foreach (var profile in Items(policy, "profiles"))
        {
            if (!profiles.Contains(profile.Text()) && !Providers.Has("client profile", profile.Text()))
            {
                throw profile.Refuse($"Policy {name} contains invalid profile {profile.Text()}");
            }
        }
    }

    private static void RefuseGlobal(JsonPlace realm, string member, string name, string reason)
    {
        if (Items(realm.Member(member), name).Any())
        {
            throw realm.Member(member)!.Value.Member(name)!.Value.Refuse(reason);
        }
    }

    private static IEnumerable<JsonPlace> Items(JsonPlace? place, string name) =>
        place?.Member(name) is { Element.ValueKind: System.Text.Json.JsonValueKind.Array } list ? list.Items() : [];
}
