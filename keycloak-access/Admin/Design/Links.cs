namespace KeycloakAccess.Admin.Design;

/// <summary>Addresses of pages.</summary>
internal static class Links
{
    /// <returns>The path with those parameters that have a value.</returns>
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
