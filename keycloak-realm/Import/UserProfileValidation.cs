using System.Text.Json;

namespace KeycloakRealm.Import;

/// <summary>What makes Keycloak refuse a user profile. It takes one without attributes.</summary>
internal static class UserProfileValidation
{
    public static void Check(JsonPlace profile)
    {
        RepresentationTypes.Check(profile, "userProfile");
        if (profile.Member("attributes") is null)
        {
            return;
        }

        var groups = profile.Items("groups").Select(group => group.Text("name")).ToHashSet(StringComparer.Ordinal);
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var attribute in profile.Items("attributes"))
        {
            var name = attribute.Text("name") ?? throw attribute.Refuse("Attribute configuration without 'name' is not allowed");
            if (!name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-'))
            {
                throw attribute.Refuse(
                    $"Invalid attribute name (only letters, numbers and '.' '_' '-' special characters allowed): {name}");
            }

            if (!names.Add(name))
            {
                throw attribute.Refuse($"Attribute configuration already exists with 'name':'{name}'");
            }

            if (attribute.Text("group") is { Length: > 0 } group && !groups.Contains(group))
            {
                throw attribute.Refuse($"Attribute '{name}' references unknown group '{group}'");
            }

            CheckRoles(attribute, name, "permissions", "view");
            CheckRoles(attribute, name, "permissions", "edit");
            CheckRoles(attribute, name, "required", "roles");
        }

        foreach (var name in (ReadOnlySpan<string>)["username", "email"])
        {
            if (!names.Contains(name))
            {
                throw profile.Refuse($"The attribute '{name}' can not be removed");
            }
        }
    }

    private static void CheckRoles(JsonPlace attribute, string name, string member, string list)
    {
        if (attribute.Member(member) is not { Element.ValueKind: JsonValueKind.Object } condition)
        {
            return;
        }

        foreach (var role in condition.Items(list).Where(each => each.Text() is not ("user" or "admin")))
        {
            throw role.Refuse($"'{member}.{list}' configuration for attribute '{name}' contains unsupported role '{role.Text()}'");
        }
    }
}
