using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using KeycloakAccess.Hosting;
using KeycloakAccess.Permissions;
using KeycloakAccess.Texts;

namespace KeycloakAccess.RulesDocument;

/// <summary>Line and column are from 1, in UTF-16 units, as editors count; the path is as in <c>groups.staff.permissions[0]</c>.</summary>
internal sealed record DocumentMistake(int Line, int Column, string Path, string Message)
{
    /// <summary>As compilers write it, so that editors and terminals make a link of it.</summary>
    public string Locate(string file) => $"{file}:{Line}:{Column}: {Message}";
}

// What it returns may be applied: every name exists, nothing stands twice. The time that it takes grows with the text and not with its
// square: whoever may look at the rules may send one.
internal sealed class AccessDocumentReader
{
    private const string Groups = "groups";
    private const int MostMistakes = 100;

    private static readonly string[] RootMembers = [AccessDocumentWriter.Version, AccessDocumentWriter.Schema, Groups];
    private static readonly string[] GroupMembers = ["description", "permissions", "denied", "isDefault", "roleMappings"];
    private static readonly string[] MappingMembers = ["kind", "client", "name"];

    private readonly byte[] _utf8;
    private readonly PermissionCatalogue _catalogue;
    private readonly List<(int At, string Path, string Message)> _mistakes = [];
    private readonly Lazy<int[]> _lineStarts;
    private int? _more;
    private int _mappings;
    private int _patterns;

    private AccessDocumentReader(byte[] utf8, PermissionCatalogue catalogue)
    {
        _utf8 = utf8;
        _catalogue = catalogue;
        _lineStarts = new(FindLineStarts);
    }

    public static AccessDocument? Read(byte[] utf8, PermissionCatalogue catalogue, out IReadOnlyList<DocumentMistake> mistakes)
    {
        // Windows editors put a byte order mark before UTF-8. It stands in no column.
        var text = utf8.AsSpan().StartsWith(Encoding.UTF8.Preamble) ? utf8[Encoding.UTF8.Preamble.Length..] : utf8;
        var reader = new AccessDocumentReader(text, catalogue);
        var document = reader.ReadText();
        (int, string, string)[] more = reader._more is { } at ? [(at, "", $"There are more mistakes than these {MostMistakes}.")] : [];
        mistakes = [.. reader._mistakes.OrderBy(mistake => mistake.At).Concat(more).Select(reader.Locate)];
        return mistakes.Count == 0 ? document : null;
    }

    private AccessDocument? ReadText()
    {
        if (!Utf8.IsValid(_utf8))
        {
            AddMistake(
                FirstInvalidByte(),
                "",
                "This is not UTF-8, the one encoding of JSON between systems (RFC 8259, section 8.1). Save the file as UTF-8.");
            return null;
        }

        var root = JsonTree.Read(_utf8, out var error);
        if (error is { } wrong)
        {
            AddMistake(wrong.At, "", $"This is not JSON: {wrong.Message}");
        }

        return root is null || !Expect(root, JsonTokenType.StartObject, "", "an object with the member groups") ? null : ReadRoot(root);
    }

    private AccessDocument? ReadRoot(JsonTree root)
    {
        var members = Members(root, "", RootMembers);
        if (members.GetValueOrDefault(AccessDocumentWriter.Version) is { } version
            && version is not { Kind: JsonTokenType.Number, Text: "1" })
        {
            AddMistake(
                version.At,
                AccessDocumentWriter.Version,
                $"version must be {AccessDocument.Version}, the one that this program reads. "
                    + "Use the program that wrote the document, or export the rules again with \"access export\".");
        }

        if (members.GetValueOrDefault(AccessDocumentWriter.Schema) is { } schema)
        {
            Expect(schema, JsonTokenType.String, AccessDocumentWriter.Schema, "the address of the schema, a string");
        }

        if (members.GetValueOrDefault(Groups) is not { } groups)
        {
            // Without this, {} would be a document that deletes every group.
            if (root.IsWhole)
            {
                AddMistake(root.At, "", "The member groups is missing. It holds all groups; {} if there are to be none.");
            }

            return null;
        }

        if (!Expect(groups, JsonTokenType.StartObject, Groups, "an object with a member for each group"))
        {
            return null;
        }

        if (groups.Members.Count > AccessDocument.MostGroups)
        {
            AddMistake(
                groups.Members[AccessDocument.MostGroups].At,
                Groups,
                $"There are {groups.Members.Count} groups. A document holds at most {AccessDocument.MostGroups}.");
            return null;
        }

        return new AccessDocument([.. Distinct(groups, Groups).Select(ReadGroup)]);
    }

