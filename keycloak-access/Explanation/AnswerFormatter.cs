using System.Globalization;
using System.Text;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Explanation;

internal static class AnswerFormatter
{
    public static string Write(AccessAnswer answer)
    {
        var lines = new List<string> { $"{(answer.IsAllowed ? "Yes" : "No")}. {ForAdministrators(answer)}" };
        lines.AddRange(answer.Explanation.Grants.Select(grantPath => $"Granted: {grantPath}"));
        lines.AddRange(answer.Explanation.Denials.Select(grantPath => $"Denied: {grantPath}"));
        lines.AddRange(Remedies(answer).Select(remedy => $"Needed: {remedy}"));
        lines.AddRange(answer.Notes.Select(note => $"Note: {note}"));
        return string.Join('\n', lines.Select(Printable));
    }

    public static string Draw(AccessAnswer answer) => new AccessDrawing(answer).ToString();

    public static string ForAdministrators(AccessAnswer answer)
    {
        var who = SubjectName(answer);
        var permission = answer.Decision.Permission;
        return answer.Decision.Reason switch
        {
            DecisionReason.Allowed => $"{who} may do {permission}{OnRow(answer)}.",
            DecisionReason.SubjectUnknown => answer.Question.SubjectType is { } type && SubjectTypes.Parse(type) is null
                ? $"Nobody here is of the type {type}. Types are {SubjectTypes.User}, {SubjectTypes.Person} and {SubjectTypes.Service}."
                : $"Nobody of the id {answer.Question.Subject} has been seen here{AsType(answer)}.",
            DecisionReason.AccountDisabled => $"The account of {who} is disabled.",
            DecisionReason.AccountKindRefused => $"{permission} is not for accounts of the kind of {who}.",
            DecisionReason.PermissionDenied =>
                $"{Groups(answer.Explanation.Denials)} {(Names(answer.Explanation.Denials).Length == 1 ? "denies" : "deny")} " +
                $"{who} {permission}, which wins over every group that grants it.",
            DecisionReason.InsufficientScope => $"The groups of {who} grant {permission}, but the token is for less.",
            DecisionReason.RowHidden =>
                $"{who} may do {permission}, but there is no {permission.Model} {answer.Question.Row}, or none that {who} gets to see.",
            _ => $"No group of {who} grants {permission}.",
        };
    }

    public static string ForUsers(AccessAnswer answer) => answer.Decision.Reason switch
    {
        DecisionReason.Allowed => $"You may do {answer.Decision.Permission}{OnRow(answer)}.",
        DecisionReason.SubjectUnknown => "You have not been seen here yet. Sign in, or call the API, once.",
        _ => Refusals.Detail(answer.Decision),
    };

    public static IEnumerable<string> Remedies(AccessAnswer answer)
    {
        if (answer.IsAllowed || answer.Decision.Reason == DecisionReason.RowHidden)
        {
            yield break;
        }

        if (answer.Subject is null)
        {
            yield return "they sign in, or call the API, once. That makes the account.";
            yield break;
        }

        if (!answer.Subject.Subject.IsEnabled)
        {
            yield return "somebody with account:change enables the account.";
        }

        foreach (var group in Names(answer.Explanation.Denials))
        {
            yield return $"they leave the group {group}, or it no longer denies {answer.Decision.Permission}.";
        }

        if (answer.Explanation.Grants.Count == 0)
        {
            yield return answer switch
            {
                { NamesGrantingGroups: false } => $"a group that grants it. Whoever holds {AccessPermissions.View} sees which do.",
                { Explanation.GrantingGroups.Count: 0 } => "a group that grants it. There is none.",
                _ => $"a group that grants it: {ListFirst(answer.Explanation.GrantingGroups, ", or ", Text, "group")}.",
            };
        }

        if (answer.LacksScope)
        {
            yield return $"a token with the scope {Scopes(answer)}.";
        }
    }

    /// <summary>Any of the sets is enough, as in <c>books:read authors:read, or library:read</c>.</summary>
    public static string Scopes(AccessAnswer answer) =>
        string.Join(", or ", answer.Explanation.Scopes.Select(set => string.Join(' ', set)));

    public static string[] Names(IEnumerable<GrantPath> grantPaths) =>
        [.. grantPaths.Select(grantPath => grantPath.Group.Name).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    /// <summary>Replaces what could control a terminal, which names from Keycloak and from callers may hold.</summary>
    public static string Printable(string text) =>
        string.Concat(text.EnumerateRunes().Select(character => IsPrintable(character) ? character : Rune.ReplacementChar));

    /// <summary>Not so tabs, line breaks and characters that set the direction of text.</summary>
    public static bool IsPrintable(Rune character) =>
        Rune.GetUnicodeCategory(character) is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator
            or UnicodeCategory.ParagraphSeparator);

    public static string SubjectName(AccessAnswer answer) => answer.Subject?.Username ?? answer.Question.Subject;

    private static string OnRow(AccessAnswer answer) => answer.Question.IsAboutRow ? $" on {answer.Question.Row}" : "";

    private static string AsType(AccessAnswer answer) => answer.Question.SubjectType is { } type ? $" as a {type}" : "";

    private static string Groups(IEnumerable<GrantPath> grantPaths) => Names(grantPaths) switch
    {
        [var one] => $"The group {one}",
        var many => $"The groups {string.Join(", ", many)}",
    };

    private static string ListFirst<T>(IReadOnlyList<T> all, string between, Func<T, string> text, string what)
    {
        const int Most = 10;
        var named = string.Join(between, all.Take(Most).Select(text));
        return all.Count <= Most ? named : $"{named} and {all.Count - Most} more {what}{(all.Count == Most + 1 ? "" : "s")}";
    }

    private static string Text(GrantingGroup granting)
    {
        var how = granting.Mappings.Count == 0
            ? "direct member"
            : ListFirst(granting.Mappings, ", ", mapping => mapping.Pattern.ToString(), "mapping");
        return $"{granting.Group.Name} ({how})";
    }
}
