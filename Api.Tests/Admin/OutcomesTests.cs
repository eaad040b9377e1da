using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Api.Tests.Delivery;
using Api.Tests.Infrastructure;
using Dapper;
using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Admin.Sessions;
using KeycloakAccess.Authentication;
using KeycloakAccess.Data;
using Microsoft.Extensions.DependencyInjection;

namespace Api.Tests.Admin;

/// <summary>What a page says after an action: green is for what is done as a whole, and numbers are right, at any number.</summary>
public abstract partial class OutcomesTests(ApiUnderTest api) : BookPages(api)
{
    [Theory]
    [InlineData(0, 0, "")]
    [InlineData(1, 0, "good")]
    [InlineData(4, 0, "good")]
    [InlineData(1, 3, "warn")]
    [InlineData(3, 1, "warn")]
    [InlineData(0, 1, "bad")]
    public void A_message_is_green_where_nothing_failed_and_something_was_done(int done, int failed, string kind)
    {
        var message = PageMessage.Of(done, failed, "text");

        Assert.Equal(kind, message.Kind);
        Assert.Equal(failed > 0 ? "alert" : "status", message.Role);
    }

    [Fact]
    public void What_is_said_of_ended_sessions_is_green_where_none_is_left_and_counts_as_people_do()
    {
        foreach (var ended in Enumerable.Range(0, 4).Append(1234))
        {
            foreach (var open in new[] { 0, 1, 2, ended }.Where(open => open <= ended))
            {
                foreach (var queued in new[] { 0, open })
                {
                    var message = SessionFormatter.Describe(new SessionsEnded("ada", ended, open) { Queued = queued });

                    Assert.Equal(ended == 0 ? "" : open == 0 ? "good" : "warn", message.Kind);
                    Assert.DoesNotMatch(WrongPlural(), message.Text);
                    Assert.Equal(open > 0, message.Text.Contains("Keycloak could not", StringComparison.Ordinal));
                }
            }
        }
    }

    // Each place says which kind its message is; nobody hands over a text alone.
    [Fact]
    public void No_page_counts_with_a_word_that_does_not_bend()
    {
        string[] wrong =
        [
            .. Directory.EnumerateFiles(Repository.PathOf("keycloak-access/Admin"), "*.*", SearchOption.AllDirectories)
                .Where(file => Path.GetFileName(file) is not "Plural.cs")
                .SelectMany(file => CountedWord().Matches(File.ReadAllText(file))
                    .Select(match => $"{Path.GetFileName(file)}: {match.Value}")),
        ];

        Assert.True(wrong.Length == 0, string.Join('\n', wrong));
    }

    // Cancel, Add, Remove, Disable, Select: the words that other software has, and one for one thing.
    [Fact]
    public void Pages_have_one_word_for_one_thing()
    {
        string[] former =
        [
            "Make none", "Add nothing", "Leave it as it is", "Leave them as they are", ">Keep it", "switched off", "ticked", "Mend ",
            "Take out", "Put into", "Put somebody", "Deactivate", "inactive", "Look at what would", "lead nowhere",
        ];
        string[] found =
        [
            .. Directory.EnumerateFiles(Repository.PathOf("keycloak-access/Admin"), "*.*", SearchOption.AllDirectories)
                .SelectMany(file => File.ReadLines(file)
                    .Where(line => !line.TrimStart().StartsWith("//", StringComparison.Ordinal)
                        && !line.TrimStart().StartsWith("@*", StringComparison.Ordinal))
                    .SelectMany(line => former.Where(word => line.Contains(word, StringComparison.Ordinal)))
                    .Select(word => $"{Path.GetFileName(file)}: {word}")),
        ];

        Assert.True(found.Length == 0, string.Join('\n', found));
    }

