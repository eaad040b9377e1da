using System.Text;

namespace Api.Hosting;

/// <summary>
/// Gives back the <c>X-Request-ID</c> that a caller has chosen, on every answer, so that both sides can name the exchange.
/// It means nothing else here: the id of problem details and of the log is our own.
/// </summary>
internal static class RequestIds
{
    public const string Header = "X-Request-ID";

    public static void AddRequestIds(this WebApplicationBuilder builder) =>
        // Headers are read as UTF-8. Written as ASCII, which is the default, another letter would end the answer with an error.
        builder.WebHost.ConfigureKestrel(options => options.ResponseHeaderEncodingSelector =
            name => name.Equals(Header, StringComparison.OrdinalIgnoreCase) ? Encoding.UTF8 : null);

    public static void UseRequestIds(this WebApplication app) => app.Use((context, next) =>
    {
        if (context.Request.Headers.TryGetValue(Header, out var id))
        {
            // At the last moment: an error clears what headers were set before.
            context.Response.OnStarting(() =>
            {
                context.Response.Headers[Header] = id;
                return Task.CompletedTask;
            });
        }

        return next(context);
    });
}
