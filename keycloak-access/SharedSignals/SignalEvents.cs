namespace KeycloakAccess.SharedSignals;

/// <summary>What an event of a type does here.</summary>
internal enum SignalEffect
{
    /// <summary>Taken, and nothing more: it is not known, or changes nothing here.</summary>
    None,

    /// <summary>The transmitter tries whether the stream works (SSF 1.0, section 8.1.4).</summary>
    Verified,

    /// <summary>The transmitter has changed the stream's status (SSF 1.0, section 8.1.5).</summary>
    StreamUpdated,

    /// <summary>Ends a session, or all of a subject, with the tokens.</summary>
    EndSessions,

    /// <summary>What the setting says: <see cref="SharedSignalsOptions.CredentialChange"/>.</summary>
    ChangeCredential,

    /// <summary>Sessions ask Keycloak anew.</summary>
    RefreshSessions,
}

/// <summary>The event types that are known, by their URIs.</summary>
internal static class SignalEvents
{
    public const string Verification = Ssf + "verification";
    public const string StreamUpdated = Ssf + "stream-updated";
    public const string SessionRevoked = Caep + "session-revoked";
    public const string CredentialChange = Caep + "credential-change";
    public const string TokenClaimsChange = Caep + "token-claims-change";
    public const string AssuranceLevelChange = Caep + "assurance-level-change";

    private const string Ssf = "https://schemas.openid.net/secevent/ssf/event-type/";
    private const string Caep = "https://schemas.openid.net/secevent/caep/event-type/";
    private const string Risc = "https://schemas.openid.net/secevent/risc/event-type/";

    private static readonly Dictionary<string, SignalEffect> Effects = new(StringComparer.Ordinal)
    {
        [Verification] = SignalEffect.Verified,
        [StreamUpdated] = SignalEffect.StreamUpdated,
        [SessionRevoked] = SignalEffect.EndSessions,
        [CredentialChange] = SignalEffect.ChangeCredential,
        [TokenClaimsChange] = SignalEffect.RefreshSessions,
        [AssuranceLevelChange] = SignalEffect.RefreshSessions,
        [Caep + "device-compliance-change"] = SignalEffect.None,
        [Caep + "risk-level-change"] = SignalEffect.None,
        [Caep + "session-established"] = SignalEffect.None,
        [Caep + "session-presented"] = SignalEffect.None,
        [Risc + "account-disabled"] = SignalEffect.EndSessions,
        [Risc + "account-purged"] = SignalEffect.EndSessions,
        [Risc + "credential-compromise"] = SignalEffect.EndSessions,
        // Deprecated in RISC 1.0 for that of CAEP, and still sent.
        [Risc + "sessions-revoked"] = SignalEffect.EndSessions,
        [Risc + "identifier-changed"] = SignalEffect.RefreshSessions,
        [Risc + "identifier-recycled"] = SignalEffect.RefreshSessions,
        // Keycloak lets them sign in again. Nothing here keeps them out.
        [Risc + "account-enabled"] = SignalEffect.None,
        [Risc + "account-credential-change-required"] = SignalEffect.None,
        [Risc + "opt-in"] = SignalEffect.None,
        [Risc + "opt-out-initiated"] = SignalEffect.None,
        [Risc + "opt-out-cancelled"] = SignalEffect.None,
        [Risc + "opt-out-effective"] = SignalEffect.None,
        [Risc + "recovery-activated"] = SignalEffect.None,
        [Risc + "recovery-information-changed"] = SignalEffect.None,
    };

    public static bool IsKnown(string type) => Effects.ContainsKey(type);

    public static SignalEffect EffectOf(string type) => Effects.GetValueOrDefault(type);

    /// <summary>Whether it is about people, rather than about the stream.</summary>
    public static bool NeedsSubject(string type) => IsKnown(type) && type is not (Verification or StreamUpdated);

    /// <summary>The last part of a URI that is known, and any other one as it is.</summary>
    public static string NameOf(string type) => IsKnown(type) ? type[(type.LastIndexOf('/') + 1)..] : type;
}
