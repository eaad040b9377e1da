using KeycloakRealm.Model;

namespace KeycloakRealm.Import;

/// <summary>Which required actions a realm has: those that its file lists, or those that Keycloak gives a new realm.</summary>
internal static class RequiredActionReader
{
    private static readonly RequiredActionList Usual = new(
    [
        new("UPDATE_PROFILE"), new("VERIFY_EMAIL"), new("CONFIGURE_TOTP"), new("UPDATE_PASSWORD"), new("webauthn-register"),
        new("webauthn-register-passwordless"), new("VERIFY_PROFILE"), new("delete_credential"), new("idp_link"),
        new("CONFIGURE_RECOVERY_AUTHN_CODES"), new("update_user_locale"),
    ]);

    public static RequiredActionList Read(JsonPlace file) => file.Member("requiredActions") is null
        ? Usual
        : new RequiredActionList(file.Items("requiredActions")
            .Where(action => action.Flag("enabled", absent: false))
            .OrderBy(action => action.Number("priority", 0))
            .ThenBy(action => action.Text("name"), StringComparer.OrdinalIgnoreCase)
            .Select(action => new RequiredActionSetting(NameOf(action.Text("alias") ?? ""))
            {
                MaxAuthAge = action.Member("config")?.Number("max_auth_age", RequiredActionSetting.UsualAge)
                    ?? RequiredActionSetting.UsualAge,
            }));

    /// <summary>Keycloak before 21 wrote this one action in small letters.</summary>
    public static string NameOf(string alias) => alias is "terms_and_conditions" ? "TERMS_AND_CONDITIONS" : alias;
}
