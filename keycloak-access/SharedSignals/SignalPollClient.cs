using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using KeycloakAccess.Authentication;
using Microsoft.Extensions.Options;

namespace KeycloakAccess.SharedSignals;

/// <summary>What is asked for (RFC 8936, section 2.2), with what is said of the events of before.</summary>
internal sealed record PollRequest
{
    [JsonPropertyName("maxEvents")]
    public required int MaxEvents { get; init; }

    [JsonPropertyName("returnImmediately")]
    public required bool ReturnImmediately { get; init; }

    [JsonPropertyName("ack")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Taken { get; init; }

    [JsonPropertyName("setErrs")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, SharedSignalsEndpoints.SetError>? Refused { get; init; }
}

/// <summary>Tokens by their <c>jti</c>, in the order in which they came.</summary>
internal sealed record PollAnswer(IReadOnlyList<KeyValuePair<string, string>> Tokens, bool HasMore);

/// <summary>The transmitter has not answered as RFC 8936 says. The message says why, with the remedy where there is one.</summary>
internal sealed class PollFailedException : Exception
{
    public PollFailedException()
    {
    }

    public PollFailedException(string message)
        : base(message)
    {
    }

    public PollFailedException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <summary>How long to wait, where the transmitter says so.</summary>
    public TimeSpan? RetryAfter { get; init; }
}

/// <summary>Asks a transmitter for events, as the client of the stream.</summary>
internal sealed class SignalPollClient(
    IHttpClientFactory clients, RealmMetadata realm, IOptions<SharedSignalsOptions> options, TimeProvider clock)
{
    public const string HttpClient = "SharedSignals";

    /// <summary>How long a transmitter may keep a request without events.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 8 };

    // So that a token does not end on its way.
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(20);

    private (string Token, DateTimeOffset Until)? _token;

    /// <returns><see langword="null"/> where the transmitter has kept the request for as long as it may.</returns>
    /// <exception cref="PollFailedException">It does not answer, or not as it should.</exception>
    /// <exception cref="RealmUnreachableException">The realm gives no token, because nobody reaches it.</exception>
    public async Task<PollAnswer?> AskAsync(PollRequest asked, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, options.Value.Poll.Endpoint) { Content = JsonContent.Create(asked) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", await GetTokenAsync(cancellationToken));
        request.Headers.Accept.ParseAdd("application/json");
        // Of the descriptions (RFC 8936, section 2.4.4).
        request.Content.Headers.ContentLanguage.Add("en");
        try
        {
            using var http = clients.CreateClient(HttpClient);
            using var answer = await http.SendAsync(request, cancellationToken);
            return answer.StatusCode == HttpStatusCode.OK
                ? Read(await answer.Content.ReadAsByteArrayAsync(cancellationToken))
                : throw Explain(answer);
        }
        catch (HttpRequestException exception)
        {
            throw new PollFailedException(exception.Message.ReplaceLineEndings(" "), exception);
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            return asked.ReturnImmediately
                ? throw new PollFailedException($"no answer within {Patience.TotalSeconds:0} seconds", exception)
                : null;
        }
    }

    private PollFailedException Explain(HttpResponseMessage answer)
    {
        var remedy = answer.StatusCode switch
        {
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden =>
                ": the token is not taken. In Keycloak, the client that asks must be that of the stream, with the optional client scope "
                    + "ssf.read (Clients → the client → Client scopes).",
            HttpStatusCode.NotFound =>
                $": there is no such stream. Compare {SharedSignalsOptions.Section}:Poll:Endpoint with the stream's delivery.endpoint_url, "
                    + "and in Keycloak whether the realm's attribute ssf.transmitterEnabled is true.",
            _ => "",
        };
        if (answer.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden)
        {
            _token = null;
        }

        return new PollFailedException($"HTTP {(int)answer.StatusCode}{remedy}")
        {
            RetryAfter = answer.Headers.RetryAfter?.Delta ?? answer.Headers.RetryAfter?.Date - clock.GetUtcNow(),
        };
    }

    private static PollAnswer Read(byte[] body)
    {
        try
        {
            using var document = JsonDocument.Parse(body, Strict);
            var root = document.RootElement;
            if (root.ValueKind == JsonValueKind.Object
                && root.TryGetProperty("sets", out var sets)
                && sets.ValueKind == JsonValueKind.Object
                && sets.EnumerateObject().All(each => each.Value.ValueKind == JsonValueKind.String)
                && (!root.TryGetProperty("moreAvailable", out var more) || more.ValueKind is JsonValueKind.True or JsonValueKind.False))
            {
                return new PollAnswer(
                    [.. sets.EnumerateObject().Select(each => KeyValuePair.Create(each.Name, each.Value.GetString()!))],
                    more.ValueKind == JsonValueKind.True);
            }
        }
        // Half a surrogate pair is found while a text is read.
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new PollFailedException("the answer is not JSON", exception);
        }

        throw new PollFailedException("the answer is not that of RFC 8936, section 2.3: an object with sets, each a text");
    }

    private async Task<string> GetTokenAsync(CancellationToken cancellationToken)
    {
        var poll = options.Value.Poll;
        if (poll.TokenFile.Length > 0)
        {
            return SignalSecrets.Read("", poll.TokenFile);
        }

        if (_token is var (known, until) && clock.GetUtcNow() < until)
        {
            return known;
        }

        var (token, life) = await AskForTokenAsync(poll, cancellationToken);
        _token = (token, clock.GetUtcNow() + life - Margin);
        return token;
    }

    // RFC 6749, section 4.4.
    private async Task<(string Token, TimeSpan Life)> AskForTokenAsync(SignalPollOptions poll, CancellationToken cancellationToken)
    {
        var configuration = await realm.GetConfigurationAsync(cancellationToken);
        using var request = new HttpRequestMessage(HttpMethod.Post, configuration.TokenEndpoint)
        {
            Content = new FormUrlEncodedContent(
                poll.Scope.Length > 0
                    ? [KeyValuePair.Create("grant_type", "client_credentials"), KeyValuePair.Create("scope", poll.Scope)]
                    : [KeyValuePair.Create("grant_type", "client_credentials")]),
        };
        request.Headers.Authorization = SignInClient.Credentials(new SignInOptions
        {
            Resource = poll.ClientId,
            Secret = SignalSecrets.Read(poll.ClientSecret, poll.ClientSecretFile),
        });
        try
        {
            using var http = clients.CreateClient(KeycloakSetup.Backchannel);
            using var answer = await http.SendAsync(request, cancellationToken);
            var body = await answer.Content.ReadAsByteArrayAsync(cancellationToken);
            using var document = Parse(body);
            if (answer.IsSuccessStatusCode
                && document is { RootElement: var root }
                && SecurityEventReader.Text(root, "access_token") is { Length: > 0 } token)
            {
                var life = root.TryGetProperty("expires_in", out var seconds) && seconds.TryGetInt32(out var known) ? known : 60;
                return (token, TimeSpan.FromSeconds(life));
            }

            var error = document is null ? null : SecurityEventReader.Text(document.RootElement, "error");
            throw new PollFailedException(SignInFailure.Printable(
                $"the realm gives no token to {poll.ClientId} (HTTP {(int)answer.StatusCode}{(error is null ? "" : $", {error}")}). "
                    + (error == "invalid_scope"
                        ? $"In Keycloak: Clients → {poll.ClientId} → Client scopes → Add client scope → {poll.Scope} (Optional)."
                        : "Look at its secret, and in Keycloak whether it may: "
                            + $"Clients → {poll.ClientId} → Settings → Service accounts roles: on.")));
        }
        catch (HttpRequestException exception)
        {
            throw new PollFailedException(exception.Message.ReplaceLineEndings(" "), exception);
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw new PollFailedException("the realm gives no token in time", exception);
        }
    }

    private static JsonDocument? Parse(byte[] body)
    {
        try
        {
            var document = JsonDocument.Parse(Encoding.UTF8.GetString(body), Strict);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                return document;
            }

            document.Dispose();
            return null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
