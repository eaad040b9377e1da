using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using AngleSharp.Html.Dom;
using Api.Tests.Infrastructure;

namespace Api.Tests.Admin;

/// <summary>What tests of the pages of books and authors have in common.</summary>
public abstract class BookPages(ApiUnderTest api) : ApiTests(api)
{
    protected const string Books = "/admin/models/books";
    protected const string Authors = "/admin/models/authors";
    protected const string NewBook = $"form[action='{Books}/new']";

    protected static string Edit(Guid id) => $"form[action='{Books}/{id}/edit']";

    protected static string Words(string text) => string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    protected Task<RealmAnswer> OpenAsync(RealmBrowser browser, string path) =>
        browser.GetAsync(new Uri(Api.BaseAddress, path).AbsoluteUri);

    protected static IHtmlInputElement Input(RealmAnswer page, string name) =>
        (IHtmlInputElement)page.Page.QuerySelector($"main [name='{name}']")!;

    protected static string Mistake(RealmAnswer page, string field) => page.Page.QuerySelector($"#field-{field}-mistake")!.TextContent;

    protected static async Task<(Guid Id, string Name)> AddAuthorAsync(HttpClient client, string? name = null)
    {
        name ??= $"Author {Guid.NewGuid():N}";
        using var response = await client.PostAsJsonAsync("/api/authors", new { name }, Cancel);
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        return ((await JsonAsync(response)).GetProperty("id").GetGuid(), name);
    }

    protected static async Task<Guid> AddBookAsync(HttpClient client, string title, Guid authorId, string? publishedOn = "2001-02-03")
    {
        using var response = await client.PostAsJsonAsync("/api/books", new { title, authorId, publishedOn }, Cancel);
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        return (await JsonAsync(response)).GetProperty("id").GetGuid();
    }

    protected static async Task ReplaceAsync(HttpClient client, Guid id, string title, Guid authorId)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, $"/api/books/{id}")
        {
            Content = JsonContent.Create(new { title, authorId, publishedOn = "2001-02-03" }),
        };
        request.Headers.IfMatch.ParseAdd("*");
        Assert.Equal(HttpStatusCode.OK, (await client.SendAsync(request, Cancel)).StatusCode);
    }

    /// <returns>Why each change of the row was made, the newest first.</returns>
    protected static async Task<string?[]> ReasonsAsync(HttpClient client, string model, Guid row) =>
        [.. (await client.GetFromJsonAsync<JsonElement>($"/api/audit?model={model}&row={row}", Cancel))
            .GetProperty("items").EnumerateArray()
            .Select(item => item.GetProperty("reason").GetString())];

    /// <summary>Sends a form as a browser does: several fields of one name, too.</summary>
    protected static Task<RealmAnswer> SendAsync(
        RealmBrowser browser, RealmAnswer page, string selector, params (string Name, string Value)[] fields)
    {
        var form = (IHtmlFormElement)page.Page.QuerySelector(selector)!;
        var values = form.QuerySelectorAll("input[name]").OfType<IHtmlInputElement>()
            .Where(input => (input.Type != "checkbox" || input.IsChecked) && fields.All(field => field.Name != input.Name))
            .Select(input => KeyValuePair.Create(input.Name!, input.Value))
            .Concat(fields.Select(field => KeyValuePair.Create(field.Name, field.Value)));
        return browser.PostAsync(new Uri(page.Url, form.GetAttribute("action")!).AbsoluteUri, values);
    }
}
