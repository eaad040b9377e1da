using KeycloakAccess.Admin.Access;
using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Groups;
using Microsoft.Extensions.Primitives;

namespace KeycloakAccess.Admin.GroupPages;

/// <summary>Groups as a form has them.</summary>
internal static class GroupForm
{
    public static FormInput Fill(Group group) => FormInput.Create(
    [
        KeyValuePair.Create("name", new StringValues(group.Name)),
        KeyValuePair.Create("description", new StringValues(group.Description)),
        KeyValuePair.Create("default-group", new StringValues(group.IsDefault ? "on" : null)),
        KeyValuePair.Create("version", new StringValues($"{group.Version}")),
        .. group.Permissions.Select(permission => KeyValuePair.Create(PermissionFields.NameOf(permission), new StringValues(PermissionFields.Granted))),
        .. group.Denied.Except(group.Permissions, StringComparer.Ordinal).Select(permission => KeyValuePair.Create(PermissionFields.NameOf(permission), new StringValues(PermissionFields.Denied))),
    ]);

    public static GroupRequest Read(FormInput input) => new()
    {
        Name = input.Value("name"),
        Description = input.Value("description"),
        IsDefault = input.Has("default-group"),
        Permissions = [.. PermissionFields.In(input, PermissionFields.Granted).Order(StringComparer.Ordinal)],
        Denied = [.. PermissionFields.In(input, PermissionFields.Denied).Order(StringComparer.Ordinal)],
    };

    /// <returns>Both versions, field by field.</returns>
    public static IReadOnlyList<VersionField> Versions(GroupRequest mine, Group theirs) =>
    [
        new("Name", mine.Name, theirs.Name),
        new("What for", mine.Description, theirs.Description),
        new("Default group", YesOrNo(mine.IsDefault), YesOrNo(theirs.IsDefault)),
        new("Granted", List(mine.Permissions), List(theirs.Permissions)),
        new("Denied", List(mine.Denied), List(theirs.Denied)),
    ];

    private static string YesOrNo(bool value) => value ? "yes" : "no";

    private static string List(IEnumerable<string> permissions) => string.Join(", ", permissions.Order(StringComparer.Ordinal));
}
