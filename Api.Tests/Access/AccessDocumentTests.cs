using System.Diagnostics;
using System.Text;
using CsCheck;
using KeycloakAccess.RulesDocument;

namespace Api.Tests.Access;

/// <summary>The rules as a document: one form, read strictly, with every mistake at its place.</summary>
public sealed class AccessDocumentTests
{
    private const string Example = """
        {
          "version": 1,
          "$schema": "./access.schema.json",
          "groups": {
            "book-editors": {
              "description": "View, add and change books: \"é\" <too>",
              "permissions": [
                "book:add",
                "book:view"
              ],
              "denied": [
                "book:delete"
              ],
              "roleMappings": [
                { "kind": "client-role", "client": "acme-api", "name": "book-editor" },
                { "kind": "keycloak-group", "name": "/operations/*" },
                { "kind": "realm-role", "name": "staff" }
              ]
            },
            "default-group": {
              "permissions": [],
              "isDefault": true
            }
          }
        }

        """;

    [Fact]
    public void A_document_has_one_form_whatever_the_order_that_it_was_written_in()
    {
        var document = Read(Example);
        var shuffled = Read("""
            {"groups":{"default-group":{"isDefault":true,"permissions":[],"denied":[],"roleMappings":[],"description":""},
            "book-editors":{"roleMappings":[{"name":"staff","kind":"realm-role","client":""},
            {"kind":"keycloak-group","name":"/operations/*"},
            {"kind":"client-role","client":"acme-api","name":"book-editor"}],
            "permissions":["book:view","book:add"],"denied":["book:delete"],
            "description":"View, add and change books: \"\u00e9\" \u003ctoo>"}}}
            """);

        Assert.Equal(Example, document.Text());
        Assert.Equal(Example, shuffled.Text());
    }

    [Fact]
    public void What_is_written_is_read_again_as_it_was() => AccessSamples.Document.Sample(document =>
    {
        var text = document.Text();

        Assert.Equal(text, Read(text).Text());
        Assert.DoesNotContain('\r', text);
        Assert.EndsWith("}\n", text, StringComparison.Ordinal);
        Assert.StartsWith("{\n  \"version\": 1,\n  \"$schema\": ", text, StringComparison.Ordinal);
    });

    [Fact]
    public void A_byte_order_mark_and_line_ends_of_another_system_are_no_mistakes()
    {
        byte[] utf8 = [.. Encoding.UTF8.Preamble, .. Encoding.UTF8.GetBytes(Example.ReplaceLineEndings("\r\n"))];

        Assert.Equal(Example, AccessDocumentReader.Read(utf8, AccessSamples.Catalogue, out _)?.Text());
    }

