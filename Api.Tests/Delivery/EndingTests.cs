using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Api.Tests.Commands;
using Api.Tests.Infrastructure;

namespace Api.Tests.Delivery;

/// <summary>SIGTERM to the real process: what it takes, it answers, and it ends in time.</summary>
public sealed class EndingTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Sixty_four_connections_that_are_kept_lose_no_request()
    {
        await using var executable = await Executable.CreateAsync();
        var port = FreePort.Find();
        await using var service = Start(executable, port);
        using var client = await WaitAsync(port, service, HttpVersion.Version11);
        var tally = new Tally();
        var callers = Enumerable.Range(0, 64).Select(_ => Task.Run(() => CallAsync(port, tally), Cancel)).ToArray();
        await UntilAsync(() => tally.Answered > 1000);

        await service.TerminateAsync();
        Assert.Equal("Unhealthy", await UntilEndingAsync(client));
        Assert.Equal(0, await service.ExitCodeAsync(Limit));
        await Task.WhenAll(callers).WaitAsync(Limit, Cancel);

        Assert.True(tally.Lost.IsEmpty, $"{tally.Answered} answered, {tally.Closed} closed, lost: {string.Join(", ", tally.Lost)}");
        Assert.True(tally.Closed >= 64, $"{tally.Closed} connections were told.");
    }

    [Fact]
    public async Task HTTP_2_is_told_by_GOAWAY_and_loses_no_request()
    {
        await using var executable = await Executable.CreateAsync();
        var port = FreePort.Find();
        await using var service = Start(executable, port, ("Kestrel__EndpointDefaults__Protocols", "Http2"));
        using var client = await WaitAsync(port, service, HttpVersion.Version20);
        var tally = new Tally();
#pragma warning disable CA2025 // They are awaited below.
        var callers = Enumerable.Range(0, 16).Select(_ => Task.Run(() => CallAsync(client, tally), Cancel)).ToArray();
#pragma warning restore CA2025
        await UntilAsync(() => tally.Answered > 200);

        await service.TerminateAsync();
        Assert.Equal(0, await service.ExitCodeAsync(Limit));
        await Task.WhenAll(callers).WaitAsync(Limit, Cancel);

        Assert.True(tally.Lost.IsEmpty, $"{tally.Answered} answered, lost: {string.Join(", ", tally.Lost)}");
    }

    private static ServiceProcess Start(Executable executable, int port, params (string Name, string Value)[] more)
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["ASPNETCORE_URLS"] = $"http://127.0.0.1:{port}",
            ["Keycloak__auth-server-url"] = "http://127.0.0.1:1",
            ["Keycloak__realm"] = "acme",
            ["Keycloak__resource"] = "acme-api",
            ["Keycloak__sign-in__resource"] = "acme-admin",
            ["Keycloak__sign-in__credentials__secret"] = "secret",
            ["Shutdown__DrainFor"] = "00:00:02",
        };
        foreach (var (name, value) in more)
        {
            environment[name] = value;
        }

        return executable.Start(environment, input: null);
    }

    private static async Task<HttpClient> WaitAsync(int port, ServiceProcess service, Version version)
    {
        var client = new HttpClient
        {
            BaseAddress = new Uri($"http://127.0.0.1:{port}"),
            DefaultRequestVersion = version,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        await UntilAsync(async () =>
        {
            Assert.False(service.HasExited, service.HasExited ? service.Output : "");
            try
            {
                return (await client.GetAsync("/health/live", Cancel)).IsSuccessStatusCode;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        });
        return client;
    }

    private static async Task<string?> UntilEndingAsync(HttpClient client)
    {
        string? status = null;
        await UntilAsync(async () =>
        {
            var ready = await client.GetAsync("/health/ready", Cancel);
            status = JsonElement.Parse(await ready.Content.ReadAsStringAsync(Cancel))
                .GetProperty("checks").GetProperty("service").GetString();
            return status == "Unhealthy";
        });
        return status;
    }

    // One request after the other on a connection until the service closes it, and then another connection, until none is taken.
    private static async Task CallAsync(int port, Tally tally)
    {
        while (true)
        {
            using var connection = new TcpClient { NoDelay = true };
            try
            {
                await connection.ConnectAsync(IPAddress.Loopback, port, Cancel);
            }
            catch (SocketException)
            {
                return;
            }

            // What the system had not handed to the service yet when it stopped to listen has been taken by nobody.
            var isTaken = false;
            try
            {
                while (!IsClosed(connection.Client))
                {
                    var isLast = await CallOnceAsync(connection.GetStream());
                    isTaken = true;
                    tally.Answer();
                    if (isLast)
                    {
                        tally.Close();
                        break;
                    }

                    // So that connections are idle now and then, which is when Kestrel would close them.
                    await Task.Delay(Random.Shared.Next(5), Cancel);
                }
            }
            catch (IOException exception) when (isTaken)
            {
                tally.Lost.Add(exception.Message);
            }
            catch (IOException)
            {
                // Another connection, or none.
            }
        }
    }

    // As a client looks before it uses a connection again.
    private static bool IsClosed(Socket socket) => socket.Poll(0, SelectMode.SelectRead) && socket.Available == 0;

    // Whether it was the last one of its connection.
    private static async Task<bool> CallOnceAsync(NetworkStream stream)
    {
        await stream.WriteAsync("GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray(), Cancel);
        var answer = new StringBuilder();
        var buffer = new byte[4096];
        // The last chunk of the body.
        while (!answer.ToString().EndsWith("\r\n0\r\n\r\n", StringComparison.Ordinal))
        {
            var read = await stream.ReadAsync(buffer, Cancel);
            if (read == 0)
            {
                throw new IOException($"closed after {answer.Length} characters");
            }

            answer.Append(Encoding.ASCII.GetString(buffer, 0, read));
        }

        return answer.ToString().Contains("Connection: close", StringComparison.OrdinalIgnoreCase);
    }

    private static async Task CallAsync(HttpClient client, Tally tally)
    {
        while (true)
        {
            try
            {
                (await client.GetAsync("/health/live", Cancel)).EnsureSuccessStatusCode();
                tally.Answer();
            }
            catch (HttpRequestException exception) when (exception.InnerException is SocketException
            {
                SocketErrorCode: SocketError.ConnectionRefused,
            })
            {
                return;
            }
            catch (HttpRequestException exception) when (exception.Message.Contains("could not be established", StringComparison.Ordinal))
            {
                // As above: a connection that the service had not taken.
            }
            catch (HttpRequestException exception) when (exception.InnerException is HttpProtocolException { ErrorCode: 0 })
            {
                // GOAWAY was the first frame: the service took no request of this connection (RFC 9113, section 6.8).
            }
            catch (HttpRequestException exception)
            {
                tally.Lost.Add(exception.ToString());
            }
        }
    }

    private static Task UntilAsync(Func<bool> condition) => UntilAsync(() => Task.FromResult(condition()));

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        for (var i = 0; i < 1200 && !await condition(); i++)
        {
            await Task.Delay(50, Cancel);
        }
    }

    private sealed class Tally
    {
        private int _answered;
        private int _closed;

        public int Answered => _answered;

        public int Closed => _closed;

        public ConcurrentBag<string> Lost { get; } = [];

        public void Answer() => Interlocked.Increment(ref _answered);

        public void Close() => Interlocked.Increment(ref _closed);
    }
}
