using KeycloakAccess.Authentication;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Explanation;

// Subject is the sub of an account; without a SubjectType, it alone says who is meant. Scopes are those of a token that is assumed.
internal sealed record AccessQuestion(
    string Subject,
    Permission Permission,
    string Row = AccessQuestion.WholeModel,
    string? SubjectType = null,
    IReadOnlySet<string>? Scopes = null)
{
    public const string WholeModel = "*";

    /// <summary>A row that is to be added is not there yet.</summary>
    public bool IsAboutRow => Row != WholeModel && Permission.Action != Permission.Add;
}

internal static class SubjectTypes
{
    public const string User = "user";
    public const string Person = "person";
    public const string Service = "service";

    public static string Write(AccountKind kind) => kind == AccountKind.Service ? Service : Person;

    public static AccountKind? Parse(string type) => type switch
    {
        User or Person => AccountKind.Person,
        Service => AccountKind.Service,
        _ => null,
    };
}

// The caller has the roles and scopes of their own token. Where the question assumes other scopes, OwnSubject is the caller without them:
// both must be allowed, so that assumed scopes show nothing more.
internal sealed record AccessSubject(
    string Id, string Username, Subject Subject, bool RolesKnown, bool IsCaller, Subject? OwnSubject = null)
{
    /// <summary>Why the caller's token says no roles.</summary>
    public string? RolesNote { get; init; }

    public Subject DecidingFor(AccessRequirement requirement, PermissionCatalogue catalogue) =>
        OwnSubject is not null && !Decision.Evaluate(OwnSubject, requirement, catalogue).IsAllowed ? OwnSubject : Subject;
}

// There is no Subject if no account of that id and type is known here. LacksScope is about the token alone, whatever the groups grant.
internal sealed record AccessAnswer(
    AccessQuestion Question, AccessSubject? Subject, DecisionExplanation Explanation, bool LacksScope, IReadOnlyList<string> Notes)
{
    // Grants all, so that the scopes of a token alone decide.
    private static readonly EffectiveAccess AllAccess = new(
        [
            new Membership(
                new GroupRule(Guid.Empty, "", [new Permission(Permission.Any, Permission.Any)], [], IsDefault: true),
                Origin.DefaultGroup),
        ]);

    public Decision Decision => Explanation.Decision;

    public bool IsAllowed => Decision.IsAllowed;

    /// <summary>Whether the answer names groups that would grant what is missing: not to those who may not view access.</summary>
    public bool NamesGrantingGroups { get; init; } = true;

    /// <summary>Before the row has been looked up.</summary>
    public static AccessAnswer Create(
        AccessQuestion question, AccessSubject? subject, AccessRules rules, PermissionCatalogue catalogue, RowCatalogue rows)
    {
        string[] notes = [.. FindNotes(question, subject, catalogue, rows)];
        if (subject is null)
        {
            var unknown = new Decision(DecisionReason.SubjectUnknown, question.Permission, "");
            return new AccessAnswer(
                question, Subject: null, new DecisionExplanation(unknown, [], [], [], HeldScopes: null, []), LacksScope: false, notes);
        }

        var requirement = new AccessRequirement(question.Permission);
        var deciding = subject.DecidingFor(requirement, catalogue);
        var unhindered = deciding with { IsEnabled = true, Access = AllAccess };
        return new AccessAnswer(
            question,
            subject,
            DecisionExplanation.Create(deciding, requirement, rules, catalogue),
            Decision.Evaluate(unhindered, requirement, catalogue).Reason == DecisionReason.InsufficientScope,
            notes);
    }

    /// <summary>One answer for a row that is not there and one that is hidden, so that it does not show which.</summary>
    public AccessAnswer WithoutRow() =>
        this with { Explanation = Explanation with { Decision = new Decision(DecisionReason.RowHidden, Question.Permission, "") } };

    private static IEnumerable<string> FindNotes(
        AccessQuestion question, AccessSubject? subject, PermissionCatalogue catalogue, RowCatalogue rows)
    {
        if (subject is { RolesKnown: false })
        {
            yield return subject.RolesNote ?? $"No token of {subject.Username} has carried a roles claim so far. " +
                "What is known are default groups and those given directly.";
        }

        if (catalogue.Mistake(question.Permission.ToString(), wildcards: false) is { } mistake)
        {
            yield return mistake;
        }
        else if (question.IsAboutRow && rows.Find(question.Permission.Model) is null)
        {
            yield return $"The model {question.Permission.Model} has no rows that could be asked about, only {AccessQuestion.WholeModel}.";
        }
    }
}

/// <summary>One page of what a search finds. It may be short, or empty, and not the last: that has no <c>Next</c>.</summary>
internal sealed record AccessPage<TItem, TCursor>(IReadOnlyList<TItem> Items, TCursor? Next)
    where TCursor : class;
