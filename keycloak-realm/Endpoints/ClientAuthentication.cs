using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using KeycloakRealm.Model;

namespace KeycloakRealm.Endpoints;

internal static class ClientAuthentication
{
    public const string WrongProtocol = "Wrong client protocol.";

    private const string Description = "Invalid client or Invalid client credentials";

    /// <summary><see cref="ClientResult.Known"/> tells a wrong secret from an unknown client.</summary>
    public static ClientResult Authenticate(HttpContext context, RealmSite site, ProtocolForm form)
    {
        var result = Identify(context, site, form);
        return result.Client is { IsSaml: true } other
            ? new ClientResult(Client: null, other, Refusal.BadRequest("invalid_client", WrongProtocol))
            : result;
    }

    private static ClientResult Identify(HttpContext context, RealmSite site, ProtocolForm form)
    {
        string? clientId = null;
        string? secret = null;
        if (Basic(context.Request) is { } pair)
        {
            if (Decode(pair.Id) is not { } id || Decode(pair.Secret) is not { } password)
            {
                return new ClientResult(
                    Client: null, Known: null, Refusal.BadRequest("unauthorized_client", "Unexpected error when authenticating client"));
            }

            (clientId, secret) = (id, password);
        }

        var formId = form["client_id"];
        var formSecret = form["client_secret"];
        var disagree = (clientId is not null && formId is not null && !string.Equals(clientId, formId, StringComparison.Ordinal))
            || (secret is not null && formSecret is not null && !string.Equals(secret, formSecret, StringComparison.Ordinal));
        clientId ??= formId;
        secret ??= formSecret;
        var client = site.Realm.FindClient(clientId ?? JwtClientAuthentication.ClientId(form));
        if (client is not { Enabled: true } || (clientId is null && !JwtClientAuthentication.IsFor(client)))
        {
            return new ClientResult(Client: null, Known: null, Refusal.Unauthorized("invalid_client", Description));
        }

        if (JwtClientAuthentication.IsFor(client))
        {
            return JwtClientAuthentication.Check(site, client, form) is { } refusal
                ? new ClientResult(Client: null, Known: null, refusal)
                : new ClientResult(client, client, Refusal: null);
        }

        if (client.PublicClient && !disagree)
        {
            return new ClientResult(client, client, Refusal: null);
        }

        return !disagree && client is { BearerOnly: false, Secret: { } expected } && secret is not null && AreEqual(expected, secret)
            ? new ClientResult(client, client, Refusal: null)
            : new ClientResult(Client: null, client, Refusal.Unauthorized("unauthorized_client", Description));
    }

    private static (string Id, string Secret)? Basic(HttpRequest request)
    {
        if (!AuthenticationHeaderValue.TryParse(request.Headers.Authorization, out var header)
            || !string.Equals(header.Scheme, "Basic", StringComparison.OrdinalIgnoreCase)
            || header.Parameter is null)
        {
            return null;
        }

        var bytes = new byte[header.Parameter.Length];
        if (!Convert.TryFromBase64String(header.Parameter, bytes, out var length))
        {
            return null;
        }

        var text = Encoding.UTF8.GetString(bytes, 0, length);
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 ? null : (text[..colon], text[(colon + 1)..]);
    }

    /// <summary>
    /// Id and secret are form-encoded in the header (RFC 6749, section 2.3.1). Null for a percent sign that begins no byte.
    /// </summary>
    private static string? Decode(string text)
    {
        for (var i = text.IndexOf('%', StringComparison.Ordinal); i >= 0; i = text.IndexOf('%', i + 1))
        {
            if (i + 2 >= text.Length || !char.IsAsciiHexDigit(text[i + 1]) || !char.IsAsciiHexDigit(text[i + 2]))
            {
                return null;
            }
        }

        return Uri.UnescapeDataString(text.Replace('+', ' '));
    }

    private static bool AreEqual(string expected, string offered) => CryptographicOperations.FixedTimeEquals(
        SHA256.HashData(Encoding.UTF8.GetBytes(expected)), SHA256.HashData(Encoding.UTF8.GetBytes(offered)));
}

internal sealed record ClientResult(Client? Client, Client? Known, Refusal? Refusal);
