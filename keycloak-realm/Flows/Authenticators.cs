namespace KeycloakRealm.Flows;

/// <summary>The authenticators that are served, by the names that realm files have for them.</summary>
internal static class Authenticators
{
    private static readonly Dictionary<string, Authenticator> Served = new(StringComparer.Ordinal)
    {
        ["auth-cookie"] = new CookieAuthenticator(),
        ["auth-username-password-form"] = new UsernamePasswordForm(),
        ["auth-username-form"] = new UsernameForm(),
        ["auth-password-form"] = new PasswordForm(),
        ["auth-otp-form"] = new OtpForm(),
        ["identity-provider-redirector"] = new IdentityProviderRedirector(),
        ["allow-access-authenticator"] = new AllowAccess(),
        ["deny-access-authenticator"] = new DenyAccess(),
        ["direct-grant-validate-username"] = new DirectGrantUsername(),
        ["direct-grant-validate-password"] = new DirectGrantPassword(),
        ["direct-grant-validate-otp"] = new DirectGrantOtp(),

        ["organization"] = new Organization(),
        ["auth-spnego"] = new Unserved("auth-spnego"),
        ["webauthn-authenticator"] = new UnservedCredential("webauthn-authenticator", "webauthn", "webauthn-register"),
        ["webauthn-authenticator-passwordless"] = new UnservedCredential(
            "webauthn-authenticator-passwordless", "webauthn-passwordless", setupAction: null),
        ["auth-recovery-authn-code-form"] = new UnservedCredential(
            "auth-recovery-authn-code-form", "recovery-authn-codes", "CONFIGURE_RECOVERY_AUTHN_CODES"),
    };

    /// <summary>One that is not served ends every sign-in that comes to it.</summary>
    public static Authenticator Find(string name) => Served.GetValueOrDefault(name) ?? new Unserved(name);

    /// <summary>Whether it is known what it does, if only that it is not done here.</summary>
    public static bool IsKnown(string name) => Served.ContainsKey(name) || Conditions.IsServed(name);

    public static bool IsServed(string name) => IsKnown(name) && Served.GetValueOrDefault(name) is not Unserved;
}
