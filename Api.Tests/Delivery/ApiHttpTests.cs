using System.Text.RegularExpressions;
using Api.Tests.Infrastructure;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Template;
using Microsoft.Extensions.DependencyInjection;

namespace Api.Tests.Delivery;

/// <summary>Api.http holds every call of the API, and none that is not there.</summary>
public sealed partial class ApiHttpTests(ApiOnEmbeddedRealm api) : ApiTests(api), IClassFixture<ApiOnEmbeddedRealm>
{
    [Fact]
    public void Every_endpoint_has_a_call_and_every_call_an_endpoint()
    {
        var endpoints = Api.Services.GetServices<EndpointDataSource>()
            .SelectMany(source => source.Endpoints)
            .OfType<RouteEndpoint>()
            .Distinct()
            .ToList();
        var called = new HashSet<RouteEndpoint>();
        foreach (Match call in Call().Matches(Repository.Read("Api", "Api.http")))
        {
            var path = Variable().Replace(call.Groups["path"].Value, "x");
            var method = call.Groups["method"].Value;
            // Of several the one that is written out: /preview, not /{id}.
            var endpoint = endpoints
                .Where(endpoint =>
                    endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods.Contains(method) is not false
                    && Matches(endpoint, path))
                .MinBy(endpoint => endpoint.RoutePattern.Parameters.Count);
            Assert.True(endpoint is not null, $"{call.Value} of Api.http is none of this service's.");
            called.Add(endpoint);
        }

        var described = endpoints.Where(endpoint =>
            endpoint.Metadata.GetMetadata<HttpMethodMetadata>() is not null
                && endpoint.Metadata.GetMetadata<IExcludeFromDescriptionMetadata>() is null);
        Assert.Empty(described.Except(called).Select(endpoint => endpoint.DisplayName));
    }

    private static bool Matches(RouteEndpoint endpoint, string path) =>
        new TemplateMatcher(TemplateParser.Parse(endpoint.RoutePattern.RawText!.TrimStart('/')), []).TryMatch(path, []);

    [GeneratedRegex(
        @"^(?<method>GET|POST|PUT|PATCH|DELETE) \{\{api\}\}(?<path>[^?\s]+)",
        RegexOptions.ExplicitCapture | RegexOptions.Multiline,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex Call();

    [GeneratedRegex(@"\{\{.*?\}\}", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Variable();
}
