using Api.Tests.Infrastructure;

namespace Api.Tests.Contract;

/// <summary>What only the real server shows: targets and headers as they are sent, and where a body ends.</summary>
public sealed class OnTheWireTests(ApiOnEmbeddedRealm api) : ApiTests(api)
{
    [Theory]
    [InlineData("/api/books?title=100%", "title")]
    [InlineData("/api/books?title=%u0041", "title")]
    [InlineData("/api/books?title=%f", "title")]
    [InlineData("/api/books?title=%ff", "title")]
    [InlineData("/admin?x=%00", "x")]
    [InlineData("/api/books/%ff", "path")]
    [InlineData("/api/%c0%af", "path")]
    [InlineData("/api/books/%ed%a0%80", "path")]
    [InlineData("/api/books/100%", "path")]
    [InlineData("/admin/%ff", "path")]
    [InlineData("http://localhost/api/%ff", "path")]
    public async Task A_target_that_is_no_text_is_400(string target, string part)
    {
        await using var wire = new KestrelWire(Api);

        var (status, headers, body) = await wire.SendAsync($"GET {target}");

        Assert.True(status == 400, body);
        Assert.Equal("application/problem+json", headers["Content-Type"]);
        Assert.Contains($"\"errors\":{{\"{part}\":", body, StringComparison.Ordinal);
        Assert.Contains("\"requestId\":", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_person_is_told_on_a_page_what_is_wrong()
    {
        await using var wire = new KestrelWire(Api);

        var (status, headers, body) = await wire.SendAsync("GET /admin?search=100%", "Accept: text/html");

        Assert.Equal(400, status);
        Assert.StartsWith("text/html", headers["Content-Type"], StringComparison.Ordinal);
        Assert.Contains("search holds a percent sign", body, StringComparison.Ordinal);
        Assert.Matches("Request <code>[^<]+</code>", body);
    }

    [Fact]
    public async Task HEAD_is_answered_without_a_content_and_the_connection_goes_on()
    {
        await using var wire = new KestrelWire(Api);
        foreach (var path in new[] { "/health/live", "/openapi/v1.json", "/admin.css", "/signed-out", "/api/me", "/nothing" })
        {
            var get = await wire.SendAsync($"GET {path}");
            var head = await wire.SendAsync($"HEAD {path}");

            Assert.Equal(get.Status, head.Status);
            Assert.Empty(head.Body);
            Assert.NotEmpty(get.Body);
            Assert.Equal(get.Headers.GetValueOrDefault("Content-Type"), head.Headers.GetValueOrDefault("Content-Type"));
            Assert.True(!head.Headers.TryGetValue("Content-Length", out var length) || length == get.Headers["Content-Length"], path);
        }
    }

    [Fact]
    public async Task Headers_that_are_too_large_are_431_with_what_to_do()
    {
        await using var wire = new KestrelWire(Api);
        string[] headers = [.. Enumerable.Range(0, 9).Select(number => $"X-{number}: {new string('x', 8000)}")];

        var (status, _, body) = await wire.SendAsync("GET /api/me", headers);

        Assert.Equal(431, status);
        Assert.Contains("headers_too_large", body, StringComparison.Ordinal);
        Assert.Equal(401, (await wire.SendAsync("GET /api/me", headers[..8])).Status);
    }

    [Fact]
    public async Task A_body_that_is_too_large_is_413_with_what_is_wrong()
    {
        await using var wire = new KestrelWire(Api);
        var token = await Api.TokenOfAsync("acme-writer");

        var (status, _, body) = await wire.SendAsync(
            "POST /api/books",
            $"Authorization: Bearer {token}",
            "Content-Type: application/json",
            "Content-Length: 2000000\r\n\r\n{");

        Assert.Equal(413, status);
        Assert.Contains("\"errors\":{\"body\":", body, StringComparison.Ordinal);
        Assert.Contains("body_too_large", body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("w/\"1\"")]
    [InlineData("\"1\", w/\"2\"")]
    [InlineData(",")]
    public async Task A_condition_that_a_client_would_not_send_is_400_too(string value)
    {
        await using var wire = new KestrelWire(Api);
        var token = await Api.TokenOfAsync("acme-writer");

        var (status, _, body) = await wire.SendAsync("GET /api/me", $"Authorization: Bearer {token}", $"If-None-Match: {value}");

        Assert.Equal(400, status);
        Assert.Contains("precondition_malformed", body, StringComparison.Ordinal);
    }
}
