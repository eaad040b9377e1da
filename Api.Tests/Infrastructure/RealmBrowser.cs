using System.Net;
using AngleSharp.Html.Dom;

namespace Api.Tests.Infrastructure;

/// <summary>
/// A browser over HTTP: keeps cookies, follows redirects between the realm and, where one is given, an application, and
/// submits forms. A redirect to anywhere else ends the walk.
/// </summary>
public sealed class RealmBrowser : IDisposable
{
    private readonly Uri _realm;
    private readonly Uri? _application;
    private readonly HttpMessageInvoker _toRealm = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
    });

    private readonly HttpMessageInvoker? _toApplication;

    /// <param name="realm">Base URL of the realm's server, reached over the network.</param>
    public RealmBrowser(Uri realm) => _realm = realm;

    /// <param name="realm">Base URL of the realm's server, reached over the network.</param>
    /// <param name="application">Base URL of the application that signs people in.</param>
    /// <param name="handler">Answers for the application's origin, a test server's handler for example; it stays the caller's.</param>
    public RealmBrowser(Uri realm, Uri application, HttpMessageHandler handler)
        : this(realm)
    {
        _application = application;
        _toApplication = new(handler, disposeHandler: false);
    }

    public CookieJar Cookies { get; } = new();

    /// <summary>One exchange with cookies; redirects are not followed.</summary>
    public async Task<RealmAnswer> SendAsync(HttpRequestMessage request)
    {
        var url = request.RequestUri!;
        Cookies.AddTo(request);
        using var response = await InvokerOf(url).SendAsync(request, TestContext.Current.CancellationToken);
        Cookies.Store(url, response);
        return await RealmAnswer.ReadAsync(response, url);
    }

    /// <summary>Opens a page as an address typed into the browser, and follows the redirects of the realm and the application.</summary>
    public Task<RealmAnswer> GetAsync(string url) => FollowAsync(new(HttpMethod.Get, url));

    public Task<RealmAnswer> PostAsync(string url, IEnumerable<KeyValuePair<string, string>> form) =>
        FollowAsync(new(HttpMethod.Post, url) { Content = new FormUrlEncodedContent(form) });

    /// <summary>Submits a form of the page with what stands in its fields and those given, by the submit button if it has a name.</summary>
    public Task<RealmAnswer> SubmitAsync(RealmAnswer page, string selector, params (string Name, string Value)[] fields)
    {
        var form = page.Page.QuerySelector(selector) as IHtmlFormElement;
        Assert.True(form is not null, $"No {selector} on the page. {page}");

        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var input in form.QuerySelectorAll("input[name]:not([disabled])").OfType<IHtmlInputElement>())
        {
            if (input.Type is not "checkbox" and not "radio" || input.IsChecked)
            {
                values[input.Name!] = input.Value;
            }
        }

        foreach (var select in form.QuerySelectorAll("select[name]").OfType<IHtmlSelectElement>())
        {
            values[select.Name!] = select.Value ?? "";
        }

        foreach (var text in form.QuerySelectorAll("textarea[name]").OfType<IHtmlTextAreaElement>())
        {
            values[text.Name!] = text.Value;
        }

        foreach (var (name, value) in fields)
        {
            values[name] = value;
        }

        var action = new Uri(page.Url, form.GetAttribute("action") ?? string.Empty);
        return string.Equals(form.Method, "post", StringComparison.OrdinalIgnoreCase)
            ? PostAsync(action.AbsoluteUri, values)
            : GetAsync(AuthorizationRequest.Append(action.GetLeftPart(UriPartial.Path), values));
    }

    /// <summary>
    /// Opens a URL that leads to the realm's login page, signs in, and returns where the walk ended: the first URL outside
    /// the realm, or the application's page.
    /// </summary>
    public async Task<Uri> SignInAsync(string url, string username, string password)
    {
        var answer = await SubmitLoginAsync(await GetAsync(url), username, password);
        return answer.Location ?? (IsAtRealm(answer.Url)
            ? throw new InvalidOperationException($"The realm did not sign {username} in: {answer.Page.Body?.TextContent.Trim()}")
            : answer.Url);
    }

    /// <summary>Fills in the login page.</summary>
    public Task<RealmAnswer> SubmitLoginAsync(RealmAnswer page, string username, string password) =>
        SubmitAsync(page, "form#kc-form-login", ("username", username), ("password", password));

    public void Dispose()
    {
        _toRealm.Dispose();
        _toApplication?.Dispose();
    }

    private async Task<RealmAnswer> FollowAsync(HttpRequestMessage request)
    {
        request.Headers.Accept.ParseAdd("text/html");
        var answer = await SendAsync(request);
        for (var count = 0; answer.Location is { } next && IsRedirect(answer.Status) && IsReachable(next); count++)
        {
            Assert.True(count < 20, $"Redirected without end, last to {next}");
            var following = new HttpRequestMessage(HttpMethod.Get, next);
            following.Headers.Accept.ParseAdd("text/html");
            answer = await SendAsync(following);
        }

        return answer;
    }

    private bool IsReachable(Uri url) => IsAtRealm(url) || IsAtApplication(url);

    private bool IsAtRealm(Uri url) => string.Equals(Origin(url), Origin(_realm), StringComparison.OrdinalIgnoreCase);

    private bool IsAtApplication(Uri url) =>
        _application is not null && string.Equals(Origin(url), Origin(_application), StringComparison.OrdinalIgnoreCase);

    private HttpMessageInvoker InvokerOf(Uri url) => IsAtApplication(url) ? _toApplication! : _toRealm;

    private static string Origin(Uri url) => url.GetLeftPart(UriPartial.Authority);

    private static bool IsRedirect(HttpStatusCode status) =>
        status is HttpStatusCode.Redirect or HttpStatusCode.SeeOther or HttpStatusCode.MovedPermanently
            or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect;
}
