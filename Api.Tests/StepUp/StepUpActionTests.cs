using System.Net;
using System.Text.Json;
using AngleSharp.Html.Dom;
using Api.Tests.Infrastructure;
using Dapper;
using KeycloakAccess.Data;
using KeycloakAccess.Hosting;
using KeycloakAccess.Models;
using Microsoft.Extensions.DependencyInjection;

namespace Api.Tests.StepUp;

public sealed record Memo
{
    public required Guid Id { get; init; }

    public required string Text { get; init; }
}

/// <summary>Actions of a model that take a sign-in of a level: in the API, on the page of a row, and on many rows at once.</summary>
public sealed class StepUpActionTests(StepUpActionTests.ApiWithMemos api) : ApiTests(api), IClassFixture<StepUpActionTests.ApiWithMemos>
{
    [Fact]
    public async Task In_the_API_the_token_must_be_of_the_level()
    {
        using var ada = Api.NewClient((await Api.Realm.SignInAsync("acme-spa", "ada")).AccessToken);
        var id = await AddAsync();

        var refused = await SendAsync(ada, $"/api/memos/{id}/seal");
        await AssertProblemAsync(refused, 401, ProblemCode.InsufficientUserAuthentication);
        Assert.Contains("acr_values=\"gold\", max_age=\"300\"", BearerChallenge(refused), StringComparison.Ordinal);
        Assert.Equal("text", await TextAsync(id));
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(ada, $"/api/memos/{id}/stamp")).StatusCode);
        Assert.Equal("stamped", await TextAsync(id));
    }

    [Fact]
    public async Task On_the_page_of_a_row_the_session_must_be_of_the_level()
    {
        var browser = await Api.SignInAsync("ada");
        var id = await AddAsync();
        var page = await browser.GetAsync($"{Api.Realm.ApiUrl}/admin/models/memos/{id}");

        var failed = await SteppingUpTests.SignInIfAskedAsync(
            browser, await browser.SubmitAsync(page, $"form[action='/admin/models/memos/{id}/actions/seal']"));

        Assert.Equal("/signin-failed", failed.Url.AbsolutePath);
        Assert.Contains("of the level gold", failed.Text, StringComparison.Ordinal);
        Assert.Equal("text", await TextAsync(id));
        var back = await browser.GetAsync(Api.Realm.ApiUrl + failed.Page.QuerySelector("a.button")!.GetAttribute("href"));
        Assert.Contains("before that was done", back.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_it_is_of_the_level_it_is_done_at_once()
    {
        var browser = await Api.SignInAsync("ada");
        var id = await AddAsync();
        var page = await browser.GetAsync($"{Api.Realm.ApiUrl}/admin/models/memos/{id}");

        await browser.SubmitAsync(page, $"form[action='/admin/models/memos/{id}/actions/stamp']");

        Assert.Equal("stamped", await TextAsync(id));
    }

    [Fact]
    public async Task With_many_rows_at_once_too()
    {
        var browser = await Api.SignInAsync("ada");
        var id = await AddAsync();
        var page = await browser.GetAsync($"{Api.Realm.ApiUrl}/admin/models/memos");
        var fields = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["__RequestVerificationToken"] = ((IHtmlInputElement)page.Page.QuerySelector("[name=__RequestVerificationToken]")!).Value,
            ["action"] = "seal",
            ["ids"] = id.ToString(),
            [$"_version.{id}"] = "1",
        };

        var failed = await SteppingUpTests.SignInIfAskedAsync(
            browser, await browser.PostAsync($"{Api.Realm.ApiUrl}/admin/models/memos/bulk/apply", fields));

        Assert.Equal("/signin-failed", failed.Url.AbsolutePath);
        Assert.Equal("text", await TextAsync(id));
        fields["action"] = "stamp";
        var done = await browser.PostAsync($"{Api.Realm.ApiUrl}/admin/models/memos/bulk/apply", fields);
        Assert.True(await TextAsync(id) == "stamped", done.ToString());
    }

    [Fact]
    public async Task The_description_says_which_sign_in_it_takes()
    {
        var document = JsonElement.Parse(await Api.NewClient().GetStringAsync("/openapi/v1.json", Cancel));

        var answer = document.GetProperty("paths").GetProperty("/api/memos/{id}/seal").GetProperty("post")
            .GetProperty("responses").GetProperty("401");
        Assert.Equal(
            "No token, or one that is not accepted; or one from a sign-in that is not of the level gold (acr), "
            + "or that is longer ago than 300 seconds (auth_time)",
            answer.GetProperty("description").GetString());
    }

    [Fact]
    public void An_action_that_is_not_there_and_a_rule_that_says_nothing_are_mistakes_of_the_developer()
    {
        Assert.Contains("no action seal", Assert.Throws<ModelException>(() => new ModelBuilder<Memo>()
            .RequireStepUp("seal", "gold")).Message, StringComparison.Ordinal);
        Assert.Throws<ModelException>(() => new ModelBuilder<Memo>().Action("seal", (memo, _) => memo).RequireStepUp("seal"));
        Assert.Throws<ModelException>(() => new ModelBuilder<Memo>().Action("seal", (memo, _) => memo).RequireStepUp("seal", "a b"));
    }

    private static async Task<HttpResponseMessage> SendAsync(HttpClient client, string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path);
        request.Headers.TryAddWithoutValidation("If-Match", "*");
        return await client.SendAsync(request, Cancel);
    }

    private async Task<Guid> AddAsync()
    {
        var id = Guid.NewGuid();
        await Api.Services.GetRequiredService<Database>().WriteAsync(
            "INSERT INTO memos (id, text) VALUES (@id, 'text')", new { id }, Cancel);
        return id;
    }

    private async Task<string?> TextAsync(Guid id)
    {
        await using var connection = await Api.Services.GetRequiredService<Database>().OpenAsync(Cancel);
        return await connection.QuerySingleAsync<string>("SELECT text FROM memos WHERE id = @id", new { id });
    }

    public sealed class ApiWithMemos : ApiUnderTest
    {
        public ApiWithMemos(EmbeddedRealmUnderTest realm)
            : base(realm, DatabaseEngine.Sqlite)
        {
        }

        private protected override void AddServices(IServiceCollection services) => services.AddModel<MemoModel, Memo>();

        private protected override async Task PrepareAsync(Database database)
        {
            await using var connection = await database.OpenToWriteAsync(CancellationToken.None);
            await connection.ExecuteAsync(
                "CREATE TABLE memos (id TEXT PRIMARY KEY, text TEXT NOT NULL, version INTEGER NOT NULL DEFAULT 1)");
        }
    }

    private sealed class MemoModel : IModel<Memo>
    {
        public static void Declare(ModelBuilder<Memo> model) => model
            .Named("memo", "memos")
            .Sorts(memo => memo.Text)
            .Action("seal", (memo, _) => memo with { Text = "sealed" })
            .Action("stamp", (memo, _) => memo with { Text = "stamped" })
            .RequireStepUp("seal", TimeSpan.FromMinutes(5), "gold")
            .RequireStepUp("stamp", "1");
    }
}
