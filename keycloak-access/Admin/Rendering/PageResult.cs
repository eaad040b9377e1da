using System.Text;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http.HttpResults;

namespace KeycloakAccess.Admin.Rendering;

/// <summary>
/// Draws a page, and puts the prefix under which the service is reached in front of the addresses in it: pages name their addresses
/// without. Text holds no quotation mark, since the components write it as an entity, so what looks like an attribute is one.
/// </summary>
internal sealed partial class PageResult(RazorComponentResult page) : IResult
{
    public async Task ExecuteAsync(HttpContext context)
    {
        var (response, prefix) = (context.Response, context.Request.PathBase);
        if (!prefix.HasValue)
        {
            await page.ExecuteAsync(context);
            return;
        }

        await using var drawn = new MemoryStream();
        var body = response.Body;
        response.Body = drawn;
        try
        {
            await page.ExecuteAsync(context);
        }
        finally
        {
            response.Body = body;
        }

        var html = Encoding.UTF8.GetString(drawn.GetBuffer(), 0, (int)drawn.Length);
        await response.WriteAsync(Address().Replace(html, "$0" + prefix), context.RequestAborted);
    }

    [GeneratedRegex("""\s(href|src|action|formaction|hx-(get|post|put|patch|delete))="(?=/(?!/))""", RegexOptions.ExplicitCapture, 10_000)]
    private static partial Regex Address();
}
