using KeycloakAccess.Admin.Design;

namespace KeycloakAccess.Admin.Rendering;

internal static class Suggestions
{
    public const int Most = 20;

    public static string Typed(HttpRequest request) =>
        request.Query.Select(field => field.Value.ToString()).FirstOrDefault()?.Replace("\0", "", StringComparison.Ordinal).Trim() ?? "";

    public static PageResult Render(IEnumerable<string> names) =>
        PageRenderer.Render<NameOptions>(StatusCodes.Status200OK, ("Names", names.Take(Most).ToArray()));
}
