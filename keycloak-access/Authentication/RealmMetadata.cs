using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace KeycloakAccess.Authentication;

/// <summary>The realm cannot be reached, or used, so nothing can be decided: answered with 503.</summary>
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

    /// <summary>
    /// What keeps the realm from being used, where it has been reached, and the remedy: without an address that only this service knows.
    /// </summary>
    public string? Fault { get; init; }

    /// <summary>In a sentence, for whoever asked.</summary>
    public string Cause => Fault is null ? "The realm cannot be reached" : "The realm cannot be used";
}

/// <summary>Where metadata are read that have an issuer and a <c>jwks_uri</c>, and what the issuer in them must be.</summary>
internal sealed record MetadataSource(string Address, string Issuer)
{
    /// <summary>The setting to look at.</summary>
    public required string Setting { get; init; }

    public string ExplainIssuer(string? claimed) =>
        $"The metadata at {Address} are those of {(string.IsNullOrEmpty(claimed) ? "nobody" : claimed)}, and {Setting} says {Issuer}. "
        + $"Set {Setting} to the issuer that the metadata name, to the letter.";
}

// Replaces the framework's ConfigurationManager, which answers 401 instead of 503 at a cold start, lets one forged key id use up the only
// refresh in five minutes, and trusts a removed key for up to 13 hours.
internal sealed partial class RealmMetadata(
    IOptions<KeycloakOptions> options,
    HttpClient backchannel,
    TimeProvider clock,
    ILogger<RealmMetadata> logger) : IConfigurationManager<OpenIdConnectConfiguration>
{
    /// <summary>After this time the metadata is read again, in the background: a removed key is trusted no longer.</summary>
    public static readonly TimeSpan FreshFor = TimeSpan.FromMinutes(5);

    /// <summary>While Keycloak does not answer, what was read last is used for this long; after that, the answer is 503.</summary>
    public static readonly TimeSpan UsableFor = TimeSpan.FromHours(1);

    /// <summary>The shortest time between two reads, so that forged key ids do not turn into calls to Keycloak.</summary>
    public static readonly TimeSpan AtMostEvery = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private Task _reading = Task.CompletedTask;
    private DateTimeOffset _lastRead = DateTimeOffset.MinValue;
    private int _reads;
    private volatile Snapshot? _current;
    private volatile Failure? _lastFailure;
    private volatile IReadOnlyList<UnusedKey> _unused = [];

    public (DateTimeOffset ReadAt, DateTimeOffset ReachableSince, IEnumerable<JsonWebKey> Keys)? Last =>
        _current is { } current
            ? (current.ReadAt, current.ReachableSince, current.Keys.Values)
            : null;

    public Action<IEnumerable<JsonWebKey>, DateTimeOffset>? OnKeysRead { get; set; }

    /// <summary>Somebody else than the realm, who has an issuer and a <c>jwks_uri</c> too.</summary>
    public MetadataSource? Source { get; init; }

    private string Issuer => Source?.Issuer ?? options.Value.Issuer;

    private string Address => Source?.Address ?? options.Value.MetadataAddress;

    public bool HasBeenReached => _current is not null;

    /// <summary>Whether there are keys, and not too old ones.</summary>
    public bool CanCheckTokens => _current is { } current && clock.GetUtcNow() - current.ReadAt < UsableFor;

    public string? LastFailure => _lastFailure?.Message;

    public async Task<OpenIdConnectConfiguration> GetConfigurationAsync(CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        if (_current is { } current && now - current.ReadAt < UsableFor)
        {
            if (now - current.ReadAt >= FreshFor)
            {
                _ = ReadAtMostEveryAsync(AtMostEvery);
            }

            return current.Configuration;
        }

        // In an outage callers must not queue, each for an attempt of their own.
        if (_lastFailure is { } failure && now - failure.At < TimeSpan.FromSeconds(1))
        {
            throw failure.ToException();
        }

        await ReadAtMostEveryAsync(TimeSpan.Zero).WaitAsync(cancel);
        return _current is { } read && clock.GetUtcNow() - read.ReadAt < UsableFor
            ? read.Configuration
            : throw _lastFailure?.ToException() ?? new RealmUnreachableException("The realm has not been reached.");
    }

    /// <summary>
    /// Reads the keys again if they lack this one, so that the first token after a key rotation is not refused. A forged key id may
    /// have used up the last read: the next one that is allowed is waited for.
    /// </summary>
    /// <exception cref="RealmUnreachableException">The realm did not say whether it has the key.</exception>
    public async Task EnsureKeyAsync(string? keyId, CancellationToken cancellationToken)
    {
        var before = Volatile.Read(ref _reads);
        await GetConfigurationAsync(cancellationToken);
        while (!string.IsNullOrEmpty(keyId) && _current is { } current && !current.Keys.ContainsKey(keyId) && current.Read <= before)
        {
            var (reading, wait) = ReadAfter(before);
            await (reading ?? Task.Delay(wait, clock, cancellationToken)).WaitAsync(cancellationToken);
            if (reading is not null && _lastFailure is { } failure && failure.Read > before)
            {
                throw failure.ToException();
            }
        }
    }

    /// <summary>As it is now.</summary>
    public JsonWebKey? FindKey(string? keyId) => string.IsNullOrEmpty(keyId) ? null : _current?.Keys.GetValueOrDefault(keyId);

    /// <summary>Whether this very key still is one of the realm's, as far as anybody can know.</summary>
    public bool IsCurrent(JsonWebKey key)
    {
        if (_current is not { } current || clock.GetUtcNow() - current.ReadAt is var age && age >= UsableFor)
        {
            return false;
        }

        if (age >= FreshFor)
        {
            _ = ReadAtMostEveryAsync(AtMostEvery);
        }

        return ReferenceEquals(current.Keys.GetValueOrDefault(key.KeyId), key);
    }

    /// <summary>Whether the key is one of the realm's, and for the algorithm.</summary>
    public bool Allows(string algorithm, string? keyId) =>
        SignatureAlgorithms.FindMistake(algorithm, options.Value.TokenAlgorithms, "") is null
        && keyId is not null
        && _current?.Keys.GetValueOrDefault(keyId) is { } key
        && SignatureAlgorithms.Fits(key, algorithm, options.Value.TokenAlgorithms);

    /// <summary>Whether the realm says that it has this scope (OpenID Connect Discovery 1.0, section 3).</summary>
    public bool Offers(string scope) => _current?.Configuration.ScopesSupported.Contains(scope, StringComparer.Ordinal) is true;

    /// <summary>Keys that the realm offers and that verify nothing here.</summary>
    public IReadOnlyList<UnusedKey> UnusedKeys => _unused;

    /// <summary>What keeps the realm's key of this id from being used, if there is such a key.</summary>
    public string? WhyUnused(string? keyId) => keyId is null ? null : _unused.FirstOrDefault(key => key.KeyId == keyId)?.Mistake;

    /// <summary>Reads what is older than <see cref="FreshFor"/>, whether anybody asks for it or not.</summary>
    public Task RefreshAsync() =>
        _current is { } current && clock.GetUtcNow() - current.ReadAt < FreshFor ? Task.CompletedTask : ReadAtMostEveryAsync(AtMostEvery);

    /// <summary>
    /// What a token of the realm must be, whatever it is for. Its key is looked up by its id alone, and only for the algorithm that the
    /// key is meant for.
    /// </summary>
    public TokenValidationParameters NewParameters(string audience, params string[] types) => new()
    {
        ValidIssuer = options.Value.Issuer,
        ValidAudience = audience,
        ValidTypes = types,
        AlgorithmValidator = (algorithm, key, _, _) => Allows(algorithm, key.KeyId),
        ClockSkew = options.Value.TokenClockSkew,
        RequireExpirationTime = true,
        RequireSignedTokens = true,
        TryAllIssuerSigningKeys = false,
        NameClaimType = "preferred_username",
        RoleClaimType = "none",
    };

    /// <summary>Called by the framework's handlers when a signature fails, after <see cref="EnsureKeyAsync"/> has done it.</summary>
    public void RequestRefresh()
    {
    }

    // A read after that one, or the one that goes on, or how long to wait until one may begin.
    private (Task? Reading, TimeSpan Wait) ReadAfter(int read)
    {
        lock (_lock)
        {
            if (_reads > read)
            {
                return (_reading, TimeSpan.Zero);
            }

            var wait = _lastRead + AtMostEvery - clock.GetUtcNow();
            return !_reading.IsCompleted ? (_reading, TimeSpan.Zero)
                : wait > TimeSpan.Zero ? (null, wait)
                : (ReadAtMostEveryAsync(AtMostEvery), TimeSpan.Zero);
        }
    }

    // One read at a time, shared by all who wait: a realm that hangs delays them once, and a caller who gives up does not end it.
    private Task ReadAtMostEveryAsync(TimeSpan interval)
    {
        lock (_lock)
        {
            var now = clock.GetUtcNow();
            if (_reading.IsCompleted && now - _lastRead >= interval)
            {
                _lastRead = now;
                var read = ++_reads;
                _reading = Task.Run(() => TryReadAsync(read));
            }

            return _reading;
        }
    }

    private async Task TryReadAsync(int read)
    {
        try
        {
            var before = _current;
            var (configuration, keys) = await ReadAsync(CancellationToken.None);
            var now = clock.GetUtcNow();
            _current = new Snapshot(
                configuration, keys, read, now, before is null || _lastFailure is not null ? now : before.ReachableSince);
            _lastFailure = null;
            OnKeysRead?.Invoke(Last!.Value.Keys, now);
            if (before is null)
            {
                LogReached(Issuer);
            }
        }
        // Whatever a realm answers, it does not end the process.
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            var reason = Reason(exception);
            _lastFailure = new Failure(reason, (exception as RealmUnreachableException)?.Fault, read, clock.GetUtcNow());
            LogUnreachable(Address, reason);
        }
    }

    private async Task<(OpenIdConnectConfiguration Configuration, IReadOnlyDictionary<string, JsonWebKey> Keys)> ReadAsync(
        CancellationToken cancellationToken)
    {
        var documents = new HttpDocumentRetriever(backchannel)
        {
            // BackchannelHandler applies ssl-required.
            RequireHttps = false,
        };
        var configuration = OpenIdConnectConfiguration.Create(
            await documents.GetDocumentAsync(Address, cancellationToken));

        // OpenID Connect Discovery 1.0, section 4.3.
        if (!string.Equals(configuration.Issuer, Issuer, StringComparison.Ordinal))
        {
            var fault = Source?.ExplainIssuer(configuration.Issuer) ?? $"The realm calls itself {configuration.Issuer}, " +
                $"but Keycloak:auth-server-url and Keycloak:realm say {options.Value.Issuer}. " +
                "Set auth-server-url to the address in the realm's own name, or Keycloak's hostname option (KC_HOSTNAME) to yours.";
            throw new RealmUnreachableException(fault) { Fault = fault };
        }

        var (keys, unused) = RealmKeySet.Read(await documents.GetDocumentAsync(configuration.JwksUri, cancellationToken));
        KeepUnused(unused);
        // A key that is the same stays the same object: what it has signed is known by it.
        keys = [.. keys.Select(key => FindKey(key.KeyId) is { } before && RealmKeySet.AreEqual(before, key) ? before : key)];
        foreach (var key in keys)
        {
            configuration.SigningKeys.Add(key);
        }

        return keys.Count > 0
            ? (configuration, keys.ToDictionary(key => key.KeyId, StringComparer.Ordinal))
            : throw new RealmUnreachableException(NoKey($" at {configuration.JwksUri}")) { Fault = NoKey("") };

        string NoKey(string place) =>
            $"{(Source is null ? "The realm" : Source.Issuer)} offers no key{place} that can be used here{(unused.Count > 0 ? ": " : "")}" +
            $"{string.Join(", ", unused)}."
            + (Source is null ? " In Keycloak: Realm settings → Keys → Add providers: rsa-generated." : "");
    }

    // Logged once, and not every five minutes.
    private void KeepUnused(IReadOnlyList<UnusedKey> unused)
    {
        if (unused.Count > 0 && !unused.SequenceEqual(_unused))
        {
            LogUnused(string.Join(", ", unused));
        }

        _unused = unused;
    }

    private static string Reason(Exception exception)
    {
        // The library's own exceptions (IDX…) wrap the one that says what happened.
        var deepest = exception;
        while (deepest.InnerException is { } inner && !deepest.Data.Contains(HttpDocumentRetriever.StatusCode))
        {
            deepest = inner;
        }

        if (deepest.Data[HttpDocumentRetriever.StatusCode] is System.Net.HttpStatusCode status)
        {
            return status == System.Net.HttpStatusCode.NotFound
                ? "HTTP 404: there is no such realm at this address. Compare Keycloak:realm, in the same case, and auth-server-url."
                : $"HTTP {(int)status}";
        }

        return deepest is OperationCanceledException
            ? $"no answer within {BackchannelHandler.Timeout.TotalSeconds:0} seconds"
            : deepest.Message.ReplaceLineEndings(" ");
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Reached the realm {Issuer}")]
    private partial void LogReached(string issuer);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The realm's metadata at {Address} could not be read: {Reason}")]
    private partial void LogUnreachable(string address, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Keys of the realm that are not used: {Keys}")]
    private partial void LogUnused(string keys);

    private sealed record Snapshot(
        OpenIdConnectConfiguration Configuration,
        IReadOnlyDictionary<string, JsonWebKey> Keys,
        int Read,
        DateTimeOffset ReadAt,
        DateTimeOffset ReachableSince);

    private sealed record Failure(string Message, string? Fault, int Read, DateTimeOffset At)
    {
        public RealmUnreachableException ToException() => new(Message) { Fault = Fault };
    }
}
