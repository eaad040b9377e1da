using System.Security.Cryptography;
using System.Text;
using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Data;
using KeycloakAccess.Permissions;
using Microsoft.AspNetCore.DataProtection;

namespace KeycloakAccess.Admin.Rendering;

/// <summary>
/// Does a form once, however often its button is clicked: the second click waits for the first and is answered as that was. The keys
/// are with those of <see cref="Idempotency"/>, and belong to the account. What was typed is a part of the key: a form that comes
/// back from the history of a browser and is filled in anew is another one.
/// </summary>
internal sealed class FormOnce(IdempotencyKeyStore store, IDataProtectionProvider protection, TimeProvider clock)
{
    private const string Prefix = "form";

    /// <summary>After this, whoever claimed the key runs no more.</summary>
    private static readonly TimeSpan LongestRun = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly IDataProtector _protector = protection.CreateProtector("KeycloakAccess.Admin.FormOnce");

    /// <summary>None where the form has no key.</summary>
    public static string? KeyOf(PageContext page)
    {
        var request = page.Http.Request;
        if (!HttpMethods.IsPost(request.Method)
            || !request.HasFormContentType
            || !Guid.TryParse(request.Form[FormInput.OnceField], out var once))
        {
            return null;
        }

        var text = new StringBuilder().Append(request.Path).Append(request.QueryString);
        foreach (var (name, values) in page.Form.Fields.OrderBy(field => field.Key, StringComparer.Ordinal))
        {
            foreach (var value in values)
            {
                text.Append('\n').Append(name.Length).Append(name).Append(value?.Length ?? 0).Append(value);
            }
        }

        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
        return $"{Prefix} {once:N} {hash}";
    }

    public async Task<object?> RunAsync(PageContext page, string key, Func<ValueTask<object?>> run)
    {
        var request = (Account: page.Caller.AccountId, Id: page.Http.TraceIdentifier);
        var until = clock.GetUtcNow() + Patience;
        while (true)
        {
            var before = await store.ClaimAsync(request.Account, key, fingerprint: "", request.Id, page.Cancellation);
            if (before is null)
            {
                return await DoAsync(run, request, key);
            }

            if (before.Status is { } status)
            {
                return Replay(before, status);
            }

            var now = clock.GetUtcNow();
            if (now - before.ClaimedAt > LongestRun
                && await store.ReleaseAsync(request.Account, key, before.RequestId, page.Cancellation))
            {
                continue;
            }

            if (now > until)
            {
                return StatusPages.RenderError(
                    page.Http,
                    StatusCodes.Status409Conflict,
                    "This form was sent before, and is still being worked on or ended without an answer. It is not done a second time. "
                    + "Look at the list in a while to see what was changed.");
            }

            await Task.Delay(Pause, clock, page.Cancellation);
        }
    }

    private async Task<object?> DoAsync(Func<ValueTask<object?>> run, (Guid Account, string Id) request, string key)
    {
        object? result;
        try
        {
            result = await run();
        }
        catch
        {
            await store.ReleaseAsync(request.Account, key, request.Id, CancellationToken.None);
            throw;
        }

        if (result is FlashRedirect redirect)
        {
            await KeepAsync(
                request,
                key,
                new KeptAnswer(StatusCodes.Status302Found, redirect.Path, $"{redirect.Message.Kind}\n{redirect.Message.Text}"));
            return redirect;
        }

        // A page that is shown again since nothing was done: sent again, the form is looked at anew.
        return result is not IResult page || await store.ReleaseAsync(request.Account, key, request.Id, CancellationToken.None)
            ? result
            : new Kept(page, html => KeepAsync(request, key, new KeptAnswer(StatusCodes.Status200OK, Location: null, html)));
    }

    private async Task KeepAsync((Guid Account, string Id) request, string key, KeptAnswer kept)
    {
        var answer = new IdempotentAnswer
        {
            Fingerprint = "",
            RequestId = request.Id,
            ClaimedAt = default,
            Status = kept.Status,
            Location = kept.Location,
            Body = _protector.Protect(kept.Body),
        };
        try
        {
            await store.CompleteAsync(request.Account, key, answer, CancellationToken.None);
        }
        catch (Exception exception) when (DatabaseOutage.IsOutage(exception))
        {
            // It is done. Sent again, it is not done a second time, since the claim stays.
        }
    }

    private IResult Replay(IdempotentAnswer before, int status)
    {
        var body = "\n";
        try
        {
            body = _protector.Unprotect(before.Body ?? "");
        }
        catch (CryptographicException)
        {
            // The keys have been changed since: it leads to the same page, without the message.
        }

        return before.Location is { } path
            ? new FlashRedirect(path, PageMessage.Read(body.Split('\n')[0], body[(body.IndexOf('\n', StringComparison.Ordinal) + 1)..]))
            : TypedResults.Content(body, "text/html; charset=utf-8", Encoding.UTF8, status);
    }

    private sealed record KeptAnswer(int Status, string? Location, string Body);

    // The step of a long change, whose page holds the next.
    private sealed class Kept(IResult page, Func<string, Task> keep) : IResult
    {
        public async Task ExecuteAsync(HttpContext context)
        {
            var body = context.Response.Body;
            using var drawn = new MemoryStream();
            context.Response.Body = drawn;
            try
            {
                await page.ExecuteAsync(context);
            }
            finally
            {
                context.Response.Body = body;
            }

            await keep(Encoding.UTF8.GetString(drawn.GetBuffer(), 0, (int)drawn.Length));
            drawn.Position = 0;
            await drawn.CopyToAsync(body, context.RequestAborted);
        }
    }
}

internal sealed class FormOnceFilter : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next) =>
        context.Arguments.OfType<PageContext>().FirstOrDefault() is { } page && FormOnce.KeyOf(page) is { } key
            ? await context.HttpContext.RequestServices.GetRequiredService<FormOnce>().RunAsync(page, key, () => next(context))
            : await next(context);
}
