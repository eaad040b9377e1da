using KeycloakAccess.Data;

namespace Api.Tests.Infrastructure;

/// <summary>The application under a path prefix, which its realm knows.</summary>
public sealed class ApiUnderPrefix()
    : ApiUnderTest(EmbeddedRealmUnderTest.For($"http://localhost:{FreePort.Find()}{Prefix}"), DatabaseEngine.Sqlite), IAsyncDisposable
{
    public const string Prefix = "/staff";

    private protected override IEnumerable<(string Key, string? Value)> MoreSettings => [("PathBase", Prefix)];

    /// <summary>The same behind a proxy that takes the prefix off and says so.</summary>
    public (ApiVariant Variant, RealmBrowser Browser) BehindProxy()
    {
        var variant = Variant(("PathBase", null), ("Proxies", "127.0.0.1"));
        return (variant, NewBrowser(new StrippingProxy(variant.NewHandler())));
    }

    public new async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await Realm.DisposeAsync();
    }

    private sealed class StrippingProxy(HttpMessageHandler inner) : DelegatingHandler(inner)
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var url = request.RequestUri!;
            Assert.StartsWith(Prefix, url.AbsolutePath, StringComparison.Ordinal);
            request.RequestUri = new UriBuilder(url) { Path = url.AbsolutePath[Prefix.Length..] }.Uri;
            request.Headers.Add("X-Forwarded-Prefix", Prefix);
            return base.SendAsync(request, cancellationToken);
        }
    }
}
