using System.Net;
using System.Text.Json;
using AngleSharp.Html.Dom;
using AngleSharp.Html.Parser;

namespace Api.Tests.Infrastructure;

/// <summary>What a server answered, read to its end.</summary>
public sealed record RealmAnswer(
    Uri Url,
    HttpStatusCode Status,
    IReadOnlyDictionary<string, IReadOnlyList<string>> Headers,
    string Text)
{
    private JsonElement? _json;
    private IHtmlDocument? _page;

    public JsonElement Json => _json ??= JsonElement.Parse(Text);

    public IHtmlDocument Page => _page ??= new HtmlParser().ParseDocument(Text);

    /// <summary>The text of Keycloak's message on its pages: errors, and the questions of the logout.</summary>
    public string? Instruction => Page.QuerySelector("p.instruction")?.TextContent.Trim();

    /// <summary>Where a redirect leads.</summary>
    public Uri? Location => Header("Location") is { } location ? new(Url, location) : null;

    /// <summary>A text member of the JSON answer.</summary>
    public string this[string member] =>
        Json.TryGetProperty(member, out var value) && value.GetString() is { } text
            ? text
            : throw new InvalidOperationException($"The answer has no text member {member}: {this}");

    /// <summary>The values of a header joined by a comma, or null.</summary>
    public string? Header(string name) => Headers.TryGetValue(name, out var values) ? string.Join(", ", values) : null;

    public static async Task<RealmAnswer> ReadAsync(HttpResponseMessage response, Uri url)
    {
        // As they came: the typed view puts the directives of Cache-Control into an order of its own.
        var headers = response.Headers.NonValidated.Concat(response.Content.Headers.NonValidated).ToDictionary(
            header => header.Key,
            header => (IReadOnlyList<string>)[.. header.Value],
            StringComparer.OrdinalIgnoreCase);
        return new(
            url,
            response.StatusCode,
            headers,
            await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    /// <summary>The page as if it had been opened once more: a form that is sent again is answered as it was before.</summary>
    public RealmAnswer Anew()
    {
        foreach (var key in Page.QuerySelectorAll("[name=_once]"))
        {
            key.SetAttribute("value", Guid.NewGuid().ToString("N"));
        }

        return this;
    }

    public override string ToString() => $"{(int)Status} from {Url.GetLeftPart(UriPartial.Path)}: {Text}";
}
