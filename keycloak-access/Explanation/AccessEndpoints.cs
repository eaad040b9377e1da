using KeycloakAccess.Hosting;
using KeycloakAccess.Permissions;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.OpenApi;

namespace KeycloakAccess.Explanation;

/// <summary>Callers may ask about themselves, and with access:view about everybody: answers show which rows somebody may see.</summary>
internal static class AccessEndpoints
{
    public static void AddAccess(this IServiceCollection services)
    {
        services.AddModel("access", "Access", AccessPermissions.View);
        services.ConfigureAll<OpenApiOptions>(options => options.AddSchemaTransformer(EvaluationJson.DescribeAsync));
    }

    public static void MapAccess(this IEndpointRouteBuilder routes) => routes.MapGet("/access/explain", ExplainAsync)
        .WithTags("Access")
        .WithName("ExplainAccess")
        .WithSummary("Explain why somebody may do something, or may not: yourself, or with access:view anybody.")
        .WithDescription(
            "`subject` is Keycloak's id of an account, yours if left out; `permission` is written `model:action`; `row` is a row's id. " +
            "The answer is that of `POST /access/v1/evaluation`.")
        .AcceptsQuery("subject", "permission", "row")
        .Produces<EvaluationResponse>()
        .ProducesValidationProblem()
        .RequireEnabledAccount();

    public static IResult? Refuse(HttpContext context, Caller caller, params IEnumerable<AccessQuestion> questions)
    {
        if (questions.All(question => string.Equals(question.Subject, caller.Identity.Subject, StringComparison.Ordinal)))
        {
            return null;
        }

        var decision = caller.Decide(AccessPermissions.View);
        return decision.IsAllowed ? null : Refusals.Answer(context, caller, decision);
    }

    private static async Task<IResult> ExplainAsync(
        [AsParameters] ExplainQuery query,
        AccessQuestions questions,
        Caller caller,
        PermissionCatalogue catalogue,
        HttpContext context,
        CancellationToken cancellationToken)
    {
        // Unlike in the AuthZEN API, an unknown permission is a mistake: it was probably mistyped.
        if (catalogue.Mistake(query.Permission, wildcards: false) is { } mistake)
        {
            return QueryParameters.Mistake("permission", mistake);
        }

        _ = Permission.TryParse(query.Permission, out var permission);
        var question = new AccessQuestion(
            query.Subject ?? caller.Identity.Subject, permission, query.Row ?? AccessQuestion.WholeModel);
        return Refuse(context, caller, question)
            ?? EvaluationJson.Answer(EvaluationResponse.FromAnswer(await questions.EvaluateAsync(question, cancellationToken)));
    }

    private sealed record ExplainQuery
    {
        [FromQuery(Name = "subject")]
        public string? Subject { get; init; }

        [FromQuery(Name = "permission")]
        public required string Permission { get; init; }

        [FromQuery(Name = "row")]
        public string? Row { get; init; }
    }
}
