using Microsoft.AspNetCore.Http.Features;

namespace KeycloakAccess.Hosting;

/// <summary>HEAD wherever there is GET: the same decisions and the same headers, without the content (RFC 9110, section 9.3.2).</summary>
internal static class HeadRequests
{
    /// <summary>The method as it was sent: further in, HEAD is GET.</summary>
    public static string MethodOf(HttpContext context) =>
        context.Items.ContainsKey(typeof(HeadRequests)) ? HttpMethods.Head : context.Request.Method;

    public static void UseHead(this WebApplication app) => app.Use(async (context, next) =>
    {
        context.Response.OnStarting(() =>
        {
            var allowed = context.Response.Headers.GetCommaSeparatedValues("Allow");
            if (allowed.Contains(HttpMethods.Get, StringComparer.Ordinal) && !allowed.Contains(HttpMethods.Head, StringComparer.Ordinal))
            {
                context.Response.Headers.Append("Allow", HttpMethods.Head);
            }

            return Task.CompletedTask;
        });
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await next(context);
            return;
        }

        var content = context.Features.GetRequiredFeature<IHttpResponseBodyFeature>();
        context.Request.Method = HttpMethods.Get;
        context.Items[typeof(HeadRequests)] = true;
        context.Response.Body = Stream.Null;
        try
        {
            await next(context);
        }
        finally
        {
            context.Request.Method = HttpMethods.Head;
            context.Features.Set(content);
        }
    });
}
