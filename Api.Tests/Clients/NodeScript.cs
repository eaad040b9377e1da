using System.Diagnostics;
using System.Text.Json;

namespace Api.Tests.Clients;

/// <summary>A running script that answers calls line by line; see Clients/node/lines.mjs. It ends with its object.</summary>
internal sealed class NodeScript : IAsyncDisposable
{
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(60);

    private readonly string _name;
    private readonly Process _process;
    private readonly Task<string> _errors;

    public NodeScript(string node, string script)
    {
        _name = Path.GetFileName(script);
        var start = new ProcessStartInfo(node, [script])
        {
            WorkingDirectory = Path.GetDirectoryName(script)!,
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // What a shell may have set that reaches into every Node.js program, and proxies: the realm is on loopback.
        foreach (var name in (string[])["NODE_OPTIONS", "NODE_EXTRA_CA_CERTS", "NODE_USE_ENV_PROXY", "DEBUG"])
        {
            start.Environment.Remove(name);
        }

        _process = Process.Start(start)!;
        _errors = _process.StandardError.ReadToEndAsync();
    }

    /// <summary>The result of a call that must succeed.</summary>
    public async Task<JsonElement> CallAsync(string call, object? with = null)
    {
        var answer = await ExchangeAsync(call, with);
        return answer.TryGetProperty("result", out var result)
            ? result
            : throw new InvalidOperationException($"{_name} failed at {call}: {answer}");
    }

    /// <summary>What a call that must fail says.</summary>
    public async Task<NodeFailure> FailAsync(string call, object? with = null)
    {
        var answer = await ExchangeAsync(call, with);
        return answer.TryGetProperty("error", out var error)
            ? error.Deserialize<NodeFailure>(JsonSerializerOptions.Web)!
            : throw new InvalidOperationException($"{_name} did not fail at {call}: {answer}");
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            _process.Kill(entireProcessTree: true);
        }
        catch (InvalidOperationException)
        {
            // It has ended.
        }

        await _process.WaitForExitAsync();
        await _errors;
        _process.Dispose();
    }

    private async Task<JsonElement> ExchangeAsync(string call, object? with)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(AnswerLimit);
        try
        {
            await _process.StandardInput.WriteLineAsync(
                JsonSerializer.Serialize(new { call, with }, JsonSerializerOptions.Web).AsMemory(), limit.Token);
            await _process.StandardInput.FlushAsync(limit.Token);
            if (await _process.StandardOutput.ReadLineAsync(limit.Token) is { } line)
            {
                return JsonElement.Parse(line);
            }
        }
        catch (IOException)
        {
            // It has ended, and its errors say why.
        }
        catch (OperationCanceledException ended) when (!TestContext.Current.CancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"{_name} has not answered to {call} after {AnswerLimit.TotalSeconds:0} s.", ended);
        }

        throw new InvalidOperationException($"{_name} has ended before it answered to {call}: {await _errors}");
    }
}

/// <summary>What a client's exception says: the OAuth error where the realm gave one, and all messages down to the cause.</summary>
internal sealed record NodeFailure(string? Error, string? Description, string Message, string? Stack);
