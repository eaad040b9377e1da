using System.Text.Json;
using KeycloakAccess.Authentication;
using KeycloakAccess.Data;
using Microsoft.Extensions.Options;

namespace KeycloakAccess.SharedSignals;

/// <summary>
/// Reads a security event token as RFC 8417, section 2, and SSF 1.0, section 4, have it. No other token of the realm is one, and none of
/// these is an access, ID or logout token: each has a <c>typ</c> of its own (RFC 8725, section 3.11).
/// </summary>
internal sealed class SecurityEventReader(
    Transmitter transmitter, IOptions<SharedSignalsOptions> options, IOptions<KeycloakOptions> keycloak, TimeProvider clock)
{
    /// <summary>Keycloak tries for seven hours, and holds events while a stream is paused.</summary>
    public static readonly TimeSpan OldestToken = TimeSpan.FromDays(7);

    private const string TokenType = "secevent+jwt";

    private const string AlgorithmSetting = "Clients → the receiver's client → the attribute ssf.signatureAlgorithm";

    private static readonly string[] ChangeTypes = ["create", "revoke", "update", "delete"];

    private static readonly string[] Initiators = ["admin", "user", "policy", "system"];

    /// <summary>Until when a token could be taken again.</summary>
    public static DateTimeOffset KeepUntil(SecurityEvent taken) => taken.IssuedAt + OldestToken + TokenCauses.ClockDifference;

    /// <exception cref="RealmUnreachableException">Nobody knows whether its key is one of the transmitter's.</exception>
    public async Task<(SecurityEvent? Event, SetRefusal? Refusal)> ReadAsync(string text, CancellationToken cancellationToken)
    {
        if (CompactToken.Parse(text, out var mistake) is not { } parsed)
        {
            return (null, SetRefusal.Malformed(mistake!));
        }

        using var header = CompactToken.ParseObject(CompactToken.Decode(text.Split('.')[0])!)!;
        using var document = CompactToken.ParseObject(CompactToken.Decode(text.Split('.')[1])!)!;
        var claims = document.RootElement;
        if (FindRefusalOfEnvelope(header.RootElement, parsed, claims) is { } refusal)
        {
            return (null, refusal);
        }

        await transmitter.Metadata.EnsureKeyAsync(parsed.KeyId, cancellationToken);
        if (transmitter.Metadata.FindKey(parsed.KeyId) is not { } key)
        {
            return (null, new SetRefusal(
                SetRefusal.InvalidKey,
                $"The kid is none of the keys of {transmitter.Issuer}."
                    + (transmitter.Metadata.WhyUnused(parsed.KeyId) is { } unused ? $" The key is there, and {unused}" : "")));
        }

        return SignatureAlgorithms.FindMistakeInSignature(text, parsed.Algorithm, key, keycloak.Value.TokenAlgorithms) is null
            ? Read(claims)
            : (null, new SetRefusal(SetRefusal.InvalidKey, "The signature is not that of the key that the kid names, by its algorithm."));
    }

    // Of a token that may be anybody's: whether it is worth to look for its key.
    private SetRefusal? FindRefusalOfEnvelope(JsonElement header, CompactToken parsed, JsonElement claims)
    {
        if (Text(header, "typ") != TokenType)
        {
            return SetRefusal.Malformed($"The header's typ must be {TokenType} (SSF 1.0, section 4.1.5): this is another kind of token.");
        }

        if (SignatureAlgorithms.FindMistake(parsed.Algorithm, keycloak.Value.TokenAlgorithms, AlgorithmSetting) is { } algorithm)
        {
            return new SetRefusal(SetRefusal.InvalidKey, algorithm);
        }

        if (Text(claims, "iss") is not { Length: > 0 } issuer)
        {
            return SetRefusal.Malformed("The token has no iss.");
        }

        if (!string.Equals(issuer, transmitter.Issuer, StringComparison.Ordinal))
        {
            return new SetRefusal(SetRefusal.InvalidIssuer, $"The iss is not {transmitter.Issuer}, which alone may send events here.");
        }

        return !AudiencesOf(claims).Any(audience => options.Value.Audiences.Any(pattern => SignalAudience.Matches(pattern, audience)))
            ? new SetRefusal(
                SetRefusal.InvalidAudience, $"The aud is none of {SharedSignalsOptions.Section}:Audiences: the token is for somebody else.")
            : null;
    }

    private (SecurityEvent? Event, SetRefusal? Refusal) Read(JsonElement claims)
    {
        var now = clock.GetUtcNow();
        var mistake = FindMistake(claims, now);
        if (mistake is not null)
        {
            return (null, SetRefusal.Malformed(mistake));
        }

        var events = claims.GetProperty("events");
        var known = events.EnumerateObject().Where(each => SignalEvents.IsKnown(each.Name)).ToArray();
        if (known.Length > 1)
        {
            // SSF 1.0, section 4.1.10: several only where they are names of one and the same.
            return (null, SetRefusal.Malformed("The events are several that mean different things. Send a token for each."));
        }

        var (type, details) = known is [var one] ? (one.Name, one.Value) : First(events);
        var subject = ReadSubject(claims, type, details, out mistake);
        mistake ??= subject is null && SignalEvents.NeedsSubject(type) ? "The token has no sub_id, so it says nothing of anybody." : null;
        mistake ??= FindMistakeInEvent(type, details, now);
        if (mistake is not null)
        {
            return (null, SetRefusal.Malformed(mistake));
        }

        var issuedAt = Instant(claims, "iat")!.Value;
        return (
            new SecurityEvent
            {
                Issuer = transmitter.Issuer,
                TokenId = Text(claims, "jti")!,
                IssuedAt = issuedAt,
                At = Instant(details, "event_timestamp") ?? Instant(claims, "toe") ?? issuedAt,
                Type = type,
                Subject = subject,
                Details = details.Clone(),
            },
            null);
    }

    private static (string Type, JsonElement Details) First(JsonElement events)
    {
        var first = events.EnumerateObject().First();
        return (first.Name, first.Value);
    }

    // RFC 8417, section 2.2, and SSF 1.0, section 4.1.
    private static string? FindMistake(JsonElement claims, DateTimeOffset now)
    {
        if (Text(claims, "jti") is not { Length: > 0 } id || !ShortText.IsKey(id))
        {
            return $"The jti must be a text of 1 to {ShortText.LongestKey} characters.";
        }

        if (Instant(claims, "iat") is not { } issuedAt)
        {
            return "The token has no iat.";
        }

        if (issuedAt - now > TokenCauses.ClockDifference)
        {
            return $"The iat is in the future. {TokenCauses.SetClocks}";
        }

        if (now - issuedAt > OldestToken)
        {
            return $"The iat is older than {OldestToken.TotalDays:0} days: the token could have been sent before.";
        }

        if (claims.TryGetProperty("sub", out _))
        {
            return "A token with sub is no event: whom it is about stands in sub_id.";
        }

        if (claims.TryGetProperty("exp", out _) || claims.TryGetProperty("nonce", out _))
        {
            return "A token with exp or nonce is no event.";
        }

        if (claims.TryGetProperty("txn", out var transaction) && transaction.ValueKind != JsonValueKind.String)
        {
            return "The txn is not a text.";
        }

        return claims.TryGetProperty("toe", out _) && FindMistakeInInstant(claims, "toe", now) is { } toe
            ? toe
            : FindMistakeInEvents(claims);
    }

    private static string? FindMistakeInEvents(JsonElement claims)
    {
        if (!claims.TryGetProperty("events", out var events) || events.ValueKind != JsonValueKind.Object)
        {
            return "The events must be an object with the URI of an event type and what happened.";
        }

        var all = events.EnumerateObject().ToArray();
        return all.Length == 0 ? "The events are empty."
            : all.Any(each => !Uri.TryCreate(each.Name, UriKind.Absolute, out _)) ? "The name of an event must be a URI."
            : all.Any(each => each.Value.ValueKind != JsonValueKind.Object) ? "What an event says must be an object."
            : null;
    }

    // Keycloak's profile SSE_CAEP, and others of before SSF 1.0, have the subject in the event.
    private static SignalSubject? ReadSubject(JsonElement claims, string type, JsonElement details, out string? mistake)
    {
        mistake = null;
        var hasClaim = claims.TryGetProperty("sub_id", out var claim);
        JsonElement former = default;
        var hasFormer = SignalEvents.IsKnown(type) && details.TryGetProperty("subject", out former);
        if (!hasClaim && !hasFormer)
        {
            return null;
        }

        if (hasClaim && hasFormer)
        {
            mistake = "The token has a sub_id and its event a subject. It may name whom it is about once.";
            return null;
        }

        var subject = SignalSubject.Read(hasClaim ? claim : former, isFormer: hasFormer, out var wrong);
        mistake = wrong is null ? null : $"The {(hasClaim ? "sub_id" : "subject")} {wrong}";
        return subject;
    }

    // What CAEP 1.0, section 2, and the sections of the events require, as far as it is read here.
    private static string? FindMistakeInEvent(string type, JsonElement details, DateTimeOffset now)
    {
        if (!SignalEvents.IsKnown(type))
        {
            return null;
        }

        if (details.TryGetProperty("event_timestamp", out _) && FindMistakeInInstant(details, "event_timestamp", now) is { } instant)
        {
            return instant;
        }

        if (details.TryGetProperty("initiating_entity", out _)
            && !Initiators.Contains(Text(details, "initiating_entity"), StringComparer.Ordinal))
        {
            return $"The initiating_entity must be one of {string.Join(", ", Initiators)}.";
        }

        return type switch
        {
            SignalEvents.CredentialChange when Text(details, "credential_type") is not { Length: > 0 } => "The credential_type is missing.",
            SignalEvents.CredentialChange when !ChangeTypes.Contains(Text(details, "change_type"), StringComparer.Ordinal) =>
                $"The change_type must be one of {string.Join(", ", ChangeTypes)}.",
            SignalEvents.TokenClaimsChange when !details.TryGetProperty("claims", out var changed)
                || changed.ValueKind != JsonValueKind.Object => "The claims of a token-claims-change must be an object.",
            SignalEvents.AssuranceLevelChange when Text(details, "current_level") is not { Length: > 0 } => "The current_level is missing.",
            SignalEvents.Verification when details.TryGetProperty("state", out var state) && state.ValueKind != JsonValueKind.String =>
                "The state is not a text.",
            SignalEvents.StreamUpdated when StatusOf(details) is null => "The status of the stream is missing.",
            _ => null,
        };
    }

    /// <summary>A text, as SSF 1.0 has it, or an object that holds it, as Keycloak 26.7 sends it.</summary>
    public static string? StatusOf(JsonElement details) =>
        Text(details, "status")
        ?? (details.TryGetProperty("status", out var status) && status.ValueKind == JsonValueKind.Object ? Text(status, "status") : null);

    public static string? Text(JsonElement holder, string name) =>
        holder.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static string? FindMistakeInInstant(JsonElement holder, string name, DateTimeOffset now) => Instant(holder, name) switch
    {
        null => $"The {name} is not a time: a number of seconds since 1970 (RFC 7519, section 2).",
        // It would end what begins until then.
        { } at when at - now > TokenCauses.ClockDifference => $"The {name} is in the future. {TokenCauses.SetClocks}",
        _ => null,
    };

    private static DateTimeOffset? Instant(JsonElement holder, string name) =>
        holder.TryGetProperty(name, out var value) && CompactToken.IsInstant(value)
            ? DateTimeOffset.FromUnixTimeSeconds((long)value.GetDouble())
            : null;

    private static IEnumerable<string> AudiencesOf(JsonElement claims) =>
        !claims.TryGetProperty("aud", out var audiences) ? []
        : audiences.ValueKind == JsonValueKind.Array ? audiences.EnumerateArray().Select(audience => audience.GetString()!)
        : [audiences.GetString()!];
}
