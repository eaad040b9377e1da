using Microsoft.Extensions.Primitives;

namespace KeycloakAccess.Hosting;

/// <summary>
/// Gives back the <c>X-Request-ID</c> that a caller has chosen, on every answer, so that both sides can name the exchange:
/// one of 1 to 200 printable ASCII characters. In the place of any other stands the id that problem details and the log
/// have, which is always our own. Who sends none gets none.
/// </summary>
internal static class RequestIds
{
    public const string Header = "X-Request-ID";

    private const int Longest = 200;

    public static void UseRequestIds(this WebApplication app) => app.Use((context, next) =>
    {
        if (context.Request.Headers.TryGetValue(Header, out var sent))
        {
            // Kestrel takes a request with control characters in this header, and fails to answer with one.
            var id = Choose(sent) ?? context.TraceIdentifier;
            // At the last moment: an error clears what headers were set before.
            context.Response.OnStarting(() =>
            {
                context.Response.Headers[Header] = id;
                return Task.CompletedTask;
            });
        }

        return next(context);
    });

    private static string? Choose(StringValues sent) =>
        sent is [{ Length: > 0 and <= Longest } only] && only.All(character => character is >= ' ' and <= '~') ? only : null;
}