    [Fact]
    public async Task A_form_that_is_sent_twice_at_once_is_done_once_and_both_are_answered_alike()
    {
        var ada = await Api.PersonAsync("ada");
        var (_, author) = await AddAuthorAsync(ada);
        var title = $"Once {Guid.NewGuid():N}";
        var browser = await Api.SignInAsync("grace");
        var form = await OpenAsync(browser, $"{Books}/new");

        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => SendOnceAsync(browser, form, title, author)));

        var location = Assert.Single(answers.Select(answer => answer.Location!.AbsolutePath).Distinct(StringComparer.Ordinal));
        Assert.All(answers, answer => Assert.Contains("flash=", answer.Header("Set-Cookie"), StringComparison.Ordinal));
        Assert.Equal(1, await CountAsync(ada, title));
        // Sent again later, it is answered as it was; filled in anew, it is another form.
        Assert.Equal(location, (await SendOnceAsync(browser, form, title, author)).Location!.AbsolutePath);
        Assert.NotEqual(location, (await SendOnceAsync(browser, form, title + " II", author)).Location!.AbsolutePath);
        Assert.Equal(2, await CountAsync(ada, title));
    }

    [Fact]
    public async Task A_form_that_came_back_with_a_mistake_is_looked_at_anew()
    {
        var ada = await Api.PersonAsync("ada");
        var title = $"Later {Guid.NewGuid():N}";
        var author = $"Author {Guid.NewGuid():N}";
        var browser = await Api.SignInAsync("grace");
        var form = await OpenAsync(browser, $"{Books}/new");

        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await SendOnceAsync(browser, form, title, author)).Status);
        await AddAuthorAsync(ada, author);
        Assert.Equal(HttpStatusCode.Redirect, (await SendOnceAsync(browser, form, title, author)).Status);
        Assert.Equal(1, await CountAsync(ada, title));
    }

    [Fact]
    public async Task A_step_of_a_long_change_that_is_sent_twice_counts_once()
    {
        var word = "o" + Guid.NewGuid().ToString("N")[..8];
        await AddAccountsAsync(word, 130);
        var browser = await Api.SignInAsync("ada");
        var list = await OpenAsync(browser, $"/admin/accounts?search={word}");
        var ask = await browser.SubmitAsync(list, "form[action='/admin/accounts/bulk']", ("action", "disable"), ("all", "on"));
        Assert.Contains("All that the filter finds are meant, on every page: 130 accounts.", Words(ask.Text), StringComparison.Ordinal);

        var step = await browser.SubmitAsync(ask, "form[action='/admin/accounts/bulk/apply']");
        var again = await browser.SubmitAsync(ask, "form[action='/admin/accounts/bulk/apply']");

        Assert.Contains("100 accounts looked at, 100 changed", Words(step.Text), StringComparison.Ordinal);
        Assert.Contains("100 accounts looked at, 100 changed", Words(again.Text), StringComparison.Ordinal);
        var last = await browser.SubmitAsync(again, "form[action='/admin/accounts/bulk/apply']");
        Assert.Contains(
            "130 accounts looked at, 130 changed",
            last.Page.QuerySelector(".good[role=status]")!.TextContent,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 0)]
    [InlineData(0, 1)]
    [InlineData(2, 1)]
    [InlineData(0, 60)]
    [InlineData(55, 70)]
    public async Task Whom_the_deletion_of_a_group_or_a_mapping_concerns_is_counted_by_hand_and_by_role(int direct, int byRole)
    {
        var ada = await Api.PersonAsync("ada");
        var word = "m" + Guid.NewGuid().ToString("N")[..8];
        var ids = await AddAccountsAsync(word, direct + byRole + 3);
        await using var group = await GroupUnderTest.CreateAsync(ada, ["book:view"]);
        await group.WithRoleAsync("realm-role", $"{word}-*");
        await HoldAsync(word, ids[direct..(direct + byRole)], group.Id, ids[..direct]);
        var browser = await Api.SignInAsync("ada");

        foreach (var path in new[] { "delete", "edit" })
        {
            var page = await OpenAsync(browser, $"/admin/groups/{group.Id}/{path}");
            var said = page.Page.QuerySelector("#concerned")!.TextContent;
            var all = direct + byRole;
            Assert.StartsWith(
                all == 0 ? "It has no members" : all == 1 ? "1 account is in it" : $"{all} accounts are in it",
                said,
                StringComparison.Ordinal);
            Assert.Equal(direct > 0 && byRole > 0, said.Contains($"{direct} directly, {byRole} by a role", StringComparison.Ordinal));
            Assert.DoesNotContain("nobody to tell", page.Text, StringComparison.Ordinal);
            if (path == "delete")
            {
                Assert.Equal(Math.Min(20, all), page.Page.QuerySelectorAll("[aria-label=Members] tbody tr").Length);
            }
        }

        var members = await OpenAsync(browser, $"/admin/groups/{group.Id}");
        Assert.Equal(
            direct + byRole == 0 ? null : direct + byRole == 1 ? "1 member" : $"{direct + byRole} members",
            members.Page.QuerySelector("#members ~ .total")?.TextContent);
        var mapping = members.Page.QuerySelector("a[href^='/admin/role-mappings/'] code")!.ParentElement!.GetAttribute("href")!;
        var delete = await OpenAsync(browser, mapping + "/delete");
        // One of those who hold the role is in the group directly too, and loses nothing.
        var lose = byRole;
        Assert.Equal(
            lose == 0 ? null : lose == 1 ? "1 account loses the group with it." : $"{lose} accounts lose the group with it.",
            delete.Page.QuerySelector("#concerned")?.TextContent);
    }

    private static Task<RealmAnswer> SendOnceAsync(RealmBrowser browser, RealmAnswer form, string title, string author)
    {
        var fields = form.Page.QuerySelectorAll($"{NewBook} input[type=hidden]")
            .Select(field => KeyValuePair.Create(field.GetAttribute("name")!, field.GetAttribute("value") ?? ""))
            .Append(new("title", title))
            .Append(new("authorId", author));
        return browser.SendAsync(new HttpRequestMessage(HttpMethod.Post, new Uri(form.Url, $"{Books}/new"))
        {
            Content = new FormUrlEncodedContent(fields),
            Headers = { { "Accept", "text/html" } },
        });
    }

    private static async Task<int> CountAsync(HttpClient client, string title) =>
        JsonElement.Parse(await client.GetStringAsync($"/api/books?search={Uri.EscapeDataString(title)}", Cancel))
            .GetProperty("items").GetArrayLength();

    private async Task<Guid[]> AddAccountsAsync(string word, int number)
    {
        await using var connection = await Api.Services.GetRequiredService<Database>().OpenToWriteAsync(Cancel);
        await using var transaction = await Database.BeginWriteAsync(connection, Cancel);
        var now = DateTimeOffset.UtcNow;
        var rows = Enumerable.Range(0, number)
            .Select(index => new
            {
                id = Guid.CreateVersion7(now.AddMilliseconds(index)),
                issuer = Api.Realm.Issuer,
                name = $"{word}-{index:000}",
                enabled = true,
                now,
            })
            .ToArray();
        await connection.ExecuteAsync(
            """
            INSERT INTO accounts (id, issuer, subject, kind, username, enabled, created_at, last_seen_at)
            VALUES (@id, @issuer, @name, 'person', @name, @enabled, @now, @now)
            """,
            rows,
            transaction);
        await transaction.CommitAsync(Cancel);
        return [.. rows.Select(row => row.id)];
    }

    // Each of them has two roles that the pattern fits: who has several counts once.
    private async Task HoldAsync(string word, Guid[] holders, Guid group, Guid[] members)
    {
        await using var connection = await Api.Services.GetRequiredService<Database>().OpenToWriteAsync(Cancel);
        await using var transaction = await Database.BeginWriteAsync(connection, Cancel);
        foreach (var role in new[] { $"{word}-one", $"{word}-two" })
        {
            await connection.ExecuteAsync(
                "INSERT INTO observed_roles (kind, client, name, first_observed_at) VALUES ('realm-role', '', @role, @now)",
                new { role, now = DateTimeOffset.UtcNow },
                transaction);
            // The first direct member has a role too.
            await connection.ExecuteAsync(
                "INSERT INTO account_roles (account_id, role_id) SELECT @id, r.id FROM observed_roles r WHERE r.name = @role",
                holders.Concat(members.Take(1)).Select(id => new { id, role }),
                transaction);
        }

        await connection.ExecuteAsync(
            "INSERT INTO group_members (group_id, account_id) VALUES (@group, @id)", members.Select(id => new { id, group }), transaction);
        await transaction.CommitAsync(Cancel);
    }

    [GeneratedRegex(
        @"\b1 [a-z]+s (have|are|were)\b|\b(0|[2-9]|[0-9],[0-9]+|[1-9][0-9]+) [a-z]+ (has|is) ",
        RegexOptions.ExplicitCapture,
        1000)]
    private static partial Regex WrongPlural();

    // A hole in a text, and right behind it a noun in the plural.
    [GeneratedRegex(
        @"[^$]\{[A-Za-z.]+(Count|Ended|Open|Number|Length|number|idle)\} (of [a-z]+ )?[a-z]+s\b",
        RegexOptions.ExplicitCapture,
        1000)]
    private static partial Regex CountedWord();
}

public sealed class OutcomesOnSqliteTests(ApiOnEmbeddedRealm api) : OutcomesTests(api), IClassFixture<ApiOnEmbeddedRealm>;

public sealed class OutcomesOnPostgreSqlTests(ApiOnPostgreSql api) : OutcomesTests(api), IClassFixture<ApiOnPostgreSql>;
