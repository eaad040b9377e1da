using System.Text.Json;
using System.Text.Json.Nodes;
using KeycloakRealm.Admin;
using KeycloakRealm.Model;
using KeycloakRealm.Tokens;

namespace KeycloakRealm.Account;

/// <summary>Who the person is. Members are in Keycloak's order.</summary>
internal static class ProfileResource
{
    private static readonly HashSet<string> Members = new(
        ["id", "username", "firstName", "lastName", "email", "emailVerified", "attributes", "userProfileMetadata", "enabled"],
        StringComparer.Ordinal);

    public static AdminAnswer Read(AccountRequest request)
    {
        var (realm, user) = (request.Site.Realm, request.User);
        var json = new JsonObject { ["id"] = user.Id, ["username"] = user.Username };
        foreach (var (name, value) in new[] { ("firstName", user.FirstName), ("lastName", user.LastName), ("email", user.Email) })
        {
            if (value is not null)
            {
                json[name] = value;
            }
        }

        json["emailVerified"] = user.EmailVerified;
        if (Attributes(realm.Profile, user) is { Count: > 0 } attributes)
        {
            json["attributes"] = attributes;
        }

        if (request.Query("userProfileMetadata") is not "false")
        {
            json["userProfileMetadata"] = Describe(realm);
        }

        return AdminAnswer.Ok(json);
    }

    public static AdminAnswer Change(AccountRequest request)
    {
        if (request.Representation("UserRepresentation", Members, out var refusal) is not { } body || ReadValues(body) is not { } values)
        {
            return refusal;
        }

        var change = new ProfileChange(request.Site.Realm, request.User, values);
        if (change.Check() is { Count: > 0 } errors)
        {
            return Refuse(errors);
        }

        change.Apply();
        return AdminAnswer.NoContent;
    }

    public static AdminAnswer ListLocales(AccountRequest request) => AdminAnswer.Ok(Json.List(request.Site.Realm.SupportedLocales));

    private static JsonObject Attributes(UserProfile profile, User user)
    {
        var attributes = new JsonObject();
        foreach (var (name, values) in user.Attributes)
        {
            if (profile.Find(name)?.CanView ?? profile.AllowsOthers)
            {
                attributes[name] = Json.List(values);
            }
        }

        foreach (var attribute in profile.Attributes.Where(each => each is { CanView: true, DefaultValue: not null }))
        {
            attributes.TryAdd(attribute.Name, Json.List([attribute.DefaultValue!]));
        }

        return attributes;
    }

    /// <summary>Null where a member has another type than it must have.</summary>
    private static Dictionary<string, IReadOnlyList<string>>? ReadValues(JsonObject body)
    {
        var values = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        if (body["attributes"] is JsonObject attributes)
        {
            foreach (var (name, value) in attributes)
            {
                values[name] = value switch
                {
                    JsonArray list => [.. list.Select(each => each?.ToString() ?? "")],
                    null => [],
                    _ => [value.ToString()],
                };
            }
        }

        foreach (var name in (ReadOnlySpan<string>)["username", "email", "firstName", "lastName"])
        {
            values.Remove(name);
            if (body[name] is JsonValue value)
            {
                values[name] = [value.ToString()];
            }
            else if (body[name] is not null)
            {
                return null;
            }
        }

        return body["emailVerified"]?.ToString() is null or "true" or "false" ? values : null;
    }

    /// <summary>One error is told twice.</summary>
    private static AdminAnswer Refuse(List<(ProfileAttribute Attribute, ProfileError Error)> errors)
    {
        var answer = errors.Count == 1 ? Describe(errors[0].Attribute, errors[0].Error) : [];
        answer["errors"] = new JsonArray([.. errors.Select(each => Describe(each.Attribute, each.Error))]);
        var status = errors.Exists(each => each.Error.IsConflict) ? StatusCodes.Status409Conflict : StatusCodes.Status400BadRequest;
        return new AdminAnswer(status, answer, IsError: true);
    }

    private static JsonObject Describe(ProfileAttribute attribute, ProfileError error) => new()
    {
        ["field"] = attribute.Name,
        ["errorMessage"] = error.Key,
        ["params"] = new JsonArray([NameOf(attribute), .. error.Parameters.Select(each => (JsonNode?)each)]),
    };

    private static string NameOf(ProfileAttribute attribute) =>
        string.IsNullOrEmpty(attribute.DisplayName) ? attribute.Name : attribute.DisplayName;

    private static JsonObject Describe(Realm realm)
    {
        var metadata = new JsonObject
        {
            ["attributes"] = new JsonArray(
            [
                .. realm.Profile.Attributes
                    .Where(attribute => attribute.CanView && attribute.Scopes.Count == 0)
                    .Where(attribute => !(attribute.Name is "username" && realm.RegistrationEmailAsUsername))
                    .Select(attribute => Describe(realm, attribute)),
            ]),
        };
        if (realm.Profile.Groups is { } groups)
        {
            metadata["groups"] = new JsonArray([.. groups.Select(Describe)]);
        }

        return metadata;
    }

    private static JsonObject Describe(ProfileGroup group)
    {
        var json = new JsonObject { ["name"] = group.Name };
        if (group.Header is not null)
        {
            json["displayHeader"] = group.Header;
        }

        if (group.Description is not null)
        {
            json["displayDescription"] = group.Description;
        }

        if (group.Annotations.ValueKind is JsonValueKind.Object)
        {
            json["annotations"] = JsonNode.Parse(group.Annotations.GetRawText());
        }

        return json;
    }

    private static JsonObject Describe(Realm realm, ProfileAttribute attribute)
    {
        var json = new JsonObject
        {
            ["name"] = attribute.Name,
            ["displayName"] = NameOf(attribute),
            ["required"] = attribute.IsRequired || attribute.Name is "username",
            ["readOnly"] = !ProfileChange.IsEditable(realm, attribute),
        };
        if (attribute.Annotations.ValueKind is JsonValueKind.Object)
        {
            json["annotations"] = JsonNode.Parse(attribute.Annotations.GetRawText());
        }
        else if (attribute.Name is "email")
        {
            json["annotations"] = new JsonObject();
        }

        json["validators"] = Validators(attribute);
        if (attribute.Group is not null)
        {
            json["group"] = attribute.Group.Name;
        }

        json["multivalued"] = attribute.IsMultivalued;
        if (attribute.DefaultValue is not null)
        {
            json["defaultValue"] = attribute.DefaultValue;
        }

        return json;
    }

    private static JsonObject Validators(ProfileAttribute attribute)
    {
        var validators = new JsonObject();
        foreach (var validation in attribute.Validations.Where(each => each.IsTold))
        {
            var settings = validation.Settings.ValueKind is JsonValueKind.Object
                ? JsonNode.Parse(validation.Settings.GetRawText())!.AsObject()
                : [];
            settings["ignore.empty.value"] = true;
            validators[validation.Name] = settings;
        }

        if (!attribute.IsMultivalued)
        {
            validators["multivalued"] = new JsonObject { ["max"] = "1" };
        }

        return validators;
    }
}
