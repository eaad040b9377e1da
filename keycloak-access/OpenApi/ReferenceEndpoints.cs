using System.ComponentModel.DataAnnotations;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using KeycloakAccess.Authentication;
using KeycloakAccess.Hosting;
using KeycloakAccess.Permissions;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.Extensions.Options;
using Microsoft.OpenApi;
using Scalar.AspNetCore;

namespace KeycloakAccess.OpenApi;

internal static class ReferenceEndpoints
{
    public const string PagePath = "/reference";
    public const string DocumentPath = "/openapi/v1.json";

    private const string Scheme = "Keycloak";

    public static void AddReference(this IServiceCollection services)
    {
        services.AddSettings<ReferenceOptions>(ReferenceOptions.Section)
            .PostConfigure<IHostEnvironment>((options, environment) => options.Enabled ??= environment.IsDevelopment());
        services.AddOpenApi(options =>
        {
            options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
            options.AddSchemaTransformer(DescribeTextAsync);
            options.AddDocumentTransformer(DescribeDocumentAsync);
            options.AddOperationTransformer(DescribeAccessAsync);
            options.AddOperationTransformer(OperationDescription.DescribeAsync);
        });
    }

    public static void MapReference(this WebApplication app)
    {
        var reference = app.Services.GetRequiredService<IOptions<ReferenceOptions>>().Value;
        if (reference.Enabled is not true)
        {
            return;
        }

        var keycloak = app.Services.GetRequiredService<IOptions<KeycloakOptions>>().Value;
        app.MapOpenApi().AllowAnonymous();
        app.MapScalarApiReference(PagePath, (options, context) => options
            .WithTitle("API reference")
            .WithOpenApiRoutePattern(DocumentPath)
            .WithNonce(WritePolicy(context, keycloak))
            .DisableDefaultFonts()
            .DisableAgent()
            .HideClientButton()
            .HideDeveloperTools()
            .AddPreferredSecuritySchemes(Scheme)
            .AddAuthorizationCodeFlow(Scheme, flow =>
            {
                flow.ClientId = reference.Client;
                flow.Pkce = Pkce.Sha256;
                // With the slash: a redirect would lose the code.
                flow.RedirectUri = $"{context.Request.Scheme}://{context.Request.Host}{context.Request.PathBase}{PagePath}/";
                flow.SelectedScopes = ["openid"];
            }))
            .AllowAnonymous();
    }

    // This page alone needs an inline script (by nonce), inline styles and the realm's token endpoint.
    private static string WritePolicy(HttpContext context, KeycloakOptions keycloak)
    {
        var nonce = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        var realm = new Uri(keycloak.AuthServerUrl).GetLeftPart(UriPartial.Authority);
        context.Response.Headers.ContentSecurityPolicy =
            $"default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; " +
            $"font-src 'self' data:; connect-src 'self' {realm}; worker-src blob:; " +
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
        // The window of the sign-in reports back to this one.
        context.Response.Headers["Cross-Origin-Opener-Policy"] = "unsafe-none";
        return nonce;
    }

