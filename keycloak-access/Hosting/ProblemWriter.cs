using System.Diagnostics;
using Microsoft.Extensions.Options;
using HttpJsonOptions = Microsoft.AspNetCore.Http.Json.JsonOptions;

namespace KeycloakAccess.Hosting;

/// <summary>The framework's own writes nothing where the caller does not accept JSON; this one tells an error in any case.</summary>
internal sealed class ProblemWriter(IOptions<ProblemDetailsOptions> options, IOptions<HttpJsonOptions> json) : IProblemDetailsWriter
{
    public bool CanWrite(ProblemDetailsContext context) => true;

    public async ValueTask WriteAsync(ProblemDetailsContext context)
    {
        var problem = context.ProblemDetails;
        problem.Status ??= context.HttpContext.Response.StatusCode;
        // Fills in type and title.
        _ = TypedResults.Problem(problem);
        problem.Type ??= "about:blank";
        problem.Extensions.TryAdd("traceId", Activity.Current?.Id ?? context.HttpContext.TraceIdentifier);
        options.Value.CustomizeProblemDetails?.Invoke(context);
        await context.HttpContext.Response.WriteAsJsonAsync<object>(
            problem, json.Value.SerializerOptions, "application/problem+json", context.HttpContext.RequestAborted);
    }
}
