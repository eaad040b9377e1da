namespace KeycloakRealm.Pages;

/// <summary>What the forms of the sign-in have in common: ids and names are those of Keycloak's own.</summary>
internal static class FormParts
{
    public static string Alert(string? message) => message is null
        ? ""
        : $"<div class=\"alert\" role=\"alert\"><span class=\"kc-feedback-text\">{PageParts.Encode(message)}</span></div>";

    /// <param name="name">Of the input, which the label is for.</param>
    /// <param name="label">Text.</param>
    /// <param name="input">Markup.</param>
    /// <param name="errors">Texts.</param>
    /// <param name="required">Whether a star marks it.</param>
    public static string Field(string name, string label, string input, IReadOnlyList<string> errors, bool required = false) =>
        $"""
        <label for="{PageParts.Encode(name)}">{PageParts.Encode(label)}{(required ? " <span aria-hidden=\"true\">*</span>" : "")}</label>
        {input}
        <div id="input-error-container-{PageParts.Encode(name)}" aria-live="polite">{Errors($"input-error-{name}", errors)}</div>
        """;

    public static string Errors(string id, IReadOnlyList<string> messages) => messages.Count == 0
        ? ""
        : $"""
           <div class="field-error" id="{PageParts.Encode(id)}"><span class="kc-feedback-text">{string.Join(
               "<br>", messages.Select(PageParts.Encode))}</span></div>
           """;

    public static string Invalid(IReadOnlyList<string> errors) => errors.Count == 0 ? "" : " aria-invalid=\"true\"";

    public const string LogoutSessions = """
        <div id="kc-form-options">
            <input type="checkbox" id="logout-sessions" name="logout-sessions">
            <label for="logout-sessions">Sign out from other devices</label>
        </div>
        """;

    /// <summary>Whoever was asked by the client may say no.</summary>
    public static string Cancel(bool offered, string? id = null)
    {
        var naming = id is null ? "" : $" id=\"{id}\"";
        return offered
            ? $"<button class=\"secondary\" type=\"submit\"{naming} name=\"cancel-aia\" value=\"true\" formnovalidate>Cancel</button>"
            : "";
    }
}
