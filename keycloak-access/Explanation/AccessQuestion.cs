using KeycloakAccess.Authentication;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Explanation;

/// <summary>May this subject do this, on this row?</summary>
/// <param name="Subject">Keycloak's id of the account (<c>sub</c>).</param>
/// <param name="Permission">What is to be done.</param>
/// <param name="Row">The id of a row, or <see cref="WholeModel"/>.</param>
/// <param name="SubjectType">One of <see cref="SubjectTypes"/>; <see langword="null"/> where the id alone says who is meant.</param>
/// <param name="Scopes">The scopes of a token that the question supposes; <see langword="null"/> to suppose none.</param>
internal sealed record AccessQuestion(
    string Subject, Permission Permission, string Row = AccessQuestion.WholeModel, string? SubjectType = null, IReadOnlySet<string>? Scopes = null)
{
    /// <summary>The model itself, and none of its rows: what <c>add</c> and lists are about.</summary>
    public const string WholeModel = "*";

    /// <summary>Whether the answer depends on a row. A row that is to be added is not there yet.</summary>
    public bool IsAboutRow => Row != WholeModel && Permission.Action != Permission.Add;
}

/// <summary>The types that a subject may be called by. <c>user</c> and <c>person</c> are the same.</summary>
internal static class SubjectTypes
{
    public const string User = "user";
    public const string Person = "person";
    public const string Service = "service";

    public static string Write(AccountKind kind) => kind == AccountKind.Service ? Service : Person;

    /// <returns>The kind of account that the type means, or <see langword="null"/> if it means none.</returns>
    public static AccountKind? Parse(string type) => type switch
    {
        User or Person => AccountKind.Person,
        Service => AccountKind.Service,
        _ => null,
    };
}

/// <summary>Somebody who is asked about, with everything that decides the answer.</summary>
/// <param name="Id">Keycloak's id of the account (<c>sub</c>).</param>
/// <param name="Username">The name to sign in with, or the client id of a service.</param>
/// <param name="Subject">The subject of the decision.</param>
/// <param name="RolesKnown">Whether a token has said which roles the account has.</param>
/// <param name="IsAsker">Whether it is the one who asks, by the roles and scopes of their own token.</param>
/// <param name="Own">
/// The one who asks as their own token has them, where <paramref name="Subject"/> supposes other scopes. Both must be
/// allowed: whoever supposes scopes that they do not hold learns nothing that their own would not show.
/// </param>
internal sealed record AccessSubject(string Id, string Username, Subject Subject, bool RolesKnown, bool IsAsker, Subject? Own = null)
{
    /// <returns>The one of the two that decides: their own, where that is refused already.</returns>
    public Subject DecidingFor(AccessRequirement requirement, PermissionCatalogue catalogue) =>
        Own is not null && !Decision.Evaluate(Own, requirement, catalogue).IsAllowed ? Own : Subject;
}

/// <summary>The answer, with everything that led to it.</summary>
/// <param name="Question">What was asked.</param>
/// <param name="Subject">Whom it is about; <see langword="null"/> if nobody of that id and type has been seen.</param>
/// <param name="Explanation">The decision and the grant paths behind it.</param>
/// <param name="LacksScope">Whether the token, if there is one, is for less than this, whatever else stands in the way.</param>
/// <param name="Notes">What is odd about the question or about what is known, in full sentences.</param>
internal sealed record AccessAnswer(
    AccessQuestion Question, AccessSubject? Subject, DecisionExplanation Explanation, bool LacksScope, IReadOnlyList<string> Notes)
{
    // Holds everything, to see whether a token's scopes alone would be in the way.
    private static readonly EffectiveAccess Everything = new(
        [new Membership(new GroupRule(Guid.Empty, "", [new Permission(Permission.Any, Permission.Any)], [], IsDefault: true), Origin.DefaultGroup)]);

    public Decision Decision => Explanation.Decision;

    public bool IsAllowed => Decision.IsAllowed;

    /// <summary>
    /// Whether the answer names the groups that would grant what is missing, and the roles that lead there. Groups that the
    /// subject is not in are not theirs to know of.
    /// </summary>
    public bool NamesGrantingGroups { get; init; } = true;

    /// <summary>The answer before anybody has looked for the row. A pure function.</summary>
    /// <param name="question">What is asked.</param>
    /// <param name="subject">Whom it is about.</param>
    /// <param name="rules">The rules that the subject's access was resolved by.</param>
    /// <param name="catalogue">Every permission and scope that exists.</param>
    /// <param name="rows">The models whose rows can be asked about.</param>
    public static AccessAnswer Create(
        AccessQuestion question, AccessSubject? subject, AccessRules rules, PermissionCatalogue catalogue, RowCatalogue rows)
    {
        string[] notes = [.. Oddities(question, subject, catalogue, rows)];
        if (subject is null)
        {
            var unknown = new Decision(DecisionReason.SubjectUnknown, question.Permission, "");
            return new AccessAnswer(question, Subject: null, new DecisionExplanation(unknown, [], [], [], HeldScopes: null, []), LacksScope: false, notes);
        }

        var requirement = new AccessRequirement(question.Permission);
        var deciding = subject.DecidingFor(requirement, catalogue);
        var unhindered = deciding with { IsEnabled = true, Access = Everything };
        return new AccessAnswer(
            question,
            subject,
            DecisionExplanation.Create(deciding, requirement, rules, catalogue),
            Decision.Evaluate(unhindered, requirement, catalogue).Reason == DecisionReason.InsufficientScope,
            notes);
    }

    /// <returns>The answer where the row is not there or is hidden: one and the same, so that nobody learns which.</returns>
    public AccessAnswer WithoutRow() =>
        this with { Explanation = Explanation with { Decision = new Decision(DecisionReason.RowHidden, Question.Permission, "") } };

    private static IEnumerable<string> Oddities(AccessQuestion question, AccessSubject? subject, PermissionCatalogue catalogue, RowCatalogue rows)
    {
        if (subject is { RolesKnown: false })
        {
            yield return subject.IsAsker
                ? "The token of this call carries no roles claim at all. Either nothing is assigned, or its client lacks the client scope \"roles\" in Keycloak."
                : $"No token of {subject.Username} has carried a roles claim so far. What is known are default groups and those given directly.";
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

/// <summary>One page of whatever a question finds.</summary>
/// <param name="Items">What was found, at most as many as were asked for. Fewer, or none, does not say that it is the last page.</param>
/// <param name="Next">Where the next page starts; <see langword="null"/> on the last one.</param>
internal sealed record AccessPage<TItem, TCursor>(IReadOnlyList<TItem> Items, TCursor? Next)
    where TCursor : class;
