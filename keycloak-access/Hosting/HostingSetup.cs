using System.Text.Json;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Net.Http.Headers;

namespace KeycloakAccess.Hosting;

internal static class HostingSetup
{
    /// <summary>In bytes.</summary>
    private const long LargestBody = 1024 * 1024;

    public static void AddHosting(this WebApplicationBuilder builder)
    {
        builder.Services.AddSettings("AllowedHosts", SettingsSection.Value);
        builder.Services.AddSettings("DataProtection", "KeysFolder");
        builder.Services.AddSettings("Proxies", SettingsSection.List);
        builder.WebHost.ConfigureKestrel(options =>
        {
            options.AddServerHeader = false;
            options.Limits.MaxRequestBodySize = LargestBody;
            // An access token with many roles is some 8 KiB long.
            options.Limits.MaxRequestHeadersTotalSize = 64 * 1024;
        });
        builder.Services.Configure<FormOptions>(options =>
        {
            // The form of a group has a field for each permission.
            options.ValueCountLimit = 2000;
            options.MultipartBodyLengthLimit = LargestBody;
        });
        // It logs error_description with its line breaks, by which a query string could forge entries. SessionScheme logs it too.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Authentication.OpenIdConnect", LogLevel.None);
        builder.Services.TryAddSingleton(TimeProvider.System);
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
        builder.AddAssets();
        AddDataProtectionKeys(builder);
    }

    /// <summary>503 for an outage, 409 for a conflict, 500 for a bug; a page where a browser asks.</summary>
    public static void UseProblems(
        this WebApplication app, Func<Exception, bool> isOutage, Func<Exception, bool> isConflict, Func<HttpContext, int, IResult> page)
    {
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
            // Mistakes of callers must not fill the log.
            SuppressDiagnosticsCallback = context => Status(context.Exception) < StatusCodes.Status500InternalServerError,
        });
        app.UseStatusCodePages(context => WriteAsync(context.HttpContext));

        Task WriteAsync(HttpContext context)
        {
            if (context.Response.StatusCode == StatusCodes.Status503ServiceUnavailable)
            {
                context.Response.Headers.RetryAfter = "5";
            }

            return WantsPage(context.Request)
                ? page(context, context.Response.StatusCode).ExecuteAsync(context)
                : WriteProblemAsync(context);
        }
    }

    private static bool WantsPage(HttpRequest request) =>
        (HttpMethods.IsGet(request.Method) || IsForm(request))
        && request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase)
        && !request.Path.StartsWithSegments("/api", StringComparison.OrdinalIgnoreCase);

    // HasFormContentType throws where antiforgery has failed.
    private static bool IsForm(HttpRequest request) =>
        MediaTypeHeaderValue.TryParse(request.ContentType, out var type)
        && (type.MediaType.Equals("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase)
            || type.MediaType.Equals("multipart/form-data", StringComparison.OrdinalIgnoreCase));

    private static async Task WriteProblemAsync(HttpContext context)
    {
        var written = await context.RequestServices.GetRequiredService<IProblemDetailsService>().TryWriteAsync(new()
        {
            HttpContext = context,
            Exception = context.Features.Get<IExceptionHandlerFeature>()?.Error,
            ProblemDetails = { Status = context.Response.StatusCode },
        });
        if (!written)
        {
            // The caller accepts no JSON, and gets it nevertheless.
            await TypedResults.Problem(statusCode: context.Response.StatusCode).ExecuteAsync(context);
        }
    }

    /// <summary>Answers 415 where a body is not UTF-8, the one encoding of JSON between systems (RFC 8259, section 8.1).</summary>
    public static void UseUtf8Bodies(this WebApplication app) => app.Use((context, next) =>
        MediaTypeHeaderValue.TryParse(context.Request.ContentType, out var type)
        && type.Charset is { Length: > 0 } charset
        && !charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase)
            ? Problem.Create(StatusCodes.Status415UnsupportedMediaType, ProblemCode.CharsetUnsupported, "Send bodies in UTF-8.")
                .ExecuteAsync(context)
            : next(context));

    private static void CompleteProblemDetails(ProblemDetailsContext context)
    {
        context.ProblemDetails.Extensions.TryAdd("requestId", context.HttpContext.TraceIdentifier);
        if (context.Exception is BadHttpRequestException bad)
        {
            context.ProblemDetails.Detail ??= BadRequests.Explain(bad);
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

        var (code, detail) = context.ProblemDetails.Status switch
        {
            400 => (ProblemCode.InvalidRequest, "The request cannot be read."),
            404 => (ProblemCode.NotFound, "There is nothing at this address, or nothing that you may know of."),
            405 => (ProblemCode.MethodNotAllowed,
                "This address does not know the method. GET /openapi/v1.json says which calls there are."),
            409 => (ProblemCode.Conflict, "Somebody else changed or deleted what this refers to. Read it again and repeat."),
            413 => (ProblemCode.BodyTooLarge, "The body is too large."),
            415 => (ProblemCode.MediaTypeUnsupported, "The body must be JSON: Content-Type: application/json."),
            503 => (ProblemCode.Unavailable, "Something that this service needs cannot be reached. Nothing was changed. Try again later."),
            >= 400 and < 500 => (ProblemCode.RequestRefused, "The server does not take this request as it is."),
            _ => (ProblemCode.InternalError, "This is a fault of the service. Its log says more under the request id."),
        };
        context.ProblemDetails.Extensions.TryAdd("code", code);
        context.ProblemDetails.Detail ??= detail;
    }

    // The keys that protect sessions: in a container's own files, its end would end every session.
    private static void AddDataProtectionKeys(WebApplicationBuilder builder)
    {
        var folder = builder.Configuration["DataProtection:KeysFolder"];
        var protection = builder.Services.AddDataProtection().SetApplicationName("Api");
        if (!string.IsNullOrEmpty(folder))
        {
            protection.PersistKeysToFileSystem(new DirectoryInfo(Path.GetFullPath(folder, builder.Environment.ContentRootPath)));
        }
    }
}