    private GroupEntry ReadGroup(JsonTreeMember member)
    {
        var name = member.Name!;
        // It is a part of the path of all that stands in the group.
        var path = $"{Groups}.{Shorten(name)}";
        if (!GroupLimits.IsName(name))
        {
            var remedy = name.Length > GroupLimits.LongestName
                ? $"A name has at most {GroupLimits.LongestName} characters."
                : $"A name {GroupLimits.NameRule}";
            AddMistake(member.At, path, $"No group can be called {Quote(name)}. {remedy}");
        }

        if (!Expect(member.Value, JsonTokenType.StartObject, path, "an object"))
        {
            return new GroupEntry(name, "", [], [], isDefault: false, []);
        }

        var members = Members(member.Value, path, GroupMembers);
        var permissions = Permissions(members.GetValueOrDefault("permissions"), path + ".permissions");
        var denied = Permissions(members.GetValueOrDefault("denied"), path + ".denied");
        foreach (var (text, at) in denied.Where(entry => permissions.ContainsKey(entry.Key)))
        {
            AddMistake(at, path + ".denied", GroupLimits.GrantedAndDenied(text));
        }

        return new GroupEntry(
            name,
            Description(members.GetValueOrDefault("description"), path + ".description"),
            permissions.Keys,
            denied.Keys,
            Flag(members.GetValueOrDefault("isDefault"), path + ".isDefault"),
            Mappings(members.GetValueOrDefault("roleMappings"), path + ".roleMappings"));
    }

    private Dictionary<string, int> Permissions(JsonTree? list, string path)
    {
        var read = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var (item, place) in Items(list, path, "a list of permissions, as in [\"book:view\"]"))
        {
            if (Text(item, place) is not { } text)
            {
                continue;
            }

            if (_catalogue.Mistake(text, wildcards: true) is { } mistake)
            {
                AddMistake(item.At, place, mistake);
            }

            if (!read.TryAdd(text, item.At))
            {
                AddMistake(item.At, place, $"{Quote(text)} stands twice in this list. Leave one out.");
            }
        }

        if (list is not null && read.Count > GroupLimits.MostPermissions)
        {
            AddMistake(list.At, path, $"A group has at most {GroupLimits.MostPermissions} of them. Use a wildcard, as in book:*.");
        }

