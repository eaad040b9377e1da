namespace KeycloakRealm.Faults;

/// <summary>
/// A fault to inject at an endpoint, and for how long. All members apply together: first the delay, then a closed connection; otherwise
/// the answer, replaced by <see cref="Status"/>, <see cref="Body"/> or <see cref="Location"/>, under the content type, truncated where
/// that is set.
/// </summary>
/// <param name="Endpoint">
/// The end of its address, after <c>/protocol/openid-connect/</c> or after <c>/realms/{realm}/</c>: <c>token</c>, <c>certs</c>,
/// <c>token/introspect</c>, <c>.well-known/openid-configuration</c>. <c>*</c> at the end stands for anything.
/// </param>
public sealed record Fault(string Endpoint)
{
    /// <summary>The realm's name. Null: every realm.</summary>
    public string? Realm { get; init; }

    /// <summary>The delay before the answer, in real time even if the realm's clock is moved.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>The status instead of the endpoint's answer, 200 to 599. The endpoint is not called then.</summary>
    public int? Status { get; init; }

    /// <summary>The body instead of the endpoint's answer. The default status is 200.</summary>
    public string? Body { get; init; }

    /// <summary>The address of a redirect. The default status is 302.</summary>
    public string? Location { get; init; }

    /// <summary>The content type of the endpoint's own answer or of <see cref="Body"/>.</summary>
    public string? ContentType { get; init; }

    /// <summary>The connection is closed after this many bytes of the body, although <c>Content-Length</c> states all of them.</summary>
    public int? CutAfter { get; init; }

    /// <summary>Whether the connection is closed without an answer.</summary>
    public bool Close { get; init; }

    /// <summary>Ends after this many calls. Null: never.</summary>
    public int? Times { get; init; }

    /// <summary>Ends after this time, by the clock that the realm was started with. Null: never.</summary>
    public TimeSpan? For { get; init; }

    /// <summary>The endpoint itself is not called.</summary>
    internal bool Replaces => Status is not null || Body is not null || Location is not null;

    /// <summary>What is invalid, and what to write instead; null if the fault is valid.</summary>
    internal string? Mistake() => this switch
    {
        { Delay.Ticks: 0, Close: false, ContentType: null, CutAfter: null, Replaces: false } =>
            "The fault does nothing. Give delay, status, body, location, contentType, cutAfter or close.",
        { Delay: var delay } when delay < TimeSpan.Zero || delay > TimeSpan.FromHours(1) => "delay must be 0 to 3600 seconds.",
        { Status: < 200 or > 599 } => "status must be 200 to 599.",
        { Body.Length: > 0, Status: 204 or 205 or 304 } =>
            $"An answer with status {Status} has no body. Leave body out, or give another status.",
        { CutAfter: < 0 } => "cutAfter must be a number of bytes, 0 or more.",
        { Times: < 1 } => "times must be 1 or more. Leave it out for a fault that stays.",
        { For: { } span } when span <= TimeSpan.Zero => "for must be more than 0 seconds. Leave it out for a fault that stays.",
        { Location: { } location } when !IsHeader(location) => "location must be an address without line breaks.",
        { ContentType: { } type } when type.Length == 0 || !IsHeader(type) => "contentType must be a content type, such as text/html.",
        _ => null,
    };

    private static bool IsHeader(string value) => value.All(c => c is >= ' ' and <= '~');
}
