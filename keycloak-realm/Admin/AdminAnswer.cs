using System.Text.Json.Nodes;
using KeycloakRealm.Endpoints;

namespace KeycloakRealm.Admin;

/// <summary>What a call of the admin REST API yields.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Body">The body; null for none.</param>
/// <param name="IsError">Errors carry another content type than representations.</param>
/// <param name="Location">The address of what was made.</param>
internal sealed record AdminAnswer(int Status, JsonNode? Body = null, bool IsError = false, string? Location = null)
{
    public static AdminAnswer NoContent { get; } = new(StatusCodes.Status204NoContent);

    public static AdminAnswer Unauthorized => Failed(StatusCodes.Status401Unauthorized, "HTTP 401 Unauthorized");

    public static AdminAnswer Forbidden => Failed(StatusCodes.Status403Forbidden, "HTTP 403 Forbidden");

    public static AdminAnswer Unreadable => new(
        StatusCodes.Status400BadRequest,
        new JsonObject { ["error"] = "unknown_error", ["error_description"] = "Cannot parse the JSON" },
        IsError: true);

    public static AdminAnswer Ok(JsonNode body) => new(StatusCodes.Status200OK, body);

    public static AdminAnswer Ok(IEnumerable<JsonObject> items) => Ok(new JsonArray([.. items]));

    public static AdminAnswer Created(string location) => new(StatusCodes.Status201Created, Location: location);

    public static AdminAnswer NotFound(string what) => Failed(StatusCodes.Status404NotFound, what);

    public static AdminAnswer Failed(int status, string error) => new(status, new JsonObject { ["error"] = error }, IsError: true);

    /// <summary>Refusals that say what is wrong with the representation stand under another name.</summary>
    public static AdminAnswer Refused(int status, string message) => new(status, new JsonObject { ["errorMessage"] = message }, IsError: true);

    public Task WriteAsync(HttpContext context)
    {
        if (!IsError && HttpMethods.IsGet(context.Request.Method))
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
