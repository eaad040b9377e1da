using System.CommandLine;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using KeycloakAccess.Data;
using KeycloakAccess.Explanation;
using KeycloakAccess.Permissions;
using KeycloakAccess.RulesDocument;

namespace KeycloakAccess.Commands;

internal static class AccessCommand
{
    private const string Input = "-";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static Command Create() => new("access", """
        The rules of access as a document: all groups, and the role mappings that lead into them. All but apply change nothing.

        Exit codes: 0 done, or nothing differs. 1 the database, a file or the configuration stands in the way. 2 the command
        line or the document is wrong. 3 the answer is no: diff has found differences, apply was not agreed to, explain
        explains a refusal, nobody can.
        """)
    {
        Export(),
        Diff(),
        Apply(),
        Schema(),
        AccessQuestionCommands.Explain(),
        AccessQuestionCommands.WhoCan(),
    };

    private static Verb Export()
    {
        var output = Output();
        var schema = new Option<string>("--schema")
        {
            Description = "Where the schema is, as seen from the document.",
            HelpName = "address",
            DefaultValueFactory = _ => AccessDocumentWriter.DefaultSchema,
        };
        return new Verb("export", "Write the rules of the database as a document.", async (services, line, cancellationToken) =>
        {
            var state = await ReadAsync(services, cancellationToken);
            var document = AccessDocumentWriter.Write(state.Document, line.GetRequiredValue(schema));
            await WriteAsync(document, line.GetValue(output), cancellationToken);
            return ExitCode.Done;
        }) { output, schema };
    }

    private static Verb Diff()
    {
        var file = Document();
        var json = JsonOutput();
        var accounts = new Option<bool>("--accounts") { Description = "Say too which accounts would gain and lose which permissions." };
        var limit = Limit();
        const string description = "Say what applying a document would change. Exit code 0: nothing, 3: something.";
        return new Verb("diff", description, async (services, line, cancellationToken) =>
        {
            if (await ReadAsync(line.GetRequiredValue(file), services, cancellationToken) is not { } document)
            {
                return ExitCode.Invalid;
            }

            var state = await ReadAsync(services, cancellationToken);
            var diff = state.DiffTo(document);
            var report = line.GetValue(accounts)
                ? await services.GetRequiredService<AccessImpact>()
                    .ComputeAsync(state.Rules, state.RulesOf(document), line.GetValue(limit), cancellationToken)
                : null;
            if (line.GetValue(json))
            {
                Write(diff, report);
            }
            else
            {
                AccessText.Lines(diff).Concat(report is null ? [] : AccessText.Lines(report)).ToList().ForEach(Terminal.Write);
            }

            Terminal.Say(diff.IsEmpty ? "Nothing differs." : $"{AccessText.Sentence(diff)}. Nothing has been changed.");
            return diff.IsEmpty ? ExitCode.Done : ExitCode.No;
        }) { file, accounts, limit, json };
    }

