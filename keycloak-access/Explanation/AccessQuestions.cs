using KeycloakAccess.Authentication;
using KeycloakAccess.Data;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Explanation;

// Asks Decision.Evaluate and the model's row-level rule, as every call does. It lives as long as one request or command: it has the rules
// of its beginning, and reads each account once.
internal sealed class AccessQuestions(
    AccessRules rules, PermissionCatalogue catalogue, SubjectStore subjects, RowCatalogue rows, Caller? caller)
{
    /// <summary>How many accounts a search reads before it answers with a short page.</summary>
    private const int MostCandidates = 1000;
    private const int SmallestRead = 50;

    private readonly bool _mayViewAccess = caller is null || caller.May(AccessPermissions.View);
    private readonly Dictionary<string, KnownSubject?> _known = new(StringComparer.Ordinal);

    public static async Task<AccessQuestions> OpenAsync(IServiceProvider services, CancellationToken cancellationToken) =>
        Create(services, await services.GetRequiredService<AccessRulesCache>().CurrentAsync(cancellationToken), caller: null);

    public static async ValueTask<AccessQuestions?> BindAsync(HttpContext context) =>
        await Caller.BindAsync(context) is { } caller ? Create(context.RequestServices, caller.Rules, caller) : null;

    public async Task<AccessAnswer> EvaluateAsync(AccessQuestion question, CancellationToken cancellationToken) =>
        await AnswerAsync(question, await FindSubjectAsync(question, cancellationToken), cancellationToken);

    /// <summary>By user name. Of the question's subject, only the type counts; <paramref name="limit"/> is at least 1.</summary>
    public async Task<AccessPage<AccessAnswer, Cursor>> WhoMayAsync(
        AccessQuestion question, int limit, Cursor? after, CancellationToken cancellationToken)
    {
        var groups = rules.Groups.Where(group => group.Permissions.Any(granted => granted.Covers(question.Permission))).ToArray();
        if (groups.Length == 0 || !catalogue.Contains(question.Permission) || !TryKind(question.SubjectType, out var kind))
        {
            return new AccessPage<AccessAnswer, Cursor>([], Next: null);
        }

        var query = new SubjectQuery(rules, kind, groups, Always: caller?.AccountId);
        var found = new List<(AccessAnswer Answer, Cursor At)>();
        for (var read = 0; read < MostCandidates;)
        {
            var (candidates, next) = await subjects.ListAsync(query, Math.Max(limit, SmallestRead), after, cancellationToken);
            foreach (var candidate in candidates)
            {
                var answer = await AnswerAsync(
                    question with { Subject = candidate.Subject }, Describe(candidate, question.Scopes), cancellationToken);
                if (!answer.IsAllowed)
                {
                    continue;
                }

                // One more than asked for, to know that there is one.
                if (found.Count == limit)
                {
                    return Page(found, found[^1].At);
                }

                found.Add((answer, SubjectStore.Keyset.CursorAt(candidate)));
            }

            if (next is null)
            {
                return Page(found, next: null);
            }

            after = next;
            read += candidates.Count;
        }

        return Page(found, after);
    }

    /// <summary>By id; WholeModel alone where the action is about no row or the model has none. limit is at least 1.</summary>
    public async Task<AccessPage<string, string>> WhichRowsAsync(
        AccessQuestion question, int limit, string? after, CancellationToken cancellationToken)
    {
        var subject = await FindSubjectAsync(question, cancellationToken);
        if (subject is null || !Decide(subject, question.Permission).IsAllowed)
        {
            return new AccessPage<string, string>([], Next: null);
        }

        if (question.Permission.Action == Permission.Add || rows.Find(question.Permission.Model) is not { } model)
        {
            return new AccessPage<string, string>(after is null ? [AccessQuestion.WholeModel] : [], Next: null);
        }

        var (ids, next) = await model.ListIdsAsync(RowSubjectOf(subject), limit, after, cancellationToken);
        return new AccessPage<string, string>(ids, next);
    }

    /// <summary>None, not even add, on a row that is not there. Of the question's permission, only the model counts.</summary>
    public async Task<IReadOnlyList<string>> WhichActionsAsync(AccessQuestion question, CancellationToken cancellationToken)
    {
        var name = question.Permission.Model;
        if (catalogue.FindModel(name) is not { } model || await FindSubjectAsync(question, cancellationToken) is not { } subject)
        {
            return [];
        }

        var allowed = model.Actions.Where(action => Decide(subject, new Permission(name, action)).IsAllowed).ToArray();
        return allowed.Length > 0
            && (question.Row == AccessQuestion.WholeModel || await IsShownAsync(name, question.Row, subject, cancellationToken))
            ? allowed
            : [];
    }

    private static AccessQuestions Create(IServiceProvider services, AccessRules rules, Caller? caller) => new(
        rules,
        services.GetRequiredService<PermissionCatalogue>(),
        services.GetRequiredService<SubjectStore>(),
        services.GetRequiredService<RowCatalogue>(),
        caller);

    private static AccessPage<AccessAnswer, Cursor> Page(List<(AccessAnswer Answer, Cursor At)> found, Cursor? next) =>
        new([.. found.Select(each => each.Answer)], next);

    private static bool TryKind(string? type, out AccountKind? kind)
    {
        kind = type is null ? null : SubjectTypes.Parse(type);
        return type is null || kind is not null;
    }

    private async Task<AccessSubject?> FindSubjectAsync(AccessQuestion question, CancellationToken cancellationToken)
    {
        // PostgreSQL has no NUL in a text, and SQLite ends a text there.
        if (!TryKind(question.SubjectType, out var kind) || question.Subject.Contains('\0', StringComparison.Ordinal))
        {
            return null;
        }

        AccessSubject? subject;
        if (caller is not null && string.Equals(question.Subject, caller.Identity.Subject, StringComparison.Ordinal))
        {
            subject = DescribeCaller(caller, question.Scopes);
        }
        else
        {
            if (!_known.TryGetValue(question.Subject, out var known))
            {
                _known[question.Subject] = known = await subjects.FindAsync(question.Subject, cancellationToken);
            }

            subject = known is null ? null : Describe(known, question.Scopes);
        }

        return kind is not null && subject?.Subject.Kind != kind ? null : subject;
    }

    private AccessSubject Describe(KnownSubject known, IReadOnlySet<string>? scopes) =>
        caller is not null && known.AccountId == caller.AccountId
            ? DescribeCaller(caller, scopes)
            : new AccessSubject(known.Subject, known.Username, known.Under(rules, scopes), known.RolesKnown, IsCaller: false);

    private static AccessSubject DescribeCaller(Caller caller, IReadOnlySet<string>? scopes) => new(
        caller.Identity.Subject,
        caller.Identity.Username ?? caller.Identity.Subject,
        scopes is null ? caller.Subject : caller.Subject with { Scopes = scopes },
        caller.Identity.HasRoleClaims,
        IsCaller: true,
        OwnSubject: scopes is null ? null : caller.Subject)
    {
        RolesNote = RoleNotes.Find(caller),
    };

    private async Task<AccessAnswer> AnswerAsync(AccessQuestion question, AccessSubject? subject, CancellationToken cancellationToken)
    {
        var answer = AccessAnswer.Create(question, subject, rules, catalogue, rows) with { NamesGrantingGroups = _mayViewAccess };
        return subject is null || !answer.IsAllowed || !question.IsAboutRow
            || await IsShownAsync(question.Permission.Model, question.Row, subject, cancellationToken)
            ? answer
            : answer.WithoutRow();
    }

    private Decision Decide(AccessSubject subject, Permission permission)
    {
        var requirement = new AccessRequirement(permission);
        return Decision.Evaluate(subject.DecidingFor(requirement, catalogue), requirement, catalogue);
    }

    private async Task<bool> IsShownAsync(string model, string row, AccessSubject subject, CancellationToken cancellationToken) =>
        !row.Contains('\0', StringComparison.Ordinal)
        && rows.Find(model) is { } known
        && await known.ExistsAsync(row, RowSubjectOf(subject), cancellationToken);

    private RowSubject RowSubjectOf(AccessSubject subject) => new(
        subject.Subject.AccountId,
        subject.Subject.Kind == AccountKind.Service,
        (model, action) => Decide(subject, new Permission(model, action)).IsAllowed);
}
