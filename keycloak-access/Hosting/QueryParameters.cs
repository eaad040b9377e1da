namespace KeycloakAccess.Hosting;

/// <summary>Refuses unknown query parameters: a mistyped filter must not return everything.</summary>
internal static class QueryParameters
{
    /// <summary>Said twice of an endpoint, the parameters of both are known.</summary>
    public static RouteHandlerBuilder AcceptsQuery(this RouteHandlerBuilder builder, params string[] known)
    {
        // Of both, which are known when the endpoint has been built.
        string[]? all = null;
        return builder.WithMetadata(new KnownParameters(known)).AddEndpointFilter((context, next) =>
        {
            if (!context.HttpContext.Request.QueryString.HasValue)
            {
                return next(context);
            }

            all ??= [.. context.HttpContext.GetEndpoint()!.Metadata.GetOrderedMetadata<KnownParameters>()
                .SelectMany(parameters => parameters.Names)];
            return FindMistake(context.HttpContext.Request.Query, all) is { } mistake
                ? ValueTask.FromResult<object?>(mistake)
                : next(context);
        });
    }

    private static IResult? FindMistake(IQueryCollection query, string[] known)
    {
        foreach (var (name, values) in query)
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

        return null;
    }

    public static IResult Mistake(string field, string message) =>
        TypedResults.ValidationProblem(new Dictionary<string, string[]>(StringComparer.Ordinal) { [field] = [message] });

    private sealed record KnownParameters(IReadOnlyList<string> Names);
}
