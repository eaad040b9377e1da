using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace Api.Keycloak;

/// <summary>The realm cannot be asked, so nothing can be decided: answered with 503, never with a guess.</summary>
internal sealed class RealmUnreachableException : Exception
{
    public RealmUnreachableException()
    {
    }

    public RealmUnreachableException(string message)
        : base(message)
    {
    }

    public RealmUnreachableException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

/// <summary>
/// The realm's metadata and keys (OpenID Connect Discovery 1.0), read once and kept, for every scheme of this service.
/// It stands in for the framework's ConfigurationManager, which answers 401 instead of "unreachable" at a cold start,
/// lets one forged key id use up the only refresh in five minutes, and trusts a removed key for up to 13 hours.
/// </summary>
internal sealed partial class RealmMetadata(
    IOptions<KeycloakOptions> options,
    HttpClient backchannel,
    TimeProvider clock,
    ILogger<RealmMetadata> logger) : IConfigurationManager<OpenIdConnectConfiguration>, IDisposable
{
    /// <summary>After this time the metadata is read again, in the background. A key that Keycloak removed is trusted no longer than this.</summary>
    public static readonly TimeSpan FreshFor = TimeSpan.FromMinutes(5);

    /// <summary>While Keycloak does not answer, what was read last is used for this long. Then nothing is known any more: 503.</summary>
    public static readonly TimeSpan UsableFor = TimeSpan.FromHours(1);

    /// <summary>The shortest time between two reads, whoever asks: forged key ids must not turn into traffic.</summary>
    public static readonly TimeSpan AtMostEvery = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _reading = new(1, 1);
    private volatile Snapshot? _current;
    private volatile Failure? _lastFailure;
    private long _lastRead;

    /// <summary>Whether the realm has been reached at least once.</summary>
    public bool HasBeenReached => _current is not null;

    /// <summary>Why the last attempt failed, for health reports and log lines; <see langword="null"/> if it did not.</summary>
    public string? LastFailure => _lastFailure?.Message;

    /// <exception cref="RealmUnreachableException">The realm has not been reached, or not for <see cref="UsableFor"/>.</exception>
    public async Task<OpenIdConnectConfiguration> GetConfigurationAsync(CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        if (_current is { } current && now - current.ReadAt < UsableFor)
        {
            if (now - current.ReadAt >= FreshFor && MayRead(now) && _reading.CurrentCount > 0)
            {
                _ = Task.Run(() => TryReadAsync(current, CancellationToken.None), CancellationToken.None);
            }

            return current.Configuration;
        }

        // The failure of a moment ago stands for everybody who asks in that moment: an outage must not queue the callers.
        if (_lastFailure is { } failure && now - failure.At < TimeSpan.FromSeconds(1))
        {
            throw new RealmUnreachableException(failure.Message);
        }

        await TryReadAsync(_current, cancel);
        return _current is { } read && clock.GetUtcNow() - read.ReadAt < UsableFor
            ? read.Configuration
            : throw new RealmUnreachableException(_lastFailure?.Message ?? "The realm has not been reached.");
    }

    /// <summary>
    /// Reads the keys again if they lack this one, so that the first token after a key rotation is not refused.
    /// </summary>
    /// <exception cref="RealmUnreachableException">As <see cref="GetConfigurationAsync"/>.</exception>
    public async Task EnsureKeyAsync(string? keyId, CancellationToken cancellationToken)
    {
        var configuration = await GetConfigurationAsync(cancellationToken);
        if (string.IsNullOrEmpty(keyId) || configuration.SigningKeys.Any(key => string.Equals(key.KeyId, keyId, StringComparison.Ordinal)))
        {
            return;
        }

        var current = _current;
        if (MayRead(clock.GetUtcNow()))
        {
            await TryReadAsync(current, cancellationToken);
        }
    }

    /// <summary>Called by the framework's handlers when a signature fails. <see cref="EnsureKeyAsync"/> has done the work by then.</summary>
    public void RequestRefresh()
    {
    }

    public void Dispose() => _reading.Dispose();

    private bool MayRead(DateTimeOffset now) => now.UtcTicks - Interlocked.Read(ref _lastRead) >= AtMostEvery.Ticks;

    private async Task TryReadAsync(Snapshot? known, CancellationToken cancellationToken)
    {
        await _reading.WaitAsync(cancellationToken);
        try
        {
            if (!ReferenceEquals(_current, known))
            {
                return;
            }

            Interlocked.Exchange(ref _lastRead, clock.GetUtcNow().UtcTicks);
            _current = new Snapshot(await ReadAsync(cancellationToken), clock.GetUtcNow());
            _lastFailure = null;
            if (known is null)
            {
                LogReached(options.Value.Issuer);
            }
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            var reason = Reason(exception);
            _lastFailure = new Failure(reason, clock.GetUtcNow());
            LogUnreachable(options.Value.MetadataAddress, reason);
        }
        finally
        {
            _reading.Release();
        }
    }

    private async Task<OpenIdConnectConfiguration> ReadAsync(CancellationToken cancellationToken)
    {
        var documents = new HttpDocumentRetriever(backchannel)
        {
            // ssl-required decides, and BackchannelHandler keeps it.
            RequireHttps = false,
        };
        var configuration = await OpenIdConnectConfigurationRetriever.GetAsync(options.Value.MetadataAddress, documents, cancellationToken);

        // OpenID Connect Discovery 1.0, section 4.3: the issuer must be exactly the one that was asked for.
        if (!string.Equals(configuration.Issuer, options.Value.Issuer, StringComparison.Ordinal))
        {
            throw new InvalidOperationException(
                $"The realm calls itself {configuration.Issuer}, but Keycloak:auth-server-url and Keycloak:realm say {options.Value.Issuer}. " +
                "Set auth-server-url to the address in the realm's own name, or Keycloak's hostname option (KC_HOSTNAME) to yours.");
        }

        return configuration.SigningKeys.Count > 0
            ? configuration
            : throw new InvalidOperationException($"The realm offers no signing key at {configuration.JwksUri}.");
    }

    private static string Reason(Exception exception)
    {
        // IDX… exceptions of the library wrap the one that says what happened.
        var deepest = exception;
        while (deepest.InnerException is { } inner)
        {
            deepest = inner;
        }

        return deepest is OperationCanceledException
            ? $"no answer within {BackchannelHandler.Timeout.TotalSeconds:0} seconds"
            : deepest.Message.ReplaceLineEndings(" ");
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Reached the realm {Issuer}")]
    private partial void LogReached(string issuer);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The realm's metadata at {Address} could not be read: {Reason}")]
    private partial void LogUnreachable(string address, string reason);

    private sealed record Snapshot(OpenIdConnectConfiguration Configuration, DateTimeOffset ReadAt);

    private sealed record Failure(string Message, DateTimeOffset At);
}
