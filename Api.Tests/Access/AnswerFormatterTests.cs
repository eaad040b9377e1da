using KeycloakAccess.Authentication;
using KeycloakAccess.Explanation;
using KeycloakAccess.Permissions;
using Microsoft.Extensions.Options;

namespace Api.Tests.Access;

/// <summary>An answer as people read it, to the letter: the same answer always gives the same text.</summary>
public sealed class AnswerFormatterTests
{
    private static readonly PermissionCatalogue Catalogue = new(
        [new("book", "books", "Books", Permission.Actions), new("account", "accounts", "Accounts", [Permission.View, Permission.Change])],
        [],
        Options.Create(new PermissionOptions()));

    private static readonly KeycloakRole Editor = new(RoleKind.ClientRole, "acme-api", "book-editor");
    private static readonly KeycloakRole Staff = new(RoleKind.RealmRole, "", "staff");
    private static readonly KeycloakRole Trainee = new(RoleKind.KeycloakGroup, "", "/operations/trainees");

    private static readonly GroupRule Editors = Group("book-editors", ["book:*"]);
    private static readonly GroupRule Superusers = Group("superusers", ["*:*"]);
    private static readonly GroupRule Careful = Group("trainees", [], ["book:delete"]);
    private static readonly GroupRule Readers = Group("everybody", ["book:view"], isDefault: true);

    private static readonly AccessRules Rules = new(
        1,
        [Editors, Superusers, Careful, Readers],
        [
            Mapping(Editor, Editors),
            Mapping(new(RoleKind.RealmRole, "", "superuser"), Superusers),
            Mapping(new(RoleKind.KeycloakGroup, "", "/operations/*"), Careful),
        ]);

    [Fact]
    public void Somebody_who_is_allowed() => Assert.Equal(
        """
        Yes. grace may do book:delete.
        Granted: role book-editor of client acme-api → book-editors → book:*
        ----
        grace (person) · book:delete

        ╭─────────────────────────╮    ╭──────────────╮    ╭────────╮
        │ role of client acme-api │    │ group        │    │ grants │
        │ book-editor             ├───▶│ book-editors ├───▶│ book:* │
        ╰─────────────────────────╯    ╰──────────────╯    ╰────────╯

          ✓ the account is enabled
          ✓ a group grants book:delete
          ✓ no group denies it
          ✓ no token is at hand, so no scope narrows it

        ▶ allowed
        """,
        Text(Answer("book:delete", [Editor])));

    [Fact]
    public void Every_grant_path_that_grants_and_a_row() => Assert.Equal(
        """
        Yes. grace may do book:view on 17.
        Granted: default group → everybody → book:view
        Granted: direct member → superusers → *:*
        Granted: role book-editor of client acme-api → book-editors → book:*
        ----
        grace (person) · book:view on 17

        ╭─────────────────────────╮    ╭──────────────╮    ╭───────────╮
        │ default group           │    │ group        │    │ grants    │
        │ every account           ├───▶│ everybody    ├───▶│ book:view │
        ╰─────────────────────────╯    ╰──────────────╯    ╰───────────╯
        ╭─────────────────────────╮    ╭──────────────╮    ╭───────────╮
        │ direct member           │    │ group        │    │ grants    │
        │ here                    ├───▶│ superusers   ├───▶│ *:*       │
        ╰─────────────────────────╯    ╰──────────────╯    ╰───────────╯
        ╭─────────────────────────╮    ╭──────────────╮    ╭───────────╮
        │ role of client acme-api │    │ group        │    │ grants    │
        │ book-editor             ├───▶│ book-editors ├───▶│ book:*    │
        ╰─────────────────────────╯    ╰──────────────╯    ╰───────────╯

          ✓ the account is enabled
          ✓ a group grants book:view
          ✓ no group denies it
          ✓ the token is for books:read
          ✓ the book 17 is there

        ▶ allowed
        """,
        Text(Answer("book:view", [Editor], row: "17", scopes: ["books:read", "openid"], direct: [Superusers])));

    [Fact]
    public void A_denial_that_wins() => Assert.Equal(
        """
        No. The group trainees denies grace book:delete, which wins over every group that grants it.
        Granted: role book-editor of client acme-api → book-editors → book:*
        Denied: Keycloak group /operations/trainees (as /operations/*) → trainees → book:delete
        Needed: they leave the group trainees, or it no longer denies book:delete.
        ----
        grace (person) · book:delete

        ╭─────────────────────────╮    ╭──────────────╮    ╭─────────────╮
        │ role of client acme-api │    │ group        │    │ grants      │
        │ book-editor             ├───▶│ book-editors ├───▶│ book:*      │
        ╰─────────────────────────╯    ╰──────────────╯    ╰─────────────╯
        ┏━━━━━━━━━━━━━━━━━━━━━━━━━┓    ┏━━━━━━━━━━━━━━┓    ┏━━━━━━━━━━━━━┓
        ┃ Keycloak group          ┃    ┃ group        ┃    ┃ denies      ┃
        ┃ /operations/trainees    ┣━━━▶┃ trainees     ┣━━━▶┃ book:delete ┃
        ┃ as /operations/*        ┃    ┃              ┃    ┃             ┃
        ┗━━━━━━━━━━━━━━━━━━━━━━━━━┛    ┗━━━━━━━━━━━━━━┛    ┗━━━━━━━━━━━━━┛

          ✓ the account is enabled
          ✓ a group grants book:delete
          ✗ denied by trainees, which wins
          ✓ no token is at hand, so no scope narrows it

        ▶ refused: permission_denied
        """,
        Text(Answer("book:delete", [Editor, Trainee])));

