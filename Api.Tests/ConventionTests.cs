using System.Text.RegularExpressions;
using Api.Tests.Delivery;
using KeycloakAccess.Authentication;

namespace Api.Tests;

/// <summary>
/// The rules that a compiler does not hold: which module of the engine may depend on which, and what is public.
/// </summary>
public sealed partial class ConventionTests
{
    // Every module may use it.
    private const string ForAll = "Texts";

    // Module → the modules that it may depend on besides itself.
    private static readonly Dictionary<string, string[]> Modules = new(StringComparer.Ordinal)
    {
        [ForAll] = [],
        ["Hosting"] = [],
        ["Data"] = [],
        ["ProtectionKeys"] = ["Data", "Hosting"],
        ["Authentication"] = ["Data", "Hosting"],
        ["Cors"] = ["Authentication", "Hosting"],
        ["Permissions"] = ["Authentication", "Data", "Hosting"],
        ["Accounts"] = ["Permissions", "Authentication", "Data", "Hosting"],
        ["Groups"] = ["Permissions", "Data", "Hosting"],
        ["RoleMappings"] = ["Permissions", "Authentication", "Data", "Hosting"],
        ["Revocations"] = ["Permissions", "Authentication", "Data", "Hosting"],
        ["SharedSignals"] = ["Permissions", "Authentication", "Data", "Hosting"],
        ["Audit"] = ["Permissions", "Data", "Hosting"],
        ["Explanation"] = ["Permissions", "Authentication", "Data", "Hosting"],
        ["AuthZen"] = ["Explanation", "Permissions", "Hosting"],
        ["ForwardAuth"] = ["Permissions", "Authentication", "Hosting"],
        ["RulesDocument"] = ["Groups", "RoleMappings", "Explanation", "Permissions", "Authentication", "Data", "Hosting"],
        ["Models"] = ["Permissions", "Authentication", "Data", "Hosting"],
        ["OpenApi"] = ["Permissions", "Authentication", "Hosting"],
        ["Admin"] =
        [
            "Accounts", "Groups", "RoleMappings", "Revocations", "Explanation", "Audit", "Models", "Permissions", "Authentication", "Data",
            "Hosting",
        ],
        ["Commands"] = ["Accounts", "RulesDocument", "Revocations", "Explanation", "Permissions", "Authentication", "Data", "Hosting"],
    };

    // Folder of the staff pages → the folders of theirs that it may use besides itself. A folder of pages uses no other one: what
    // several show stands in a folder below them.
    private static readonly Dictionary<string, string[]> PageFolders = new(StringComparer.Ordinal)
    {
        ["Forms"] = [],
        ["Design"] = ["Forms"],
        ["Rendering"] = ["Design", "Forms"],
        ["Access"] = ["Rendering", "Design", "Forms"],
        ["Activity"] = ["Rendering", "Design", "Forms"],
        ["Sessions"] = ["Rendering", "Design", "Forms"],
        ["Bulk"] = ["Rendering", "Design", "Forms"],
        ["*Pages"] = ["Access", "Activity", "Bulk", "Sessions", "Rendering", "Design", "Forms"],
    };

    private static readonly string Source = Path.Combine(Repository.Root, "keycloak-access");

    [Fact]
    public void Modules_depend_only_on_the_modules_below_them()
    {
        var broken = new List<string>();
        foreach (var file in Files("*.cs").Concat(Files("*.razor")))
        {
            var module = Path.GetRelativePath(Source, file).Split(Path.DirectorySeparatorChar)[0];
            if (!Modules.TryGetValue(module, out var allowed))
            {
                // The few files at the top put the modules together.
                Assert.True(File.Exists(Path.Combine(Source, module)), $"The module {module} is not in the table of this test.");
                continue;
            }

            foreach (Match use in ModuleName().Matches(File.ReadAllText(file)))
            {
                var other = use.Groups["name"].Value;
                if (other != module && other != ForAll && Modules.ContainsKey(other) && !allowed.Contains(other))
                {
                    broken.Add($"{Path.GetRelativePath(Source, file)} depends on {other}");
                }
            }
        }

        Assert.Empty(broken);
    }

