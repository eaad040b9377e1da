using System.Buffers.Text;
using System.Numerics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.IdentityModel.Tokens;

namespace KeycloakAccess.Authentication;

/// <summary>Name is the printable id of the key, or its place in the set.</summary>
internal sealed record UnusedKey(string? KeyId, string Name, string Mistake)
{
    public override string ToString() => $"{Name} {Mistake}";
}

/// <summary>
/// The keys of a JWK Set (RFC 7517) that may verify the signature of a token. A key that is malformed, weak, or meant for something
/// else is left out, and the others stay.
/// </summary>
internal static class RealmKeySet
{
    // RFC 7518, section 3.3.
    private const int LeastRsaBits = 2048;

    private const int LongestId = 256;

    private static readonly string[] Members = ["kid", "kty", "use", "alg", "n", "e", "crv", "x", "y"];

    private static readonly string[] Curves = ["P-256", "P-384", "P-521"];

    /// <returns>The keys, and of each key that is left out though it claims to sign, why.</returns>
    /// <exception cref="JsonException">The document is no JWK Set.</exception>
    public static (IReadOnlyList<JsonWebKey> Keys, IReadOnlyList<UnusedKey> Unused) Read(string json)
    {
        using var document = JsonDocument.Parse(json);
        if (document.RootElement.ValueKind != JsonValueKind.Object
            || !document.RootElement.TryGetProperty("keys", out var list)
            || list.ValueKind != JsonValueKind.Array)
        {
            throw new JsonException("The realm's key set has no list \"keys\" (RFC 7517, section 5).");
        }

        var (keys, unused) = (new List<JsonWebKey>(), new List<UnusedKey>());
        foreach (var (index, element) in list.EnumerateArray().Index())
        {
            if (FindMistake(element) is { } mistake)
            {
                unused.Add(new UnusedKey(IdOf(element), Name(element, index), mistake));
            }
            else if (Text(element, "use") is null or "sig")
            {
                keys.Add(ToKey(element));
            }
        }

        foreach (var same in keys.GroupBy(key => key.KeyId, StringComparer.Ordinal).Where(same => same.Count() > 1).ToList())
        {
            unused.Add(new UnusedKey(same.Key, Printable(same.Key), $"has an id that {same.Count()} keys have"));
            keys.RemoveAll(key => key.KeyId == same.Key);
        }

        return (keys, unused);
    }

    public static bool AreEqual(JsonWebKey one, JsonWebKey other) =>
        (one.KeyId, one.Kty, one.Alg, one.Use, one.Crv) == (other.KeyId, other.Kty, other.Alg, other.Use, other.Crv)
        && (one.N, one.E, one.X, one.Y) == (other.N, other.E, other.X, other.Y);

    private static string? FindMistake(JsonElement key)
    {
        if (key.ValueKind != JsonValueKind.Object)
        {
            return "is no JSON object";
        }

        if (Members.FirstOrDefault(name => key.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.String) is { } name)
        {
            return $"has a {name} that is no text";
        }

        if (key.TryGetProperty("key_ops", out var uses)
            && (uses.ValueKind != JsonValueKind.Array
                || !uses.EnumerateArray().Any(use => use.ValueKind == JsonValueKind.String && use.ValueEquals("verify"))))
        {
            return "has key_ops without \"verify\"";
        }

        return Text(key, "kid") is not { Length: > 0 and <= LongestId } ? "has no usable kid" : FindMistakeOfType(key);
    }

    private static string? FindMistakeOfType(JsonElement key) => Text(key, "kty") switch
    {
        "RSA" => Bytes(key, "n") is not { } modulus || Bytes(key, "e") is not { Length: > 0 } ? "lacks n or e"
            : BitsOf(modulus) < LeastRsaBits ? $"has {BitsOf(modulus)} bits, of which there must be {LeastRsaBits}"
            : null,
        "EC" => !Curves.Contains(Text(key, "crv"), StringComparer.Ordinal) ? "is on a curve that is not known here"
            : Bytes(key, "x") is null || Bytes(key, "y") is null ? "lacks x or y"
            : null,
        null => "has no kty",
        "OKP" => "is for EdDSA, which this service cannot verify",
        var type => $"is of the type {Printable(type)}, which is not known here",
    };

    // Without certificates and other members: those could say something else than the key itself.
    private static JsonWebKey ToKey(JsonElement element)
    {
        var plain = new JsonObject();
        foreach (var name in Members)
        {
            if (Text(element, name) is { } text)
            {
                plain[name] = text;
            }
        }

        return new JsonWebKey(plain.ToJsonString());
    }

    private static int BitsOf(byte[] number)
    {
        var first = Array.FindIndex(number, part => part != 0);
        return first < 0 ? 0 : ((number.Length - first - 1) * 8) + BitOperations.Log2(number[first]) + 1;
    }

    private static byte[]? Bytes(JsonElement key, string name)
    {
        try
        {
            return Text(key, name) is { Length: > 0 } text ? Base64Url.DecodeFromChars(text) : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private static string Name(JsonElement key, int index) => IdOf(key) is { } id ? Printable(id) : $"number {index + 1}";

    private static string? IdOf(JsonElement key) =>
        key.ValueKind == JsonValueKind.Object && Text(key, "kid") is { Length: > 0 and <= LongestId } id ? id : null;

    private static string Printable(string text) => SignInFailure.Printable(text);

    private static string? Text(JsonElement key, string name) =>
        key.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
