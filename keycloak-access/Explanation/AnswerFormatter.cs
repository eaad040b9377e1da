using System.Globalization;
using System.Text;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Explanation;

/// <summary>An answer in words for people. The same answer always gives the same text.</summary>
internal static class AnswerFormatter
{
    /// <summary>The whole answer, a sentence or a grant path on each line.</summary>
    public static string Say(AccessAnswer answer)
    {
        var lines = new List<string> { $"{(answer.IsAllowed ? "Yes" : "No")}. {ForAdministrators(answer)}" };
        lines.AddRange(answer.Explanation.Grants.Select(grantPath => $"Granted: {grantPath}"));
        lines.AddRange(answer.Explanation.Denials.Select(grantPath => $"Denied: {grantPath}"));
        lines.AddRange(Remedies(answer).Select(remedy => $"Needed: {remedy}"));
        lines.AddRange(answer.Notes.Select(note => $"Note: {note}"));
        return string.Join('\n', lines.Select(Printable));
    }

    /// <summary>The whole answer as a drawing for a terminal, at most <see cref="AccessDrawing.Width"/> columns wide.</summary>
    public static string Draw(AccessAnswer answer) => new AccessDrawing(answer).ToString();

    /// <returns>The reason, about the one who asks for something.</returns>
    public static string ForAdministrators(AccessAnswer answer)
    {
        var who = Who(answer);
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
                $"{Groups(answer.Explanation.Denials)} {(Names(answer.Explanation.Denials).Length == 1 ? "denies" : "deny")} {who} {permission}, which wins over every group that grants it.",
            DecisionReason.InsufficientScope => $"The groups of {who} grant {permission}, but the token is for less.",
            DecisionReason.RowHidden =>
                $"{who} may do {permission}, but there is no {permission.Model} {answer.Question.Row}, or none that {who} gets to see.",
            _ => $"No group of {who} grants {permission}.",
        };
    }

    /// <returns>The reason, said to the one who asks for something.</returns>
    public static string ForUsers(AccessAnswer answer) => answer.Decision.Reason switch
    {
        DecisionReason.Allowed => $"You may do {answer.Decision.Permission}{OnRow(answer)}.",
        DecisionReason.SubjectUnknown => "You have not been seen here yet. Sign in, or call the API, once.",
        DecisionReason.RowHidden => "There is nothing under this id, or nothing that you may know of.",
        _ => Refusals.Detail(answer.Decision),
    };

    /// <summary>What would have to change for a yes, one remedy in each.</summary>
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
                _ => $"a group that grants it: {FirstOf(answer.Explanation.GrantingGroups, ", or ", Text, "group")}.",
            };
        }

        if (answer.LacksScope)
        {
            yield return $"a token with the scope {Scopes(answer)}.";
        }
    }

    /// <returns>Sets of scopes of which any is enough, as in <c>books:read authors:read, or library:read</c>.</returns>
    public static string Scopes(AccessAnswer answer) =>
        string.Join(", or ", answer.Explanation.Scopes.Select(set => string.Join(' ', set)));

    /// <returns>The groups that grant paths lead through, each once.</returns>
    public static string[] Names(IEnumerable<GrantPath> grantPaths) =>
        [.. grantPaths.Select(grantPath => grantPath.Group.Name).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    /// <summary>
    /// The text without what a terminal would obey or would not show. Names come from Keycloak and from whoever asks.
    /// </summary>
    public static string Printable(string text) => string.Concat(text.EnumerateRunes().Select(character => IsPrintable(character) ? character : Rune.ReplacementChar));

    /// <returns>Whether it is neither a control character, tabs and line breaks among them, nor one that sets the direction of text.</returns>
    public static bool IsPrintable(Rune character) =>
        Rune.GetUnicodeCategory(character) is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator
            or UnicodeCategory.ParagraphSeparator);

    public static string Who(AccessAnswer answer) => answer.Subject?.Username ?? answer.Question.Subject;

    private static string OnRow(AccessAnswer answer) => answer.Question.IsAboutRow ? $" on {answer.Question.Row}" : "";

    private static string AsType(AccessAnswer answer) => answer.Question.SubjectType is { } type ? $" as a {type}" : "";

    private static string Groups(IEnumerable<GrantPath> grantPaths) => Names(grantPaths) switch
    {
        [var one] => $"The group {one}",
        var many => $"The groups {string.Join(", ", many)}",
    };

    // A sentence of a thousand names is none.
    private static string FirstOf<T>(IReadOnlyList<T> all, string between, Func<T, string> text, string what)
    {
        const int Most = 10;
        var named = string.Join(between, all.Take(Most).Select(text));
        return all.Count <= Most ? named : $"{named} and {all.Count - Most} more {what}{(all.Count == Most + 1 ? "" : "s")}";
    }

    private static string Text(GrantingGroup way) =>
        $"{way.Group.Name} ({(way.Mappings.Count == 0 ? "direct member" : FirstOf(way.Mappings, ", ", mapping => mapping.Pattern.ToString(), "mapping"))})";
}
