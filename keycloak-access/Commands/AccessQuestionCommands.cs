using System.CommandLine;
using KeycloakAccess.Data;
using KeycloakAccess.Explanation;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Commands;

internal static class AccessQuestionCommands
{
    private const int PageSize = 100;

    public static Verb Explain()
    {
        var subject = new Option<string>("--subject", "-s")
        {
            Description = "Who: a user name, a client id, or the id of an account, Keycloak's or the one here.",
            HelpName = "name",
            Required = true,
        };
        var permission = new Option<string>("--permission", "-p")
        {
            Description = "What: model:action, as in book:delete.",
            HelpName = "permission",
            Required = true,
        };
        var row = Row();
        var scopes = new Option<string?>("--scopes")
        {
            Description = "The scopes of a token to suppose, with spaces between them.",
            HelpName = "scopes",
        };
        var json = AccessCommand.JsonOutput();
        const string description = "Explain why somebody may do something, or may not. Exit code 0: they may, 3: they may not.";
        return new Verb("explain", description, async (services, line, cancellationToken) =>
        {
            if (Read(services, line.GetRequiredValue(permission)) is not { } asked)
            {
                return ExitCode.Invalid;
            }

            await services.GetRequiredService<SchemaCheck>().RunAsync(cancellationToken);
            var name = line.GetRequiredValue(subject);
            var known = await services.GetRequiredService<SubjectStore>().FindNamedAsync(name, cancellationToken);
            if (known.Count > 1)
            {
                Terminal.Say($"error: {name} may be any of several accounts. Name one by its id:");
                known.Select(account => $"  {account.Username} ({SubjectTypes.Write(account.Kind)}): {account.Subject}")
                    .ToList()
                    .ForEach(Terminal.Say);
                return ExitCode.Invalid;
            }

            var question = new AccessQuestion(
                known.Count == 1 ? known[0].Subject : name,
                asked,
                line.GetValue(row) ?? AccessQuestion.WholeModel,
                Scopes: line.GetValue(scopes)?.Split(' ', StringSplitOptions.RemoveEmptyEntries).ToHashSet(StringComparer.Ordinal));
            var questions = await AccessQuestions.OpenAsync(services, cancellationToken);
            var answer = await questions.EvaluateAsync(question, cancellationToken);
            if (line.GetValue(json))
            {
                Terminal.WriteJson(EvaluationJson.Write(EvaluationResponse.FromAnswer(answer)));
            }
            else
            {
                Terminal.WriteLines($"{AnswerFormatter.Write(answer)}\n\n{AnswerFormatter.Draw(answer)}");
            }

            return answer.IsAllowed ? ExitCode.Done : ExitCode.No;
        }) { subject, permission, row, scopes, json };
    }

    public static Verb WhoCan()
    {
        var permission = new Argument<string>("permission") { Description = "What: model:action, as in book:delete." };
        var row = Row();
        var limit = AccessCommand.Limit();
        var json = AccessCommand.JsonOutput();
        const string description = "List the accounts that may do something, each with its grant paths. Exit code 0: somebody, 3: nobody.";
        return new Verb("who-can", description, async (services, line, cancellationToken) =>
        {
            if (Read(services, line.GetRequiredValue(permission)) is not { } asked)
            {
                return ExitCode.Invalid;
            }

            await services.GetRequiredService<SchemaCheck>().RunAsync(cancellationToken);
            var question = new AccessQuestion(Subject: "", asked, line.GetValue(row) ?? AccessQuestion.WholeModel);
            var questions = await AccessQuestions.OpenAsync(services, cancellationToken);
            var (answers, isCut) = await AllAsync(questions, question, line.GetValue(limit), cancellationToken);
            if (line.GetValue(json))
            {
                Terminal.WriteJson(EvaluationJson.Write(answers.Select(EvaluationResponse.FromAnswer)));
            }
            else
            {
                answers.SelectMany(Lines).ToList().ForEach(Terminal.Write);
            }

            Terminal.Say(answers.Count == 0 ? $"Nobody may do {asked}."
                : isCut ? $"These are the first {answers.Count} of those who may do {asked}. --limit names more."
                : $"{answers.Count} {(answers.Count == 1 ? "account" : "accounts")} may do {asked}.");
            return answers.Count > 0 ? ExitCode.Done : ExitCode.No;
        }) { permission, row, limit, json };
    }

    private static Option<string?> Row() =>
        new("--row") { Description = "On which row, by its id. Left out: on the model as a whole.", HelpName = "id" };

    private static Permission? Read(IServiceProvider services, string text)
    {
        if (services.GetRequiredService<PermissionCatalogue>().Mistake(text, wildcards: false) is not { } mistake)
        {
            return Permission.TryParse(text, out var permission) ? permission : null;
        }

        Terminal.Say($"error: {mistake}");
        return null;
    }

    // A page may have none and not be the last: it ends after so many candidates, found or not.
    private static async Task<(IReadOnlyList<AccessAnswer> Answers, bool IsCut)> AllAsync(
        AccessQuestions questions, AccessQuestion question, int limit, CancellationToken cancellationToken)
    {
        var answers = new List<AccessAnswer>();
        Cursor? next = null;
        do
        {
            var page = await questions.WhoMayAsync(question, Math.Min(PageSize, limit - answers.Count), next, cancellationToken);
            answers.AddRange(page.Items);
            next = page.Next;
        }
        while (next is not null && answers.Count < limit);

        return (answers, next is not null);
    }

    private static IEnumerable<string> Lines(AccessAnswer answer) =>
        answer.Explanation.Grants.Select(grantPath => $"    {grantPath}")
            .Prepend($"{AnswerFormatter.SubjectName(answer)} ({SubjectTypes.Write(answer.Subject!.Subject.Kind)}, {answer.Subject.Id})");
}
