using Microsoft.Extensions.Options;

namespace KeycloakAccess.Authentication;

/// <summary>
/// Whether the realm answers now: asked before a browser is sent there, since what <see cref="RealmMetadata"/> has read may be older than
/// an outage.
/// </summary>
internal sealed class RealmReachability(IOptions<KeycloakOptions> options, IHttpClientFactory clients, TimeProvider clock)
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private Task _asking = Task.CompletedTask;

    /// <summary>Those who ask at the same time share one request: many sign-ins are no traffic to the realm.</summary>
    /// <exception cref="RealmUnreachableException">It does not answer in time, or that it cannot.</exception>
    public Task EnsureAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (_asking.IsCompleted)
            {
                _asking = Task.Run(AskAsync, CancellationToken.None);
            }

            return _asking.WaitAsync(cancellationToken);
        }
    }

    private async Task AskAsync()
    {
        using var late = new CancellationTokenSource(Patience, clock);
        try
        {
            using var http = clients.CreateClient(KeycloakSetup.Backchannel);
            using var answer = await http.GetAsync(options.Value.MetadataAddress, HttpCompletionOption.ResponseHeadersRead, late.Token);
            if (!answer.IsSuccessStatusCode)
            {
                throw new RealmUnreachableException($"HTTP {(int)answer.StatusCode}");
            }
        }
        catch (OperationCanceledException exception)
        {
            throw new RealmUnreachableException($"no answer within {Patience.TotalSeconds:0} seconds", exception);
        }
        catch (HttpRequestException exception)
        {
            throw new RealmUnreachableException(exception.Message, exception);
        }
    }
}
