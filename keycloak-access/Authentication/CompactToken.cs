using System.Buffers.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace KeycloakAccess.Authentication;

/// <summary>
/// A signed JWT in the one spelling that it has: three parts of base64url (RFC 7515, sections 2 and 3), header and claims one JSON
/// object each (RFC 8259) in which no member stands twice (RFC 7519, section 4), and each claim that decides of the one type that it
/// has. What two parsers could read in two ways is refused before either reads it.
/// </summary>
internal sealed record CompactToken
{
    public const string Unreadable = "The token cannot be read: it must be a signed JWT from this realm.";

    // RFC 7516, section 3.1: Keycloak encrypts ID tokens if asked to, and nothing else.
    private const string Encrypted = "The token is encrypted, which this service cannot read. "
        + "In Keycloak: Clients → its client → Advanced → Fine grain OpenID Connect configuration → "
        + "ID token encryption key management algorithm: none.";

    private const string UnknownExtension = "The token requires an extension that this API does not know.";

    private const string RolesOfAnotherForm =
        "The token's realm_access or resource_access is not of Keycloak's form. Look at the role mappers of its client.";

    private const byte Escape = (byte)'\\';

    // The last second of DateTimeOffset, in Unix time.
    private const double LatestInstant = 253_402_300_799;

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 32 };

    private static readonly string[] Texts =
        ["iss", "sub", "azp", "typ", "sid", "jti", "nonce", "client_id", "clientId", "scope", "preferred_username"];

    private static readonly string[] Instants = ["exp", "nbf", "iat", "auth_time"];

    private CompactToken(string algorithm, string? keyId) => (Algorithm, KeyId) = (algorithm, keyId);

    public string Algorithm { get; }

    public string? KeyId { get; }

    /// <summary>What it is bound to (RFC 7800), where it says so.</summary>
    public JsonElement? Confirmation { get; private init; }

    /// <summary>Reads a token without checking its signature. A mistake says what is wrong, without a claim value.</summary>
    public static CompactToken? Parse(string text, out string? mistake)
    {
        mistake = Unreadable;
        if (text.Split('.') is [{ Length: > 0 }, _, { Length: > 0 }, { Length: > 0 }, { Length: > 0 }])
        {
            mistake = Encrypted;
            return null;
        }

        if (text.Split('.') is not [var headerText, var claimsText, { Length: > 0 } signature]
            || Decode(headerText) is not { } headerBytes
            || Decode(claimsText) is not { } claimsBytes
            || Decode(signature) is null)
        {
            return null;
        }

        using var header = ParseObject(headerBytes);
        using var claims = ParseObject(claimsBytes);
        if (header is null || claims is null
            || Text(header.RootElement, "alg") is not { } algorithm
            || !IsText(header.RootElement, "kid")
            || !IsText(header.RootElement, "typ"))
        {
            return null;
        }

        mistake = header.RootElement.TryGetProperty("crit", out _) ? UnknownExtension : FindMistake(claims.RootElement);
        return mistake is null
            ? new CompactToken(algorithm, Text(header.RootElement, "kid"))
            {
                Confirmation = claims.RootElement.TryGetProperty("cnf", out var confirmation) ? confirmation.Clone() : null,
            }
            : null;
    }

    // Padding, line breaks, and bits that nothing uses would be second spellings of the same bytes.
    internal static byte[]? Decode(string part)
    {
        try
        {
            var bytes = Base64Url.DecodeFromChars(part);
            return Base64Url.EncodeToString(bytes) == part ? bytes : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }

    internal static JsonDocument? ParseObject(byte[] bytes)
    {
        if (!Utf8.IsValid(bytes))
        {
            return null;
        }

        try
        {
            var document = JsonDocument.Parse(bytes, Strict);
            if (document.RootElement.ValueKind == JsonValueKind.Object
                && (!bytes.Contains(Escape) || AllTextsAreWhole(document.RootElement)))
            {
                return document;
            }

            document.Dispose();
            return null;
        }
        // A name that is half a surrogate pair is found while names are compared.
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    // Half a surrogate pair, written as an escape, is JSON and no text.
    private static bool AllTextsAreWhole(JsonElement element)
    {
        try
        {
            return element.ValueKind switch
            {
                JsonValueKind.String => element.GetString() is not null,
                JsonValueKind.Array => element.EnumerateArray().All(AllTextsAreWhole),
                JsonValueKind.Object => element.EnumerateObject().All(member => member.Name is not null && AllTextsAreWhole(member.Value)),
                _ => true,
            };
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    /// <summary>What is wrong with claims, whoever says them, without a claim value.</summary>
    internal static string? FindMistake(JsonElement claims)
    {
        if (Texts.FirstOrDefault(name => !IsText(claims, name)) is { } text)
        {
            return $"The token's {text} is not a text. Look at the mappers of its client.";
        }

        if (Instants.FirstOrDefault(name => claims.TryGetProperty(name, out var value) && !IsInstant(value)) is { } instant)
        {
            return $"The token's {instant} is not a time: a number of seconds since 1970 (RFC 7519, section 2).";
        }

        if (!IsTextOrTexts(claims, "aud") || !IsTextOrTexts(claims, "groups"))
        {
            return "The token's aud or groups is neither a text nor a list of texts. Look at the mappers of its client.";
        }

        return (!claims.TryGetProperty("realm_access", out var realm) || AreRoles(realm))
            && (!claims.TryGetProperty("resource_access", out var clients)
                || (clients.ValueKind == JsonValueKind.Object && clients.EnumerateObject().All(client => AreRoles(client.Value))))
            ? null
            : RolesOfAnotherForm;
    }

    private static bool AreRoles(JsonElement access) =>
        access.ValueKind == JsonValueKind.Object
        && (!access.TryGetProperty("roles", out var roles) || IsTexts(roles));

    internal static bool IsInstant(JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var seconds) && seconds is >= 0 and <= LatestInstant;

    private static bool IsText(JsonElement holder, string name) =>
        !holder.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.String;

    private static bool IsTextOrTexts(JsonElement claims, string name) =>
        !claims.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.String || IsTexts(value);

    private static bool IsTexts(JsonElement value) =>
        value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String);

    private static string? Text(JsonElement holder, string name) =>
        holder.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
