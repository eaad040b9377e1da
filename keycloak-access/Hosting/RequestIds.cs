using Microsoft.Extensions.Primitives;

namespace KeycloakAccess.Hosting;

// Returns a caller's X-Request-ID if it has 1 to 200 printable ASCII characters, else the id that problem details and the log have.
internal static class RequestIds
{
    public const string Header = "X-Request-ID";

    private const int Longest = 200;

    public static void UseRequestIds(this WebApplication app) => app.Use((context, next) =>
    {
        if (context.Request.Headers.TryGetValue(Header, out var sent))
        {
            // Kestrel accepts control characters in a request's header, and fails on those in an answer's.
            var id = Choose(sent) ?? context.TraceIdentifier;
            // An error clears the headers that were set before.
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