    // A document with one mistake, told by ¦ standing before its place | what is said of it.
    [Theory]
    [InlineData("¦[]", "must be an object with the member groups")]
    [InlineData("¦{}", "The member groups is missing")]
    [InlineData("""{"groups":¦[]}""", "groups must be an object")]
    [InlineData(
        """{"version":¦2,"groups":{}}""",
        "version must be 1, the one that this program reads. Use the program that wrote the document")]
    [InlineData("""{"version":¦"1","groups":{}}""", "version must be 1")]
    [InlineData("""{"version":¦1.0,"groups":{}}""", "version must be 1")]
    [InlineData("""{"$schema":¦7,"groups":{}}""", "$schema must be the address")]
    [InlineData("""{"groups":{},¦"groups":{}}""", "\"groups\" stands twice: in line 1 too")]
    [InlineData("""{"groups":{},¦"group":{}}""", "There is no member \"group\" here. Did you mean groups?")]
    [InlineData("""{"groups":{},¦"accounts":{}}""", "There is no member \"accounts\" here. Known: version, $schema, groups.")]
    [InlineData("""{"groups":{¦"Book-Readers":{}}}""", "No group can be called \"Book-Readers\". A name may hold lower-case letters")]
    [InlineData("""{"groups":{¦"":{}}}""", "No group can be called")]
    [InlineData("""{"groups":{¦"a--b":{}}}""", "single dashes")]
    [InlineData("""{"groups":{¦"a\n":{}}}""", "No group can be called")]
    [InlineData("{\"groups\":{\n  \"a\":{},\n  \"b\":{},\n  ¦\"a\":{}\n}}", "\"a\" stands twice: in line 2 too")]
    [InlineData("""{"groups":{"a":¦null}}""", "a must be an object")]
    [InlineData("""{"groups":{"a":{¦"permission":[]}}}""", "Did you mean permissions?")]
    [InlineData("""{"groups":{"a":{"permissions":[],¦"permissions":["*:*"]}}}""", "\"permissions\" stands twice")]
    [InlineData("""{"groups":{"a":{"permissions":¦"book:view"}}}""", "permissions must be a list of permissions")]
    [InlineData("""{"groups":{"a":{"permissions":[¦7]}}}""", "permissions[0] must be a string")]
    [InlineData(
        """{"groups":{"a":{"permissions":["book:add",¦"book:veiw"]}}}""",
        "The permission book:veiw does not exist. Did you mean book:view?")]
    [InlineData("""{"groups":{"a":{"permissions":[¦"bok:*"]}}}""", "Did you mean book:*?")]
    [InlineData("""{"groups":{"a":{"permissions":[¦"account:delete"]}}}""", "The permission account:delete does not exist")]
    [InlineData("""{"groups":{"a":{"permissions":[¦"car:view"]}}}""", "The permission car:view does not exist")]
    [InlineData("""{"groups":{"a":{"permissions":[¦"*:view"]}}}""", "Wildcards are book:* and *:*")]
    [InlineData("""{"groups":{"a":{"permissions":["book:view",¦"book:view"]}}}""", "\"book:view\" stands twice in this list")]
    [InlineData("""{"groups":{"a":{"permissions":["book:view"],"denied":[¦"book:view"]}}}""", "book:view is granted and denied")]
    [InlineData("""{"groups":{"a":{"isDefault":¦"true"}}}""", "isDefault must be true or false")]
    [InlineData("""{"groups":{"a":{"description":¦null}}}""", "description must be a string")]
    [InlineData("""{"groups":{"a":{"description":¦"a\u0000b"}}}""", "half a character or a NUL")]
    [InlineData("""{"groups":{"a":{"description":¦"\ud800"}}}""", "half a character or a NUL")]
    [InlineData("""{"groups":{"a":{"description":"é😀","permissions":[¦"bok:view"]}}}""", "Did you mean book:view?")]
    [InlineData("""{"groups":{"a":{"roleMappings":[¦"staff"]}}}""", "roleMappings[0] must be an object, as in")]
    [InlineData("""{"groups":{"a":{"roleMappings":[¦{"kind":"realm-role"}]}}}""", "The member name is missing")]
    [InlineData("""{"groups":{"a":{"roleMappings":[¦{"name":"staff"}]}}}""", "The member kind is missing")]
    [InlineData(
        """{"groups":{"a":{"roleMappings":[{"kind":¦"realm-rol","name":"staff"}]}}}""",
        "There is no kind \"realm-rol\". Did you mean realm-role?")]
    [InlineData(
        """{"groups":{"a":{"roleMappings":[{"kind":¦"user","name":"staff"}]}}}""", "Known: realm-role, client-role, keycloak-group.")]
    [InlineData("""{"groups":{"a":{"roleMappings":[{"kind":"realm-role","name":¦""}]}}}""", "The name is empty")]
    [InlineData("""{"groups":{"a":{"roleMappings":[{"kind":"realm-role","name":¦" staff"}]}}}""", "Leave out the space")]
    [InlineData("""{"groups":{"a":{"roleMappings":[{"kind":"realm-role","name":¦"*"}]}}}""", "everybody who has any role")]
    [InlineData(
        """{"groups":{"a":{"roleMappings":[{"kind":"realm-role","client":¦"acme-api","name":"staff"}]}}}""",
        "Only a client role has a client")]
    [InlineData(
        """{"groups":{"a":{"roleMappings":[¦{"kind":"client-role","name":"book-reader"}]}}}""", "A client role needs the client id")]
    [InlineData("""{"groups":{"a":{"roleMappings":[{"kind":"client-role","client":¦"acme-*","name":"x"}]}}}""", "named in full")]
    [InlineData("""{"groups":{"a":{"roleMappings":[{"kind":"keycloak-group","name":¦"operations"}]}}}""", "by its full path")]
    [InlineData("""{"groups":{"a":{"roleMappings":[{"kind":"realm-role","name":¦"sta\u001bff"}]}}}""", "The name holds a character that")]
    [InlineData("""{"groups":{"a":{"roleMappings":[{"kind":"realm-role","name":¦"sta\nff*"}]}}}""", "The name holds a character that")]
    [InlineData(
        """{"groups":{"a":{"roleMappings":[{"kind":"client-role","client":¦"acme\u202eapi","name":"x"}]}}}""",
        "The client holds a character that")]
    [InlineData(
        """{"groups":{"a":{"roleMappings":[{"kind":"realm-role","name":"staff",¦"groupId":"x"}]}}}""",
        "There is no member \"groupId\" here")]
    [InlineData(
        """{"groups":{"a":{"roleMappings":[{"kind":"realm-role","name":"s"},¦{"kind":"realm-role","name":"s"}]}}}""",
        "This mapping stands twice")]
    [InlineData("{\n  \"groups\": {\n    \"a\": { }\n¦", "This is not JSON")]
    [InlineData("{\"groups\":{}}\n¦x", "This is not JSON")]
    [InlineData("{\"groups\":{},\n  ¦// a comment\n}", "This is not JSON")]
    [InlineData("¦", "This is not JSON")]
    public void A_mistake_is_told_at_its_place_with_the_remedy(string marked, string expected)
    {
        var place = marked.IndexOf('¦', StringComparison.Ordinal);
        var before = marked[..place];
        var mistake = Assert.Single(Mistakes(Encoding.UTF8.GetBytes(before + marked[(place + 1)..])));

        Assert.Contains(expected, mistake.Message, StringComparison.Ordinal);
        Assert.Equal((before.Count('\n'.Equals) + 1, before.Length - before.LastIndexOf('\n')), (mistake.Line, mistake.Column));
    }

