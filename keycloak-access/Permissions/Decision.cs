using KeycloakAccess.Authentication;

namespace KeycloakAccess.Permissions;

/// <summary>In the order in which they are looked at.</summary>
internal enum DecisionReason
{
    Allowed,
    SubjectUnknown,
    AccountDisabled,
    AccountKindRefused,
    PermissionDenied,
    PermissionMissing,
    InsufficientScope,
    /// <summary>The row is not there, or a row-level rule of the model hides it: one answer for both.</summary>
    RowHidden,
}

/// <summary>The scopes are the token's; null where no token is at hand, as for a session.</summary>
internal sealed record Subject(Guid AccountId, AccountKind Kind, bool IsEnabled, EffectiveAccess Access, IReadOnlySet<string>? Scopes);

// Without a Permission: what any enabled account may. Any one set of Scopes is enough, instead of the model's own scope. RequiresScopes
// refuses a token without any scope of this API, instead of not narrowing it.
internal sealed record AccessRequirement(
    Permission? Permission, IReadOnlyList<IReadOnlyList<string>>? Scopes = null, bool RequiresScopes = false, AccountKind? Only = null);

/// <summary>Scope is what would cover it, with spaces between as in RFC 6749; of alternatives, the first.</summary>
internal readonly record struct Decision(DecisionReason Reason, Permission Permission, string Scope)
{
    public bool IsAllowed => Reason == DecisionReason.Allowed;

    /// <summary>The same for a person and for a service, for a token and for a session; a pure function.</summary>
    public static Decision Evaluate(Subject subject, AccessRequirement requirement, PermissionCatalogue catalogue)
    {
        var reason = FindReason(subject, requirement, catalogue);
        var scope = reason == DecisionReason.InsufficientScope ? string.Join(' ', Alternatives(requirement, catalogue)[0]) : "";
        return new Decision(reason, requirement.Permission ?? default, scope);
    }

    /// <summary>Any one set is enough; none where no scope matters.</summary>
    public static IReadOnlyList<IReadOnlyList<string>> Alternatives(AccessRequirement requirement, PermissionCatalogue catalogue) =>
        requirement.Scopes ?? (requirement.Permission is { } permission ? catalogue.ScopesFor(permission) : []);

    private static DecisionReason FindReason(Subject subject, AccessRequirement requirement, PermissionCatalogue catalogue) =>
        requirement.Permission switch
        {
            _ when !subject.IsEnabled => DecisionReason.AccountDisabled,
            _ when requirement.Only is { } only && only != subject.Kind => DecisionReason.AccountKindRefused,
            // Asking for what does not exist is a mistake in the code, and is denied.
            { } permission when !catalogue.Contains(permission) => DecisionReason.PermissionMissing,
            { } permission when subject.Access.Denies(permission) => DecisionReason.PermissionDenied,
            { } permission when !subject.Access.Grants(permission) => DecisionReason.PermissionMissing,
            _ => IsCovered(subject.Scopes, requirement, catalogue) ? DecisionReason.Allowed : DecisionReason.InsufficientScope,
        };

    // Scopes narrow, never widen: a token that holds none of ours is not narrowed unless scopes are required, and one that
    // holds any is held to them.
    private static bool IsCovered(IReadOnlySet<string>? held, AccessRequirement requirement, PermissionCatalogue catalogue)
    {
        var alternatives = Alternatives(requirement, catalogue);
        return held is null
            || alternatives.Count == 0
            || alternatives.Any(needed => needed.All(held.Contains))
            || !(RequiresScopes(requirement, catalogue) || held.Any(catalogue.IsScope));
    }

    /// <summary>Whether a token without any scope of this API is refused, instead of not being narrowed.</summary>
    public static bool RequiresScopes(AccessRequirement requirement, PermissionCatalogue catalogue) =>
        requirement.RequiresScopes || (requirement.Permission is { } permission && catalogue.RequiresScopes(permission.Model));
}
