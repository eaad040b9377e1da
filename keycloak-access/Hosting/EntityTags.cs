using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace KeycloakAccess.Hosting;

/// <summary>What <c>If-Match</c> and <c>If-None-Match</c> ask of the version that is there (RFC 9110, section 13.1).</summary>
internal readonly record struct Precondition(IList<EntityTagHeaderValue>? IfMatch, IList<EntityTagHeaderValue>? IfNoneMatch)
{
    public bool IsNone => IfMatch is null && IfNoneMatch is null;

    /// <summary>Whether nothing may be there yet.</summary>
    public bool AsksForNothing => IfNoneMatch is [var only] && only.Equals(EntityTagHeaderValue.Any);

    /// <summary>That version and no other; null is any.</summary>
    public static implicit operator Precondition(int? version) =>
        version is { } number ? new([EntityTags.Of(number)], null) : default;

    public bool Allows(int version) => Allows(EntityTags.Of(version));

    /// <summary>Of something that is there; the tag is null where it has none, and then matches nothing but <c>*</c>.</summary>
    public bool Allows(EntityTagHeaderValue? current) => AllowsByIfMatch(current) && !IsMatchedByIfNoneMatch(current);

    public bool AllowsByIfMatch(EntityTagHeaderValue? current) =>
        IfMatch is null || IfMatch.Any(tag => Matches(tag, current, strongly: true));

    public bool IsMatchedByIfNoneMatch(EntityTagHeaderValue? current) =>
        IfNoneMatch?.Any(tag => Matches(tag, current, strongly: false)) is true;

    private static bool Matches(EntityTagHeaderValue tag, EntityTagHeaderValue? current, bool strongly) =>
        tag.Equals(EntityTagHeaderValue.Any) || current?.Compare(tag, strongly) is true;
}

/// <summary>Strong entity tags made of a row's version (RFC 9110, section 8.8.3), and the conditions that name them.</summary>
internal static partial class EntityTags
{
    private const string Tag = """(?<tag>(W/)?"[!\x23-\x7E\x80-\xFF]*")""";

    public static EntityTagHeaderValue Of(int version) => new($"\"{version}\"");

    public static void Write(HttpResponse response, int version) => response.Headers.ETag = Of(version).ToString();

    /// <summary>400 for a condition that cannot be read.</summary>
    public static ProblemHttpResult? Read(HttpRequest request, out Precondition precondition)
    {
        precondition = default;
        if (!TryParse(request.Headers.IfMatch, out var ifMatch))
        {
            return Malformed(HeaderNames.IfMatch);
        }

        if (!TryParse(request.Headers.IfNoneMatch, out var ifNoneMatch))
        {
            return Malformed(HeaderNames.IfNoneMatch);
        }

        precondition = new Precondition(ifMatch, ifNoneMatch);
        return null;
    }

    /// <summary>Besides, 428 where there is neither <c>If-Match</c> nor <c>If-None-Match: *</c>.</summary>
    public static ProblemHttpResult? Require(HttpRequest request, out Precondition precondition) =>
        Read(request, out precondition)
        ?? (precondition.IfMatch is null && !precondition.AsksForNothing
            ? Problem.Create(
                StatusCodes.Status428PreconditionRequired,
                ProblemCode.PreconditionMissing,
                "Send the ETag that you got when you read it as If-Match, so that no change of others is overwritten unseen.")
            : null);

    public static ProblemHttpResult Mismatch(string detail =
        "It has changed since you read it. Get it again, look at the change, and send yours with the new ETag.") =>
        Problem.Create(StatusCodes.Status412PreconditionFailed, ProblemCode.PreconditionFailed, detail);

    private static bool TryParse(StringValues header, out IList<EntityTagHeaderValue>? tags)
    {
        tags = null;
        if (header.Count == 0)
        {
            return true;
        }

        // The lines of a header are one list. The framework's reader takes w/ for W/, and * beside others.
        var read = Tags().Match(string.Join(',', header.AsEnumerable()));
        tags = read.Groups["any"].Success
            ? [EntityTagHeaderValue.Any]
            : [.. read.Groups["tag"].Captures.Select(tag => EntityTagHeaderValue.Parse(tag.Value))];
        return read.Success;
    }

    // RFC 9110, sections 8.8.3 and 5.6.1.2: empty elements of a list are read past.
    [GeneratedRegex(
        "^[ \\t]*(?<any>\\*)[ \\t]*$|^[ \\t,]*" + Tag + "([ \\t]*,[ \\t,]*" + Tag + ")*[ \\t,]*$",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Tags();

    private static ProblemHttpResult Malformed(string header)
    {
        var detail = $"{header} must be * or hold ETags with commas between them, as in \"3\" with its quotation marks.";
        return Problem.Create(
            StatusCodes.Status400BadRequest,
            ProblemCode.PreconditionMalformed,
            detail,
            ("errors", RequestMistake.Only(header, detail)));
    }
}
