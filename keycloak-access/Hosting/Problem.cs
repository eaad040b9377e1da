using Microsoft.AspNetCore.Http.HttpResults;

namespace KeycloakAccess.Hosting;

/// <summary>Problem details (RFC 9457) with a <c>code</c> that programs can rely on and a <c>detail</c> that names the remedy.</summary>
internal static class Problem
{
    /// <param name="status">The HTTP status.</param>
    /// <param name="code">What is wrong: one of <see cref="ProblemCode"/>.</param>
    /// <param name="detail">What is wrong and what to do, in full sentences.</param>
    /// <param name="more">Members of their own, such as <c>missingPermission</c>.</param>
    public static ProblemHttpResult Create(int status, string code, string detail, params ReadOnlySpan<(string Name, object? Value)> more)
    {
        var extensions = new Dictionary<string, object?>(StringComparer.Ordinal) { ["code"] = code };
        foreach (var (name, value) in more)
        {
            extensions[name] = value;
        }

        return TypedResults.Problem(detail, statusCode: status, extensions: extensions);
    }
}
