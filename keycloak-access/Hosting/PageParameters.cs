using System.Globalization;
using Microsoft.AspNetCore.Mvc;
using Microsoft.OpenApi;

namespace KeycloakAccess.Hosting;

/// <summary>The query parameters that choose a page of a list.</summary>
internal record PageParameters
{
    private const int DefaultLimit = 50;
    private const int LargestLimit = 100;

    public static void BoundLimit(OpenApiSchema schema) => BoundLimit(schema, DefaultLimit, LargestLimit);

    public static void BoundLimit(OpenApiSchema schema, int normal, int largest) =>
        (schema.Minimum, schema.Maximum, schema.Default) = ("1", largest.ToString(CultureInfo.InvariantCulture), normal);

    [FromQuery(Name = "limit")]
    public int? Limit { get; init; }

    [FromQuery(Name = "after")]
    public string? After { get; init; }

    /// <param name="parse">Reads a cursor of the list; <see langword="null"/> if the text is none.</param>
    /// <param name="page">How many rows to list at most, and where the page before ended.</param>
    /// <returns>400 if one of both cannot be.</returns>
    public IResult? Read<TCursor>(Func<string?, TCursor?> parse, out (int Limit, TCursor? After) page)
        where TCursor : class
    {
        page = (Limit ?? DefaultLimit, parse(After));
        return Limit is < 1 or > LargestLimit
            ? QueryParameters.Mistake("limit", $"limit must be between 1 and {LargestLimit}.")
            : After is not null && page.After is null
                ? QueryParameters.Mistake("after", "after must be the next of a page before. Leave it out to start again.")
                : null;
    }
}
