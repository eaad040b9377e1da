using Api.Tests.Infrastructure;
using Api.Tests.Models;

namespace Api.Tests.Contract;

/// <summary>HEAD is answered wherever GET is, by the same decisions and with the same headers (RFC 9110, section 9.3.2).</summary>
public abstract class HeadTests(ApiUnderTest api) : ContractTests(api)
{
    // They differ from answer to answer.
    private static readonly string[] Volatile = ["Date", "Set-Cookie", "Content-Security-Policy", "Location"];

    [Fact]
    public async Task Whatever_answers_GET_answers_HEAD_with_the_same_headers_and_no_content()
    {
        var (ada, pages) = await CallersAsync();
        var rows = await CreateRowsAsync(ada);
        string[] further = ["/health/live", "/health/ready", "/admin.css", "/nothing-here", "/api/nothing-here"];
        var addresses = Address.All(Api.Services, rows).Where(address => address.Methods.Contains("GET"))
            .Select(address => (address.Path, address.IsApi)).Concat(further.Select(path => (Path: path, IsApi: true)))
            .ToArray();
        Assert.InRange(addresses.Length, 50, 500);

        var surprises = new List<string>();
        foreach (var (path, isApi) in addresses)
        {
            foreach (var client in new[] { Api.NewClient(), isApi ? ada : pages })
            {
                using var get = await client.GetAsync(path, Cancel);
                using var request = new HttpRequestMessage(HttpMethod.Head, path);
                using var head = await client.SendAsync(request, Cancel);
                if (get.StatusCode != head.StatusCode || Headers(get) != Headers(head))
                {
                    surprises.Add($"{path}: GET {(int)get.StatusCode} {Headers(get)}\n HEAD {(int)head.StatusCode} {Headers(head)}");
                }

                Assert.Empty(await head.Content.ReadAsByteArrayAsync(Cancel));
            }
        }

        Assert.True(surprises.Count == 0, string.Join('\n', surprises));
    }

    [Fact]
    public async Task A_method_that_an_address_does_not_know_is_405_with_those_that_it_knows()
    {
        var (ada, _) = await CallersAsync();
        var rows = await CreateRowsAsync(ada);
        foreach (var address in Address.All(Api.Services, rows))
        {
            foreach (var method in new[] { "OPTIONS", "BREW", "PROPFIND", "DELETE" }.Except(address.Methods))
            {
                using var request = new HttpRequestMessage(new HttpMethod(method), address.Path);
                request.Headers.Accept.ParseAdd("text/html");
                using var response = await ada.SendAsync(request, Cancel);

                await AssertMistakeAsync(response, $"{method} {address}", 405, "method");
                Assert.Equal(
                    address.Methods.Contains("GET") ? [.. address.Methods.Union(["HEAD"]).Order()] : address.Methods.Order(),
                    response.Content.Headers.Allow.Order());
            }
        }
    }

    private static string Headers(HttpResponseMessage response) => string.Join("; ", response.Headers
        .Concat(response.Content.Headers)
        .Where(header => !Volatile.Contains(header.Key, StringComparer.OrdinalIgnoreCase) && header.Key != "Content-Length")
        .OrderBy(header => header.Key, StringComparer.Ordinal)
        .Select(header => $"{header.Key}: {string.Join(',', header.Value)}"));
}

public sealed class HeadOnSqliteTests(ApiWithSamplesOnSqlite api) : HeadTests(api), IClassFixture<ApiWithSamplesOnSqlite>;
