using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Matching;

namespace Api.Tests.Infrastructure;

/// <summary>Fails, inside the application, where a request asks for it: what every endpoint answers to a fault of its own.</summary>
internal sealed class FaultPolicy : MatcherPolicy, IEndpointSelectorPolicy
{
    public const string Header = "X-Fault";

    public override int Order => int.MaxValue;

    public bool AppliesToEndpoints(IReadOnlyList<Endpoint> endpoints) => true;

    public Task ApplyAsync(HttpContext httpContext, CandidateSet candidates) => httpContext.Request.Headers.ContainsKey(Header)
        ? throw new InvalidOperationException("A fault that the test asked for.")
        : Task.CompletedTask;
}
