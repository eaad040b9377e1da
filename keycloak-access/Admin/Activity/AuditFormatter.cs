using System.Text.Json;
using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Data;

namespace KeycloakAccess.Admin.Activity;

internal static class AuditFormatter
{
    private const int LongestValue = 80;
    private const int MostItems = 3;

    public static ActivityView ToActivity(AuditRow row, AuditWords words) => new()
    {
        Id = row.Id,
        At = row.At,
        Account = row.Account,
        // Of one that has been deleted there is no page.
        AccountId = row.Account == AuditRedaction.Name ? null : row.AccountId,
        Method = row.Method,
        Text = Sentence(row, words),
        Reason = row.Reason,
        IsRefusal = row.Kind == AuditRow.DeniedRequestKind,
    };

    // Without who and when: changed account ada: enabled true → false.
    private static string Sentence(AuditRow row, AuditWords words)
    {
        if (row.Kind == AuditRow.DeniedRequestKind)
        {
            var times = row.Count > 1 ? $", {Plural.Of(row.Count, "time")}" : "";
            return $"{row.Permission ?? row.Code} at {row.HttpMethod} {row.Path} ({row.Code}{times})";
        }

        var changes = Changes(row).ToArray();
        var name = Name(row);
        var verb = row is { Action: "add-member", OldValues: not null } ? "changed until when a member is in" : Verb(row.Action!);
        var what = $"{verb} {row.Model?.Replace('-', ' ')} {name}";
        return changes.Length is 0 or > 3 || row.OldValues is null || row.NewValues is null
            ? what
            : $"{what}: {string.Join("; ", changes.Select(change => DescribeChange(row, change, words)))}";
    }

    // Of a list, only the items that were added and removed.
    private static string DescribeChange(AuditRow row, AuditFieldChange change, AuditWords words)
    {
        var label = LowerFirst(words.Label(row.Model, change.Field));
        var before = Items(Values(row.OldValues), change.Field);
        var after = Items(Values(row.NewValues), change.Field);
        if (before is null && after is null)
        {
            return $"{label} {Cut(words.Value(row.Model, change.Field, change.Before) ?? "nothing")} → "
                + Cut(words.Value(row.Model, change.Field, change.After) ?? "nothing");
        }

        string[] items =
        [
            .. (after ?? []).Except(before ?? [], StringComparer.Ordinal).Select(item => $"+ {item}"),
            .. (before ?? []).Except(after ?? [], StringComparer.Ordinal).Select(item => $"− {item}"),
        ];
        var more = items.Length > MostItems ? $" and {items.Length - MostItems} more" : "";
        return $"{label} {string.Join(", ", items.Take(MostItems))}{more}";
    }

    public static IEnumerable<AuditFieldChange> Changes(AuditRow row)
    {
        var before = Values(row.OldValues);
        var after = Values(row.NewValues);
        return before.Keys.Union(after.Keys, StringComparer.Ordinal)
            .Select(field => new AuditFieldChange(field, Text(before, field), Text(after, field)))
            .Where(change => !string.Equals(change.Before, change.After, StringComparison.Ordinal));
    }

    // For a page that does not show those fields either.
    public static AuditRow Without(AuditRow row, IReadOnlySet<string> fields)
    {
        return fields.Count == 0 ? row : row with { OldValues = Rest(row.OldValues), NewValues = Rest(row.NewValues) };

        string? Rest(string? json) => json is null
            ? null
            : JsonSerializer.Serialize(Values(json).Where(value => !fields.Contains(value.Key)).ToDictionary(StringComparer.Ordinal));
    }

    private static string? Text(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.Undefined => null,
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Array => string.Join(", ", value.EnumerateArray().Select(Text)),
        _ => value.GetRawText(),
    };

    /// <summary>How it came in. Who acts on the command line is somebody who is logged in to a machine, and no account.</summary>
    public static string Way(string method) => method switch
    {
        Actor.CommandLine => "command line of the host",
        Actor.Session => "these pages",
        Actor.Bearer => "API, with an access token",
        _ => method,
    };

    public static string Verb(string action) => action switch
    {
        "add" => "added",
        "change" => "changed",
        "delete" => "deleted",
        "end" => "ended",
        "end-sessions" => "ended the sessions of",
        "refresh-sessions" => "asked for a refresh of the sessions of",
        "queue-logout" => "could not be reached, and will be told of the end of",
        "send-logout" => "was told of the end of",
        "give-up-logout" => "could not be told of the end of",
        "add-member" => "added a member to",
        "remove-member" => "removed a member from",
        "issue-break-glass" => "issued a sign-in without Keycloak for",
        "use-break-glass" => "signed in without Keycloak as",
        "refuse-break-glass" => "was refused a sign-in without Keycloak as",
        "move" => "carried over",
        "merge" => "merged",
        _ => action,
    };

    // ISBN stays as it is.
    private static string LowerFirst(string label) =>
        label.Length > 1 && char.IsLower(label[1]) ? char.ToLowerInvariant(label[0]) + label[1..] : label;

    /// <summary>A mapping, as it reads: <c>client role acme-api / book-reader → book-readers</c>.</summary>
    private static string? Mapping(Dictionary<string, JsonElement> values) =>
        Text(values, "kind") is { } kind && Text(values, "name") is { } name && Text(values, "groupName") is { } group
            ? Cut($"{kind.Replace("keycloak", "Keycloak", StringComparison.Ordinal).Replace('-', ' ')} "
                + $"{(Text(values, "client") is { Length: > 0 } client ? client + " / " : "")}{name} → {group}")
            : null;

    public static string? Name(AuditRow row)
    {
        var values = Values(row.NewValues ?? row.OldValues);
        if (row.Model == "role-mapping" && Mapping(values) is { } mapping)
        {
            return mapping;
        }

        foreach (var field in new[] { "name", "username", "title" })
        {
            if (Text(values, field) is { Length: > 0 } name)
            {
                return Cut(name);
            }
        }

        // A change that does not touch the name has none in its values; for one's own account the log has it.
        return row.RowId is not null && row.RowId == row.AccountId?.ToString() ? row.Account : row.RowId;
    }

    private static string Cut(string text) => text.Length <= LongestValue ? text : ShortText.Cut(text, LongestValue) + "…";

    private static string[]? Items(Dictionary<string, JsonElement> values, string field) =>
        values.TryGetValue(field, out var value) && value.ValueKind == JsonValueKind.Array
            ? [.. value.EnumerateArray().Select(Text).OfType<string>()]
            : null;

    private static Dictionary<string, JsonElement> Values(string? json) =>
        json is null ? [] : JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(json) ?? [];

    private static string? Text(Dictionary<string, JsonElement> values, string field) =>
        values.TryGetValue(field, out var value) ? Text(value) : null;
}
