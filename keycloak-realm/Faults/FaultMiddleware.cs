using KeycloakRealm.Endpoints;

namespace KeycloakRealm.Faults;

internal sealed class FaultMiddleware(RealmFaults faults, CancellationToken stopping)
{
    private const string Oidc = "protocol/openid-connect/";

    /// <summary>The last part of an endpoint's address; null outside a realm.</summary>
    public static string? NameOf(Endpoint? endpoint)
    {
        var pattern = (endpoint as RouteEndpoint)?.RoutePattern.RawText;
        if (pattern?.Replace("/realms/{realm}", "", StringComparison.Ordinal).TrimStart('/') is not { } name
            || !pattern.Contains("{realm}", StringComparison.Ordinal))
        {
            return null;
        }

        return name.Length == 0 ? "realm" : name.StartsWith(Oidc, StringComparison.Ordinal) ? name[Oidc.Length..] : name;
    }

    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        if (NameOf(context.GetEndpoint()) is not { } name
            || context.Request.RouteValues["realm"] is not string realm
            || faults.Meet(realm, name) is not { } fault)
        {
            await next(context);
            return;
        }

        if (fault.Delay > TimeSpan.Zero && !await WaitAsync(fault.Delay, context.RequestAborted))
        {
            context.Abort();
            return;
        }

        if (fault.Close)
        {
            context.Abort();
            return;
        }

        if (fault.ContentType is { } contentType)
        {
            context.Response.OnStarting(() =>
            {
                context.Response.ContentType = contentType;
                return Task.CompletedTask;
            });
        }

        if (fault.CutAfter is { } bytes)
        {
            context.Response.Body = new CutStream(context.Response.Body, bytes);
        }

        await (fault.Replaces ? AnswerAsync(context, fault) : next(context));
    }

    /// <summary>False if the caller has disconnected or the server stops.</summary>
    private async Task<bool> WaitAsync(TimeSpan delay, CancellationToken aborted)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(aborted, stopping);
        try
        {
            await Task.Delay(delay, either.Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private static Task AnswerAsync(HttpContext context, Fault fault)
    {
        var status = fault.Status ?? (fault.Location is null ? StatusCodes.Status200OK : StatusCodes.Status302Found);
        if (fault.Location is not null)
        {
            context.Response.Headers.Location = fault.Location;
        }

        return string.IsNullOrEmpty(fault.Body)
            ? Answer.EmptyAsync(context, status)
            : Answer.BytesAsync(context, status, System.Text.Encoding.UTF8.GetBytes(fault.Body), fault.ContentType ?? "application/json");
    }
}
