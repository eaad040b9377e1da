using System.Text.Json;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace KeycloakAccess.Hosting;

/// <summary>Endpoint metadata: an error is problem details, whatever a browser asks for.</summary>
internal sealed record AnswersPrograms;

internal static class HostingSetup
{
    /// <summary>In bytes.</summary>
    private const long LargestBody = 1024 * 1024;

    private static readonly string[] ForPrograms = ["/api", "/access", "/health", "/openapi", "/.well-known"];

    public static void AddHosting(this WebApplicationBuilder builder)
    {
        builder.Services.AddSettings("AllowedHosts", SettingsSection.Value);
        builder.Services.AddSettings(Proxies.Setting, SettingsSection.Value, SettingsSection.List);
        builder.Services.AddSettings(Proxies.PathBaseSetting, SettingsSection.Value);
        builder.WebHost.ConfigureKestrel(options =>
        {
            options.AddServerHeader = false;
            options.Limits.MaxRequestBodySize = LargestBody;
            // Above the limit of RequestChecks, which says what is too large.
            options.Limits.MaxRequestHeadersTotalSize = 2 * RequestChecks.LargestHeaders;
        });
        builder.Services.Configure<FormOptions>(options =>
        {
            // The form of a group has a field for each permission.
            options.ValueCountLimit = 2000;
            options.MultipartBodyLengthLimit = LargestBody;
        });
        // It logs error_description with its line breaks, by which a query string could forge entries. SessionScheme logs it too.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Authentication.OpenIdConnect", LogLevel.None);
        builder.Logging.AddFilter("Microsoft.Extensions.Diagnostics.HealthChecks", LogLevel.None);
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<OutageLog>();
        builder.AddShutdown();
        // Before the framework's own, so that this one is asked first.
        builder.Services.AddSingleton<IProblemDetailsWriter, ProblemWriter>();
        builder.Services.AddProblemDetails(options => options.CustomizeProblemDetails = CompleteProblemDetails);
        // As in Development, so that Production explains a malformed body too.
        builder.Services.Configure<RouteHandlerOptions>(options => options.ThrowOnBadRequest = true);
        builder.Services.ConfigureHttpJsonOptions(options => Json.Configure(options.SerializerOptions));
        builder.Services.AddValidation();
        builder.Services.AddAntiforgery(options =>
        {
            options.Cookie.Name = builder.Environment.IsDevelopment() ? "antiforgery" : "__Host-antiforgery";
            options.Cookie.SecurePolicy = builder.Environment.IsDevelopment()
                ? CookieSecurePolicy.SameAsRequest
                : CookieSecurePolicy.Always;
        });
        builder.Services.AddAllowedHosts();
        builder.Services.AddRateLimits();
        builder.Services.AddHealth();
        builder.AddAssets();
    }

    /// <summary>503 for an outage, 409 for a conflict, 500 for a bug; a page where a browser asks.</summary>
    public static void UseProblems(
        this WebApplication app,
        Func<Exception, bool> isOutage,
        Func<Exception, bool> isConflict,
        Func<HttpContext, Exception?, string> explainOutage,
        Func<HttpContext, int, string?, IResult> page)
    {
        var outages = app.Services.GetRequiredService<OutageLog>();

        int Status(Exception exception) => exception switch
        {
            BadHttpRequestException bad => bad.StatusCode,
            OperationCanceledException => StatusCodes.Status499ClientClosedRequest,
            _ when isConflict(exception) => StatusCodes.Status409Conflict,
            _ when isOutage(exception) => StatusCodes.Status503ServiceUnavailable,
            _ => StatusCodes.Status500InternalServerError,
        };

        app.UseExceptionHandler(new ExceptionHandlerOptions
        {
            StatusCodeSelector = Status,
            ExceptionHandler = WriteAsync,
            // Neither mistakes of callers nor outages may fill the log.
            SuppressDiagnosticsCallback = context => Status(context.Exception)
                is < StatusCodes.Status500InternalServerError or StatusCodes.Status503ServiceUnavailable,
        });
        app.UseStatusCodePages(context => WriteAsync(context.HttpContext));

        Task WriteAsync(HttpContext context)
        {
            string? detail = null;
            if (context.Response.StatusCode == StatusCodes.Status503ServiceUnavailable)
            {
                var error = context.Features.Get<IExceptionHandlerFeature>()?.Error;
                detail = explainOutage(context, error);
                outages.Add(error?.Message ?? "something was not available");
                context.Response.Headers.RetryAfter = "5";
            }

            return WantsPage(context)
                ? page(context, context.Response.StatusCode, detail).ExecuteAsync(context)
                : WriteProblemAsync(context, detail);
        }
    }

