using KeycloakAccess.Admin.Access;
using KeycloakAccess.Admin.Design;
using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Admin.Rendering;
using KeycloakAccess.Authentication;
using KeycloakAccess.Explanation;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.AccessPages;

internal sealed class AccessPageReader(SubjectStore subjects, PermissionCatalogue catalogue)
{
    private const int PageSize = 50;

    private const int CountedAtATime = 500;
    private const int MostParts = 4;
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
            [var one] => new AccessView(
                await NameAsync(input, one, cancellationToken),
                Names,
                await AnswerAsync(questions, one, asked, input.Value("row"), cancellationToken),
                []),
            var found => new AccessView(input, Names, Answer: null, [.. found.Select(each => new AccessChoice(
                each.Subject,
                Kind(each.Kind),
                each.Enabled,
                QuestionPath(each.AccountId, asked, input.Value("row"))))]),
        };
    }

    public async Task<WhoMayView> WhoMayAsync(
        AccessQuestions questions, PageContext page, FormInput input, string? after)
    {
        var rules = page.Caller.Rules;
        var view = new WhoMayView { Input = input, Permissions = Names };
        if (!Permission.TryParse(input.Value("permission"), out var asked) || !catalogue.Contains(asked))
        {
            return view;
        }

        GroupRule[] groups = [.. rules.GroupsGranting(asked).Select(granting => granting.Group)];
        var row = input.Value("row");
        var query = new WhoMayQuery(asked, row, PageSize);
        var (lines, next) = await ListAsync(questions, rules, query, after, page.Cancellation);
        return view with
        {
            Permission = asked.ToString(),
            Groups = [.. groups.Take(MostGroups).Select(group => new WhoMayGroup(group.Id, group.Name, group.IsDefault))],
            MoreGroups = Math.Max(0, groups.Length - MostGroups),
            Accounts = lines,
            Paging = page.Paging(
                next, place => Links.WithQuery($"{Path}/who", ("permission", asked.ToString()), ("row", row), ("after", place))) with
            {
                Total = groups.Length == 0 ? null : await CountAsync(),
                Exports = lines.Count == 0
                    ? []
                    : [ListExport.Csv(
                        Links.WithQuery($"{Path}/who/export.csv", ("permission", asked.ToString()), ("row", row)), "who-may")],
            },
        };

        // Whether a member may is decided for each, so they are counted no further than that is quick.
        async Task<ListTotal?> CountAsync()
        {
            if (after is null && next is null)
            {
                return new ListTotal(lines.Count, IsMore: false, "account", "accounts");
            }

            var (counted, looked) = (0L, 0);
            var parts = ListWhoMayAsync(questions, page, input, CountedAtATime);
            await foreach (var part in parts)
            {
                counted += part.Count;
                if (++looked == MostParts)
                {
                    return counted == 0 ? null : new ListTotal(counted, IsMore: true, "account", "accounts");
                }
            }

            return new ListTotal(counted, IsMore: false, "account", "accounts");
        }
    }

    /// <summary>All of them, some at a time.</summary>
    public async IAsyncEnumerable<IReadOnlyList<WhoMayLine>> ListWhoMayAsync(
        AccessQuestions questions, PageContext page, FormInput input, int limit)
    {
        if (!Permission.TryParse(input.Value("permission"), out var asked) || !catalogue.Contains(asked))
        {
            yield break;
        }

        var query = new WhoMayQuery(asked, input.Value("row"), limit);
        string? after = null;
        do
        {
            (var lines, after) = await ListAsync(questions, page.Caller.Rules, query, after, page.Cancellation);
            yield return lines;
        }
        while (after is not null);
    }

    private Task<(IReadOnlyList<WhoMayLine> Lines, string? Next)> ListAsync(
        AccessQuestions questions, AccessRules rules, WhoMayQuery query, string? after, CancellationToken cancellationToken) =>
        query.Row.Length > 0
            ? OnRowAsync(questions, query, after, cancellationToken)
            : OnAnyRowAsync(rules, query, after, cancellationToken);

    // By the id, where the name is several accounts'.
    private async Task<FormInput> NameAsync(FormInput input, KnownSubject account, CancellationToken cancellationToken) => input.With(
        "account",
        (await subjects.FindNamedAsync(account.Username, cancellationToken)).Count == 1
            ? account.Username
            : $"{account.Username} [{account.AccountId}]");

    // Where it is not exactly one, the form says so.
    private async Task<IReadOnlyList<KnownSubject>> FindAsync(FormInput input, CancellationToken cancellationToken)
    {
        var name = AccountField.IdIn(input.Value("account")) ?? input.Value("account");
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
            input.Add("account", $"{Plural.Of(found.Count, "account")} have had the name {name}. Choose the one that you mean.");
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
            GivePath = answer.IsAllowed || answer.Decision.Reason == DecisionReason.RowHidden
                ? null
                : GivePath.Of(account.AccountId, permission),
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
        AccessRules rules, WhoMayQuery query, string? after, CancellationToken cancellationToken)
    {
        GroupRule[] groups = [.. rules.GroupsGranting(query.Permission).Select(granting => granting.Group)];
        var (candidates, next) = await CandidatesAsync(rules, groups, query.Limit, after, cancellationToken);
        var requirement = new AccessRequirement(query.Permission);
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
        AccessQuestions questions, WhoMayQuery query, string? after, CancellationToken cancellationToken)
    {
        var (answers, next) = await questions.WhoMayAsync(
            new AccessQuestion("", query.Permission, query.Row), query.Limit, SubjectStore.Keyset.Parse(after), cancellationToken);
        return (
            [.. answers.Select(answer => (Account: answer.Subject!, answer.Explanation)).Select(found =>
                Line(
                    found.Account.Subject.AccountId,
                    found.Account.Username,
                    found.Account.Subject.Kind,
                    found.Explanation,
                    query.Row))],
            next?.ToString());
    }

    private async Task<(IReadOnlyList<KnownSubject> Candidates, string? Next)> CandidatesAsync(
        AccessRules rules, GroupRule[] groups, int limit, string? after, CancellationToken cancellationToken)
    {
        if (groups.Length == 0)
        {
            return ([], null);
        }

        if (groups.Any(group => group.IsDefault))
        {
            var (all, cursor) = await subjects.ListAsync(
                new SubjectQuery(rules), limit, SubjectStore.Keyset.Parse(after), cancellationToken);
            return (all, cursor?.ToString());
        }

        var (members, next) = await subjects.ListMembersAsync(
            rules, [.. groups.Select(group => group.Id)], limit, Guid.TryParse(after, out var last) ? last : null, cancellationToken);
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

    private sealed record WhoMayQuery(Permission Permission, string Row, int Limit);

    private static string Kind(AccountKind kind) => kind == AccountKind.Service ? "service" : "person";
}
