using Microsoft.OpenApi;

namespace KeycloakAccess.Hosting;

/// <summary>The query parameter in which every call that changes something may say why: goes into the audit log.</summary>
internal static class ReasonParameter
{
    /// <summary>How long a reason may be, wherever it is given.</summary>
    public const int Longest = 500;

    private const string Name = "reason";

    /// <summary>What is said of a reason that is longer.</summary>
    public static readonly string TooLong = $"A reason has at most {Longest} characters.";

    /// <summary>Takes this one query parameter, and describes it.</summary>
    public static RouteHandlerBuilder AcceptsReason(this RouteHandlerBuilder builder) => builder
        .AcceptsQuery(Name)
        .AddEndpointFilter(async (context, next) => Read(context.HttpContext.Request) is { Length: > Longest }
            ? QueryParameters.Mistake(Name, TooLong)
            : await next(context))
        .AddOpenApiOperationTransformer((operation, _, _) =>
        {
            operation.Parameters = [.. operation.Parameters ?? [], new OpenApiParameter
            {
                Name = Name,
                In = ParameterLocation.Query,
                Description = "Why, in your own words. The audit log keeps it.",
                Schema = new OpenApiSchema { Type = JsonSchemaType.String, MaxLength = Longest },
            }];
            return Task.CompletedTask;
        });

    /// <returns>The reason that a request gives, if it gives one.</returns>
    public static string? Read(HttpRequest request) => request.Query[Name] is [{ } reason, ..] ? reason.Trim() : null;
}
