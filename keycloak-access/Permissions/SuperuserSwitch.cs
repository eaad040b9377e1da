using KeycloakAccess.Hosting;
using Microsoft.OpenApi;

namespace KeycloakAccess.Permissions;

/// <summary>Says of a change that nobody need be left who may do everything: in the API a query parameter, on pages a check box.</summary>
internal static class SuperuserSwitch
{
    public const string Name = "allowNoSuperuser";

    public static RouteHandlerBuilder AcceptsSuperuserSwitch(this RouteHandlerBuilder builder) => builder
        .AcceptsQuery(Name)
        .ProducesProblem(StatusCodes.Status409Conflict)
        .AddEndpointFilter(async (context, next) => context.HttpContext.Request.Query[Name] is [not ("true" or "false"), ..]
            ? QueryParameters.Mistake(Name, $"{Name} must be true or false.")
            : await next(context))
        .AddOpenApiOperationTransformer((operation, _, _) =>
        {
            operation.Parameters = [.. operation.Parameters ?? [], new OpenApiParameter
            {
                Name = Name,
                In = ParameterLocation.Query,
                Description = "Do it although nobody who is known here would be left who holds everything (*:*).",
                Schema = new OpenApiSchema { Type = JsonSchemaType.Boolean },
            }];
            return Task.CompletedTask;
        });

    public static bool Read(HttpRequest request) => request.Query[Name] is ["true"];
}