    private static Task DescribeDocumentAsync(
        OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellationToken)
    {
        var keycloak = context.ApplicationServices.GetRequiredService<IOptions<KeycloakOptions>>().Value;
        var catalogue = context.ApplicationServices.GetRequiredService<PermissionCatalogue>();
        var endpoint = keycloak.Issuer + "/protocol/openid-connect/";
        var scopes = catalogue.Models.OrderBy(model => model.Plural, StringComparer.Ordinal).SelectMany(model => new[]
        {
            KeyValuePair.Create(model.ReadScope, $"{model.Title}: look at them, and nothing else"),
            KeyValuePair.Create(model.WriteScope, $"{model.Title}: add, change and delete them, and nothing else"),
        }).ToDictionary(StringComparer.Ordinal);

        document.Info = new OpenApiInfo
        {
            Title = "API behind Keycloak",
            Version = "v1",
            Description = "Call it with an access token of the realm. Services get one by client credentials. " +
                "Groups decide what the caller may do; scopes of the token narrow it. GET /api/me says both.",
        };
        document.Components ??= new OpenApiComponents();
        // What the framework makes of endpoints that say they answer problem details; each refers to the schema of ours instead.
        document.Components.Schemas?.Remove("ProblemDetails");
        document.Components.Schemas?.Remove("HttpValidationProblemDetails");
        if (document.Components.Schemas?.TryGetValue(nameof(JsonElement), out var any) is true && any is OpenApiSchema passedOn)
        {
            // What is passed on as it is has members everywhere here. A schema that allows anything would allow null twice.
            passedOn.Type = JsonSchemaType.Object;
        }

        document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>(StringComparer.Ordinal)
        {
            [Scheme] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.OAuth2,
                Description = $"Access tokens of {keycloak.Issuer} with the audience {keycloak.RequiredAudience}.",
                Flows = new OpenApiOAuthFlows
                {
                    ClientCredentials = new OpenApiOAuthFlow { TokenUrl = new Uri(endpoint + "token"), Scopes = scopes },
                    AuthorizationCode = new OpenApiOAuthFlow
                    {
                        AuthorizationUrl = new Uri(endpoint + "auth"),
                        TokenUrl = new Uri(endpoint + "token"),
                        RefreshUrl = new Uri(endpoint + "token"),
                        Scopes = new Dictionary<string, string>(scopes, StringComparer.Ordinal) { ["openid"] = "Sign in" },
                    },
                },
            },
        };
        return Task.CompletedTask;
    }

    // The converter of the JSON options hides from the framework that texts are texts.
    private static Task DescribeTextAsync(
        OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken cancellationToken)
    {
        if (context.JsonPropertyInfo?.AttributeProvider?.GetCustomAttributes(typeof(AllowedValuesAttribute), inherit: true)
            is [AllowedValuesAttribute { Values: var values }])
        {
            schema.Enum = [.. values.Select(value => JsonValue.Create((string)value!))];
        }

        if (context.JsonPropertyInfo?.AttributeProvider?.IsDefined(typeof(UrlAttribute), inherit: true) is true)
        {
            // The attribute looks at how the text begins, in either case, and at no more.
            schema.Pattern = "^([Hh][Tt][Tt][Pp][Ss]?|[Ff][Tt][Pp])://";
        }

        if (context.JsonTypeInfo.Type == typeof(string))
        {
            schema.Type ??= context.JsonPropertyInfo is { IsGetNullable: true }
                ? JsonSchemaType.String | JsonSchemaType.Null
                : JsonSchemaType.String;
        }
        else if (context.JsonTypeInfo.ElementType == typeof(string) && schema.Type?.HasFlag(JsonSchemaType.Array) is true)
        {
            schema.Items ??= new OpenApiSchema { Type = JsonSchemaType.String };
        }

        if (context.JsonPropertyInfo?.AttributeProvider?.IsDefined(typeof(RequiredAttribute), inherit: true) is true)
        {
            // Null is as good as missing.
            schema.Type &= ~JsonSchemaType.Null;
        }

        return Task.CompletedTask;
    }

    private static Task DescribeAccessAsync(
        OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        var requirements = context.Description.ActionDescriptor.EndpointMetadata.OfType<PermissionRequirement>().ToArray();
        if (requirements.Length == 0)
        {
            return Task.CompletedTask;
        }

        operation.Security =
        [
            new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(Scheme, context.Document)] = [] },
        ];
        var catalogue = context.ApplicationServices.GetRequiredService<PermissionCatalogue>();
        foreach (var permission in requirements.Select(requirement => requirement.Permission).OfType<Permission>())
        {
            var scopes = DescribeScopes(context, permission, catalogue);
            operation.Description = $"{operation.Description} Needs the permission `{permission}`; {scopes}.".Trim();
        }

        return Task.CompletedTask;
    }

    private static string DescribeScopes(OpenApiOperationTransformerContext context, Permission permission, PermissionCatalogue catalogue)
    {
        var rule = context.Description.ActionDescriptor.EndpointMetadata.OfType<ScopeRule>().LastOrDefault();
        var alternatives = rule?.Alternatives is { Count: > 0 } stated ? stated : catalogue.ScopesFor(permission);
        var who = rule is not null || catalogue.RequiresScopes(permission.Model) ? "a token" : "a token with scopes of this API";
        return $"{who} needs {string.Join(" or ", alternatives.Select(set => $"`{string.Join(' ', set)}`"))}";
    }
}
