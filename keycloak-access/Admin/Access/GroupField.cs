using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Admin.Rendering;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.Access;

/// <summary>A field that names a group which somebody is to come into, or out of.</summary>
internal static class GroupField
{
    /// <summary>Finds the group, or says in the form that there is none.</summary>
    /// <param name="input">The form.</param>
    /// <param name="name">What stands in the field.</param>
    /// <param name="field">The field that a mistake stands beside; empty for the form as a whole.</param>
    /// <param name="page">The request.</param>
    public static GroupRule? Read(FormInput input, string name, string field, PageContext page)
    {
        var group = page.Caller.Rules.FindGroup(name);
        if (group is null)
        {
            input.Add(field, name.Length == 0 ? "Name the group." : $"There is no group {name}. The names are on the page Groups.");
        }

        return group;
    }
}
