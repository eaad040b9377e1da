using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Api.Tests.Infrastructure;
using Dapper;
using KeycloakAccess.Data;
using Microsoft.Extensions.DependencyInjection;

namespace Api.Tests.Accounts;

/// <summary>Whoever has left is deleted: no name of theirs is kept in any table, and what they did stays under their id.</summary>
public abstract class DeletingAccountsTests(ApiUnderTest api) : ApiTests(api)
{
    private string Url => Api.Realm.ApiUrl;

    [Fact]
    public async Task No_table_holds_a_name_of_somebody_who_is_deleted()
    {
        var ada = await Api.PersonAsync("ada");
        var linus = await Api.PersonAsync("linus");
        var id = await AccountIdAsync(linus);
        var subject = await ScalarAsync<string>("SELECT subject FROM accounts WHERE id = @id", new { id });
        await using var group = await (await GroupUnderTest.CreateAsync(ada, ["book:view", "author:*", "admin:view"])).WithAsync(id);
        // Changes by them and about them, refusals, sessions that are there and that have ended.
        using var added = await linus.PostAsJsonAsync("/api/authors", new { name = "Somebody" }, Cancel);
        Assert.Equal(HttpStatusCode.Created, added.StatusCode);
        await AssertProblemAsync(await linus.GetAsync("/api/audit", Cancel), 403);
        await ada.PatchAsync($"/api/accounts/{id}", JsonBody("""{"enabled":false}"""), Cancel);
        await ada.PatchAsync($"/api/accounts/{id}", JsonBody("""{"enabled":true}"""), Cancel);
        var gone = await Api.SignInAsync("linus");
        await gone.SubmitAsync(await gone.GetAsync($"{Url}/account"), "form[action='/account/sessions/end']");
        var browser = await Api.SignInAsync("linus");
        Assert.Contains("linus", await EverythingAsync(), StringComparison.OrdinalIgnoreCase);

        using var deleted = await ada.DeleteAsync($"/api/accounts/{id}?reason=Has%20left", Cancel);

        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        var everything = await EverythingAsync();
        Assert.All(["linus", "torvalds"], name => Assert.DoesNotContain(name, everything, StringComparison.OrdinalIgnoreCase));
        // Only that the tokens of before are good no longer is written under the subject, for a day.
        Assert.Equal(1, await ScalarAsync<long>("SELECT COUNT(*) FROM ended_sessions WHERE subject = @subject", new { subject }));
        Assert.Single(everything.Split(subject!)[1..]);
        var rows = await ListAsync(ada, "/api/audit");
        var did = rows.Where(row => row.GetProperty("accountId").GetString() == $"{id}").ToArray();
        Assert.All(did, row => Assert.Equal("deleted account", row.GetProperty("account").GetString()));
        Assert.Contains(did, row => row.GetProperty("model").GetString() == "author");
        Assert.Contains(did, row => row.GetProperty("kind").GetString() == "denied-request");
        var last = rows.First(row => row.GetProperty("rowId").GetString() == $"{id}");
        Assert.Equal(("delete", "Has left", "ada"), (
            last.GetProperty("action").GetString(), last.GetProperty("reason").GetString(), last.GetProperty("account").GetString()));
        await AssertProblemAsync(await ada.GetAsync($"/api/accounts/{id}", Cancel), 404, "not_found");
        await AssertProblemAsync(await ada.DeleteAsync($"/api/accounts/{id}", Cancel), 404, "not_found");
        // Neither session nor token of before is good; signing in again makes a new account.
        await AssertProblemAsync(await linus.GetAsync("/api/me", Cancel), 401, "invalid_token");
        Assert.NotEqual($"{Url}/account", (await browser.GetAsync($"{Url}/account")).Url.AbsoluteUri);
        var pages = await Api.SignInAsync("linus");
        Assert.Contains("linus", (await pages.GetAsync($"{Url}/account")).Text, StringComparison.Ordinal);
        Assert.NotEqual(id, await ScalarAsync<Guid>("SELECT id FROM accounts WHERE subject = @subject", new { subject }));
    }

