using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Dapper;
using KeycloakAccess.Authentication;
using KeycloakAccess.Data;
using KeycloakAccess.Permissions;
using Microsoft.Extensions.Options;

namespace KeycloakAccess.SharedSignals;

internal enum SignalOutcome
{
    /// <summary>It has done what its type does.</summary>
    Done,

    /// <summary>It has been taken before.</summary>
    Repeated,

    /// <summary>It is about nobody who is known under that name here.</summary>
    Nobody,

    /// <summary>It names a session of somebody else.</summary>
    OtherSubject,
}

internal sealed record SignalResult(SignalOutcome Outcome, int Sessions = 0)
{
    /// <summary>Sessions that have ended here and of which Keycloak is still to be told.</summary>
    public IReadOnlyList<Session> ToTell { get; init; } = [];
}

/// <summary>
/// Takes an event once, on all instances, and does what it does in the same transaction, with the rows of the audit log: neither is there
/// without the other, whatever becomes of this process.
/// </summary>
internal sealed class SignalStore(
    Database database,
    EndedSessionStore ended,
    SessionRefreshStore refreshes,
    RealmLogoutStore logouts,
    AuditLog audit,
    Transmitter transmitter,
    IOptions<KeycloakOptions> keycloak,
    TimeProvider clock)
{
    private const int LongestReason = 300;

    // Keycloak's text in the place of an id.
    private const string EverySession = "ALL";

    private static readonly TimeSpan OneSecond = TimeSpan.FromSeconds(1);

    // Whose accounts these are, whoever sends.
    private string Issuer => keycloak.Value.Issuer;

    public Task<SignalResult> TakeAsync(
        SecurityEvent taken, SignalEffect effect, string? requestId, CancellationToken cancellationToken) => database.WriteAsync(
        async write =>
        {
            if (!await RememberAsync(write, taken, cancellationToken))
            {
                return new SignalResult(SignalOutcome.Repeated);
            }

            var work = new Work(write, taken, NewActor(taken, requestId), cancellationToken);
            var result = effect switch
            {
                SignalEffect.EndSessions => await EndAsync(work, taken.At),
                // A whole second: who signs in with the new credential within it shall not be signed out.
                SignalEffect.ChangeCredential => await EndAllAsync(work, taken.At - OneSecond, await ResolveAsync(work)),
                SignalEffect.RefreshSessions => await RefreshAsync(work),
                _ => new SignalResult(SignalOutcome.Done),
            };
            if (result.Outcome != SignalOutcome.OtherSubject)
            {
                await write.CommitAsync();
            }

            return result;
        },
        cancellationToken);

    private async Task<bool> RememberAsync(WriteTransaction write, SecurityEvent taken, CancellationToken cancellationToken)
    {
        const string forget = "DELETE FROM security_events WHERE keep_until < @now";
        const string take = """
            INSERT INTO security_events (id, keep_until) VALUES (@id, @keepUntil) ON CONFLICT (id) DO NOTHING
            """;
        var values = new
        {
            id = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{taken.Issuer}\n{taken.TokenId}"))),
            keepUntil = SecurityEventReader.KeepUntil(taken),
            now = clock.GetUtcNow(),
        };
        await write.Connection.ExecuteAsync(Command(write, forget, values, cancellationToken));
        return await write.Connection.ExecuteAsync(Command(write, take, values, cancellationToken)) > 0;
    }

    private async Task<SignalResult> EndAsync(Work work, DateTimeOffset at)
    {
        var people = await ResolveAsync(work);
        return SessionsOf(work.Event) is { Count: > 0 } sessions
            ? await EndSessionsAsync(work, sessions, people)
            : await EndAllAsync(work, at, people);
    }

    private async Task<SignalResult> EndSessionsAsync(Work work, IReadOnlyList<string> sessions, IReadOnlyList<Somebody> people)
    {
        var removed = new List<Session>();
        foreach (var session in sessions)
        {
            // Under an e-mail address of before, somebody may still have another one here.
            if (people is [{ IsBySubject: true } somebody]
                && await EndedSessionStore.IsOfOtherAsync(work.Write, Issuer, session, somebody.Subject, work.Cancellation))
            {
                return new SignalResult(SignalOutcome.OtherSubject);
            }

            removed.AddRange(await ended.EndSessionAsync(work.Write, Issuer, session, work.Cancellation));
        }

        await RecordAsync(work, [.. removed.Select(session => new AuditChange(
            "session",
            session.Id.ToString(),
            "end",
            Values(("username", session.Username), ("startedAt", session.StartedAt)),
            After: null))]);
        // The tokens of a session that no browser has here.
        await RecordAsync(work, [.. people.Where(_ => removed.Count == 0).Select(somebody => Ended(somebody, 0)).OfType<AuditChange>()]);
        return await TellAsync(work, removed);
    }

    private async Task<SignalResult> EndAllAsync(Work work, DateTimeOffset until, IReadOnlyList<Somebody> people)
    {
        var removed = new List<Session>();
        var changes = new List<AuditChange>();
        foreach (var somebody in people)
        {
            var sessions = await ended.EndUntilAsync(work.Write, Issuer, somebody.Subject, until, work.Cancellation);
            removed.AddRange(sessions);
            if (Ended(somebody, sessions.Count) is { } change)
            {
                changes.Add(change);
            }
        }

        await RecordAsync(work, changes);
        return people.Count == 0 ? new SignalResult(SignalOutcome.Nobody) : await TellAsync(work, removed);
    }

    private async Task<SignalResult> RefreshAsync(Work work)
    {
        var people = await ResolveAsync(work);
        var sessions = SessionsOf(work.Event);
        var changes = new List<AuditChange>();
        var count = 0;
        foreach (var somebody in people)
        {
            var expired = 0;
            foreach (var session in sessions.Count > 0 ? sessions : [""])
            {
                expired += await refreshes.ExpireAsync(
                    work.Write, Issuer, somebody.Subject, session, work.Cancellation);
            }

            count += expired;
            if (somebody.Account is { } account && expired > 0)
            {
                changes.Add(new AuditChange(
                    "account",
                    account.Id.ToString(),
                    "refresh-sessions",
                    Values(("username", account.Username), ("sessions", expired)),
                    After: null));
            }
        }

        await RecordAsync(work, changes);
        return new SignalResult(people.Count == 0 ? SignalOutcome.Nobody : SignalOutcome.Done, count);
    }

    // The realm knows of the sessions that it says have ended. Of a credential, it goes by its own rules. Nobody else has told it.
    private async Task<SignalResult> TellAsync(Work work, List<Session> removed)
    {
        IReadOnlyList<Session> toTell = transmitter.IsRealm || work.Event.Type == SignalEvents.CredentialChange ? [] : removed;
        await logouts.EnqueueAsync(work.Write, toTell, work.Cancellation);
        return new SignalResult(SignalOutcome.Done, removed.Count) { ToTell = toTell };
    }

    // Every name that leads to somebody counts: they are names of one.
    private async Task<IReadOnlyList<Somebody>> ResolveAsync(Work work)
    {
        var people = new List<Somebody>();
        foreach (var name in PeopleOf(work.Event))
        {
            if (!ShortText.IsKey(name.Value))
            {
                // Nobody is that: KeycloakIdentity refuses their tokens.
                continue;
            }

            if (name.Format == SubjectIdentifier.Email)
            {
                people.AddRange((await AccountFinder.ListByEmailAsync(work.Write, Issuer, name.Value, work.Cancellation))
                    .Select(account => new Somebody(account.Subject, account, IsBySubject: false)));
            }
            else if (name.Format == SubjectIdentifier.Opaque
                || (name.Format == SubjectIdentifier.IssuerAndSubject && name.Issuer == Issuer))
            {
                people.Add(new Somebody(
                    name.Value,
                    await AccountFinder.FindAsync(work.Write, Issuer, name.Value, work.Cancellation),
                    IsBySubject: true));
            }
        }

        return [.. people.DistinctBy(somebody => somebody.Subject, StringComparer.Ordinal)];
    }

    private static IEnumerable<SubjectIdentifier> PeopleOf(SecurityEvent taken) =>
        taken.Subject is not { } subject ? []
        : IsSession(taken) ? subject.Names.Where(name => name.Format != SubjectIdentifier.Opaque)
        : subject.Names;

    /// <summary>Those that are named one by one; none where it is all.</summary>
    public static IReadOnlyList<string> SessionsOf(SecurityEvent taken)
    {
        var names = taken.Subject is not { } subject ? [] : IsSession(taken) ? subject.Names : subject.Session;
        return
        [
            .. names.Where(name => name.Format == SubjectIdentifier.Opaque && name.Value != EverySession && ShortText.IsKey(name.Value))
                .Select(name => name.Value)
                .Distinct(StringComparer.Ordinal),
        ];
    }

    // The subject of a revoked session is a session where it is simple and opaque (CAEP 1.0, section 3.1, the first example).
    private static bool IsSession(SecurityEvent taken) =>
        taken is { Type: SignalEvents.SessionRevoked, Subject.IsComplex: false };

    private Task RecordAsync(Work work, List<AuditChange> changes) => changes.Count == 0
        ? Task.CompletedTask
        : audit.RecordAsync(work.Write.Connection, work.Write.Transaction, work.Actor, changes, work.Cancellation);

    private Actor NewActor(SecurityEvent taken, string? requestId)
    {
        var why = SignInFailure.Printable($"{SignalEvents.NameOf(taken.Type)}{ReasonOf(taken.Details)}");
        return new Actor(AccountId: null, transmitter.Name, Actor.Service, requestId, ShortText.Cut(why, LongestReason));
    }

    // CAEP 1.0, section 2: a text for each language. Drafts had one text.
    private static string? ReasonOf(JsonElement details)
    {
        if (!details.TryGetProperty("reason_admin", out var reason))
        {
            return null;
        }

        var text = reason.ValueKind == JsonValueKind.Object
            ? SecurityEventReader.Text(reason, "en")
                ?? reason.EnumerateObject().Select(each => SecurityEventReader.Text(reason, each.Name)).FirstOrDefault()
            : SecurityEventReader.Text(details, "reason_admin");
        return text is { Length: > 0 } ? $": {text}" : null;
    }

    private static AuditChange? Ended(Somebody somebody, int sessions) => somebody.Account is not { } account ? null : new AuditChange(
        "account",
        account.Id.ToString(),
        "end-sessions",
        Values(("username", account.Username), ("sessions", sessions)),
        After: null);

    private static Dictionary<string, object?> Values(params (string Name, object? Value)[] values) =>
        values.ToDictionary(value => value.Name, value => value.Value, StringComparer.Ordinal);

    private static CommandDefinition Command(WriteTransaction write, string sql, object values, CancellationToken cancellationToken) =>
        new(sql, values, write.Transaction, cancellationToken: cancellationToken);

    /// <summary>Somebody of the realm, with the account that is here, if there is one.</summary>
    private sealed record Somebody(string Subject, FoundAccount? Account, bool IsBySubject);

    private sealed record Work(WriteTransaction Write, SecurityEvent Event, Actor Actor, CancellationToken Cancellation);
}