    [Fact]
    public void All_mistakes_are_told_at_once_in_the_order_of_the_text()
    {
        var mistakes = Mistakes("""
            {
              "groups": {
                "Readers": {
                  "permissions": ["bok:view", "book:view"],
                  "rolemappings": [],
                  "denied": ["book:view"]
                },
                "b": {
                  "roleMappings": [{ "kind": "realm", "name": "x" }, { "kind": "keycloak-group", "name": "x" }]
                }
              },
              "Groups": {},
            """u8.ToArray());

        Assert.Equal([3, 4, 5, 6, 9, 9, 12, 12], mistakes.Select(mistake => mistake.Line));
        Assert.Equal(
            [
                "groups.Readers", "groups.Readers.permissions[0]", "groups.Readers.rolemappings", "groups.Readers.denied",
                "groups.b.roleMappings[0].kind", "groups.b.roleMappings[1].name", "Groups", "",
            ],
            mistakes.Select(mistake => mistake.Path));
        Assert.Equal(
            "access.json:4:23: The permission bok:view does not exist. Did you mean book:view?", mistakes[1].Locate("access.json"));
    }

    [Theory]
    [InlineData(99, 99)]
    [InlineData(100, 100)]
    [InlineData(101, 101)]
    [InlineData(5000, 101)]
    public void Of_many_mistakes_a_hundred_are_told_and_that_there_are_more(int wrong, int told)
    {
        var mistakes = Mistakes(Permissions("a", wrong, i => $"\n{i}"));

        Assert.Equal(Enumerable.Range(2, told), mistakes.Select(mistake => mistake.Line));
        Assert.Equal(
            wrong > 100 ? "There are more mistakes than these 100." : $"permissions[{wrong - 1}] must be a string.", mistakes[^1].Message);
    }

