using KeycloakAccess.Authentication;
using Microsoft.Extensions.Options;

namespace KeycloakAccess.SharedSignals;

/// <summary>
/// Events about sessions and accounts that a transmitter tells (OpenID Shared Signals Framework 1.0, with CAEP 1.0 and RISC 1.0): section
/// <c>SharedSignals</c>.
/// </summary>
public sealed class SharedSignalsOptions
{
    /// <summary>The name of the configuration section.</summary>
    public const string Section = "SharedSignals";

    /// <summary>How events come. Default <see cref="SignalDelivery.None"/>: none are taken.</summary>
    public SignalDelivery Delivery { get; set; }

    /// <summary>
    /// The audiences that an event may be for, as the stream's <c>aud</c> has them. Keycloak's is <c>{client}/{stream}</c>, another one
    /// with each stream; <c>{client}/*</c> takes them all. Required.
    /// </summary>
    public IReadOnlyList<string> Audiences { get; set; } = [];

    /// <summary>The transmitter's issuer. Default: that of the realm, whose keys are known already.</summary>
    public string Issuer { get; set; } = "";

    /// <summary>
    /// Where the metadata of another transmitter than the realm are, if not where SSF 1.0, section 7.2.1 has them:
    /// <c>https://host/.well-known/ssf-configuration/path</c>.
    /// </summary>
    public string MetadataAddress { get; set; } = "";

    /// <summary>
    /// What a changed credential does to what was begun before it. Default <see cref="CredentialChangeEffect.EndSessions"/>.
    /// </summary>
    public CredentialChangeEffect CredentialChange { get; set; }

    /// <summary><c>Push</c>: what comes by push (RFC 8935).</summary>
    public SignalPushOptions Push { get; set; } = new();

    /// <summary><c>Poll</c>: where events are asked for (RFC 8936).</summary>
    public SignalPollOptions Poll { get; set; } = new();
}

/// <summary>Events that are pushed (RFC 8935): section <c>SharedSignals:Push</c>.</summary>
public sealed class SignalPushOptions
{
    /// <summary>
    /// The header <c>Authorization</c> that each push must have, as the stream's <c>authorization_header</c> is: <c>Bearer secret</c>.
    /// Empty: the signature alone says who sends.
    /// </summary>
    public string Authorization { get; set; } = "";

    /// <summary>A file that holds it.</summary>
    public string AuthorizationFile { get; set; } = "";
}

/// <summary>Events that are asked for (RFC 8936): section <c>SharedSignals:Poll</c>.</summary>
public sealed class SignalPollOptions
{
    /// <summary>The <c>endpoint_url</c> that the transmitter gave the stream, as this service reaches it.</summary>
    public string Endpoint { get; set; } = "";

    /// <summary>How long to wait after an answer without events, from 1 second to 1 hour. Default 5 seconds.</summary>
    public TimeSpan Interval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How many events to ask for at once, from 1 to 1000. Default 50.</summary>
    public int MaxEvents { get; set; } = 50;

    /// <summary>
    /// Whether the transmitter may keep a request until there are events (<c>returnImmediately</c> false), for up to 40 seconds. Default
    /// <see langword="true"/>; Keycloak answers at once all the same.
    /// </summary>
    public bool LongPoll { get; set; } = true;

    /// <summary>The client whose access token (client credentials) goes with each request. Of the realm.</summary>
    public string ClientId { get; set; } = "";

    /// <summary>Its secret.</summary>
    public string ClientSecret { get; set; } = "";

    /// <summary>A file that holds its secret.</summary>
    public string ClientSecretFile { get; set; } = "";

    /// <summary>The scope of that token. Default <c>ssf.read</c>, which Keycloak asks for.</summary>
    public string Scope { get; set; } = "ssf.read";

    /// <summary>In the place of a client, a file that holds the bearer token, read anew for each request.</summary>
    public string TokenFile { get; set; } = "";
}

/// <summary>How events come.</summary>
public enum SignalDelivery
{
    /// <summary>None are taken.</summary>
    None,

    /// <summary>The transmitter sends them to <c>/ssf/events</c> (RFC 8935).</summary>
    Push,

    /// <summary>This service asks for them (RFC 8936).</summary>
    Poll,
}

/// <summary>What a changed credential does.</summary>
public enum CredentialChangeEffect
{
    /// <summary>Ends the sessions of before, and tokens that were issued before are refused.</summary>
    EndSessions,

    /// <summary>Lets each session ask Keycloak anew who it is of, and whether it goes on.</summary>
    RefreshSessions,

    /// <summary>Nothing.</summary>
    None,
}

internal sealed class SharedSignalsValidator(IOptions<KeycloakOptions> keycloak) : IValidateOptions<SharedSignalsOptions>
{
    private const string Section = SharedSignalsOptions.Section;

    public ValidateOptionsResult Validate(string? name, SharedSignalsOptions options)
    {
        var failures = options.Delivery == SignalDelivery.None ? [] : Failures(options).ToList();
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }

