using System.Text.Json;
using KeycloakAccess.Explanation;
using KeycloakAccess.Hosting;
using KeycloakAccess.Permissions;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.Net.Http.Headers;
using Microsoft.OpenApi;

namespace KeycloakAccess.AuthZen;

/// <summary>OpenID AuthZEN Authorization API 1.0. A question's properties are ignored: accounts, groups and rows here decide.</summary>
internal static class AuthZenEndpoints
{
    public const int MostEvaluations = 250;

    private const string ConfigurationPath = "/.well-known/authzen-configuration";
    private const string Prefix = "/access/v1";
    private const string EvaluationPath = "/evaluation";
    private const string EvaluationsPath = "/evaluations";
    private const string SubjectsPath = "/search/subject";
    private const string ResourcesPath = "/search/resource";
    private const string ActionsPath = "/search/action";

    private static readonly string[] Semantics = ["execute_all", "deny_on_first_deny", "permit_on_first_permit"];

    public static RouteGroupBuilder MapAuthZen(this IEndpointRouteBuilder routes)
    {
        routes.MapGet(ConfigurationPath, Configuration)
            .WithTags("AuthZEN")
            .WithName("GetAuthZenConfiguration")
            .WithSummary("Say where the questions of the AuthZEN Authorization API are asked.")
            .Produces<AuthZenConfigurationResponse>()
            .AllowAnonymous();

        var group = routes.MapGroup(Prefix).WithTags("AuthZEN").ChangesNothing().RequireEnabledAccount();

        group.MapPost(EvaluationPath, EvaluateAsync)
            .WithName("Evaluate")
            .WithSummary("May the subject do the action on the resource? Yourself, or with access:view anybody.")
            .Produces<EvaluationResponse>()
            .Takes<EvaluationRequest>(AuthZenExamples.Evaluation);
        group.MapPost(EvaluationsPath, EvaluateAllAsync)
            .WithName("EvaluateAll")
            .WithSummary("Ask several questions at once.")
            .WithDescription($"At most {MostEvaluations}. Without `evaluations`, it is one question, and is answered like one.")
            .Produces<EvaluationsResponse>()
            .AddOpenApiOperationTransformer(DescribeEitherAsync)
            .Takes<EvaluationsRequest>(AuthZenExamples.Evaluations);
        group.MapPost(SubjectsPath, SearchSubjectsAsync)
            .WithName("SearchSubjects")
            .WithSummary("Who may do the action on the resource? Needs access:view.")
            .Produces<SubjectSearchResponse>()
            .Takes<SubjectSearchRequest>(AuthZenExamples.SubjectSearch);
        group.MapPost(ResourcesPath, SearchResourcesAsync)
            .WithName("SearchResources")
            .WithSummary("On which resources may the subject do the action? Yourself, or with access:view anybody.")
            .Produces<ResourceSearchResponse>()
            .Takes<ResourceSearchRequest>(AuthZenExamples.ResourceSearch);
        group.MapPost(ActionsPath, SearchActionsAsync)
            .WithName("SearchActions")
            .WithSummary("What may the subject do on the resource? Yourself, or with access:view anybody.")
            .Produces<ActionSearchResponse>()
            .Takes<ActionSearchRequest>(AuthZenExamples.ActionSearch);

        return group;
    }

    // Without evaluations, it is one question.
    private static Task DescribeEitherAsync(
        OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        operation.Responses!["200"].Content!["application/json"].Schema = new OpenApiSchema
        {
            OneOf =
            [
                new OpenApiSchemaReference(nameof(EvaluationsResponse), context.Document),
                new OpenApiSchemaReference(nameof(EvaluationResponse), context.Document),
            ],
        };
        return Task.CompletedTask;
    }

    private static IResult Configuration(HttpRequest request)
    {
        // Clients compare it with the address that they asked (section 9.2.3).
        var url = $"{request.Scheme}://{request.Host}{request.PathBase}";
        request.HttpContext.Response.Headers[HeaderNames.CacheControl] = "public, max-age=3600";
        return EvaluationJson.Answer(new AuthZenConfigurationResponse(
            url,
            url + Prefix + EvaluationPath,
            url + Prefix + EvaluationsPath,
            url + Prefix + SubjectsPath,
            url + Prefix + ResourcesPath,
            url + Prefix + ActionsPath));
    }

    private static async Task<IResult> EvaluateAsync(
        AccessQuestions questions, Caller caller, HttpContext context, CancellationToken cancellationToken)
    {
        var (body, refusal) = await AuthZenJson.ReadAsync(context.Request, cancellationToken);
        return refusal ?? await AnswerAsync(body, questions, caller, context, cancellationToken);
    }

