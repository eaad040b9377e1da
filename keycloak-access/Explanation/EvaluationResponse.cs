using System.Text.Json.Serialization;
using KeycloakAccess.Authentication;
using KeycloakAccess.Hosting;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Explanation;

/// <summary>A decision (AuthZEN Authorization API 1.0, section 5.5).</summary>
/// <param name="Decision">Whether it is allowed.</param>
/// <param name="Context">Why, and what would be needed.</param>
public sealed record EvaluationResponse(bool Decision, EvaluationContextResponse Context)
{
    internal static EvaluationResponse FromAnswer(AccessAnswer answer) =>
        new(answer.IsAllowed, EvaluationContextResponse.FromAnswer(answer));

    internal static EvaluationResponse Invalid(string message) => new(Decision: false, new EvaluationContextResponse
    {
        Code = ProblemCode.InvalidRequest,
        Error = new EvaluationErrorResponse(StatusCodes.Status400BadRequest, message),
    });
}

/// <summary>Everything that led to a decision.</summary>
public sealed record EvaluationContextResponse
{
    /// <summary>
    /// <c>allowed</c>, <c>subject_unknown</c>, <c>account_disabled</c>, <c>permission_denied</c>, <c>permission_missing</c>,
    /// <c>insufficient_scope</c>, <c>row_hidden</c> (there is no such row, or the subject does not get to see it), or
    /// <c>invalid_request</c> where one question of several is none.
    /// </summary>
    public required string Code { get; init; }

    /// <summary>The reason, for whoever manages access, under the HTTP status that fits it.</summary>
    [JsonPropertyName("reason_admin")]
    public IReadOnlyDictionary<string, string>? ReasonAdmin { get; init; }

    /// <summary>The reason, for the subject, under the HTTP status that fits it.</summary>
    [JsonPropertyName("reason_user")]
    public IReadOnlyDictionary<string, string>? ReasonUser { get; init; }

    /// <summary>Whom the decision is about.</summary>
    public EvaluationSubjectResponse? Subject { get; init; }

    /// <summary>What was asked for: <c>book:delete</c>.</summary>
    public string? Permission { get; init; }

    /// <summary>Every grant path that grants it.</summary>
    public IReadOnlyList<GrantPathResponse>? Grants { get; init; }

    /// <summary>Every grant path that denies it. One is enough.</summary>
    public IReadOnlyList<GrantPathResponse>? Denials { get; init; }

    /// <summary>Everything that narrows what the groups grant, by the codes above: not only what decided.</summary>
    public IReadOnlyList<string>? NarrowedBy { get; init; }

    /// <summary>The scopes of this API that the token holds; left out where no token is at hand.</summary>
    public IReadOnlyList<string>? HeldScopes { get; init; }

    /// <summary>What would have to change for a yes.</summary>
    public EvaluationNeedsResponse? Needs { get; init; }

    /// <summary>What is odd about the question, or about what is known.</summary>
    public IReadOnlyList<string>? Notes { get; init; }

    /// <summary>Why one question of several is none (section 7.2.1).</summary>
    public EvaluationErrorResponse? Error { get; init; }

    internal static EvaluationContextResponse FromAnswer(AccessAnswer answer)
    {
        var status = answer.Decision.Reason switch
        {
            DecisionReason.Allowed => "200",
            DecisionReason.RowHidden => "404",
            _ => "403",
        };
        return new EvaluationContextResponse
        {
            Code = Refusals.Code(answer.Decision.Reason),
            ReasonAdmin = Reason(AnswerFormatter.ForAdministrators(answer)),
            ReasonUser = Reason(AnswerFormatter.ForUsers(answer)),
            Subject = answer.Subject is { } subject ? EvaluationSubjectResponse.FromSubject(subject) : null,
            Permission = answer.Decision.Permission.ToString(),
            Grants = [.. answer.Explanation.Grants.Select(GrantPathResponse.FromGrantPath)],
            Denials = [.. answer.Explanation.Denials.Select(GrantPathResponse.FromGrantPath)],
            NarrowedBy = [.. Narrowing(answer).Select(Refusals.Code)],
            HeldScopes = answer.Explanation.HeldScopes,
            Needs = answer.IsAllowed || answer.Decision.Reason == DecisionReason.RowHidden
                ? null
                : EvaluationNeedsResponse.FromAnswer(answer),
            Notes = answer.Notes.Count == 0 ? null : answer.Notes,
        };

        Dictionary<string, string> Reason(string text) => new(StringComparer.Ordinal) { [status] = text };
    }

    private static IEnumerable<DecisionReason> Narrowing(AccessAnswer answer)
    {
        if (answer.Subject is { Subject.IsEnabled: false })
        {
            yield return DecisionReason.AccountDisabled;
        }

        if (answer.Explanation.Denials.Count > 0)
        {
            yield return DecisionReason.PermissionDenied;
        }

        if (answer.LacksScope)
        {
            yield return DecisionReason.InsufficientScope;
        }

        if (answer.Decision.Reason == DecisionReason.RowHidden)
        {
            yield return DecisionReason.RowHidden;
        }
    }
}

