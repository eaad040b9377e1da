using System.Text.Json;

namespace KeycloakRealm.Model;

internal sealed record ProfileAttribute(string Name)
{
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

    public string? Annotation(string name) =>
        Annotations.ValueKind is JsonValueKind.Object && Annotations.TryGetProperty(name, out var value) ? value.ToString() : null;

    /// <summary>Keycloak's messages about the values. Empty ones do not count.</summary>
    public IEnumerable<string> Errors(IReadOnlyList<string> values)
    {
        var given = values.Where(value => !string.IsNullOrWhiteSpace(value)).ToList();
        if (given.Count == 0)
        {
            if (IsRequired && RequiredScopes.Count == 0)
            {
                if (Name is Email)
                {
                    yield return "Please specify email.";
                }

                yield return "Please specify this field.";
            }

            yield break;
        }

        foreach (var message in Validations.SelectMany(validation => given.Select(validation.Violation)).OfType<string>()
            .Distinct(StringComparer.Ordinal))
        {
            yield return message;
        }
    }
}

internal sealed record ProfileGroup(string Name, string? Header, string? Description);
