using System.Reflection;
using System.Text.RegularExpressions;
using Api.Keycloak;
using Api.Tests.Delivery;

namespace Api.Tests;

/// <summary>
/// The rules of the house that a compiler does not hold: which room may know which, and what is public. One assembly has
/// no walls of its own.
/// </summary>
public sealed partial class ConventionTests
{
    // Room → the rooms that it may know besides itself.
    private static readonly Dictionary<string, string[]> Rooms = new(StringComparer.Ordinal)
    {
        ["Data"] = [],
        ["Hosting"] = [],
        ["Keycloak"] = ["Data", "Hosting"],
        ["Permissions"] = ["Keycloak", "Data", "Hosting"],
        ["Accounts"] = ["Permissions", "Keycloak", "Data", "Hosting"],
        ["Groups"] = ["Permissions", "Data", "Hosting"],
        ["RoleMappings"] = ["Permissions", "Keycloak", "Data", "Hosting"],
        ["Audit"] = ["Permissions", "Data", "Hosting"],
        // The one room that looks at all rules at once; the features look after single rows.
        ["Access"] = ["Permissions", "Keycloak", "Data", "Hosting"],
        ["Models"] = ["Permissions", "Data", "Hosting"],
        ["Reference"] = ["Permissions", "Keycloak"],
        ["Admin"] = ["Accounts", "Groups", "RoleMappings", "Access", "Audit", "Models", "Permissions", "Keycloak", "Data", "Hosting"],
        ["Commands"] = ["Access", "Permissions", "Keycloak", "Data", "Hosting"],
        ["Development"] = ["Reference", "Keycloak"],
    };

    private static readonly string Source = Path.Combine(Repository.Root, "Api");

    [Fact]
    public void Rooms_know_only_the_rooms_below_them()
    {
        var broken = new List<string>();
        foreach (var file in Files("*.cs").Concat(Files("*.razor")))
        {
            var room = Path.GetRelativePath(Source, file).Split(Path.DirectorySeparatorChar)[0];
            if (!Rooms.TryGetValue(room, out var allowed))
            {
                // The few files at the top put the rooms together.
                Assert.True(File.Exists(Path.Combine(Source, room)), $"The room {room} is not in the table of this test.");
                continue;
            }

            foreach (Match use in Room().Matches(File.ReadAllText(file)))
            {
                var other = use.Groups["name"].Value;
                if (other != room && Rooms.ContainsKey(other) && !allowed.Contains(other))
                {
                    broken.Add($"{Path.GetRelativePath(Source, file)} knows {other}");
                }
            }
        }

        Assert.Empty(broken);
    }

