using System.Globalization;
using KeycloakAccess.Admin.Access;
using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Groups;
using Microsoft.Extensions.Primitives;

namespace KeycloakAccess.Admin.GroupPages;

internal static class GroupFields
{
    public static FormInput Fill(Group group)
    {
        return FormInput.Create(
        [
            Field("name", group.Name),
            Field("description", group.Description),
            Field("default-group", group.IsDefault ? "on" : null),
            Field("version", group.Version.ToString(CultureInfo.InvariantCulture)),
            .. group.Permissions.Select(permission => Field(PermissionFields.NameOf(permission), PermissionFields.Granted)),
            .. group.Denied.Except(group.Permissions, StringComparer.Ordinal)
                .Select(permission => Field(PermissionFields.NameOf(permission), PermissionFields.Denied)),
        ]);

        static KeyValuePair<string, StringValues> Field(string name, string? value) => new(name, value);
    }

    public static GroupRequest Read(FormInput input) => new()
    {
        Name = input.Value("name"),
        Description = input.Value("description"),
        IsDefault = input.Has("default-group"),
        Permissions = [.. PermissionFields.Read(input, PermissionFields.Granted).Order(StringComparer.Ordinal)],
        Denied = [.. PermissionFields.Read(input, PermissionFields.Denied).Order(StringComparer.Ordinal)],
    };

    public static IReadOnlyList<VersionField> Compare(GroupRequest mine, Group theirs) =>
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
