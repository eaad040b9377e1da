using KeycloakAccess.Authentication;
using Microsoft.Extensions.Options;

namespace KeycloakAccess.SharedSignals;

/// <summary>Takes security event tokens, however they come.</summary>
internal sealed partial class SignalReceiver(
    SecurityEventReader reader,
    SignalStore store,
    Transmitter transmitter,
    RealmLogout logout,
    IOptions<SharedSignalsOptions> options,
    ILogger<SignalReceiver> logger)
{
    // What stands in a log line of another's making.
    private const int LongestText = 200;

    // What a complex subject is read by here.
    private static readonly string[] Understood = ["user", "session"];

    /// <param name="text">The token.</param>
    /// <param name="requestId">Of the request that brought it, if one did.</param>
    /// <param name="tokenId">Under which <c>jti</c> it was given, if under any.</param>
    /// <param name="cancellationToken">The request's.</param>
    /// <returns>Why it is not taken, or <see langword="null"/>: then it has done what it does, and will not do it again.</returns>
    /// <exception cref="RealmUnreachableException">Nobody knows whether its key is one of the transmitter's.</exception>
    public async Task<SetRefusal?> ReceiveAsync(string text, string? requestId, string? tokenId, CancellationToken cancellationToken)
    {
        var (taken, refusal) = await reader.ReadAsync(text, cancellationToken);
        if (taken is not null && tokenId is not null && tokenId != taken.TokenId)
        {
            (taken, refusal) = (null, SetRefusal.Malformed("The token was given under another jti than its own."));
        }

        if (taken is null)
        {
            LogRefused(refusal!.Error, refusal.Description);
            return refusal;
        }

        var effect = await ChooseAsync(taken, cancellationToken);
        var result = await store.TakeAsync(taken, effect, requestId, cancellationToken);
        if (result.Outcome == SignalOutcome.OtherSubject)
        {
            refusal = SetRefusal.Malformed("The session that the token names is another subject's.");
            LogRefused(refusal.Error, refusal.Description);
            return refusal;
        }

        Log(taken, effect, result);
        if (result.ToTell.Count > 0)
        {
            // The transmitter waits for a second at most. What is not told now is told by RealmLogoutQueue.
            _ = Task.Run(() => logout.TellRealmAsync(result.ToTell), CancellationToken.None);
        }

        return null;
    }

    private async Task<SignalEffect> ChooseAsync(SecurityEvent taken, CancellationToken cancellationToken)
    {
        var effect = SignalEvents.EffectOf(taken.Type) switch
        {
            // A credential that is added takes nothing away from those of before.
            SignalEffect.ChangeCredential when SecurityEventReader.Text(taken.Details, "change_type") == "create" => SignalEffect.None,
            SignalEffect.ChangeCredential => options.Value.CredentialChange switch
            {
                CredentialChangeEffect.EndSessions => SignalEffect.ChangeCredential,
                CredentialChangeEffect.RefreshSessions => SignalEffect.RefreshSessions,
                _ => SignalEffect.None,
            },
            var known => known,
        };
        if (taken.Subject is { IsComplex: true, Members: var members } && effect != SignalEffect.None)
        {
            // SSF 1.0, section 7.1: whoever does not understand one of these discards the event.
            var critical = await transmitter.ListCriticalMembersAsync(cancellationToken);
            if (members.Intersect(critical, StringComparer.Ordinal).Except(Understood, StringComparer.Ordinal).FirstOrDefault()
                is { } unknown)
            {
                LogCritical(SignalEvents.NameOf(taken.Type), Printable(unknown));
                return SignalEffect.None;
            }
        }

        return effect;
    }

    private void Log(SecurityEvent taken, SignalEffect effect, SignalResult result)
    {
        var name = Printable(SignalEvents.NameOf(taken.Type));
        if (result.Outcome == SignalOutcome.Repeated)
        {
            LogRepeated(name);
            return;
        }

        switch (effect)
        {
            case SignalEffect.Verified:
                LogVerified(Printable(SecurityEventReader.Text(taken.Details, "state") ?? ""));
                break;
            case SignalEffect.StreamUpdated:
                LogStream(
                    Printable(SecurityEventReader.StatusOf(taken.Details) ?? ""),
                    Printable(SecurityEventReader.Text(taken.Details, "reason") ?? "none given"));
                break;
            case SignalEffect.None when !SignalEvents.IsKnown(taken.Type):
                LogUnknown(name);
                break;
            case SignalEffect.None:
                LogIgnored(name);
                break;
            default:
                if (result.Outcome == SignalOutcome.Nobody)
                {
                    LogNobody(name);
                }
                else
                {
                    LogDone(name, result.Sessions);
                }

                break;
        }
    }

    private static string Printable(string text)
    {
        var printable = SignInFailure.Printable(text);
        return printable.Length > LongestText ? printable[..LongestText] : printable;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The event {Type} was taken: sessions here {Sessions}")]
    private partial void LogDone(string type, int sessions);

    [LoggerMessage(Level = LogLevel.Information, Message = "The event {Type} is about nobody who is known here")]
    private partial void LogNobody(string type);

    [LoggerMessage(Level = LogLevel.Information, Message = "The event {Type} was taken before")]
    private partial void LogRepeated(string type);

    [LoggerMessage(Level = LogLevel.Information, Message = "The event {Type} changes nothing here")]
    private partial void LogIgnored(string type);

    [LoggerMessage(Level = LogLevel.Information, Message = "An event of a type that is not known here was taken and ignored: {Type}")]
    private partial void LogUnknown(string type);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "The event {Type} was taken and ignored: its subject has the critical member {Member}, which is not understood here")]
    private partial void LogCritical(string type, string member);

    [LoggerMessage(
        Level = LogLevel.Information, Message = "The stream of events works: the transmitter has verified it, with the state {State}")]
    private partial void LogVerified(string state);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "The transmitter has set the stream of events to {Status} (reason: {Reason}). Unless it is enabled, no events come")]
    private partial void LogStream(string status, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "An event was refused ({Error}): {Description}")]
    private partial void LogRefused(string error, string description);
}
