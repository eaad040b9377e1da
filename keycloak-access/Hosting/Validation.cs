using System.ComponentModel.DataAnnotations;
using System.Text.Json;

namespace KeycloakAccess.Hosting;

/// <summary>Asks the attributes of a request, where it did not come as a body that the framework has asked about already.</summary>
internal static class Validation
{
    /// <returns>What is wrong, by the names of the fields in JSON. Empty if nothing is.</returns>
    public static Dictionary<string, string[]> Mistakes(object request)
    {
        var mistakes = new List<ValidationResult>();
        Validator.TryValidateObject(request, new ValidationContext(request), mistakes, validateAllProperties: true);
        return mistakes
            .GroupBy(mistake => JsonNamingPolicy.CamelCase.ConvertName(mistake.MemberNames.First()), mistake => mistake.ErrorMessage!, StringComparer.Ordinal)
            .ToDictionary(field => field.Key, field => field.ToArray(), StringComparer.Ordinal);
    }
}
