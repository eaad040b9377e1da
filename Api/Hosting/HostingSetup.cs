using System.Text.Json;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http.Features;

namespace Api.Hosting;

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
            options.ValueCountLimit = 200;
            options.MultipartBodyLengthLimit = LargestBody;
        });
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddProblemDetails(options => options.CustomizeProblemDetails = Customize);
        // So that Production explains a malformed body as Development does; UseProblems makes 400 of it in both.
        builder.Services.Configure<RouteHandlerOptions>(options => options.ThrowOnBadRequest = true);
        builder.Services.AddValidation();
        builder.Services.AddAntiforgery(options =>
        {
            options.Cookie.Name = builder.Environment.IsDevelopment() ? "antiforgery" : "__Host-antiforgery";
            options.Cookie.SecurePolicy = builder.Environment.IsDevelopment() ? CookieSecurePolicy.SameAsRequest : CookieSecurePolicy.Always;
        });
        AddKeys(builder);
    }

    /// <summary>Errors become problem details with the status that tells whose fault they are.</summary>
    /// <param name="app">The application.</param>
    /// <param name="isOutage">Tells an outage of something that the service needs (503) from a bug (500).</param>
    public static void UseProblems(this WebApplication app, Func<Exception, bool> isOutage)
    {
        int Status(Exception exception) => exception switch
        {
            // In Development the framework throws for malformed JSON, in Production it does not; both are the caller's fault.
            BadHttpRequestException bad => bad.StatusCode,
            OperationCanceledException => StatusCodes.Status499ClientClosedRequest,
            _ when isOutage(exception) => StatusCodes.Status503ServiceUnavailable,
            _ => StatusCodes.Status500InternalServerError,
        };

        app.UseExceptionHandler(new ExceptionHandlerOptions { StatusCodeSelector = Status });
        app.UseStatusCodePages();
    }

    private static void Customize(ProblemDetailsContext context)
    {
        context.ProblemDetails.Extensions.TryAdd("requestId", context.HttpContext.TraceIdentifier);
        if (context.Exception is BadHttpRequestException bad)
        {
            context.ProblemDetails.Detail ??= bad.InnerException is JsonException json
                ? $"The body is not the JSON that is expected here: {json.Message}"
                : bad.Message;
        }

        if (context.ProblemDetails.Status == StatusCodes.Status503ServiceUnavailable)
        {
            context.ProblemDetails.Extensions.TryAdd("code", "unavailable");
            context.ProblemDetails.Detail ??= "Something that this service needs cannot be reached. Nothing was changed. Try again later.";
            context.HttpContext.Response.Headers.RetryAfter = "5";
        }
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
