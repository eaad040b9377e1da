using KeycloakAccess.Authentication;

namespace KeycloakAccess.Permissions;

/// <summary>Why a caller has fewer roles here than Keycloak has assigned, and the switch in Keycloak's console.</summary>
internal static class RoleNotes
{
    /// <returns><see langword="null"/> if the token says roles and some of them count here.</returns>
    public static string? Find(Caller caller)
    {
        var identity = caller.Identity;
        var hasGroups = caller.Access.Memberships.Count > 0;
        if (identity.IsLightweight && !identity.HasRoleClaims)
        {
            return "The token carries no roles. " + TokenCauses.Lightweight(identity.ClientId);
        }

        if (identity is { IsSession: true, ClaimsLeftOut: { } claims } && !(identity.HasRoleClaims && hasGroups))
        {
            return TokenCauses.OnlyInAccessToken(claims, identity.ClientId);
        }

        if (!identity.HasRoleClaims)
        {
            return "The token carries no roles claim at all. What earlier tokens showed is kept. "
                + (identity.IsSession ? TokenCauses.NoRolesAtSignIn(identity.ClientId) : TokenCauses.NoRoles(identity.ClientId));
        }

        return hasGroups ? null
            : "None of the roles and groups in the token is mapped to a local group."
                + (identity.IsSession || identity.Roles.Any(role => role.Kind == RoleKind.ClientRole)
                    ? ""
                    : " " + TokenCauses.NoClientRoles(identity.ClientId));
    }
}
