using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Nodes;
using KeycloakRealm.Model;
using KeycloakRealm.Tokens;

namespace KeycloakRealm.Endpoints;

/// <summary>
/// The public keys by which clients prove who they are: a key set at an address of the client's, a key set or a key in its
/// attributes, or a certificate there.
/// </summary>
internal sealed class ClientKeys(TimeProvider clock) : IDisposable
{
    // What Keycloak waits for an answer, and how soon it asks again for a key that was not in the set.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<string, FetchedKeys> _fetched = new(StringComparer.Ordinal);

    // No proxy and no redirects: the addresses are those of the developer's own machine.
    private readonly HttpClient _http = new(
        new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, UseCookies = false, PooledConnectionLifetime = TimeSpan.Zero })
    {
        Timeout = Patience,
    };

    /// <summary>The key of that id; the first one where no id is given; null where there is none.</summary>
    /// <exception cref="ClientKeysException">The key set cannot be had.</exception>
    public PublicJsonWebKey? Find(Client client, string? kid)
    {
        if (!client.AttributeIs("use.jwks.url"))
        {
            return Choose(Given(client), kid);
        }

        var address = client.Attribute("jwks.url") ?? throw new ClientKeysException("the client has no jwks.url");
        var now = clock.GetUtcNow();
        if (_fetched.TryGetValue(client.Id, out var known)
            && string.Equals(known.Address, address, StringComparison.Ordinal)
            && (Choose(known.Keys, kid) is not null || known.At + Pause > now))
        {
            return Choose(known.Keys, kid);
        }

        var fetched = new FetchedKeys(address, Fetch(address), now);
        _fetched[client.Id] = fetched;
        return Choose(fetched.Keys, kid);
    }

    public void Dispose() => _http.Dispose();

    /// <summary>A key that names no use signs as well.</summary>
    private static PublicJsonWebKey? Choose(List<PublicJsonWebKey> keys, string? kid) => keys.Find(key =>
        key.Json.Text("use") is null or "sig"
        && (kid is null || key.Kid is null || string.Equals(key.Kid, kid, StringComparison.Ordinal)));

    // In the request's own time, as Keycloak does: whoever asks waits until the keys are there.
    private List<PublicJsonWebKey> Fetch(string address)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(address));
            using var response = _http.Send(request);
            if (!response.IsSuccessStatusCode)
            {
                throw new ClientKeysException($"{address} answered with the status {(int)response.StatusCode}");
            }

            using var body = response.Content.ReadAsStream();
            return ReadSet(JsonNode.Parse(body));
        }
        catch (Exception exception) when (exception is HttpRequestException or TaskCanceledException or UriFormatException or NotSupportedException or JsonException or IOException)
        {
            throw new ClientKeysException($"{address}: {exception.Message}", exception);
        }
    }

    private static List<PublicJsonWebKey> ReadSet(JsonNode? set) =>
        set?["keys"] is JsonArray keys ? [.. keys.OfType<JsonObject>().Select(PublicJsonWebKey.Read).OfType<PublicJsonWebKey>()] : [];

    private static List<PublicJsonWebKey> Given(Client client)
    {
        try
        {
            if (client.AttributeIs("use.jwks.string") && client.Attribute("jwks.string") is { } set)
            {
                return ReadSet(JsonNode.Parse(set));
            }

            if (client.Attribute("jwt.credential.certificate") is { } text)
            {
                using var certificate = X509CertificateLoader.LoadCertificate(Convert.FromBase64String(text));
                using var rsa = certificate.GetRSAPublicKey();
                return rsa is null ? [] : ToKeys(rsa, client);
            }

            if (client.Attribute("jwt.credential.public.key") is { } publicKey)
            {
                using var rsa = RSA.Create();
                rsa.ImportSubjectPublicKeyInfo(Convert.FromBase64String(publicKey), out _);
                return ToKeys(rsa, client);
            }
        }
        catch (Exception exception) when (exception is JsonException or FormatException or CryptographicException)
        {
            // A client whose key nobody can read has none.
        }

        return [];
    }

    /// <summary>A key that stands alone has the id that the client gives it, or the one that Keycloak computes.</summary>
    private static List<PublicJsonWebKey> ToKeys(RSA rsa, Client client)
    {
        var parameters = rsa.ExportParameters(includePrivateParameters: false);
        var json = new JsonObject
        {
            ["kty"] = "RSA",
            ["kid"] = client.Attribute("jwt.credential.kid") ?? SigningKey.KidOf(rsa.ExportSubjectPublicKeyInfo()),
            ["n"] = Base64Url.Encode(parameters.Modulus),
            ["e"] = Base64Url.Encode(parameters.Exponent),
        };
        return PublicJsonWebKey.Read(json) is { } key ? [key] : [];
    }

    private sealed record FetchedKeys(string Address, List<PublicJsonWebKey> Keys, DateTimeOffset At);
}

/// <summary>A client's keys cannot be had; the message says why.</summary>
internal sealed class ClientKeysException : Exception
{
    public ClientKeysException()
    {
    }

    public ClientKeysException(string message)
        : base(message)
    {
    }

    public ClientKeysException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
