using System.Globalization;
using KeycloakAccess.Admin.Access;
using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Admin.Rendering;
using KeycloakAccess.Hosting;
using KeycloakAccess.Permissions;
using KeycloakAccess.RoleMappings;

namespace KeycloakAccess.Admin.RoleMappingPages;

internal static class RoleMappingFields
{
    public static FormInput Fill(MappingRule mapping, int version, AccessRules rules) => FormInput.Create(
        ("version", version.ToString(CultureInfo.InvariantCulture)),
        ("kind", RoleKinds.Write(mapping.Pattern.Kind)),
        ("client", mapping.Pattern.Client),
        ("name", mapping.Pattern.Name),
        ("group", rules.FindGroup(mapping.GroupId)!.Name));

    /// <summary>The mapping, as far as the form is complete: what is not yet right has no effect that could be shown.</summary>
    public static MappingRule? Foresee(FormInput input, AccessRules rules) =>
        rules.FindGroup(input.Value("group")) is { } group && Mistakes(input).Count == 0
            ? new MappingRule(Guid.Empty, PatternOf(input), group.Id)
            : null;

    public static RoleMappingRequest? Read(FormInput input, PageContext page)
    {
        input.Add(Mistakes(input));
        var group = GroupField.Read(input, input.Value("group"), "group", page);
        return input.IsValid ? Request(input, group!.Id) : null;
    }

    private static Dictionary<string, string[]> Mistakes(FormInput input) => Validation.Mistakes(Request(input, Guid.Empty));

    private static RoleMappingRequest Request(FormInput input, Guid groupId) => new()
    {
        Kind = input.Value("kind"),
        Client = ClientOf(input),
        Name = input.Value("name"),
        GroupId = groupId,
    };

    private static RolePattern PatternOf(FormInput input) =>
        new(RoleKinds.Parse(input.Value("kind")), ClientOf(input), input.Value("name"));

    // The page hides the field for the other kinds, so what is left in it is not meant.
    private static string ClientOf(FormInput input) => input.Value("kind") == RoleKinds.ClientRole ? input.Value("client") : "";
}
