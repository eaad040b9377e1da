using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace KeycloakAccess.AuthZen;

/// <summary>What every question may hold besides.</summary>
public abstract record AccessContextRequest
{
    /// <summary>
    /// <c>scopes</c>, an array of texts or one text with spaces between them, supposes a token with these scopes. Whatever
    /// else is here is taken and not looked at.
    /// </summary>
    public IReadOnlyDictionary<string, JsonElement>? Context { get; init; }
}

/// <summary>What every search may hold besides.</summary>
public abstract record AccessSearchRequest : AccessContextRequest
{
    /// <summary>Which page.</summary>
    public SearchPageRequest? Page { get; init; }
}

/// <summary>What may have properties.</summary>
public abstract record AccessPropertiesRequest
{
    /// <summary>Taken and not looked at: what decides is what is known here.</summary>
    public IReadOnlyDictionary<string, JsonElement>? Properties { get; init; }
}

/// <summary>May the subject do the action on the resource? (AuthZEN Authorization API 1.0, section 6.1)</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Skip)]
public sealed record EvaluationRequest : AccessContextRequest
{
    /// <summary>Who.</summary>
    [Required]
    public AccessSubjectRequest? Subject { get; init; }

    /// <summary>What.</summary>
    [Required]
    public AccessActionRequest? Action { get; init; }

    /// <summary>On what.</summary>
    [Required]
    public AccessResourceRequest? Resource { get; init; }
}

/// <summary>
/// Several questions at once. <c>subject</c>, <c>action</c>, <c>resource</c> and <c>context</c> stand in for what an evaluation
/// leaves out, each as a whole. Without <c>evaluations</c>, it is one question (section 7.1).
/// </summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Skip)]
public sealed record EvaluationsRequest : AccessContextRequest
{
    /// <summary>Who, where an evaluation does not say.</summary>
    public AccessSubjectRequest? Subject { get; init; }

    /// <summary>What, where an evaluation does not say.</summary>
    public AccessActionRequest? Action { get; init; }

    /// <summary>On what, where an evaluation does not say.</summary>
    public AccessResourceRequest? Resource { get; init; }

    /// <summary>The questions, 250 at most, answered in their order.</summary>
    [MaxLength(AuthZenEndpoints.MostEvaluations)]
    public IReadOnlyList<EvaluationRequest>? Evaluations { get; init; }

    /// <summary>How to go through them.</summary>
    public EvaluationsOptionsRequest? Options { get; init; }
}

/// <summary>How to go through several questions (section 7.1.2).</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Skip)]
public sealed record EvaluationsOptionsRequest
{
    /// <summary>
    /// <c>execute_all</c>, the default; <c>deny_on_first_deny</c>, which ends with the first no; or
    /// <c>permit_on_first_permit</c>, which ends with the first yes.
    /// </summary>
    [JsonPropertyName("evaluations_semantic")]
    [AllowedValues("execute_all", "deny_on_first_deny", "permit_on_first_permit")]
    public string? EvaluationsSemantic { get; init; }
}

/// <summary>Who may do the action on the resource? (section 8.4)</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Skip)]
public sealed record SubjectSearchRequest : AccessSearchRequest
{
    /// <summary>The type alone. An id is not looked at.</summary>
    [Required]
    public AccessTypeRequest? Subject { get; init; }

    /// <summary>What.</summary>
    [Required]
    public AccessActionRequest? Action { get; init; }

    /// <summary>On what.</summary>
    [Required]
    public AccessResourceRequest? Resource { get; init; }
}

/// <summary>On which resources may the subject do the action? (section 8.5)</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Skip)]
public sealed record ResourceSearchRequest : AccessSearchRequest
{
    /// <summary>Who.</summary>
    [Required]
    public AccessSubjectRequest? Subject { get; init; }

    /// <summary>What.</summary>
    [Required]
    public AccessActionRequest? Action { get; init; }

    /// <summary>The type alone. An id is not looked at.</summary>
    [Required]
    public AccessTypeRequest? Resource { get; init; }
}

/// <summary>What may the subject do on the resource? (section 8.6)</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Skip)]
public sealed record ActionSearchRequest : AccessSearchRequest
{
    /// <summary>Who.</summary>
    [Required]
    public AccessSubjectRequest? Subject { get; init; }

    /// <summary>On what.</summary>
    [Required]
    public AccessResourceRequest? Resource { get; init; }
}

/// <summary>A person or a service (section 5.1).</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Skip)]
public sealed record AccessSubjectRequest : AccessPropertiesRequest
{
    /// <summary><c>user</c> or <c>person</c>, which are the same, or <c>service</c>.</summary>
    [Required]
    public string? Type { get; init; }

    /// <summary>Keycloak's id of the account: <c>sub</c> of its tokens.</summary>
    [Required]
    public string? Id { get; init; }
}

/// <summary>What is to be done (section 5.3).</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Skip)]
public sealed record AccessActionRequest : AccessPropertiesRequest
{
    /// <summary>An action of the model: <c>view</c>, <c>add</c>, <c>change</c>, <c>delete</c>, or one of its own.</summary>
    [Required]
    public string? Name { get; init; }
}

/// <summary>A model, or one of its rows (section 5.2).</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Skip)]
public sealed record AccessResourceRequest : AccessPropertiesRequest
{
    /// <summary>The model's name in permissions: <c>book</c>.</summary>
    [Required]
    public string? Type { get; init; }

    /// <summary>The row's id, or <c>*</c> for the model itself. For <c>add</c>, no row is looked for.</summary>
    [Required]
    public string? Id { get; init; }
}

/// <summary>What is searched for.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Skip)]
public sealed record AccessTypeRequest : AccessPropertiesRequest
{
    /// <summary>As in an evaluation.</summary>
    [Required]
    public string? Type { get; init; }
}

/// <summary>Which page of a search (section 8.2.1).</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Skip)]
public sealed record SearchPageRequest : AccessPropertiesRequest
{
    /// <summary>The <c>next_token</c> of the page before. Everything else must be as it was there.</summary>
    public string? Token { get; init; }

    /// <summary>How many results at most: 100 if not given, and never more than 200.</summary>
    [Range(0, long.MaxValue)]
    public long? Limit { get; init; }
}
