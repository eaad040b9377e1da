using System.Text;
using System.Text.Unicode;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;

namespace KeycloakAccess.Hosting;

/// <summary>Refuses what no endpoint could read in one way only, wherever it is sent.</summary>
internal static class RequestChecks
{
    /// <summary>In bytes, with names. An access token with many roles is some 8 KiB long.</summary>
    public const int LargestHeaders = 64 * 1024;

    private const string OnlyCoding = "identity";
    private const string OnlyCharset = "utf-8";
    private const string HoldsNul = "holds a NUL character. Leave it out.";

    /// <param name="app">The application.</param>
    /// <param name="takesNoBody">A path where headers about a body are those of another request.</param>
    public static void UseRequestChecks(this WebApplication app, PathString takesNoBody) => app.Use((context, next) =>
        Find(context.Request, takesNoBody) is { } mistake ? mistake.AnswerAsync(context) : next(context));

    private static RequestMistake? Find(HttpRequest request, PathString takesNoBody) =>
        FindInHeaders(request.Headers)
        ?? FindInPath(request)
        ?? FindInQuery(request.QueryString.Value)
        ?? (request.Path.StartsWithSegments(takesNoBody, StringComparison.OrdinalIgnoreCase) ? null : FindInBody(request));

    // The server has a limit too, but closes the connection where that is passed, without a word.
    private static RequestMistake? FindInHeaders(IHeaderDictionary headers)
    {
        var size = headers.Sum(header => header.Value.Sum(value => header.Key.Length + (value?.Length ?? 0) + ": \r\n".Length));
        return size > LargestHeaders
            ? new RequestMistake(
                StatusCodes.Status431RequestHeaderFieldsTooLarge,
                ProblemCode.HeadersTooLarge,
                "headers",
                $"The headers have {size} bytes; they may have {LargestHeaders}. Send a token with fewer roles, or fewer cookies.")
            : null;
    }

    // The path has been decoded already; what could not be, stands in it as it was sent.
    private static RequestMistake? FindInPath(HttpRequest request)
    {
        var target = request.HttpContext.Features.Get<IHttpRequestFeature>()?.RawTarget ?? "";
        var path = target.Split('?')[0];
        var fault = path.Contains('%', StringComparison.Ordinal) ? FaultOf(path) : null;
        fault ??= request.Path.Value?.Contains('\0', StringComparison.Ordinal) is true ? HoldsNul : null;
        return fault is null
            ? null
            : new RequestMistake(StatusCodes.Status400BadRequest, ProblemCode.InvalidRequest, "path", $"The path {fault}");
    }

    private static RequestMistake? FindInQuery(string? query)
    {
        // One that holds no percent sign is ASCII.
        if (query?.Contains('%', StringComparison.Ordinal) is not true)
        {
            return null;
        }

        var errors = new Dictionary<string, string[]>(StringComparer.Ordinal);
        foreach (var parameter in query[1..].Split('&'))
        {
            var parts = parameter.Split('=', 2);
            if (FaultOf(parts[0]) is { } inName)
            {
                errors["query"] = [$"The name of a query parameter {inName}"];
            }
            else if (parts.Length > 1 && FaultOf(parts[1]) is { } inValue)
            {
                var name = Uri.UnescapeDataString(parts[0].Replace('+', ' '));
                errors[name] = [$"{name} {inValue}"];
            }
        }

        return errors.Count == 0
            ? null
            : new RequestMistake(
                StatusCodes.Status400BadRequest, ProblemCode.InvalidRequest, "A query parameter cannot be read: see errors.", errors);
    }

    // PostgreSQL has no NUL in a text, and SQLite ends a text there.
    private static string? FaultOf(string encoded)
    {
        var bytes = new byte[Encoding.UTF8.GetMaxByteCount(encoded.Length)];
        var length = 0;
        for (var i = 0; i < encoded.Length; i++)
        {
            if (encoded[i] != '%')
            {
                length += Encoding.UTF8.GetBytes(encoded, i, 1, bytes, length);
            }
            else if (i + 2 < encoded.Length && char.IsAsciiHexDigit(encoded[i + 1]) && char.IsAsciiHexDigit(encoded[i + 2]))
            {
                bytes[length++] = Convert.ToByte(encoded.Substring(i + 1, 2), 16);
                i += 2;
            }
            else
            {
                return "holds a percent sign without two hexadecimal digits behind it. Write it as %25.";
            }
        }

        var text = bytes.AsSpan(0, length);
        return !Utf8.IsValid(text) ? "is not UTF-8 when it is decoded. Percent-encode the bytes of UTF-8."
            : text.Contains((byte)0) ? HoldsNul
            : null;
    }

    private static RequestMistake? FindInBody(HttpRequest request)
    {
        var codings = request.Headers.GetCommaSeparatedValues(HeaderNames.ContentEncoding);
        if (codings.Any(coding => !coding.Equals(OnlyCoding, StringComparison.OrdinalIgnoreCase)))
        {
            // RFC 9110, section 15.5.16, and RFC 7694.
            request.HttpContext.Response.Headers.AcceptEncoding = OnlyCoding;
            return new RequestMistake(
                StatusCodes.Status415UnsupportedMediaType,
                ProblemCode.ContentEncodingUnsupported,
                HeaderNames.ContentEncoding,
                "Send the body as it is, without a Content-Encoding.");
        }

        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out var type)
            || HeaderUtilities.RemoveQuotes(type.Charset) is not { Length: > 0 } charset)
        {
            return null;
        }

        // UTF-8 is the one encoding of JSON between systems (RFC 8259, section 8.1).
        if (!charset.Equals(OnlyCharset, StringComparison.OrdinalIgnoreCase))
        {
            return new RequestMistake(
                StatusCodes.Status415UnsupportedMediaType,
                ProblemCode.CharsetUnsupported,
                HeaderNames.ContentType,
                "Send bodies in UTF-8.");
        }

        if (type.Charset != charset)
        {
            // A quoted value means the same (RFC 9110, section 8.3.1). The framework fails on it.
            type.Charset = OnlyCharset;
            request.ContentType = type.ToString();
        }

        return null;
    }
}
