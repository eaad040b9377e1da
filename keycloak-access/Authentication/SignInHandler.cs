using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.Extensions.Options;

namespace KeycloakAccess.Authentication;

/// <summary>
/// The framework's handler, with a cookie for each unfinished sign-in that says when it began: at most five are kept, the newest, so that
/// whoever turns back at Keycloak again and again does not carry them all along.
/// </summary>
internal sealed class SignInHandler(
    IOptionsMonitor<OpenIdConnectOptions> options, ILoggerFactory logger, HtmlEncoder htmlEncoder, UrlEncoder encoder)
    : OpenIdConnectHandler(options, logger, htmlEncoder, encoder)
{
    public const int MostUnfinished = 5;

    private const string Correlation = "correlation";
    private const int TimeLength = 12;

    protected override void GenerateCorrelationId(AuthenticationProperties properties)
    {
        var now = TimeProvider.GetUtcNow();
        var unfinished = Request.Cookies.Keys
            .Where(name => name.StartsWith(Options.CorrelationCookie.Name!, StringComparison.Ordinal))
            .OrderByDescending(BeganAt);
        foreach (var name in unfinished.Skip(MostUnfinished - 1))
        {
            Delete(name);
        }

        var began = now.ToUnixTimeMilliseconds().ToString("x12", CultureInfo.InvariantCulture);
        var id = began + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16));
        properties.Items[Correlation] = id;
        Response.Cookies.Append(Options.CorrelationCookie.Name + id, "N", Options.CorrelationCookie.Build(Context, now));
    }

    protected override bool ValidateCorrelationId(AuthenticationProperties properties)
    {
        if (!properties.Items.Remove(Correlation, out var id) || !Request.Cookies.ContainsKey(Options.CorrelationCookie.Name + id))
        {
            return false;
        }

        Delete(Options.CorrelationCookie.Name + id);
        return true;
    }

    // One whose name holds no time, as those of before, counts as the oldest.
    private long BeganAt(string cookie) =>
        cookie.Length > Options.CorrelationCookie.Name!.Length + TimeLength
        && long.TryParse(
            cookie.AsSpan(Options.CorrelationCookie.Name.Length, TimeLength),
            NumberStyles.AllowHexSpecifier,
            CultureInfo.InvariantCulture,
            out var began)
            ? began
            : 0;

    private void Delete(string cookie) =>
        Response.Cookies.Delete(cookie, Options.CorrelationCookie.Build(Context, TimeProvider.GetUtcNow()));
}
