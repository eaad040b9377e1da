using System.Net.Http.Json;
using System.Text.Json;
using Api.Tests.Infrastructure;
using Dapper;
using KeycloakAccess.Accounts;
using KeycloakAccess.Data;
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
    public async Task Accounts_are_found(string search, int? expected)
    {
        var database = Api.Services.GetRequiredService<Database>();
        var mark = Guid.NewGuid().ToString("N");
        await AddAccountsAsync(database, mark);

        foreach (var sort in AccountSearch.Sorts)
        {
            var page = await Api.Services.GetRequiredService<AccountSearch>().ListAsync(
                new AccountQuery { Search = search, Sort = sort, Limit = 200 }, Cancel);
            Assert.Equal(
                expected is { } index ? [Names[index]] : [],
                page.Items.Where(account => account.Subject.StartsWith(mark, StringComparison.Ordinal)).Select(account => account.Name));
        }
    }

    private static Task AddAccountsAsync(Database database, string mark) => database.WriteAsync(
        async write =>
        {
            foreach (var (name, index) in Names.Select((name, index) => (name, index)))
            {
                await write.Connection.ExecuteAsync(
                    """
                    INSERT INTO accounts (id, issuer, subject, kind, username, name, enabled, created_at, last_seen_at)
                    VALUES (@id, 'i', @subject, 'person', @username, @name, @enabled, @now, @now)
                    """,
                    new
                    {
                        id = Guid.CreateVersion7(),
                        subject = $"{mark}-{index}",
                        username = $"u-{index}",
                        name,
                        enabled = true,
                        now = DateTimeOffset.UtcNow,
                    },
                    write.Transaction);
            }

            await write.CommitAsync();
        },
        Cancel);
}

public sealed class SearchingOnSqliteTests(ApiOnEmbeddedRealm api) : SearchingTests(api), IClassFixture<ApiOnEmbeddedRealm>;

public sealed class SearchingOnPostgreSqlTests(ApiOnPostgreSql api) : SearchingTests(api), IClassFixture<ApiOnPostgreSql>;
