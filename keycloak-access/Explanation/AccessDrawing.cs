using System.Text;
using KeycloakAccess.Authentication;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Explanation;

internal sealed class AccessDrawing(AccessAnswer answer)
{
    /// <summary>In columns.</summary>
    public const int Width = 100;

    private const int MostGrantingGroups = 6;

    /// <summary>Two borders and two blanks around the text of a box.</summary>
    private const int Frame = 4;
    private const string Arrow = "───▶";

    private static readonly Style Thin = new("╭─╮", "│", "╰─╯", "├", Arrow);
    private static readonly Style Thick = new("┏━┓", "┃", "┗━┛", "┣", "━━━▶");
    private static readonly Style Dashed = new("┌╌┐", "┆", "└╌┘", "┆", "╌╌╌▶");

    private readonly StringBuilder _text = new();

    public override string ToString()
    {
        _text.Clear();
        Line(Title());
        var rows = Rows();
        if (rows.Count > 0)
        {
            Line("");
            Draw(rows);
        }

        if (answer.Explanation.GrantingGroups.Count > MostGrantingGroups)
        {
            Line($"  … and {answer.Explanation.GrantingGroups.Count - MostGrantingGroups} more groups that would grant it");
        }

        Line("");
        foreach (var check in Checks())
        {
            Line("  " + check);
        }

        Line("");
        Line(answer.IsAllowed ? "▶ allowed" : $"▶ refused: {Refusals.Code(answer.Decision.Reason)}");
        foreach (var note in answer.Notes.SelectMany(note => Wrap(note, Width - Frame)))
        {
            Line("    " + note);
        }

        return _text.ToString().TrimEnd('\n');
    }

    private string Title()
    {
        var kind = answer.Subject is { } subject ? SubjectTypes.Write(subject.Subject.Kind) : "not known here";
        var row = answer.Question.IsAboutRow ? $" on {answer.Question.Row}" : "";
        return $"{AnswerFormatter.SubjectName(answer)} ({kind}) · {answer.Decision.Permission}{row}";
    }

    private List<Row> Rows()
    {
        var rows = new List<Row>();
        rows.AddRange(answer.Explanation.Grants.Select(path => CreateRow(Thin, path, "grants")));
        rows.AddRange(answer.Explanation.Denials.Select(path => CreateRow(Thick, path, "denies")));
        rows.AddRange(answer.Explanation.GrantingGroups.Take(MostGrantingGroups).Select(granting => new Row(
            Dashed,
            granting.Mappings.Count > 0
                ? Describe(granting.Mappings[0].Pattern, granting.Mappings.Count - 1)
                : ["direct member", "here"],
            ["group", granting.Group.Name],
            ["would grant", granting.Group.Permissions.First(granted => granted.Covers(answer.Decision.Permission)).ToString()])));
        return rows;
    }

    private static Row CreateRow(Style style, GrantPath path, string verb) =>
        new(style, Describe(path.Origin), ["group", path.Group.Name], [verb, path.Permission.ToString()]);

    private static string[] Describe(Origin origin) => origin switch
    {
        { Role: { } role, Mapping.Pattern: { IsExact: false } pattern } => [Kind(role), role.Name, $"as {pattern.Name}"],
        { Role: { } role } => [Kind(role), role.Name],
        _ when origin == Origin.DefaultGroup => ["default group", "every account"],
        _ => ["direct member", "here"],
    };

    private static string[] Describe(RolePattern pattern, int more) =>
        [Kind(pattern.Role), more == 0 ? pattern.Name : $"{pattern.Name}, or {more} more"];

    private static string Kind(KeycloakRole role) => role.Kind switch
    {
        RoleKind.RealmRole => "realm role",
        RoleKind.ClientRole => $"role of client {role.Client}",
        _ => "Keycloak group",
    };

