using System.Text.Json;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Net.Http.Headers;

namespace KeycloakAccess.Hosting;

/// <summary>What every web host has: limits, problem details, keys for cookies.</summary>
internal static class HostingSetup
{
    /// <summary>The largest body that a request may have, in bytes. No model of this service comes near it.</summary>
    private const long LargestBody = 1024 * 1024;

    public static void AddHosting(this WebApplicationBuilder builder)
    {
        builder.WebHost.ConfigureKestrel(options =>
        {
            options.AddServerHeader = false;
            options.Limits.MaxRequestBodySize = LargestBody;
            // An access token with many roles is some 8 KiB long, a session cookie is cut into pieces of 4 KiB.
            options.Limits.MaxRequestHeadersTotalSize = 64 * 1024;
        });
        builder.Services.Configure<FormOptions>(options =>
        {
            // The form of a group has a field for each permission that there is.
            options.ValueCountLimit = 2000;
            options.MultipartBodyLengthLimit = LargestBody;
        });
        // It writes error_description as it came from the address bar, line breaks and all. SessionScheme says the same, cleanly.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Authentication.OpenIdConnect", LogLevel.None);
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.AddProblemDetails(options => options.CustomizeProblemDetails = Customize);
        // So that Production explains a malformed body as Development does; UseProblems makes 400 of it in both.
        builder.Services.Configure<RouteHandlerOptions>(options => options.ThrowOnBadRequest = true);
        builder.Services.ConfigureHttpJsonOptions(options => Json.Configure(options.SerializerOptions));
        builder.Services.AddValidation();
        builder.Services.AddAntiforgery(options =>
        {
            options.Cookie.Name = builder.Environment.IsDevelopment() ? "antiforgery" : "__Host-antiforgery";
            options.Cookie.SecurePolicy = builder.Environment.IsDevelopment() ? CookieSecurePolicy.SameAsRequest : CookieSecurePolicy.Always;
        });
        builder.AddAssets();
        AddKeys(builder);
    }

    /// <summary>Errors become problem details, or a page for people, with the status that tells whose fault they are.</summary>
    /// <param name="app">The application.</param>
    /// <param name="isOutage">Tells an outage of something that the service needs (503) from a bug (500).</param>
    /// <param name="isConflict">Tells that somebody else's change came first (409).</param>
    /// <param name="page">The page for a status, where a person has asked for a page.</param>
    public static void UseProblems(
        this WebApplication app, Func<Exception, bool> isOutage, Func<Exception, bool> isConflict, Func<HttpContext, int, IResult> page)
    {
        int Status(Exception exception) => exception switch
        {
            // In Development the framework throws for malformed JSON, in Production it does not; both are the caller's fault.
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
            // A caller's mistake is told to the caller; in the log it would be a way to fill it.
            SuppressDiagnosticsCallback = context => Status(context.Exception) < StatusCodes.Status500InternalServerError,
        });
        app.UseStatusCodePages(context => WriteAsync(context.HttpContext));

        Task WriteAsync(HttpContext context) => WantsPage(context.Request)
            ? page(context, context.Response.StatusCode).ExecuteAsync(context)
            : WriteProblemAsync(context);
    }

    private static bool WantsPage(HttpRequest request) =>
        (HttpMethods.IsGet(request.Method) || IsForm(request))
        && request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase)
        && !request.Path.StartsWithSegments("/api", StringComparison.OrdinalIgnoreCase);

    // Not HasFormContentType: it throws where the form's token was found missing, which is what is to be told here.
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
            // The caller takes no JSON at all. It gets some nevertheless: an error in another form is still an error.
            await TypedResults.Problem(statusCode: context.Response.StatusCode).ExecuteAsync(context);
        }
    }

    /// <summary>Answers 415 where a body is not UTF-8, the one encoding of JSON between systems (RFC 8259, section 8.1).</summary>
    public static void UseUtf8Bodies(this WebApplication app) => app.Use((context, next) =>
        MediaTypeHeaderValue.TryParse(context.Request.ContentType, out var type)
        && type.Charset is { Length: > 0 } charset
        && !charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase)
            ? Problem.Create(StatusCodes.Status415UnsupportedMediaType, ProblemCode.CharsetUnsupported, "Send bodies in UTF-8.").ExecuteAsync(context)
            : next(context));

    private static void Customize(ProblemDetailsContext context)
    {
        context.ProblemDetails.Extensions.TryAdd("requestId", context.HttpContext.TraceIdentifier);
        if (context.Exception is BadHttpRequestException bad)
        {
            context.ProblemDetails.Detail ??= BadRequests.Explain(bad);
        }

        if (context.ProblemDetails is HttpValidationProblemDetails invalid)
        {
            // Fields are called here as they are called in JSON. A caller may have sent two whose names differ by a capital.
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
            405 => (ProblemCode.MethodNotAllowed, "This address does not know the method. GET /openapi/v1.json says which calls there are."),
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

    // The keys that protect session cookies. Without a place of their own they would die with a container, and with
    // them every session.
    private static void AddKeys(WebApplicationBuilder builder)
    {
        var folder = builder.Configuration["DataProtection:KeysFolder"];
        var protection = builder.Services.AddDataProtection().SetApplicationName("Api");
        if (!string.IsNullOrEmpty(folder))
        {
            protection.PersistKeysToFileSystem(new DirectoryInfo(Path.GetFullPath(folder, builder.Environment.ContentRootPath)));
        }
    }
}
