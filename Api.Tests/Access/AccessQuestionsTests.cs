using System.Text;
using Api.Tests.Infrastructure;
using Dapper;
using KeycloakAccess.Data;
using KeycloakAccess.Explanation;
using KeycloakAccess.Permissions;
using Microsoft.Extensions.DependencyInjection;

namespace Api.Tests.Access;

/// <summary>The same questions without a call: as a command asks them.</summary>
public abstract class AccessQuestionsTests(ApiUnderTest api) : AccessTests(api)
{
    [Fact]
    public async Task A_question_is_answered_by_what_was_recorded()
    {
        var questions = await AccessQuestions.OpenAsync(Api.Services, Cancel);

        var answer = await questions.EvaluateAsync(new AccessQuestion("alice", new("record", "read"), "record-1"), Cancel);

        Assert.True(answer.IsAllowed);
        Assert.Equal("alice", answer.Subject?.Username);
        Assert.StartsWith("Yes. alice may do record:read on record-1.", AnswerFormatter.Write(answer), StringComparison.Ordinal);
        Assert.Equal(
            DecisionReason.RowHidden,
            (await questions.EvaluateAsync(new AccessQuestion("alice", new("record", "read"), "record-4"), Cancel)).Decision.Reason);
        Assert.Equal(
            DecisionReason.SubjectUnknown,
            (await questions.EvaluateAsync(new AccessQuestion("nobody", new("record", "read")), Cancel)).Decision.Reason);
    }

    [Fact]
    public async Task An_account_is_read_once_so_that_questions_put_together_are_answered_alike()
    {
        await Records.AddAccountAsync(Api, "paula");
        var group = await Records.AddGroupAsync(Api, """["record:read"]""", members: ["paula"]);
        var question = new AccessQuestion("paula", new("record", "read"), "record-1");
        var questions = await AccessQuestions.OpenAsync(Api.Services, Cancel);
        Assert.True((await questions.EvaluateAsync(question, Cancel)).IsAllowed);

        var off = new StringContent("""{"enabled":false}""", Encoding.UTF8, "application/json");
        await (await AskerAsync()).PatchAsync($"/api/accounts/{await Records.AccountAsync(Api, "paula")}", off, Cancel);

        Assert.True((await questions.EvaluateAsync(question with { Row = "record-2" }, Cancel)).IsAllowed);
        var later = await AccessQuestions.OpenAsync(Api.Services, Cancel);
        Assert.Equal(DecisionReason.AccountDisabled, (await later.EvaluateAsync(question, Cancel)).Decision.Reason);
        await Records.DeleteGroupAsync(Api, group);
    }

    [Fact]
    public async Task Those_who_may_come_with_the_reason_a_page_at_a_time()
    {
        var questions = await AccessQuestions.OpenAsync(Api.Services, Cancel);
        var question = new AccessQuestion("", new("record", "write"), "record-1");

        var found = new List<AccessAnswer>();
        Cursor? after = null;
        do
        {
            var page = await questions.WhoMayAsync(question, limit: 1, after, Cancel);
            found.AddRange(page.Items);
            after = page.Next;
        }
        while (after is not null);

        Assert.Contains(found, answer => answer.Subject?.Id == "alice");
        Assert.DoesNotContain(found, answer => answer.Subject?.Id == "bob");
        Assert.All(found, answer => Assert.NotEmpty(answer.Explanation.Grants));
        Assert.Equal(
            found.Select(answer => answer.Subject!.Username).Order(StringComparer.Ordinal),
            found.Select(answer => answer.Subject!.Username));
    }

    [Fact]
    public async Task A_search_that_looks_at_very_many_answers_with_what_it_has_and_goes_on()
    {
        const string sql = """
            INSERT INTO accounts (id, issuer, subject, kind, username, enabled, created_at, last_seen_at)
            VALUES (@Id, @Issuer, @Subject, 'person', @Subject, @enabled, @now, @now)
            """;
        await using (var connection = await Api.Services.GetRequiredService<Database>().OpenToWriteAsync(Cancel))
        {
            await using var transaction = await Database.BeginWriteAsync(connection, Cancel);
            var rows = Enumerable.Range(0, 1100).Select(i =>
                new
                {
                    Id = Guid.CreateVersion7(),
                    Api.Realm.Issuer,
                    Subject = $"crowd-{i:0000}",
                    enabled = i == 1099,
                    now = DateTimeOffset.UtcNow,
                });
            await connection.ExecuteAsync(sql, rows, transaction);
            await transaction.CommitAsync(Cancel);
        }

        var group = await Records.AddGroupAsync(Api, """["record:read"]""", isDefault: true);
        var questions = await AccessQuestions.OpenAsync(Api.Services, Cancel);
        var question = new AccessQuestion("", new("record", "read"), "record-1");

        var pages = new List<AccessPage<AccessAnswer, Cursor>>();
        Cursor? after = new("username", ["crowd", Guid.Empty.ToString()]);
        do
        {
            pages.Add(await questions.WhoMayAsync(question, limit: 100, after, Cancel));
            after = pages[^1].Next;
        }
        while (after is not null);

        Assert.Empty(pages[0].Items);
        Assert.NotNull(pages[0].Next);
        Assert.Contains("crowd-1099", pages.SelectMany(page => page.Items).Select(answer => answer.Subject?.Id));
        await Records.DeleteGroupAsync(Api, group);
    }
}

public sealed class AccessQuestionsOnEmbeddedRealmTests(
    RecordsOnEmbeddedRealm api) : AccessQuestionsTests(api), IClassFixture<RecordsOnEmbeddedRealm>;

public sealed class AccessQuestionsOnPostgreSqlTests(
    RecordsOnPostgreSql api) : AccessQuestionsTests(api), IClassFixture<RecordsOnPostgreSql>;
