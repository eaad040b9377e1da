using Microsoft.Extensions.Primitives;

namespace KeycloakAccess.Hosting;

/// <summary>
/// Returns the <c>X-Request-ID</c> of a caller on every answer, if it has 1 to 200 printable ASCII characters; else, in its place,
/// the id that problem details and the log have. Without one in the request there is none in the answer.
/// </summary>
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
