using KeycloakAccess.Authentication;

namespace KeycloakAccess.Permissions;

/// <summary>Why a call was allowed or refused, in the order in which it is looked at.</summary>
internal enum DecisionReason
{
    /// <summary>A group grants it, none denies it, and no scope narrows it away.</summary>
    Allowed,

    /// <summary>Nobody of that name is known here.</summary>
    SubjectUnknown,

    /// <summary>The account is disabled here. Nothing else is looked at.</summary>
    AccountDisabled,

    /// <summary>This is for service accounts only, or for people only.</summary>
    AccountKindRefused,

    /// <summary>A group of the account denies the permission, whatever others grant.</summary>
    PermissionDenied,

    /// <summary>No group of the account grants the permission.</summary>
    PermissionMissing,

    /// <summary>The groups grant the permission, but the token was issued for less.</summary>
    InsufficientScope,

    /// <summary>The account may do this, but the row is not there, or a rule of the model hides it from the account.</summary>
    RowHidden,
}

/// <summary>Whom a decision is about.</summary>
/// <param name="AccountId">The local account.</param>
/// <param name="Kind">A person or a service.</param>
/// <param name="IsEnabled">Whether the account is enabled.</param>
/// <param name="Access">What the account holds through groups.</param>
/// <param name="Scopes">The scopes of the token; <see langword="null"/> where no token is at hand, as for a session.</param>
internal sealed record Subject(Guid AccountId, AccountKind Kind, bool IsEnabled, EffectiveAccess Access, IReadOnlySet<string>? Scopes);

/// <summary>What is asked for, with whatever the place that asks demands besides.</summary>
/// <param name="Permission">What is to be done; <see langword="null"/> for what any enabled account may.</param>
/// <param name="Scopes">Any of these sets is enough, instead of the model's own scope.</param>
/// <param name="RequiresScopes">Whether a token without any scope of this API is refused, instead of not being narrowed.</param>
/// <param name="Only">The one kind of account that may ask.</param>
internal sealed record AccessRequirement(
    Permission? Permission, IReadOnlyList<IReadOnlyList<string>>? Scopes = null, bool RequiresScopes = false, AccountKind? Only = null);

/// <summary>The answer to one question, with what would have been needed.</summary>
/// <param name="Reason">Why.</param>
/// <param name="Permission">What was asked for.</param>
/// <param name="Scope">The scopes that cover it, between spaces as in RFC 6749; of alternatives, the first.</param>
internal readonly record struct Decision(DecisionReason Reason, Permission Permission, string Scope)
{
    public bool IsAllowed => Reason == DecisionReason.Allowed;

    /// <summary>
    /// Decides. The same for a person and for a service, for a token and for a session; a pure function.
    /// </summary>
    /// <param name="subject">Who asks.</param>
    /// <param name="requirement">For what.</param>
    /// <param name="catalogue">Every permission and scope that exists.</param>
    public static Decision Evaluate(Subject subject, AccessRequirement requirement, PermissionCatalogue catalogue)
    {
        var permission = requirement.Permission ?? default;
        if (!subject.IsEnabled)
        {
            return new Decision(DecisionReason.AccountDisabled, permission, "");
        }

        if (requirement.Only is { } only && only != subject.Kind)
        {
            return new Decision(DecisionReason.AccountKindRefused, permission, "");
        }

        if (requirement.Permission is not null)
        {
            // Asking for what does not exist is a mistake in the code, and is denied like everything that is not decided.
            if (!catalogue.Contains(permission))
            {
                return new Decision(DecisionReason.PermissionMissing, permission, "");
            }

            if (subject.Access.Denies(permission))
            {
                return new Decision(DecisionReason.PermissionDenied, permission, "");
            }

            if (!subject.Access.Grants(permission))
            {
                return new Decision(DecisionReason.PermissionMissing, permission, "");
            }
        }

        return CoveredBy(subject.Scopes, requirement, catalogue)
            ? new Decision(DecisionReason.Allowed, permission, "")
            : new Decision(DecisionReason.InsufficientScope, permission, string.Join(' ', Alternatives(requirement, catalogue)[0]));
    }

    /// <returns>The sets of scopes of which any is enough; none where no scope matters.</returns>
    public static IReadOnlyList<IReadOnlyList<string>> Alternatives(AccessRequirement requirement, PermissionCatalogue catalogue) =>
        requirement.Scopes ?? (requirement.Permission is { } permission ? catalogue.ScopesFor(permission) : []);

    // Scopes narrow, never widen: a token that holds none of ours is not narrowed unless scopes are required, and one that
    // holds any is held to them.
    private static bool CoveredBy(IReadOnlySet<string>? held, AccessRequirement requirement, PermissionCatalogue catalogue)
    {
        var alternatives = Alternatives(requirement, catalogue);
        return held is null
            || alternatives.Count == 0
            || alternatives.Any(needed => needed.All(held.Contains))
            || !(IsRequired(requirement, catalogue) || held.Any(catalogue.IsScope));
    }

    private static bool IsRequired(AccessRequirement requirement, PermissionCatalogue catalogue) =>
        requirement.RequiresScopes || (requirement.Permission is { } permission && catalogue.RequiresScopes(permission.Model));
}