    [Fact]
    public void The_table_of_rooms_in_CONTRIBUTING_is_the_one_here()
    {
        var rows = Document.Contributing.Section("## The rooms").Split('\n')
            .Where(line => line.StartsWith("| `", StringComparison.Ordinal))
            .Select(line => line.Split('|'))
            .SelectMany(cells => cells[1].Split('`', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
                .Select(room => (Room: room.TrimEnd('/'), Uses: cells[3].Split(',', StringSplitOptions.TrimEntries))))
            .Where(row => Rooms.ContainsKey(row.Room))
            .ToDictionary(row => row.Room, row => row.Uses.Where(Rooms.ContainsKey).Order(StringComparer.Ordinal), StringComparer.Ordinal);

        Assert.Equal(Rooms.Keys.Order(StringComparer.Ordinal), rows.Keys.Order(StringComparer.Ordinal));
        Assert.All(Rooms, room => Assert.Equal(room.Value.Order(StringComparer.Ordinal), rows[room.Key]));
    }

    [Fact]
    public void A_table_is_named_in_the_room_that_owns_it_or_where_features_meet()
    {
        Dictionary<string, string[]> owners = new(StringComparer.Ordinal)
        {
            ["books"] = ["Models"],
            ["authors"] = ["Models"],
            ["accounts"] = ["Accounts", "Permissions", "Groups", "Access"],
            ["groups"] = ["Groups", "Permissions", "RoleMappings", "Access"],
            ["group_permissions"] = ["Groups", "Permissions", "Access"],
            ["group_members"] = ["Groups", "Permissions", "Access"],
            ["role_mappings"] = ["RoleMappings", "Permissions", "Access"],
            ["seen_roles"] = ["Permissions"],
            ["account_roles"] = ["Permissions"],
            ["ended_sessions"] = ["Keycloak"],
            ["sessions"] = ["Keycloak"],
            ["realm_keys"] = ["Keycloak"],
            ["client_tokens"] = ["Keycloak"],
            ["account_words"] = ["Accounts", "Permissions"],
            ["activity"] = ["Data"],
            ["form_drafts"] = ["Admin"],
            ["audit_log"] = ["Data", "Audit"],
            ["audit_retention"] = ["Audit"],
        };
        foreach (var file in Files("*.cs"))
        {
            var room = Path.GetRelativePath(Source, file).Split(Path.DirectorySeparatorChar)[0];
            // Made-up data goes into every table, past everything that looks after one; the command is for development alone.
            if (Path.GetDirectoryName(file) == Path.Combine(Source, "Commands", "Seeding"))
            {
                continue;
            }

            foreach (Match use in Table().Matches(File.ReadAllText(file)))
            {
                if (owners.TryGetValue(use.Groups["name"].Value, out var allowed))
                {
                    Assert.True(allowed.Contains(room), $"{Path.GetRelativePath(Source, file)} names the table {use.Groups["name"].Value}");
                }
            }
        }
    }

    [Fact]
    public void Only_options_requests_responses_and_what_pages_show_are_public()
    {
        string[] others = ["Program", "_Imports", "SslRequired", "MeGroup", "MeRoles", "AccountChange"];
        var surprising = typeof(KeycloakOptions).Assembly.GetExportedTypes()
            .Where(type => !typeof(Microsoft.AspNetCore.Components.IComponent).IsAssignableFrom(type))
            .Where(type => !others.Contains(type.Name))
            // Components are public, and so is what they show.
            .Where(type => type.Namespace?.StartsWith("Api.Admin", StringComparison.Ordinal) is not true)
            // The records of declared models are requests and responses in one; each model has a folder of its own.
            .Where(type => type.Namespace?.StartsWith("Api.Models.", StringComparison.Ordinal) is not true)
            .Where(type => !type.Name.EndsWith("Options", StringComparison.Ordinal)
                && !type.Name.EndsWith("Request", StringComparison.Ordinal)
                && !type.Name.EndsWith("Response", StringComparison.Ordinal)
                && !type.Name.StartsWith("Page`", StringComparison.Ordinal))
            // The compiler's own.
            .Where(type => type.Namespace?.StartsWith("Api", StringComparison.Ordinal) is true or null && type.GetCustomAttribute<System.Runtime.CompilerServices.CompilerGeneratedAttribute>() is null);

        Assert.Empty(surprising);
    }

    [Fact]
    public void A_time_zone_is_looked_up_in_the_one_place_that_knows_what_a_name_is()
    {
        // The system opens a file of that name, and names come from cookies and forms.
        foreach (var file in Files("*.cs").Concat(Files("*.razor")).Where(file => Path.GetFileName(file) != "ReaderZone.cs"))
        {
            Assert.False(File.ReadAllText(file).Contains("FindSystemTimeZoneById", StringComparison.Ordinal), $"{Path.GetRelativePath(Source, file)} looks up a time zone. ReaderZone.Named does that.");
        }
    }

    [Fact]
    public void Every_component_is_shown_on_the_page_that_shows_them_all()
    {
        var folder = Path.Combine(Source, "Admin", "Design");
        var shown = string.Concat(Directory.GetFiles(folder, "*.razor").Append(Path.Combine(Source, "Admin", "DesignPages", "DesignPage.razor")).Select(File.ReadAllText));
        // A page that stands alone, and an answer to script, are no parts of a page.
        Assert.Equal(
            ["NameOptions", "Plain"],
            Directory.GetFiles(folder, "*.razor").Select(file => Path.GetFileNameWithoutExtension(file)).Where(name => !shown.Contains($"<{name} ", StringComparison.Ordinal) && !shown.Contains($"<{name}>", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
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

    [GeneratedRegex(@"\bApi\.(?<name>\w+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Room();

    [GeneratedRegex(@"\b(FROM|JOIN|INTO|UPDATE)\s+(?<name>\w+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Table();
}
