using Api.Access;
using Api.Admin.AccountPages;
using Api.Admin.Forms;
using Api.Keycloak;
using Api.Permissions;

namespace Api.Admin.AccessPages;

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
        admin.MapGet("/access", AskAsync).RequirePermission("access", Permission.View);
        admin.MapGet("/access/who", WhoMayAsync).RequirePermission("access", Permission.View);
    }

    private static async Task<IResult> AskAsync(
        string? account, string? permission, string? row, HttpContext context, Caller caller, AccessQuestions questions, SubjectStore subjects, PermissionCatalogue catalogue, CancellationToken cancellationToken)
    {
        var input = FormInput.Of(("account", account), ("permission", permission), ("row", row));
        return Pages.Of<AccessPage, AccessView>(
            context, caller, new AccessView(input, Names(catalogue), await AnswerAsync(input, questions, subjects, catalogue, cancellationToken)));
    }

    private static async Task<AccessAnswerView?> AnswerAsync(
        FormInput input, AccessQuestions questions, SubjectStore subjects, PermissionCatalogue catalogue, CancellationToken cancellationToken)
    {
        var name = input.Value("account");
        if (name.Length == 0 || !Permission.TryParse(input.Value("permission"), out var permission) || !catalogue.Contains(permission))
        {
            return null;
        }

        var found = name.Length > LongestName ? [] : await subjects.FindNamedAsync(name, cancellationToken);
        if (found.Count == 0)
        {
            input.Add("account", $"Nobody of the name {name} has been seen here. Accounts appear when a person signs in or a service calls for the first time.");
            return null;
        }

        if (found.Count > 1)
        {
            input.Add("account", $"{found.Count} accounts have had the name {name}: the answer is about one of them. Ask by the account's id to choose.");
        }

        var row = input.Value("row") is { Length: > 0 } given ? given : AccessQuestion.WholeModel;
        var answer = await questions.EvaluateAsync(new AccessQuestion(found[0].Subject, permission, row), cancellationToken);
        return new AccessAnswerView(
            answer.IsAllowed,
            AccessWords.ForAdministrators(answer),
            $"/admin/accounts/{found[0].AccountId}",
            Links.To($"{Path}/who", ("permission", permission.ToString())),
            [.. answer.Explanation.Grants.Select(ChainWords.Steps)],
            [.. answer.Explanation.Denials.Select(ChainWords.Steps)],
            [.. AccessWords.Remedies(answer).Take(MostRemedies).Select(remedy => char.ToUpperInvariant(remedy[0]) + remedy[1..])],
            answer.Notes);
    }

    private static async Task<IResult> WhoMayAsync(
        string? permission, string? after, HttpContext context, Caller caller, SubjectStore subjects, PermissionCatalogue catalogue, CancellationToken cancellationToken)
    {
        var input = FormInput.Of(("permission", permission));
        if (!Permission.TryParse(permission ?? "", out var asked) || !catalogue.Contains(asked))
        {
            return Pages.Of<WhoMayPage, WhoMayView>(context, caller, new WhoMayView(input, Names(catalogue), Permission: null, [], MoreGroups: 0, [], First: null, Next: null));
        }

        GroupRule[] groups = [.. caller.Rules.WaysTo(asked).Select(way => way.Group)];
        var (candidates, next) = await CandidatesAsync(caller.Rules, groups, after, subjects, cancellationToken);
        var demand = new Demand(asked);
        return Pages.Of<WhoMayPage, WhoMayView>(context, caller, new WhoMayView(
            input,
            Names(catalogue),
            asked.ToString(),
            [.. groups.Take(MostGroups).Select(group => new WhoMayGroup(group.Id, group.Name, group.ForEverybody))],
            Math.Max(0, groups.Length - MostGroups),
            // Some of those who are in such a group are denied it by another, or switched off.
            [.. candidates
                .Select(candidate => (Candidate: candidate, Explanation: Explanation.Of(candidate.Under(caller.Rules), demand, caller.Rules, catalogue)))
                .Where(found => found.Explanation.Decision.IsAllowed)
                .Select(found => Line(found.Candidate, found.Explanation))],
            after is null ? null : Links.To($"{Path}/who", ("permission", asked.ToString())),
            next is null ? null : Links.To($"{Path}/who", ("permission", asked.ToString()), ("after", next))));
    }

    private static async Task<(IReadOnlyList<KnownSubject> Candidates, string? Next)> CandidatesAsync(
        AccessRules rules, GroupRule[] groups, string? after, SubjectStore subjects, CancellationToken cancellationToken)
    {
        if (groups.Length == 0)
        {
            return ([], null);
        }

        if (groups.Any(group => group.ForEverybody))
        {
            var (all, cursor) = await subjects.ListAsync(new SubjectQuery(rules), PageSize, after is null ? null : SubjectStore.ParseCursor(after), cancellationToken);
            return (all, cursor?.ToString());
        }

        var (members, next) = await subjects.ListMembersAsync(
            rules, [.. groups.Select(group => group.Id)], PageSize, Guid.TryParse(after, out var last) ? last : null, cancellationToken);
        return (members, next?.ToString());
    }

    private static WhoMayLine Line(KnownSubject account, Explanation explanation)
    {
        string[] because = [.. explanation.Grants.Select(chain => $"{chain.Origin} → {chain.Group.Name}").Distinct(StringComparer.Ordinal)];
        return new WhoMayLine(
            account.AccountId,
            account.Username,
            account.Kind == AccountKind.Service ? "service" : "person",
            because.Length > MostReasons ? [.. because.Take(MostReasons), $"{because.Length - MostReasons} more"] : because,
            Links.To(Path, ("account", account.AccountId.ToString()), ("permission", explanation.Decision.Permission.ToString())));
    }

    private static string[] Names(PermissionCatalogue catalogue) => [.. catalogue.Permissions.Select(permission => permission.ToString())];
}
