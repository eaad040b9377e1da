using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Http.HttpResults;

namespace KeycloakAccess.Admin.Rendering;

internal static class PageRenderer
{
    public static PageResult Render<TPage>(int status, params ReadOnlySpan<(string Name, object? Value)> parameters)
        where TPage : IComponent
    {
        var values = new Dictionary<string, object?>(StringComparer.Ordinal);
        foreach (var (name, value) in parameters)
        {
            values[name] = value;
        }

        return new PageResult(new RazorComponentResult(typeof(TPage), values) { StatusCode = status });
    }
}