    private IEnumerable<string> Failures(SharedSignalsOptions options)
    {
        if (options.Audiences.Count == 0)
        {
            yield return $"{Section}:Audiences is empty. Set {Section}:Audiences:0 to the aud of the stream; of Keycloak's streams that is "
                + "the receiver's client and /*, as in acme-signals/*.";
        }

        foreach (var (audience, index) in options.Audiences.Select((audience, index) => (audience, index)))
        {
            if (!SignalAudience.IsPattern(audience))
            {
                yield return $"{Section}:Audiences:{index} is \"{audience}\". It must be an audience as it stands in events, or the name "
                    + "of a client and /*, as in acme-signals/*; a * stands nowhere else.";
            }
        }

        if (options.Issuer.Length > 0 && FindMistake("Issuer", options.Issuer) is { } issuer)
        {
            yield return issuer;
        }

        if (options.MetadataAddress.Length > 0)
        {
            if (FindMistake("MetadataAddress", options.MetadataAddress) is { } address)
            {
                yield return address;
            }
            else if (options.Issuer.Length == 0)
            {
                yield return $"{Section}:MetadataAddress is set, and {Section}:Issuer is not. The keys of the realm are found without it: "
                    + $"remove it, or set {Section}:Issuer to the other transmitter.";
            }
        }

        if (FindMistakeInPair("Push:Authorization", options.Push.Authorization, options.Push.AuthorizationFile) is { } authorization)
        {
            yield return authorization;
        }

        if (options.Push.Authorization.Any(character => character is < ' ' or > '~'))
        {
            yield return $"{Section}:Push:Authorization holds a character that no header holds. Take printable ASCII.";
        }

        if (options.Delivery == SignalDelivery.Poll)
        {
            foreach (var failure in PollFailures(options.Poll))
            {
                yield return failure;
            }
        }
    }

    private IEnumerable<string> PollFailures(SignalPollOptions poll)
    {
        if (poll.Endpoint.Length == 0)
        {
            yield return $"{Section}:Poll:Endpoint is missing. Set it to the delivery.endpoint_url of the stream, or {Section}:Delivery to "
                + "Push.";
        }
        else if (FindMistake("Poll:Endpoint", poll.Endpoint) is { } endpoint)
        {
            yield return endpoint;
        }

        if (poll.Interval < TimeSpan.FromSeconds(1) || poll.Interval > TimeSpan.FromHours(1))
        {
            yield return $"{Section}:Poll:Interval is {poll.Interval}. It must be between 1 second and 1 hour, as in 00:00:05.";
        }

        if (poll.MaxEvents is < 1 or > 1000)
        {
            yield return $"{Section}:Poll:MaxEvents is {poll.MaxEvents}. It must be between 1 and 1000.";
        }

        if (poll.ClientId.Length > 0 == poll.TokenFile.Length > 0)
        {
            yield return poll.TokenFile.Length > 0
                ? $"{Section}:Poll has both ClientId and TokenFile. Remove one of them."
                : $"{Section}:Poll:ClientId is missing. Set it to the client of the stream, or {Section}:Poll:TokenFile to a file with "
                    + "the transmitter's bearer token.";
        }

        if (FindMistakeInPair("Poll:ClientSecret", poll.ClientSecret, poll.ClientSecretFile) is { } secret)
        {
            yield return secret;
        }
        else if (poll.ClientId.Length > 0 && poll.ClientSecret.Length + poll.ClientSecretFile.Length == 0)
        {
            yield return $"{Section}:Poll:ClientSecret is missing. Set it, or ClientSecretFile, to the secret of {poll.ClientId} "
                + "(Keycloak: Clients, Credentials).";
        }

        if (poll.TokenFile.Length > 0 && SignalSecrets.FindMistake(poll.TokenFile) is { } unreadable)
        {
            yield return $"{Section}:Poll:TokenFile cannot be read: {unreadable} Check the path and who may read it.";
        }
    }

    private string? FindMistake(string key, string text)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https") || url.UserInfo.Length > 0
            || url.Fragment.Length > 0)
        {
            return $"{Section}:{key} is \"{text}\". It must be an absolute https URL, as in https://signals.example.com.";
        }

        // BackchannelHandler checks a host name once it has been resolved.
        return url.Scheme == "http" && keycloak.Value.SslRequired == SslRequired.All
            ? $"{Section}:{key} is \"{text}\", but Keycloak:ssl-required is all. Use https, or lower ssl-required."
            : null;
    }

    private static string? FindMistakeInPair(string key, string text, string file) =>
        text.Length > 0 && file.Length > 0 ? $"{Section} has both {key} and {key}File. Remove one of them."
        : file.Length > 0 && SignalSecrets.FindMistake(file) is { } mistake
            ? $"{Section}:{key}File cannot be read: {mistake} Check the path and who may read it."
        : null;
}

/// <summary>Secrets that stand in a setting, or in a file.</summary>
internal static class SignalSecrets
{
    public static string? FindMistake(string file)
    {
        try
        {
            return File.ReadAllText(file).Trim().Length > 0 ? null : "it is empty.";
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return exception.Message;
        }
    }

    public static string Read(string text, string file) => file.Length > 0 ? File.ReadAllText(file).Trim() : text;
}

/// <summary>Which audiences are those of this receiver's streams.</summary>
internal static class SignalAudience
{
    private const string AnyStream = "/*";

    public static bool IsPattern(string text)
    {
        var name = text.EndsWith(AnyStream, StringComparison.Ordinal) ? text[..^AnyStream.Length] : text;
        return name.Length > 0 && !name.Contains('*', StringComparison.Ordinal);
    }

    /// <summary>Behind the client stands one part only: a client may have a slash in its name, the id of a stream has none.</summary>
    public static bool Matches(string pattern, string audience) => pattern.EndsWith(AnyStream, StringComparison.Ordinal)
        ? audience.StartsWith(pattern.AsSpan(0, pattern.Length - 1), StringComparison.Ordinal)
            && audience.AsSpan(pattern.Length - 1) is { Length: > 0 } stream && !stream.Contains('/')
        : string.Equals(pattern, audience, StringComparison.Ordinal);
}
