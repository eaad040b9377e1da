using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Nodes;
using KeycloakRealm.Model;
using KeycloakRealm.Tokens;

namespace KeycloakRealm.Endpoints;

internal sealed class ClientKeys(TimeProvider clock) : IDisposable
{
    // Keycloak's limits: how long it waits for a key set, and how soon it fetches one again for an unknown key.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<string, FetchedKeys> _fetched = new(StringComparer.Ordinal);

    // No proxy and no redirects: the addresses are local to the developer's machine.
    private readonly HttpClient _http = new(
        new SocketsHttpHandler
        {
            UseProxy = false,
            AllowAutoRedirect = false,
            UseCookies = false,
            PooledConnectionLifetime = TimeSpan.Zero,
        })
    {
        Timeout = Patience,
    };

    /// <summary>The first key where no id is given. Throws <see cref="ClientKeysException"/> if the key set cannot be fetched.</summary>
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

    // A key without use may sign.
    private static PublicJsonWebKey? Choose(List<PublicJsonWebKey> keys, string? kid) => keys.Find(key =>
        key.Json.Text("use") is null or "sig"
        && (kid is null || key.Kid is null || string.Equals(key.Kid, kid, StringComparison.Ordinal)));

    // Synchronous, as in Keycloak: the request waits for the keys.
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
        catch (Exception exception) when (
            exception is HttpRequestException or TaskCanceledException or UriFormatException or NotSupportedException or JsonException
                or IOException)
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
            // A client with an unreadable key has none.
        }

        return [];
    }

    /// <summary>A single key has the id from the client's attribute, or the one that Keycloak computes.</summary>
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
