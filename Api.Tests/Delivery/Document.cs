using System.Text.RegularExpressions;

namespace Api.Tests.Delivery;

/// <summary>A Markdown file of this repository: where its links lead, and which headings it has.</summary>
internal sealed partial class Document
{
    private readonly string _prose;

    private Document(string path)
    {
        Path = path;
        Text = Repository.Read(path);
        _prose = Fence().Replace(Text, "");
    }

    /// <summary>From the root, with slashes.</summary>
    public string Path { get; }

    public string Text { get; }

    public static Document Readme { get; } = new("README.md");

    public static Document Configuration { get; } = new("docs/configuration.md");

    public static Document Keycloak { get; } = new("docs/keycloak.md");

    public static Document Access { get; } = new("docs/access.md");

    public static Document ForwardAuth { get; } = new("docs/forward-auth.md");

    public static Document Errors { get; } = new("docs/errors.md");

    public static Document CommandLine { get; } = new("docs/command-line.md");

    public static Document Contributing { get; } = new("CONTRIBUTING.md");

    public static Document ThreatModel { get; } = new("docs/threat-model.md");

    /// <summary>All of them.</summary>
    public static IReadOnlyList<Document> All { get; } =
    [
        .. Directory.EnumerateFiles(Repository.PathOf("docs"), "*.md", SearchOption.AllDirectories)
            .Select(file => System.IO.Path.GetRelativePath(Repository.Root, file).Replace('\\', '/'))
            .Order(StringComparer.Ordinal)
            .Append("README.md").Append("CONTRIBUTING.md").Append("SECURITY.md").Append("keycloak-realm/README.md")
            .Select(path => new Document(path)),
    ];

    /// <summary>Links and pictures that are not on another site, as they are written.</summary>
    public IEnumerable<string> Links() => Link().Matches(CodeSpan().Replace(_prose, "")).Concat(Source().Matches(_prose))
        .Select(match => match.Groups["target"].Value)
        .Where(target => !target.Contains("://", StringComparison.Ordinal));

    /// <summary>The anchors of its headings, as GitHub makes them.</summary>
    public IEnumerable<string> Anchors() => Heading().Matches(_prose)
        .Select(match => NoLetter().Replace(match.Groups["text"].Value.Trim().ToLowerInvariant(), "").Replace(' ', '-'))
        .GroupBy(anchor => anchor, StringComparer.Ordinal)
        .SelectMany(same => same.Select((anchor, number) => number == 0 ? anchor : $"{anchor}-{number}"));

    /// <returns>The path from the root that a link means, and its anchor; both may be empty.</returns>
    public (string Path, string Anchor) Resolve(string link)
    {
        var parts = link.Split('#', 2);
        var folder = System.IO.Path.GetDirectoryName(Path)!;
        var path = parts[0].Length == 0
            ? Path
            : System.IO.Path.GetRelativePath(Repository.Root, Repository.PathOf(folder, parts[0])).Replace('\\', '/');
        return (path, parts.Length > 1 ? parts[1] : "");
    }

    /// <returns>What stands under a heading, up to the next of its level.</returns>
    public string Section(string heading)
    {
        var level = heading[..(heading.IndexOf(' ', StringComparison.Ordinal) + 1)];
        return Text.Split($"\n{heading}\n")[1].Split($"\n{level}")[0];
    }

    [GeneratedRegex("^```.*?^```", RegexOptions.Singleline | RegexOptions.Multiline, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Fence();

    [GeneratedRegex("`[^`\n]*`", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex CodeSpan();

    [GeneratedRegex(@"\]\((?<target>[^)\s]+)\)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Link();

    [GeneratedRegex(@"\bsrc(set)?=""(?<target>[^""]+)""", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Source();

    [GeneratedRegex("^#+ (?<text>.*)$", RegexOptions.ExplicitCapture | RegexOptions.Multiline, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\p{L}\p{N}_ -]", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex NoLetter();
}
