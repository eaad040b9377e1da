using KeycloakRealm.Model;

namespace KeycloakRealm.Import;

internal static class OtpPolicyReader
{
    /// <summary>Without a type the other members mean nothing; with one, what is absent is zero or off.</summary>
    public static OtpPolicy Read(JsonPlace file)
    {
        var policy = file.Member("otpPolicyType") is { } type ? Read(file, type) : new OtpPolicy();
        return file.Member("attributes") is { } attributes && attributes.Member("realmReusableOtpCode") is not null
            ? policy with
            {
                IsCodeReusable = string.Equals(attributes.Text("realmReusableOtpCode"), "true", StringComparison.OrdinalIgnoreCase),
            }
            : policy;
    }

    private static OtpPolicy Read(JsonPlace file, JsonPlace type) => type.Text() is not (OtpPolicy.Totp or OtpPolicy.Hotp)
        ? throw type.Refuse("totp or hotp is expected here")
        : new OtpPolicy
        {
            Type = type.Text(),
            Algorithm = file.Text("otpPolicyAlgorithm"),
            InitialCounter = file.Number("otpPolicyInitialCounter", 0),
            Digits = file.Number("otpPolicyDigits", 0),
            LookAheadWindow = file.Number("otpPolicyLookAheadWindow", 0),
            Period = file.Number("otpPolicyPeriod", 0),
            IsCodeReusable = file.Flag("otpPolicyCodeReusable", absent: false),
        };
}
