namespace KeycloakAccess.Admin.Design;

internal static class Links
{
    // Parameters without a value are left out.
    public static string WithQuery(string path, params ReadOnlySpan<(string Name, string? Value)> parameters)
    {
        var query = default(QueryString);
        foreach (var (name, value) in parameters)
        {
            if (!string.IsNullOrEmpty(value))
            {
                query = query.Add(name, value);
            }
        }

        return path + query.ToUriComponent();
    }
}
