using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using KeycloakAccess.Data;
using KeycloakAccess.Hosting;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace KeycloakAccess.Permissions;

/// <summary>
/// <c>Idempotency-Key</c> (draft-ietf-httpapi-idempotency-key-header): a POST that is sent again under the key of before is answered
/// as it was, and done once. A key belongs to its account.
/// </summary>
internal static partial class Idempotency
{
    public const string Header = "Idempotency-Key";
    public const int LongestKey = 255;

    /// <summary>After this, whoever claimed the key runs no more.</summary>
    private static readonly TimeSpan LongestRun = TimeSpan.FromMinutes(5);

    public static void UseIdempotency(this WebApplication app) => app.Use(async (context, next) =>
    {
        if (!Applies(context)
            || !context.Request.Headers.TryGetValue(Header, out var header)
            || await Caller.BindAsync(context) is not { } caller)
        {
            await next(context);
            return;
        }

        if (Parse(header) is not { } key)
        {
            await new RequestMistake(
                StatusCodes.Status400BadRequest,
                ProblemCode.IdempotencyKeyMalformed,
                Header,
                $"{Header} must be one text of 1 to {LongestKey} characters in quotation marks, as in \"8e03978e-40d5-43e8\".")
                .AnswerAsync(context);
            return;
        }

        var store = context.RequestServices.GetRequiredService<IdempotencyKeyStore>();
        var request = (Account: caller.AccountId, Key: key, Id: context.TraceIdentifier);
        var fingerprint = await FingerprintAsync(context.Request, context.RequestAborted);
        var before = await store.ClaimAsync(request.Account, key, fingerprint, request.Id, context.RequestAborted);
        if (before is { Status: null } && before.Fingerprint == fingerprint && await MayTakeOverAsync(before))
        {
            before = await store.ClaimAsync(request.Account, key, fingerprint, request.Id, context.RequestAborted);
        }

        await (before is null ? RunAsync(context, next, store, request)
            : before.Fingerprint != fingerprint ? Problem.Create(
                StatusCodes.Status422UnprocessableEntity,
                ProblemCode.IdempotencyKeyReused,
                "This key came with another request before. Send that one again, or this one with a key of its own.")
                .ExecuteAsync(context)
            : before.Status is null ? Problem.Create(
                StatusCodes.Status409Conflict,
                ProblemCode.IdempotencyKeyInUse,
                "The request of this key is still running, or ended without an answer after it had changed something. " +
                "Send it again in a while; if this stays so, look at what is there.")
                .ExecuteAsync(context)
            : ReplayAsync(context.Response, before));

        async Task<bool> MayTakeOverAsync(IdempotentAnswer claimed) =>
            context.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow() - claimed.ClaimedAt > LongestRun
            && await store.ReleaseAsync(request.Account, key, claimed.RequestId, context.RequestAborted);
    });

    private static bool Applies(HttpContext context) =>
        HttpMethods.IsPost(context.Request.Method)
        && context.GetEndpoint()?.Metadata is { } metadata
        && metadata.GetMetadata<AnswersPrograms>() is not null
        && metadata.GetMetadata<ChangesNothing>() is null;

    private static async Task RunAsync(
        HttpContext context, RequestDelegate next, IdempotencyKeyStore store, (Guid Account, string Key, string Id) request)
    {
        var response = context.Response;
        var original = context.Features.GetRequiredFeature<IHttpResponseBodyFeature>();
        using var content = new MemoryStream();
        response.Body = content;
        try
        {
            await next(context);
        }
        catch
        {
            // The caller may have gone, and the answer with them.
            await store.ReleaseAsync(request.Account, request.Key, request.Id, CancellationToken.None);
            throw;
        }
        finally
        {
            context.Features.Set(original);
        }

        if (response.StatusCode is >= 500 or 401 or 403 or 429)
        {
            // What these say may be otherwise when it is sent again.
            await store.ReleaseAsync(request.Account, request.Key, request.Id, CancellationToken.None);
        }
        else
        {
            await CompleteAsync();
        }

        content.Position = 0;
        await content.CopyToAsync(original.Stream, context.RequestAborted);

        async Task CompleteAsync()
        {
            var answer = new IdempotentAnswer
            {
                Fingerprint = "",
                RequestId = request.Id,
                ClaimedAt = default,
                Status = response.StatusCode,
                ContentType = response.ContentType,
                Location = response.Headers.Location.FirstOrDefault(),
                Etag = response.Headers.ETag.FirstOrDefault(),
                Body = content.Length == 0 ? null : Encoding.UTF8.GetString(content.ToArray()),
            };
            try
            {
                await store.CompleteAsync(request.Account, request.Key, answer, CancellationToken.None);
            }
            catch (Exception exception) when (DatabaseOutage.IsOutage(exception))
            {
                // It is done. Sent again, it is refused, since the claim stays.
            }
        }
    }

    private static async Task ReplayAsync(HttpResponse response, IdempotentAnswer answer)
    {
        response.StatusCode = answer.Status!.Value;
        response.ContentType = answer.ContentType;
        if (answer.Location is not null)
        {
            response.Headers.Location = answer.Location;
        }

        if (answer.Etag is not null)
        {
            response.Headers.ETag = answer.Etag;
        }

        if (answer.Body is not null)
        {
            await response.WriteAsync(answer.Body);
        }
    }

    private static async Task<string> FingerprintAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        request.EnableBuffering();
        var body = Convert.ToHexString(await SHA256.HashDataAsync(request.Body, cancellationToken));
        request.Body.Position = 0;
        var whole = string.Join(
            '\n',
            request.Method,
            request.Path,
            request.QueryString,
            request.ContentType,
            request.Headers[HeaderNames.IfMatch],
            request.Headers[HeaderNames.IfNoneMatch],
            body);
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(whole)));
    }

    // RFC 9651, section 3.3.3: a String, with parameters that mean nothing here.
    private static string? Parse(StringValues header) =>
        header is [{ } only] && Key().Match(only) is { Success: true } read && read.Groups["key"].Length is > 0 and <= LongestKey
            ? read.Groups["key"].Value
            : null;

    [GeneratedRegex(
        """^ *"(?<key>([ !\x23-\x5B\x5D-\x7E]|\\["\\])*)"( *; *[a-z*][a-z0-9_.*-]*(=[!\x23-\x3A\x3C-\x7E]+|="[^"\\]*")?)* *$""",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Key();
}
