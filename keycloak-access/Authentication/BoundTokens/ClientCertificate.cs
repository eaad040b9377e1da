using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KeycloakAccess.Hosting;

namespace KeycloakAccess.Authentication.BoundTokens;

/// <summary>
/// The certificate that the caller has shown in the TLS handshake, to this service or to the proxy in front of it. Who issued it is not
/// asked (RFC 8705, section 3): the handshake proves the private key, and the token names the certificate.
/// </summary>
internal static class ClientCertificate
{
    /// <summary>RFC 9440, section 2.2.</summary>
    public const string Header = "Client-Cert";

    // In characters. Certificates of usual keys have some 1,500.
    private const int LongestHeader = 16 * 1024;

    /// <returns>The SHA-256 thumbprint of the certificate, or why there is none.</returns>
    public static async ValueTask<(string? Thumbprint, string? Mistake)> FindThumbprintAsync(
        HttpContext context, ClientCertificateSource source)
    {
        if (source == ClientCertificateSource.Proxy)
        {
            return ReadHeader(context);
        }

        return source == ClientCertificateSource.Connection
            && await context.Connection.GetClientCertificateAsync(context.RequestAborted) is { } certificate
                ? (TokenBinding.ThumbprintOf(certificate.RawData), null)
                : (null, "none came with the connection. Show it in the TLS handshake.");
    }

    private static (string? Thumbprint, string? Mistake) ReadHeader(HttpContext context)
    {
        var values = context.Request.Headers[Header];
        if (values.Count == 0)
        {
            return (null, $"the proxy in front has sent none in {Header}. Show it in the TLS handshake, and let the proxy ask for it.");
        }

        if (!Proxies.IsTrusted(context))
        {
            return (null, $"{Header} did not come from a proxy that Proxies lists, and anybody can send it.");
        }

        return values is [{ } text] && Parse(text) is { } thumbprint
            ? (thumbprint, null)
            : (null, $"the proxy has sent no certificate in {Header}: it must be DER in base64 between colons (RFC 9440, section 2.2).");
    }

    private static string? Parse(string text)
    {
        var content = new byte[text.Length];
        if (text.Length > LongestHeader
            || text is not [':', .., ':']
            || !Convert.TryFromBase64String(text[1..^1], content, out var length)
            || length == 0)
        {
            return null;
        }

        try
        {
            using var certificate = X509CertificateLoader.LoadCertificate(content.AsSpan(0, length));
            return certificate.RawDataMemory.Span.SequenceEqual(content.AsSpan(0, length))
                ? TokenBinding.ThumbprintOf(certificate.RawDataMemory.Span)
                : null;
        }
        catch (CryptographicException)
        {
            return null;
        }
    }
}
