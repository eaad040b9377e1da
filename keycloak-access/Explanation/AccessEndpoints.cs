using KeycloakAccess.Hosting;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Explanation;

/// <summary>
/// Questions about who may do what. Whoever holds <c>access:view</c> may ask about everybody, and learns with the answers
/// which rows somebody gets to see; anybody may ask about themselves.
/// </summary>
internal static class AccessEndpoints
{
    public static void AddAccess(this IServiceCollection services) =>
        services.AddModel("access", "Access", AccessPermissions.View);

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

    /// <returns>The refusal, if a question is about somebody else and the caller may not ask that.</returns>
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
        AccessQuestions questions,
        Caller caller,
        PermissionCatalogue catalogue,
        HttpContext context,
        string? subject,
        string permission,
        string? row,
        CancellationToken cancellationToken)
    {
        // A person has typed this: what does not exist is a slip, not a question that is answered with no.
        if (catalogue.Mistake(permission, wildcards: false) is { } mistake)
        {
            return QueryParameters.Mistake("permission", mistake);
        }

        _ = Permission.TryParse(permission, out var asked);
        var question = new AccessQuestion(subject ?? caller.Identity.Subject, asked, row ?? AccessQuestion.WholeModel);
        return Refuse(context, caller, question)
            ?? EvaluationJson.Answer(EvaluationResponse.FromAnswer(await questions.EvaluateAsync(question, cancellationToken)));
    }
}
