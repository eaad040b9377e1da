namespace KeycloakAccess.Hosting;

/// <summary>Refuses unknown query parameters: a mistyped filter must not return everything.</summary>
internal static class QueryParameters
{
    /// <summary>Said twice of an endpoint, the parameters of both are known.</summary>
    public static RouteHandlerBuilder AcceptsQuery(this RouteHandlerBuilder builder, params string[] known) =>
        builder.WithMetadata(new KnownParameters(known)).AddEndpointFilter(async (context, next) =>
        {
            var all = context.HttpContext.GetEndpoint()!.Metadata.GetOrderedMetadata<KnownParameters>()
                .SelectMany(parameters => parameters.Names)
                .ToArray();
            foreach (var (name, values) in context.HttpContext.Request.Query)
            {
                if (!all.Contains(name, StringComparer.OrdinalIgnoreCase))
                {
                    return Mistake(name, $"There is no query parameter {name}. Known: {string.Join(", ", all)}.");
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

    private sealed record KnownParameters(IReadOnlyList<string> Names);
}
