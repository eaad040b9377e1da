using System.ComponentModel.DataAnnotations;
using System.Text.Json;

namespace KeycloakAccess.Hosting;

/// <summary>Validates requests that did not come as a body, which the framework validates.</summary>
internal static class Validation
{
    public static Dictionary<string, string[]> Mistakes(object request)
    {
        var mistakes = new List<ValidationResult>();
        Validator.TryValidateObject(request, new ValidationContext(request), mistakes, validateAllProperties: true);
        return mistakes
            .GroupBy(
                mistake => JsonNamingPolicy.CamelCase.ConvertName(mistake.MemberNames.First()),
                mistake => mistake.ErrorMessage!,
                StringComparer.Ordinal)
            .ToDictionary(field => field.Key, field => field.ToArray(), StringComparer.Ordinal);
    }
}
