using System.Text.Json;
using KeycloakRealm.Model;
using KeycloakRealm.RequiredActions;

namespace KeycloakRealm.Pages;

internal static class UpdateProfilePage
{
    public static string Render(ActionContext action, IReadOnlyList<ProfileField> fields, string? alert) => PageParts.Frame(
        action.Site,
        "Update Account Information",
        $"""
        {FormParts.Alert(alert)}
        <form id="kc-update-profile-form" action="{PageParts.Encode(action.Address)}" method="post">
            {ProfileFields.Render(fields)}
            <input type="submit" value="Submit">
            {FormParts.Cancel(action.IsCancellable)}
        </form>
        """,
        "login-login-update-profile");
}

/// <summary>The fields of the user profile, as the realm describes them.</summary>
internal static class ProfileFields
{
    public static string Render(IEnumerable<ProfileField> fields)
    {
        ProfileGroup? group = null;
        return string.Concat(fields.Select(field =>
        {
            var header = field.Attribute.Group is { } own && own != group ? Header(own) : "";
            group = field.Attribute.Group;
            return header + Render(field);
        }));
    }

    private static string Header(ProfileGroup group) =>
        $"""
        <div>
            <label id="header-{PageParts.Encode(group.Name)}">{PageParts.Encode(Messages.Resolve(group.Header ?? group.Name))}</label>
            {(group.Description is { Length: > 0 } text
                ? $"<label id=\"description-{PageParts.Encode(group.Name)}\">{PageParts.Encode(Messages.Resolve(text))}</label>"
                : "")}
        </div>
        """;

    private static string Render(ProfileField field)
    {
        var attribute = field.Attribute;
        var label = string.IsNullOrEmpty(attribute.DisplayName) ? attribute.Name : Messages.Resolve(attribute.DisplayName);
        return FormParts.Field(
            attribute.Name,
            label,
            Help("before", attribute.Annotation("inputHelperTextBefore"), attribute.Name)
                + Input(field)
                + Help("after", attribute.Annotation("inputHelperTextAfter"), attribute.Name),
            field.Errors,
            attribute.IsRequired);
    }

    private static string Help(string where, string? text, string name) => text is null
        ? ""
        : $"<div id=\"form-help-text-{where}-{PageParts.Encode(name)}\">{PageParts.Encode(Messages.Resolve(text))}</div>";

    private static string Input(ProfileField field) => field.Attribute.Annotation("inputType") switch
    {
        "textarea" =>
            $"<textarea {Naming(field)}{Size(field, "inputTypeCols", "cols")}{Size(field, "inputTypeRows", "rows")}>"
                + $"{PageParts.Encode(First(field))}</textarea>",
        "select" => Select(field, multiple: false),
        "multiselect" => Select(field, multiple: true),
        "select-radiobuttons" => Boxes(field, "radio"),
        "multiselect-checkboxes" =>
            // Sent where no box is ticked.
            $"<input type=\"hidden\" id=\"{NameOf(field)}-empty\" name=\"{NameOf(field)}\" value=\"\">{Boxes(field, "checkbox")}",
        var type => field.Attribute.IsMultivalued && field.Shown.Count > 0
            ? string.Concat(field.Shown.Select(value => Text(field, type, value)))
            : Text(field, type, First(field)),
    };

    private static string Text(ProfileField field, string? type, string value)
    {
        var kind = type is null ? "text" : type.StartsWith("html5-", StringComparison.Ordinal) ? type[6..] : type;
        var complete = field.Attribute.Name is ProfileAttribute.Username or ProfileAttribute.Email
            ? $" autocomplete=\"{field.Attribute.Name}\""
            : "";
        return $"<input type=\"{PageParts.Encode(kind)}\" {Naming(field)} value=\"{PageParts.Encode(value)}\"{complete}"
            + Size(field, "inputTypePlaceholder", "placeholder")
            + Size(field, "inputTypePattern", "pattern")
            + Size(field, "inputTypeSize", "size")
            + Size(field, "inputTypeMaxlength", "maxlength")
            + Size(field, "inputTypeMinlength", "minlength")
            + Size(field, "inputTypeMax", "max")
            + Size(field, "inputTypeMin", "min")
            + Size(field, "inputTypeStep", "step")
            + ">";
    }

    private static string Select(ProfileField field, bool multiple) =>
        $"<select {Naming(field)}{(multiple ? " multiple" : "")}{Size(field, "inputTypeSize", "size")}>"
            + (multiple ? "" : "<option value=\"\"></option>")
            + string.Concat(Options(field).Select(option =>
                $"<option value=\"{PageParts.Encode(option)}\"{(Selected(field, option) ? " selected" : "")}>"
                    + $"{PageParts.Encode(LabelOf(field, option))}</option>"))
            + "</select>";

    private static string Boxes(ProfileField field, string type) => string.Concat(Options(field).Select(option =>
    {
        var id = PageParts.Encode($"{field.Attribute.Name}-{option}");
        return $"<div class=\"choice\"><input type=\"{type}\" id=\"{id}\" name=\"{PageParts.Encode(field.Attribute.Name)}\""
            + $" value=\"{PageParts.Encode(option)}\"{FormParts.Invalid(field.Errors)}{(field.Attribute.CanEdit ? "" : " disabled")}"
            + $"{(Selected(field, option) ? " checked" : "")}>"
            + $"<label for=\"{id}\">{PageParts.Encode(LabelOf(field, option))}</label></div>";
    }));

    private static string NameOf(ProfileField field) => PageParts.Encode(field.Attribute.Name);

    private static string Naming(ProfileField field) =>
        $"id=\"{NameOf(field)}\" name=\"{NameOf(field)}\"{FormParts.Invalid(field.Errors)}{(field.Attribute.CanEdit ? "" : " disabled")}";

    private static string Size(ProfileField field, string annotation, string name) =>
        field.Attribute.Annotation(annotation) is { } value ? $" {name}=\"{PageParts.Encode(Messages.Resolve(value))}\"" : "";

    private static string First(ProfileField field) => field.Shown.Count > 0 ? field.Shown[0] : field.Attribute.DefaultValue ?? "";

    private static bool Selected(ProfileField field, string option) => field.Shown.Count > 0
        ? field.Shown.Contains(option, StringComparer.Ordinal)
        : string.Equals(field.Attribute.DefaultValue, option, StringComparison.Ordinal);

    private static IReadOnlyList<string> Options(ProfileField field)
    {
        var source = field.Attribute.Annotation("inputOptionsFromValidation") ?? "options";
        return field.Attribute.Validations
            .FirstOrDefault(each => string.Equals(each.Name, source, StringComparison.Ordinal))?.Options ?? [];
    }

    private static string LabelOf(ProfileField field, string option) =>
        field.Attribute.Annotations is { ValueKind: JsonValueKind.Object } annotations
        && annotations.TryGetProperty("inputOptionLabels", out var labels)
        && labels.ValueKind is JsonValueKind.Object
        && labels.TryGetProperty(option, out var label)
            ? Messages.Resolve(label.ToString())
            : option;
}

/// <summary>An attribute with what its field shows, and what is wrong with it.</summary>
internal sealed record ProfileField(ProfileAttribute Attribute, IReadOnlyList<string> Shown, IReadOnlyList<string> Errors)
{
    /// <summary>What is kept.</summary>
    public required IReadOnlyList<string> Values { get; init; }
}
