namespace Api.Permissions;

/// <summary>Why a call was allowed or refused.</summary>
internal enum DecisionReason
{
    /// <summary>A group grants it and no scope narrows it away.</summary>
    Allowed,

    /// <summary>The account is switched off here. Nothing else is looked at.</summary>
    AccountInactive,

    /// <summary>No group of the account grants the permission.</summary>
    PermissionMissing,

    /// <summary>A group grants the permission, but the token was issued for less.</summary>
    ScopeMissing,
}

/// <summary>The answer to one question, with what would have been needed.</summary>
/// <param name="Reason">Why.</param>
/// <param name="Permission">What was asked for.</param>
/// <param name="Scope">The scope that covers it.</param>
internal readonly record struct Decision(DecisionReason Reason, Permission Permission, string Scope)
{
    public bool IsAllowed => Reason == DecisionReason.Allowed;

    /// <summary>
    /// Decides. The same for a person and for a service, for a token and for a session.
    /// </summary>
    /// <param name="permission">What is asked for; it must be in the catalogue.</param>
    /// <param name="active">Whether the account is switched on.</param>
    /// <param name="access">What the account holds through groups.</param>
    /// <param name="scopes">The scopes of the token; empty for a session.</param>
    /// <param name="catalogue">Every permission and scope that exists.</param>
    public static Decision On(
        Permission permission, bool active, EffectiveAccess access, IReadOnlyCollection<string> scopes, PermissionCatalogue catalogue)
    {
        // Asking for what does not exist is a mistake in the code, and is denied like everything that is not decided.
        if (!catalogue.Contains(permission))
        {
            return new Decision(DecisionReason.PermissionMissing, permission, "");
        }

        var scope = catalogue.ScopeFor(permission);
        var reason = !active ? DecisionReason.AccountInactive
            : !access.Holds(permission) ? DecisionReason.PermissionMissing
            : !Covers(scopes, scope, catalogue) ? DecisionReason.ScopeMissing
            : DecisionReason.Allowed;
        return new Decision(reason, permission, scope);
    }

    // Scopes narrow, never widen: a token that holds none of ours is not narrowed, one that holds any is held to them.
    private static bool Covers(IReadOnlyCollection<string> scopes, string needed, PermissionCatalogue catalogue)
    {
        var narrowed = false;
        foreach (var scope in scopes)
        {
            if (string.Equals(scope, needed, StringComparison.Ordinal))
            {
                return true;
            }

            narrowed |= catalogue.IsScope(scope);
        }

        return !narrowed;
    }
}
