namespace KeycloakRealm.Faults;

/// <summary>
/// What goes wrong at an endpoint, and for how long. What is said together happens together: first the delay, then the end of
/// the connection; else the answer, another one if <see cref="Status"/>, <see cref="Body"/> or <see cref="Location"/> says so,
/// under the content type, cut off where it is said.
/// </summary>
/// <param name="Endpoint">
/// The end of its address, after <c>/protocol/openid-connect/</c> or after <c>/realms/{realm}/</c>: <c>token</c>, <c>certs</c>,
/// <c>token/introspect</c>, <c>.well-known/openid-configuration</c>. <c>*</c> at the end stands for anything.
/// </param>
public sealed record Fault(string Endpoint)
{
    /// <summary>The realm's name. Null: every realm.</summary>
    public string? Realm { get; init; }

    /// <summary>How long the caller waits, in real time whatever the realm's clock says.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>The status instead of the endpoint's answer, 200 to 599. The endpoint does nothing then.</summary>
    public int? Status { get; init; }

    /// <summary>The body instead of the endpoint's answer; with status 200, unless another is said.</summary>
    public string? Body { get; init; }

    /// <summary>Where the caller is sent; with status 302, unless another is said.</summary>
    public string? Location { get; init; }

    /// <summary>The content type, of the endpoint's own answer or of <see cref="Body"/>.</summary>
    public string? ContentType { get; init; }

    /// <summary>The connection ends after so many bytes of the body, though its length was said in full.</summary>
    public int? CutAfter { get; init; }

    /// <summary>Whether the connection is closed without an answer.</summary>
    public bool Close { get; init; }

    /// <summary>After so many calls it is over. Null: never.</summary>
    public int? Times { get; init; }

    /// <summary>After so long it is over, by the clock that the realm was started with. Null: never.</summary>
    public TimeSpan? For { get; init; }

    /// <summary>Whether the answer is made up, and the endpoint not asked.</summary>
    internal bool Replaces => Status is not null || Body is not null || Location is not null;

    /// <summary>What does not make sense, as a sentence that says what to write instead; null where all does.</summary>
    internal string? Mistake() => this switch
    {
        { Delay.Ticks: 0, Close: false, ContentType: null, CutAfter: null, Replaces: false } =>
            "The fault does nothing. Give delay, status, body, location, contentType, cutAfter or close.",
        { Delay: var delay } when delay < TimeSpan.Zero || delay > TimeSpan.FromHours(1) => "delay must be 0 to 3600 seconds.",
        { Status: < 200 or > 599 } => "status must be 200 to 599.",
        { Body.Length: > 0, Status: 204 or 205 or 304 } => $"An answer with status {Status} has no body. Leave body out, or give another status.",
        { CutAfter: < 0 } => "cutAfter must be a number of bytes, 0 or more.",
        { Times: < 1 } => "times must be 1 or more. Leave it out for a fault that stays.",
        { For: { } span } when span <= TimeSpan.Zero => "for must be more than 0 seconds. Leave it out for a fault that stays.",
        { Location: { } location } when !IsHeader(location) => "location must be an address without line breaks.",
        { ContentType: { } type } when type.Length == 0 || !IsHeader(type) => "contentType must be a content type, such as text/html.",
        _ => null,
    };

    private static bool IsHeader(string value) => value.All(c => c is >= ' ' and <= '~');
}
