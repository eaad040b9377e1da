using System.Net.Mime;
using System.Text;
using System.Text.Json.Nodes;
using KeycloakRealm.Tokens;
using Microsoft.Net.Http.Headers;

namespace KeycloakRealm.Endpoints;

internal static class Answer
{
    public const string NoStore = "no-store";
    public const string NoCache = "no-cache";
    public const string NeverCache = "no-cache, must-revalidate, no-transform, no-store";
    public const string LoginCache = "no-store, must-revalidate, max-age=0";

    private const string Html = "text/html;charset=utf-8";
    private const string ContentSecurityPolicy = "frame-src 'self'; frame-ancestors 'self'; object-src 'none';";
    private const string FrameSecurityPolicy = "frame-src 'self'; object-src 'none';";

    public static Task JsonAsync(HttpContext context, int status, JsonNode body, string contentType = MediaTypeNames.Application.Json) =>
        BytesAsync(context, status, Json.Bytes(body), contentType);

    /// <summary>RFC 6749, section 5.2.</summary>
    public static Task ErrorAsync(HttpContext context, int status, string error, string? description = null)
    {
        var body = new JsonObject { ["error"] = error };
        if (description is not null)
        {
            body["error_description"] = description;
        }

        return JsonAsync(context, status, body);
    }

    public static Task ErrorAsync(HttpContext context, Refusal refusal) =>
        ErrorAsync(context, refusal.Status, refusal.Error, refusal.Description);

    public static Task PageAsync(HttpContext context, int status, string html, bool language = true, string contentType = Html)
    {
        if (language)
        {
            context.Response.Headers.ContentLanguage = "en";
        }

        return BytesAsync(context, status, Encoding.UTF8.GetBytes(html), contentType);
    }

    /// <summary>Any site may frame this page.</summary>
    public static Task FrameAsync(HttpContext context, string html)
    {
        context.Response.Headers.ContentSecurityPolicy = FrameSecurityPolicy;
        return PageAsync(context, StatusCodes.Status200OK, html, language: false);
    }

    public static Task RedirectAsync(HttpContext context, string location)
    {
        context.Response.Headers.Location = location;
        return EmptyAsync(context, StatusCodes.Status302Found);
    }

    public static Task EmptyAsync(HttpContext context, int status)
    {
        context.Response.StatusCode = status;
        if (status is not StatusCodes.Status204NoContent)
        {
            context.Response.ContentLength = 0;
        }

        return Task.CompletedTask;
    }

    public static void SetCache(HttpContext context, string value) => context.Response.Headers.CacheControl = value;

    /// <summary>Pages and answers to forms carry the policies for pages too.</summary>
    public static void AddSecurityHeaders(HttpContext context)
    {
        var headers = context.Response.Headers;
        headers["Referrer-Policy"] = "no-referrer";
        headers.StrictTransportSecurity = "max-age=31536000; includeSubDomains";
        headers.XContentTypeOptions = "nosniff";
        headers["X-Robots-Tag"] = "none";
        var type = context.Response.ContentType;
        var isPage = type?.StartsWith("text/html", StringComparison.Ordinal) is true;
        var isEmpty = context.Response.ContentLength is null or 0;
        if (headers.ContentSecurityPolicy == FrameSecurityPolicy)
        {
            return;
        }

        if (isPage || (isEmpty && ProtocolForm.IsForm(context.Request)))
        {
            headers.XFrameOptions = "SAMEORIGIN";
            if (!headers.ContainsKey(HeaderNames.ContentSecurityPolicy))
            {
                headers.ContentSecurityPolicy = ContentSecurityPolicy;
            }
        }
        else if (!isEmpty)
        {
            headers.XFrameOptions = "SAMEORIGIN";
        }
    }

    public static async Task BytesAsync(HttpContext context, int status, byte[] bytes, string contentType)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = contentType;
        context.Response.ContentLength = bytes.Length;
        await context.Response.Body.WriteAsync(bytes, context.RequestAborted);
    }
}

internal sealed record Refusal(int Status, string Error, string? Description)
{
    public static Refusal BadRequest(string error, string? description) => new(StatusCodes.Status400BadRequest, error, description);

    public static Refusal Unauthorized(string error, string description) => new(StatusCodes.Status401Unauthorized, error, description);
}