    [Fact]
    public async Task Whoever_was_switched_off_and_deleted_does_not_come_back_on()
    {
        var ada = await Api.PersonAsync("ada");
        var reader = await Api.ServiceAsync("acme-reader");
        var first = await AccountIdAsync(reader);
        await ada.PatchAsync($"/api/accounts/{first}", JsonBody("""{"enabled":false}"""), Cancel);
        Assert.Equal(HttpStatusCode.NoContent, (await ada.DeleteAsync($"/api/accounts/{first}", Cancel)).StatusCode);

        await AssertProblemAsync(await reader.GetAsync("/api/books", Cancel), 403, "account_disabled");

        var again = (await ada.GetFromJsonAsync<JsonElement>("/api/accounts?search=acme-reader", Cancel)).GetProperty("items")[0];
        Assert.False(again.GetProperty("enabled").GetBoolean());
        Assert.Equal("It was disabled when it was deleted, and has come again.", again.GetProperty("disabledBecause").GetString());
        var second = again.GetProperty("id").GetGuid();
        Assert.NotEqual(first, second);
        var page = await (await Api.SignInAsync("ada")).GetAsync($"{Url}/admin/accounts/{second}");
        Assert.Contains("It was disabled when it was deleted", page.Text, StringComparison.Ordinal);

        // Somebody enables it; deleted as that, it comes again as anybody does.
        var enabled = await ada.PatchAsync($"/api/accounts/{second}", JsonBody("""{"enabled":true}"""), Cancel);
        Assert.Equal(JsonValueKind.Null, (await JsonAsync(enabled)).GetProperty("disabledBecause").ValueKind);
        Assert.Equal(HttpStatusCode.NoContent, (await ada.DeleteAsync($"/api/accounts/{second}", Cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await reader.GetAsync("/api/books", Cancel)).StatusCode);
    }

    [Fact]
    public async Task Neither_oneself_nor_who_holds_more_nor_the_last_who_holds_everything_is_deleted()
    {
        var ada = await Api.PersonAsync("ada");
        var id = await AccountIdAsync(ada);
        var nora = await Api.PersonAsync("nora");
        await using var managers = await GroupUnderTest.CreateAsync(ada, ["account:*"]);
        await managers.WithAsync(await AccountIdAsync(nora));

        await AssertProblemAsync(await ada.DeleteAsync($"/api/accounts/{id}?allowNoSuperuser=true", Cancel), 409, "conflict");
        await AssertProblemAsync(await nora.DeleteAsync($"/api/accounts/{id}?allowNoSuperuser=true", Cancel), 403, "grant_refused");
        await AssertProblemAsync(
            await (await Api.PersonAsync("grace")).DeleteAsync($"/api/accounts/{id}", Cancel), 403, "permission_missing");

        Assert.Equal(HttpStatusCode.OK, (await ada.GetAsync($"/api/accounts/{id}", Cancel)).StatusCode);
    }

    [Fact]
    public async Task The_page_says_what_would_go_before_it_goes()
    {
        var ada = await Api.PersonAsync("ada");
        var id = await AccountIdAsync(await Api.ServiceAsync("acme-nobody"));
        await using var group = await (await GroupUnderTest.CreateAsync(ada, ["book:view"])).WithAsync(id);
        var pages = await Api.SignInAsync("ada");
        var account = await pages.GetAsync($"{Url}/admin/accounts/{id}");
        Assert.NotNull(account.Page.QuerySelector($"a[href='/admin/accounts/{id}/delete']"));

        var form = await pages.GetAsync($"{Url}/admin/accounts/{id}/delete");
        Assert.Contains(group.Name, form.Text, StringComparison.Ordinal);
        Assert.Contains("the next sign-in or call makes a new account", form.Text, StringComparison.Ordinal);
        var done = await pages.SubmitAsync(form, "form.card", ("reason", "Not needed"));

        Assert.Equal($"{Url}/admin/accounts", done.Url.AbsoluteUri);
        Assert.Contains("acme-nobody is deleted.", done.Text, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await pages.GetAsync($"{Url}/admin/accounts/{id}")).Status);
        var own = await pages.GetAsync($"{Url}/admin/accounts/{await AccountIdAsync(ada)}/delete");
        Assert.Contains("Nobody deletes their own account.", own.Text, StringComparison.Ordinal);
        Assert.Null(own.Page.QuerySelector("button.danger"));
    }

    private async Task<T?> ScalarAsync<T>(string sql, object values)
    {
        await using var connection = await Api.Services.GetRequiredService<Database>().OpenAsync(Cancel);
        return await connection.ExecuteScalarAsync<T>(sql, values);
    }

    // Every value of every column of every table of the database.
    private async Task<string> EverythingAsync()
    {
        await Api.Services.GetRequiredService<DeniedRequestLog>().FlushAsync(Cancel);
        await using var connection = await Api.Services.GetRequiredService<Database>().OpenAsync(Cancel);
        var tables = await connection.QueryAsync<string>(Api.Engine == DatabaseEngine.Sqlite
            ? "SELECT name FROM sqlite_master WHERE type = 'table'"
            : "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'");
        var text = new System.Text.StringBuilder();
        foreach (var table in tables)
        {
            foreach (IDictionary<string, object?> row in await connection.QueryAsync($"SELECT t.* FROM \"{table}\" t"))
            {
                text.AppendJoin('\n', row.Values.Select(value => value is byte[] bytes ? Convert.ToHexString(bytes) : $"{value}"));
                text.AppendLine();
            }
        }

        return text.ToString();
    }
}

public sealed class DeletingAccountsOnSqliteTests(ApiOnEmbeddedRealm api) : DeletingAccountsTests(api), IClassFixture<ApiOnEmbeddedRealm>;

public sealed class DeletingAccountsOnPostgreSqlTests(ApiOnPostgreSql api) : DeletingAccountsTests(api), IClassFixture<ApiOnPostgreSql>;