    private static Verb Apply()
    {
        var file = Document();
        var json = JsonOutput();
        var allowNoSuperuser = AllowNoSuperuser();
        var yes = new Option<bool>("--yes", "-y") { Description = "Do not ask. Needed where nobody can be asked." };
        const string description = "Make the rules of the database what a document says, all or nothing.";
        return new Verb("apply", description, async (services, line, cancellationToken) =>
        {
            var name = line.GetRequiredValue(file);
            if (!line.GetValue(yes) && (!Terminal.CanAsk || string.Equals(name, Input, StringComparison.Ordinal)))
            {
                Terminal.Say("error: Nobody can be asked here whether to apply the document. Look at it with access diff, and add --yes.");
                return ExitCode.Invalid;
            }

            if (await ReadAsync(name, services, cancellationToken) is not { } document)
            {
                return ExitCode.Invalid;
            }

            var state = await ReadAsync(services, cancellationToken);
            long? agreed = null;
            if (!line.GetValue(yes))
            {
                var planned = state.DiffTo(document);
                if (planned.IsEmpty)
                {
                    Terminal.Say("Nothing differs.");
                    return ExitCode.Done;
                }

                AccessText.Lines(planned).ToList().ForEach(line.GetValue(json) ? Terminal.Say : Terminal.Write);
                if (!Terminal.Ask($"{AccessText.Sentence(planned)}. Apply this to {services.GetRequiredService<Database>().Place}?"))
                {
                    Terminal.Say("Nothing has been changed.");
                    return ExitCode.No;
                }

                agreed = state.Version;
            }

            var store = services.GetRequiredService<AccessStore>();
            var outcome = await store.ApplyAsync(document, Host.Actor(), line.GetValue(allowNoSuperuser), agreed, cancellationToken);
            if (outcome.Failure is ChangeFailure.LastSuperuser)
            {
                Terminal.Say($"error: {ChangeFailure.LastSuperuser.Detail}");
                return ExitCode.No;
            }

            if (outcome is not { Value: { } applied })
            {
                Terminal.Say(
                    "error: Somebody else has changed the rules meanwhile. Nothing has been changed; look at the difference again.");
                return ExitCode.Failed;
            }

            if (line.GetValue(json))
            {
                Write(applied, report: null);
            }
            else if (agreed is null)
            {
                AccessText.Lines(applied).ToList().ForEach(Terminal.Write);
            }

            Terminal.Say(applied.IsEmpty ? "Nothing differs." : $"Applied: {applied}.");
            return ExitCode.Done;
        }) { file, yes, allowNoSuperuser, json };
    }

    private static Verb Schema()
    {
        var output = Output();
        const string description = "Write the JSON Schema of the document, with the permissions of this program's models.";
        return new Verb("schema", description, async (services, line, cancellationToken) =>
        {
            var schema = AccessDocumentSchema.Write(services.GetRequiredService<PermissionCatalogue>());
            await WriteAsync(schema, line.GetValue(output), cancellationToken);
            return ExitCode.Done;
        }) { output };
    }

    private static Argument<string> Document() => new("file") { Description = "The document. - is standard input.", HelpName = "file" };

    public static Option<bool> AllowNoSuperuser() => new("--allow-no-superuser")
    {
        Description = "Do it although nobody who is known would be left who holds everything (*:*).",
    };

    public static Option<bool> JsonOutput() => new("--json") { Description = "Write JSON, for programs." };

    public static Option<int> Limit() => new("--limit")
    {
        Description = "How many accounts to name.",
        HelpName = "number",
        DefaultValueFactory = _ => 100,
        CustomParser = result =>
        {
            if (!int.TryParse(result.Tokens[0].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number < 1)
            {
                result.AddError($"--limit is {result.Tokens[0].Value}. It must be a number from 1 on.");
            }

            return number;
        },
    };

    private static Option<string?> Output() =>
        new("--output", "-o") { Description = "Write to this file instead of standard output.", HelpName = "file" };

    private static async Task<AccessState> ReadAsync(IServiceProvider services, CancellationToken cancellationToken)
    {
        await services.GetRequiredService<SchemaCheck>().RunAsync(cancellationToken);
        return await services.GetRequiredService<AccessStore>().ReadAsync(cancellationToken);
    }

    private static async Task<AccessDocument?> ReadAsync(string file, IServiceProvider services, CancellationToken cancellationToken)
    {
        var isInput = string.Equals(file, Input, StringComparison.Ordinal);
        var utf8 = isInput ? Terminal.ReadInput() : await File.ReadAllBytesAsync(file, cancellationToken);
        var document = AccessDocumentReader.Read(utf8, services.GetRequiredService<PermissionCatalogue>(), out var mistakes);
        foreach (var mistake in mistakes)
        {
            Terminal.Say(mistake.Locate(isInput ? "standard input" : file));
        }

        return document;
    }

    private static async Task WriteAsync(byte[] text, string? file, CancellationToken cancellationToken)
    {
        if (file is null)
        {
            Terminal.Write(text);
            return;
        }

        await File.WriteAllBytesAsync(file, text, cancellationToken);
        // The whole path: a relative one starts in Api/ under dotnet run.
        Terminal.Say($"Written to {Path.GetFullPath(file)}");
    }

    private static void Write(AccessDiff diff, ImpactReport? report) =>
        Terminal.WriteJson(JsonSerializer.Serialize(AccessText.Json(diff, report), Json));
}