    [Fact]
    public void Folders_of_pages_use_only_the_folders_below_them()
    {
        var admin = Path.Combine(Source, "Admin");
        // Razor files name components without their namespace, so a use is the name of a type of another folder.
        var folders = typeof(KeycloakOptions).Assembly.GetTypes()
            .Where(type => !type.IsNested && type.Namespace?.StartsWith("KeycloakAccess.Admin.", StringComparison.Ordinal) is true)
            .GroupBy(type => type.Name.Split('`')[0], type => type.Namespace!.Split('.')[2], StringComparer.Ordinal)
            .ToDictionary(types => types.Key, types => types.ToHashSet(StringComparer.Ordinal), StringComparer.Ordinal);
        var broken = new List<string>();
        foreach (var file in Files("*.cs").Concat(Files("*.razor")).Where(file => file.StartsWith(admin, StringComparison.Ordinal)))
        {
            var folder = Path.GetFileName(Path.GetDirectoryName(file)!);
            if (folder == "Admin")
            {
                // The few files at the top put the folders together.
                continue;
            }

            Assert.True(
                PageFolders.TryGetValue(folder.EndsWith("Pages", StringComparison.Ordinal) ? "*Pages" : folder, out var allowed),
                $"The folder {folder} is not in the table of this test.");
            broken.AddRange(Word().Matches(File.ReadAllText(file))
                .Where(word => folders.TryGetValue(word.Value, out var places) && !places.Contains(folder) && !places.Overlaps(allowed))
                .Select(word => $"{Path.GetRelativePath(admin, file)} uses {word.Value} of {string.Join(", ", folders[word.Value])}")
                .Distinct(StringComparer.Ordinal));
        }

        Assert.Empty(broken);
    }

    [Fact]
    public void The_table_of_folders_of_pages_in_CONTRIBUTING_is_the_one_here()
    {
        var rows = Document.Contributing.Section("## Add a page").Split('\n')
            .Where(line => line.StartsWith("| `", StringComparison.Ordinal))
            .Select(line => line.Split('|', StringSplitOptions.TrimEntries))
            .ToDictionary(
                cells => cells[1].Trim('`').TrimEnd('/'),
                cells => cells[3].Split(',', StringSplitOptions.TrimEntries),
                StringComparer.Ordinal);

        Assert.Equal(PageFolders.Keys.Order(StringComparer.Ordinal), rows.Keys.Order(StringComparer.Ordinal));
        Assert.All(PageFolders, folder => Assert.Equal(
            folder.Value.Order(StringComparer.Ordinal), rows[folder.Key].Where(PageFolders.ContainsKey).Order(StringComparer.Ordinal)));
    }

