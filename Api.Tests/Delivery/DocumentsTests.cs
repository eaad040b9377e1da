using System.CommandLine;
using System.CommandLine.Help;
using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using Api.Development;
using KeycloakAccess;
using KeycloakAccess.Authentication;
using KeycloakAccess.Commands;
using KeycloakAccess.Hosting;
using KeycloakAccess.Permissions;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Seeding;

namespace Api.Tests.Delivery;

/// <summary>The documents lead to one another, and name all that there is.</summary>
public sealed partial class DocumentsTests
{
    [Fact]
    public void Every_link_leads_to_a_file_and_a_heading_that_are_there()
    {
        var anchors = Document.All.ToDictionary(
            document => document.Path, document => document.Anchors().ToArray(), StringComparer.Ordinal);
        var broken = new List<string>();
        foreach (var document in Document.All)
        {
            foreach (var link in document.Links())
            {
                var (path, anchor) = document.Resolve(link);
                if (!Path.Exists(Repository.PathOf(path))
                    || (anchor.Length > 0 && !(anchors.GetValueOrDefault(path) ?? []).Contains(anchor)))
                {
                    broken.Add($"{document.Path}: {link}");
                }
            }
        }

        Assert.Empty(broken);
    }

    [Fact]
    public void Every_document_and_picture_is_found_from_the_README()
    {
        var found = new HashSet<string>(StringComparer.Ordinal) { Document.Readme.Path };
        var open = new Queue<Document>([Document.Readme]);
        while (open.TryDequeue(out var document))
        {
            foreach (var (path, _) in document.Links().Select(document.Resolve))
            {
                // A link to a folder shows what is in it.
                var reached = Directory.Exists(Repository.PathOf(path))
                    ? Document.All.Where(other => other.Path.StartsWith(path + "/", StringComparison.Ordinal)).Select(other => other.Path)
                    : [path];
                foreach (var each in reached.Where(found.Add))
                {
                    Document.All.Where(other => other.Path == each).ToList().ForEach(open.Enqueue);
                }
            }
        }

        var pictures = Directory.GetFiles(Repository.PathOf("docs", "pages")).Select(file => $"docs/pages/{Path.GetFileName(file)}");
        Assert.Empty(Document.All.Select(document => document.Path).Concat(pictures).Except(found, StringComparer.Ordinal));
    }

    [Fact]
    public void The_table_of_errors_is_that_of_the_code()
    {
        var known = Constants<string>(typeof(ProblemCode)).Order(StringComparer.Ordinal);

        Assert.Equal(
            known,
            ErrorRow()
                .Matches(Document.Errors.Text)
                .SelectMany(row => Code().Matches(row.Groups["codes"].Value))
                .Select(match => match.Groups["code"].Value)
                .Order(StringComparer.Ordinal),
            StringComparer.Ordinal);
    }

