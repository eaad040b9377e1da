using System.ComponentModel.DataAnnotations;
using System.Text.Json;

namespace KeycloakAccess.Texts;

/// <summary>
/// A text of at most so many characters as people count them. What descriptions of the API say of its length counts Unicode's own, as JSON
/// Schema does, and so must be the larger bound.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class PlainTextAttribute(int longest) : StringLengthAttribute(longest * PlainText.MostInOne)
{
    /// <summary>In characters as people count them.</summary>
    public int Longest => longest;

    protected override ValidationResult? IsValid(object? value, ValidationContext validationContext) =>
        value is string text && PlainText.Mistake(text, Longest) is { } mistake
            ? new ValidationResult(
                $"{JsonNamingPolicy.CamelCase.ConvertName(validationContext.MemberName ?? "")} {mistake}",
                validationContext.MemberName is { } member ? [member] : null)
            : ValidationResult.Success;
}