    [Fact]
    public void What_is_missing_and_who_would_have_it() => Assert.Equal(
        """
        No. No group of grace grants book:delete.
        Needed: a group that grants it: book-editors (role book-editor of client acme-api), or superusers (realm role superuser).
        ----
        grace (person) · book:delete

        ┌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌┐    ┌╌╌╌╌╌╌╌╌╌╌╌╌╌╌┐    ┌╌╌╌╌╌╌╌╌╌╌╌╌╌┐
        ┆ role of client acme-api ┆    ┆ group        ┆    ┆ would grant ┆
        ┆ book-editor             ┆╌╌╌▶┆ book-editors ┆╌╌╌▶┆ book:*      ┆
        └╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌┘    └╌╌╌╌╌╌╌╌╌╌╌╌╌╌┘    └╌╌╌╌╌╌╌╌╌╌╌╌╌┘
        ┌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌┐    ┌╌╌╌╌╌╌╌╌╌╌╌╌╌╌┐    ┌╌╌╌╌╌╌╌╌╌╌╌╌╌┐
        ┆ realm role              ┆    ┆ group        ┆    ┆ would grant ┆
        ┆ superuser               ┆╌╌╌▶┆ superusers   ┆╌╌╌▶┆ *:*         ┆
        └╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌┘    └╌╌╌╌╌╌╌╌╌╌╌╌╌╌┘    └╌╌╌╌╌╌╌╌╌╌╌╌╌┘

          ✓ the account is enabled
          ✗ no group grants book:delete
          ✓ no group denies it
          ✓ no token is at hand, so no scope narrows it

        ▶ refused: permission_missing
            No token of grace has carried a roles claim so far. What is known are default groups and those
            given directly.
        """,
        Text(Answer("book:delete", [], rolesKnown: false)).Replace(
            "\nNote: No token of grace has carried a roles claim so far. What is known are default groups and those given directly.",
            "",
            StringComparison.Ordinal));

    [Fact]
    public void Everything_at_once_that_is_in_the_way() => Assert.Equal(
        """
        No. The account of grace is disabled.
        Granted: role book-editor of client acme-api → book-editors → book:*
        Needed: somebody with account:change enables the account.
        Needed: a token with the scope books:write.
        ----
        grace (person) · book:delete on 17

        ╭─────────────────────────╮    ╭──────────────╮    ╭────────╮
        │ role of client acme-api │    │ group        │    │ grants │
        │ book-editor             ├───▶│ book-editors ├───▶│ book:* │
        ╰─────────────────────────╯    ╰──────────────╯    ╰────────╯

          ✗ the account is disabled
          ✓ a group grants book:delete
          ✓ no group denies it
          ✗ the token is for books:read; it takes books:write
          · the row was not looked at

        ▶ refused: account_disabled
        """,
        Text(Answer("book:delete", [Editor, Staff], row: "17", enabled: false, scopes: ["books:read"])));

    [Fact]
    public void A_row_that_is_not_shown() => Assert.Equal(
        """
        No. grace may do book:view, but there is no book 17, or none that grace gets to see.
        Granted: default group → everybody → book:view
        ----
        grace (person) · book:view on 17

        ╭───────────────╮    ╭───────────╮    ╭───────────╮
        │ default group │    │ group     │    │ grants    │
        │ every account ├───▶│ everybody ├───▶│ book:view │
        ╰───────────────╯    ╰───────────╯    ╰───────────╯

          ✓ the account is enabled
          ✓ a group grants book:view
          ✓ no group denies it
          ✓ the token has no scope of this API, so none narrows it
          ✗ there is no book 17, or it is hidden from grace

        ▶ refused: row_hidden
        """,
        Text(Answer("book:view", [], row: "17", scopes: ["openid"]).WithoutRow()));

    [Fact]
    public void Somebody_who_is_not_known() => Assert.Equal(
        """
        No. Nobody of the id 4711 has been seen here as a user.
        Needed: they sign in, or call the API, once. That makes the account.
        ----
        4711 (not known here) · book:view

          ✗ nobody of this id and type has called or signed in here

        ▶ refused: subject_unknown
        """,
        Text(AccessAnswer.Create(
            new AccessQuestion("4711", new("book", "view"), SubjectType: "user"), subject: null, Rules, Catalogue, Rows)));

