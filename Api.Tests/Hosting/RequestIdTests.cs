using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Api.Tests.Infrastructure;

namespace Api.Tests.Hosting;

/// <summary>Request ids over the network, byte by byte: clients mend such headers, or do not send them.</summary>
public sealed class RequestIdTests(EmbeddedRealmUnderTest realm) : IAsyncLifetime, IClassFixture<EmbeddedRealmUnderTest>
{
    private ServedApi? _api;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _api = await ServedApi.StartAsync(realm);

    public async ValueTask DisposeAsync()
    {
        if (_api is not null)
        {
            await _api.DisposeAsync();
        }
    }

    [Fact]
    public async Task One_of_up_to_200_printable_characters_is_given_back()
    {
        foreach (var id in new[] { "x", "any text: 1;2,3", new string('~', 198) + " !" })
        {
            var (status, given, _) = await AskAsync(Encoding.ASCII.GetBytes(id));

            Assert.Equal(404, status);
            Assert.Equal(id, Assert.Single(given));
        }
    }

    [Fact]
    public async Task Any_other_is_not_given_back_and_ours_stands_in_its_place()
    {
        foreach (var id in new[]
        {
            "a\u0001b",
            "a\tb",
            "a\e[2Jb",
            "a\u007fb",
            "é",
            "a\u0085b",
            "a\u202eb",
            "😀",
            new string('x', 201),
            "one\r\nX-Request-ID: two",
            "",
        })
        {
            var (status, given, body) = await AskAsync(Encoding.UTF8.GetBytes(id));

            Assert.True(status == 404, $"{status} to {JsonSerializer.Serialize(id)}");
            Assert.Equal(JsonElement.Parse(body).GetProperty("requestId").GetString(), Assert.Single(given));
        }
    }

    [Fact]
    public async Task One_in_no_encoding_is_the_callers_mistake() => Assert.Equal(400, (await AskAsync([0x61, 0xE9, 0xFF])).Status);

    private async Task<(int Status, string[] RequestIds, string Body)> AskAsync(byte[] id)
    {
        var address = new Uri(realm.ApiUrl);
        using var client = new TcpClient();
        await client.ConnectAsync(address.Host, address.Port, Cancel);
        await using var stream = client.GetStream();
        byte[] request =
        [
            .. Encoding.ASCII.GetBytes($"GET /nothing-here HTTP/1.1\r\nHost: {address.Authority}\r\nConnection: close\r\nX-Request-ID: "),
            .. id,
            .. "\r\n\r\n"u8,
        ];
        await stream.WriteAsync(request, Cancel);
        using var reader = new StreamReader(stream, Encoding.UTF8);
        var answer = (await reader.ReadToEndAsync(Cancel)).Split("\r\n\r\n", 2);
        var lines = answer[0].Split("\r\n");
        // The body may be sent in pieces, each with its length in a line of its own.
        var (start, end) = (answer[1].IndexOf('{', StringComparison.Ordinal), answer[1].LastIndexOf('}'));
        return (
            int.Parse(lines[0].Split(' ')[1], CultureInfo.InvariantCulture),
            [.. lines
                .Where(line => line.StartsWith("X-Request-ID: ", StringComparison.OrdinalIgnoreCase))
                .Select(line => line["X-Request-ID: ".Length..])],
            start < 0 ? "" : answer[1][start..(end + 1)]);
    }
}
