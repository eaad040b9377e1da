namespace KeycloakAccess.Hosting;

internal static class NearestName
{
    /// <returns>The name that was probably meant, or <see langword="null"/> where none is near.</returns>
    public static string? Find(string written, IEnumerable<string> known) =>
        Find(written, known, _ => Math.Max(2, written.Length / 3));

    /// <summary>For a name that may be somebody else's: no more than a slip of one letter counts, or of two in a longer name.</summary>
    public static string? FindSlip(string written, IEnumerable<string> known) =>
        Find(written, known, name => Math.Min(written.Length, name.Length) < 6 ? 1 : 2);

    private static string? Find(string written, IEnumerable<string> known, Func<string, int> most) => known
        .Select(name => (Name: name, Distance: Distance(written, name)))
        .Where(candidate => candidate.Distance <= most(candidate.Name))
        .OrderBy(candidate => candidate.Distance)
        .Select(candidate => candidate.Name)
        .FirstOrDefault();

    // A plural that was written as the singular is one slip, however many letters that takes.
    private static int Distance(string written, string name)
    {
        var (left, right) = (written.ToUpperInvariant(), name.ToUpperInvariant());
        var distance = LevenshteinDistance(left, right);
        return distance > 1 && SingularOf(left) == SingularOf(right) ? 1 : distance;
    }

    private static string SingularOf(string name) =>
        name.EndsWith("IES", StringComparison.Ordinal) ? name[..^3] + "Y" : name.EndsWith('S') ? name[..^1] : name;

    private static int LevenshteinDistance(string left, string right)
    {
        var row = Enumerable.Range(0, right.Length + 1).ToArray();
        for (var i = 1; i <= left.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= right.Length; j++)
            {
                var above = row[j];
                row[j] = Math.Min(Math.Min(row[j] + 1, row[j - 1] + 1), diagonal + (left[i - 1] == right[j - 1] ? 0 : 1));
                diagonal = above;
            }
        }

        return row[right.Length];
    }
}
