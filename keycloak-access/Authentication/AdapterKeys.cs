namespace KeycloakAccess.Authentication;

/// <summary>
/// Keys of Keycloak's adapters (AdapterConfig of keycloak-core) and of Keycloak.AuthServices that this service has no use for, so that a
/// section can be pasted as it is.
/// </summary>
internal static class AdapterKeys
{
    /// <summary>They are said in the log at start, where there is one with what to do instead.</summary>
    public static readonly IReadOnlyDictionary<string, string?> WithoutMeaning = new Dictionary<string, string?>(StringComparer.Ordinal)
    {
        // Of every adapter.
        ["realm-public-key"] = "keys are read from the realm",
        ["public-client"] = null,
        ["credentials"] = null,
        ["use-resource-role-mappings"] = null,
        ["confidential-port"] = null,
        ["bearer-only"] = null,
        ["autodetect-bearer-only"] = null,
        ["enable-basic-auth"] = null,
        ["scope"] = null,
        // Of the adapters for Java.
        ["connection-pool-size"] = null,
        ["socket-timeout-millis"] = null,
        ["connection-timeout-millis"] = null,
        ["connection-ttl-millis"] = null,
        ["truststore"] = "add the authority to the machine's trusted ones",
        ["truststore-password"] = null,
        ["client-keystore"] = null,
        ["client-keystore-password"] = null,
        ["client-key-password"] = null,
        ["always-refresh-token"] = null,
        ["register-node-at-startup"] = null,
        ["register-node-period"] = null,
        ["token-store"] = null,
        ["adapter-state-cookie-path"] = null,
        ["principal-attribute"] = null,
        ["turn-off-change-session-id-on-login"] = null,
        ["token-minimum-time-to-live"] = null,
        ["min-time-between-jwks-requests"] = null,
        ["public-key-cache-ttl"] = null,
        ["ignore-oauth-query-parameter"] = null,
        ["enable-pkce"] = null,
        ["redirect-rewrite-rules"] = null,
        ["policy-enforcer"] = null,
        // Of Keycloak.AuthServices: authentication, authorization, authorization server, introspection, protection and admin clients.
        ["additional-audiences"] = "audience takes the one that tokens must name",
        ["role-claim-type"] = null,
        ["name-claim-type"] = null,
        ["organization-claim-type"] = null,
        ["metadata-address"] = "backchannel-url takes another address of Keycloak",
        ["disable-roles-access-token-mapping"] = null,
        ["enable-roles-mapping"] = null,
        ["roles-resource"] = null,
        ["roles-source"] = null,
        ["source-authentication-scheme"] = null,
        ["source-token-name"] = null,
        ["disable-header-propagation"] = null,
        ["use-protected-resource-policy-provider"] = null,
        ["scopes-validation-mode"] = null,
        ["cache-duration"] = null,
    };

    /// <summary>They would disable a protection: ignored, they would seem to work.</summary>
    public static readonly IReadOnlyList<string> Refused = ["disable-trust-manager", "allow-any-hostname", "expose-token"];
}
