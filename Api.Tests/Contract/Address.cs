using System.Text.RegularExpressions;
using KeycloakAccess.ForwardAuth;
using KeycloakAccess.Hosting;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Api.Tests.Contract;

/// <summary>One address of the application with a value for each of its parameters, and the methods that it knows.</summary>
internal sealed record Address(string Path, IReadOnlySet<string> Methods, bool IsOpen, bool IsApi)
{
    /// <summary>Every address that the application maps, by what its endpoints say of themselves.</summary>
    public static IReadOnlyList<Address> All(IServiceProvider services, IReadOnlyDictionary<string, string> rows) =>
    [
        .. services.GetServices<EndpointDataSource>().SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()
            .Where(endpoint => endpoint.Metadata.GetMetadata<HttpMethodMetadata>() is not null)
            .GroupBy(endpoint => "/" + endpoint.RoutePattern.RawText!.Trim('/'), StringComparer.Ordinal)
            .Select(address => new Address(
                Fill(address.Key, rows),
                address.SelectMany(endpoint => endpoint.Metadata.GetRequiredMetadata<HttpMethodMetadata>().HttpMethods)
                    .ToHashSet(StringComparer.Ordinal),
                address.Any(endpoint => endpoint.Metadata.GetMetadata<IAllowAnonymous>() is not null),
                address.Any(endpoint => endpoint.Metadata.GetMetadata<AnswersPrograms>() is not null)))
            .OrderBy(address => address.Path, StringComparer.Ordinal),
    ];

    /// <summary>Asked with the headers of a request to another application, and answered without content.</summary>
    public bool IsForwardAuth => Path.StartsWith(ForwardAuthEndpoints.Path, StringComparison.Ordinal);

    public override string ToString() => Path;

    // What stands for /api/groups/{id} stands for /admin/groups/{id} too.
    public static string Fill(string template, IReadOnlyDictionary<string, string> rows) => Regex.Replace(
        template,
        @"(?<before>[^/]+)/\{(?<name>\**\w+)[^}]*\}",
        match =>
        {
            var before = match.Groups["before"].Value;
            var name = match.Groups["name"].Value.TrimStart('*');
            return $"{before}/" + (name switch
            {
                "accountId" => rows["accounts"],
                "author" => rows["authors"],
                "documentName" => "v1",
                _ => rows.GetValueOrDefault(before) ?? Guid.Empty.ToString(),
            });
        },
        RegexOptions.ExplicitCapture,
        TimeSpan.FromSeconds(1));
}
