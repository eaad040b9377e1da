using System.Globalization;
using KeycloakAccess.Admin.Forms;

namespace KeycloakAccess.Admin.Design;

/// <summary>
/// Where a page of a list stands: the addresses of those beside it, how many rows there are in all, and where the whole list is to be
/// had as a file. Lists are read forwards, so the places of the pages before stand in the address.
/// </summary>
public sealed record Paging
{
    /// <summary>Counted no further than this, which reads no table to its end.</summary>
    internal const int MostCounted = 10_000;

    private const string After = "after";
    private const string Trail = "_trail";

    // An address is no longer than servers and proxies take.
    private const int LongestTrail = 20;

    public string? First { get; private init; }

    public string? Previous { get; private init; }

    public string? Next { get; private init; }

    public int Number { get; private init; } = 1;

    /// <summary>None where it is not known.</summary>
    public ListTotal? Total { get; init; }

    /// <summary>All of the list, as it is filtered.</summary>
    public IReadOnlyList<ListExport> Exports { get; init; } = [];

    /// <param name="query">Of the page that is shown.</param>
    /// <param name="next">Where the next page begins.</param>
    /// <param name="path">The address of the page that begins at a place, or of the first.</param>
    internal static Paging Create(IQueryCollection query, string? next, Func<string?, string> path)
    {
        var place = query[After].ToString();
        string[] trail = [.. query[Trail].ToString().Split('~', StringSplitOptions.RemoveEmptyEntries)];
        var number = trail.Length > 0 && int.TryParse(trail[0], NumberStyles.None, CultureInfo.InvariantCulture, out var told) && told > 1
            ? told
            : place.Length == 0 ? 1 : 2;
        string[] places = [.. trail.Skip(1)];
        return new Paging
        {
            Number = place.Length == 0 ? 1 : number,
            First = place.Length == 0 ? null : path(null),
            Previous = place.Length == 0 || (number > 2 && places.Length == 0) ? null
                : number == 2 ? path(null)
                : At(places[^1], number - 1, places[..^1]),
            Next = next is null ? null
                : place.Length == 0 ? At(next, 2, [])
                : At(next, number + 1, [.. places.TakeLast(LongestTrail - 1), place]),
        };

        string At(string to, int page, IEnumerable<string> before)
        {
            var address = path(to);
            var value = string.Join('~', before.Prepend(page.ToString(CultureInfo.InvariantCulture)));
            var end = address.IndexOf('#', StringComparison.Ordinal) is >= 0 and var start ? start : address.Length;
            return $"{address[..end]}{(address.Contains('?', StringComparison.Ordinal) ? '&' : '?')}{Trail}={Uri.EscapeDataString(value)}"
                + address[end..];
        }
    }
}

/// <summary>How many rows a list has; at least so many, where there are more than were counted.</summary>
public sealed record ListTotal(long Number, bool IsMore, string One, string Many)
{
    public string Text => IsMore ? $"More than {Plural.Of(Number, One, Many)}" : Plural.Of(Number, One, Many);

    internal static ListTotal Create(long counted, string one, string many) => counted > Paging.MostCounted
        ? new ListTotal(Paging.MostCounted, IsMore: true, one, many)
        : new ListTotal(counted, IsMore: false, one, many);
}

public sealed record ListExport(string Title, string Path, string File)
{
    internal static ListExport Csv(string path, string name) => new("Export as CSV", path, name + ".csv");

    internal static ListExport JsonLines(string path, string name) => new("Export as JSON lines", path, name + ".jsonl");
}
