using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace KeycloakAccess.Authentication.Introspection;

/// <summary>What the realm says about a token: its claims, where it is active.</summary>
internal sealed record IntrospectionAnswer(JsonElement? Claims);

/// <summary>
/// Asks the realm about a token (RFC 7662). Whatever is no answer about the token, such as an error, a page of a proxy, or none in time, is
/// the same as no realm; after some of those in a row, it is left alone for a while.
/// </summary>
internal sealed partial class RealmIntrospection(
    RealmMetadata metadata,
    IntrospectionClient client,
    IHttpClientFactory clients,
    IOptions<IntrospectionOptions> options,
    TimeProvider clock,
    ILogger<RealmIntrospection> logger) : IDisposable
{
    public const int LongestAnswer = 1024 * 1024;

    private readonly CircuitBreaker _breaker = new(options.Value.BreakAfter, options.Value.BreakFor, clock);
    private readonly SemaphoreSlim _atOnce = new(options.Value.MostAtOnce);

    // The credential that was taken last.
    private volatile int _place;

    /// <exception cref="RealmUnreachableException">Nobody knows what the realm would say.</exception>
    public async Task<IntrospectionAnswer> AskAsync(string token)
    {
        if (_breaker.Enter() is { } reason)
        {
            throw new RealmUnreachableException($"introspection has failed several times, and is tried again in a while: {reason}");
        }

        try
        {
            var answer = await AskInTimeAsync(token);
            if (_breaker.Succeed())
            {
                LogBack();
            }

            return answer;
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            if (_breaker.Fail(exception.Message))
            {
                LogLeftAlone(options.Value.BreakFor, exception.Message);
            }

            throw exception as RealmUnreachableException ?? new RealmUnreachableException(exception.Message, exception);
        }
    }

    public void Dispose() => _atOnce.Dispose();

    private async Task<IntrospectionAnswer> AskInTimeAsync(string token)
    {
        using var late = new CancellationTokenSource(options.Value.Timeout, clock);
        try
        {
            var address = AddressIn(await metadata.GetConfigurationAsync(late.Token));
            await _atOnce.WaitAsync(late.Token);
            try
            {
                return await AskAsync(address, token, late.Token);
            }
            finally
            {
                _atOnce.Release();
            }
        }
        catch (OperationCanceledException exception)
        {
            throw new RealmUnreachableException(
                string.Create(CultureInfo.InvariantCulture, $"no answer within {options.Value.Timeout.TotalSeconds:0.###} seconds"),
                exception);
        }
        catch (HttpRequestException exception)
        {
            throw new RealmUnreachableException(exception.Message, exception);
        }
        catch (ClientCredentialException exception)
        {
            throw new RealmUnreachableException(exception.Message, exception)
            {
                Fault = "What this service's client for introspection authenticates with cannot be read (Introspection:Client).",
            };
        }
    }

    // RFC 8705, section 5.
    private string AddressIn(OpenIdConnectConfiguration configuration)
    {
        var address = client.UsesTls && FindAlias(configuration) is { } alias ? alias : configuration.IntrospectionEndpoint;
        return string.IsNullOrEmpty(address)
            ? throw new RealmUnreachableException("The realm's metadata name no introspection_endpoint.")
            {
                Fault = "The realm's metadata name no introspection_endpoint, so it cannot be asked about tokens.",
            }
            : address;
    }

    internal static string? FindAlias(OpenIdConnectConfiguration configuration)
    {
        using var document = configuration.AdditionalData.TryGetValue("mtls_endpoint_aliases", out var aliases)
            ? CompactToken.ParseObject(Encoding.UTF8.GetBytes(aliases.ToString() ?? ""))
            : null;
        return document is not null && document.RootElement.TryGetProperty("introspection_endpoint", out var address)
            && address.ValueKind == JsonValueKind.String
                ? address.GetString()
                : null;
    }

    private async Task<IntrospectionAnswer> AskAsync(string address, string token, CancellationToken cancellationToken)
    {
        var place = _place;
        var (status, type, body) = await SendAsync(address, token, place, cancellationToken);
        if (IsClientRefused(status, body) && (client.HasOther || place != 0))
        {
            var refused = place;
            place = 1 - place;
            (status, type, body) = await SendAsync(address, token, place, cancellationToken);
            if (!IsClientRefused(status, body))
            {
                _place = place;
                LogOtherTaken(IntrospectionClient.SettingOf(refused), IntrospectionClient.SettingOf(place));
            }
        }

        return Read(status, type, body);
    }

    private async Task<(HttpStatusCode Status, string? Type, byte[] Body)> SendAsync(
        string address, string token, int place, CancellationToken cancellationToken)
    {
        using var http = clients.CreateClient(IntrospectionClient.NameOf(place));
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                // An assertion is good once.
                using var request = client.NewRequest(address, token, place);
                using var answer = await http.SendAsync(request, cancellationToken);
                return (
                    answer.StatusCode,
                    answer.Content.Headers.ContentType?.MediaType,
                    await answer.Content.ReadAsByteArrayAsync(cancellationToken));
            }
            // The realm may have closed a connection that was kept, just as it was used again; to ask twice changes nothing.
            catch (HttpRequestException exception) when (attempt == 0 && exception.HttpRequestError == HttpRequestError.ResponseEnded)
            {
            }
        }
    }

    // RFC 6749, section 5.2; Keycloak has 400 for an assertion, and says unauthorized_client for a secret at other endpoints.
    private static bool IsClientRefused(HttpStatusCode status, byte[] body) =>
        status == HttpStatusCode.Unauthorized
        || (status == HttpStatusCode.BadRequest && ErrorIn(body) is "invalid_client" or "unauthorized_client");

    private IntrospectionAnswer Read(HttpStatusCode status, string? type, byte[] body)
    {
        if (status != HttpStatusCode.OK)
        {
            var error = ErrorIn(body);
            var text = string.Create(CultureInfo.InvariantCulture, $"introspection was answered with HTTP {(int)status}")
                + (error is null ? "" : $", {error}");
            throw new RealmUnreachableException(SignInFailure.Printable(text))
            {
                Fault = IsClientRefused(status, body) || status == HttpStatusCode.Forbidden
                    ? "Keycloak does not let this service's client ask about tokens. Look at what it authenticates with "
                        + "(Introspection:Client), and in Keycloak whether it is enabled and confidential: "
                        + $"Clients → {client.Id} → Settings, Credentials."
                    : null,
            };
        }

        var isJson = string.Equals(type, "application/json", StringComparison.OrdinalIgnoreCase);
        using var document = isJson ? CompactToken.ParseObject(body) : null;
        var active = document is not null && document.RootElement.TryGetProperty("active", out var member) ? member.ValueKind : default;
        return active switch
        {
            JsonValueKind.True => new(document!.RootElement.Clone()),
            JsonValueKind.False => new(Claims: null),
            _ => throw new RealmUnreachableException(
                $"introspection was answered with {SignInFailure.Printable(type ?? "no content type")} that is no answer of RFC 7662")
            {
                Fault = "What answers for the realm's introspection endpoint does not answer as RFC 7662 says. Look at what stands "
                    + "between this service and Keycloak.",
            },
        };
    }

    private static string? ErrorIn(byte[] body)
    {
        using var document = CompactToken.ParseObject(body);
        return document is not null && document.RootElement.TryGetProperty("error", out var error)
            && error.ValueKind == JsonValueKind.String
            ? error.GetString()
            : null;
    }

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "Introspection fails, so the realm is not asked for {Pause}, and tokens that need it are answered with 503: {Reason}")]
    private partial void LogLeftAlone(TimeSpan pause, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "The realm answers introspection again")]
    private partial void LogBack();

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "The realm refused the introspecting client with {Refused}, and takes {Taken}, which is used from now on")]
    private partial void LogOtherTaken(string refused, string taken);
}
