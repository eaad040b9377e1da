namespace KeycloakRealm.Endpoints;

/// <summary>Endpoints of discovery that are not served answer as Keycloak does where the feature is disabled.</summary>
internal static class UnservedEndpoints
{
    public static async Task CibaAsync(HttpContext context, RealmSite site)
    {
        var result = ClientAuthentication.Authenticate(context, site, await ProtocolForm.ReadAsync(context));
        await Answer.ErrorAsync(context, result.Refusal ?? Refusal.Unauthorized("invalid_grant", "Client not allowed OIDC CIBA Grant"));
    }

    public static Task RegistrationAsync(HttpContext context, RealmSite site) => Answer.ErrorAsync(
        context,
        StatusCodes.Status403Forbidden,
        "insufficient_scope",
        "Policy 'Trusted Hosts' rejected request to client-registration service. Details: Host not trusted.");
}
