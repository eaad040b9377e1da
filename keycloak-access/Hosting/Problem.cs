using Microsoft.AspNetCore.Http.HttpResults;

namespace KeycloakAccess.Hosting;

/// <summary>Problem details (RFC 9457) with a <see cref="ProblemCode"/> and a <c>detail</c> that names the remedy.</summary>
internal static class Problem
{
    public static ProblemHttpResult Create(
        int status, string code, string detail, params ReadOnlySpan<(string Name, object? Value)> members)
    {
        var extensions = new Dictionary<string, object?>(StringComparer.Ordinal) { ["code"] = code };
        foreach (var (name, value) in members)
        {
            extensions[name] = value;
        }

        return TypedResults.Problem(detail, statusCode: status, extensions: extensions);
    }
}
