using KeycloakAccess.Explanation;
using KeycloakAccess.Admin.AccountPages;
using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Authentication;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.AccessPages;

/// <summary>May somebody do something, and why; and the question turned round.</summary>
internal static class AccessPageEndpoints
{
    private const int PageSize = 50;
    private const int MostRemedies = 20;
    private const int MostGroups = 20;
    private const int MostReasons = 3;
    private const int LongestName = 255;
    private const string Path = "/admin/access";

    public static void MapAccessPages(this IEndpointRouteBuilder admin)
    {
        admin.MapGet("/access", AskAsync).RequirePermission(AccessPermissions.View);
        admin.MapGet("/access/who", WhoMayAsync).RequirePermission(AccessPermissions.View);
    }

    private static async Task<IResult> AskAsync(
        string? account, string? permission, string? row, HttpContext context, Caller caller, AccessQuestions questions, SubjectStore subjects, PermissionCatalogue catalogue, CancellationToken cancellationToken)
    {
        var input = FormInput.Of(("account", account), ("permission", permission), ("row", row));
        if (input.Value("account").Length == 0 || !Permission.TryParse(input.Value("permission"), out var asked) || !catalogue.Contains(asked))
        {
            return Page(answer: null, []);
        }

        return await FindAsync(input, subjects, cancellationToken) switch
        {
            [var one] => Page(await AnswerAsync(one, asked, input.Value("row"), questions, cancellationToken), []),
            var found => Page(answer: null, [.. found.Select(each => new AccessChoice(
                each.Subject,
                Kind(each.Kind),
                each.Enabled,
                Links.To(Path, ("account", each.AccountId.ToString()), ("permission", asked.ToString()), ("row", input.Value("row")))))]),
        };

        IResult Page(AccessAnswerView? answer, IReadOnlyList<AccessChoice> choices) =>
            Pages.Of<AccessPage, AccessView>(context, caller, new AccessView(input, Names(catalogue), answer, choices));
    }

    // The accounts of the name; where it is not exactly one, the form says so.
    private static async Task<IReadOnlyList<KnownSubject>> FindAsync(FormInput input, SubjectStore subjects, CancellationToken cancellationToken)
    {
        var name = input.Value("account");
        var found = name.Length > LongestName ? [] : await subjects.FindNamedAsync(name, cancellationToken);
        if (found.Count == 0)
        {
            input.Add("account", $"Nobody of the name {name} has been seen here. Accounts appear when a person signs in or a service calls for the first time.");
        }
        else if (found.Count > 1)
        {
            input.Add("account", $"{found.Count} accounts have had the name {name}. Choose the one that you mean.");
        }

        return found;
    }

    private static async Task<AccessAnswerView> AnswerAsync(
        KnownSubject account, Permission permission, string row, AccessQuestions questions, CancellationToken cancellationToken)
    {
        var answer = await questions.EvaluateAsync(new AccessQuestion(account.Subject, permission, row.Length > 0 ? row : AccessQuestion.WholeModel), cancellationToken);
        return new AccessAnswerView(
            answer.IsAllowed,
            AnswerFormatter.ForAdministrators(answer),
            $"/admin/accounts/{account.AccountId}",
            Links.To($"{Path}/who", ("permission", permission.ToString()), ("row", row)),
            [.. answer.Explanation.Grants.Select(GrantPathFormatter.Steps)],
            [.. answer.Explanation.Denials.Select(GrantPathFormatter.Steps)],
            [.. AnswerFormatter.Remedies(answer).Take(MostRemedies).Select(remedy => char.ToUpperInvariant(remedy[0]) + remedy[1..])],
            answer.Notes);
    }

