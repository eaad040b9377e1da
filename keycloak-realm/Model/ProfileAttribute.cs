using System.Text.Json;

namespace KeycloakRealm.Model;

internal sealed record ProfileAttribute(string Name)
{
    private static readonly HashSet<string> Fields = new([Username, Email, "firstName", "lastName"], StringComparer.Ordinal);

    public const string Username = "username";
    public const string Email = "email";

    /// <summary>May be a key of Keycloak's message bundles, as <c>${email}</c>.</summary>
    public string? DisplayName { get; init; }

    public bool IsRequired { get; init; }

    /// <summary>It is required only where one of these scopes is asked for; empty for always.</summary>
    public IReadOnlyList<string> RequiredScopes { get; init; } = [];

    /// <summary>It is there only where one of these scopes is asked for; empty for always.</summary>
    public IReadOnlyList<string> Scopes { get; init; } = [];

    public IReadOnlyList<ProfileValidation> Validations { get; init; } = [];

    /// <summary>By the people themselves.</summary>
    public bool CanView { get; init; } = true;

    /// <summary>By the people themselves.</summary>
    public bool CanEdit { get; init; } = true;

    /// <summary>By the admin REST API.</summary>
    public bool IsForAdministrators { get; init; } = true;

    public bool IsMultivalued { get; init; }

    public string? DefaultValue { get; init; }

    public ProfileGroup? Group { get; init; }

    /// <summary>How the field looks; a JSON object, or undefined.</summary>
    public JsonElement Annotations { get; init; }

    /// <summary>Whether every user has it as a field of its own.</summary>
    public static bool IsField(string name) => Fields.Contains(name);

    public string? Annotation(string name) =>
        Annotations.ValueKind is JsonValueKind.Object && Annotations.TryGetProperty(name, out var value) ? value.ToString() : null;

    /// <summary>Keycloak's messages about the values.</summary>
    public IEnumerable<string> Errors(IReadOnlyList<string> values) =>
        Check(values).Select(error => error.Text).Distinct(StringComparer.Ordinal);

    /// <summary>Empty values do not count, save for the validators that are about them.</summary>
    public IEnumerable<ProfileError> Check(IReadOnlyList<string> values)
    {
        if (values.All(string.IsNullOrWhiteSpace) && IsRequired && RequiredScopes.Count == 0)
        {
            if (Name is Email && values.Count > 0)
            {
                yield return ProfileError.EmailMissing;
            }

            yield return ProfileError.Required;
        }

        if (!IsMultivalued && values.Count > 1)
        {
            yield return ProfileValidation.WrongCount("0", "1");
        }

        foreach (var error in Validations.SelectMany(validation => validation.Check(values)))
        {
            yield return error;
        }
    }
}

internal sealed record ProfileGroup(string Name, string? Header, string? Description)
{
    /// <summary>A JSON object, or undefined.</summary>
    public JsonElement Annotations { get; init; }
}