    private IEnumerable<string> Checks()
    {
        if (answer.Subject is not { } subject)
        {
            yield return "✗ nobody of this id and type has called or signed in here";
            yield break;
        }

        var permission = answer.Decision.Permission;
        yield return subject.Subject.IsEnabled ? "✓ the account is enabled" : "✗ the account is disabled";
        yield return answer.Explanation.Grants.Count > 0 ? $"✓ a group grants {permission}" : $"✗ no group grants {permission}";
        yield return answer.Explanation.Denials.Count > 0
            ? $"✗ denied by {string.Join(", ", AnswerFormatter.Names(answer.Explanation.Denials))}, which wins"
            : "✓ no group denies it";
        yield return Scopes();
        if (answer.Question.IsAboutRow)
        {
            yield return answer.Decision.Reason switch
            {
                DecisionReason.Allowed => $"✓ the {permission.Model} {answer.Question.Row} is there",
                DecisionReason.RowHidden =>
                    $"✗ there is no {permission.Model} {answer.Question.Row}, or it is hidden from {subject.Username}",
                _ => "· the row was not looked at",
            };
        }
    }

    private string Scopes()
    {
        var held = answer.Explanation.HeldScopes is { } scopes ? string.Join(' ', scopes) : null;
        return held switch
        {
            null => "✓ no token is at hand, so no scope narrows it",
            "" when answer.LacksScope => $"✗ the token has no scope of this API; it takes {AnswerFormatter.Scopes(answer)}",
            "" => "✓ the token has no scope of this API, so none narrows it",
            _ when answer.LacksScope => $"✗ the token is for {held}; it takes {AnswerFormatter.Scopes(answer)}",
            _ => $"✓ the token is for {held}",
        };
    }

    private void Draw(List<Row> rows)
    {
        foreach (var row in rows)
        {
            row.Sanitize();
        }

        var widths = Fit([.. Enumerable.Range(0, 3).Select(column => rows.Max(row => row.Boxes[column].Max(line => line.Length)))]);
        foreach (var row in rows)
        {
            var style = row.Style;
            var height = row.Boxes.Max(box => box.Length);
            Line(string.Join("    ", widths.Select(width => Style.Edge(style.Top, width))));
            for (var line = 0; line < height; line++)
            {
                // The arrow leads from name to name, which are in the second line.
                var isMiddle = line == 1;
                Line(string.Concat(widths.Select((width, column) =>
                {
                    var text = Elide(line < row.Boxes[column].Length ? row.Boxes[column][line] : "", width).PadRight(width);
                    var last = column == widths.Length - 1;
                    var right = isMiddle && !last ? style.Exit : style.Side;
                    return $"{style.Side} {text} {right}{(last ? "" : isMiddle ? style.Arrow : "    ")}";
                })));
            }

            Line(string.Join("    ", widths.Select(width => Style.Edge(style.Bottom, width))));
        }
    }

    private static int[] Fit(int[] widths)
    {
        var available = Width - (3 * Frame) - (2 * Arrow.Length);
        while (widths.Sum() > available)
        {
            widths[Array.IndexOf(widths, widths.Max())]--;
        }

        return widths;
    }

    private static string Elide(string text, int width)
    {
        if (text.Length <= width)
        {
            return text;
        }

        var tail = (width - 1) / 2;
        return string.Concat(text.AsSpan(0, width - 1 - tail), "…", text.AsSpan(text.Length - tail));
    }

    private static IEnumerable<string> Wrap(string text, int width)
    {
        var line = new StringBuilder();
        foreach (var word in text.Split(' '))
        {
            if (line.Length > 0 && line.Length + 1 + word.Length > width)
            {
                yield return line.ToString();
                line.Clear();
            }

            line.Append(line.Length > 0 ? " " : "").Append(word);
        }

        yield return line.ToString();
    }

    private void Line(string text) => _text.Append(AnswerFormatter.Printable(Elide(text, Width)).TrimEnd()).Append('\n');

    private sealed record Row(Style Style, params string[][] Boxes)
    {
        public void Sanitize()
        {
            for (var column = 0; column < Boxes.Length; column++)
            {
                Boxes[column] = [.. Boxes[column].Select(AnswerFormatter.Printable)];
            }
        }
    }

    private sealed record Style(string Top, string Side, string Bottom, string Exit, string Arrow)
    {
        public static string Edge(string corners, int width) => $"{corners[0]}{new string(corners[1], width + 2)}{corners[2]}";
    }
}
