using System.Globalization;
using System.Text.Json;
using Api.Admin.AccountPages;
using Api.Data;

namespace Api.Admin.AuditPages;

/// <summary>Rows of the audit log in the words of people.</summary>
internal static class AuditWords
{
    private const int LongestValue = 60;

    public static ActivityView View(AuditRow row) => new(row.Id, row.At, row.Account, Sentence(row), row.Reason, row.Kind == AuditRow.RefusalKind);

    /// <returns>What was done or refused, without who and when: <c>changed account ada: active true → false</c>.</returns>
    public static string Sentence(AuditRow row)
    {
        if (row.Kind == AuditRow.RefusalKind)
        {
            var times = row.Count > 1 ? string.Create(CultureInfo.InvariantCulture, $", {row.Count} times") : "";
            return $"{row.Permission ?? row.Code} at {row.HttpMethod} {row.Path} ({row.Code}{times})";
        }

        var changes = Changes(row).ToArray();
        var name = Name(row);
        var what = $"{Verb(row.Action!)} {row.Model} {name}";
        return changes.Length is 0 or > 3 || row.OldValues is null || row.NewValues is null
            ? what
            : $"{what}: {string.Join(", ", changes.Select(change => $"{change.Field} {change.Before ?? "nothing"} → {change.After ?? "nothing"}"))}";
    }

    /// <returns>The fields that differ, before and after, as text; <see langword="null"/> where a side has no value.</returns>
    public static IEnumerable<(string Field, string? Before, string? After)> Changes(AuditRow row)
    {
        var before = Values(row.OldValues);
        var after = Values(row.NewValues);
        return before.Keys.Union(after.Keys, StringComparer.Ordinal)
            .Select(field => (Field: field, Before: Text(before, field), After: Text(after, field)))
            .Where(change => !string.Equals(change.Before, change.After, StringComparison.Ordinal));
    }

    /// <returns>A value of a row as a reader takes it in: text without quotes, lists with commas.</returns>
    public static string? Text(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.Undefined => null,
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Array => string.Join(", ", value.EnumerateArray().Select(Text)),
        _ => value.GetRawText(),
    };

    private static string Verb(string action) => action switch
    {
        "add" => "added",
        "change" => "changed",
        "delete" => "deleted",
        "add-member" => "put a member into",
        "remove-member" => "took a member out of",
        _ => action,
    };

    private static string? Name(AuditRow row)
    {
        var values = Values(row.NewValues ?? row.OldValues);
        foreach (var field in new[] { "name", "username", "title" })
        {
            if (Text(values, field) is { Length: > 0 } name)
            {
                return name.Length <= LongestValue ? name : name[..LongestValue] + "…";
            }
        }

        return row.RowId;
    }

    private static Dictionary<string, JsonElement> Values(string? json) =>
        json is null ? [] : JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(json) ?? [];

    private static string? Text(Dictionary<string, JsonElement> values, string field) => values.TryGetValue(field, out var value) ? Text(value) : null;
}
