using System.Reflection;
using KeycloakAccess.Authentication.StepUp;
using KeycloakAccess.Hosting;
using KeycloakAccess.Permissions;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace KeycloakAccess.OpenApi;

/// <summary>Every status that an operation may answer with, with its headers, by what its endpoint says of itself.</summary>
internal static class OperationDescription
{
    private const string ProblemSchema = "Problem";
    private const string Tags = """^([*]|(W/)?"[^"]*"( *, *(W/)?"[^"]*")*)$""";

    public static Task DescribeAsync(
        OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        context.Document!.AddComponent<IOpenApiSchema>(ProblemSchema, DescribeProblem());
        var responses = operation.Responses ??= [];
        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        var method = context.Description.HttpMethod!;
        var reads = HttpMethods.IsGet(method);
        var changes = !reads && !metadata.OfType<ChangesNothing>().Any();
        var hasTag = metadata.OfType<AnswersETag>().Any();
        var versions = metadata.OfType<ComparesVersions>().LastOrDefault();
        var comparesConditions = metadata.OfType<AnswersConditions>().Any();

        AddProblem("400", "The request is malformed, or a value is not as it must be: errors says which");
        if (metadata.OfType<PermissionRequirement>().Any())
        {
            var stepUp = context.ApplicationServices.GetRequiredService<StepUpCheck>().RuleOf(new EndpointMetadataCollection(metadata));
            AddProblem(
                "401",
                "No token, or one that is not accepted" + (stepUp is null ? "" : $"; or {DescribeStepUp(stepUp)}"),
                ("WWW-Authenticate", Text("What is wrong with the token (RFC 6750), or with the sign-in that it comes from (RFC 9470).")));
            AddProblem(
                "403",
                "The permission or the scope is missing",
                ("WWW-Authenticate", Text("The scope that is missing, where one is (RFC 6750, section 3.1).")));
            AddProblem("429", "Too many requests were refused", ("Retry-After", Seconds()));
        }

        if (context.Description.RelativePath?.Contains('{', StringComparison.Ordinal) is true)
        {
            AddProblem("404", "There is no such row, or none that the caller may see");
        }

        if (comparesConditions)
        {
            AddProblem("412", "A condition of the request does not hold: If-Match or If-None-Match");
        }

        AddProblem("503", "The realm or the database cannot be reached", ("Retry-After", Seconds()));
        if (reads && comparesConditions)
        {
            responses["304"] = new OpenApiResponse { Description = "If-None-Match holds the ETag of what is there" };
            AddParameter("If-None-Match", "ETags that the caller has, or *.", isRequired: false, Tags);
        }
        else if (!reads)
        {
            AddProblem(
                "415",
                "The body is no JSON in UTF-8, or is sent in a content coding",
                ("Accept-Encoding", Text("The content coding that is taken, where it is at fault.")));
            AddParameter(
                "If-Match", "The ETag of what was read, or * for whatever is there.", isRequired: versions?.IsRequired is true, Tags);
            AddParameter("If-None-Match", "* to add only: 412 where it is there already.", isRequired: false, Tags);
        }

        // Under an Idempotency-Key, a body counts where none is asked for too.
        if (operation.RequestBody is not null || (changes && HttpMethods.IsPost(method)))
        {
            AddProblem("413", "The body is too large");
        }

        if (changes)
        {
            AddProblem("409", "A name is taken, or somebody else's change came first");
        }

        if (changes && HttpMethods.IsPost(method))
        {
            AddProblem("422", "The Idempotency-Key came with another request before");
            (operation.Parameters ??= []).Add(new OpenApiParameter
            {
                Name = Idempotency.Header,
                In = ParameterLocation.Header,
                Description = "A text of the caller's own, in quotation marks: sent again under it within a day, the request is answered "
                    + "as before and done once (draft-ietf-httpapi-idempotency-key-header).",
                Schema = new OpenApiSchema { Type = JsonSchemaType.String, MinLength = 3, MaxLength = Idempotency.LongestKey + 2 },
            });
        }

        if (versions?.IsRequired is true)
        {
            AddProblem("428", "If-Match is missing");
        }

        AddProblem("431", "The headers are too large: the token, or the cookies");
        AddProblem("500", "A fault of the service, which its log names by the requestId");
        AddProblem("default", "Any other refusal");
        foreach (var status in (ReadOnlySpan<string>)["200", "201", "304"])
        {
            if (responses.TryGetValue(status, out var response) && hasTag)
            {
                AddHeaders((OpenApiResponse)response, ("ETag", Text("The version, for If-Match and If-None-Match.")));
            }
        }

        if (responses.TryGetValue("201", out var created))
        {
            AddHeaders((OpenApiResponse)created, ("Location", Text("Where the new row is.", "uri-reference")));
        }

        return Task.CompletedTask;

        void AddProblem(string status, string description, params ReadOnlySpan<(string Name, OpenApiHeader Header)> headers)
        {
            var response = new OpenApiResponse
            {
                Description = description,
                Content = new Dictionary<string, OpenApiMediaType>(StringComparer.Ordinal)
                {
                    ["application/problem+json"] = new() { Schema = new OpenApiSchemaReference(ProblemSchema, context.Document) },
                },
            };
            AddHeaders(response, headers);
            responses[status] = response;
        }

        void AddParameter(string name, string description, bool isRequired, string pattern) =>
            (operation.Parameters ??= []).Add(new OpenApiParameter
            {
                Name = name,
                In = ParameterLocation.Header,
                Required = isRequired,
                Description = description,
                Schema = new OpenApiSchema { Type = JsonSchemaType.String, Pattern = pattern },
            });
    }