    private static async Task<IResult> AnswerAsync(
        JsonElement body, AccessQuestions questions, Caller caller, HttpContext context, CancellationToken cancellationToken)
    {
        var mistakes = new Mistakes();
        return AuthZenJson.Read<EvaluationRequest>(body, mistakes) is not { } request
            || AuthZenReader.Read(request, mistakes) is not { } question
            ? mistakes.Answer()
            : AccessEndpoints.Refuse(context, caller, question)
                ?? EvaluationJson.Answer(EvaluationResponse.FromAnswer(await questions.EvaluateAsync(question, cancellationToken)));
    }

    private static async Task<IResult> EvaluateAllAsync(
        AccessQuestions questions, Caller caller, HttpContext context, CancellationToken cancellationToken)
    {
        var (body, refusal) = await AuthZenJson.ReadAsync(context.Request, cancellationToken);
        if (refusal is not null)
        {
            return refusal;
        }

        var mistakes = new Mistakes();
        var semantic = ReadSemantic(body, mistakes);
        var evaluations = AuthZenJson.Member(body, "evaluations");
        if (evaluations.ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Null or JsonValueKind.Array))
        {
            mistakes.Add("evaluations", "evaluations is not of the type that it must be.");
        }
        else if (evaluations.ValueKind == JsonValueKind.Array && evaluations.GetArrayLength() > MostEvaluations)
        {
            mistakes.Add("evaluations", $"evaluations may hold {MostEvaluations} questions. Send the rest in another request.");
        }

        if (mistakes.Any)
        {
            return mistakes.Answer();
        }

        // Section 7.1: without evaluations, or with none in it, it is one question.
        if (evaluations.ValueKind != JsonValueKind.Array || evaluations.GetArrayLength() == 0)
        {
            return await AnswerAsync(body, questions, caller, context, cancellationToken);
        }

        if (AuthZenJson.Read<EvaluationRequest>(body, mistakes) is not { } defaults || !AuthZenReader.CheckDefaults(defaults, mistakes))
        {
            return mistakes.Answer();
        }

