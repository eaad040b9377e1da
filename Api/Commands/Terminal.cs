namespace Api.Commands;

/// <summary>
/// Where a verb speaks: data goes to standard output, everything else to standard error, so that a pipe carries data alone.
/// Colours are for people: none where output is not a terminal, or where NO_COLOR is set (https://no-color.org).
/// </summary>
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

    /// <summary>Whether there is somebody to ask.</summary>
    public static bool CanAsk => !Console.IsInputRedirected && !Console.IsErrorRedirected;

    /// <summary>A line of data. One that tells of a change is coloured by its sign.</summary>
    public static void Write(string line) => Console.Out.WriteLine(Coloured ? Colour(Clean(line)) : Clean(line));

    /// <summary>A line for whoever watches.</summary>
    public static void Say(string line) => Console.Error.WriteLine(Clean(line));

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

    /// <returns>Whether the answer is yes. Anything else is no.</returns>
    public static bool Ask(string question)
    {
        Console.Error.Write($"{question} [y/N] ");
        return Console.In.ReadLine()?.Trim() is "y" or "Y" or "yes";
    }

    // Names come from Keycloak and from whoever wrote the document. What a terminal would obey is not let through.
    private static string Clean(string text) =>
        string.Concat(text.Select(character => char.IsControl(character) && character is not ('\n' or '\r') ? '\uFFFD' : character));

    private static string Colour(string line) => line.AsSpan().TrimStart() switch
    {
        ['+', ' ', ..] => $"\e[{Green}m{line}\e[0m",
        ['-', ' ', ..] => $"\e[{Red}m{line}\e[0m",
        ['~', ' ', ..] => $"\e[{Yellow}m{line}\e[0m",
        ['=', ' ', ..] => $"\e[{Bold}m{line}\e[0m",
        _ => line,
    };
}