    private static string DescribeStepUp(StepUpRule rule)
    {
        string?[] parts =
        [
            rule.AcrValues is null ? null : $"that is not of the level {string.Join(" or ", rule.Acr)} (acr)",
            rule.MaxAgeSeconds is { } seconds ? $"that is longer ago than {seconds} seconds (auth_time)" : null,
        ];
        return $"one from a sign-in {string.Join(", or ", parts.OfType<string>())}";
    }

    private static void AddHeaders(OpenApiResponse response, params ReadOnlySpan<(string Name, OpenApiHeader Header)> headers)
    {
        foreach (var (name, header) in headers)
        {
            (response.Headers ??= new Dictionary<string, IOpenApiHeader>(StringComparer.Ordinal))[name] = header;
        }
    }

    private static OpenApiHeader Text(string description, string? format = null) => new()
    {
        Description = description,
        Schema = new OpenApiSchema { Type = JsonSchemaType.String, Format = format },
    };

    private static OpenApiHeader Seconds() => new()
    {
        Description = "After how many seconds to try again.",
        Schema = new OpenApiSchema { Type = JsonSchemaType.Integer, Format = "int32", Minimum = "0" },
    };

    // RFC 9457, with the members that are ours.
    private static OpenApiSchema DescribeProblem() => new()
    {
        Type = JsonSchemaType.Object,
        Description = "Problem details (RFC 9457).",
        AdditionalPropertiesAllowed = false,
        Required = new HashSet<string>(StringComparer.Ordinal) { "type", "title", "status", "detail", "code", "requestId", "traceId" },
        Properties = new Dictionary<string, IOpenApiSchema>(StringComparer.Ordinal)
        {
            ["type"] = Member(JsonSchemaType.String, "What the status means; the code says more.", "uri-reference"),
            ["title"] = Member(JsonSchemaType.String, "The status in words."),
            ["status"] = new OpenApiSchema
            {
                Type = JsonSchemaType.Integer,
                Format = "int32",
                Minimum = "400",
                Maximum = "599",
                Description = "The status of the answer.",
            },
            ["detail"] = Member(JsonSchemaType.String, "What is wrong, and the remedy."),
            ["instance"] = Member(JsonSchemaType.String, "Not used.", "uri-reference"),
            ["code"] = new OpenApiSchema
            {
                Type = JsonSchemaType.String,
                Description = "What is wrong, for programs.",
                Enum = [.. typeof(ProblemCode).GetFields(BindingFlags.Public | BindingFlags.Static)
                    .Select(field => (string)field.GetRawConstantValue()!).Order(StringComparer.Ordinal)],
            },
            ["requestId"] = Member(JsonSchemaType.String, "The id of the request in the log of the service."),
            ["traceId"] = Member(JsonSchemaType.String, "The id of the trace (W3C Trace Context)."),
            ["errors"] = new OpenApiSchema
            {
                Type = JsonSchemaType.Object,
                Description = "What is wrong by its place: a field, a query parameter, a header, or body, path or method.",
                AdditionalProperties = Texts("The mistakes there."),
            },
            ["missingPermission"] = Member(JsonSchemaType.String, "The permission that no group grants."),
            ["deniedPermission"] = Member(JsonSchemaType.String, "The permission that a group denies."),
            ["signIn"] = Member(JsonSchemaType.String, "In a session, where the browser signs in as it is needed.", "uri-reference"),
            ["missingScope"] = Member(JsonSchemaType.String, "The scope that the token lacks."),
            ["explanation"] = Member(JsonSchemaType.String, "Where the refusal is explained.", "uri-reference"),
            ["missingPermissions"] = Texts("What the group would grant and the caller does not hold."),
            ["dependants"] = new OpenApiSchema
            {
                Type = JsonSchemaType.Object,
                Description = "How many rows of which models refer to it.",
                AdditionalProperties = new OpenApiSchema { Type = JsonSchemaType.Integer, Format = "int64" },
            },
        },
    };

    private static OpenApiSchema Member(JsonSchemaType type, string description, string? format = null) =>
        new() { Type = type, Description = description, Format = format };

    private static OpenApiSchema Texts(string description) => new()
    {
        Type = JsonSchemaType.Array,
        Description = description,
        Items = new OpenApiSchema { Type = JsonSchemaType.String },
    };
}
