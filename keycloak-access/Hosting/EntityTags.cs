using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Net.Http.Headers;

namespace KeycloakAccess.Hosting;

/// <summary>Strong entity tags made of a row's version (RFC 9110, section 8.8.3), and the precondition <c>If-Match</c>.</summary>
internal static class EntityTags
{
    public static void Write(HttpResponse response, int version) => response.Headers.ETag = $"\"{version}\"";

    /// <summary><paramref name="version"/> is null for <c>If-Match: *</c>.</summary>
    public static ProblemHttpResult? Read(HttpRequest request, out int? version)
    {
        version = null;
        if (request.Headers.IfMatch.Count == 0)
        {
            return Problem.Create(
                StatusCodes.Status428PreconditionRequired,
                ProblemCode.PreconditionMissing,
                "Send the ETag that you got when you read it as If-Match, so that no change of others is overwritten unseen.");
        }

        if (!EntityTagHeaderValue.TryParseList(request.Headers.IfMatch, out var tags) || tags is not [var tag])
        {
            return Problem.Create(
                StatusCodes.Status400BadRequest,
                ProblemCode.PreconditionMalformed,
                "If-Match must hold exactly one ETag, as in \"3\" with its quotation marks.");
        }

        if (tag.Equals(EntityTagHeaderValue.Any))
        {
            return null;
        }

        // A tag of another form matches no version.
        version = !tag.IsWeak && int.TryParse(tag.Tag.AsSpan().Trim('"'), out var number) ? number : -1;
        return null;
    }

    public static ProblemHttpResult Mismatch() => Problem.Create(
        StatusCodes.Status412PreconditionFailed,
        ProblemCode.PreconditionFailed,
        "It has changed since you read it. Get it again, look at the change, and send yours with the new ETag.");
}