    // Endpoints that take tokens, and addresses below which there are no others, answer programs.
    private static bool WantsPage(HttpContext context)
    {
        var request = context.Request;
        var endpoint = context.Features.Get<IExceptionHandlerFeature>()?.Endpoint ?? context.GetEndpoint();
        return (HttpMethods.IsGet(request.Method) || IsForm(request))
            && AcceptsPage(request.Headers.Accept)
            && endpoint?.Metadata.GetMetadata<AnswersPrograms>() is null
            && !Array.Exists(ForPrograms, path => request.Path.StartsWithSegments(path, StringComparison.OrdinalIgnoreCase));
    }

    private static bool AcceptsPage(StringValues accept) =>
        MediaTypeHeaderValue.TryParseList(accept, out var types)
        && types.Any(type => type.MediaType.Equals("text/html", StringComparison.OrdinalIgnoreCase) && type.Quality is not 0);

    // HasFormContentType throws where antiforgery has failed.
    private static bool IsForm(HttpRequest request) =>
        MediaTypeHeaderValue.TryParse(request.ContentType, out var type)
        && (type.MediaType.Equals("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase)
            || type.MediaType.Equals("multipart/form-data", StringComparison.OrdinalIgnoreCase));

    private static Task WriteProblemAsync(HttpContext context, string? detail) =>
        TypedResults.Problem(detail, statusCode: context.Response.StatusCode).ExecuteAsync(context);

    private static void CompleteProblemDetails(ProblemDetailsContext context)
    {
        context.ProblemDetails.Extensions.TryAdd("requestId", context.HttpContext.TraceIdentifier);
        if (BadRequests.Find(context.HttpContext) is { } mistake && mistake.Status == context.ProblemDetails.Status)
        {
            context.ProblemDetails.Detail ??= mistake.Detail;
            if (mistake.Errors.Count > 0)
            {
                context.ProblemDetails.Extensions.TryAdd("errors", mistake.Errors);
            }

            if (mistake.Code is not null)
            {
                context.ProblemDetails.Extensions.TryAdd("code", mistake.Code);
            }
        }

        if (context.ProblemDetails is HttpValidationProblemDetails invalid)
        {
            // By their names in JSON. Two may differ in the case of a letter only.
            invalid.Errors = invalid.Errors
                .GroupBy(error => JsonNamingPolicy.CamelCase.ConvertName(error.Key), error => error.Value, StringComparer.Ordinal)
                .ToDictionary(field => field.Key, string[] (field) => [.. field.SelectMany(messages => messages)], StringComparer.Ordinal);
            context.ProblemDetails.Detail ??= "Something in the request is not as it must be: see errors.";
        }

        if (context.ProblemDetails.Status == StatusCodes.Status503ServiceUnavailable)
        {
            context.HttpContext.Response.Headers.RetryAfter = "5";
        }

        // The part of the request that is at fault, where the status is about one.
        var (code, part, detail) = context.ProblemDetails.Status switch
        {
            400 => (ProblemCode.InvalidRequest, "request", "The request cannot be read."),
            404 => (ProblemCode.NotFound, "path", "There is nothing at this address, or nothing that you may know of."),
            405 => (ProblemCode.MethodNotAllowed, "method",
                "This address does not know the method: Allow names those that it knows."),
            409 => (ProblemCode.Conflict, null, "Somebody else changed or deleted what this refers to. Read it again and repeat."),
            413 => (ProblemCode.BodyTooLarge, "body", "The body is too large."),
            415 => (ProblemCode.MediaTypeUnsupported, "Content-Type", "The body must be JSON: Content-Type: application/json."),
            503 => (ProblemCode.Unavailable, null, "Something that this service needs cannot be reached. Try again later."),
            >= 400 and < 500 => (ProblemCode.RequestRefused, null, "The server does not take this request as it is."),
            _ => (ProblemCode.InternalError, null, "This is a fault of the service. Its log says more under the request id."),
        };
        context.ProblemDetails.Extensions.TryAdd("code", code);
        context.ProblemDetails.Detail ??= detail;
        if (part is not null && context.ProblemDetails is not HttpValidationProblemDetails)
        {
            context.ProblemDetails.Extensions.TryAdd("errors", RequestMistake.Only(part, context.ProblemDetails.Detail));
        }
    }
}
