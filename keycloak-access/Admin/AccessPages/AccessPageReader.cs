using KeycloakAccess.Admin.Access;
using KeycloakAccess.Admin.Design;
using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Authentication;
using KeycloakAccess.Explanation;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.AccessPages;

internal sealed class AccessPageReader(SubjectStore subjects, PermissionCatalogue catalogue)
{
    private const int PageSize = 50;
    private const int MostRemedies = 20;
    private const int MostGroups = 20;
    private const int MostReasons = 3;
    private const int LongestName = 255;
    private const string Path = "/admin/access";

    private string[] Names => [.. catalogue.Permissions.Select(permission => permission.ToString())];

    public async Task<AccessView> AnswerAsync(AccessQuestions questions, FormInput input, CancellationToken cancellationToken)
    {
        if (input.Value("account").Length == 0
            || !Permission.TryParse(input.Value("permission"), out var asked)
            || !catalogue.Contains(asked))
        {
            return new AccessView(input, Names, Answer: null, []);
        }

        return await FindAsync(input, cancellationToken) switch
        {
            [var one] => new AccessView(input, Names, await AnswerAsync(questions, one, asked, input.Value("row"), cancellationToken), []),
            var found => new AccessView(input, Names, Answer: null, [.. found.Select(each => new AccessChoice(
                each.Subject,
                Kind(each.Kind),
                each.Enabled,
                QuestionPath(each.AccountId, asked, input.Value("row"))))]),
        };
    }

    public async Task<WhoMayView> WhoMayAsync(
        AccessQuestions questions, AccessRules rules, FormInput input, string? after, CancellationToken cancellationToken)
    {
        var view = new WhoMayView { Input = input, Permissions = Names };
        if (!Permission.TryParse(input.Value("permission"), out var asked) || !catalogue.Contains(asked))
        {
            return view;
        }

        GroupRule[] groups = [.. rules.GroupsGranting(asked).Select(granting => granting.Group)];
        var row = input.Value("row");
        var (lines, next) = row.Length > 0
            ? await OnRowAsync(questions, asked, row, after, cancellationToken)
            : await OnAnyRowAsync(rules, groups, asked, after, cancellationToken);
        return view with
        {
            Permission = asked.ToString(),
            Groups = [.. groups.Take(MostGroups).Select(group => new WhoMayGroup(group.Id, group.Name, group.IsDefault))],
            MoreGroups = Math.Max(0, groups.Length - MostGroups),
            Accounts = lines,
            Paging = Paging.Create(
                after is null,
                next,
                place => Links.WithQuery($"{Path}/who", ("permission", asked.ToString()), ("row", row), ("after", place))),
        };
    }

    // Where it is not exactly one, the form says so.
    private async Task<IReadOnlyList<KnownSubject>> FindAsync(FormInput input, CancellationToken cancellationToken)
    {
        var name = input.Value("account");
        var found = name.Length > LongestName ? [] : await subjects.FindNamedAsync(name, cancellationToken);
        if (found.Count == 0)
        {
            input.Add(
                "account",
                $"Nobody of the name {name} has been seen here. "
                    + "Accounts appear when a person signs in or a service calls for the first time.");
        }
        else if (found.Count > 1)
        {
            input.Add("account", $"{found.Count} accounts have had the name {name}. Choose the one that you mean.");
        }

        return found;
    }

