using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using KeycloakAccess.Permissions;
using KeycloakAccess.Texts;

namespace KeycloakAccess.RulesDocument;

// JSON Schema 2020-12, with the permissions that this program declares: editors complete them, and underline what does not exist.
internal static class AccessDocumentSchema
{
    private static readonly JsonSerializerOptions Options = new()
    {
        WriteIndented = true,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static byte[] Write(PermissionCatalogue catalogue)
    {
        var schema = new JsonObject
        {
            ["$schema"] = "https://json-schema.org/draft/2020-12/schema",
            ["title"] = "Access rules",
            ["description"] = "All local groups with the role mappings that lead into them. Written by \"access schema\".",
            ["type"] = "object",
            ["required"] = new JsonArray("groups"),
            ["additionalProperties"] = false,
            ["properties"] = new JsonObject
            {
                [AccessDocumentWriter.Version] = new JsonObject
                {
                    ["description"] = "The version of the form of this document.",
                    ["const"] = AccessDocument.Version,
                },
                [AccessDocumentWriter.Schema] = Text("Where this schema is, as seen from the document."),
                ["groups"] = new JsonObject
                {
                    ["description"] = "The groups by name. A group that is not here is deleted when the document is applied.",
                    ["type"] = "object",
                    ["maxProperties"] = AccessDocument.MostGroups,
                    ["propertyNames"] = new JsonObject { ["pattern"] = GroupLimits.NamePattern, ["maxLength"] = GroupLimits.LongestName },
                    ["additionalProperties"] = Reference("group"),
                },
            },
            ["$defs"] = new JsonObject
            {
                ["group"] = Group(),
                ["permission"] = new JsonObject
                {
                    ["description"] = "model:action. model:* is every action of a model, *:* is everything.",
                    ["enum"] = new JsonArray([.. Permissions(catalogue).Select(permission => JsonValue.Create(permission))]),
                },
                ["roleMapping"] = RoleMapping(),
            },
        };
        return [.. JsonSerializer.SerializeToUtf8Bytes(schema, Options), (byte)'\n'];
    }

    private static IEnumerable<string> Permissions(PermissionCatalogue catalogue) =>
        catalogue.Permissions.Select(permission => permission.ToString()).Concat(catalogue.Wildcards).Order(StringComparer.Ordinal);

    private static JsonObject Group() => new()
    {
        ["type"] = "object",
        ["additionalProperties"] = false,
        ["properties"] = new JsonObject
        {
            ["description"] = Text(
                "What the group is for, in a sentence.", GroupLimits.LongestDescription * PlainText.MostInOne),
            ["permissions"] = List("permission", "What its members may do.", GroupLimits.MostPermissions),
            ["denied"] = List("permission", "What its members may not do, whatever other groups grant them.", GroupLimits.MostPermissions),
            ["isDefault"] = new JsonObject
            {
                ["description"] = "Whether every account is in it, without any role.",
                ["type"] = "boolean",
                ["default"] = false,
            },
            ["roleMappings"] = List("roleMapping", "The roles and groups of Keycloak that lead into it.", AccessDocument.MostMappings),
        },
    };

    private static JsonObject RoleMapping() => new()
    {
        ["type"] = "object",
        ["required"] = new JsonArray("kind", "name"),
        ["additionalProperties"] = false,
        ["properties"] = new JsonObject
        {
            ["kind"] = new JsonObject { ["enum"] = new JsonArray([.. RoleKinds.All.Select(kind => JsonValue.Create(kind))]) },
            ["client"] = Text("The client id that owns a client role.", RolePattern.LongestClient),
            ["name"] = Text(
                "The role's name, or the group's full path, exactly as in Keycloak. " +
                "* stands for any run of characters: book-*, /operations/*.",
                RolePattern.LongestName,
                shortest: 1),
        },
        // Only a client role has a client, and a Keycloak group is named by its path.
        ["allOf"] = new JsonArray(
            new JsonObject
            {
                ["if"] = Kind(RoleKinds.ClientRole),
                ["then"] = new JsonObject
                {
                    ["required"] = new JsonArray("client"),
                    ["properties"] = new JsonObject { ["client"] = new JsonObject { ["minLength"] = 1 } },
                },
                ["else"] = new JsonObject { ["properties"] = new JsonObject { ["client"] = new JsonObject { ["maxLength"] = 0 } } },
            },
            new JsonObject
            {
                ["if"] = Kind(RoleKinds.KeycloakGroup),
                ["then"] = new JsonObject { ["properties"] = new JsonObject { ["name"] = new JsonObject { ["pattern"] = "^/" } } },
            }),
    };

    private static JsonObject Kind(string kind) => new()
    {
        ["required"] = new JsonArray("kind"),
        ["properties"] = new JsonObject { ["kind"] = new JsonObject { ["const"] = kind } },
    };

    private static JsonObject List(string item, string description, int most) => new()
    {
        ["description"] = description,
        ["type"] = "array",
        ["uniqueItems"] = true,
        ["items"] = Reference(item),
        ["maxItems"] = most,
    };

    private static JsonObject Text(string description, int? longest = null, int? shortest = null)
    {
        var text = new JsonObject { ["description"] = description, ["type"] = "string" };
        if (shortest is not null)
        {
            text["minLength"] = shortest;
        }

        if (longest is not null)
        {
            text["maxLength"] = longest;
        }

        return text;
    }

    private static JsonObject Reference(string definition) => new() { ["$ref"] = $"#/$defs/{definition}" };
}
