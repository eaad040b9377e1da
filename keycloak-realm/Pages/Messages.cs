namespace KeycloakRealm.Pages;

/// <summary>Texts of Keycloak's message bundles that a realm file refers to by key.</summary>
internal static class Messages
{
    private static readonly Dictionary<string, string> Texts = new(StringComparer.Ordinal)
    {
        ["${profileScopeConsentText}"] = "User profile",
        ["${emailScopeConsentText}"] = "Email address",
        ["${addressScopeConsentText}"] = "Address",
        ["${phoneScopeConsentText}"] = "Phone number",
        ["${rolesScopeConsentText}"] = "User roles",
        ["${offlineAccessScopeConsentText}"] = "Offline Access",
        ["${organizationScopeConsentText}"] = "Organization",
        ["${username}"] = "Username",
        ["${email}"] = "Email",
        ["${firstName}"] = "First name",
        ["${lastName}"] = "Last name",
        ["${address}"] = "Address",
        ["${street}"] = "Street",
        ["${locality}"] = "City or Locality",
        ["${region}"] = "State, Province, or Region",
        ["${postal_code}"] = "Zip or Postal code",
        ["${country}"] = "Country",
    };

    /// <summary>What the page for choosing calls an authenticator, and what it says about it.</summary>
    public static (string Name, string Help) OfAuthenticator(string authenticator) => authenticator switch
    {
        "auth-username-password-form" => ("Username and password", "Sign in by entering your username and password."),
        "auth-username-form" => ("Username", "Start sign in by entering your username"),
        "auth-password-form" => ("Password", "Sign in by entering your password."),
        "auth-otp-form" => ("Authenticator Application", "Enter a verification code from authenticator application."),
        _ => (authenticator, ""),
    };

    /// <summary>Text that is not a key stays as it is.</summary>
    public static string Resolve(string text) => Texts.GetValueOrDefault(text, text);
}
