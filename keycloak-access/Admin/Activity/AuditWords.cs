using System.Text.RegularExpressions;
using KeycloakAccess.Admin.Rendering;
using KeycloakAccess.Data;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.Activity;

/// <summary>Reads how rows of the log are worded for a reader: labels for fields, and names for ids.</summary>
internal sealed class AuditWordsReader(ModelReferences references)
{
    public async Task<AuditWords> ReadAsync(IReadOnlyList<AuditRow> rows, PageContext page)
    {
        var names = new Dictionary<(string Model, string Field, string Id), string>();
        var labels = new Dictionary<(string Model, string Field), string>();
        foreach (var model in references.Models.Models)
        {
            var values = rows.Where(row => row.Model == model.Name)
                .SelectMany(AuditFormatter.Changes)
                .ToLookup(change => change.Field, StringComparer.Ordinal);
            foreach (var column in model.Columns)
            {
                labels[(model.Name, column.Json)] = column.Title;
                if (references.Models.TargetOf(column) is not { } target)
                {
                    continue;
                }

                var ids = values[column.Json].SelectMany(change => new[] { change.Before, change.After }).OfType<string>();
                foreach (var (id, title) in await references.TitlesAsync(
                    target, ids.Select(column.Type.Parse).OfType<object>(), page))
                {
                    names[(model.Name, column.Json, id)] = title;
                }
            }
        }

        return new AuditWords(labels, names, page.Caller.Rules);
    }
}

/// <summary>Labels for fields, and names for ids, as far as the reader may know them.</summary>
internal sealed partial class AuditWords(
    IReadOnlyDictionary<(string Model, string Field), string> labels,
    IReadOnlyDictionary<(string Model, string Field, string Id), string> names,
    AccessRules rules)
{
    // Besides an id, the log has the name of that time.
    private static readonly Dictionary<string, string> NameBesides = new(StringComparer.Ordinal)
    {
        ["groupId"] = "groupName",
        ["accountId"] = "username",
    };

    private static readonly Dictionary<string, string> Labels = new(StringComparer.Ordinal)
    {
        ["groupId"] = "Group",
        ["groupName"] = "Group",
        ["accountId"] = "Account",
        ["username"] = "Account",
        ["isDefault"] = "Default group",
        ["denied"] = "Denied permissions",
        ["description"] = "What for",
    };

    public string Label(string? model, string field) => labels.TryGetValue((model ?? "", field), out var title) ? title
        : Labels.TryGetValue(field, out var known) ? known
        : Sentence(Capital().Replace(field, match => " " + match.Value.ToLowerInvariant()));

    // Fields whose ids are not shown where they have no name.
    private HashSet<(string Model, string Field)> Hidden { get; init; } = [];

    public AuditWords Hiding(IEnumerable<(string Model, string Field)> fields) =>
        new(labels, names, rules) { Hidden = [.. fields] };

    public string? Value(string? model, string field, string? value) => value is null ? null
        : names.TryGetValue((model ?? "", field, value), out var name) ? name
        : Hidden.Contains((model ?? "", field)) ? "one that is gone, or not for you to see"
        : field == "groupId" && Guid.TryParse(value, out var id) && rules.FindGroup(id) is { } group ? group.Name
        : value;

    /// <summary>What has changed, as people read it.</summary>
    public IEnumerable<AuditFieldChange> Describe(AuditRow row)
    {
        AuditFieldChange[] changes = [.. AuditFormatter.Changes(row)];
        return changes
            .Where(change => !NameBesides.TryGetValue(change.Field, out var besides) || !changes.Any(other => other.Field == besides))
            .Select(change => new AuditFieldChange(
                Label(row.Model, change.Field),
                Value(row.Model, change.Field, change.Before),
                Value(row.Model, change.Field, change.After)));
    }

    private static string Sentence(string text) => text.Length == 0 ? text : char.ToUpperInvariant(text[0]) + text[1..];

    [GeneratedRegex("(?<=[a-z0-9])[A-Z]", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Capital();
}
