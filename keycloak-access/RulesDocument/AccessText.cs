using System.Text.Json.Nodes;
using KeycloakAccess.Explanation;

namespace KeycloakAccess.RulesDocument;

/// <summary><c>+</c> for what is added, <c>-</c> for what is removed, <c>~</c> for what changes.</summary>
internal static class AccessText
{
    public static IEnumerable<string> Lines(AccessDiff diff)
    {
        foreach (var group in diff.Groups)
        {
            var sign = group.Kind switch
            {
                GroupDifferenceKind.Added => '+',
                GroupDifferenceKind.Removed => '-',
                _ => '~',
            };
            yield return $"{sign} group {group.Name}{Note(group)}";
            foreach (var line in Details(group))
            {
                yield return "    " + line;
            }
        }
    }

    public static IEnumerable<string> Lines(ImpactReport report)
    {
        yield return "";
        yield return report.Affected == 0
            ? $"No account gains or loses anything, of {report.Total}."
            : $"{report.Affected} of {report.Total} accounts: {report.Gaining} gain, {report.Losing} lose.";
        foreach (var account in report.Accounts)
        {
            yield return $"~ {account.Username} ({SubjectTypes.Write(account.Kind)}, {account.AccountId})";
            foreach (var permission in account.Gains)
            {
                yield return $"    + {permission}";
            }

            foreach (var permission in account.Loses)
            {
                yield return $"    - {permission}";
            }
        }

        if (report.IsTruncated)
        {
            yield return $"… and {report.Affected - report.Accounts.Count} more. --limit names more of them.";
        }

        if (report.RolesUnknown > 0)
        {
            yield return $"{report.RolesUnknown} have shown no token with roles yet: their roles are not considered.";
        }
    }

    public static JsonObject Json(AccessDiff diff, ImpactReport? report)
    {
        var json = new JsonObject { ["differs"] = !diff.IsEmpty, ["groups"] = new JsonArray([.. diff.Groups.Select(Json)]) };
        if (report is not null)
        {
            json["accounts"] = System.Text.Json.JsonSerializer.SerializeToNode(
                AccessPreviewEndpoint.ToResponse(report), System.Text.Json.JsonSerializerOptions.Web);
        }

        return json;
    }

    public static string Sentence(AccessDiff diff) => char.ToUpperInvariant(diff.ToString()[0]) + diff.ToString()[1..];

    private static string Note(GroupDifference group) => group switch
    {
        { Kind: GroupDifferenceKind.Removed, DirectMembers: 1 } => " (1 member directly loses it)",
        { Kind: GroupDifferenceKind.Removed, DirectMembers: > 0 } => $" ({group.DirectMembers} direct members lose it)",
        { Gains: true, DirectMembers: 1 } => " (1 member directly gains by it)",
        { Gains: true, DirectMembers: > 0 } => $" ({group.DirectMembers} direct members gain by it)",
        _ => "",
    };

    private static IEnumerable<string> Details(GroupDifference group)
    {
        if (group.ChangesDescription && group.Kind != GroupDifferenceKind.Removed)
        {
            yield return $"{(group.Kind == GroupDifferenceKind.Added ? '+' : '~')} description {Quote(group.After!.Description)}";
        }

        if (group.ChangesIsDefault)
        {
            yield return $"{(group.After?.IsDefault is true ? '+' : '-')} for everybody";
        }

        foreach (var line in group.AddedPermissions.Select(permission => $"+ {permission}")
            .Concat(group.RemovedPermissions.Select(permission => $"- {permission}"))
            .Concat(group.AddedDenials.Select(permission => $"+ denied {permission}"))
            .Concat(group.RemovedDenials.Select(permission => $"- denied {permission}"))
            .Concat(group.AddedMappings.Select(mapping => $"+ {mapping}"))
            .Concat(group.RemovedMappings.Select(mapping => $"- {mapping}")))
        {
            yield return line;
        }
    }

    private static JsonNode Json(GroupDifference group) => new JsonObject
    {
        ["name"] = group.Name,
        ["change"] = group.Kind.ToString().ToLowerInvariant(),
        ["description"] = group.ChangesDescription ? group.After?.Description : null,
        ["isDefault"] = group.ChangesIsDefault ? group.After?.IsDefault ?? false : null,
        ["addedPermissions"] = List(group.AddedPermissions),
        ["removedPermissions"] = List(group.RemovedPermissions),
        ["addedDenied"] = List(group.AddedDenials),
        ["removedDenied"] = List(group.RemovedDenials),
        ["addedRoleMappings"] = new JsonArray([.. group.AddedMappings.Select(Json)]),
        ["removedRoleMappings"] = new JsonArray([.. group.RemovedMappings.Select(Json)]),
        ["directMembers"] = group.DirectMembers,
    };

    private static JsonNode Json(MappingEntry mapping) => new JsonObject
    {
        ["kind"] = mapping.Kind,
        ["client"] = mapping.Client.Length == 0 ? null : mapping.Client,
        ["name"] = mapping.Name,
    };

    private static JsonArray List(IEnumerable<string> texts) => new([.. texts.Select(text => JsonValue.Create(text))]);

    // A description may hold line breaks.
    private static string Quote(string text) => $"\"{text.ReplaceLineEndings(" ")}\"";
}
