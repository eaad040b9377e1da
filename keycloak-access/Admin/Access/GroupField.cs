using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Admin.Rendering;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.Access;

internal static class GroupField
{
    // An empty field puts the mistake beside the form as a whole.
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