/// <summary>Whom a decision is about.</summary>
/// <param name="AccountId">The local account.</param>
/// <param name="Username">The name to sign in with, or the client id of a service.</param>
/// <param name="Type"><c>person</c> or <c>service</c>.</param>
/// <param name="Enabled">Whether the account is enabled.</param>
/// <param name="Roles">Where the roles come from: <c>token</c>, that of this call, or <c>record</c>, what Keycloak said last.</param>
public sealed record EvaluationSubjectResponse(Guid AccountId, string Username, string Type, bool Enabled, string Roles)
{
    internal static EvaluationSubjectResponse FromSubject(AccessSubject subject) => new(
        subject.Subject.AccountId,
        subject.Username,
        SubjectTypes.Write(subject.Subject.Kind),
        subject.Subject.IsEnabled,
        subject.IsCaller ? "token" : "record");
}

/// <summary>A grant path: from a role of Keycloak, or a direct membership, through a group to a permission.</summary>
public sealed record GrantPathResponse
{
    /// <summary><c>realm-role</c>, <c>client-role</c>, <c>keycloak-group</c>, <c>direct-member</c> or <c>default-group</c>.</summary>
    public required string Origin { get; init; }

    /// <summary>The role or group in Keycloak.</summary>
    public required string? Role { get; init; }

    /// <summary>The client that owns a client role.</summary>
    public required string? Client { get; init; }

    /// <summary>The role mapping that leads on.</summary>
    public required Guid? MappingId { get; init; }

    /// <summary>Its name or pattern.</summary>
    public required string? Mapping { get; init; }

    /// <summary>The local group.</summary>
    public required Guid GroupId { get; init; }

    /// <summary>Its name.</summary>
    public required string Group { get; init; }

    /// <summary>What it grants or denies, as it is written there.</summary>
    public required string Permission { get; init; }

    /// <summary>When it ends by itself; left out where it stays.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>All of it on one line.</summary>
    public required string Text { get; init; }

    internal static GrantPathResponse FromGrantPath(GrantPath grantPath) => new()
    {
        Origin = grantPath.Origin.Kind,
        Role = grantPath.Origin.Role?.Name,
        Client = grantPath.Origin.Role is { Kind: RoleKind.ClientRole } role ? role.Client : null,
        MappingId = grantPath.Origin.Mapping?.Id,
        Mapping = grantPath.Origin.Mapping?.Pattern.Name,
        GroupId = grantPath.Group.Id,
        Group = grantPath.Group.Name,
        Permission = grantPath.Permission.ToString(),
        Until = grantPath.Origin.Until,
        Text = grantPath.ToString(),
    };
}

/// <summary>What would have to change for a yes. All that stands here is needed.</summary>
/// <param name="EnableAccount">That the account is enabled.</param>
/// <param name="LeaveGroups">That the subject leaves these groups, or that they no longer deny it.</param>
/// <param name="AnyGroup">
/// That the subject is in one of these groups. Left out for those who ask about themselves without <c>access:view</c>.
/// </param>
/// <param name="AnyScopes">That the token holds one of these sets of scopes, each with spaces between.</param>
/// <param name="Remedies">The same in words.</param>
public sealed record EvaluationNeedsResponse(
    bool? EnableAccount,
    IReadOnlyList<string>? LeaveGroups,
    IReadOnlyList<GrantingGroupResponse>? AnyGroup,
    IReadOnlyList<string>? AnyScopes,
    IReadOnlyList<string> Remedies)
{
    internal static EvaluationNeedsResponse FromAnswer(AccessAnswer answer) => new(
        answer.Subject is { Subject.IsEnabled: false } ? true : null,
        answer.Explanation.Denials.Count > 0 ? AnswerFormatter.Names(answer.Explanation.Denials) : null,
        answer is { NamesGrantingGroups: true, Subject: not null, Explanation.Grants.Count: 0 }
            ? [.. answer.Explanation.GrantingGroups.Select(GrantingGroupResponse.FromGroup)]
            : null,
        answer.LacksScope ? [.. answer.Explanation.Scopes.Select(set => string.Join(' ', set))] : null,
        [.. AnswerFormatter.Remedies(answer)]);
}

/// <summary>A group that would grant what is missing.</summary>
/// <param name="GroupId">The group.</param>
/// <param name="Group">Its name.</param>
/// <param name="Roles">The roles and groups of Keycloak that lead into it.</param>
public sealed record GrantingGroupResponse(Guid GroupId, string Group, IReadOnlyList<string> Roles)
{
    internal static GrantingGroupResponse FromGroup(GrantingGroup group) =>
        new(group.Group.Id, group.Group.Name, [.. group.Mappings.Select(mapping => mapping.Pattern.ToString())]);
}

/// <summary>Why one question of several is none.</summary>
/// <param name="Status">The HTTP status that the question would have got alone.</param>
/// <param name="Message">What is wrong with it.</param>
public sealed record EvaluationErrorResponse(int Status, string Message);