    private static async Task<AccessAnswerView> AnswerAsync(
        AccessQuestions questions, KnownSubject account, Permission permission, string row, CancellationToken cancellationToken)
    {
        var question = new AccessQuestion(account.Subject, permission, row.Length > 0 ? row : AccessQuestion.WholeModel);
        var answer = await questions.EvaluateAsync(question, cancellationToken);
        return new AccessAnswerView
        {
            IsAllowed = answer.IsAllowed,
            Sentence = AnswerFormatter.ForAdministrators(answer),
            AccountPath = $"/admin/accounts/{account.AccountId}",
            WhoPath = Links.WithQuery($"{Path}/who", ("permission", permission.ToString()), ("row", row)),
            Grants = [.. answer.Explanation.Grants.Select(GrantPathFormatter.Steps)],
            Denials = [.. answer.Explanation.Denials.Select(GrantPathFormatter.Steps)],
            Remedies = [.. AnswerFormatter.Remedies(answer)
                .Take(MostRemedies)
                .Select(remedy => char.ToUpperInvariant(remedy[0]) + remedy[1..])],
            Notes = answer.Notes,
        };
    }

    // Some members of such a group are denied the permission by another, or disabled.
    private async Task<(IReadOnlyList<WhoMayLine> Lines, string? Next)> OnAnyRowAsync(
        AccessRules rules, GroupRule[] groups, Permission asked, string? after, CancellationToken cancellationToken)
    {
        var (candidates, next) = await CandidatesAsync(rules, groups, after, cancellationToken);
        var requirement = new AccessRequirement(asked);
        return (
            [.. candidates
                .Select(candidate => (
                    Candidate: candidate,
                    Explanation: DecisionExplanation.Create(candidate.Under(rules), requirement, rules, catalogue)))
                .Where(found => found.Explanation.Decision.IsAllowed)
                .Select(found => Line(
                    found.Candidate.AccountId, found.Candidate.Username, found.Candidate.Kind, found.Explanation, row: null))],
            next);
    }

    // A row-level rule may hide the row from some of them, so each is asked for, as the API does.
    private static async Task<(IReadOnlyList<WhoMayLine> Lines, string? Next)> OnRowAsync(
        AccessQuestions questions, Permission asked, string row, string? after, CancellationToken cancellationToken)
    {
        var (answers, next) = await questions.WhoMayAsync(
            new AccessQuestion("", asked, row), PageSize, SubjectStore.Keyset.Parse(after), cancellationToken);
        return (
            [.. answers.Select(answer => (Account: answer.Subject!, answer.Explanation)).Select(found =>
                Line(found.Account.Subject.AccountId, found.Account.Username, found.Account.Subject.Kind, found.Explanation, row))],
            next?.ToString());
    }

    private async Task<(IReadOnlyList<KnownSubject> Candidates, string? Next)> CandidatesAsync(
        AccessRules rules, GroupRule[] groups, string? after, CancellationToken cancellationToken)
    {
        if (groups.Length == 0)
        {
            return ([], null);
        }

        if (groups.Any(group => group.IsDefault))
        {
            var (all, cursor) = await subjects.ListAsync(
                new SubjectQuery(rules), PageSize, SubjectStore.Keyset.Parse(after), cancellationToken);
            return (all, cursor?.ToString());
        }

        var (members, next) = await subjects.ListMembersAsync(
            rules, [.. groups.Select(group => group.Id)], PageSize, Guid.TryParse(after, out var last) ? last : null, cancellationToken);
        return (members, next?.ToString());
    }

    private static WhoMayLine Line(Guid accountId, string username, AccountKind kind, DecisionExplanation explanation, string? row)
    {
        string[] because =
        [
            .. explanation.Grants
                .Select(grantPath => $"{grantPath.Origin} → {grantPath.Group.Name}")
                .Distinct(StringComparer.Ordinal),
        ];
        return new WhoMayLine(
            accountId,
            username,
            Kind(kind),
            because.Length > MostReasons ? [.. because.Take(MostReasons), $"{because.Length - MostReasons} more"] : because,
            QuestionPath(accountId, explanation.Decision.Permission, row));
    }

    private static string QuestionPath(Guid accountId, Permission permission, string? row) =>
        Links.WithQuery(Path, ("account", accountId.ToString()), ("permission", permission.ToString()), ("row", row));

    private static string Kind(AccountKind kind) => kind == AccountKind.Service ? "service" : "person";
}