    [Fact]
    public void No_problem_has_a_code_that_the_list_of_codes_lacks()
    {
        var known = Constants<string>(typeof(ProblemCode));
        var unused = typeof(ProblemCode).GetFields(BindingFlags.Public | BindingFlags.Static)
            .Select(field => $"ProblemCode.{field.Name}")
            .ToHashSet();
        var written = 0;
        foreach (var file in Directory.EnumerateFiles(Repository.PathOf("keycloak-access"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !IsBuilt(file)))
        {
            var text = File.ReadAllText(file);
            unused.RemoveWhere(code => Regex.IsMatch(text, $@"\b{Regex.Escape(code)}\b", RegexOptions.None, TimeSpan.FromSeconds(1)));
            foreach (Match call in ProblemCall().Matches(text))
            {
                written++;
                var code = call.Groups["code"].Value;
                Assert.True(
                    code.StartsWith("ProblemCode.", StringComparison.Ordinal) || known.Contains(code.Trim('"'), StringComparer.Ordinal)
                    // These two hand on what a list of their own says.
                    || code is "code" or "Code(decision.Reason)",
                    $"{Path.GetRelativePath(Repository.Root, file)}: {code} is not in ProblemCode.");
            }
        }

        // The pattern finds calls at all, and there is no code that nothing answers with.
        Assert.NotEqual(0, written);
        Assert.Empty(unused);
    }

    [Fact]
    public void The_reasons_of_decisions_are_named_where_access_is_explained() =>
        Assert.All(
            Enum.GetValues<DecisionReason>(),
            reason => Assert.Contains($"`{Refusals.Code(reason)}`", Document.Access.Text, StringComparison.Ordinal));

    [Fact]
    public void Every_test_that_the_threat_model_names_is_there()
    {
        var tests = typeof(DocumentsTests).Assembly.GetTypes()
            .SelectMany(type => type.GetMethods())
            .Where(method => method.GetCustomAttributes<FactAttribute>().Any())
            .Select(method => method.Name)
            .ToHashSet(StringComparer.Ordinal);
        var named = TestName().Matches(Document.ThreatModel.Text).Select(match => match.Groups["test"].Value).ToArray();

        Assert.True(named.Length > 60, $"{named.Length}");
        Assert.All(named, name => Assert.Contains(name, tests));
    }

    [Fact]
    public void The_table_of_settings_names_every_option()
    {
        var options = typeof(KeycloakOptions).Assembly.GetExportedTypes()
            .Where(type => type != typeof(KeycloakOptions))
            .Select(type => (Type: type, Section: type.GetField("Section")?.GetRawConstantValue() as string))
            .Where(options => options.Section is not null)
            .ToList();

        Assert.True(options.Count > 3);
        Assert.All(
            options.SelectMany(each => each.Type.GetProperties().Select(property => $"{each.Section}:{property.Name}")),
            key => Assert.Contains($"| `{key}", Document.Configuration.Text, StringComparison.Ordinal));
    }

    [Fact]
    public void The_table_of_settings_names_every_key_that_is_read_and_no_other()
    {
        var builder = WebApplication.CreateBuilder();
        builder.AddKeycloakAccess();
        builder.Services.AddSettings<DevelopmentRealmSettings>("EmbeddedRealm");
        var read = builder.Services.Select(service => service.ImplementationInstance).OfType<SettingsSection>()
            .Where(section => section.Name != KeycloakOptions.Section)
            .SelectMany(section => section.Keys.Select(key => $"{section.Name}:{key.Replace('*', '0')}".TrimEnd(':')));
        var documented = Setting().Matches(Document.Configuration.Text)
            .Select(row => row.Groups["key"].Value)
            .Where(key => !key.StartsWith("Keycloak:", StringComparison.Ordinal));

        Assert.Equal(read.Order(StringComparer.Ordinal), documented.Order(StringComparer.Ordinal), StringComparer.Ordinal);
    }

    [Fact]
    public void The_table_of_settings_names_every_key_of_section_Keycloak_and_no_other()
    {
        var documented = Setting().Matches(Document.Configuration.Text)
            .Select(row => row.Groups["key"].Value)
            .Where(key => key.StartsWith("Keycloak:", StringComparison.Ordinal))
            .Select(key => key.Replace(":0", "", StringComparison.Ordinal)["Keycloak:".Length..])
            .ToArray();

        string[] known =
        [
            .. KnownBeside("Keycloak:unknown").Where(key => key != "sign-in"),
            .. KnownBeside("Keycloak:sign-in:unknown").Where(key => key != "credentials").Select(key => $"sign-in:{key}"),
            .. KnownBeside("Keycloak:sign-in:credentials:unknown").Select(key => $"sign-in:credentials:{key}"),
        ];
        Assert.Equal(known.Order(StringComparer.Ordinal), documented.Order(StringComparer.Ordinal), StringComparer.Ordinal);
    }

    [Fact]
    public void The_table_of_verbs_names_every_verb_and_option()
    {
        var rows = Document.CommandLine.Text.Split('\n').Where(line => line.StartsWith("| `", StringComparison.Ordinal)).ToList();
        foreach (var (path, verb) in Verbs(AccessCommand.Create(), "").Concat(Verbs(HealthCommand.Create(), "")))
        {
            var row = Assert.Single(
                rows,
                row => row.StartsWith($"| `{path}`", StringComparison.Ordinal) || row.StartsWith($"| `{path} ", StringComparison.Ordinal));
            Assert.All(verb.Options, option => Assert.Contains(option.Name, row, StringComparison.Ordinal));
        }
    }

    [Fact]
    public void The_section_on_made_up_data_names_every_option() => Assert.All(
        SeedCommand.Create().Options.Where(option => option is not (HelpOption or VersionOption)),
        option => Assert.Contains($"`{option.Name}`", Document.Contributing.Section("## Made-up data"), StringComparison.Ordinal));

    [Fact]
    public void The_table_of_exit_codes_is_that_of_the_code() => Assert.Equal(
        Constants<int>(typeof(ExitCode)).Order(),
        ExitCodeRow().Matches(Document.CommandLine.Text).Select(row => int.Parse(row.Groups["code"].Value, CultureInfo.InvariantCulture)));

    // The reader says what it knows where it refuses a key.
    private static string[] KnownBeside(string unknown)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([KeyValuePair.Create(unknown, (string?)"x")]).Build();
        var refused = Assert.Throws<KeycloakConfigurationException>(
            () => new KeycloakOptionsReader(configuration).Configure(new KeycloakOptions()));
        return refused.Message[(refused.Message.IndexOf("Known here: ", StringComparison.Ordinal) + "Known here: ".Length)..]
            .TrimEnd('.').Split(", ");
    }

    private static IEnumerable<(string Path, Command Verb)> Verbs(Command command, string above)
    {
        var path = $"{above} {command.Name}".Trim();
        return command.Subcommands.Count == 0 ? [(path, command)] : command.Subcommands.SelectMany(verb => Verbs(verb, path));
    }

    private static T[] Constants<T>(Type type) =>
        [.. type.GetFields(BindingFlags.Public | BindingFlags.Static)
            .Where(field => field.IsLiteral)
            .Select(field => (T)field.GetRawConstantValue()!)];

    private static bool IsBuilt(string file) =>
        Path.GetRelativePath(Repository.Root, file).Split(Path.DirectorySeparatorChar)[1] is "obj" or "bin";

    [GeneratedRegex(
        @"^\| (\d{3}|4xx)[^|]*\|(?<codes>[^|]*)\|", RegexOptions.ExplicitCapture | RegexOptions.Multiline, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ErrorRow();

    [GeneratedRegex(
        @"^\| `(?<key>[A-Za-z][\w:-]*)`", RegexOptions.ExplicitCapture | RegexOptions.Multiline, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Setting();

    [GeneratedRegex("`(?<code>[a-z_]+)`", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Code();

    [GeneratedRegex(
        @"Problem\.Create\(\s*StatusCodes\.\w+,\s*(?<code>[^,\s]+),", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ProblemCall();

    [GeneratedRegex("`(?<test>[A-Z][A-Za-z0-9]*_[A-Za-z0-9_]+)`", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex TestName();

    [GeneratedRegex(@"^\| (?<code>\d) \|", RegexOptions.ExplicitCapture | RegexOptions.Multiline, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ExitCodeRow();
}
