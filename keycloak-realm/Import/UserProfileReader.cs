using System.Text.Json;
using KeycloakRealm.Model;

namespace KeycloakRealm.Import;

/// <summary>The component that says which attributes people have.</summary>
internal static class UserProfileReader
{
    private static readonly HashSet<string> Validators = new(
        [
            "length", "integer", "double", "email", "pattern", "uri", "local-date", "iso-date", "options", "multivalued", "not-blank",
            "not-empty", "person-name-prohibited-characters", "username-prohibited-characters", "up-username-not-idn-homograph",
        ],
        StringComparer.Ordinal);

    /// <summary>Null where the component says nothing.</summary>
    public static UserProfile? Read(JsonPlace item)
    {
        if (!item.TextListMap("config").TryGetValue("kc.user.profile.config", out var values) || values.Count == 0)
        {
            return null;
        }

        try
        {
            using var document = JsonDocument.Parse(values[0]);
            UserProfileValidation.Check(item.Within(document.RootElement, "config", "kc.user.profile.config"));
            var groups = Items(document.RootElement, "groups")
                .Select(group => new ProfileGroup(
                    group.GetProperty("name").GetString()!, Text(group, "displayHeader"), Text(group, "displayDescription"))
                {
                    Annotations = Member(group, "annotations") is { } annotations ? annotations.Clone() : default,
                })
                .ToList();
            return new UserProfile(
            [
                .. document.RootElement.GetProperty("attributes").EnumerateArray()
                    .Select(attribute => ReadAttribute(attribute, groups))
                    .OrderBy(attribute => attribute.Group is null ? -1 : groups.IndexOf(attribute.Group)),
            ])
            {
                ShowsUnmanaged = Text(document.RootElement, "unmanagedAttributePolicy") is "ENABLED" or "ADMIN_EDIT" or "ADMIN_VIEW",
                Groups = Member(document.RootElement, "groups") is null ? null : groups,
                AllowsOthers = Text(document.RootElement, "unmanagedAttributePolicy") is "ENABLED",
            };
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw item.Refuse($"kc.user.profile.config is not a user profile ({exception.Message})");
        }
    }

    private static ProfileAttribute ReadAttribute(JsonElement attribute, List<ProfileGroup> groups)
    {
        var required = Member(attribute, "required");
        var permissions = Member(attribute, "permissions");
        var mayEdit = IsFor(permissions, "edit", "user");
        return new ProfileAttribute(attribute.GetProperty("name").GetString()!)
        {
            DisplayName = Text(attribute, "displayName"),
            IsRequired = required is { } condition && (Texts(condition, "roles") is not { Count: > 0 } roles || roles.Contains("user")),
            RequiredScopes = required is { } scoped ? Texts(scoped, "scopes") : [],
            Scopes = Member(attribute, "selector") is { } selector ? Texts(selector, "scopes") : [],
            Validations = [.. Validations(attribute)],
            CanEdit = mayEdit,
            CanView = mayEdit || IsFor(permissions, "view", "user"),
            IsForAdministrators = IsFor(permissions, "view", "admin") || IsFor(permissions, "edit", "admin"),
            IsMultivalued = Member(attribute, "multivalued") is { ValueKind: JsonValueKind.True },
            DefaultValue = Text(attribute, "defaultValue"),
            Group = Text(attribute, "group") is { } group
                ? groups.Find(each => string.Equals(each.Name, group, StringComparison.Ordinal))
                : null,
            Annotations = attribute.TryGetProperty("annotations", out var annotations) ? annotations.Clone() : default,
        };
    }

    private static bool IsFor(JsonElement? permissions, string what, string whom) =>
        permissions is { } given && Texts(given, what).Contains(whom, StringComparer.Ordinal);

    private static IEnumerable<ProfileValidation> Validations(JsonElement attribute)
    {
        if (Member(attribute, "validations") is not { } validations)
        {
            yield break;
        }

        foreach (var each in validations.EnumerateObject())
        {
            yield return Validators.Contains(each.Name)
                ? new ProfileValidation(each.Name, each.Value.Clone())
                : throw new InvalidOperationException(
                    $"Validator '{each.Name}' defined for attribute '{attribute.GetProperty("name")}' doesn't exist");
        }
    }

    private static JsonElement? Member(JsonElement parent, string name) =>
        parent.TryGetProperty(name, out var value) && value.ValueKind is not JsonValueKind.Null ? value : null;

    private static string? Text(JsonElement parent, string name) => Member(parent, name)?.GetString();

    private static List<JsonElement> Items(JsonElement parent, string name) =>
        Member(parent, name) is { ValueKind: JsonValueKind.Array } list ? [.. list.EnumerateArray()] : [];

    private static List<string> Texts(JsonElement parent, string name) => [.. Items(parent, name).Select(each => each.GetString() ?? "")];
}
