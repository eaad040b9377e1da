using System.Net;
using Api.Tests.Infrastructure;
using Dapper;
using KeycloakAccess.Data;
using Microsoft.Extensions.DependencyInjection;

namespace Api.Tests.Accounts;

/// <summary>Whoever may change accounts changes nobody who holds more than they do.</summary>
public abstract class HoldingMoreTests(ApiUnderTest api) : ApiTests(api)
{
    [Theory]
    [InlineData("grace", false)]
    [InlineData("ada", true)]
    public async Task An_account_that_holds_more_is_neither_switched_off_nor_on(string name, bool mayLook)
    {
        var ada = await Api.PersonAsync("ada");
        var other = await AccountIdAsync(await Api.PersonAsync(name));
        await using var managers = await GroupUnderTest.CreateAsync(
            ada, ["account:*", "session:*", .. mayLook ? new[] { "access:view" } : []]);
        var nora = await Api.PersonAsync("nora");
        await managers.WithAsync(await AccountIdAsync(nora));
        await using var more = await (await GroupUnderTest.CreateAsync(ada, ["realm:view"])).WithAsync(other);

        foreach (var enabled in new[] { false, true })
        {
            await SetEnabledAsync(other, !enabled);
            using var answer = await nora.PatchAsync(
                $"/api/accounts/{other}?allowNoSuperuser=true", JsonBody($$"""{"enabled":{{(enabled ? "true" : "false")}}}"""), Cancel);
            var problem = await AssertProblemAsync(answer, 403, "grant_refused");

            Assert.Equal(mayLook, problem.GetProperty("missingPermissions").GetArrayLength() > 0);
            Assert.Equal(
                mayLook,
                !problem.GetProperty("detail").GetString()!.EndsWith("you lack access:view.", StringComparison.Ordinal));
            Assert.Equal(!enabled, await IsEnabledAsync(other));
        }

        await SetEnabledAsync(other, enabled: true);
    }

    [Fact]
    public async Task On_the_pages_neither_account_nor_sessions_are_within_reach()
    {
        var ada = await Api.PersonAsync("ada");
        var other = await AccountIdAsync(ada);
        await Api.SignInAsync("ada");
        await using var managers = await GroupUnderTest.CreateAsync(ada, ["admin:view", "account:*", "session:*"]);
        await managers.WithAsync(await AccountIdAsync(await Api.PersonAsync("nora")));
        var pages = await Api.SignInAsync("nora");
        var url = $"{Api.Realm.ApiUrl}/admin/accounts/{other}";

        var disabled = await pages.SubmitAsync(await pages.GetAsync(url), "form[action$='/disable']");
        var ended = await pages.SubmitAsync(await pages.GetAsync(url), "form[action$='/sessions/end']:not([action^='/admin/sessions'])");
        var one = await pages.SubmitAsync(await pages.GetAsync(url), "form[action='/admin/sessions/end']");
        var look = await pages.SubmitAsync(
            await pages.GetAsync($"{Api.Realm.ApiUrl}/admin/accounts?search=ada"),
            "form[action='/admin/accounts/bulk']",
            ("ids", $"{other}"),
            ("action", "disable"));

        Assert.All([disabled, ended, one], page => Assert.Contains("holds more than you do", page.Text, StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, disabled.Status);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, ended.Status);
        Assert.Contains("stays as it is: it holds more than you do", look.Text, StringComparison.Ordinal);
        Assert.True(await IsEnabledAsync(other));
        Assert.NotNull((await pages.GetAsync(url)).Page.QuerySelector("form[action='/admin/sessions/end']"));
    }

    [Fact]
    public async Task Whoever_holds_as_much_or_less_is()
    {
        var ada = await Api.PersonAsync("ada");
        var other = await AccountIdAsync(await Api.ServiceAsync("acme-nobody"));
        await using var managers = await GroupUnderTest.CreateAsync(ada, ["account:change", "author:*"]);
        var nora = await Api.PersonAsync("nora");
        await managers.WithAsync(await AccountIdAsync(nora));
        await using var writers = await (await GroupUnderTest.CreateAsync(ada, ["author:add", "author:change"])).WithAsync(other);

        foreach (var enabled in new[] { false, true })
        {
            using var answer = await nora.PatchAsync(
                $"/api/accounts/{other}", JsonBody($$"""{"enabled":{{(enabled ? "true" : "false")}}}"""), Cancel);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }
    }

    private async Task<bool> IsEnabledAsync(Guid id)
    {
        await using var connection = await Api.Services.GetRequiredService<Database>().OpenAsync(Cancel);
        return await connection.QuerySingleAsync<bool>("SELECT enabled FROM accounts WHERE id = @id", new { id });
    }

    private async Task SetEnabledAsync(Guid id, bool enabled)
    {
        await using var connection = await Api.Services.GetRequiredService<Database>().OpenToWriteAsync(Cancel);
        await connection.ExecuteAsync("UPDATE accounts SET enabled = @enabled WHERE id = @id", new { id, enabled });
    }
}

public sealed class HoldingMoreOnSqliteTests(ApiOnEmbeddedRealm api) : HoldingMoreTests(api), IClassFixture<ApiOnEmbeddedRealm>;

public sealed class HoldingMoreOnPostgreSqlTests(ApiOnPostgreSql api) : HoldingMoreTests(api), IClassFixture<ApiOnPostgreSql>;
