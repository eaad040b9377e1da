using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Serialization;
using KeycloakAccess.Authentication;
using KeycloakAccess.Data;
using KeycloakAccess.Hosting;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace KeycloakAccess.SharedSignals;

/// <summary>Where a transmitter pushes events (RFC 8935).</summary>
internal static class SharedSignalsEndpoints
{
    public const string Path = "/ssf/events";

    /// <summary>In bytes. Keycloak's tokens are some 1,200 long.</summary>
    public const int LargestToken = 64 * 1024;

    private const string MediaType = "application/secevent+jwt";

    public static void AddSharedSignals(this IServiceCollection services)
    {
        services.AddSettings<SharedSignalsOptions>(SharedSignalsOptions.Section);
        services.AddSingleton<IValidateOptions<SharedSignalsOptions>, SharedSignalsValidator>();
        services.AddSingleton<Transmitter>();
        services.AddSingleton<SecurityEventReader>();
        services.AddSingleton<SignalStore>();
        services.AddSingleton<SignalReceiver>();
        services.AddSingleton<PushSecret>();
        services.AddHttpClient(SignalPollClient.HttpClient, client =>
            {
                client.Timeout = SignalPollClient.Patience;
                client.MaxResponseContentBufferSize = 16 * 1024 * 1024;
            })
            .ConfigurePrimaryHttpMessageHandler(provider =>
                BackchannelHandler.Create(provider.GetRequiredService<IOptions<KeycloakOptions>>()))
            .SetHandlerLifetime(Timeout.InfiniteTimeSpan);
        services.AddSingleton<SignalPollClient>();
        services.AddSingleton<PollClaimStore>();
        services.AddBackgroundService<SignalPoller>();
    }

    /// <summary>Nothing is there where no events are taken.</summary>
    public static void MapSharedSignals(this WebApplication app)
    {
        if (app.Services.GetRequiredService<IOptions<SharedSignalsOptions>>().Value.Delivery != SignalDelivery.None)
        {
            // The signature says who sends.
            app.MapPost(Path, ReceiveAsync)
                .AllowAnonymous()
                .DisableAntiforgery()
                .WithMetadata(new AnswersPrograms())
                .ExcludeFromDescription();
        }
    }

    private static async Task<IResult> ReceiveAsync(
        HttpContext context,
        SignalReceiver receiver,
        PushSecret secret,
        IOptions<SharedSignalsOptions> options,
        CancellationToken cancellationToken)
    {
        context.Response.Headers.CacheControl = "no-store";
        var request = context.Request;
        if (options.Value.Delivery != SignalDelivery.Push)
        {
            return Refuse(context, new SetRefusal(
                SetRefusal.AccessDenied,
                "This service asks for events (RFC 8936). Set the stream's delivery.method to urn:ietf:rfc:8936."));
        }

        if (!secret.IsIn(request))
        {
            return Refuse(context, new SetRefusal(
                SetRefusal.AuthenticationFailed, "The header Authorization is not the one that the stream has as authorization_header."));
        }

        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out var type)
            || !type.MediaType.Equals(MediaType, StringComparison.OrdinalIgnoreCase))
        {
            return Refuse(context, SetRefusal.Malformed($"The Content-Type must be {MediaType} (RFC 8935, section 2.1)."));
        }

        if (await ReadAsync(request, cancellationToken) is not { } text)
        {
            return Refuse(context, SetRefusal.Malformed($"A token may have {LargestToken} bytes at most."));
        }

        return await receiver.ReceiveAsync(text, context.TraceIdentifier, tokenId: null, cancellationToken) is { } refusal
            ? Refuse(context, refusal)
            : TypedResults.StatusCode(StatusCodes.Status202Accepted);
    }

    private static async Task<string?> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        if (request.ContentLength > LargestToken)
        {
            return null;
        }

        var buffer = new byte[LargestToken + 1];
        var read = await request.Body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
        // What is not ASCII is no token, and stays none.
        return read > LargestToken ? null : Encoding.Latin1.GetString(buffer, 0, read);
    }

    // RFC 8935, section 2.4: the description is in the language of the header.
    private static IResult Refuse(HttpContext context, SetRefusal refusal)
    {
        if (RateLimits.Of(context).CheckRefused(context) is { } tooMany)
        {
            return tooMany;
        }

        context.Response.Headers.ContentLanguage = "en";
        return TypedResults.Json(new SetError(refusal.Error, refusal.Description), statusCode: StatusCodes.Status400BadRequest);
    }

    internal sealed record SetError(
        [property: JsonPropertyName("err")] string Error, [property: JsonPropertyName("description")] string Description);
}

/// <summary>The header that each push must have, where one is set.</summary>
internal sealed class PushSecret(IOptions<SharedSignalsOptions> options)
{
    // The hash has one length, so that comparing tells nothing of the secret's.
    private readonly byte[]? _hash =
        SignalSecrets.Read(options.Value.Push.Authorization, options.Value.Push.AuthorizationFile) is { Length: > 0 } header
            ? Hash(header)
            : null;

    public bool IsIn(HttpRequest request) =>
        _hash is null
        || (request.Headers.Authorization is [{ } header] && CryptographicOperations.FixedTimeEquals(Hash(header), _hash));

    private static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));
}