        return read;
    }

    private List<MappingEntry> Mappings(JsonTree? list, string path)
    {
        var read = new HashSet<MappingEntry>();
        foreach (var (item, place) in Items(list, path, "a list of role mappings"))
        {
            if (++_mappings > AccessDocument.MostMappings)
            {
                // Told once, whatever the other groups hold.
                if (_mappings == AccessDocument.MostMappings + 1)
                {
                    AddMistake(
                        item.At,
                        place,
                        $"A document holds at most {AccessDocument.MostMappings} role mappings, of all groups together.");
                }

                break;
            }

            if (!Expect(item, JsonTokenType.StartObject, place, """an object, as in { "kind": "realm-role", "name": "staff" }""")
                || Mapping(item, place) is not { } mapping)
            {
                continue;
            }

            if (!read.Add(mapping))
            {
                AddMistake(item.At, place, "This mapping stands twice in this list. Leave one out.");
            }

            if (mapping.Name.Contains(RolePattern.Any, StringComparison.Ordinal) && ++_patterns == AccessDocument.MostPatterns + 1)
            {
                AddMistake(
                    item.At,
                    place,
                    $"A document holds at most {AccessDocument.MostPatterns} patterns, " +
                    $"which are role mappings with {RolePattern.Any}, of all groups together.");
            }
        }

        return [.. read];
    }

    private MappingEntry? Mapping(JsonTree item, string path)
    {
        var members = Members(item, path, MappingMembers);
        foreach (var required in item.IsWhole ? (string[])["kind", "name"] : [])
        {
            if (!members.ContainsKey(required))
            {
                AddMistake(item.At, path, $"The member {required} is missing.");
            }
        }

        var kind = members.GetValueOrDefault("kind");
        var name = members.GetValueOrDefault("name");
        var client = members.GetValueOrDefault("client");
        var known = Text(kind, path + ".kind");
        var mapping = new MappingEntry(
            known ?? "",
            Text(client, path + ".client", RolePattern.LongestClient) ?? "",
            Text(name, path + ".name", RolePattern.LongestName) ?? "");
        if (known is not null && !RoleKinds.All.Contains(known, StringComparer.Ordinal))
        {
            AddMistake(kind!.At, path + ".kind", $"There is no kind {Quote(known)}.{Suggest(known, RoleKinds.All)}");
            return null;
        }

        if (known is null || name is not { Text: { } text } || !item.IsWhole || (client is not null && client.Text is null))
        {
            return null;
        }

        if (text.Length == 0)
        {
            AddMistake(name.At, path + ".name", "The name is empty. Name a role, or a Keycloak group by its path.");
            return null;
        }

        foreach (var (part, message) in new RolePattern(RoleKinds.Parse(known), mapping.Client, mapping.Name).Mistakes())
        {
            var at = part == RolePatternPart.Name ? name.At : client?.At ?? item.At;
            AddMistake(at, part == RolePatternPart.Name ? path + ".name" : path + ".client", message);
        }

        return mapping;
    }

    private void AddMistake(int at, string path, string message)
    {
        if (_mistakes.Count < MostMistakes)
        {
            _mistakes.Add((at, path, message));
        }
        else
        {
            _more ??= at;
        }
    }

    private bool Expect(JsonTree value, JsonTokenType kind, string path, string expected)
    {
        if (value.Kind == kind)
        {
            return true;
        }

        AddMistake(value.At, path, $"{(path.Length == 0 ? "The document" : path[(path.LastIndexOf('.') + 1)..])} must be {expected}.");
        return false;
    }

    // A member that stands twice: the reader of a review sees one, the program the other.
    private IEnumerable<JsonTreeMember> Distinct(JsonTree parent, string path)
    {
        var seen = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var member in parent.Members.TakeWhile(_ => _more is null))
        {
            if (member.Name is null || member.Name.Contains('\0', StringComparison.Ordinal))
            {
                AddMistake(member.At, path, "This name holds half a character or a NUL, which no text may.");
            }
            else if (seen.TryAdd(member.Name, member.At))
            {
                yield return member;
            }
            else
            {
                var message = $"{Quote(member.Name)} stands twice: in line {Place(seen[member.Name]).Line} too. Leave one out.";
                AddMistake(member.At, Join(path, member.Name), message);
            }
        }
    }

    private Dictionary<string, JsonTree> Members(JsonTree parent, string path, string[] known)
    {
        var members = new Dictionary<string, JsonTree>(StringComparer.Ordinal);
        foreach (var member in Distinct(parent, path))
        {
            if (known.Contains(member.Name, StringComparer.Ordinal))
            {
                members.Add(member.Name!, member.Value);
            }
            else
            {
                var message = $"There is no member {Quote(member.Name!)} here.{Suggest(member.Name!, known)}";
                AddMistake(member.At, Join(path, member.Name!), message);
            }
        }

        return members;
    }

    private IEnumerable<(JsonTree Item, string Path)> Items(JsonTree? list, string path, string expected) =>
        list is not null && Expect(list, JsonTokenType.StartArray, path, expected)
            ? list.Items.TakeWhile(_ => _more is null).Select((item, index) => (item, $"{path}[{index}]"))
            : [];

    private string? Text(JsonTree? value, string path, int longest = int.MaxValue)
    {
        if (value is null || !Expect(value, JsonTokenType.String, path, "a string"))
        {
            return null;
        }

        if (value.Text is not { } text || text.Contains('\0', StringComparison.Ordinal))
        {
            AddMistake(value.At, path, "This string holds half a character or a NUL, which no text may.");
            return null;
        }

        if (text.Length > longest)
        {
            AddMistake(value.At, path, $"This has {text.Length} characters. At most {longest} are allowed.");
        }

        return text;
    }

    private string Description(JsonTree? value, string path)
    {
        var text = Text(value, path) ?? "";
        if (PlainText.Mistake(text, GroupLimits.LongestDescription) is { } mistake)
        {
            AddMistake(value!.At, path, $"description {mistake}");
        }

        return Normalization.ToFormC(text);
    }

    private bool Flag(JsonTree? value, string path)
    {
        if (value is not null && value.Kind is not (JsonTokenType.True or JsonTokenType.False))
        {
            AddMistake(value.At, path, "isDefault must be true or false.");
        }

        return value?.Kind == JsonTokenType.True;
    }

    private static string Suggest(string written, IReadOnlyList<string> known) =>
        NearestName.Find(Shorten(written), known) is { } nearest ? $" Did you mean {nearest}?" : $" Known: {string.Join(", ", known)}.";

    private static string Join(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";

    private static string Quote(string text) => $"\"{Shorten(text)}\"";

    private static string Shorten(string text) => text.Length > GroupLimits.LongestName ? text[..GroupLimits.LongestName] + "…" : text;

    private DocumentMistake Locate((int At, string Path, string Message) mistake)
    {
        var (line, column) = Place(mistake.At);
        return new DocumentMistake(line, column, mistake.Path, mistake.Message);
    }

    private (int Line, int Column) Place(int at)
    {
        var found = Array.BinarySearch(_lineStarts.Value, at);
        var line = found >= 0 ? found : ~found - 1;
        return (line + 1, Encoding.UTF8.GetCharCount(_utf8.AsSpan(_lineStarts.Value[line]..at)) + 1);
    }

    private int[] FindLineStarts()
    {
        var lines = new List<int> { 0 };
        for (var at = 0; _utf8.AsSpan(at).IndexOf((byte)'\n') is >= 0 and var length; at = lines[^1])
        {
            lines.Add(at + length + 1);
        }

        return [.. lines];
    }

    private int FirstInvalidByte()
    {
        var at = 0;
        while (Rune.DecodeFromUtf8(_utf8.AsSpan(at), out _, out var length) == System.Buffers.OperationStatus.Done)
        {
            at += length;
        }

        return at;
    }
}
