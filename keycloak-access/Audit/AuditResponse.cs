using System.ComponentModel.DataAnnotations;
using System.Text.Json;

namespace KeycloakAccess.Audit;

/// <summary>A row of the audit log as a caller gets it: a change, or a refusal.</summary>
public sealed record AuditResponse
{
    /// <summary>Its id.</summary>
    public required Guid Id { get; init; }

    /// <summary>When it happened; of a refusal that stands for several, when the first one did.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary><c>change</c> or <c>denied-request</c>.</summary>
    [AllowedValues("change", "denied-request")]
    public required string Kind { get; init; }

    /// <summary>The account that did it or was refused; <see langword="null"/> for the command line and the service itself.</summary>
    public required Guid? AccountId { get; init; }

    /// <summary>That account's name at that moment.</summary>
    public required string Account { get; init; }

    /// <summary>How it came in: <c>bearer</c>, <c>session</c>, <c>command-line</c> or <c>service</c>.</summary>
    [AllowedValues("bearer", "session", "command-line", "service")]
    public required string Method { get; init; }

    /// <summary>The request, as <c>requestId</c> in problem details and the service's log name it.</summary>
    public required string? RequestId { get; init; }

    /// <summary>The model that was changed, or that the permission is about.</summary>
    public required string? Model { get; init; }

    /// <summary>The row's id; of a refusal, the id in the address.</summary>
    public required string? RowId { get; init; }

    /// <summary>What was done or asked for: <c>add</c>, <c>change</c>, <c>delete</c>, <c>add-member</c>, …</summary>
    public required string? Action { get; init; }

    /// <summary>Of a change: the values before; <see langword="null"/> where there was nothing.</summary>
    public required JsonElement? OldValues { get; init; }

    /// <summary>Of a change: the values after; <see langword="null"/> where nothing is left.</summary>
    public required JsonElement? NewValues { get; init; }

    /// <summary>Of a change: why, where that was said.</summary>
    public required string? Reason { get; init; }

    /// <summary>Of a refusal: the permission that the call asks for.</summary>
    public required string? Permission { get; init; }

    /// <summary>
    /// Of a refusal: why, as <c>code</c> in problem details; <c>not_recorded</c> counts those that were too many to be written.
    /// </summary>
    public required string? Code { get; init; }

    /// <summary>Of a refusal: the scope that the token lacks.</summary>
    public required string? MissingScope { get; init; }

    /// <summary>Of a refused grant: what the caller does not hold, at most 20 of them.</summary>
    public required IReadOnlyList<string>? MissingPermissions { get; init; }

    /// <summary>Of a refusal: the method of the call.</summary>
    public required string? HttpMethod { get; init; }

    /// <summary>Of a refusal: the path of the call, as the route is written.</summary>
    public required string? Path { get; init; }

    /// <summary>How many times: the same refusal again within half a second or so is counted here.</summary>
    public required int Count { get; init; }

    /// <summary>When the last of them happened, where there are several.</summary>
    public required DateTimeOffset? LastAt { get; init; }
}
