using System.Text.Json.Nodes;
using KeycloakRealm.Endpoints;

namespace KeycloakRealm.Admin;

internal sealed record AdminAnswer(int Status, JsonNode? Body = null, bool IsError = false, string? Location = null)
{
    public static AdminAnswer NoContent { get; } = new(StatusCodes.Status204NoContent);

    public static AdminAnswer Unauthorized => Failed(StatusCodes.Status401Unauthorized, "HTTP 401 Unauthorized");

    public static AdminAnswer Forbidden => Failed(StatusCodes.Status403Forbidden, "HTTP 403 Forbidden");

    public static AdminAnswer Unreadable => new(
        StatusCodes.Status400BadRequest,
        new JsonObject { ["error"] = "unknown_error", ["error_description"] = "Cannot parse the JSON" },
        IsError: true);

    public static AdminAnswer NotJson => new(
        StatusCodes.Status400BadRequest,
        new JsonObject { ["error"] = "invalid_request", ["error_description"] = "Cannot parse the JSON" },
        IsError: true);

    /// <summary>What Keycloak answers where it fails.</summary>
    public static AdminAnswer Broken => new(
        StatusCodes.Status500InternalServerError,
        new JsonObject { ["error"] = "unknown_error", ["error_description"] = "For more on this error consult the server log." },
        IsError: true);

    public static AdminAnswer Ok(JsonNode body) => new(StatusCodes.Status200OK, body);

    public static AdminAnswer Ok(IEnumerable<JsonObject> items) => Ok(new JsonArray([.. items]));

    public static AdminAnswer Created(string location) => new(StatusCodes.Status201Created, Location: location);

    public static AdminAnswer NotFound(string what) => Failed(StatusCodes.Status404NotFound, what);

    public static AdminAnswer Failed(int status, string error) => new(status, new JsonObject { ["error"] = error }, IsError: true);

    /// <summary>Keycloak names the message <c>errorMessage</c> where a representation is refused, and <c>error</c> elsewhere.</summary>
    public static AdminAnswer Refused(int status, string message) =>
        new(status, new JsonObject { ["errorMessage"] = message }, IsError: true);

    /// <summary>Nobody is to keep what is read, unless the caller says otherwise.</summary>
    public Task WriteAsync(HttpContext context, bool? noCache = null)
    {
        if (!IsError && (noCache ?? HttpMethods.IsGet(context.Request.Method)))
        {
            Answer.SetCache(context, Answer.NoCache);
        }

        if (Location is not null)
        {
            context.Response.Headers.Location = Location;
        }

        return Body is null
            ? Answer.EmptyAsync(context, Status)
            : Answer.JsonAsync(context, Status, Body, IsError ? "application/json" : "application/json;charset=UTF-8");
    }
}
