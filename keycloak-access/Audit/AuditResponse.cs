using System.Text.Json;

namespace KeycloakAccess.Audit;

/// <summary>A row of the audit log as a caller gets it: a change, or a refusal.</summary>
/// <param name="Id">Its id.</param>
/// <param name="At">When it happened; of a refusal that stands for several, when the first one did.</param>
/// <param name="Kind"><c>change</c> or <c>denied-request</c>.</param>
/// <param name="AccountId">The account that did it or was refused; <see langword="null"/> for the command line and the service itself.</param>
/// <param name="Account">That account's name at that moment.</param>
/// <param name="Method">How it came in: <c>bearer</c>, <c>session</c>, <c>command-line</c> or <c>service</c>.</param>
/// <param name="RequestId">The request, as <c>requestId</c> in problem details and the service's log name it.</param>
/// <param name="Model">The model that was changed, or that the permission is about.</param>
/// <param name="RowId">The row's id; of a refusal, the id in the address.</param>
/// <param name="Action">What was done or asked for: <c>add</c>, <c>change</c>, <c>delete</c>, <c>add-member</c>, …</param>
/// <param name="OldValues">Of a change: the values before; <see langword="null"/> where there was nothing.</param>
/// <param name="NewValues">Of a change: the values after; <see langword="null"/> where nothing is left.</param>
/// <param name="Reason">Of a change: why, where that was said.</param>
/// <param name="Permission">Of a refusal: the permission that the call asks for.</param>
/// <param name="Code">Of a refusal: why, as <c>code</c> in problem details; <c>not_recorded</c> counts those that found no module.</param>
/// <param name="MissingScope">Of a refusal: the scope that the token lacks.</param>
/// <param name="MissingPermissions">Of a refusal to hand something out: what the caller does not hold, at most 20 of them.</param>
/// <param name="HttpMethod">Of a refusal: the method of the call.</param>
/// <param name="Path">Of a refusal: the path of the call, as the route is written.</param>
/// <param name="Count">How many times: the same refusal again within half a second or so is counted here.</param>
/// <param name="LastAt">When the last of them happened, where there are several.</param>
public sealed record AuditResponse(
    Guid Id,
    DateTimeOffset At,
    string Kind,
    Guid? AccountId,
    string Account,
    string Method,
    string? RequestId,
    string? Model,
    string? RowId,
    string? Action,
    JsonElement? OldValues,
    JsonElement? NewValues,
    string? Reason,
    string? Permission,
    string? Code,
    string? MissingScope,
    IReadOnlyList<string>? MissingPermissions,
    string? HttpMethod,
    string? Path,
    int Count,
    DateTimeOffset? LastAt);
