using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace KeycloakAccess.RulesDocument;

/// <summary>Names in order, a permission or a mapping to a line: a review shows what is granted and taken away, and nothing else.</summary>
internal static class AccessDocumentWriter
{
    public const string Version = "version";
    public const string Schema = "$schema";

    /// <summary>Beside the document: <c>access schema</c> writes it there.</summary>
    public const string DefaultSchema = "./access.schema.json";

    // Unescaped, for people. The text goes into no page.
    private static readonly JsonSerializerOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>UTF-8 without a byte order mark; LF, also at the end.</summary>
    public static byte[] Write(AccessDocument document, string schema = DefaultSchema)
    {
        var text = new StringBuilder()
            .Append("{\n  \"").Append(Version).Append("\": ").Append(AccessDocument.Version).Append(",\n  \"")
            .Append(Schema).Append("\": ").Append(Quote(schema)).Append(",\n  \"groups\": ");
        List(text, document.Groups, indent: "  ", "{}", (group, indent) => Write(text, group, indent));
        return Encoding.UTF8.GetBytes(text.Append("\n}\n").ToString());
    }

    // Empty members are left out.
    private static void Write(StringBuilder text, GroupEntry group, string indent)
    {
        text.Append(Quote(group.Name)).Append(": {\n");
        if (group.Description.Length > 0)
        {
            text.Append(indent).Append("  \"description\": ").Append(Quote(group.Description)).Append(",\n");
        }

        text.Append(indent).Append("  \"permissions\": ");
        List(text, group.Permissions, indent + "  ", "[]", (permission, _) => text.Append(Quote(permission)));
        if (group.Denied.Count > 0)
        {
            text.Append(",\n").Append(indent).Append("  \"denied\": ");
            List(text, group.Denied, indent + "  ", "[]", (permission, _) => text.Append(Quote(permission)));
        }

        if (group.IsDefault)
        {
            text.Append(",\n").Append(indent).Append("  \"isDefault\": true");
        }

        if (group.Mappings.Count > 0)
        {
            text.Append(",\n").Append(indent).Append("  \"roleMappings\": ");
            List(text, group.Mappings, indent + "  ", "[]", (mapping, _) => text
                .Append("{ \"kind\": ").Append(Quote(mapping.Kind))
                .Append(mapping.Client.Length > 0 ? $", \"client\": {Quote(mapping.Client)}" : "")
                .Append(", \"name\": ").Append(Quote(mapping.Name)).Append(" }"));
        }

        text.Append('\n').Append(indent).Append('}');
    }

    private static void List<T>(StringBuilder text, IReadOnlyList<T> items, string indent, string brackets, Action<T, string> write)
    {
        if (items.Count == 0)
        {
            text.Append(brackets);
            return;
        }

        text.Append(brackets[0]);
        for (var index = 0; index < items.Count; index++)
        {
            text.Append(index == 0 ? "\n" : ",\n").Append(indent).Append("  ");
            write(items[index], indent + "  ");
        }

        text.Append('\n').Append(indent).Append(brackets[1]);
    }

    private static string Quote(string text) => JsonSerializer.Serialize(text, Options);
}
