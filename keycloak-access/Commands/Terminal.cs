using KeycloakAccess.Explanation;

namespace KeycloakAccess.Commands;

// Data goes to standard output and everything else to standard error, so that a pipe carries data alone. Names come from Keycloak and from
// documents, so what a terminal would interpret is replaced. No colours where NO_COLOR is set (https://no-color.org).
internal static class Terminal
{
    private const string Green = "32";
    private const string Red = "31";
    private const string Yellow = "33";
    private const string Bold = "1";

    private static readonly bool Coloured =
        !Console.IsOutputRedirected
        && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"))
        && Environment.GetEnvironmentVariable("TERM") is not "dumb";

    public static bool CanAsk => !Console.IsInputRedirected && !Console.IsErrorRedirected;

    public static void Write(string line)
    {
        var printable = AnswerFormatter.Printable(line);
        Console.Out.WriteLine(Coloured ? Colour(printable) : printable);
    }

    public static void WriteLines(string text) => text.ReplaceLineEndings("\n").Split('\n').ToList().ForEach(Write);

    /// <summary>Escapes what a terminal would interpret. Line breaks stand between values only.</summary>
    public static void WriteJson(string json) => Console.Out.WriteLine(string.Concat(json.EnumerateRunes().Select(character =>
        AnswerFormatter.IsPrintable(character) || character.Value is '\n' or '\r'
            ? character.ToString()
            : string.Concat(character.ToString().Select(unit => $"\\u{(int)unit:x4}")))));

    public static void Say(string line) => Console.Error.WriteLine(AnswerFormatter.Printable(line));

    public static void SayLines(string text) => text.ReplaceLineEndings("\n").Split('\n').ToList().ForEach(Say);

    /// <summary>Bytes as they are: a document is UTF-8 whatever the terminal's encoding.</summary>
    public static void Write(byte[] bytes)
    {
        using var output = Console.OpenStandardOutput();
        output.Write(bytes);
    }

    public static byte[] ReadInput()
    {
        using var input = Console.OpenStandardInput();
        using var bytes = new MemoryStream();
        input.CopyTo(bytes);
        return bytes.ToArray();
    }

    public static bool Ask(string question)
    {
        Console.Error.Write($"{AnswerFormatter.Printable(question)} [y/N] ");
        return Console.In.ReadLine()?.Trim() is "y" or "Y" or "yes";
    }

    private static string Colour(string line) => line.AsSpan().TrimStart() switch
    {
        ['+', ' ', ..] => $"\e[{Green}m{line}\e[0m",
        ['-', ' ', ..] => $"\e[{Red}m{line}\e[0m",
        ['~', ' ', ..] => $"\e[{Yellow}m{line}\e[0m",
        ['=', ' ', ..] => $"\e[{Bold}m{line}\e[0m",
        _ => line,
    };
}
