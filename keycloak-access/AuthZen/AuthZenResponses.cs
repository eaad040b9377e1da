using System.Text.Json.Serialization;
using KeycloakAccess.Explanation;

namespace KeycloakAccess.AuthZen;

/// <summary>The decisions, in the order of the questions (section 7.2).</summary>
/// <param name="Evaluations">One for each question, up to the one that ended it.</param>
public sealed record EvaluationsResponse(IReadOnlyList<EvaluationResponse> Evaluations);

/// <summary>Those who may (section 8.3).</summary>
/// <param name="Page">Where it goes on.</param>
/// <param name="Results">The subjects, of the type that was asked for.</param>
public sealed record SubjectSearchResponse(SearchPageResponse Page, IReadOnlyList<FoundSubjectResponse> Results);

/// <summary>The resources on which the subject may.</summary>
/// <param name="Page">Where it goes on.</param>
/// <param name="Results">The resources, of the type that was asked for.</param>
public sealed record ResourceSearchResponse(SearchPageResponse Page, IReadOnlyList<FoundResourceResponse> Results);

/// <summary>What the subject may.</summary>
/// <param name="Page">Where it goes on.</param>
/// <param name="Results">The actions.</param>
public sealed record ActionSearchResponse(SearchPageResponse Page, IReadOnlyList<FoundActionResponse> Results);

/// <summary>Where a search goes on (section 8.2.2).</summary>
/// <param name="NextToken">The <c>token</c> of the next page; empty on the last one.</param>
/// <param name="Count">How many results this page has. A page may have none and not be the last.</param>
public sealed record SearchPageResponse([property: JsonPropertyName("next_token")] string NextToken, int Count);

/// <summary>A subject that was found.</summary>
/// <param name="Type">The type that was asked for.</param>
/// <param name="Id">Keycloak's id of the account.</param>
/// <param name="Properties">What it is called here.</param>
public sealed record FoundSubjectResponse(string Type, string Id, FoundSubjectPropertiesResponse Properties);

/// <summary>What a subject is called here.</summary>
/// <param name="AccountId">The local account.</param>
/// <param name="Username">The name to sign in with, or the client id of a service.</param>
public sealed record FoundSubjectPropertiesResponse(Guid AccountId, string Username);

/// <summary>A resource that was found.</summary>
/// <param name="Type">The type that was asked for.</param>
/// <param name="Id">The row's id; <c>*</c> where the model has no rows, or the action is about none.</param>
public sealed record FoundResourceResponse(string Type, string Id);

/// <summary>An action that was found.</summary>
/// <param name="Name">Its name.</param>
public sealed record FoundActionResponse(string Name);

/// <summary>Where the questions are asked (section 9.1).</summary>
/// <param name="PolicyDecisionPoint">The base URL of this service.</param>
/// <param name="AccessEvaluationEndpoint">One question.</param>
/// <param name="AccessEvaluationsEndpoint">Several questions.</param>
/// <param name="SearchSubjectEndpoint">Who may?</param>
/// <param name="SearchResourceEndpoint">On what?</param>
/// <param name="SearchActionEndpoint">What?</param>
public sealed record AuthZenConfigurationResponse(
    [property: JsonPropertyName("policy_decision_point")] string PolicyDecisionPoint,
    [property: JsonPropertyName("access_evaluation_endpoint")] string AccessEvaluationEndpoint,
    [property: JsonPropertyName("access_evaluations_endpoint")] string AccessEvaluationsEndpoint,
    [property: JsonPropertyName("search_subject_endpoint")] string SearchSubjectEndpoint,
    [property: JsonPropertyName("search_resource_endpoint")] string SearchResourceEndpoint,
    [property: JsonPropertyName("search_action_endpoint")] string SearchActionEndpoint);
