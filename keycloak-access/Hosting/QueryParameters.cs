namespace KeycloakAccess.Hosting;

/// <summary>Refuses unknown query parameters: a mistyped filter must not return everything.</summary>
internal static class QueryParameters
{
    public static RouteHandlerBuilder AcceptsQuery(this RouteHandlerBuilder builder, params string[] known) =>
        builder.AddEndpointFilter(async (context, next) =>
        {
            foreach (var (name, values) in context.HttpContext.Request.Query)
            {
                if (!known.Contains(name, StringComparer.OrdinalIgnoreCase))
                {
                    return Mistake(name, $"There is no query parameter {name}. Known: {string.Join(", ", known)}.");
                }

                if (values.Count > 1)
                {
                    return Mistake(name, $"The query parameter {name} is given {values.Count} times. Give it once.");
                }
            }

            return await next(context);
        });

    public static IResult Mistake(string field, string message) =>
        TypedResults.ValidationProblem(new Dictionary<string, string[]>(StringComparer.Ordinal) { [field] = [message] });
}
