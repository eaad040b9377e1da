using System.Security.Cryptography;
using System.Text;
using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Data;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.WebUtilities;

namespace KeycloakAccess.Admin.Rendering;

/// <summary>
/// The message of an action on the page that the browser is sent to (post, redirect, get). It travels in a protected cookie, so
/// that nobody else can put text onto a page, and the next page removes it.
/// </summary>
internal static class Flash
{
    private const string Cookie = "flash";
    private const string Purpose = "KeycloakAccess.Admin.Flash";

    // A cookie has some 4 KiB.
    private const int Longest = 500;

    private static readonly TimeSpan GoodFor = TimeSpan.FromMinutes(1);

    /// <param name="context">The request that is answered.</param>
    /// <param name="path">The page's, without the prefix under which the service is reached.</param>
    /// <param name="message">The message.</param>
    public static IResult Redirect(HttpContext context, string path, PageMessage message)
    {
        var text = message.Text.Length <= Longest ? message.Text : ShortText.Cut(message.Text, Longest) + "…";
        var bytes = Encoding.UTF8.GetBytes($"{message.Kind}\n{text}");
        var value = WebEncoders.Base64UrlEncode(Protector(context).Protect(bytes, DateTimeOffset.UtcNow + GoodFor));
        context.Response.Cookies.Append(Cookie, value, Options(context));
        if (context.Request.Headers.ContainsKey("HX-Request"))
        {
            // A script that follows a redirect would only get the other page's text; this tells it to go there.
            context.Response.Headers["HX-Redirect"] = context.Request.PathBase + path;
            return TypedResults.Ok();
        }

        return TypedResults.LocalRedirect("~" + path);
    }

    public static PageMessage? Take(HttpContext context)
    {
        if (context.Request.Cookies[Cookie] is not { Length: > 0 } value || !HttpMethods.IsGet(context.Request.Method))
        {
            return null;
        }

        context.Response.Cookies.Delete(Cookie, Options(context));
        try
        {
            var text = Encoding.UTF8.GetString(Protector(context).Unprotect(WebEncoders.Base64UrlDecode(value), out _));
            return text.Split('\n', 2) is [var kind, var sentence] ? PageMessage.Read(kind, sentence) : null;
        }
        catch (Exception exception) when (exception is FormatException or CryptographicException)
        {
            // Too old, or not ours.
            return null;
        }
    }

    private static ITimeLimitedDataProtector Protector(HttpContext context) =>
        context.RequestServices.GetRequiredService<IDataProtectionProvider>().CreateProtector(Purpose).ToTimeLimitedDataProtector();

    private static CookieOptions Options(HttpContext context) => new()
    {
        HttpOnly = true,
        SameSite = SameSiteMode.Lax,
        Secure = context.Request.IsHttps,
        Path = context.Request.PathBase.HasValue ? context.Request.PathBase.Value : "/",
        IsEssential = true,
    };
}

/// <summary>Post, redirect, get: the browser goes to the page, which says what was done.</summary>
internal sealed record FlashRedirect(string Path, PageMessage Message) : IResult
{
    public Task ExecuteAsync(HttpContext httpContext) => Flash.Redirect(httpContext, Path, Message).ExecuteAsync(httpContext);
}
