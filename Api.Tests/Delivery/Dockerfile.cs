using System.Text.RegularExpressions;

namespace Api.Tests.Delivery;

/// <summary>The instructions of Api/Dockerfile, comments and continuation lines taken out.</summary>
internal sealed partial class Dockerfile
{
    public static readonly Dockerfile Instance = new(Repository.Read("Api", "Dockerfile"));

    private Dockerfile(string text)
    {
        var lines = text.Split('\n').Where(line => !line.StartsWith('#'));
        All = [.. string.Join('\n', lines).Replace("\\\n", " ", StringComparison.Ordinal)
            .Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(line => line.Split(' ', 2, StringSplitOptions.TrimEntries))
            .Select(parts => new Instruction(parts[0], parts[1]))];
        FinalStage = [.. All.Skip(All.ToList().FindLastIndex(instruction => instruction.Name == "FROM"))];
        Environment = FinalStage.Where(instruction => instruction.Name == "ENV")
            .SelectMany(instruction => Assignment().Matches(instruction.Arguments))
            .ToDictionary(match => match.Groups["name"].Value, match => match.Groups["value"].Value.Trim('"'), StringComparer.Ordinal);
    }

    public IReadOnlyList<Instruction> All { get; }

    /// <summary>The instructions that make the image: those from the last FROM on.</summary>
    public IReadOnlyList<Instruction> FinalStage { get; }

    /// <summary>What the image sets.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; }

    /// <summary>The arguments of the only such instruction of the final stage.</summary>
    public string Only(string name) => Assert.Single(FinalStage, instruction => instruction.Name == name).Arguments;

    [GeneratedRegex("""(?<name>\w+)=(?<value>"[^"]*"|\S+)""", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Assignment();

    internal sealed record Instruction(string Name, string Arguments);
}
