using System.Net.Http.Json;
using System.Text.Json;
using Api.Tests.Infrastructure;
using Dapper;
using KeycloakAccess.Accounts;
using KeycloakAccess.Data;
using KeycloakAccess.Permissions;
using Microsoft.Extensions.DependencyInjection;

namespace Api.Tests.Texts;

/// <summary>Every search, by the API and on the pages, of rows and of accounts: neither case nor accents count.</summary>
public abstract class SearchingTests(ApiUnderTest api) : ApiTests(api)
{
    private static readonly string[] Names = ["Линус Т.", "Überfahrt 50%_\\", "Conan O’Brien", "Straße", "İbrahim", "Νίκος", "שָׁלוֹם"];

    [Theory]
    [InlineData("лин", 0)]
    [InlineData("überfahrt", 1)]
    [InlineData("uberfahrt", 1)]
    [InlineData("U\u0308BERFAHRT", 1)]
    [InlineData("50%_\\", 1)]
    [InlineData("brien", 2)]
    [InlineData("o'brien", 2)]
    [InlineData("strasse", 3)]
    [InlineData("STRASSE", 3)]
    [InlineData("ibrahim", 4)]
    [InlineData("ΝΙΚΟΣ", 5)]
    [InlineData("שלום", 6)]
    [InlineData("\u0301", null)]
    [InlineData("_", 1)]
    public async Task Rows_are_found(string search, int? expected)
    {
        var writer = await Api.ServiceAsync("acme-writer");
        var mark = Guid.NewGuid().ToString("N");
        foreach (var name in Names)
        {
            await writer.PostAsync("/api/authors", JsonContent.Create(new { name = $"{name} {mark}" }), Cancel);
        }

        var found = await writer.GetFromJsonAsync<JsonElement>($"/api/authors?limit=100&search={Uri.EscapeDataString(search)}", Cancel);
        var names = found.GetProperty("items").EnumerateArray().Select(row => row.GetProperty("name").GetString()!)
            .Where(name => name.EndsWith(mark, StringComparison.Ordinal));
        Assert.Equal(expected is { } index ? [$"{Names[index]} {mark}"] : [], names);

        if (expected is not null)
        {
            var browser = await Api.SignInAsync("ada");
            var page = await browser.GetAsync(
                $"{Api.Realm.ApiUrl}/admin/models/authors?search={Uri.EscapeDataString(search)}");
            Assert.Contains(
                Names[expected.Value], page.Page.QuerySelector("#results")!.TextContent, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("лин", 0)]
    [InlineData("uber", 1)]
    [InlineData("brien", 2)]
    [InlineData("O'Brien", 2)]
    [InlineData("conan", 2)]
    [InlineData("strasse", 3)]
    [InlineData("IBRAHIM", 4)]
    [InlineData("νικος", 5)]
    [InlineData("שלום", 6)]
    [InlineData("\u0301", null)]
    public async Task Accounts_are_found_by_a_part_and_by_the_beginning_of_a_word(string search, int? expected)
    {
        var database = Api.Services.GetRequiredService<Database>();
        var mark = Guid.NewGuid().ToString("N");
        await AddAccountsAsync(database, mark);

        var byPart = await Api.Services.GetRequiredService<AccountStore>().ListAsync(
            new AccountFilter(search, Kind: null, Enabled: null, Limit: 200, After: null), Cancel);
        var byBeginning = await Api.Services.GetRequiredService<AccountSearch>().ListAsync(
            new AccountQuery { Search = search, Limit = 200 }, Cancel);

        foreach (var page in new[] { byPart, byBeginning })
        {
            Assert.Equal(
                expected is { } index ? [Names[index]] : [],
                page.Items.Where(account => account.Subject.StartsWith(mark, StringComparison.Ordinal)).Select(account => account.Name));
        }
    }

    [Fact]
    public async Task Terms_that_were_made_before_are_made_anew_once()
    {
        var database = Api.Services.GetRequiredService<Database>();
        await AddAccountsAsync(database, Guid.NewGuid().ToString("N"));
        var before = await TermsAsync(database);
        await database.WriteAsync("UPDATE account_search_state SET folding = 0", new { }, Cancel);
        await database.WriteAsync("UPDATE account_search_index SET term = 'former ' || term", new { }, Cancel);

        var rebuilt = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => AccountSearchIndex.RebuildAsync(database, Cancel)));

        Assert.Equal(1, rebuilt.Count(done => done));
        Assert.Equal(before, await TermsAsync(database));
    }

    private static async Task<IReadOnlyList<string>> TermsAsync(Database database)
    {
        await using var connection = await database.OpenAsync(Cancel);
        var terms = await connection.QueryAsync<string>("SELECT kind || ' ' || term FROM account_search_index");
        return [.. terms.Order(StringComparer.Ordinal)];
    }

    private static Task AddAccountsAsync(Database database, string mark) => database.WriteAsync(
        async write =>
        {
            foreach (var (name, index) in Names.Select((name, index) => (name, index)))
            {
                var id = Guid.CreateVersion7();
                await write.Connection.ExecuteAsync(
                    """
                    INSERT INTO accounts (id, issuer, subject, kind, username, name, enabled, created_at, last_seen_at)
                    VALUES (@id, 'i', @subject, 'person', @username, @name, @enabled, @now, @now)
                    """,
                    new { id, subject = $"{mark}-{index}", username = $"u-{index}", name, enabled = true, now = DateTimeOffset.UtcNow },
                    write.Transaction);
                await AccountSearchIndex.WriteAsync(
                    write.Connection, write.Transaction, id, new AccountNames("person", $"u-{index}", Email: null, name), Cancel);
            }

            await write.CommitAsync();
        },
        Cancel);
}

public sealed class SearchingOnSqliteTests(ApiOnEmbeddedRealm api) : SearchingTests(api), IClassFixture<ApiOnEmbeddedRealm>;

public sealed class SearchingOnPostgreSqlTests(ApiOnPostgreSql api) : SearchingTests(api), IClassFixture<ApiOnPostgreSql>;