    [Fact]
    public void What_does_not_exist_is_named_with_its_nearest()
    {
        Assert.Contains(
            "Needed: a group that grants it: superusers (realm role superuser).",
            AnswerFormatter.Write(Answer("account:view", [])),
            StringComparison.Ordinal);
        Assert.Contains(
            "Note: The permission book:veiw does not exist. Did you mean book:view?",
            AnswerFormatter.Write(Answer("book:veiw", [])),
            StringComparison.Ordinal);
        Assert.Equal("Nobody here is of the type robot. Types are user, person and service.", AnswerFormatter.ForAdministrators(
            AccessAnswer.Create(
                new AccessQuestion("4711", new("book", "view"), SubjectType: "robot"), subject: null, Rules, Catalogue, Rows)));
    }

    [Fact]
    public void No_line_is_wider_than_a_terminal_and_no_name_reaches_it_as_a_command()
    {
        var role = new KeycloakRole(RoleKind.ClientRole, new string('c', 80), $"\u001b[31m{new string('r', 200)}\u202e\n");
        var group = Group(new string('g', 100), ["book:view"]);
        var rules = new AccessRules(1, [group], [Mapping(role, group)]);
        var service = new Subject(Guid.NewGuid(), AccountKind.Service, IsEnabled: true, rules.Resolve([role], []), null);
        var subject = new AccessSubject("id", new string('u', 150), service, RolesKnown: true, IsCaller: false);

        var answer = AccessAnswer.Create(
            new AccessQuestion("id", new("book", "view"), new string('i', 90)), subject, rules, Catalogue, Rows);
        var drawing = AnswerFormatter.Draw(answer);

        Assert.All(drawing.Split('\n'), line => Assert.InRange(line.Length, 0, 100));
        Assert.All([drawing, AnswerFormatter.Write(answer)], text =>
            Assert.DoesNotContain(text, character => (char.IsControl(character) && character != '\n') || character == '\u202e'));
        Assert.Equal(2, AnswerFormatter.Write(answer).Split('\n').Length);
        Assert.Equal(drawing.Split('\n').Where(line => line.StartsWith('╭')).Select(line => line.Length), [100]);
    }

    [Theory]
    [InlineData("a\tb\nc\rd\0e\u007ff", "a�b�c�d�e�f")]
    [InlineData("\e[2J\u0085\u009b31m", "�[2J��31m")]
    [InlineData("\u061c\u200e\u200f\u2028\u2029", "�����")]
    [InlineData("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069", "���������")]
    // A letter that shows nothing: a tag.
    [InlineData("a\U000E0041b", "a�b")]
    [InlineData("Bücher 😀 本", "Bücher 😀 本")]
    public void What_a_terminal_would_obey_or_not_show_is_seen_in_its_place(string text, string expected) =>
        Assert.Equal(expected, AnswerFormatter.Printable(text));

    [Fact]
    public void Half_a_character_is_seen_in_its_place() => Assert.Equal("a�b�", AnswerFormatter.Printable("a\ud800b\udc00"));

    private static RowCatalogue Rows => new([new Books()]);

    private static string Text(AccessAnswer answer) => $"{AnswerFormatter.Write(answer)}\n----\n{AnswerFormatter.Draw(answer)}";

    private static AccessAnswer Answer(
        string permission,
        KeycloakRole[] roles,
        string row = AccessQuestion.WholeModel,
        string[]? scopes = null,
        bool enabled = true,
        bool rolesKnown = true,
        GroupRule[]? direct = null)
    {
        Assert.True(Permission.TryParse(permission, out var asked));
        var access = Rules.Resolve(roles, direct?.Select(group => new DirectGroup(group.Id)) ?? []);
        var account = new Subject(Guid.NewGuid(), AccountKind.Person, enabled, access, scopes?.ToHashSet(StringComparer.Ordinal));
        var subject = new AccessSubject("id", "grace", account, rolesKnown, IsCaller: false);
        return AccessAnswer.Create(new AccessQuestion("id", asked, row), subject, Rules, Catalogue, Rows);
    }

    private static GroupRule Group(string name, string[] granted, string[]? denied = null, bool isDefault = false) =>
        new(Guid.NewGuid(), name, [.. granted.Select(Parse)], [.. (denied ?? []).Select(Parse)], isDefault);

    private static Permission Parse(string text) =>
        Permission.TryParse(text, out var permission) ? permission : throw new ArgumentException(text, nameof(text));

    private static MappingRule Mapping(KeycloakRole role, GroupRule group) =>
        new(Guid.NewGuid(), new(role.Kind, role.Client, role.Name), group.Id);

    private sealed class Books : IModelRows
    {
        public string Model => "book";

        public Task<bool> ExistsAsync(string id, RowSubject subject, CancellationToken cancellationToken) => Task.FromResult(true);

        public Task<(IReadOnlyList<string> Ids, string? Next)> ListIdsAsync(
            RowSubject subject, int limit, string? after, CancellationToken cancellationToken) =>
            Task.FromResult<(IReadOnlyList<string>, string?)>((["17"], null));
    }
}
