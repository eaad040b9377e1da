namespace KeycloakRealm.Import;

/// <summary>Which required actions a realm has: those that its file lists, or those that Keycloak gives a new realm.</summary>
internal static class RequiredActionReader
{
    private static readonly HashSet<string> Usual = new(
        [
            "CONFIGURE_TOTP", "UPDATE_PASSWORD", "UPDATE_PROFILE", "VERIFY_EMAIL", "VERIFY_PROFILE", "delete_credential", "idp_link",
            "webauthn-register", "webauthn-register-passwordless", "update_user_locale", "CONFIGURE_RECOVERY_AUTHN_CODES",
        ],
        StringComparer.Ordinal);

    public static IReadOnlySet<string> Read(JsonPlace file)
    {
        if (file.Member("requiredActions") is null)
        {
            return Usual;
        }

        return file.Items("requiredActions")
            .Where(action => action.Flag("enabled", absent: false))
            .Select(action => NameOf(action.Text("alias") ?? ""))
            .ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>Keycloak before 21 wrote this one action in small letters.</summary>
    public static string NameOf(string alias) => alias is "terms_and_conditions" ? "TERMS_AND_CONDITIONS" : alias;
}