    private static async Task<IResult> WhoMayAsync(
        string? permission, string? row, string? after, HttpContext context, Caller caller, AccessQuestions questions, SubjectStore subjects, PermissionCatalogue catalogue, CancellationToken cancellationToken)
    {
        var input = FormInput.Of(("permission", permission), ("row", row));
        if (!Permission.TryParse(permission ?? "", out var asked) || !catalogue.Contains(asked))
        {
            return Pages.Of<WhoMayPage, WhoMayView>(context, caller, new WhoMayView(input, Names(catalogue), Permission: null, [], MoreGroups: 0, [], First: null, Next: null));
        }

        GroupRule[] groups = [.. caller.Rules.GroupsGranting(asked).Select(way => way.Group)];
        var (lines, next) = input.Value("row") is { Length: > 0 } one
            ? await OnRowAsync(asked, one, after, questions, cancellationToken)
            : await OnAnyRowAsync(caller.Rules, groups, asked, after, subjects, catalogue, cancellationToken);
        return Pages.Of<WhoMayPage, WhoMayView>(context, caller, new WhoMayView(
            input,
            Names(catalogue),
            asked.ToString(),
            [.. groups.Take(MostGroups).Select(group => new WhoMayGroup(group.Id, group.Name, group.IsDefault))],
            Math.Max(0, groups.Length - MostGroups),
            lines,
            after is null ? null : Links.To($"{Path}/who", ("permission", asked.ToString()), ("row", input.Value("row"))),
            next is null ? null : Links.To($"{Path}/who", ("permission", asked.ToString()), ("row", input.Value("row")), ("after", next))));
    }

    // Some of those who are in such a group are denied it by another, or disabled.
    private static async Task<(IReadOnlyList<WhoMayLine> Lines, string? Next)> OnAnyRowAsync(
        AccessRules rules, GroupRule[] groups, Permission asked, string? after, SubjectStore subjects, PermissionCatalogue catalogue, CancellationToken cancellationToken)
    {
        var (candidates, next) = await CandidatesAsync(rules, groups, after, subjects, cancellationToken);
        var requirement = new AccessRequirement(asked);
        return (
            [.. candidates
                .Select(candidate => (Candidate: candidate, Explanation: DecisionExplanation.Create(candidate.Under(rules), requirement, rules, catalogue)))
                .Where(found => found.Explanation.Decision.IsAllowed)
                .Select(found => Line(found.Candidate.AccountId, found.Candidate.Username, found.Candidate.Kind, found.Explanation, row: null))],
            next);
    }

    // From some of them the row may be hidden: that is asked for each, as the API does.
    private static async Task<(IReadOnlyList<WhoMayLine> Lines, string? Next)> OnRowAsync(
        Permission asked, string row, string? after, AccessQuestions questions, CancellationToken cancellationToken)
    {
        var (answers, next) = await questions.WhoMayAsync(new AccessQuestion("", asked, row), PageSize, after is null ? null : SubjectStore.ParseCursor(after), cancellationToken);
        return (
            [.. answers.Select(answer => (Account: answer.Subject!, answer.Explanation)).Select(found =>
                Line(found.Account.Subject.AccountId, found.Account.Username, found.Account.Subject.Kind, found.Explanation, row))],
            next?.ToString());
    }

    private static async Task<(IReadOnlyList<KnownSubject> Candidates, string? Next)> CandidatesAsync(
        AccessRules rules, GroupRule[] groups, string? after, SubjectStore subjects, CancellationToken cancellationToken)
    {
        if (groups.Length == 0)
        {
            return ([], null);
        }

        if (groups.Any(group => group.IsDefault))
        {
            var (all, cursor) = await subjects.ListAsync(new SubjectQuery(rules), PageSize, after is null ? null : SubjectStore.ParseCursor(after), cancellationToken);
            return (all, cursor?.ToString());
        }

        var (members, next) = await subjects.ListMembersAsync(
            rules, [.. groups.Select(group => group.Id)], PageSize, Guid.TryParse(after, out var last) ? last : null, cancellationToken);
        return (members, next?.ToString());
    }

    private static WhoMayLine Line(Guid accountId, string username, AccountKind kind, DecisionExplanation explanation, string? row)
    {
        string[] because = [.. explanation.Grants.Select(grantPath => $"{grantPath.Origin} → {grantPath.Group.Name}").Distinct(StringComparer.Ordinal)];
        return new WhoMayLine(
            accountId,
            username,
            Kind(kind),
            because.Length > MostReasons ? [.. because.Take(MostReasons), $"{because.Length - MostReasons} more"] : because,
            Links.To(Path, ("account", accountId.ToString()), ("permission", explanation.Decision.Permission.ToString()), ("row", row)));
    }

    private static string Kind(AccountKind kind) => kind == AccountKind.Service ? "service" : "person";

    private static string[] Names(PermissionCatalogue catalogue) => [.. catalogue.Permissions.Select(permission => permission.ToString())];
}