    [Fact]
    public void A_text_full_of_mistakes_takes_no_longer_than_it_is_long()
    {
        // Of half a megabyte each. Where every mistake is looked for from the beginning, or says the name of its group in
        // full, these take minutes.
        var name = new string('a', 250_000);
        var watch = Stopwatch.StartNew();

        Mistakes(Permissions("a", 250_000, _ => "7"));
        Mistakes(Permissions("a", 50_000, i => $"\"b:{i}\""));
        Mistakes(Groups(Many(60_000, _ => "\"a\":{}")));
        Mistakes(Permissions(name, 20_000, _ => "\"book:view\""));
        Mistakes(Groups($$"""
            "{{name}}":{"roleMappings":[{{Many(4000, Mapping)}}]}
            """));

        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(60));
    }

    [Theory]
    [InlineData(1000, 1, "", null)]
    [InlineData(1001, 0, "", "There are 1001 groups. A document holds at most 1000.")]
    [InlineData(5, 1000, "", null)]
    [InlineData(3, 1667, "", "A document holds at most 5000 role mappings, of all groups together.")]
    [InlineData(2, 500, "-*", null)]
    [InlineData(2, 501, "-*", "A document holds at most 1000 patterns, which are role mappings with *, of all groups together.")]
    public void What_a_document_holds_is_bounded(int groups, int mappings, string ending, string? expected)
    {
        var text = Groups(Many(groups, i => $$"""
            "g{{i}}":{"roleMappings":[{{Many(mappings, mapping => Mapping(mapping, ending))}}]}
            """));

        var document = AccessDocumentReader.Read(text, AccessSamples.Catalogue, out var mistakes);

        Assert.Equal(expected, mistakes.SingleOrDefault()?.Message);
        Assert.Equal(expected is null, document is not null);
    }

    [Fact]
    public void A_text_that_is_not_UTF_8_is_told_at_its_first_foreign_byte()
    {
        var mistake = Assert.Single(Mistakes([.. "{\n  \"é"u8, 0xE9, .. "\": 1 }"u8]));

        Assert.Equal((2, 5), (mistake.Line, mistake.Column));
        Assert.Contains("not UTF-8", mistake.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void No_text_whatever_it_holds_is_more_than_a_list_of_mistakes()
    {
        // Cut off anywhere, and with any byte changed.
        var utf8 = Encoding.UTF8.GetBytes(Example);
        Gen.Select(Gen.Int[0, utf8.Length - 1], Gen.Byte, Gen.Bool).Sample((at, value, cut) =>
        {
            var text = utf8.ToArray();
            text[at] = value;
            var document = AccessDocumentReader.Read(cut ? text[..at] : text, AccessSamples.Catalogue, out var mistakes);

            Assert.Equal(document is null, mistakes.Count > 0);
            Assert.All(mistakes, mistake => Assert.True(mistake is { Line: >= 1, Column: >= 1 }));
        });
    }

    private static byte[] Groups(string groups) => Encoding.UTF8.GetBytes("{\"groups\":{" + groups + "}}");

    private static byte[] Permissions(string group, int count, Func<int, string> item) => Groups($$"""
        "{{group}}":{"permissions":[{{Many(count, item)}}]}
        """);

    private static string Mapping(int number) => Mapping(number, "");

    private static string Mapping(int number, string ending) => $$"""{"kind":"realm-role","name":"x{{number}}{{ending}}"}""";

    private static string Many(int count, Func<int, string> item) => string.Join(',', Enumerable.Range(0, count).Select(item));

    private static AccessDocument Read(string text)
    {
        var document = AccessDocumentReader.Read(Encoding.UTF8.GetBytes(text), AccessSamples.Catalogue, out var mistakes);
        Assert.Empty(mistakes);
        return document!;
    }

    private static IReadOnlyList<DocumentMistake> Mistakes(byte[] utf8)
    {
        Assert.Null(AccessDocumentReader.Read(utf8, AccessSamples.Catalogue, out var mistakes));
        return mistakes;
    }
}
