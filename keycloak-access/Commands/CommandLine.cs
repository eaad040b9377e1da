using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using System.Data.Common;
using KeycloakAccess.Data;
using KeycloakAccess.Hosting;

namespace KeycloakAccess.Commands;

/// <summary>
/// What the executable was started with. Without a verb it is the service, and every argument is the host's:
/// <c>--urls http://localhost:5001</c>, <c>--Keycloak:realm acme</c>. With a verb it does that and ends; arguments after
/// <c>--</c> are the host's then.
/// </summary>
public sealed class CommandLine
{
    private const string Separator = "--";

    private static readonly string[] Help = ["--help", "-h", "-?"];

    private readonly ParseResult? _verb;

    private CommandLine(ParseResult? verb, string[] hostArguments)
    {
        _verb = verb;
        HostArguments = hostArguments;
    }

    /// <summary>What the host's configuration gets.</summary>
    public string[] HostArguments { get; }

    /// <summary>Whether a verb was named, so that the service is not to be started.</summary>
    public bool HasVerb => _verb is not null;

    /// <summary>Whether nothing of the service is needed: help, a mistake, or a verb that only asks from outside.</summary>
    public bool StandsAlone =>
        _verb is not null && (_verb.Errors.Count > 0 || _verb.Action is HelpAction || _verb.CommandResult.Command is not Verb);

    /// <summary>Keeps the host's log out of what a verb writes, and stack traces out of a start that somebody can mend.</summary>
    public void Configure(WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        StartError.ReplaceHostLog(builder);
        if (HasVerb)
        {
            builder.Logging.ClearProviders();
        }
    }

    /// <summary>Reads the arguments of the executable.</summary>
    public static CommandLine Read(string[] args)
    {
        ArgumentNullException.ThrowIfNull(args);
        if (!IsVerb(args))
        {
            return new CommandLine(verb: null, args);
        }

        var separator = Array.IndexOf(args, Separator);
        var own = separator < 0 ? args : args[..separator];
        // Without @file: an argument means what it says.
        var line = Root().Parse(own, new ParserConfiguration { ResponseFileTokenReplacer = null });
        return new CommandLine(line, separator < 0 ? [] : args[(separator + 1)..]);
    }

    /// <summary>Does what stands alone.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> RunAsync()
    {
        if (_verb!.Errors.Count == 0 || _verb.Action is HelpAction)
        {
            return await _verb.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        }

        Explain(_verb).ToList().ForEach(Terminal.Say);
        return ExitCode.Invalid;
    }

    /// <summary>Does what the verb says, with the parts of the service.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> RunAsync(IServiceProvider services)
    {
        services.CheckSettings();
        try
        {
            await using var scope = services.CreateAsyncScope();
            return await ((Verb)_verb!.CommandResult.Command).RunAsync(scope.ServiceProvider, _verb, CancellationToken.None);
        }
        catch (Exception exception) when (exception is DatabaseException or DbException or IOException or UnauthorizedAccessException)
        {
            Terminal.SayLines($"error: {exception.Message}");
            return ExitCode.Failed;
        }
    }

    // The host takes --key, /key and key=value, and ignores anything else: a mistyped verb would start a server.
    private static bool IsVerb(string[] args) => args switch
    {
        [] => false,
        [var only] when Help.Contains(only, StringComparer.Ordinal) => true,
        [var first, ..] => !first.StartsWith('-') && !first.StartsWith('/') && !first.Contains('=', StringComparison.Ordinal),
    };

    private static RootCommand Root()
    {
        var root = new RootCommand("""
            An API behind your Keycloak. Without a verb, the service starts; every option is a setting of its configuration
            then, as in --urls http://localhost:5001 or --Keycloak:realm=acme.
            """)
        {
            AccessCommand.Create(),
            AccountsCommand.Create(),
            RevokeCommand.Create(),
            BreakGlassCommand.Create(),
            HealthCommand.Create(),
        };
        root.HelpName = "Api";
        // The framework's version is on the first line of the log; this program has none of its own.
        foreach (var version in root.Options.OfType<VersionOption>().ToArray())
        {
            root.Options.Remove(version);
        }

        root.SetAction(line => new HelpAction().Invoke(line));
        return root;
    }

    private static IEnumerable<string> Explain(ParseResult line)
    {
        var command = line.CommandResult.Command;
        var full = string.Join(' ', Path(line.CommandResult).Reverse());
        if (line.UnmatchedTokens is [var unknown, ..])
        {
            var isOption = unknown.StartsWith('-');
            var known = isOption
                ? command.Options.SelectMany(option => option.Aliases.Prepend(option.Name))
                : command.Subcommands.Select(verb => verb.Name);
            var kind = isOption ? "option" : command.Subcommands.Count > 0 ? "verb" : "argument";
            yield return $"error: {full} knows no {kind} {unknown}." +
                (NearestName.Find(unknown, known) is { } nearest ? $" Did you mean {nearest}?" : "");
        }
        else if (command.Subcommands.Count > 0)
        {
            yield return $"error: {full} needs a verb: {string.Join(", ", command.Subcommands.Select(verb => verb.Name))}.";
        }
        else
        {
            foreach (var error in line.Errors)
            {
                yield return $"error: {error.Message}";
            }
        }

        yield return $"{full} --help says what there is.";
    }

    private static IEnumerable<string> Path(CommandResult result)
    {
        for (SymbolResult? part = result; part is CommandResult command; part = part.Parent)
        {
            yield return command.Command is RootCommand ? "Api" : command.Command.Name;
        }
    }
}
