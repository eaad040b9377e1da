using Microsoft.OpenApi;

namespace KeycloakAccess.Hosting;

internal static class ReasonParameter
{
    public const int Longest = 500;

    private const string Name = "reason";

    public static readonly string TooLong = $"A reason has at most {Longest} characters.";

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

    public static string? Read(HttpRequest request) => request.Query[Name] is [{ } reason, ..] ? reason.Trim() : null;
}
