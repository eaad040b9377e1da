using Microsoft.AspNetCore.Http.HttpResults;

namespace KeycloakAccess.Hosting;

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
