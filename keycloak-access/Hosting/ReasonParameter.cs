using KeycloakAccess.Texts;
using Microsoft.OpenApi;

namespace KeycloakAccess.Hosting;

internal static class ReasonParameter
{
    public const int Longest = 500;

    private const string Name = "reason";

    public static RouteHandlerBuilder AcceptsReason(this RouteHandlerBuilder builder) => builder
        .AcceptsQuery(Name)
        .AddEndpointFilter(async (context, next) => Read(context.HttpContext.Request) is { } reason && MistakeOf(reason) is { } mistake
            ? QueryParameters.Mistake(Name, mistake)
            : await next(context))
        .AddOpenApiOperationTransformer((operation, _, _) =>
        {
            operation.Parameters = [.. operation.Parameters ?? [], new OpenApiParameter
            {
                Name = Name,
                In = ParameterLocation.Query,
                Description = "Why, in your own words. The audit log keeps it.",
                Schema = new OpenApiSchema { Type = JsonSchemaType.String, MaxLength = Longest * PlainText.MostInOne },
            }];
            return Task.CompletedTask;
        });

    public static string? MistakeOf(string reason) => PlainText.Mistake(reason, Longest) is { } mistake ? $"The reason {mistake}" : null;

    public static string? Read(HttpRequest request) => request.Query[Name] is [{ } reason, ..] ? reason.Trim() : null;
}
