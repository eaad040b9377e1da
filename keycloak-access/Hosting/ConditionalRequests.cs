using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Net.Http.Headers;

namespace KeycloakAccess.Hosting;

/// <summary>Endpoint metadata: the handler compares <c>If-Match</c> and <c>If-None-Match</c> with the row that it changes.</summary>
internal sealed record ComparesVersions(bool IsRequired);

/// <summary>Endpoint metadata: an answer that succeeds carries an ETag.</summary>
internal sealed record AnswersETag;

/// <summary>Endpoint metadata: a request of another method than GET that only asks.</summary>
internal sealed record ChangesNothing;

/// <summary>Endpoint metadata: conditions of requests are compared.</summary>
internal sealed record AnswersConditions;

/// <summary>Conditions of requests wherever a handler does not compare them itself (RFC 9110, section 13.2.2).</summary>
internal static class ConditionalRequests
{
    public static TBuilder AnswersConditions<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new AnswersConditions()).AddEndpointFilter(FilterAsync);

    private static async ValueTask<object?> FilterAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        if (EntityTags.Read(http.Request, out var precondition) is { } malformed)
        {
            return malformed;
        }

        if (precondition.IsNone || http.GetEndpoint()?.Metadata.GetMetadata<ComparesVersions>() is not null)
        {
            return await next(context);
        }

        return HttpMethods.IsGet(http.Request.Method) ? Compare(http, precondition, await next(context))
            : Refuse(http.Request.Method, precondition) ?? await next(context);
    }

    private static object? Compare(HttpContext http, Precondition precondition, object? result)
    {
        // A condition counts only where the answer would be 2xx without it.
        if (StatusOf(result) is not (>= 200 and < 300))
        {
            return result;
        }

        _ = EntityTagHeaderValue.TryParse(http.Response.Headers.ETag.ToString(), out var current);
        if (!precondition.AllowsByIfMatch(current))
        {
            http.Response.Headers.Remove(HeaderNames.ETag);
            return EntityTags.Mismatch();
        }

        return precondition.IsMatchedByIfNoneMatch(current) ? TypedResults.StatusCode(StatusCodes.Status304NotModified)
            : result;
    }

    // What is changed here has no tag, so If-Match names none that it has. Whether what a POST or PUT would add is there already,
    // the handler finds out.
    private static ProblemHttpResult? Refuse(string method, Precondition precondition) =>
        !precondition.AllowsByIfMatch(current: null)
            ? EntityTags.Mismatch("This has no ETag, so If-Match cannot name it. Leave the header out, or send *.")
        : precondition.AsksForNothing && !HttpMethods.IsPost(method) && !HttpMethods.IsPut(method)
            ? EntityTags.Mismatch("If-None-Match: * asks that nothing is there yet, and this changes what is there.")
        : null;

    private static int StatusOf(object? result) => result switch
    {
        INestedHttpResult nested => StatusOf(nested.Result),
        IStatusCodeHttpResult { StatusCode: { } status } => status,
        _ => StatusCodes.Status200OK,
    };
}
