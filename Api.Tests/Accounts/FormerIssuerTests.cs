using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Api.Tests.Infrastructure;
using Dapper;
using KeycloakAccess.Data;
using Microsoft.Extensions.DependencyInjection;

namespace Api.Tests.Accounts;

/// <summary>The realm has another address: nobody who was switched off is on again, and everybody is carried over.</summary>
public abstract class FormerIssuerTests(ApiUnderTest api) : ApiTests(api)
{
    private const string Former = "http://former.test/auth/realms/acme";

    private string Url => Api.Realm.ApiUrl;

    [Fact]
    public async Task Whoever_is_switched_off_under_a_former_issuer_stays_off()
    {
        var former = await AddAsync(await SubjectOfAsync("linus"), "linus", enabled: false);

        await AssertProblemAsync(await (await Api.PersonAsync("linus")).GetAsync("/api/me", Cancel), 403, "account_disabled");

        var ada = await Api.PersonAsync("ada");
        var list = await ada.GetFromJsonAsync<JsonElement>("/api/accounts?search=linus&enabled=false", Cancel);
        var account = list.GetProperty("items").EnumerateArray().Single(item => item.GetProperty("id").GetGuid() != former);
        Assert.Equal(Api.Realm.Issuer, account.GetProperty("issuer").GetString());
        Assert.Equal($"It is disabled under the former issuer {Former}.", account.GetProperty("disabledBecause").GetString());
        var rows = await ListAsync(ada, "/api/audit");
        var added = rows.Single(row => row.GetProperty("action").GetString() == "add"
            && row.GetProperty("rowId").GetString() == account.GetProperty("id").GetString());
        Assert.Equal($"It is disabled under the former issuer {Former}.", added.GetProperty("reason").GetString());
        // Of whoever is on there nothing is said.
        await AddAsync(await SubjectOfAsync("grace"), "grace", enabled: true);
        Assert.True((await (await Api.PersonAsync("grace")).GetAsync("/api/me", Cancel)).IsSuccessStatusCode);
    }

    [Fact]
    public async Task The_home_page_and_the_log_say_so_and_name_who_was_made_again()
    {
        await ExecuteAsync("DELETE FROM accounts WHERE issuer = @Former", new { Former });
        await AddAsync("former-only", "former-only", enabled: true);
        await AccountIdAsync(await Api.ServiceAsync("acme-writer"));
        var disabled = await AddAsync("made-before", "acme-writer", enabled: false, Api.Realm.Issuer, kind: "service");
        var pages = await Api.SignInAsync("ada");

        var home = await pages.GetAsync($"{Url}/admin");

        Assert.Contains($"of the issuer {Former}", home.Text, StringComparison.Ordinal);
        Assert.Contains($"accounts move --from {Former} --to {Api.Realm.Issuer}", home.Text, StringComparison.Ordinal);
        Assert.Contains("acme-writer was disabled, and is there again", home.Text, StringComparison.Ordinal);
        var link = home.Page.QuerySelectorAll(".cards li")
            .Single(card => card.TextContent.Contains("is there again", StringComparison.Ordinal));
        var account = await pages.GetAsync(Url + link.QuerySelector("a")!.GetAttribute("href"));
        Assert.NotNull(account.Page.QuerySelector($"dd a[href='/admin/accounts/{disabled}']"));
        await using var again = Api.Variant();
        _ = again.NewClient();
        Assert.Contains(
            $"Warning: 1 account is of the issuer {Former}, 0 of them disabled, last seen ", again.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_account_is_found_under_the_id_that_it_had_before_it_became_one_with_another()
    {
        var id = await AccountIdAsync(await Api.ServiceAsync("acme-reader"));
        var former = Guid.NewGuid();
        await ExecuteAsync(
            "INSERT INTO merged_accounts (former_id, account_id, merged_at) VALUES (@former, @id, @at)",
            new { former, id, at = DateTimeOffset.UtcNow });
        var pages = await Api.SignInAsync("ada");

        var page = await pages.GetAsync($"{Url}/admin/accounts/{former}");

        Assert.Equal(HttpStatusCode.OK, page.Status);
        Assert.Equal("acme-reader", page.Page.QuerySelector("h1")!.TextContent.Trim());
        Assert.Contains($"/admin/accounts/{id}/", page.Text, StringComparison.Ordinal);
        Assert.DoesNotContain($"{former}", page.Text, StringComparison.Ordinal);
        var account = await (await Api.PersonAsync("ada")).GetFromJsonAsync<JsonElement>($"/api/accounts/{former}", Cancel);
        Assert.Equal(id, account.GetProperty("id").GetGuid());
        Assert.Equal(HttpStatusCode.NotFound, (await pages.GetAsync($"{Url}/admin/accounts/{Guid.NewGuid()}")).Status);
    }

    [Fact]
    public async Task Where_nobody_holds_everything_the_home_page_says_so()
    {
        var pages = await Api.SignInAsync("ada");
        Assert.DoesNotContain("Nobody holds everything", (await pages.GetAsync($"{Url}/admin")).Text, StringComparison.Ordinal);
        var ada = await Api.PersonAsync("ada");
        await using var lookers = await GroupUnderTest.CreateAsync(ada, ["admin:view", "access:view"]);
        await lookers.WithAsync(await AccountIdAsync(await Api.PersonAsync("nora")));
        await ExecuteAsync("UPDATE accounts SET enabled = @no WHERE username = 'ada'", new { no = false });
        try
        {
            var others = await Api.SignInAsync("nora");
            Assert.Contains("Nobody holds everything", (await others.GetAsync($"{Url}/admin")).Text, StringComparison.Ordinal);
        }
        finally
        {
            await ExecuteAsync("UPDATE accounts SET enabled = @yes WHERE username = 'ada'", new { yes = true });
        }
    }

    private async Task<string> SubjectOfAsync(string person)
    {
        var token = await Api.Realm.SignInAsync("acme-spa", person, "openid");
        return Jwt.Decode(token.AccessToken)["sub"]!;
    }

    private async Task<Guid> AddAsync(string subject, string username, bool enabled, string issuer = Former, string kind = "person")
    {
        var id = Guid.NewGuid();
        var at = DateTimeOffset.UtcNow.AddDays(-30);
        await ExecuteAsync(
            """
            INSERT INTO accounts (id, issuer, subject, kind, username, enabled, created_at, last_seen_at)
            VALUES (@id, @issuer, @subject, @kind, @username, @enabled, @at, @at)
            """,
            new { id, issuer, subject, kind, username, enabled, at });
        return id;
    }

    private async Task ExecuteAsync(string sql, object values)
    {
        await using var connection = await Api.Services.GetRequiredService<Database>().OpenToWriteAsync(Cancel);
        await connection.ExecuteAsync(sql, values);
    }
}

public sealed class FormerIssuerOnSqliteTests(ApiOnEmbeddedRealm api) : FormerIssuerTests(api), IClassFixture<ApiOnEmbeddedRealm>;

public sealed class FormerIssuerOnPostgreSqlTests(ApiOnPostgreSql api) : FormerIssuerTests(api), IClassFixture<ApiOnPostgreSql>;
