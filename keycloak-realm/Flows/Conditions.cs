using System.Text.RegularExpressions;
using KeycloakRealm.Model;

namespace KeycloakRealm.Flows;

/// <summary>Conditions of a conditional flow, by the names that realm files have for them. All of a flow's must be met.</summary>
internal static class Conditions
{
    private static readonly TimeSpan RegexLimit = TimeSpan.FromSeconds(1);

    private static readonly Dictionary<string, Func<FlowRun, FlowRequest, AuthenticationExecution, bool>> Served =
        new(StringComparer.Ordinal)
        {
            ["conditional-user-configured"] = IsUserConfigured,
            ["conditional-user-role"] = HasRole,
            ["conditional-user-attribute"] = HasAttribute,
            ["conditional-level-of-authentication"] = (run, request, execution) => run.Levels.IsDue(execution, request.Site.Now),
            ["conditional-credential"] = UsedCredential,
            ["conditional-client-scope"] = AsksForScope,
            ["conditional-sub-flow-executed"] = WasExecuted,
        };

    public static bool IsServed(string? authenticator) => authenticator is not null && Served.ContainsKey(authenticator);

    public static bool IsMet(FlowRun run, FlowRequest request, AuthenticationExecution execution) =>
        Served[execution.Authenticator!](run, request, execution);

    /// <summary>Every required execution beside the condition, or one of the alternatives where none is required.</summary>
    private static bool IsUserConfigured(FlowRun run, FlowRequest request, AuthenticationExecution execution)
    {
        var others = run.Siblings(execution).Where(each => each.Flow is null && !IsServed(each.Authenticator)).ToList();
        bool IsConfigured(AuthenticationExecution each)
        {
            var authenticator = Authenticators.Find(each.Authenticator!);
            return (run.User is not null || !authenticator.NeedsUser) && authenticator.IsConfigured(request, run.User);
        }

        var required = others.FindAll(each => each.Requirement is Requirement.Required);
        var alternatives = others.FindAll(each => each.Requirement is Requirement.Alternative);
        return required.Count > 0 ? required.TrueForAll(IsConfigured) : alternatives.Count == 0 || alternatives.Exists(IsConfigured);
    }

    /// <summary>A role that the realm lacks is neither had nor lacked.</summary>
    private static bool HasRole(FlowRun run, FlowRequest request, AuthenticationExecution execution) =>
        run.User is { } user
        && execution.Setting("condUserRole") is { } name
        && request.Site.Realm.FindRole(name) is { } role
        && user.EffectiveRoles().Contains(role) != execution.SettingIs("negate");

    private static bool HasAttribute(FlowRun run, FlowRequest request, AuthenticationExecution execution)
    {
        var user = run.User ?? throw new FlowException(FlowFailure.InvalidUser);
        var name = execution.Setting("attribute_name") ?? "";
        var expected = execution.Setting("attribute_expected_value");
        bool Matches(string value) => execution.SettingIs("regex")
            ? Regex.IsMatch(value, $@"\A(?:{expected})\z", RegexOptions.CultureInvariant, RegexLimit)
            : string.Equals(value, expected, StringComparison.Ordinal);
        try
        {
            var has = user.OwnAttributeValues(name).Any(Matches)
                || (execution.SettingIs("include_group_attributes") && user.AttributeValues(name, aggregate: true).Any(Matches));
            return has != execution.SettingIs("not");
        }
        catch (ArgumentException)
        {
            throw new FlowException(FlowFailure.Unexpected);
        }
    }

    private static bool UsedCredential(FlowRun run, FlowRequest request, AuthenticationExecution execution)
    {
        var listed = execution.Setting("credentials")?.Split("##") ?? [];
        var used = run.Credentials.Count == 0 ? ["none"] : run.Credentials;
        return used.Intersect(listed, StringComparer.Ordinal).Any() == execution.SettingIs("included");
    }

    private static bool AsksForScope(FlowRun run, FlowRequest request, AuthenticationExecution execution)
    {
        if (execution.Setting("client_scope") is not { } name || !request.Site.Realm.ClientScopes.ContainsKey(name))
        {
            return false;
        }

        bool IsNamed(ClientScope scope) => string.Equals(scope.Name, name, StringComparison.Ordinal);
        var asked = request.Client.DefaultScopes.Exists(IsNamed)
            || (Tokens.ScopeSelection.Asks(request.Scope, name) && request.Client.OptionalScopes.Exists(IsNamed));
        return asked != execution.SettingIs("negate");
    }

    private static bool WasExecuted(FlowRun run, FlowRequest request, AuthenticationExecution execution)
    {
        var wanted = execution.Setting("check_result") is not "not-executed";
        return execution.Setting("flow_to_check") is { } alias && run.FindFlow(alias) is { } flow
            ? run.IsSuccessful(flow) == wanted
            : execution.Config.Count > 0 && !wanted;
    }
}