        (AccessQuestion? Question, string? Mistake)[] all =
            [.. evaluations.EnumerateArray().Select(evaluation => ReadOne(evaluation, defaults))];
        return AccessEndpoints.Refuse(context, caller, all.Select(one => one.Question).OfType<AccessQuestion>())
            ?? EvaluationJson.Answer(new EvaluationsResponse(await AnswerAllAsync(all, semantic, questions, cancellationToken)));
    }

    private static async Task<List<EvaluationResponse>> AnswerAllAsync(
        (AccessQuestion? Question, string? Mistake)[] all,
        string semantic,
        AccessQuestions questions,
        CancellationToken cancellationToken)
    {
        var answers = new List<EvaluationResponse>();
        foreach (var (question, mistake) in all)
        {
            var answer = question is null
                ? EvaluationResponse.Invalid(mistake!)
                : EvaluationResponse.FromAnswer(await questions.EvaluateAsync(question, cancellationToken));
            answers.Add(answer);
            if (semantic == (answer.Decision ? "permit_on_first_permit" : "deny_on_first_deny"))
            {
                break;
            }
        }

        return answers;
    }

    // A mistake in one question is the answer to that one, and not to all (section 7.2.1).
    private static (AccessQuestion? Question, string? Mistake) ReadOne(JsonElement element, EvaluationRequest defaults)
    {
        var mistakes = new Mistakes();
        var question = element.ValueKind == JsonValueKind.Object && AuthZenJson.Read<EvaluationRequest>(element, mistakes) is { } one
            ? AuthZenReader.Read(
                new EvaluationRequest
                {
                    Subject = one.Subject ?? defaults.Subject,
                    Action = one.Action ?? defaults.Action,
                    Resource = one.Resource ?? defaults.Resource,
                    Context = one.Context ?? defaults.Context,
                },
                mistakes)
            : null;
        return question is not null ? (question, null) : (null, mistakes.Any ? mistakes.ToString() : "An evaluation must be an object.");
    }

    private static string ReadSemantic(JsonElement body, Mistakes mistakes)
    {
        var options = AuthZenJson.Member(body, "options");
        var semantic = options.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null
            ? null
            : AuthZenJson.Read<EvaluationsOptionsRequest>(options, mistakes, "options")?.EvaluationsSemantic;
        if (semantic is not null && !Semantics.Contains(semantic, StringComparer.Ordinal))
        {
            mistakes.Add("options.evaluations_semantic", $"options.evaluations_semantic must be one of {string.Join(", ", Semantics)}.");
        }

        return semantic ?? Semantics[0];
    }

    private static async Task<IResult> SearchSubjectsAsync(
        AccessQuestions questions, Caller caller, HttpContext context, CancellationToken cancellationToken)
    {
        var (search, refusal) = await ReadSearchAsync<SubjectSearchRequest>(
            SubjectsPath, AuthZenReader.Read, caller, context, cancellationToken);
        if (search is not { } found)
        {
            return refusal!;
        }

        var (question, paging) = found;
        var after = SubjectStore.Keyset.Parse(paging.After);
        if (after is null && paging.After is not null)
        {
            return SearchPaging.Refuse();
        }

        var subjects = await questions.WhoMayAsync(question, paging.Limit, after, cancellationToken);
        var (items, page) = paging.Close(subjects.Items, subjects.Next?.ToString());
        return EvaluationJson.Answer(new SubjectSearchResponse(page, [.. items.Select(answer => new FoundSubjectResponse(
            question.SubjectType!,
            answer.Subject!.Id,
            new FoundSubjectPropertiesResponse(answer.Subject.Subject.AccountId, answer.Subject.Username)))]));
    }

    private static async Task<IResult> SearchResourcesAsync(
        AccessQuestions questions, Caller caller, HttpContext context, CancellationToken cancellationToken)
    {
        var (search, refusal) = await ReadSearchAsync<ResourceSearchRequest>(
            ResourcesPath, AuthZenReader.Read, caller, context, cancellationToken);
        if (search is not { } found)
        {
            return refusal!;
        }

        var (question, paging) = found;
        var rows = await questions.WhichRowsAsync(question, paging.Limit, paging.After, cancellationToken);
        var (items, page) = paging.Close(rows.Items, rows.Next);
        return EvaluationJson.Answer(new ResourceSearchResponse(
            page, [.. items.Select(id => new FoundResourceResponse(question.Permission.Model, id))]));
    }

    private static async Task<IResult> SearchActionsAsync(
        AccessQuestions questions, Caller caller, HttpContext context, CancellationToken cancellationToken)
    {
        var (search, refusal) = await ReadSearchAsync<ActionSearchRequest>(
            ActionsPath, AuthZenReader.Read, caller, context, cancellationToken);
        if (search is not { } found)
        {
            return refusal!;
        }

        var (question, paging) = found;
        var rest = (await questions.WhichActionsAsync(question, cancellationToken))
            .Order(StringComparer.Ordinal)
            .Where(action => paging.After is null || string.CompareOrdinal(action, paging.After) > 0)
            .ToArray();
        var (items, page) = paging.Close<string>(
            [.. rest.Take(paging.Limit)], rest.Length > paging.Limit ? rest[paging.Limit - 1] : null);
        return EvaluationJson.Answer(new ActionSearchResponse(page, [.. items.Select(action => new FoundActionResponse(action))]));
    }

    private static async Task<((AccessQuestion Question, SearchPaging Paging)? Search, IResult? Refusal)> ReadSearchAsync<TRequest>(
        string path,
        Func<TRequest, Mistakes, AccessQuestion?> read,
        Caller caller,
        HttpContext context,
        CancellationToken cancellationToken)
        where TRequest : AccessSearchRequest
    {
        var (body, refusal) = await AuthZenJson.ReadAsync(context.Request, cancellationToken);
        if (refusal is not null)
        {
            return (null, refusal);
        }

        var mistakes = new Mistakes();
        if (AuthZenJson.Read<TRequest>(body, mistakes) is not { } request
            || read(request, mistakes) is not { } question
            || OpenPage(body, request.Page, path, mistakes) is not { } paging)
        {
            return (null, mistakes.Answer());
        }

        return AccessEndpoints.Refuse(context, caller, question) is { } refused ? (null, refused) : ((question, paging), null);
    }

    // The id of what is searched for is not looked at, and so is no part of the query.
    private static SearchPaging? OpenPage(JsonElement body, SearchPageRequest? page, string path, Mistakes mistakes)
    {
        JsonElement Member(string name) => AuthZenJson.Member(body, name);

        var query = path + " " + AuthZenJson.Fingerprint(
            (Member("subject"), path == SubjectsPath ? "id" : null),
            (path == ActionsPath ? default : Member("action"), null),
            (Member("resource"), path == ResourcesPath ? "id" : null),
            (Member("context"), null));
        var properties = page?.Properties is null
            ? null
            : AuthZenJson.Fingerprint((AuthZenJson.Member(Member("page"), "properties"), null));
        return SearchPaging.Open(page, query, properties, mistakes);
    }
}