    [Fact]
    public void The_table_of_modules_in_CONTRIBUTING_is_the_one_here()
    {
        var rows = Document.Contributing.Section("## The modules").Split('\n')
            .Where(line => line.StartsWith("| `", StringComparison.Ordinal))
            .Select(line => line.Split('|'))
            .SelectMany(cells => cells[1].Split('`', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
                .Select(module => (Module: module.TrimEnd('/'), Uses: cells[3].Split(',', StringSplitOptions.TrimEntries))))
            .Where(row => Modules.ContainsKey(row.Module))
            .ToDictionary(
                row => row.Module,
                row => row.Uses.Where(Modules.ContainsKey).Order(StringComparer.Ordinal),
                StringComparer.Ordinal);

        Assert.Equal(Modules.Keys.Order(StringComparer.Ordinal), rows.Keys.Order(StringComparer.Ordinal));
        Assert.All(Modules, module => Assert.Equal(module.Value.Order(StringComparer.Ordinal), rows[module.Key]));
    }

    [Fact]
    public void A_table_is_named_in_the_module_that_owns_it_or_where_features_meet()
    {
        Dictionary<string, string[]> owners = new(StringComparer.Ordinal)
        {
            ["accounts"] = ["Accounts", "Permissions", "Groups", "RulesDocument"],
            ["groups"] = ["Groups", "Permissions", "RoleMappings", "RulesDocument"],
            ["group_permissions"] = ["Groups", "Permissions", "RulesDocument"],
            ["group_members"] = ["Groups", "Permissions", "RulesDocument", "Accounts"],
            ["role_mappings"] = ["RoleMappings", "Permissions", "RulesDocument"],
            ["observed_roles"] = ["Permissions"],
            ["account_roles"] = ["Permissions", "Accounts"],
            ["ended_sessions"] = ["Authentication", "Accounts"],
            ["sessions"] = ["Authentication", "Accounts"],
            ["former_sessions"] = ["Authentication", "Accounts"],
            ["realm_logouts"] = ["Authentication", "Accounts"],
            ["logout_tokens"] = ["Authentication", "Accounts"],
            ["revocations"] = ["Revocations", "Authentication", "Accounts"],
            ["realm_keys"] = ["Authentication", "Accounts"],
            ["client_tokens"] = ["Authentication", "Accounts"],
            ["used_dpop_proofs"] = ["Authentication"],
            ["security_events"] = ["SharedSignals"],
            ["event_polls"] = ["SharedSignals"],
            ["break_glass_links"] = ["Accounts"],
            ["idempotency_keys"] = ["Permissions", "Accounts"],
            ["search_indexes"] = ["Data"],
            ["search_pending"] = ["Data"],
            ["request_counters"] = ["Data"],
            ["protection_keys"] = ["ProtectionKeys"],
            ["form_drafts"] = ["Admin", "Accounts"],
            ["deleted_accounts"] = ["Accounts", "Permissions"],
            ["merged_accounts"] = ["Accounts", "Audit"],
            ["audit_log"] = ["Data", "Audit"],
            ["audit_retention"] = ["Audit"],
        };
        foreach (var file in Files("*.cs"))
        {
            var path = Path.GetRelativePath(Source, file);
            var module = path.Split(Path.DirectorySeparatorChar)[0];
            foreach (Match use in Table().Matches(File.ReadAllText(file)))
            {
                if (owners.TryGetValue(use.Groups["name"].Value, out var allowed))
                {
                    Assert.True(allowed.Contains(module), $"{path} names the table {use.Groups["name"].Value}");
                }
            }
        }
    }

    [Fact]
    public void The_audit_log_is_read_as_far_as_somebody_may_read_it_and_not_past_that()
    {
        var readers = Files("*.cs").Concat(Files("*.razor"))
            .Where(file => File.ReadAllText(file).Contains("AuditStore", StringComparison.Ordinal))
            .Select(file => Path.GetRelativePath(Source, file).Replace('\\', '/'));

        Assert.Equal(["Audit/AuditEndpoints.cs", "Audit/AuditReader.cs", "Audit/AuditStore.cs"], readers.Order(StringComparer.Ordinal));
        // Where it is registered, and nothing more.
        Assert.Single(
            File.ReadLines(Path.Combine(Source, "Audit", "AuditEndpoints.cs")),
            line => line.Contains("AuditStore", StringComparison.Ordinal));
    }

    [Fact]
    public void Where_the_analyzer_of_the_public_surface_does_not_look_only_what_JSON_reads_and_writes_is_public()
    {
        var skipped = Repository.Read(".editorconfig").Split('\n')
            .Single(line => line.StartsWith("dotnet_public_api_analyzer.skip_namespaces", StringComparison.Ordinal))
            .Split('=')[1].Split(',', StringSplitOptions.TrimEntries);
        var types = typeof(KeycloakOptions).Assembly.GetExportedTypes().Where(type => skipped.Contains(type.Namespace)).ToArray();

        Assert.NotEmpty(types);
        // Components are public, and so is what they show.
        Assert.All(types.Where(type => type.Namespace != "KeycloakAccess.Admin"), type => Assert.True(
            type.Name.EndsWith("Options", StringComparison.Ordinal) || type.Name.EndsWith("Request", StringComparison.Ordinal)
                || type.Name.EndsWith("Response", StringComparison.Ordinal) || type.Name.StartsWith("Page`", StringComparison.Ordinal)
                || type.Name is "MeGroup" or "MeRoles" or "AccountChange",
            $"{type} is public"));
    }

    [Fact]
    public void A_time_zone_is_looked_up_in_the_one_place_that_knows_what_a_name_is()
    {
        // The system opens a file of that name, and names come from cookies and forms.
        foreach (var file in Files("*.cs").Concat(Files("*.razor")).Where(file => Path.GetFileName(file) != "ReaderZone.cs"))
        {
            Assert.False(
                File.ReadAllText(file).Contains("FindSystemTimeZoneById", StringComparison.Ordinal),
                $"{Path.GetRelativePath(Source, file)} looks up a time zone. ReaderZone.Named does that.");
        }
    }

    [Fact]
    public void What_is_written_takes_its_turn()
    {
        // Database.WriteAsync waits without holding a thread, and begins anew after a conflict. On SQLite others refuse to write.
        string[] others = ["OpenToWriteAsync", "BeginWriteAsync", "BeginTransaction", "NpgsqlDataSource", "new SqliteConnection("];
        // An index that is made while others write is made in no transaction.
        string[] data = ["Database.cs", "SqliteConnections.cs", "Migrator.cs", "SearchIndex.cs"];
        foreach (var file in Files("*.cs").Where(file => !data.Contains(Path.GetFileName(file), StringComparer.Ordinal)))
        {
            var text = File.ReadAllText(file);
            foreach (var word in others)
            {
                Assert.False(
                    text.Contains(word, StringComparison.Ordinal),
                    $"{Path.GetRelativePath(Source, file)} uses {word}. What writes goes through Database.WriteAsync.");
            }
        }
    }

    [Fact]
    public void Every_component_is_shown_on_the_page_that_shows_them_all()
    {
        var folder = Path.Combine(Source, "Admin", "Design");
        var files = Directory.GetFiles(folder, "*.razor");
        var page = Path.Combine(Source, "Admin", "DesignPages", "DesignPage.razor");
        var shown = string.Concat(files.Append(page).Select(File.ReadAllText));
        // A page that stands alone, and an answer to script, are no parts of a page.
        Assert.Equal(
            ["NameOptions", "Plain"],
            files.Select(file => Path.GetFileNameWithoutExtension(file))
                .Where(name => !shown.Contains($"<{name} ", StringComparison.Ordinal)
                    && !shown.Contains($"<{name}>", StringComparison.Ordinal))
                .Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Nothing_is_left_lying_about()
    {
        foreach (var file in Files("*.cs").Concat(Files("*.razor")))
        {
            var text = File.ReadAllText(file);
            foreach (var word in new[] { "TODO", "FIXME", "#region", "Thread.Sleep", "SELECT *", ".Result;", "async void" })
            {
                Assert.False(text.Contains(word, StringComparison.Ordinal), $"{Path.GetRelativePath(Source, file)} holds {word}");
            }
        }
    }

    private static IEnumerable<string> Files(string pattern) => Directory.EnumerateFiles(Source, pattern, SearchOption.AllDirectories)
        .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal)
            && !file.Contains($"{Path.DirectorySeparatorChar}bin{Path.DirectorySeparatorChar}", StringComparison.Ordinal));

    [GeneratedRegex(@"\bKeycloakAccess\.(?<name>\w+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ModuleName();

    [GeneratedRegex(@"\b[A-Z]\w+\b", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Word();

    [GeneratedRegex(@"\b(FROM|JOIN|INTO|UPDATE)\s+(?<name>\w+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Table();
}
